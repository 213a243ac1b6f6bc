//! Margin: queried only if it is used.

use crate::bench::spot::{self, ORDERS};
use crate::bench::{Bench, errors, ms};

const CROSS: &str = "tradeType=MARGIN_TRADE";
const LEDGER: &str = "/api/v3/hf/margin/account/ledgers";
const SYMBOLS: &str = "/api/v3/hf/margin/order/active/symbols";

#[test]
fn account_without_margin_costs_three_queries_per_recovery() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.outage(10_000, 11_000);
    bench.run_until(60_000);
    let margin = bench.sent.iter().filter(|sent| sent.contains("/margin/"));
    assert_eq!(margin.count(), 3, "{:?}", bench.sent);
    assert_eq!((bench.count(LEDGER), bench.count(SYMBOLS)), (1, 2));
}

#[test]
fn margin_fill_of_an_unused_account_is_found_by_the_ledger() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.outage(10_000, 11_000);
    let booking = spot::booking("9", "m1", "7", 10_500).replace("TRADE_HF", "MARGIN_V2");
    bench.on(LEDGER, [booking]);
    bench.on(
        &format!("/api/v3/hf/margin/fills {CROSS}"),
        [spot::fill("m1", "7", 10_500)],
    );
    let done = format!("/api/v3/hf/margin/orders/done {CROSS}");
    bench.on(&done, [spot::row("m1", "filled", 10_400, "0.1")]);
    bench.run_until(60_000);
    bench.expect(&[
        "gap",
        "recovered match m1 7",
        "recovered filled m1",
        "report",
    ]);
    // The ledger says that it was cross margin.
    assert_eq!(
        bench.count("/api/v3/hf/margin/fills tradeType=MARGIN_ISOLATED_TRADE"),
        0
    );
}

#[test]
fn open_margin_order_is_in_the_snapshot_and_its_end_is_recovered() {
    let mut bench = Bench::new(&[ORDERS]);
    bench.on(
        &format!("{SYMBOLS} {CROSS}"),
        [r#"{"symbolSize":1,"symbols":["BTC-USDT"]}"#],
    );
    let list = format!("/api/v3/hf/margin/orders/active symbol=BTC-USDT {CROSS}");
    bench.on(&list, [spot::row("m1", "open", -60_000, "0")]);
    bench.run_until(2_000);
    bench.expect(&["snapshot m1", "report"]);
    bench.on(
        &format!("{SYMBOLS} {CROSS}"),
        [r#"{"symbolSize":0,"symbols":[]}"#],
    );
    bench.on(&list, [""; 0]);
    let by_id = format!("/api/v3/hf/margin/orders/m1 symbol=BTC-USDT {CROSS}");
    bench.on(&by_id, [spot::row("m1", "canceled", -60_000, "0")]);
    bench.outage(10_000, 11_000);
    bench.run_until(60_000);
    bench.expect(&["gap", "recovered canceled m1", "report"]);
    // Its venue is known.
    assert_eq!(bench.count("/api/v1/hf/orders/m1"), 0);
}

#[test]
fn refused_margin_permission_is_named_once() {
    let mut bench = Bench::new(&[ORDERS]);
    bench.on_error(SYMBOLS, errors::no_permission);
    bench.run_until(5_000);
    bench.expect(&[
        "report; symbols of open orders (cross margin): Refused; symbols of open orders (isolated margin): Refused",
    ]);
    assert_eq!(bench.count(SYMBOLS), 1);
}

#[test]
fn margin_accounts_are_read_while_they_have_an_amount() {
    let topics = [
        "/account/balance",
        "/margin/position",
        "/margin/isolatedPosition:BTC-USDT",
    ];
    let currency =
        |total: &str| format!(r#"{{"currency":"USDT","total":"{total}","liability":"0"}}"#);
    let cross = |total: &str| format!(r#"{{"debtRatio":"0","accounts":[{}]}}"#, currency(total));
    let isolated = |symbol: &str| {
        format!(
            r#"{{"symbol":"{symbol}","status":"CLEAR","baseAsset":{0},"quoteAsset":{0}}}"#,
            currency("0")
        )
    };
    let run = |total: &str, topics: &[&str]| {
        let mut bench = Bench::new(topics);
        bench.on("/api/v3/margin/accounts", [cross(total)]);
        bench.on(
            "/api/v3/isolated/accounts",
            [isolated("BTC-USDT"), isolated("ETH-USDT")],
        );
        bench.run_until(2_000);
        let rows = bench.rows("symbol");
        bench.clear();
        bench.outage(10_000, 11_000);
        bench.run_until(60_000);
        (
            rows,
            bench.count("/api/v3/margin/accounts"),
            bench.count("/api/v3/isolated/accounts"),
        )
    };
    let (rows, cross_count, isolated_count) = run("5", &topics);
    // Two topics share the cross-margin account, and the isolated one is asked once for all symbols.
    assert_eq!((cross_count, isolated_count), (1, 1));
    let isolated_rows: Vec<_> = rows.iter().filter(|row| row.contains("isolated")).collect();
    assert_eq!(
        isolated_rows,
        [
            "/api/v3/isolated/accounts BTC-USDT",
            "/api/v3/isolated/accounts BTC-USDT",
            "/api/v3/isolated/accounts ETH-USDT",
        ]
    );
    // Without an amount, and without topics of their own, the accounts are not read again.
    assert_eq!(run("0", &topics[..1]).1, 0);
    assert_eq!(run("5", &topics[..1]).1, 1);
}

#[test]
fn transfer_makes_margin_used() {
    let mut bench = Bench::started(&["/account/balance"]);
    bench.outage(10_000, 11_000);
    let transfer = format!(
        r#"{{"id":"1","currency":"USDT","amount":"5","fee":"0","balance":"0","accountType":"TRADE_HF","bizType":"TRANSFER","direction":"out","createdAt":"{}","context":""}}"#,
        ms(10_500)
    );
    bench.on(spot::LEDGER, [transfer]);
    bench.run_until(60_000);
    assert_eq!(bench.count("/api/v3/margin/accounts"), 1);
}

#[test]
fn margin_bookings_are_events_of_their_account() {
    let mut bench = Bench::started(&["/account/balance"]);
    bench.outage(10_000, 11_000);
    let booking = format!(
        r#"{{"id":5949641706720,"currency":"USDT","amount":"10","fee":"0","balance":"110","accountType":"MARGIN_V2","bizType":"TRANSFER","direction":"in","createdAt":{},"context":"{{}}","tax":"0"}}"#,
        ms(10_500)
    );
    bench.on(LEDGER, [booking]);
    bench.run_until(60_000);
    let frames = bench.frames();
    assert!(
        frames[0]
            .1
            .contains(r#""relationEvent":"marginV2.transfer""#)
    );
    assert!(frames[0].1.contains(r#""relationEventId":"5949641706720""#));
}

#[test]
fn margin_stop_orders_are_asked_while_there_are_some() {
    let stops = "/spotMarket/advancedOrders";
    let run = |rows: &[&str]| {
        let mut bench = Bench::new(&[stops]);
        bench.on("/api/v3/hf/margin/stop-orders tradeType=MARGIN_TRADE", rows);
        bench.run_until(2_000);
        let lines = bench.lines().len();
        bench.clear();
        bench.outage(10_000, 11_000);
        bench.run_until(60_000);
        (lines, bench.count("/api/v3/hf/margin/stop-orders"))
    };
    let row = r#"{"id":"s1","symbol":"BTC-USDT","status":"NEW","tradeType":"MARGIN_TRADE"}"#;
    assert_eq!(run(&[row]), (2, 4));
    assert_eq!(run(&[]), (1, 0));
}
