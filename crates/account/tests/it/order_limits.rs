//! Dropped orders, numbers that do not fit, and hostile order IDs.

use kucoin_streams_account::{AccountSettings, OrderOutcome};

use crate::support::{Bench, dec, execution, in_any_order, pro, spot};

fn order(order_id: &str, data: &str) -> String {
    spot(&format!(
        r#""symbol":"BTC-USDT","side":"buy","orderId":"{order_id}","orderTime":1801000000000,"orderType":"limit","price":"100",{data}"#
    ))
}

fn open(order_id: &str) -> String {
    order(
        order_id,
        r#""type":"open","status":"open","size":"1","filledSize":"0","remainSize":"1","ts":1801000000010000000"#,
    )
}

fn canceled(order_id: &str) -> String {
    order(
        order_id,
        r#""type":"canceled","status":"done","size":"1","filledSize":"0","remainSize":"0","canceledSize":"1","ts":1801000000020000000"#,
    )
}

fn kept(bench: &Bench) -> Vec<String> {
    bench
        .state()
        .orders()
        .map(|order| order.order_id.to_string())
        .collect()
}

#[test]
fn oldest_done_orders_are_dropped_and_stay_dropped() {
    let mut bench = Bench::with_max_done(2);
    bench.push(&open("z"));
    for order_id in ["a", "b", "c"] {
        bench.push_all(&[open(order_id), canceled(order_id)]);
    }
    assert_eq!(kept(&bench), ["b", "c", "z"]);
    bench.push_all(&[open("a"), canceled("a")]);
    assert_eq!(kept(&bench), ["b", "c", "z"]);
    assert_eq!(bench.violations(), []);
}

#[test]
fn order_whose_execution_came_first_is_not_dropped_early() {
    let mut bench = Bench::with_max_done(2);
    bench.push(&execution(r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","q":"1","ti":"61","E":1801000000010000000,"f":"0.1","fC":"USDT","fT":"NORMAL""#));
    bench.push(&pro(r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","os":3,"eT":"FILL","q":"1","qU":"UNIT","fS":"1","rS":"0","lS":"1","ls":"100","ti":"61","U":1801000000010000000"#));
    bench.push_all(&[open("a"), canceled("a")]);
    assert_eq!(kept(&bench), ["9001", "a"]);
}

#[test]
fn dropped_execution_does_not_hide_its_order() {
    let mut bench = Bench::with_max_done(1);
    bench.push(&execution(r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","q":"1","ti":"61","E":1801000000010000000,"f":"0.1","fC":"USDT","fT":"NORMAL""#));
    for order_id in ["a", "b"] {
        bench.push_all(&[open(order_id), canceled(order_id)]);
    }
    bench.push(&pro(r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","os":4,"eT":"MATCH","q":"2","qU":"UNIT","fS":"1","rS":"1","lS":"1","ls":"100","ti":"61","U":1801000000010000000"#));
    assert_eq!(bench.order("9001").filled_value, Some(dec("100")));
    assert_eq!(bench.order("9001").self_trades, 0);
    let state = bench.state();
    assert_eq!(state.fills().count(), 1);
    let fee = state.fills().next().and_then(|fill| fill.fill.fee);
    assert_eq!(fee, Some(dec("0.1")));
}

#[test]
fn executions_without_an_order_topic_are_dropped_too() {
    let mut bench = Bench::with_max_done(10);
    let execution = |id: u32| {
        execution(&format!(
            r#""oi":"{id}","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","q":"1","ti":"{id}","E":1801000000010000000,"f":"0.1","fC":"USDT","fT":"NORMAL""#
        ))
    };
    for order_id in 1..=100 {
        bench.push(&execution(order_id));
    }
    // The orders of the first executions are not known any more, but their fills are.
    bench.push(&execution(1));
    assert_eq!(bench.state().fills().count(), 100);
    let self_trades = bench
        .state()
        .fills()
        .filter(|fill| fill.is_self_trade)
        .count();
    assert_eq!(self_trades, 0);
    let debug = format!("{:?}", bench.book);
    assert_eq!(debug.matches("FoldedFill").count(), 10);
}

#[test]
fn oldest_fills_are_dropped_and_still_count() {
    let mut settings = AccountSettings::default();
    (settings.audit, settings.max_fills) = (None, 1);
    let mut bench = Bench::with(settings);
    let fill = |trade: u32, filled: &str, remain: &str| {
        order(
            "a",
            &format!(
                r#""type":"match","status":"open","size":"1","filledSize":"{filled}","remainSize":"{remain}","matchPrice":"100","matchSize":"0.5","tradeId":"{trade}","liquidity":"maker","ts":1801000000020000000"#
            ),
        )
    };
    bench.push_all(&[
        fill(71, "0.5", "0.5"),
        fill(72, "1", "0"),
        fill(71, "0.5", "0.5"),
    ]);
    assert_eq!(bench.state().fills().count(), 1);
    assert_eq!(bench.order("a").filled_value, Some(dec("100")));
}

#[test]
fn value_that_does_not_fit_exactly_is_unknown() {
    let frames = [order(
        "a",
        r#""type":"match","status":"open","size":"1.23456789012345678","filledSize":"1.23456789012345678","remainSize":"0","matchPrice":"12345.678901234567891","matchSize":"1.23456789012345678","tradeId":"71","liquidity":"maker","ts":1801000000020000000"#,
    )];
    let order = in_any_order(&frames, "a");
    assert_eq!(order.filled_size, dec("1.23456789012345678"));
    assert_eq!((order.filled_value, order.average_price()), (None, None));
}

#[test]
fn sizes_at_the_limit_of_28_digits_do_not_panic() {
    let huge = "79228162514264337593543950335";
    for (size, filled, remain) in [
        (huge, huge, huge),
        (huge, "-1", huge),
        ("-79228162514264337593543950335", huge, "0"),
    ] {
        let fill = |trade: u32| {
            order(
                "a",
                &format!(
                    r#""type":"match","status":"open","size":"{size}","filledSize":"{filled}","remainSize":"{remain}","matchPrice":"{huge}","matchSize":"{size}","tradeId":"{trade}","liquidity":"maker","ts":1801000000020000000"#
                ),
            )
        };
        let end = order(
            "a",
            &format!(
                r#""type":"canceled","status":"done","size":"{size}","filledSize":"{filled}","remainSize":"{remain}","ts":1801000000020000000"#
            ),
        );
        let market = end.replace("limit", "market").replace(
            r#""type":"#,
            r#""funds":"79228162514264337593543950335","type":"#,
        );
        let bench = Bench::of(&[fill(71), fill(72), end, market]);
        assert_eq!(bench.order("a").filled_value, None);
    }
}

#[test]
fn executions_that_do_not_fit_are_unknown_value() {
    let fill = |trade: u32| {
        execution(&format!(
            r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"1","q":"79228162514264337593543950335","ti":"{trade}","E":1801000000010000000,"f":"79228162514264337593543950335","fC":"USDT","fT":"NORMAL""#
        ))
    };
    let open = pro(
        r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"1","os":2,"eT":"OPEN","q":"1","qU":"UNIT","fS":"0","rS":"1","U":1801000000010000000"#,
    );
    let order = Bench::of(&[open, fill(61), fill(62)]).order("9001");
    assert_eq!(order.filled_value, None);
    assert!(!order.has_all_fees);
}

#[test]
fn hostile_order_ids_are_plain_text() {
    let long = "x".repeat(5_000);
    for order_id in [
        "__proto__",
        "../..",
        "0x0",
        "a b",
        "\u{5e01}\u{5b89}",
        "'; --",
        &long,
    ] {
        let frames = [open(order_id), canceled(order_id)];
        assert_eq!(
            in_any_order(&frames, order_id).outcome,
            Some(OrderOutcome::Canceled)
        );
    }
}

#[test]
fn empty_order_id_is_no_order() {
    let fill = r#""type":"match","status":"open","size":"1","filledSize":"0.5","remainSize":"0.5","matchPrice":"100","matchSize":"0.5","tradeId":"71","liquidity":"maker","ts":1801000000020000000"#;
    let bench = Bench::of(&[open(""), order("", fill), order("", fill)]);
    assert_eq!(bench.state().orders().count(), 0);
    assert_eq!(bench.state().fills().count(), 1);
    assert_eq!(bench.violations(), []);
}
