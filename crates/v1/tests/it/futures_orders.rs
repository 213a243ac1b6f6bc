//! Futures orders: the events of one order, and unusual frames.

use kucoin_streams_core::{Decimal, Event, Liquidity, Timestamp};
use kucoin_streams_v1::{
    FeeType, FuturesFill, FuturesOrder, FuturesOrderKind, FuturesOrders, FuturesSymbolOrders,
    FuturesTradeType, MarginMode, OrderStatus, OrderType, PositionSide,
};

use crate::{decode, decoded, line, push, push_of};

const ORDERS: &str = include_str!("../fixtures/futures_orders.ndjson");

fn dec(digits: &str) -> Decimal {
    digits.parse().unwrap()
}

/// Decodes a line with the topic for all contracts, which accepts both topics.
fn order(number: usize) -> FuturesOrder {
    decoded(FuturesOrders, line(ORDERS, number)).event
}

fn decode_data(data: &str) -> FuturesOrder {
    decoded(FuturesOrders, &push(FuturesOrders, data)).event
}

#[test]
fn kinds_follow_order_from_open_to_filled() {
    let kinds: Vec<_> = (1..=6).map(|at| order(at).kind.to_string()).collect();
    assert_eq!(
        kinds,
        ["open", "match", "update", "match", "filled", "canceled"]
    );
    let done: Vec<_> = (1..=6).map(|at| order(at).is_done()).collect();
    assert_eq!(done, [false, false, false, false, true, true]);
}

#[test]
fn match_fields_are_not_optional() {
    let order = order(2);
    let FuturesOrderKind::Match(FuturesFill {
        price,
        size,
        trade_id,
        fee_type,
        ..
    }) = &order.kind
    else {
        panic!("{:?}", order.kind)
    };
    assert_eq!((*price, *size), (dec("64000.1"), dec("3")));
    assert_eq!(
        (trade_id.as_str(), fee_type),
        ("1918273645001", &FeeType::Maker)
    );
    assert_eq!(order.liquidity, Some(Liquidity::Maker));
    assert_eq!(order.margin_mode, Some(MarginMode::Cross));
    assert_eq!(order.position_side, Some(PositionSide::Both));
    assert!(order.extra.is_empty());
}

#[test]
fn open_order_has_no_order_type() {
    let order = order(1);
    assert_eq!(
        (order.order_type, &order.kind),
        (None, &FuturesOrderKind::Open)
    );
}

#[test]
fn last_maker_match_is_done_before_filled() {
    let (last, filled) = (order(4), order(5));
    assert_eq!(last.status, OrderStatus::Done);
    assert!(last.fill().is_some_and(|fill| fill.size == dec("5")));
    assert!(!last.is_done());
    assert_eq!(
        (&filled.status, &filled.kind),
        (&OrderStatus::Done, &FuturesOrderKind::Filled)
    );
    assert_eq!(last.engine_time, filled.engine_time);
}

#[test]
fn market_order_has_no_limit_price() {
    let [zero, empty, absent] = [7, 8, 9].map(order);
    for order in [&zero, &empty, &absent] {
        assert_eq!(order.order_type, Some(OrderType::Market));
        assert_eq!(order.limit_price(), None);
    }
    assert_eq!(
        (zero.price, empty.price, absent.price),
        (Some(Decimal::ZERO), None, None)
    );
    assert_eq!(order(1).limit_price(), Some(dec("64000.1")));
}

#[test]
fn match_without_price_is_incomplete_and_keeps_trade_id() {
    let order = order(14);
    assert_eq!(order.kind, FuturesOrderKind::IncompleteMatch);
    assert_eq!(order.fill(), None);
    let extra = |name: &str| order.extra.get(name).map(ToString::to_string);
    assert_eq!(
        extra("tradeId").as_deref(),
        Some("\"5d01a2b3c4d5e6f708192a01\"")
    );
    assert_eq!(extra("matchPrice").as_deref(), Some("\"\""));
}

#[test]
fn old_size_key_may_end_with_space() {
    for (number, name, expected) in [(3, "oldSize", "10"), (15, "oldSize ", "15000")] {
        let order = order(number);
        let FuturesOrderKind::Update(update) = &order.kind else {
            panic!("{:?}", order.kind)
        };
        assert_eq!(update.old_size, Some(dec(expected)));
        assert_eq!(serde_json::to_value(&order).unwrap()[name], expected);
    }
}

#[test]
fn order_without_client_id_is_decoded() {
    let order = order(6);
    assert_eq!((&order.client_oid, order.fill()), (&None, None));
    assert_eq!(order.canceled_size, Some(dec("10")));
    assert_eq!(order.all_canceled_size, Some(dec("10")));
    assert!(order.extra.get("userId").is_some());
}

#[test]
fn trade_type_is_decoded() {
    use FuturesTradeType::{AutoDeleveraging, Liquidation, Settlement, Trade};
    let types = [1, 10, 11, 12].map(|number| order(number).trade_type.unwrap());
    assert_eq!(types, [Trade, Liquidation, AutoDeleveraging, Settlement]);
    for (value, expected) in [("ADL", AutoDeleveraging), ("SETTLEMENT", Settlement)] {
        let order = decode_data(&format!(
            r#"{{"symbol":"A","orderId":"1","type":"open","tradeType":"{value}"}}"#
        ));
        assert_eq!(order.trade_type, Some(expected));
        assert_eq!(serde_json::to_value(&order).unwrap()["tradeType"], value);
    }
}

#[test]
fn sizes_may_be_numbers_or_strings() {
    let order = decode_data(
        r#"{"symbol":"A","orderId":1,"type":"open","size":20,"remainSize":"20","price":0E-8}"#,
    );
    assert_eq!(
        (order.size, order.remain_size),
        (Some(dec("20")), Some(dec("20")))
    );
    assert_eq!(order.price.unwrap().to_string(), "0.00000000");
    assert_eq!(order.order_id, "1");
}

#[test]
fn times_keep_all_nanoseconds() {
    let order = order(1);
    assert_eq!(
        order.order_time,
        Some(Timestamp::from_nanos(1_752_400_000_123_456_789))
    );
    let in_ms =
        decode_data(r#"{"symbol":"A","orderId":"1","type":"open","orderTime":"1752400000123"}"#);
    assert_eq!(
        in_ms.order_time,
        Some(Timestamp::from_nanos(1_752_400_000_123_000_000))
    );
}

#[test]
fn both_topics_accept_both_subjects() {
    let data = r#"{"symbol":"XBTUSDTM","orderId":"1","type":"open"}"#;
    let one = FuturesSymbolOrders::new("XBTUSDTM").unwrap();
    for subject in ["orderChange", "symbolOrderChange"] {
        decoded(FuturesOrders, &push_of(FuturesOrders, subject, data));
        decoded(FuturesOrders, &push_of(&one, subject, data));
        decoded(one.clone(), &push_of(&one, subject, data));
    }
    let other = FuturesSymbolOrders::new("ETHUSDTM").unwrap();
    assert_eq!(decode(other, &push(&one, data)), Ok(None));
}

#[test]
fn data_may_precede_topic_and_subject() {
    let frame = line(ORDERS, 15);
    assert!(frame.starts_with(r#"{"data":"#));
    let one = FuturesSymbolOrders::new("XBTUSDM").unwrap();
    let push = decoded(one, frame);
    assert_eq!(push.subject.as_deref(), Some("symbolOrderChange"));
    assert_eq!(push.event.order_id, "5d01a2b3c4d5e6f708192998");
}

#[test]
fn dedup_keys_differ_and_are_equal_on_both_topics() {
    let mut dedup_keys: Vec<_> = (1..=15).map(|at| order(at).dedup_key()).collect();
    dedup_keys.sort();
    dedup_keys.dedup();
    assert_eq!(dedup_keys.len(), 15);
    let frame = line(ORDERS, 2);
    let symbol = frame.replace("/tradeOrders\"", "/tradeOrders:XBTUSDTM\"");
    let one = FuturesSymbolOrders::new("XBTUSDTM").unwrap();
    let (all, one) = (decoded(FuturesOrders, frame), decoded(one, &symbol));
    assert_eq!(all.event.dedup_key(), one.event.dedup_key());
}
