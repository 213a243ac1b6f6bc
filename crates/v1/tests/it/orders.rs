//! Orders: the life of one, and the shapes that surprise.

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

fn made(data: &str) -> Result<SpotOrder, DecodeError> {
    decode(SpotOrders, &push(SpotOrders, data)).map(|push| push.unwrap().event)
}

#[test]
fn an_order_lives_from_received_to_done() {
    let kinds: Vec<_> = (1..=5).map(|at| order(at).kind.to_string()).collect();
    assert_eq!(kinds, ["received", "open", "match", "update", "canceled"]);
    let states: Vec<_> = (1..=5).map(|at| order(at).status).collect();
    use OrderStatus::{Done, New, Open};
    assert_eq!(states, [New, Open, Open, Open, Done]);
    assert!(order(5).is_done() && !order(4).is_done());
}

#[test]
fn a_match_has_its_fill_without_unwrapping() {
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
fn the_fields_of_the_order_are_plain() {
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
fn a_market_buy_by_funds_ends_canceled_though_it_was_filled() {
    let fill = decoded(SpotOrdersV1, line(ORDERS, 7)).event;
    let end = decoded(SpotOrdersV1, line(ORDERS, 8)).event;
    assert_eq!(end.kind, OrderKind::Canceled);
    assert_eq!(end.filled_size, Some(dec("0.00018")));
    assert_eq!(end.filled_size, fill.fill().map(|fill| fill.size));
    assert_eq!((end.size, end.price, fill.remain_size), (None, None, None));
    assert_eq!(end.remain_funds, Some(dec("0.300018")));
}

#[test]
fn the_time_of_an_order_is_the_same_in_milliseconds_and_nanoseconds() {
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
fn the_push_time_is_on_the_push_and_in_the_event() {
    let push = decoded(SpotOrders, line(ORDERS, 1));
    let at = Some(Timestamp::from_nanos(1_752_400_000_125_000_000));
    assert_eq!((push.pushed_at, push.event.pushed_at), (at, at));
    assert_eq!(decoded(SpotOrdersV1, line(ORDERS, 6)).pushed_at, None);
}

#[test]
fn a_client_order_id_may_say_pong() {
    let order =
        made(r#"{"symbol":"A-B","orderId":"1","type":"open","clientOid":"ping\"type\":\"pong"}"#);
    assert_eq!(
        order.unwrap().client_oid.as_deref(),
        Some("ping\"type\":\"pong")
    );
}

#[test]
fn an_unknown_kind_keeps_all_that_it_brings() {
    let order =
        made(r#"{"symbol":"A-B","orderId":"1","type":"amended","oldSize":"2","matchPrice":1.50}"#)
            .unwrap();
    assert_eq!(order.kind, OrderKind::Unknown("amended".into()));
    assert_eq!(order.extra.get("oldSize").unwrap().as_str(), "\"2\"");
    assert_eq!(order.extra.get("matchPrice").unwrap().as_str(), "1.50");
}

#[test]
fn unknown_values_of_enums_keep_their_text() {
    let order = made(r#"{"symbol":"A-B","orderId":"1","type":"open","side":"short","orderType":"limit_stop","status":"frozen"}"#).unwrap();
    assert_eq!(
        format!("{} {} {}", order.side, order.order_type, order.status),
        "short limit_stop frozen"
    );
}

#[test]
fn a_match_without_liquidity_or_fee_type_is_still_a_match() {
    let order = made(r#"{"symbol":"A-B","orderId":"1","type":"match","matchPrice":"1","matchSize":"2","tradeId":"3"}"#).unwrap();
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
fn match_without_a_readable_price_is_untold_and_keeps_its_fields() {
    for price in ["\"\"", "null", "\"n/a\"", "\"Infinity\"", "{}"] {
        let data = format!(
            r#"{{"symbol":"A-B","orderId":"1","type":"match","matchPrice":{price},"matchSize":"2","tradeId":"3","filledSize":"2"}}"#
        );
        let order = made(&data).unwrap();
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
fn an_optional_field_of_the_wrong_type_costs_nothing_but_itself() {
    let order = made(r#"{"symbol":"A-B","orderId":"1","type":"open","price":["1"],"size":"2","ts":"x","status":7}"#).unwrap();
    assert_eq!(
        (order.price, order.size, order.engine_time),
        (None, Some(dec("2")), None)
    );
    assert_eq!(order.extra.get("price").unwrap().as_str(), "[\"1\"]");
    assert_eq!(order.extra.get("ts").unwrap().as_str(), "\"x\"");
    assert_eq!(order.status, OrderStatus::Unknown("7".into()));
}

#[test]
fn one_event_on_both_topics_has_one_identity_and_no_other_has_it() {
    let frame = line(ORDERS, 3);
    let other = frame.replace("tradeOrdersV2", "tradeOrders");
    let other = other.replace("\"originSize\":\"2.5000\",", "");
    assert_eq!(
        decoded(SpotOrders, frame).event.dedup_key(),
        decoded(SpotOrdersV1, &other).event.dedup_key()
    );
    let mut identities: Vec<_> = (1..=5).map(|at| order(at).dedup_key()).collect();
    identities.push(
        decoded(
            SpotOrders,
            &frame.replace("8812345678901234", "8812345678901235"),
        )
        .event
        .dedup_key(),
    );
    let second_cut = line(ORDERS, 4).replace("\"size\":\"2.0000\"", "\"size\":\"1.9\"");
    identities.push(decoded(SpotOrders, &second_cut).event.dedup_key());
    identities.sort();
    identities.dedup();
    assert_eq!(identities.len(), 7);
}

#[test]
fn a_cut_may_leave_an_order_that_is_matched_or_done() {
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
fn funds_of_older_frames_are_read_beside_the_sizes() {
    let order = order(11);
    assert_eq!(
        (order.origin_funds, order.canceled_funds),
        (Some(dec("28")), Some(dec("0")))
    );
    assert!(order.client_oid.is_none() && order.extra.is_empty());
}

#[test]
fn a_match_may_fill_all_of_an_order_before_it_is_filled() {
    let (last, end) = (order(11), order(12));
    assert_eq!(last.engine_time, end.engine_time);
    assert_ne!(last.dedup_key(), end.dedup_key());
    assert!(end.is_done() && !last.is_done());
    assert_eq!(end.kind, OrderKind::Filled);
}
