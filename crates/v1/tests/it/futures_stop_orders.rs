//! Futures stop orders: sizes as number or string, absent prices, upper-case types.

use kucoin_streams_core::{Decimal, Event, Timestamp};
use kucoin_streams_v1::{
    FuturesStopDirection, FuturesStopOrder, FuturesStopOrders, FuturesStopPriceType, MarginMode,
    PositionSide, StopOrderType,
};

use crate::{decoded, line, push};

const STOPS: &str = include_str!("../fixtures/futures_stop_orders.ndjson");

fn stop(number: usize) -> FuturesStopOrder {
    decoded(FuturesStopOrders, line(STOPS, number)).event
}

#[test]
fn size_may_be_number_or_string() {
    let sizes = [1, 2, 4, 5].map(|number| stop(number).size);
    assert_eq!(sizes, [1, 1000, 7, 7].map(|size| Some(Decimal::from(size))));
}

#[test]
fn upper_case_triggered_round_trips() {
    let stop = stop(4);
    assert_eq!(stop.kind, StopOrderType::Triggered);
    assert_eq!(stop.trigger_success, Some(true));
    assert_eq!(serde_json::to_value(&stop).unwrap()["type"], "TRIGGERED");
}

#[test]
fn failed_trigger_has_error() {
    let stop = stop(3);
    assert_eq!(
        (stop.trigger_success, stop.error.as_deref()),
        (
            Some(false),
            Some("error.createOrder.accountBalanceInsufficient")
        )
    );
}

#[test]
fn market_stop_has_no_order_price() {
    assert_eq!((stop(4).order_price, stop(5).order_price), (None, None));
    assert_eq!(stop(1).order_price, Some(Decimal::new(1, 1)));
}

#[test]
fn enum_fields_are_decoded() {
    use FuturesStopDirection::{Down, Up};
    use FuturesStopPriceType::{Index, Mark, Trade};
    let stops = [1, 2, 4].map(|number| (stop(number).stop, stop(number).stop_price_type));
    assert_eq!(stops, [(Down, Trade), (Up, Mark), (Down, Index)]);
    assert_eq!(
        (stop(4).margin_mode, stop(4).position_side),
        (Some(MarginMode::Cross), Some(PositionSide::Long))
    );
    assert_eq!((stop(2).margin_mode, stop(2).position_side), (None, None));
}

#[test]
fn only_triggered_and_cancel_are_done() {
    let done = [1, 2, 3, 4, 5].map(|number| stop(number).is_done());
    assert_eq!(done, [false, false, true, true, true]);
}

#[test]
fn envelope_id_and_both_times_are_decoded() {
    let push = decoded(FuturesStopOrders, line(STOPS, 1));
    assert_eq!(push.id.as_deref(), Some("66a1b2c3d4e5f60718293b01"));
    let at = |nanos| Some(Timestamp::from_nanos(nanos));
    assert_eq!(push.event.created_at, at(1_752_400_200_000_000_000));
    assert_eq!(push.event.time, at(1_752_400_200_004_005_006));
}

#[test]
fn stop_order_requires_only_symbol_and_order_id() {
    let bare = push(FuturesStopOrders, r#"{"symbol":"A","orderId":"1"}"#);
    let stop = decoded(FuturesStopOrders, &bare).event;
    assert_eq!(stop.kind, StopOrderType::Unknown("".into()));
    assert_eq!(
        serde_json::to_string(&stop).unwrap(),
        r#"{"symbol":"A","orderId":"1"}"#
    );
}

#[test]
fn dedup_keys_differ() {
    let mut dedup_keys: Vec<_> = (1..=5).map(|at| stop(at).dedup_key()).collect();
    dedup_keys.sort();
    dedup_keys.dedup();
    assert_eq!(dedup_keys.len(), 5);
}
