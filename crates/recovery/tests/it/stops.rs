//! Stop orders of spot, margin and futures.

use crate::bench::{Bench, errors, ms, ns};

const SPOT: &str = "/spotMarket/advancedOrders";
const FUTURES: &str = "/contractMarket/advancedOrders";
const LIST: &str = "/api/v1/stop-order tradeType=TRADE stop=stop";

fn frame(kind: &str, id: &str, at: i64) -> String {
    format!(
        r#"{{"topic":"{SPOT}","type":"message","subject":"stopOrder","channelType":"private","data":{{"symbol":"BTC-USDT","orderId":"{id}","type":"{kind}","orderType":"stop","side":"sell","size":"1","orderPrice":"80000","stop":"loss","stopPrice":"80500","tradeType":"TRADE","createdAt":{},"ts":{}}}}}"#,
        ms(at),
        ns(at)
    )
}

fn row(id: &str, status: &str, at: i64) -> String {
    format!(
        r#"{{"id":"{id}","symbol":"BTC-USDT","status":"{status}","type":"limit","side":"sell","price":"80000.00000000000000000000","size":"1.00000000000000000000","tradeType":"TRADE","createdAt":{},"stop":"loss","stopTriggerTime":null,"stopPrice":"80500"}}"#,
        ms(at)
    )
}

/// A bench with a stop order from the snapshot, and an outage from 10 s to 15 s.
fn with_stop() -> Bench {
    let mut bench = Bench::new(&[SPOT]);
    bench.on(LIST, [row("s1", "NEW", -60_000)]);
    bench.run_until(2_000);
    bench.expect(&["snapshot s1", "report"]);
    bench.outage(10_000, 15_000);
    bench
}

#[test]
fn end_of_a_stop_order_is_found_by_id() {
    let cancelled = row("s1", "NEW", -60_000)
        .replace(r#""stop":"loss""#, r#""stop":"loss","cancelExist":true"#);
    for (row, kind) in [
        (row("s1", "TRIGGERED", -60_000), "triggered"),
        (cancelled, "cancel"),
    ] {
        let mut bench = with_stop();
        bench.on(LIST, [""; 0]);
        bench.on("/api/v1/stop-order/s1", [row]);
        bench.run_until(60_000);
        bench.expect(&["gap", &format!("recovered {kind} s1"), "report"]);
        assert_eq!(bench.count("/api/v1/stop-order/s1"), 1);
    }
}

#[test]
fn stop_order_that_kucoin_forgot_vanishes() {
    let mut bench = with_stop();
    bench.on(LIST, [""; 0]);
    bench.on_error("/api/v1/stop-order/s1", errors::not_found);
    bench.run_until(60_000);
    bench.expect(&["gap", "vanished s1", "report"]);
    bench.outage(70_000, 71_000);
    bench.run_until(99_000);
    bench.expect(&["gap", "report"]);
}

#[test]
fn stop_order_that_is_new_by_id_but_in_no_list_is_named_as_missing() {
    let mut bench = with_stop();
    bench.on(LIST, [""; 0]);
    bench.on("/api/v1/stop-order/s1", [row("s1", "NEW", -60_000)]);
    bench.run_until(60_000);
    bench.expect(&["gap", "report; stop order s1: Inconsistent"]);
}

#[test]
fn stop_order_of_the_gap_is_an_event_and_an_older_one_a_row() {
    let mut bench = with_stop();
    bench.on(
        LIST,
        [
            row("s1", "NEW", -60_000),
            row("s2", "NEW", 12_000),
            row("s3", "NEW", -90_000),
        ],
    );
    bench.run_until(60_000);
    bench.expect(&["gap", "recovered open s2", "snapshot s3", "report"]);
    // All are known from now on.
    bench.outage(70_000, 71_000);
    bench.run_until(99_000);
    bench.expect(&["gap", "report"]);
}

#[test]
fn live_event_wins_and_is_not_older_than_it_is() {
    let mut bench = with_stop();
    bench.on(LIST, [""; 0]);
    bench.live(SPOT, &frame("triggered", "s1", 15_100));
    bench.live(SPOT, &frame("open", "s2", 15_200));
    bench.run_until(60_000);
    bench.expect(&["gap", "report", "live triggered s1", "live open s2"]);
    bench.on(LIST, [row("s2", "NEW", 15_200)]);
    bench.outage(70_000, 71_000);
    bench.run_until(99_000);
    bench.expect(&["gap", "report"]);
}

#[test]
fn snapshot_shows_stop_orders_and_drops_their_older_events() {
    let mut bench = Bench::new(&[SPOT]);
    bench.on(LIST, [row("s1", "NEW", 100)]);
    bench.live(SPOT, &frame("open", "s1", 100));
    bench.run_until(2_000);
    bench.expect(&["snapshot s1", "report"]);
}

#[test]
fn futures_stop_orders_keep_their_id() {
    let row = |state: &str| {
        format!(
            r#"{{"id":"f1","symbol":"XBTUSDTM","type":"limit","side":"sell","price":"84000","size":5,"stop":"down","stopPriceType":"TP","stopPrice":"85000","marginMode":"ISOLATED","createdAt":{},{state}}}"#,
            ms(-60_000)
        )
    };
    let mut bench = Bench::new(&[FUTURES]);
    bench.on(
        "/api/v1/stopOrders",
        [row(
            r#""stopTriggered":false,"isActive":true,"cancelExist":false,"status":"open""#,
        )],
    );
    bench.run_until(2_000);
    bench.expect(&["snapshot f1", "report"]);
    bench.outage(10_000, 15_000);
    bench.on("/api/v1/stopOrders", [""; 0]);
    bench.on(
        "/api/v1/orders/f1",
        [row(
            r#""stopTriggered":true,"isActive":true,"cancelExist":false,"status":"open""#,
        )],
    );
    bench.run_until(60_000);
    bench.expect(&["gap", "recovered triggered f1", "report"]);
}
