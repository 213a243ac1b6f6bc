//! Fills that were missed.

use crate::bench::spot::{self, DONE, FILLS, LEDGER, ORDERS};
use crate::bench::{Bench, Decoded, decode, ns};

/// A bench with an order of 1 that was placed at 3 s, and an outage from 10 s to 15 s.
fn with_order() -> Bench {
    let mut bench = Bench::started(&[ORDERS]);
    bench.run_until(3_000);
    bench.live(ORDERS, &spot::order("received", "o1", 3_000, ""));
    bench.live(
        ORDERS,
        &spot::order("open", "o1", 3_000, r#","size":"1","filledSize":"0""#),
    );
    bench.clear();
    bench
}

fn open_row(filled: &str) -> String {
    spot::row("o1", "open", 3_000, filled)
}

#[test]
fn missed_fill_is_recovered_once_and_the_live_copy_wins() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0.2")]);
    bench.on(
        FILLS,
        [spot::fill("o1", "7", 12_000), spot::fill("o1", "8", 15_500)],
    );
    bench.live(ORDERS, &spot::matched("o1", "8", 15_500, "0.2"));
    bench.run_until(30_000);
    bench.expect(&["gap", "recovered match o1 7", "report", "live match o1 8"]);
    // The next recovery has nothing to do.
    bench.outage(31_000, 32_000);
    bench.run_until(50_000);
    bench.expect(&["gap", "report"]);
}

#[test]
fn row_of_the_overlap_is_not_repeated() {
    let mut bench = with_order();
    bench.run_until(9_000);
    bench.live(ORDERS, &spot::matched("o1", "6", 9_000, "0.1"));
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0.2")]);
    bench.on(
        FILLS,
        [spot::fill("o1", "6", 9_000), spot::fill("o1", "7", 12_000)],
    );
    bench.run_until(30_000);
    bench.expect(&["live match o1 6", "gap", "recovered match o1 7", "report"]);
}

#[test]
fn live_copy_after_the_recovered_one_is_dropped() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0.1")]);
    bench.on(FILLS, [spot::fill("o1", "7", 14_999)]);
    bench.run_until(30_000);
    bench.live(ORDERS, &spot::matched("o1", "7", 14_999, "0.1"));
    bench.live(ORDERS, &spot::matched("o1", "8", 31_000, "0.2"));
    bench.expect(&["gap", "recovered match o1 7", "report", "live match o1 8"]);
}

#[test]
fn fills_are_sorted_by_time_then_trade_and_placed_before_ended() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0.3")]);
    bench.on(
        FILLS,
        [
            spot::fill("o1", "10", 12_000),
            spot::fill("o2", "8", 11_000),
            spot::fill("o1", "9", 12_000),
            spot::fill("o1", "11", 11_500),
        ],
    );
    bench.on(DONE, [spot::row("o2", "filled", 10_500, "0.1")]);
    bench.run_until(30_000);
    bench.expect(&[
        "gap",
        "recovered match o2 8",
        "recovered match o1 11",
        "recovered match o1 9",
        "recovered match o1 10",
        // REST has no time of the end: the row was touched a minute after it.
        "recovered filled o2",
        "report",
    ]);
}

#[test]
fn cumulative_size_is_written_only_if_the_fills_add_up() {
    let sizes = |row_size: &str| {
        let mut bench = with_order();
        bench.outage(10_000, 15_000);
        bench.on(spot::ACTIVE, [open_row(row_size)]);
        bench.on(
            FILLS,
            [spot::fill("o1", "7", 12_000), spot::fill("o1", "8", 13_000)],
        );
        bench.run_until(60_000);
        let missing = bench.missing();
        let sizes = bench.frames().into_iter().map(|(topic, frame)| {
            let Decoded::V1(event) = decode(&topic, &frame) else {
                panic!()
            };
            let kucoin_streams_v1::V1Event::Spot(event) = event else {
                panic!()
            };
            let kucoin_streams_v1::SpotEvent::Order(order) = event else {
                panic!()
            };
            order.filled_size.map(|size| size.to_string())
        });
        (sizes.collect::<Vec<_>>(), missing)
    };
    let (filled, missing) = sizes("0.2");
    assert_eq!(filled, [Some("0.1".to_owned()), Some("0.2".to_owned())]);
    assert!(missing.is_empty());
    let (filled, missing) = sizes("0.3");
    assert_eq!(filled, [None, None]);
    assert_eq!(missing, ["fills of order o1: Inconsistent"]);
}

#[test]
fn third_sweep_finds_what_the_first_two_miss() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0.1")]);
    bench.run_until(19_500);
    bench.expect(&["gap"]);
    assert_eq!(bench.count(FILLS), 2);
    bench.on(FILLS, [spot::fill("o1", "7", 12_000)]);
    bench.run_until(29_500);
    bench.expect(&["recovered match o1 7", "report"]);
    assert_eq!(bench.count(FILLS), 3);
}

#[test]
fn second_sweep_is_unconditional() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0")]);
    bench.run_until(17_000);
    bench.on(spot::ACTIVE, [open_row("0.1")]);
    bench.on(FILLS, [spot::fill("o1", "7", 14_900)]);
    bench.run_until(19_500);
    bench.expect(&["gap", "recovered match o1 7", "report"]);
}

#[test]
fn trade_of_the_ledger_without_its_fill_is_inconsistent() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0")]);
    // The ledger is later than live for the second trade.
    bench.on(
        LEDGER,
        [
            spot::booking("2", "o9", "71", 15_400),
            spot::booking("1", "o9", "70", 12_000),
        ],
    );
    bench.run_until(60_000);
    bench.expect(&["gap", "report; fill 70 of BTC-USDT: Inconsistent"]);
}

#[test]
fn ledger_names_unknown_symbols() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0")]);
    let booking = spot::booking("1", "o9", "70", 12_000).replace("BTC-USDT", "SOL-USDT");
    bench.on(LEDGER, [booking]);
    let fill = spot::fill("o9", "70", 12_000).replace("BTC-USDT", "SOL-USDT");
    bench.on("/api/v1/hf/fills symbol=SOL-USDT", [fill]);
    bench.on(
        "/api/v1/hf/orders/done symbol=SOL-USDT",
        [spot::row("o9", "filled", 11_000, "0.1").replace("BTC-USDT", "SOL-USDT")],
    );
    bench.run_until(30_000);
    bench.expect(&[
        "gap",
        "recovered match o9 70",
        "recovered filled o9",
        "report",
    ]);
}

/// A booking of a trade whose context names no symbol.
fn unnamed_booking(currency: &str, at: i64) -> String {
    let row = spot::booking("1", "o9", "70", at);
    let (start, end) = (row.find(r#""context":"#).unwrap(), row.rfind('}').unwrap());
    let unnamed = format!(r#"{}"context":"{{}}"{}"#, &row[..start], &row[end..]);
    let (start, rest) = unnamed.split_once(r#""currency":""#).unwrap();
    let (_, end) = rest.split_once('"').unwrap();
    format!(r#"{start}"currency":"{currency}"{end}"#)
}

#[test]
fn booking_without_a_symbol_suggests_one() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0")]);
    bench.on(LEDGER, [unnamed_booking("SOL", 12_000)]);
    let fill = spot::fill("o9", "70", 12_000).replace("BTC-USDT", "SOL-USDT");
    bench.on("/api/v1/hf/fills symbol=SOL-USDT", [fill]);
    bench.run_until(30_000);
    let lines = bench.lines();
    assert!(
        lines.contains(&"recovered match o9 70".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn booking_that_no_fill_explains_is_named_as_missing() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0")]);
    bench.on(LEDGER, [unnamed_booking("XYZ", 12_000)]);
    bench.run_until(30_000);
    bench.expect(&["gap", "report; fills in XYZ: NoSymbols"]);
}

#[test]
fn end_of_an_unknown_order_with_a_recovered_fill_is_found() {
    let mut bench = Bench::new(&[ORDERS]);
    // Lost before the first snapshot: the order is older than the window, and nothing has named it.
    bench.outage(500, 5_000);
    bench.on(FILLS, [spot::fill("o1", "7", 2_000)]);
    bench.on(LEDGER, [spot::booking("1", "o1", "7", 2_000)]);
    let over = spot::row("o1", "canceled", -600_000, "0.1").replace("lastUpdatedAt", "unknown");
    bench.on("/api/v1/hf/orders/o1", [over]);
    bench.run_until(30_000);
    bench.expect(&[
        "gap",
        "recovered match o1 7",
        "recovered canceled o1",
        "report",
    ]);
}

#[test]
fn digits_of_a_trade_id_above_2_53_are_exact() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0.2")]);
    bench.on(
        FILLS,
        [
            spot::fill("o1", "21029373945659394", 12_000),
            spot::fill("o1", "21029373945659393", 12_000),
        ],
    );
    bench.live(
        ORDERS,
        &spot::matched("o1", "21029373945659394", 12_000, "0.2"),
    );
    bench.run_until(30_000);
    let frames = bench.frames();
    assert_eq!(frames.len(), 1);
    assert!(frames[0].1.contains(r#""tradeId":"21029373945659393""#));
    assert!(frames[0].1.contains(r#""matchPrice":"90000.10""#));
    assert!(frames[0].1.contains(&format!(r#""ts":{}"#, ns(12_000))));
}

#[test]
fn fill_in_two_pages_is_one_event() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0.2")]);
    let page = |last_id: &str, rows: &[String]| {
        format!(
            r#"{{"code":"200000","data":{{"lastId":{last_id},"items":[{}]}}}}"#,
            rows.join(",")
        )
    };
    let (newer, older) = (spot::fill("o1", "8", 13_000), spot::fill("o1", "7", 12_000));
    bench.on_body(FILLS, &page("55", std::slice::from_ref(&newer)));
    bench.on_body(&format!("{FILLS} lastId=55"), &page("0", &[newer, older]));
    bench.run_until(30_000);
    bench.expect(&[
        "gap",
        "recovered match o1 7",
        "recovered match o1 8",
        "report",
    ]);
}

#[test]
fn fill_that_follows_the_window_is_left_to_the_stream() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0.1")]);
    bench.on(FILLS, [spot::fill("o1", "8", 18_900)]);
    bench.run_until(30_000);
    bench.expect(&["gap", "report"]);
    bench.live(ORDERS, &spot::matched("o1", "8", 18_900, "0.1"));
    bench.expect(&["live match o1 8"]);
}

#[test]
fn unreadable_row_is_named_as_missing() {
    let mut bench = with_order();
    bench.outage(10_000, 15_000);
    bench.on(spot::ACTIVE, [open_row("0.1")]);
    bench.on(
        FILLS,
        [
            spot::fill("o1", "7", 12_000),
            r#"{"symbol":"BTC-USDT"}"#.to_owned(),
        ],
    );
    bench.run_until(30_000);
    bench.expect(&[
        "gap",
        "recovered match o1 7",
        "report; an unreadable row of /api/v1/hf/fills: Unreachable",
    ]);
}
