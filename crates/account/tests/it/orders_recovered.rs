//! Recovered events, in the form that recovery writes, before and after pushed ones.

use std::sync::Arc;

use kucoin_streams_account::{AccountOrder, OrderOutcome};

use crate::support::{Bench, classic, dec, ms, pro, spot};

const SPOT_FILLS: &str = "/api/v1/hf/fills";

/// Feeds pushed and recovered frames in both orders, and checks that the order is the same.
fn both_ways(pushed: &[String], recovered: &[String], order_id: &str) -> Arc<AccountOrder> {
    let mut benches = [Bench::new(), Bench::new()];
    benches[0].push_all(pushed);
    for frame in recovered {
        for bench in &mut benches {
            bench.recover(frame, SPOT_FILLS);
        }
    }
    benches[1].push_all(pushed);
    for bench in &mut benches {
        bench.advance(10_000);
        assert_eq!(bench.violations(), []);
    }
    assert_eq!(benches[0].order(order_id), benches[1].order(order_id));
    benches[0].order(order_id)
}

const PLACED: &str = r#""symbol":"ETH-USDT","side":"sell","orderId":"a1","clientOid":"q-771","orderTime":1801000000000,"orderType":"limit","price":"3150.25""#;

fn pushed(data: &str) -> String {
    spot(&format!("{PLACED},{data}"))
}

fn open() -> String {
    pushed(
        r#""type":"open","status":"open","originSize":"0.05","size":"0.05","filledSize":"0","remainSize":"0.05","canceledSize":"0","ts":1801000000010000000"#,
    )
}

fn matched() -> String {
    pushed(
        r#""type":"match","status":"open","originSize":"0.05","size":"0.05","filledSize":"0.02","remainSize":"0.03","canceledSize":"0","matchPrice":"3150.25","matchSize":"0.02","tradeId":"71","liquidity":"maker","feeType":"makerFee","ts":1801000000020000000"#,
    )
}

fn canceled() -> String {
    pushed(
        r#""type":"canceled","status":"done","originSize":"0.05","size":"0.05","filledSize":"0.02","remainSize":"0","canceledSize":"0.03","ts":1801000000030000000"#,
    )
}

/// The row of the order has `funds` though it is an order by size, and the row of the fill has the fee.
fn recovered_match() -> String {
    spot(
        r#""type":"match","symbol":"ETH-USDT","orderId":"a1","side":"sell","orderType":"limit","matchPrice":"3150.25","matchSize":"0.02","tradeId":"71","liquidity":"maker","ts":1801000000020000000,"clientOid":"q-771","price":"3150.25","size":"0.05","funds":"157.5125","orderTime":1801000000000,"filledSize":"0.02","feeType":"makerFee","counterOrderId":"x","forceTaker":false,"fee":"0.063005","feeRate":"0.001","feeCurrency":"USDT","tax":"0","tradeType":"TRADE""#,
    )
}

fn recovered_canceled() -> String {
    spot(
        r#""type":"canceled","status":"done","symbol":"ETH-USDT","orderId":"a1","clientOid":"q-771","side":"sell","orderType":"limit","price":"3150.25","size":"0.05","funds":"157.5125","orderTime":1801000000000,"filledSize":"0.02","remainSize":"0","remainFunds":"0","canceledSize":"0.03","canceledFunds":"94.5075","opType":"DEAL","dealFunds":"63.005","fee":"0.063005","feeCurrency":"USDT","stp":null,"active":false,"cancelExist":true,"tax":"0""#,
    )
}

#[test]
fn recovered_match_equals_the_pushed_one_and_has_the_fee() {
    let order = both_ways(&[open(), matched()], &[recovered_match()], "a1");
    assert_eq!(order.filled_value, Some(dec("63.005")));
    assert_eq!(order.size, Some(dec("0.05")));
    assert_eq!(order.funds, None);
    assert_eq!(order.fees[0].amount, dec("0.063005"));
    assert!(order.has_all_fees);
}

#[test]
fn recovered_end_equals_the_pushed_one() {
    let order = both_ways(
        &[open(), matched(), canceled()],
        &[recovered_match(), recovered_canceled()],
        "a1",
    );
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
    assert_eq!(order.remain_size, Some(dec("0")));
    assert_eq!(order.ended_at, Some(ms(30)));
}

#[test]
fn recovered_end_alone_has_the_value_and_the_fee() {
    let order = both_ways(&[], &[recovered_canceled()], "a1");
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
    assert_eq!(order.filled_value, Some(dec("63.005")));
    assert_eq!((order.size, order.funds), (Some(dec("0.05")), None));
    assert_eq!(order.fees[0].amount, dec("0.063005"));
    assert_eq!(order.ended_at, None);
}

#[test]
fn recovered_limit_order_with_unknown_value_is_partly_filled() {
    let frame = recovered_canceled().replace(r#""dealFunds":"63.005","#, "");
    let order = both_ways(&[], &[frame], "a1");
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
    assert_eq!(order.filled_value, None);
}

#[test]
fn filled_order_that_rest_calls_canceled_is_filled() {
    let pushed = [
        open(),
        pushed(
            r#""type":"update","status":"open","originSize":"0.05","oldSize":"0.05","size":"0.02","filledSize":"0","remainSize":"0.02","canceledSize":"0.03","ts":1801000000015000000"#,
        ),
        matched()
            .replace(r#""remainSize":"0.03""#, r#""remainSize":"0""#)
            .replace(r#""size":"0.05""#, r#""size":"0.02""#),
        pushed(
            r#""type":"filled","status":"done","originSize":"0.05","size":"0.02","filledSize":"0.02","remainSize":"0","canceledSize":"0.03","ts":1801000000020000000"#,
        ),
    ];
    let recovered = recovered_canceled().replace(r#""size":"0.05""#, r#""size":"0.02""#);
    let order = both_ways(&pushed, &[recovered], "a1");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
}

#[test]
fn recovered_market_buy_by_funds_is_filled() {
    let frames = [
        spot(
            r#""type":"match","symbol":"SOL-USDT","orderId":"m1","side":"buy","orderType":"market","matchPrice":"140.05","matchSize":"0.1785","tradeId":"72","liquidity":"taker","ts":1801000000020000000,"funds":"25","orderTime":1801000000000,"filledSize":"0.1785","feeType":"takerFee","fee":"0.024998925","feeCurrency":"USDT""#,
        ),
        spot(
            r#""type":"canceled","status":"done","symbol":"SOL-USDT","orderId":"m1","side":"buy","orderType":"market","funds":"25","orderTime":1801000000000,"filledSize":"0.1785","remainSize":"0","remainFunds":"0","canceledSize":"0","canceledFunds":"0.001075","dealFunds":"24.998925","fee":"0.024998925","feeCurrency":"USDT""#,
        ),
    ];
    let order = both_ways(&[], &frames, "m1");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!((order.size, order.funds), (None, Some(dec("25"))));
    assert_eq!(order.filled_value, Some(dec("24.998925")));
}

#[test]
fn recovered_open_order_that_is_partly_filled_has_no_amounts() {
    let recovered = spot(
        r#""type":"open","status":"open","symbol":"ETH-USDT","orderId":"a1","clientOid":"q-771","side":"sell","orderType":"limit","price":"3150.25","size":"0.05","funds":"157.5125","orderTime":1801000000000,"opType":"DEAL","dealFunds":"63.005","fee":"0.063005","feeCurrency":"USDT""#,
    );
    let order = both_ways(&[], std::slice::from_ref(&recovered), "a1");
    assert_eq!(
        (order.filled_size, order.size),
        (dec("0"), Some(dec("0.05")))
    );
    let order = both_ways(&[open(), matched()], &[recovered], "a1");
    assert_eq!(order.filled_size, dec("0.02"));
}

#[test]
fn recovered_pro_fill_has_the_time_of_the_execution() {
    let fill = pro(
        r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","ls":"100","lS":"4","ti":"61","lR":"MAKER","U":1801000000400000000,"ci":"c-1","p":"100","q":"10","qU":"UNIT","O":1801000000000100200,"fS":"4""#,
    );
    let order = both_ways(&[], std::slice::from_ref(&fill), "9001");
    assert_eq!((order.filled_size, order.size), (dec("4"), Some(dec("10"))));
    let mut bench = Bench::new();
    bench.recover(&fill, "/api/ua/v1/unified/order/execution");
    let state = bench.state();
    let kept = state.fills().next().unwrap();
    assert_eq!(kept.fill.time, Some(ms(400)));
    assert!(kept.is_recovered);
}

#[test]
fn recovered_classic_market_order_by_funds_has_no_size() {
    let end = classic(
        "SPOT",
        r#""os":6,"oi":"9005","ci":"c-5","s":"BTC-USDT","S":"BUY","oT":"MARKET","p":"0","q":"0","tIF":"GTC","O":1801000000000000000,"fS":"4","rS":"0","cS":"0","f":"0.1","fC":"USDT","t":"0","cR":"11""#,
    );
    let order = both_ways(&[], &[end], "9005");
    assert_eq!(order.size, None);
    assert_eq!(order.filled_size, dec("4"));
}

#[test]
fn pushed_fill_is_not_recovered_any_more() {
    let mut bench = Bench::new();
    bench.recover(&recovered_match(), SPOT_FILLS);
    assert!(bench.state().fills().all(|fill| fill.is_recovered));
    bench.push(&matched());
    let state = bench.state();
    assert_eq!(state.fills().filter(|fill| !fill.is_recovered).count(), 1);
    assert_eq!(state.fills().count(), 1);
}

const REDUCED: &str = r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","q":"10","qU":"UNIT","O":1801000000000100200"#;

#[test]
fn recovered_end_of_a_reduced_pro_order_has_the_reduced_size() {
    let open = pro(&format!(
        r#"{REDUCED},"os":2,"eT":"OPEN","fS":"0","rS":"10","U":1801000000000300400"#
    ));
    let fill = pro(&format!(
        r#"{REDUCED},"lS":"4","ls":"100","ti":"61","fS":"4","U":1801000000400000000"#
    ));
    // The row of the order has no remaining size.
    let end = pro(&format!(
        r#"{REDUCED},"os":3,"fS":"4","aP":"100","f":"0","fC":"USDT","cR":"","cS":"6","U":1801000000400000000"#
    ));
    let order = both_ways(&[open], &[fill, end], "9001");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!((order.size, order.filled_size), (Some(dec("4")), dec("4")));
}

#[test]
fn recovered_fill_does_not_undo_a_reduction() {
    let mut bench = Bench::new();
    bench.push(&pro(&format!(
        r#"{REDUCED},"os":2,"eT":"UPDATE","fS":"0","rS":"4","cS":"6","U":1801000000300300400"#
    )));
    bench.advance(5_000);
    bench.recover(
        &pro(&format!(
            r#"{REDUCED},"lS":"1","ls":"100","ti":"61","fS":"1","U":1801000000400000000"#
        )),
        SPOT_FILLS,
    );
    let order = bench.order("9001");
    assert_eq!(
        (order.size, order.remain_size),
        (Some(dec("4")), Some(dec("3")))
    );
}

/// REST does not say whether a triggered stop order has placed an order, but whether it is still active.
#[test]
fn recovered_trigger_of_an_inactive_futures_order_is_its_end() {
    let frame = |fields: &str| {
        format!(
            r#"{{"topic":"/contractMarket/advancedOrders","type":"message","subject":"stopOrder","data":{{"orderId":"f1","symbol":"XBTUSDTM","type":"triggered","orderType":"stop","side":"sell","size":5,"stop":"down","stopPrice":"60000","stopPriceType":"TP",{fields}"createdAt":1801000000000}}}}"#
        )
    };
    let cases = [
        ("", None),
        (r#""isActive":true,"cancelExist":false,"dealSize":0,"#, None),
        (
            r#""isActive":false,"cancelExist":true,"dealSize":0,"#,
            Some(OrderOutcome::Canceled),
        ),
        (
            r#""isActive":false,"cancelExist":false,"dealSize":0,"#,
            Some(OrderOutcome::Failed),
        ),
        (
            r#""isActive":false,"cancelExist":false,"dealSize":5,"#,
            Some(OrderOutcome::Filled),
        ),
    ];
    for (fields, outcome) in cases {
        let mut bench = Bench::new();
        bench.recover(&frame(fields), "/api/v1/orders/{orderId}");
        assert_eq!(bench.order("f1").outcome, outcome, "{fields}");
    }
}
