//! Orders that were placed, ended or lost in a gap.

use crate::bench::spot::{self, ACTIVE, DONE, FILLS, ORDERS};
use crate::bench::{Bench, errors, ms};

const O1: &str = "/api/v1/hf/orders/o1";

/// A bench whose snapshot at the start has an open order of 1, of which 0.2 are filled.
fn with_order() -> Bench {
    let mut bench = Bench::new(&[ORDERS]);
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0.2")]);
    bench.run_until(2_000);
    bench.clear();
    bench
}

#[test]
fn end_is_found_by_id() {
    for (state, kind) in [("canceled", "canceled"), ("filled", "filled")] {
        let mut bench = with_order();
        bench.outage(10_000, 15_000);
        bench.on(ACTIVE, [""; 0]);
        bench.on(O1, [spot::row("o1", state, -60_000, "0.2")]);
        bench.run_until(30_000);
        bench.expect(&["gap", &format!("recovered {kind} o1"), "report"]);
        // The order is in no done list if KuCoin filters by creation. It is asked once.
        assert_eq!(bench.count(O1), 1);
    }
}

/// KuCoin pushes some events several times, also long after later ones.
#[test]
fn repeated_event_of_an_ended_order_is_not_its_state() {
    let mut bench = Bench::started(&[ORDERS]);
    let events = [
        spot::order("open", "o1", 3_000, r#","filledSize":"0","size":"1""#),
        spot::matched("o1", "1", 3_100, "0.9"),
        spot::matched("o1", "2", 3_200, "1"),
        spot::order("filled", "o1", 3_200, r#","filledSize":"1","size":"1""#),
    ];
    bench.run_until(3_400);
    for event in events.iter().chain(&events[..2]) {
        bench.live(ORDERS, event);
    }
    bench.clear();
    bench.outage(10_000, 15_000);
    bench.run_until(30_000);
    bench.expect(&["gap", "report"]);
    assert_eq!(bench.count(O1), 0);
}

#[test]
fn reduced_order_is_shown_as_a_row() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    let row = spot::row("o1", "open", -60_000, "0.2");
    let reduced = row.replace(r#""size":"1""#, r#""size":"0.7""#);
    assert_ne!(row, reduced);
    bench.on(ACTIVE, [reduced]);
    bench.run_until(30_000);
    bench.expect(&["gap", "snapshot o1", "report"]);
    // Its new size is known now.
    bench.outage(31_000, 32_000);
    bench.run_until(60_000);
    bench.expect(&["gap", "report"]);
}

#[test]
fn end_is_found_in_the_done_list() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(ACTIVE, [""; 0]);
    bench.on(DONE, [spot::row("o1", "canceled", -60_000, "0.2")]);
    bench.run_until(30_000);
    bench.expect(&["gap", "recovered canceled o1", "report"]);
    assert_eq!(bench.count(O1), 0);
}

#[test]
fn end_of_an_order_that_was_never_seen_is_found_in_the_done_list() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.live(ORDERS, &spot::order("open", "o2", 2_000, ""));
    bench.on(ACTIVE, [spot::row("o2", "open", 2_000, "0")]);
    bench.outage(10_000, 15_000);
    // Created long before; the row was changed in the window.
    bench.on(DONE, [spot::row("o1", "canceled", -47_000, "0")]);
    bench.run_until(30_000);
    bench.expect(&["live open o2", "gap", "recovered canceled o1", "report"]);
}

#[test]
fn live_end_wins() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(ACTIVE, [""; 0]);
    bench.on(DONE, [spot::row("o1", "canceled", -60_000, "0.2")]);
    let fields = r#","size":"1","filledSize":"0.2""#;
    bench.live(ORDERS, &spot::order("canceled", "o1", 15_200, fields));
    bench.run_until(30_000);
    bench.expect(&["gap", "report", "live canceled o1"]);
}

#[test]
fn order_born_and_ended_in_the_gap_has_its_fills_and_its_end() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(FILLS, [spot::fill("o2", "7", 12_000)]);
    bench.on(DONE, [spot::row("o2", "canceled", 11_000, "0.1")]);
    bench.run_until(30_000);
    bench.expect(&[
        "gap",
        "recovered match o2 7",
        "recovered canceled o2",
        "report",
    ]);
}

#[test]
fn market_buy_by_funds_ends_as_canceled_as_on_the_stream() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(FILLS, [spot::fill("o2", "7", 12_000)]);
    let row = spot::row("o2", "canceled", 11_000, "0.1")
        .replace(r#""type":"limit""#, r#""type":"market""#)
        .replace(
            r#""size":"1","funds":"90000""#,
            r#""size":"0","funds":"9001""#,
        );
    bench.on(DONE, [row]);
    bench.run_until(30_000);
    let frames = bench.frames();
    let (_, end) = frames.last().unwrap();
    assert!(end.contains(r#""type":"canceled""#) && end.contains(r#""filledSize":"0.1""#));
    assert!(end.contains(r#""funds":"9001""#));
}

#[test]
fn order_born_in_the_gap_is_open_with_its_exact_time() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    let born = spot::row("o2", "open", 12_000, "0");
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0.2"), born]);
    bench.run_until(30_000);
    bench.expect(&["gap", "recovered open o2", "report"]);
    // It is known from now on.
    bench.outage(31_000, 35_000);
    bench.run_until(60_000);
    bench.expect(&["gap", "report"]);
    bench.on(ACTIVE, [spot::row("o2", "open", 12_000, "0")]);
    bench.on(O1, [spot::row("o1", "filled", -60_000, "0.2")]);
    bench.outage(61_000, 65_000);
    bench.run_until(90_000);
    bench.expect(&["gap", "recovered filled o1", "report"]);
}

#[test]
fn open_frame_has_the_time_of_the_order_and_no_invented_fields() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    let born = spot::row("o2", "open", 12_000, "0.1");
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0.2"), born]);
    bench.on(FILLS, [spot::fill("o2", "7", 13_000)]);
    bench.run_until(30_000);
    let frames = bench.frames();
    let open = &frames[0].1;
    assert!(open.contains(&format!(r#""orderTime":{}"#, ms(12_000))));
    // Its match comes after it, so it has no amounts of later; and REST has no time of the engine.
    for absent in [
        r#""ts""#,
        r#""filledSize""#,
        "lastUpdatedAt",
        r#""dealSize""#,
    ] {
        assert!(!open.contains(absent), "{absent} in {open}");
    }
    assert!(frames[1].1.contains(r#""tradeId":"7""#));
}

#[test]
fn order_that_closed_between_the_sweeps_is_asked_by_id() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    let known = spot::row("o1", "open", -60_000, "0.2");
    bench.on(
        ACTIVE,
        [known.clone(), spot::row("o2", "open", 12_000, "0")],
    );
    bench.run_until(17_000);
    bench.on(ACTIVE, [known]);
    bench.on(
        "/api/v1/hf/orders/o2",
        [spot::row("o2", "canceled", 12_000, "0")],
    );
    bench.run_until(30_000);
    bench.expect(&["gap", "recovered canceled o2", "report"]);
}

#[test]
fn order_in_no_list_vanishes_after_two_sweeps_and_is_never_canceled() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(ACTIVE, [""; 0]);
    bench.on_error(O1, errors::not_found);
    bench.run_until(16_500);
    bench.expect(&["gap"]);
    bench.run_until(30_000);
    bench.expect(&["vanished o1", "report"]);
    assert_eq!(bench.count(O1), 2);
    bench.outage(31_000, 32_000);
    bench.run_until(60_000);
    bench.expect(&["gap", "report"]);
}

#[test]
fn order_that_is_late_in_the_lists_does_not_vanish() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(ACTIVE, [""; 0]);
    bench.run_until(17_000);
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0.2")]);
    bench.run_until(60_000);
    bench.expect(&["gap", "report"]);
}

#[test]
fn order_that_is_open_by_id_but_in_no_list_is_named_as_missing() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(ACTIVE, [""; 0]);
    bench.on(O1, [spot::row("o1", "open", -60_000, "0.2")]);
    bench.run_until(60_000);
    bench.expect(&["gap", "report; order o1: Inconsistent"]);
}

#[test]
fn order_between_two_losses_ends_in_the_second_gap() {
    let mut bench = with_order();
    bench.outage(10_000, 11_000);
    bench.run_until(11_200);
    bench.live(
        ORDERS,
        &spot::order("open", "o2", 11_200, r#","size":"1","filledSize":"0""#),
    );
    bench.live(ORDERS, &spot::matched("o1", "7", 11_300, "0.3"));
    bench.lose(&[]);
    bench.run_until(15_000);
    bench.go_live(&[]);
    bench.on(ACTIVE, [""; 0]);
    bench.on(
        DONE,
        [
            spot::row("o1", "canceled", -60_000, "0.4"),
            spot::row("o2", "canceled", 11_200, "0"),
        ],
    );
    bench.on(
        FILLS,
        [spot::fill("o1", "7", 11_300), spot::fill("o1", "8", 12_000)],
    );
    bench.run_until(40_000);
    bench.expect(&[
        "gap",
        "gap",
        "live open o2",
        "live match o1 7",
        "recovered match o1 8",
        "recovered canceled o1",
        "recovered canceled o2",
        "report",
    ]);
}
