//! Futures orders, positions, funding and settings.

use crate::bench::{Bench, T0, errors, ms, ns};

const ORDERS: &str = "/contractMarket/tradeOrders";
const POSITIONS: &str = "/contract/positionAll";
const RECENT: &str = "/api/v1/recentFills";

fn fill(id: &str, trade: &str, at: i64) -> String {
    format!(
        r#"{{"symbol":"XBTUSDTM","tradeId":"{trade}","orderId":"{id}","side":"buy","liquidity":"taker","forceTaker":false,"price":"91249.5","size":1,"value":"91.2495","fee":"0.05","feeRate":"0.0006","feeCurrency":"USDT","marginMode":"CROSS","orderType":"market","tradeType":"trade","tradeTime":{},"createdAt":{}}}"#,
        ns(at),
        ms(at + 172)
    )
}

fn row(id: &str, is_active: bool, filled: u32, at: i64) -> String {
    let status = if is_active { "open" } else { "done" };
    format!(
        r#"{{"id":"{id}","symbol":"XBTUSDTM","type":"limit","side":"buy","price":"90000","size":3,"dealSize":{filled},"filledSize":{filled},"stop":"","stopTriggered":false,"clientOid":"f-1","isActive":{is_active},"cancelExist":false,"createdAt":{},"updatedAt":{},"endAt":null,"orderTime":{},"marginMode":"CROSS","status":"{status}","leverage":"3"}}"#,
        ms(at),
        ms(at + 100),
        ns(at)
    )
}

#[test]
fn fills_and_ends_come_from_the_recent_lists() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.outage(10_000, 15_000);
    bench.on(RECENT, [fill("f1", "8", 12_000), fill("f1", "7", 12_000)]);
    bench.on("/api/v1/recentDoneOrders", [row("f1", false, 2, 11_000)]);
    bench.run_until(60_000);
    let frames = bench.frames();
    assert_eq!(frames.len(), 3);
    assert!(frames[0].1.contains(r#""tradeId":"7""#));
    assert!(frames[0].1.contains(&format!(r#""ts":{}"#, ns(12_000))));
    assert!(frames[1].1.contains(r#""filledSize":"2""#));
    let end = &frames[2].1;
    assert!(
        end.contains(r#""type":"filled""#) && end.contains(r#""canceledSize":"1""#),
        "{end}"
    );
    // Two sweeps with two lists and the open orders each.
    assert_eq!(bench.sent.len(), 1 + 2 * 3);
}

#[test]
fn live_fill_after_the_window_is_counted_once_with_its_row() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.on(
        "/api/v1/orders status=active",
        [row("f1", true, 0, -60_000)],
    );
    bench.overflow(&[]);
    bench.run_until(10_000);
    bench.clear();
    bench.outage(10_000, 15_000);
    bench.run_until(17_500);
    let live = format!(
        r#"{{"topic":"{ORDERS}","type":"message","subject":"orderChange","channelType":"private","data":{{"symbol":"XBTUSDTM","orderId":"f1","type":"match","status":"open","side":"buy","size":3,"filledSize":1,"matchSize":1,"matchPrice":"90000","tradeId":"7","orderTime":{},"ts":{}}}}}"#,
        ns(-60_000),
        ns(17_500)
    );
    bench.live(ORDERS, &live);
    bench.on(RECENT, [fill("f1", "7", 17_500)]);
    bench.on(
        "/api/v1/orders status=active",
        [row("f1", true, 1, -60_000)],
    );
    bench.run_until(60_000);
    bench.expect(&["gap", "report", "live match f1 7"]);
}

#[test]
fn topic_of_one_contract_has_its_own_frames() {
    let one = "/contractMarket/tradeOrders:XBTUSDTM";
    let mut bench = Bench::started(&[ORDERS, one, "/contractMarket/tradeOrders:ETHUSDTM"]);
    bench.outage(10_000, 15_000);
    bench.on(RECENT, [fill("f1", "7", 12_000)]);
    bench.run_until(60_000);
    let frames = bench.frames();
    let topics: Vec<_> = frames.iter().map(|(topic, _)| &**topic).collect();
    assert_eq!(topics, [ORDERS, one]);
    assert!(frames[1].1.contains(r#""subject":"symbolOrderChange""#));
}

#[test]
fn refused_recent_fills_are_replaced_and_need_a_third_sweep() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.on_error(RECENT, errors::no_permission);
    bench.outage(10_000, 15_000);
    bench.on("/api/v1/fills", [fill("f1", "7", 12_000)]);
    bench.on("/api/v1/orders/f1", [row("f1", false, 1, 11_000)]);
    bench.run_until(60_000);
    bench.expect(&[
        "gap",
        "recovered match f1 7",
        "recovered filled f1",
        "report",
    ]);
    assert_eq!((bench.count(RECENT), bench.count("/api/v1/fills")), (1, 2));
    bench.clear();
    bench.outage(70_000, 71_000);
    bench.run_until(99_000);
    assert_eq!((bench.count(RECENT), bench.count("/api/v1/fills")), (0, 3));
}

#[test]
fn list_of_recent_fills_that_is_cut_is_replaced() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.outage(10_000, 15_000);
    let fills: Vec<_> = (0..1_000)
        .map(|number| fill("f1", &format!("{}", 5_000 + number), 13_000))
        .collect();
    bench.on(RECENT, &fills);
    bench.on("/api/v1/fills", [fill("f1", "7", 12_000)]);
    bench.run_until(60_000);
    assert!(bench.reports()[0].is_complete());
    assert_eq!(bench.frames().len(), 1_001);
}

#[test]
fn long_gap_is_asked_week_by_week_from_the_history() {
    let mut bench = Bench::started(&[ORDERS]);
    let days = 8 * 24 * 3_600_000;
    bench.outage(10_000, days);
    bench.run_until(days + 60_000);
    assert_eq!(bench.count(RECENT), 0);
    // Two periods in each of three sweeps, because the history is not in real time.
    assert_eq!(bench.count("/api/v1/fills"), 6);
    assert_eq!(bench.count("/api/v1/orders status=done"), 6);
    bench.expect(&["gap", "report"]);
}

fn position(symbol: &str, quantity: i64, at: i64) -> String {
    format!(
        r#"{{"id":"5","symbol":"{symbol}","currentQty":{quantity},"isOpen":{},"positionSide":"BOTH","marginMode":"CROSS","leverage":3,"markPrice":91301.02,"currentTimestamp":{}}}"#,
        quantity != 0,
        ms(at)
    )
}

fn position_frame(symbol: &str, quantity: i64, at: i64) -> String {
    format!(
        r#"{{"topic":"/contract/positionAll","type":"message","subject":"position.change","channelType":"private","data":{{"symbol":"{symbol}","currentQty":{quantity},"isOpen":{},"positionSide":"BOTH","changeReason":"positionChange","currentTimestamp":{}}}}}"#,
        quantity != 0,
        ms(at)
    )
}

/// A bench with a position in XBTUSDTM.
fn with_position() -> Bench {
    let mut bench = Bench::new(&[POSITIONS]);
    bench.on("/api/v1/positions", [position("XBTUSDTM", 2, 1_000)]);
    bench.run_until(2_000);
    bench.expect(&["snapshot 5", "report"]);
    bench
}

#[test]
fn position_that_was_closed_in_the_gap_is_a_row() {
    let mut bench = with_position();
    bench.outage(10_000, 15_000);
    let closed = position("XBTUSDTM", 0, 19_000);
    bench.on(
        "/api/v1/positions",
        [closed, position("ETHUSDTM", 0, 19_000)],
    );
    bench.run_until(60_000);
    assert_eq!(bench.rows("symbol"), ["/api/v1/positions XBTUSDTM"]);
    assert_eq!(bench.rows("isOpen"), ["/api/v1/positions false"]);
    assert_eq!(bench.count("/api/v1/history-positions"), 0);
    // It is not shown again.
    bench.clear();
    bench.outage(70_000, 71_000);
    bench.run_until(99_000);
    assert!(bench.rows("symbol").is_empty());
}

#[test]
fn position_that_is_not_listed_any_more_is_found_in_the_history() {
    let mut bench = with_position();
    bench.outage(10_000, 15_000);
    bench.on("/api/v1/positions", [""; 0]);
    let closed =
        r#"{"closeId":"50","symbol":"XBTUSDTM","type":"CLOSE_LONG","side":"LONG","pnl":"0.5"}"#;
    bench.on("/api/v1/history-positions", [closed]);
    bench.run_until(60_000);
    assert_eq!(bench.rows("closeId"), ["/api/v1/history-positions 50"]);
    assert!(bench.reports()[0].is_complete());
}

#[test]
fn position_in_no_list_is_inconsistent() {
    let mut bench = with_position();
    bench.outage(10_000, 15_000);
    bench.on("/api/v1/positions", [""; 0]);
    bench.run_until(60_000);
    bench.expect(&["gap", "report; position of XBTUSDTM: Inconsistent"]);
}

#[test]
fn position_event_that_is_older_than_the_row_is_dropped() {
    let mut bench = with_position();
    bench.outage(10_000, 15_000);
    bench.on("/api/v1/positions", [position("XBTUSDTM", 3, 19_000)]);
    bench.live(POSITIONS, &position_frame("XBTUSDTM", 3, 18_999));
    bench.live(POSITIONS, &position_frame("XBTUSDTM", 4, 19_001));
    bench.run_until(60_000);
    bench.expect(&["gap", "snapshot 5", "report", "live 4"]);
}

/// A full hour in the outage of the funding tests, in milliseconds since the start.
fn full_hour() -> i64 {
    3_600_000 - T0.rem_euclid(3_600_000)
}

fn funding(at: i64, mark: &str) -> String {
    format!(
        r#"{{"id":2472387374042586,"symbol":"XBTUSDTM","timePoint":{},"fundingRate":0.000641,"markPrice":{mark},"positionQty":2,"positionCost":182.27,"funding":-0.11684138,"settleCurrency":"USDT","context":"","marginMode":"CROSS"}}"#,
        ms(at)
    )
}

#[test]
fn funding_settlement_in_the_window_is_an_event() {
    let hour = full_hour();
    let mut bench = with_position();
    bench.on(
        "/api/v1/funding-history symbol=XBTUSDTM",
        [
            funding(hour, "91139.92"),
            funding(hour - 8 * 3_600_000, "91000"),
        ],
    );
    bench.outage(hour - 5_000, hour + 5_000);
    bench.run_until(hour + 60_000);
    let frames = bench.frames();
    assert_eq!(frames.len(), 1);
    assert!(
        frames[0]
            .1
            .contains(&format!(r#""fundingTime":{}"#, ms(hour)))
    );
    assert!(frames[0].1.contains(r#""fundingFee":-0.11684138"#));
    assert!(frames[0].1.contains(r#""symbol":"XBTUSDTM""#));
}

#[test]
fn live_settlement_without_a_symbol_is_the_same_event() {
    let hour = full_hour();
    let mut bench = with_position();
    bench.on(
        "/api/v1/funding-history symbol=XBTUSDTM",
        [funding(hour, "91139.92")],
    );
    bench.outage(hour - 5_000, hour + 5_000);
    let live = format!(
        r#"{{"topic":"/contract/positionAll","type":"message","subject":"position.settlement","channelType":"private","data":{{"fundingTime":{},"qty":2,"markPrice":91139.920,"fundingRate":0.000641,"fundingFee":-0.11684138,"settleCurrency":"USDT","ts":{}}}}}"#,
        ms(hour),
        ns(hour + 6_000)
    );
    bench.live(POSITIONS, &live);
    bench.run_until(hour + 60_000);
    assert!(bench.frames().is_empty());
}

#[test]
fn window_without_a_full_hour_asks_for_no_funding() {
    let mut bench = with_position();
    bench.clear();
    bench.outage(10_000, 15_000);
    bench.run_until(60_000);
    assert_eq!(bench.count("/api/v1/funding-history"), 0);
    // The clock, and the positions in the second sweep.
    assert_eq!(bench.sent.len(), 2);
}

#[test]
fn wallet_is_read_by_currency() {
    let mut bench = Bench::started(&["/contractAccount/wallet"]);
    bench.outage(10_000, 15_000);
    bench.on_error(
        "/api/v1/account-overview currency=XBT",
        errors::no_permission,
    );
    let row = r#"{"currency":"USDT","accountEquity":394.439280806}"#;
    bench.on("/api/v1/account-overview currency=USDT", [row]);
    bench.run_until(60_000);
    bench.expect(&["gap", "snapshot USDT", "report; state of XBT: Refused"]);
}

#[test]
fn wallet_of_a_currency_that_the_stream_names_is_read_too() {
    let topic = "/contractAccount/wallet";
    let mut bench = Bench::started(&[topic]);
    let frame = r#"{"topic":"/contractAccount/wallet","type":"message","subject":"walletBalance.change","data":{"currency":"ETH","walletBalance":"2","equity":"2","version":"7"}}"#;
    bench.live(topic, frame);
    bench.outage(10_000, 15_000);
    bench.on(
        "/api/v1/account-overview currency=ETH",
        [r#"{"currency":"ETH","accountEquity":2}"#],
    );
    bench.run_until(60_000);
    let shown = bench.lines();
    assert!(shown.contains(&"snapshot ETH".to_owned()), "{shown:?}");
}

#[test]
fn settings_come_from_positions_and_for_others_by_contract() {
    let modes = "/contract/marginMode";
    let leverages = "/contract/crossLeverage";
    let mut bench = Bench::new(&[modes, leverages]);
    bench.run_until(2_000);
    bench.clear();
    let frame = |topic: &str, data: &str| {
        format!(
            r#"{{"topic":"{topic}","type":"message","subject":"user.config","channelType":"private","data":{data}}}"#
        )
    };
    bench.live(modes, &frame(modes, r#"{"ETHUSDTM":"ISOLATED"}"#));
    bench.live(
        leverages,
        &frame(
            leverages,
            r#"{"XBTUSDTM":{"leverage":"5"},"SOLUSDTM":{"leverage":"7"}}"#,
        ),
    );
    bench.outage(10_000, 15_000);
    bench.on("/api/v1/positions", [position("XBTUSDTM", 2, 18_000)]);
    let mode = r#"{"symbol":"ETHUSDTM","marginMode":"CROSS"}"#;
    bench.on("/api/v2/position/getMarginMode symbol=ETHUSDTM", [mode]);
    let leverage = r#"{"symbol":"SOLUSDTM","leverage":"9"}"#;
    bench.on("/api/v2/getCrossUserLeverage symbol=SOLUSDTM", [leverage]);
    bench.run_until(60_000);
    let mut rows = bench.rows("symbol");
    rows.sort();
    assert_eq!(
        rows,
        [
            "/api/v1/positions XBTUSDTM",
            "/api/v1/positions XBTUSDTM",
            "/api/v2/getCrossUserLeverage SOLUSDTM",
            "/api/v2/position/getMarginMode ETHUSDTM",
        ]
    );
    assert_eq!(bench.count("/api/v2/getCrossUserLeverage"), 1);
}
