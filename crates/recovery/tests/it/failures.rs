//! Queries that fail, and topics that cannot be recovered.

use crate::bench::spot::{self, ACTIVE, FILLS, LEDGER, ORDERS};
use crate::bench::{Bench, errors};

fn with_order() -> Bench {
    let mut bench = Bench::started(&[ORDERS]);
    bench.live(
        ORDERS,
        &spot::order("open", "o1", 2_000, r#","size":"1","filledSize":"0""#),
    );
    bench.on(ACTIVE, [spot::row("o1", "open", 2_000, "0")]);
    bench.clear();
    bench
}

#[test]
fn temporary_failure_is_retried_in_the_background() {
    let failures = [
        (errors::rate_limited as fn(_) -> _, "RateLimited"),
        (errors::overloaded, "Overloaded"),
        (errors::unreachable, "Unreachable"),
    ];
    for (error, reason) in failures {
        let mut bench = with_order();
        bench.outage(10_000, 11_000);
        bench.on_error(FILLS, error);
        bench.live(ORDERS, &spot::matched("o1", "9", 12_000, "0.2"));
        bench.run_until(26_000);
        let report =
            format!("report; fills of order o1: Inconsistent; fills of BTC-USDT (spot): {reason}");
        bench.expect(&["gap", &report, "live match o1 9"]);
        assert_eq!(bench.count(FILLS), 3);
        // What was found is yielded late, and only the failed query is repeated.
        bench.on(FILLS, [spot::fill("o1", "8", 10_500)]);
        bench.sent.clear();
        bench.run_until(60_000);
        bench.expect(&["late recovered match o1 8", "late report"]);
        assert_eq!(bench.sent.len(), 1);
        bench.run_until(600_000);
        assert_eq!(bench.sent.len(), 1);
    }
}

#[test]
fn background_retries_end_after_three() {
    let mut bench = with_order();
    bench.outage(10_000, 11_000);
    bench.on_error(FILLS, errors::overloaded);
    bench.run_until(1_000_000);
    assert_eq!(bench.count(FILLS), 6);
    // The first report, and the last one.
    assert_eq!(bench.reports().len(), 2);
    assert_eq!(bench.missing(), ["fills of BTC-USDT (spot): Overloaded"]);
}

#[test]
fn live_events_in_the_background_phase_are_known() {
    let mut bench = with_order();
    bench.outage(10_000, 11_000);
    bench.on_error(FILLS, errors::overloaded);
    bench.run_until(26_000);
    // The order ends live while the fills are still asked for.
    let fields = r#","size":"1","filledSize":"0""#;
    bench.live(ORDERS, &spot::order("canceled", "o1", 27_000, fields));
    bench.on(FILLS, [""; 0]);
    bench.run_until(60_000);
    bench.expect(&[
        "gap",
        "report; fills of BTC-USDT (spot): Overloaded",
        "live canceled o1",
        "late report",
    ]);
}

#[test]
fn second_loss_in_the_background_phase_takes_over_its_window() {
    let mut bench = with_order();
    bench.outage(10_000, 11_000);
    bench.on_error(FILLS, errors::overloaded);
    bench.run_until(26_000);
    bench.clear();
    bench.on(FILLS, [spot::fill("o1", "8", 10_500)]);
    bench.on(ACTIVE, [spot::row("o1", "open", 2_000, "0.1")]);
    bench.outage(27_000, 28_000);
    bench.run_until(60_000);
    bench.expect(&["gap", "recovered match o1 8", "report"]);
}

#[test]
fn window_of_an_incomplete_recovery_is_not_compared_with_sizes_of_its_live_events() {
    let mut bench = with_order();
    bench.outage(10_000, 11_000);
    bench.on_error(FILLS, errors::overloaded);
    // The stream shows a size with a fill that is missed, and an order that lives after the gap.
    bench.live(ORDERS, &spot::matched("o1", "9", 12_000, "0.2"));
    let fields = r#","size":"0.1","filledSize":"0.1""#;
    bench.live(ORDERS, &spot::matched("o2", "10", 12_500, "0.1"));
    bench.live(ORDERS, &spot::order("filled", "o2", 12_500, fields));
    bench.run_until(26_000);
    bench.clear();
    bench.outage(27_000, 28_000);
    bench.on(
        FILLS,
        [
            spot::fill("o2", "10", 12_500),
            spot::fill("o1", "9", 12_000),
            spot::fill("o1", "8", 10_500),
        ],
    );
    bench.on(spot::DONE, [spot::row("o2", "filled", 12_400, "0.1")]);
    bench.on(ACTIVE, [spot::row("o1", "open", 2_000, "0.2")]);
    bench.run_until(60_000);
    bench.expect(&["gap", "recovered match o1 8", "report"]);
}

#[test]
fn missing_permission_is_asked_once_and_not_retried() {
    let mut bench = Bench::new(&["/contract/positionAll"]);
    bench.on_error("/api/v1/positions", errors::no_permission);
    bench.run_until(500_000);
    bench.expect(&["report; positions: Refused"]);
    assert_eq!(bench.count("/api/v1/positions"), 1);
    bench.outage(600_000, 601_000);
    bench.run_until(700_000);
    assert_eq!(bench.missing(), ["positions: Refused"]);
    assert_eq!(bench.count("/api/v1/positions"), 1);
}

#[test]
fn refused_key_stops_all_queries() {
    let mut bench = with_order();
    bench.on_error("/api/v1/hf/accounts/ledgers", errors::refused_key);
    bench.is_silent = true;
    bench.outage(10_000, 11_000);
    bench.run_until(12_000);
    bench.is_silent = false;
    bench.reply();
    bench.run_until(300_000);
    // The ledger, and the margin ledger that was sent at the same time.
    let sent: Vec<_> = bench
        .sent
        .iter()
        .filter(|sent| !sent.contains("timestamp"))
        .collect();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(bench.missing().iter().all(|part| part.ends_with("Refused")));
}

#[test]
fn unknown_order_has_several_errors() {
    for error in [errors::not_found as fn(_) -> _, errors::bad_parameter] {
        let mut bench = with_order();
        bench.outage(10_000, 11_000);
        bench.on(ACTIVE, [""; 0]);
        bench.on_error("/api/v1/hf/orders/o1", error);
        bench.run_until(60_000);
        bench.expect(&["gap", "vanished o1", "report"]);
    }
}

#[test]
fn order_that_cannot_be_asked_is_named_as_missing() {
    let mut bench = with_order();
    bench.outage(10_000, 11_000);
    bench.on(ACTIVE, [""; 0]);
    bench.on_error("/api/v1/hf/orders/o1", errors::no_permission);
    bench.run_until(60_000);
    assert!(
        bench
            .missing()
            .contains(&"order o1 (spot): Refused".to_owned())
    );
}

#[test]
fn list_of_open_orders_that_fails_makes_no_order_vanish() {
    let mut bench = with_order();
    bench.outage(10_000, 11_000);
    bench.on_error(ACTIVE, errors::unreachable);
    bench.run_until(27_000);
    bench.expect(&["gap", "report; open orders (spot): Unreachable"]);
    bench.on(ACTIVE, [spot::row("o1", "open", 2_000, "0")]);
    bench.run_until(60_000);
    bench.expect(&["late report"]);
}

#[test]
fn failed_ledger_is_missing_for_fills_too() {
    let topics = [ORDERS, "/spot/tradeFills"];
    let mut bench = Bench::started(&topics);
    bench.on_error(LEDGER, errors::no_permission);
    bench.outage(10_000, 11_000);
    bench.run_until(60_000);
    let reports = bench.reports();
    let missing = reports[0].missing.iter();
    let missing: Vec<_> = missing.map(|part| (&*part.topic, &*part.what)).collect();
    assert_eq!(
        missing,
        [
            (ORDERS, "ledger (spot)"),
            ("/spot/tradeFills", "ledger (spot)")
        ]
    );
    assert_eq!(
        reports[0].missing[0].to_string(),
        "/spotMarket/tradeOrdersV2: ledger (spot): refused by KuCoin (code 400007); give the API key the permission `General`"
    );
}

#[test]
fn topic_of_the_user_has_no_history() {
    let mut bench = Bench::new(&[ORDERS, "/own/topic"]);
    bench.run_until(2_000);
    bench.expect(&["report; state: NoHistory"]);
    bench.outage(10_000, 11_000);
    bench.run_until(60_000);
    bench.expect(&["gap", "report; events: NoHistory"]);
    assert_eq!(bench.count("/api/v1/timestamp"), 2);
}
