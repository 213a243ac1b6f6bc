//! Spot stop orders: upper-case types, market stops without a price.

use kucoin_streams_core::{Event, Timestamp};
use kucoin_streams_v1::{SpotStopOrder, SpotStopOrders, StopOrderType, StopTrigger, TradeType};

use crate::{decoded, line};

const STOPS: &str = include_str!("../fixtures/stop_orders.ndjson");

fn stop(number: usize) -> SpotStopOrder {
    decoded(SpotStopOrders, line(STOPS, number)).event
}

#[test]
fn upper_case_triggered_round_trips() {
    let stop = stop(2);
    assert_eq!(stop.kind, StopOrderType::Triggered);
    assert_eq!(stop.trigger_success, Some(true));
    assert_eq!(serde_json::to_value(&stop).unwrap()["type"], "TRIGGERED");
}

#[test]
fn failed_trigger_has_error() {
    let stop = stop(3);
    assert_eq!(
        (stop.trigger_success, stop.error.as_deref()),
        (Some(false), Some("Balance insufficient!"))
    );
    assert_eq!(
        (&stop.stop, &stop.trade_type),
        (&StopTrigger::EntryStopOco, &TradeType::IsolatedMargin)
    );
}

#[test]
fn market_stop_has_no_price_and_may_have_no_size() {
    assert_eq!((stop(3).order_price, stop(3).size), (None, None));
    assert_eq!((stop(4).order_price, stop(4).stop_price), (None, None));
    assert!(stop(4).extra.is_empty());
}

#[test]
fn creation_and_push_times_are_decoded() {
    let push = decoded(SpotStopOrders, line(STOPS, 1));
    assert_eq!(
        push.event.created_at,
        Some(Timestamp::from_nanos(1_752_400_200_000_000_000))
    );
    assert_eq!(
        push.pushed_at,
        Some(Timestamp::from_nanos(1_752_400_200_004_005_006))
    );
}

#[test]
fn dedup_keys_differ() {
    let mut dedup_keys: Vec<_> = (1..=4).map(|at| stop(at).dedup_key()).collect();
    dedup_keys.sort();
    dedup_keys.dedup();
    assert_eq!(dedup_keys.len(), 4);
}

#[test]
fn open_stop_may_have_trigger_error() {
    let stop = stop(5);
    assert_eq!(stop.kind, StopOrderType::Open);
    assert_eq!(
        (stop.trigger_success, stop.error.as_deref()),
        (Some(false), Some("none"))
    );
}

#[test]
fn kinds_of_stop_are_decoded() {
    use StopTrigger::*;
    let kinds: Vec<_> = (5..=9).map(|at| stop(at).stop).collect();
    let unknown = Unknown("trail_v2".into());
    assert_eq!(
        kinds,
        [Entry, LossLimitOco, LossStopOco, EntryLimitOco, unknown]
    );
}

#[test]
fn amounts_may_be_numbers_or_strings() {
    let amounts = |number| {
        let stop = stop(number);
        [stop.size, stop.order_price, stop.stop_price].map(|amount| amount.unwrap().to_string())
    };
    assert_eq!(amounts(6), ["1.20", "9.500", "9.600"]);
    assert_eq!(amounts(6), amounts(7));
}
