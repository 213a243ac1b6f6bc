//! Pro V2: unified accounts, and classic accounts by the V1 endpoints.

use kucoin_streams_core::Text;
use kucoin_streams_recovery::RecoverySettings;

use crate::bench::{Bench, errors, ms, ns};

const ORDERS: &str = "orderAll?tradeType=UNIFIED";
const EXECUTIONS: &str = "execution?tradeType=UNIFIED";
const OPEN: &str = "/api/ua/v1/unified/order/open-list";
const FILLS: &str = "/api/ua/v1/unified/order/execution";
const HISTORY: &str = "/api/ua/v1/unified/order/history";
const NO_SYMBOLS: [&str; 2] = [
    "orders of symbols that are not named (unified, margin): NoSymbols",
    "orders of symbols that are not named (unified, spot): NoSymbols",
];

fn row(id: &str, symbol: &str, status: u32, at: i64, filled: &str) -> String {
    format!(
        r#"{{"orderId":"{id}","symbol":"{symbol}","orderType":"LIMIT","side":"BUY","size":"3","price":"50000","timeInForce":"GTC","orderTime":{},"postOnly":false,"reduceOnly":false,"filledSize":"{filled}","avgPrice":"0","fee":"0","feeCurrency":"USDT","updatedTime":{},"cancelReason":"","cancelSize":"0","clientOid":"u-1","sizeUnit":"UNIT","status":{status}}}"#,
        ns(at) + 417,
        ns(at + 1_000)
    )
}

fn fill(id: &str, symbol: &str, trade: &str, at: i64) -> String {
    format!(
        r#"{{"orderId":"{id}","symbol":"{symbol}","orderType":"LIMIT","side":"BUY","tradeId":"{trade}","size":"1","price":"50000","value":"50000","executionTime":{},"fee":"0.05","feeCurrency":"USDT","tax":"","liquidityRole":"TAKER","fillType":"NORMAL"}}"#,
        ns(at)
    )
}

fn named() -> RecoverySettings {
    let mut settings = RecoverySettings::default();
    settings.symbols = vec![Text::from_static("BTC-USDT")];
    settings
}

#[test]
fn orders_and_executions_share_the_queries_and_have_their_own_frames() {
    let topics = [ORDERS, EXECUTIONS, "execution.lite?tradeType=UNIFIED"];
    let mut bench = Bench::with(&topics, named());
    bench.run_until(2_000);
    bench.clear();
    bench.outage(10_000, 15_000);
    let futures = format!("{FILLS} tradeType=FUTURES");
    bench.on(&futures, [fill("1", "XBTUSDTM", "7", 12_000)]);
    bench.on(
        &format!("{HISTORY} tradeType=FUTURES"),
        [row("1", "XBTUSDTM", 5, 11_000, "1")],
    );
    bench.run_until(60_000);
    assert_eq!(bench.count(&futures), 2);
    assert!(bench.reports()[0].is_complete(), "{:?}", bench.missing());
    let frames = bench.frames();
    let texts: Vec<_> = frames
        .iter()
        .map(|(topic, frame)| format!("{topic} {frame}"))
        .collect();
    assert_eq!(texts.len(), 4);
    assert!(texts[0].starts_with(r#"orderAll?tradeType=UNIFIED {"T":"orderAll.UNIFIED""#));
    for part in [
        r#""ti":"7""#,
        r#""lS":"1""#,
        r#""ls":"50000""#,
        r#""q":"3""#,
        r#""fS":"1""#,
    ] {
        assert!(texts[0].contains(part), "{part} in {}", texts[0]);
    }
    assert!(texts[1].contains(r#""T":"execution.UNIFIED""#) && texts[1].contains(r#""f":"0.05""#));
    assert!(texts[1].contains(r#""ci":"u-1""#));
    assert!(texts[2].contains(r#""T":"execution.lite.UNIFIED""#));
    // The end has the exact time of the matching engine.
    let end = &texts[3];
    assert!(
        end.contains(r#""os":5"#) && end.contains(&format!(r#""U":{}"#, ns(12_000))),
        "{end}"
    );
    assert!(end.contains(&format!(r#""O":{}"#, ns(11_000) + 417)));
}

#[test]
fn order_of_one_symbol_asks_for_nothing_else() {
    let topic = "order?tradeType=UNIFIED&symbol=BTC-USDT";
    let mut bench = Bench::new(&[topic]);
    bench.run_until(2_000);
    assert!(bench.reports()[0].is_complete());
    let other = bench
        .sent
        .iter()
        .filter(|sent| !sent.contains("symbol=BTC-USDT"));
    assert_eq!(other.count(), 1, "{:?}", bench.sent);
    bench.clear();
    bench.outage(10_000, 15_000);
    bench.run_until(60_000);
    assert!(bench.reports()[0].is_complete());
    assert_eq!(bench.count("tradeType=FUTURES"), 0);
}

#[test]
fn spot_without_symbols_is_named_as_missing() {
    let mut bench = Bench::new(&[ORDERS]);
    bench.run_until(5_000);
    assert_eq!(bench.missing(), NO_SYMBOLS);
    // Futures need no symbol.
    assert_eq!(bench.count(&format!("{OPEN} tradeType=FUTURES")), 2);
    bench.clear();
    bench.outage(10_000, 15_000);
    bench.run_until(60_000);
    assert_eq!(bench.missing(), NO_SYMBOLS);
}

#[test]
fn symbols_of_events_are_asked_by_their_shape() {
    let mut bench = Bench::started(&[ORDERS]);
    let live = |id: &str, symbol: &str| {
        format!(
            r#"{{"T":"orderAll.UNIFIED","d":{{"oi":"{id}","os":2,"eT":"OPEN","s":"{symbol}","S":"BUY","q":"3","fS":"0","O":{0},"U":{0}}}}}"#,
            ns(5_000)
        )
    };
    bench.run_until(5_000);
    bench.live(ORDERS, &live("1", "XBTUSDTM"));
    bench.live(ORDERS, &live("2", "KCS-USDT"));
    bench.outage(10_000, 15_000);
    bench.run_until(60_000);
    assert_eq!(
        bench.count(&format!("{FILLS} tradeType=SPOT symbol=KCS-USDT")),
        2
    );
    assert_eq!(bench.count("tradeType=SPOT symbol=XBTUSDTM"), 0);
}

#[test]
fn currencies_suggest_symbols_and_unexplained_ones_are_named() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.outage(10_000, 15_000);
    let booking = |id: &str, currency: &str| {
        format!(
            r#"{{"accountType":"UNIFIED","id":"{id}","currency":"{currency}","direction":"IN","businessType":"TRADE_EXCHANGE","amount":"1","balance":"1","ts":{}}}"#,
            ns(12_000)
        )
    };
    bench.on(
        "/api/ua/v1/account/ledger",
        [
            booking("1", "SOL"),
            booking("2", "XYZ"),
            booking("3", "USDT"),
        ],
    );
    let balance = r#"{"currency":"KCS","balance":"5","hold":"2"}"#;
    bench.on("/api/ua/v1/unified/account/balance", [balance]);
    let fills = |symbol: &str| format!("{FILLS} tradeType=SPOT symbol={symbol}");
    bench.on(&fills("SOL-USDT"), [fill("1", "SOL-USDT", "7", 12_000)]);
    bench.on_error("symbol=XYZ-USDT", errors::bad_parameter);
    bench.on(
        &format!("{OPEN} tradeType=SPOT symbol=KCS-USDT orderFilter=NORMAL"),
        [row("2", "KCS-USDT", 2, 11_000, "0")],
    );
    bench.on(
        "/api/ua/v1/unified/order/detail orderId=1",
        [row("1", "SOL-USDT", 3, 11_000, "1")],
    );
    bench.run_until(60_000);
    let mut expected = vec!["fills in XYZ: NoSymbols"];
    expected.extend(NO_SYMBOLS);
    assert_eq!(bench.missing(), expected);
    let lines = bench.lines();
    assert_eq!(
        lines[1..4],
        ["recovered 2 2", "recovered 1 7", "recovered 3 1"]
    );
    // Currencies that orders hold suggest open orders, and booked ones suggest fills. Rows name symbols for the next sweep.
    assert_eq!(bench.count(&fills("KCS-USDT")), 2);
    assert_eq!(
        bench.count(&format!("{OPEN} tradeType=SPOT symbol=SOL-USDT")),
        4
    );
}

#[test]
fn margin_of_a_unified_account_is_asked_if_it_is_used() {
    let history = format!("{HISTORY} tradeType=MARGIN symbol=BTC-USDT");
    let open = format!("{OPEN} tradeType=MARGIN symbol=BTC-USDT");
    let mut bench = Bench::with(&[ORDERS], named());
    bench.run_until(2_000);
    bench.outage(10_000, 15_000);
    bench.run_until(60_000);
    // Two lists at the start, and two in the second sweep.
    assert_eq!((bench.count(&history), bench.count(&open)), (0, 4));
    bench.clear();
    // An event of a margin order.
    let live = format!(
        r#"{{"T":"orderAll.UNIFIED","d":{{"oi":"1","os":2,"eT":"OPEN","tT":"MARGIN","s":"BTC-USDT","S":"BUY","q":"3","fS":"0","O":{0},"U":{0}}}}}"#,
        ns(61_000)
    );
    bench.live(ORDERS, &live);
    bench.outage(70_000, 75_000);
    bench.on(&history, [row("1", "BTC-USDT", 5, 61_000, "0")]);
    bench.run_until(99_000);
    bench.expect(&["live 2 1", "gap", "recovered 5 1", "report"]);
    // An unexplained booking.
    let booking = format!(
        r#"{{"accountType":"UNIFIED","id":"1","currency":"BTC","direction":"IN","businessType":"TRADE_EXCHANGE","amount":"1","balance":"1","ts":{}}}"#,
        ns(102_000)
    );
    bench.run_until(100_000);
    bench.on(&history, [""; 0]);
    bench.outage(130_000, 131_000);
    bench.run_until(160_000);
    bench.clear();
    bench.outage(170_000, 175_000);
    bench.on("/api/ua/v1/account/ledger", [booking]);
    bench.on(
        &format!("{FILLS} tradeType=MARGIN symbol=BTC-USDT"),
        [fill("2", "BTC-USDT", "7", 172_000)],
    );
    bench.on(&history, [row("2", "BTC-USDT", 3, 171_000, "1")]);
    bench.run_until(199_000);
    bench.expect(&["gap", "recovered 2 7", "recovered 3 2", "report"]);
}

#[test]
fn conditional_order_that_was_triggered_is_over() {
    let mut bench = Bench::with(&[ORDERS], named());
    let list = format!("{OPEN} tradeType=FUTURES orderFilter=ADVANCED");
    bench.on(&list, [row("1", "XBTUSDTM", 0, -60_000, "0")]);
    bench.run_until(2_000);
    bench.expect(&["snapshot 1", "report"]);
    bench.outage(10_000, 15_000);
    bench.on(&list, [""; 0]);
    let detail = "/api/ua/v1/unified/order/detail tradeType=FUTURES symbol=XBTUSDTM orderId=1";
    bench.on(detail, [row("1", "XBTUSDTM", 1, -60_000, "0")]);
    bench.run_until(60_000);
    bench.expect(&["gap", "recovered 1 1", "report"]);
    assert_eq!(bench.count(detail), 1);
    bench.outage(70_000, 71_000);
    bench.run_until(99_000);
    bench.expect(&["gap", "report"]);
}

#[test]
fn market_buy_by_funds_is_not_compared_with_its_fills() {
    let mut bench = Bench::with(&[ORDERS], named());
    bench.run_until(2_000);
    bench.clear();
    bench.outage(10_000, 15_000);
    let done = row("1", "BTC-USDT", 3, 11_000, "50000").replace("UNIT", "QUOTECCY");
    bench.on(&format!("{HISTORY} tradeType=SPOT"), [done]);
    bench.on(
        &format!("{FILLS} tradeType=SPOT"),
        [fill("1", "BTC-USDT", "7", 12_000)],
    );
    bench.run_until(60_000);
    assert!(bench.reports()[0].is_complete());
}

#[test]
fn positions_leverages_and_risk_are_rows() {
    let topics = [
        "positionAll?tradeType=UNIFIED",
        "leverage?tradeType=UNIFIED",
        "lw?tradeType=UNIFIED",
    ];
    let mut bench = Bench::new(&topics);
    let position = format!(
        r#"{{"symbol":"XBTUSDTM","id":"4","size":"1","updateTime":{}}}"#,
        ns(900)
    );
    bench.on("/api/ua/v1/unified/position/open-list", [position]);
    bench.on(
        "/api/ua/v1/unified/account/leverage",
        [r#"{"symbol":"XBTUSDTM","leverage":"80"}"#],
    );
    bench.on(
        "/api/ua/v1/unified/account/overview",
        [r#"{"riskRatio":"0.0007"}"#],
    );
    let older = format!(
        r#"{{"T":"positionAll.UNIFIED","d":{{"s":"XBTUSDTM","pi":"4","q":"2","U":{}}}}}"#,
        ns(899)
    );
    bench.live(topics[0], &older);
    bench.run_until(2_000);
    assert_eq!(
        bench.rows("symbol"),
        [
            "/api/ua/{v}/unified/position/open-list XBTUSDTM",
            "/api/ua/{v}/unified/account/leverage XBTUSDTM",
            "/api/ua/{v}/unified/account/overview ",
        ]
    );
    assert_eq!(bench.lines().len(), 4);
    // The position is closed in the gap.
    bench.outage(10_000, 15_000);
    bench.on("/api/ua/v1/unified/position/open-list", [""; 0]);
    let closed = r#"{"symbol":"XBTUSDTM","closeId":"40","side":"LONG"}"#;
    bench.on("/api/ua/v1/position/history", [closed]);
    bench.run_until(60_000);
    assert_eq!(bench.rows("closeId")[0], "/api/ua/{v}/position/history 40");
    assert!(bench.reports()[0].is_complete());
}

#[test]
fn classic_spot_is_asked_by_the_spot_endpoints() {
    let mut bench = Bench::started(&["orderAll?tradeType=SPOT", "execution?tradeType=SPOT"]);
    bench.outage(10_000, 15_000);
    use crate::bench::spot;
    bench.on(spot::LEDGER, [spot::booking("1", "o1", "7", 12_000)]);
    bench.on(spot::FILLS, [spot::fill("o1", "7", 12_000)]);
    bench.on(spot::DONE, [spot::row("o1", "canceled", 11_000, "0.1")]);
    bench.run_until(60_000);
    assert!(bench.sent.iter().all(|sent| !sent.contains("/ua/")));
    let frames = bench.frames();
    let texts: Vec<_> = frames.iter().map(|(_, frame)| frame.as_str()).collect();
    for part in [
        r#""T":"execution.SPOT""#,
        r#""S":"BUY""#,
        r#""oT":"LIMIT""#,
        r#""lR":"MAKER""#,
        r#""ti":"7""#,
        r#""f":"9.00001""#,
        &format!(r#""E":{}"#, ns(12_000)),
    ] {
        assert!(texts[1].contains(part), "{part} in {}", texts[1]);
    }
    let end = texts[2];
    for part in [r#""os":6"#, r#""oi":"o1""#, r#""fS":"0.1""#, r#""tIF""#] {
        assert_eq!(end.contains(part), part != r#""tIF""#, "{part} in {end}");
    }
    assert!(end.contains(&format!(r#""O":{}"#, ms(11_000) * 1_000_000)));
}

#[test]
fn classic_futures_are_asked_by_the_futures_endpoints() {
    let topics = [
        "orderAll?tradeType=FUTURES",
        "execution?tradeType=FUTURES",
        "positionAll?tradeType=FUTURES",
    ];
    let mut bench = Bench::started(&topics);
    bench.outage(10_000, 15_000);
    let fill = format!(
        r#"{{"symbol":"XBTUSDTM","tradeId":"7","orderId":"f1","side":"sell","liquidity":"taker","price":"91249.5","size":1,"fee":"0.05","feeCurrency":"USDT","marginMode":"CROSS","orderType":"market","tradeType":"liquid","tradeTime":{}}}"#,
        ns(12_000)
    );
    bench.on("/api/v1/recentFills", [fill]);
    let done = format!(
        r#"{{"id":"f1","symbol":"XBTUSDTM","type":"market","side":"sell","size":3,"filledSize":1,"isActive":false,"cancelExist":true,"orderTime":{},"status":"done","leverage":3,"reduceOnly":true}}"#,
        ns(11_000)
    );
    bench.on("/api/v1/recentDoneOrders", [done]);
    bench.on(
        "/api/v1/positions",
        [r#"{"symbol":"XBTUSDTM","currentQty":1,"isOpen":true}"#],
    );
    bench.run_until(60_000);
    assert_eq!(bench.rows("symbol"), ["/api/v1/positions XBTUSDTM"]);
    let frames = bench.frames();
    let texts: Vec<_> = frames.iter().map(|(_, frame)| frame.as_str()).collect();
    for part in [
        r#""S":"SELL""#,
        r#""q":"1""#,
        r#""fT":"LIQUID""#,
        r#""mM":"CROSS""#,
    ] {
        assert!(texts[1].contains(part), "{part} in {}", texts[1]);
    }
    for part in [
        r#""os":6"#,
        r#""q":"3""#,
        r#""cS":"2""#,
        r#""rS":"0""#,
        r#""l":"3""#,
        r#""rO":true"#,
    ] {
        assert!(texts[2].contains(part), "{part} in {}", texts[2]);
    }
}

#[test]
fn classic_margin_is_always_asked() {
    let mut bench = Bench::started(&["orderAll?tradeType=CROSS"]);
    bench.outage(10_000, 15_000);
    bench.run_until(60_000);
    assert_eq!(
        bench.count("/api/v3/hf/margin/order/active/symbols tradeType=MARGIN_TRADE"),
        2
    );
    assert_eq!(bench.count("tradeType=MARGIN_ISOLATED_TRADE"), 0);
}
