//! Stop orders: triggers in capitals, market stops without a price.

use kucoin_streams_core::{Event, Timestamp};
use kucoin_streams_v1::{SpotStopOrder, SpotStopOrders, StopOrderType, StopTrigger, TradeType};

use crate::{decoded, line};

const STOPS: &str = include_str!("../fixtures/stop_orders.ndjson");

fn stop(number: usize) -> SpotStopOrder {
    decoded(SpotStopOrders, line(STOPS, number)).event
}

#[test]
fn triggered_in_capitals_is_triggered_and_comes_out_in_capitals() {
    let stop = stop(2);
    assert_eq!(stop.kind, StopOrderType::Triggered);
    assert_eq!(stop.trigger_success, Some(true));
    assert_eq!(serde_json::to_value(&stop).unwrap()["type"], "TRIGGERED");
}

#[test]
fn a_failed_trigger_says_why() {
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
fn a_market_stop_has_no_price_and_may_have_no_size() {
    assert_eq!((stop(3).order_price, stop(3).size), (None, None));
    assert_eq!((stop(4).order_price, stop(4).stop_price), (None, None));
    assert!(stop(4).extra.is_empty());
}

#[test]
fn the_times_are_of_creation_and_of_the_push() {
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
fn every_change_has_an_identity_of_its_own() {
    let mut identities: Vec<_> = (1..=4).map(|at| stop(at).dedup_key()).collect();
    identities.sort();
    identities.dedup();
    assert_eq!(identities.len(), 4);
}

#[test]
fn an_open_stop_may_bring_the_error_of_a_trigger() {
    let stop = stop(5);
    assert_eq!(stop.kind, StopOrderType::Open);
    assert_eq!(
        (stop.trigger_success, stop.error.as_deref()),
        (Some(false), Some("none"))
    );
}

#[test]
fn every_sort_of_stop_has_its_word() {
    use StopTrigger::*;
    let sorts: Vec<_> = (5..=9).map(|at| stop(at).stop).collect();
    let unknown = Unknown("trail_v2".into());
    assert_eq!(
        sorts,
        [Entry, LossLimitOco, LossStopOco, EntryLimitOco, unknown]
    );
}

#[test]
fn amounts_may_be_numbers_as_well_as_strings() {
    let amounts = |number| {
        let stop = stop(number);
        [stop.size, stop.order_price, stop.stop_price].map(|amount| amount.unwrap().to_string())
    };
    assert_eq!(amounts(6), ["1.20", "9.500", "9.600"]);
    assert_eq!(amounts(6), amounts(7));
}
