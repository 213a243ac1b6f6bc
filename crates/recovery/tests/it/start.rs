//! The first snapshot.

use kucoin_streams_core::Timestamp;
use kucoin_streams_recovery::RecoverySettings;

use crate::bench::spot::{self, ACTIVE, FILLS, LEDGER, ORDERS};
use crate::bench::{Bench, errors, ms, ns};

#[test]
fn snapshot_comes_before_held_events() {
    let mut bench = Bench::new(&[ORDERS]);
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0.2")]);
    // Older than the row, of the same state, and newer.
    bench.live(
        ORDERS,
        &spot::order("open", "o1", -60_000, r#","size":"1","filledSize":"0""#),
    );
    bench.live(
        ORDERS,
        &spot::order("open", "o1", 10, r#","size":"1","filledSize":"0.2""#),
    );
    bench.live(ORDERS, &spot::matched("o1", "7", 200, "0.3"));
    bench.live(
        ORDERS,
        &spot::order("received", "o2", 300, r#","size":"1""#),
    );
    bench.run_until(2_000);
    bench.expect(&[
        "snapshot o1",
        "report",
        "live match o1 7",
        "live received o2",
    ]);
    let fields = r#","size":"1","filledSize":"0.3""#;
    bench.live(ORDERS, &spot::order("canceled", "o1", 2_500, fields));
    bench.expect(&["live canceled o1"]);
}

#[test]
fn size_reduction_after_the_row_is_kept() {
    let mut bench = Bench::new(&[ORDERS]);
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0.2")]);
    let update = r#","size":"0.6","oldSize":"1","filledSize":"0.2""#;
    bench.live(ORDERS, &spot::order("update", "o1", 500, update));
    bench.run_until(2_000);
    bench.expect(&["snapshot o1", "report", "live update o1"]);
}

#[test]
fn snapshot_waits_for_late_rows_and_says_when_it_was_taken() {
    let mut bench = Bench::new(&[ORDERS]);
    bench.run_until(999);
    assert!(bench.sent.is_empty() && bench.is_recovering());
    bench.run_until(1_000);
    let reports = bench.reports();
    assert_eq!(reports.len(), 1);
    assert!(reports[0].is_complete() && reports[0].window.is_none());
    assert_eq!(reports[0].live_at.as_millis(), ms(0));
    assert!(!bench.is_recovering());
    // The clock, the list of open orders, and the symbols with open margin orders.
    assert_eq!((reports[0].requests, reports[0].weight), (4, 2 + 2 * 4));
}

#[test]
fn snapshot_is_optional() {
    let mut settings = RecoverySettings::default();
    settings.snapshot = false;
    let mut bench = Bench::with(&[ORDERS], settings);
    bench.live(ORDERS, &spot::order("open", "o1", 0, ""));
    bench.run_until(5_000);
    bench.expect(&["live open o1"]);
    assert!(bench.sent.is_empty());
}

#[test]
fn balances_and_positions_are_rows_of_the_snapshot() {
    let balances = "/account/balance";
    let mut bench = Bench::new(&[balances]);
    let row = r#"{"id":"548674591753","currency":"USDT","type":"trade","balance":"12.5","available":"12","holds":"0.5"}"#;
    bench.on("/api/v1/accounts", [row]);
    bench.run_until(2_000);
    assert_eq!(bench.rows("balance"), ["/api/v1/accounts 12.5"]);

    let positions = "/contract/positionAll";
    let mut bench = Bench::new(&[positions]);
    let open = r#"{"symbol":"XBTUSDTM","isOpen":true,"currentQty":2,"positionSide":"BOTH"}"#;
    let closed = r#"{"symbol":"ETHUSDTM","isOpen":false,"currentQty":0,"positionSide":"BOTH"}"#;
    bench.on("/api/v1/positions", [open, closed]);
    bench.run_until(2_000);
    assert_eq!(bench.rows("symbol"), ["/api/v1/positions XBTUSDTM"]);
    // Two books need the list: it is read once.
    assert_eq!(bench.count("/api/v1/positions"), 1);
}

#[test]
fn loss_during_the_first_snapshot_starts_it_over() {
    let mut bench = Bench::new(&[ORDERS]);
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0")]);
    bench.live(ORDERS, &spot::matched("o2", "7", 200, "0.1"));
    bench.run_until(500);
    bench.lose(&[]);
    bench.run_until(3_000);
    bench.go_live(&[]);
    bench.on(
        spot::FILLS,
        [spot::fill("o2", "7", 200), spot::fill("o2", "8", 700)],
    );
    bench.on(
        "/api/v1/hf/orders/o2",
        [spot::row("o2", "filled", 100, "0.2")],
    );
    bench.run_until(10_000);
    bench.expect(&[
        "gap",
        "live match o2 7",
        "recovered match o2 8",
        "recovered filled o2",
        "snapshot o1",
        "report",
    ]);
}

#[test]
fn list_of_open_orders_by_symbol_if_kucoin_wants_one() {
    let mut bench = Bench::new(&[ORDERS]);
    bench.on_error(ACTIVE, errors::bad_parameter);
    bench.on(
        "/api/v1/hf/orders/active/symbols",
        [r#"{"symbols":["BTC-USDT"]}"#],
    );
    let row = spot::row("o1", "open", -60_000, "0");
    bench.on(&format!("{ACTIVE} symbol=BTC-USDT"), [row]);
    bench.run_until(5_000);
    bench.expect(&["snapshot o1", "report"]);
    // The next recovery does not try without a symbol again.
    bench.clear();
    bench.outage(10_000, 11_000);
    bench.run_until(20_000);
    assert_eq!(bench.count(ACTIVE), 2);
    assert_eq!(bench.count(&format!("{ACTIVE} symbol=BTC-USDT")), 2);
    bench.expect(&["gap", "report"]);
}

#[test]
fn order_in_two_pages_is_one_row() {
    let stops = "/spotMarket/advancedOrders";
    let mut bench = Bench::new(&[stops]);
    let row = |id| format!(r#"{{"id":"{id}","symbol":"BTC-USDT","status":"NEW"}}"#);
    let page = |number, rows: &[String]| {
        format!(
            r#"{{"code":"200000","data":{{"currentPage":{number},"totalPage":2,"items":[{}]}}}}"#,
            rows.join(",")
        )
    };
    let list = "/api/v1/stop-order tradeType=TRADE stop=stop";
    bench.on_body(list, &page(1, &[row("s1"), row("s2")]));
    let second = format!("{list} currentPage=2");
    bench.on_body(&second, &page(2, &[row("s2"), row("s3")]));
    bench.run_until(2_000);
    bench.expect(&["snapshot s1", "snapshot s2", "snapshot s3", "report"]);
}

/// A bench whose earlier run has ended at this time, in milliseconds before the start.
fn since(millis: i64) -> Bench {
    let mut settings = RecoverySettings::default();
    settings.since = Some(Timestamp::from_nanos(ns(-millis)));
    Bench::with(&[ORDERS], settings)
}

#[test]
fn events_since_an_earlier_run_come_first() {
    let mut bench = since(3_600_000);
    bench.on(
        ACTIVE,
        [
            spot::row("o0", "open", -9_000_000, "0.2"),
            spot::row("o1", "open", -1_800_000, "0.1"),
        ],
    );
    // Before the overlap, in it, after it, and live.
    bench.on(
        FILLS,
        [
            spot::fill("o0", "5", -3_611_000),
            spot::fill("o0", "6", -3_609_000),
            spot::fill("o1", "7", -1_700_000),
            spot::fill("o2", "8", 500),
        ],
    );
    bench.live(ORDERS, &spot::matched("o2", "8", 500, "0.1"));
    assert!(bench.is_recovering());
    bench.run_until(20_000);
    let report = bench.reports().pop().unwrap();
    let from = report.window.unwrap().0;
    assert_eq!(
        (from.as_millis(), report.outage),
        (ms(-3_610_000), None),
        "the window starts an overlap before"
    );
    bench.expect(&[
        "recovered match o0 6",
        "recovered open o1",
        "recovered match o1 7",
        "snapshot o0",
        "report",
        "live match o2 8",
    ]);
}

#[test]
fn loss_before_the_first_report_keeps_the_earlier_run() {
    let mut bench = since(3_600_000);
    bench.on(ACTIVE, [spot::row("o1", "open", -9_000_000, "0.1")]);
    bench.on(FILLS, [spot::fill("o1", "7", -1_700_000)]);
    bench.outage(2_000, 60_000);
    bench.run_until(80_000);
    bench.expect(&["gap", "recovered match o1 7", "snapshot o1", "report"]);
    // Later gaps start at the last event.
    bench.outage(90_000, 91_000);
    bench.run_until(120_000);
    bench.expect(&["gap", "report"]);
}

#[test]
fn earlier_run_before_the_retention_is_named() {
    let mut bench = since(8 * 24 * 3_600_000);
    bench.on(LEDGER, [] as [&str; 0]);
    bench.run_until(20_000);
    assert!(
        bench.missing().iter().any(|part| part.ends_with("TooOld")),
        "{:?}",
        bench.missing()
    );
}

#[test]
fn earlier_run_in_the_future_starts_an_overlap_before_now() {
    let mut bench = since(-60_000);
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0.1")]);
    bench.on(FILLS, [spot::fill("o1", "7", -9_000)]);
    bench.run_until(20_000);
    bench.expect(&["recovered match o1 7", "snapshot o1", "report"]);
}
