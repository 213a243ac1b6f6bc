//! Spot orders: the events of one order, and unusual frames.

use kucoin_streams_core::{Decimal, DecodeError, Event, Liquidity, Side, Timestamp};
use kucoin_streams_v1::{
    FeeType, OrderKind, OrderStatus, OrderType, SpotOrder, SpotOrders, SpotOrdersV1,
};

use crate::{decode, decoded, line, push};

const ORDERS: &str = include_str!("../fixtures/orders.ndjson");

fn dec(digits: &str) -> Decimal {
    digits.parse().unwrap()
}

fn order(number: usize) -> SpotOrder {
    decoded(SpotOrders, line(ORDERS, number)).event
}

fn decode_data(data: &str) -> Result<SpotOrder, DecodeError> {
    decode(SpotOrders, &push(SpotOrders, data)).map(|push| push.unwrap().event)
}

#[test]
fn kinds_follow_order_from_received_to_done() {
    let kinds: Vec<_> = (1..=5).map(|at| order(at).kind.to_string()).collect();
    assert_eq!(kinds, ["received", "open", "match", "update", "canceled"]);
    let states: Vec<_> = (1..=5).map(|at| order(at).status).collect();
    use OrderStatus::{Done, New, Open};
    assert_eq!(states, [New, Open, Open, Open, Done]);
    assert!(order(5).is_done() && !order(4).is_done());
}

#[test]
fn match_fields_are_not_optional() {
    let order = order(3);
    let OrderKind::Match(fill) = &order.kind else {
        panic!("{:?}", order.kind)
    };
    assert_eq!((fill.price, fill.size), (dec("11.190"), dec("0.75")));
    assert_eq!(fill.trade_id, "8812345678901234");
    assert_eq!(
        (&fill.liquidity, &fill.fee_type),
        (&Liquidity::Maker, &FeeType::Maker)
    );
}

#[test]
fn order_fields_are_decoded() {
    let order = order(4);
    assert_eq!(order.symbol, "KCS-USDT");
    assert_eq!(
        (&order.side, &order.order_type),
        (&Side::Buy, &OrderType::Limit)
    );
    assert_eq!(order.client_oid.as_deref(), Some("grid-0007"));
    assert_eq!(
        order.price.map(|price| price.to_string()).as_deref(),
        Some("11.190")
    );
    assert_eq!(
        (order.size, order.remain_size),
        (Some(dec("2")), Some(dec("1.25")))
    );
    let OrderKind::Update(update) = &order.kind else {
        panic!("{:?}", order.kind)
    };
    assert_eq!(update.old_size, Some(dec("2.5")));
    assert!(order.extra.is_empty());
}

#[test]
fn filled_market_buy_by_funds_ends_as_canceled() {
    let fill = decoded(SpotOrdersV1, line(ORDERS, 7)).event;
    let end = decoded(SpotOrdersV1, line(ORDERS, 8)).event;
    assert_eq!(end.kind, OrderKind::Canceled);
    assert_eq!(end.filled_size, Some(dec("0.00018")));
    assert_eq!(end.filled_size, fill.fill().map(|fill| fill.size));
    assert_eq!((end.size, end.price, fill.remain_size), (None, None, None));
    assert_eq!(end.remain_funds, Some(dec("0.300018")));
}

#[test]
fn order_time_may_be_in_milliseconds_or_nanoseconds() {
    let in_ms = order(1).order_time;
    assert_eq!(
        in_ms,
        Some(Timestamp::from_nanos(1_752_400_000_123_000_000))
    );
    let in_ns = decoded(SpotOrdersV1, line(ORDERS, 6)).event.order_time;
    assert_eq!(
        in_ns,
        Some(Timestamp::from_nanos(1_612_345_678_901_234_567))
    );
    assert_eq!(
        order(1).engine_time,
        Some(Timestamp::from_nanos(1_752_400_000_123_456_789))
    );
}

#[test]
fn push_time_is_in_push_and_event() {
    let push = decoded(SpotOrders, line(ORDERS, 1));
    let at = Some(Timestamp::from_nanos(1_752_400_000_125_000_000));
    assert_eq!((push.pushed_at, push.event.pushed_at), (at, at));
    assert_eq!(decoded(SpotOrdersV1, line(ORDERS, 6)).pushed_at, None);
}

#[test]
fn client_order_id_may_contain_pong() {
    let order = decode_data(
        r#"{"symbol":"A-B","orderId":"1","type":"open","clientOid":"ping\"type\":\"pong"}"#,
    );
    assert_eq!(
        order.unwrap().client_oid.as_deref(),
        Some("ping\"type\":\"pong")
    );
}

#[test]
fn unknown_kind_keeps_all_fields() {
    let order = decode_data(
        r#"{"symbol":"A-B","orderId":"1","type":"amended","oldSize":"2","matchPrice":1.50}"#,
    )
    .unwrap();
    assert_eq!(order.kind, OrderKind::Unknown("amended".into()));
    assert_eq!(order.extra.get("oldSize").unwrap().as_str(), "\"2\"");
    assert_eq!(order.extra.get("matchPrice").unwrap().as_str(), "1.50");
}

#[test]
fn unknown_enum_values_keep_their_text() {
    let order = decode_data(r#"{"symbol":"A-B","orderId":"1","type":"open","side":"short","orderType":"limit_stop","status":"frozen"}"#).unwrap();
    assert_eq!(
        format!("{} {} {}", order.side, order.order_type, order.status),
        "short limit_stop frozen"
    );
}

#[test]
fn match_without_liquidity_or_fee_type_is_a_match() {
    let order = decode_data(r#"{"symbol":"A-B","orderId":"1","type":"match","matchPrice":"1","matchSize":"2","tradeId":"3"}"#).unwrap();
    let OrderKind::Match(fill) = &order.kind else {
        panic!("{:?}", order.kind)
    };
    assert_eq!((fill.liquidity.as_str(), fill.fee_type.as_str()), ("", ""));
    assert_eq!(order.fill().unwrap().liquidity, None);
    let written = serde_json::to_string(&order).unwrap();
    assert!(
        !written.contains("liquidity") && !written.contains("feeType"),
        "{written}"
    );
}

#[test]
fn match_without_price_is_incomplete_and_keeps_fields() {
    for price in ["\"\"", "null", "\"n/a\"", "\"Infinity\"", "{}"] {
        let data = format!(
            r#"{{"symbol":"A-B","orderId":"1","type":"match","matchPrice":{price},"matchSize":"2","tradeId":"3","filledSize":"2"}}"#
        );
        let order = decode_data(&data).unwrap();
        assert_eq!(
            (&order.kind, order.fill()),
            (&OrderKind::IncompleteMatch, None)
        );
        assert_eq!(order.filled_size, Some(dec("2")));
        for (name, value) in [("matchPrice", price), ("matchSize", "\"2\"")] {
            let kept = order.extra.get(name).map(|raw| raw.as_str());
            assert_eq!(kept, Some(value), "{price}");
        }
    }
}

#[test]
fn optional_field_of_wrong_type_stays_raw() {
    let order = decode_data(r#"{"symbol":"A-B","orderId":"1","type":"open","price":["1"],"size":"2","ts":"x","status":7}"#).unwrap();
    assert_eq!(
        (order.price, order.size, order.engine_time),
        (None, Some(dec("2")), None)
    );
    assert_eq!(order.extra.get("price").unwrap().as_str(), "[\"1\"]");
    assert_eq!(order.extra.get("ts").unwrap().as_str(), "\"x\"");
    assert_eq!(order.status, OrderStatus::Unknown("7".into()));
}

#[test]
fn dedup_keys_differ_and_are_equal_on_both_topics() {
    let frame = line(ORDERS, 3);
    let other = frame.replace("tradeOrdersV2", "tradeOrders");
    let other = other.replace("\"originSize\":\"2.5000\",", "");
    assert_eq!(
        decoded(SpotOrders, frame).event.dedup_key(),
        decoded(SpotOrdersV1, &other).event.dedup_key()
    );
    let mut dedup_keys: Vec<_> = (1..=5).map(|at| order(at).dedup_key()).collect();
    dedup_keys.push(
        decoded(
            SpotOrders,
            &frame.replace("8812345678901234", "8812345678901235"),
        )
        .event
        .dedup_key(),
    );
    let second_update = line(ORDERS, 4).replace("\"size\":\"2.0000\"", "\"size\":\"1.9\"");
    dedup_keys.push(decoded(SpotOrders, &second_update).event.dedup_key());
    dedup_keys.sort();
    dedup_keys.dedup();
    assert_eq!(dedup_keys.len(), 7);
}

#[test]
fn update_may_leave_order_matched_or_done() {
    let states: Vec<_> = [9, 10]
        .map(|at| (order(at).kind.to_string(), order(at).status))
        .to_vec();
    let update = || "update".to_owned();
    assert_eq!(
        states,
        [
            (update(), OrderStatus::Match),
            (update(), OrderStatus::Done)
        ]
    );
    assert_eq!(order(10).filled_size, Some(dec("1")));
}

#[test]
fn funds_of_older_frames_are_decoded() {
    let order = order(11);
    assert_eq!(
        (order.origin_funds, order.canceled_funds),
        (Some(dec("28")), Some(dec("0")))
    );
    assert!(order.client_oid.is_none() && order.extra.is_empty());
}

#[test]
fn last_match_precedes_filled() {
    let (last, end) = (order(11), order(12));
    assert_eq!(last.engine_time, end.engine_time);
    assert_ne!(last.dedup_key(), end.dedup_key());
    assert!(end.is_done() && !last.is_done());
    assert_eq!(end.kind, OrderKind::Filled);
}
