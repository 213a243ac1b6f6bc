//! Rows of open orders, before and after pushed events, and orders that have vanished.

use kucoin_streams_account::{OrderOutcome, OrderPhase};
use kucoin_streams_core::WsKey;
use kucoin_streams_recovery::{LiveReport, MissingPart, MissingReason};

use crate::support::{
    Bench, FUTURES_ORDERS, PRO_ORDERS, SPOT_ORDERS, SPOT_STOPS, dec, execution, futures, pro, spot,
    spot_fill,
};

const ROW: &str = r#"{"id":"a1","clientOid":"q-771","symbol":"ETH-USDT","opType":"DEAL","type":"limit","side":"sell","price":"3150.25","size":"0.05","funds":"157.5125","dealSize":"0.02","dealFunds":"63.005","remainSize":"0.03","remainFunds":"94.5075","cancelledSize":"0","cancelledFunds":"0","fee":"0.063005","feeCurrency":"USDT","stp":null,"timeInForce":"GTC","cancelExist":false,"tradeType":"TRADE","inOrderBook":true,"active":true,"tax":"0","createdAt":1801000000000,"lastUpdatedAt":1801000009400}"#;
const PUSHED: &str = r#""symbol":"ETH-USDT","side":"sell","orderId":"a1","orderTime":1801000000000,"orderType":"limit","price":"3150.25","originSize":"0.05""#;

fn pushed(data: &str) -> String {
    spot(&format!("{PUSHED},{data}"))
}

fn spot_row(bench: &mut Bench, row: &str) {
    bench.row(
        WsKey::SpotPrivateV1,
        SPOT_ORDERS,
        "/api/v1/hf/orders/active",
        row,
    );
}

/// The fill that the row has.
fn first_match() -> String {
    pushed(
        r#""type":"match","status":"open","size":"0.05","filledSize":"0.02","remainSize":"0.03","matchPrice":"3150.25","matchSize":"0.02","tradeId":"71","liquidity":"maker","ts":1801000000002000000"#,
    )
}

/// The fill after the row.
fn second_match() -> String {
    pushed(
        r#""type":"match","status":"open","size":"0.05","filledSize":"0.05","remainSize":"0","matchPrice":"3151","matchSize":"0.03","tradeId":"72","liquidity":"maker","ts":1801000000003000000"#,
    )
}

fn filled() -> String {
    pushed(
        r#""type":"filled","status":"done","size":"0.05","filledSize":"0.05","remainSize":"0","ts":1801000000003000000"#,
    )
}

#[test]
fn partly_filled_row_is_continued_by_pushed_fills() {
    let mut bench = Bench::new();
    spot_row(&mut bench, ROW);
    let order = bench.order("a1");
    assert_eq!(
        (order.filled_size, order.filled_value),
        (dec("0.02"), Some(dec("63.005")))
    );
    assert_eq!(order.remain_size, Some(dec("0.03")));
    assert_eq!((order.size, order.funds), (Some(dec("0.05")), None));
    assert_eq!(order.fees[0].amount, dec("0.063005"));
    bench.push_all(&[second_match(), filled()]);
    bench.advance(10_000);
    let order = bench.order("a1");
    assert_eq!(
        (order.filled_size, order.filled_value),
        (dec("0.05"), Some(dec("157.535")))
    );
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert!(!order.has_all_fees);
    assert_eq!(bench.violations(), []);
}

#[test]
fn row_and_pushed_fills_agree_in_any_order() {
    for at in 0..=3 {
        let frames = [first_match(), second_match(), filled()];
        let mut bench = Bench::new();
        bench.push_all(&frames[..at]);
        // After the end, it is a row that lags.
        spot_row(&mut bench, ROW);
        bench.push_all(&frames[at..]);
        bench.advance(10_000);
        let order = bench.order("a1");
        assert_eq!(
            (order.filled_size, order.filled_value),
            (dec("0.05"), Some(dec("157.535")))
        );
        assert_eq!(order.outcome, Some(OrderOutcome::Filled));
        assert_eq!(bench.violations(), []);
    }
}

#[test]
fn futures_row_with_the_size_before_reductions_does_not_undo_them() {
    let frame = |data: &str| {
        futures(&format!(
            r#""symbol":"XBTUSDTM","side":"buy","orderId":"f1","orderTime":1801000000000123456,"orderType":"limit","price":"100",{data}"#
        ))
    };
    let mut bench = Bench::new();
    bench.push(&frame(r#""type":"update","status":"open","oldSize":"13","size":"13","filledSize":"0","remainSize":"2","canceledSize":"11","ts":1801000000002000000"#));
    bench.advance(60_000);
    bench.row(WsKey::FuturesPrivateV1, FUTURES_ORDERS, "/api/v1/orders", r#"{"id":"f1","symbol":"XBTUSDTM","type":"limit","side":"buy","price":"100","size":13,"value":"1300","dealValue":"0","dealSize":0,"stp":"","stop":"","stopTriggered":false,"stopPrice":null,"clientOid":"f-11","isActive":true,"cancelExist":false,"createdAt":1801000000000,"orderTime":1801000000000123456,"marginMode":"ISOLATED","avgDealPrice":"0","filledSize":0,"status":"open","reduceOnly":false}"#);
    let order = bench.order("f1");
    assert_eq!(
        (order.size, order.remain_size),
        (Some(dec("2")), Some(dec("2")))
    );
    assert_eq!(order.reduce_only, Some(false));
    assert_eq!(order.stop_price, None);
}

fn pro_row(bench: &mut Bench, size: &str) {
    let row = format!(
        r#"{{"orderId":"9001","symbol":"XBTUSDTM","orderType":"LIMIT","side":"BUY","size":"{size}","price":"100","timeInForce":"GTC","orderTime":1801000000000100200,"reduceOnly":false,"triggerDirection":"","triggerPrice":"","filledSize":"0","avgPrice":"0","fee":"0","feeCurrency":"USDT","tax":"0","updatedTime":1801000000000300400,"triggerOrderId":"","cancelReason":"","cancelSize":"0","clientOid":"u-1","sizeUnit":"UNIT","status":2}}"#
    );
    bench.row(
        WsKey::PrivateProV2,
        PRO_ORDERS,
        "/api/ua/v1/unified/order/open-list",
        &row,
    );
}

fn pro_open(size: &str, at: i64) -> String {
    pro(&format!(
        r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","os":2,"eT":"OPEN","q":"{size}","qU":"UNIT","fS":"0","rS":"{size}","U":{at}"#
    ))
}

#[test]
fn pro_row_has_the_amendment_that_a_gap_hid() {
    let mut bench = Bench::new();
    bench.push(&pro_open("10", 1_801_000_000_000_300_400));
    bench.advance(3_000);
    pro_row(&mut bench, "12");
    assert_eq!(bench.order("9001").size, Some(dec("12")));
    assert_eq!(bench.order("9001").cancel_reason, None);
}

#[test]
fn pro_row_that_lags_or_a_wrong_local_clock_does_not_undo_an_amendment() {
    let mut bench = Bench::new();
    // The local clock is five seconds ahead: the times of the events are older than that of the row.
    bench.advance(5_000);
    bench.push(&pro_open("10", 1_801_000_000_000_300_400));
    bench.push(&pro_open("12", 1_801_000_000_500_300_400));
    bench.advance(100);
    pro_row(&mut bench, "10");
    assert_eq!(bench.order("9001").size, Some(dec("12")));
    bench.advance(3_000);
    pro_row(&mut bench, "12");
    bench.push(&pro_open("15", 1_801_000_003_500_300_400));
    assert_eq!(bench.order("9001").size, Some(dec("15")));
}

#[test]
fn waiting_stop_row_is_a_waiting_order() {
    let mut bench = Bench::new();
    bench.row(WsKey::SpotPrivateV1, SPOT_STOPS, "/api/v1/stop-order", r#"{"id":"vs9","symbol":"BTC-USDT","userId":"6","status":"NEW","type":"limit","side":"sell","price":"85000.00000000000000000000","size":"0.00100000000000000000","funds":null,"clientOid":"sl-14","orderTime":1801000000000883024,"tradeType":"TRADE","feeCurrency":"USDT","createdAt":1801000000001,"stop":"loss","stopTriggerTime":null,"stopPrice":"85500.00000000000000000000"}"#);
    let order = bench.order("vs9");
    assert_eq!(
        (order.phase, order.size),
        (OrderPhase::Waiting, Some(dec("0.001")))
    );
    assert_eq!(
        (order.stop_price, order.price),
        (Some(dec("85500")), Some(dec("85000")))
    );
}

#[test]
fn vanished_order_comes_back_with_a_later_event() {
    let mut bench = Bench::new();
    bench.push(&first_match());
    bench.vanish(WsKey::SpotPrivateV1, SPOT_ORDERS, "ETH-USDT", "a1");
    let order = bench.order("a1");
    assert_eq!(
        (order.phase, order.outcome),
        (OrderPhase::Done, Some(OrderOutcome::Vanished))
    );
    assert_eq!(order.filled_size, dec("0.02"));
    bench.push(&second_match());
    assert_eq!(bench.order("a1").outcome, Some(OrderOutcome::Filled));
    bench.push(&filled());
    bench.advance(10_000);
    assert_eq!(bench.order("a1").outcome, Some(OrderOutcome::Filled));
    assert_eq!(bench.violations(), []);
}

/// Nothing can follow the fill of the whole size, so the order is done even if the push of its end is lost.
#[test]
fn order_whose_size_is_filled_is_done_without_its_last_event() {
    let mut bench = Bench::new();
    bench.push(&first_match());
    assert_eq!(bench.order("a1").phase, OrderPhase::Open);
    bench.push(&second_match());
    let order = bench.order("a1");
    assert_eq!(
        (order.phase, order.outcome, order.ended_at),
        (OrderPhase::Done, Some(OrderOutcome::Filled), None)
    );
    bench.push(&filled());
    assert!(bench.order("a1").ended_at.is_some());
}

#[test]
fn vanished_order_comes_back_though_it_was_dropped() {
    let mut bench = Bench::with_max_done(0);
    bench.push(&first_match());
    bench.vanish(WsKey::SpotPrivateV1, SPOT_ORDERS, "ETH-USDT", "a1");
    assert!(bench.state().order("a1").is_none());
    spot_row(&mut bench, ROW);
    assert_eq!(bench.order("a1").phase, OrderPhase::Open);
    assert_eq!(bench.order("a1").filled_value, Some(dec("63.005")));
}

#[test]
fn ended_order_does_not_vanish() {
    let mut bench = Bench::new();
    bench.push_all(&[first_match(), second_match(), filled()]);
    bench.vanish(WsKey::SpotPrivateV1, SPOT_ORDERS, "ETH-USDT", "a1");
    assert_eq!(bench.order("a1").outcome, Some(OrderOutcome::Filled));
}

#[test]
fn fill_that_a_gap_lost_for_good_raises_no_alarm() {
    let mut bench = Bench::new();
    bench.push(&pushed(r#""type":"open","status":"open","size":"0.05","filledSize":"0","remainSize":"0.05","ts":1801000000001000000"#));
    let mut report = LiveReport::new(WsKey::SpotPrivateV1, &[SPOT_ORDERS], bench.now());
    report.missing.push(MissingPart::new(
        SPOT_ORDERS,
        "fills of ETH-USDT",
        MissingReason::TooOld,
    ));
    bench.book.on_live(&report, bench.now());
    // A later gap is recovered.
    report.missing.clear();
    bench.book.on_live(&report, bench.now());
    bench.push_all(&[second_match(), filled()]);
    bench.advance(10_000);
    assert_eq!(bench.violations(), []);
    assert_eq!(bench.order("a1").filled_value, None);
    assert_eq!(bench.order("a1").filled_size, dec("0.05"));
}

fn pro_execution(trade: u32, price: &str, at: i64) -> String {
    execution(&format!(
        r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"{price}","q":"4","ti":"{trade}","E":{at},"lR":"MAKER","f":"0.04","fC":"USDT","fT":"NORMAL""#
    ))
}

fn pro_filled_row(bench: &mut Bench) {
    let row = r#"{"orderId":"9001","symbol":"XBTUSDTM","orderType":"LIMIT","side":"BUY","size":"12","price":"100","orderTime":1801000000000100200,"filledSize":"4","avgPrice":"100","fee":"0.04","feeCurrency":"USDT","triggerOrderId":"","cancelReason":"","cancelSize":"0","clientOid":"u-1","sizeUnit":"UNIT","status":4}"#;
    bench.row(
        WsKey::PrivateProV2,
        PRO_ORDERS,
        "/api/ua/v1/unified/order/open-list",
        row,
    );
}

#[test]
fn execution_after_a_row_of_the_same_size_is_not_taken_for_it() {
    let mut bench = Bench::new();
    pro_filled_row(&mut bench);
    assert_eq!(bench.order("9001").average_price(), Some(dec("100")));
    // A second fill of 4, whose order event comes later.
    bench.push(&pro_execution(62, "90", 1_801_000_001_000_000_000));
    let order = bench.order("9001");
    assert_eq!((order.filled_size, order.filled_value), (dec("4"), None));
    assert_eq!(order.average_price(), Some(dec("100")));
    bench.push(&pro(
        r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","os":4,"eT":"MATCH","q":"12","qU":"UNIT","fS":"8","rS":"4","lS":"4","ls":"90","ti":"62","aP":"95","f":"0.08","fC":"USDT","U":1801000001000000000"#,
    ));
    let order = bench.order("9001");
    assert_eq!((order.filled_size, order.filled_value), (dec("8"), None));
    assert_eq!(order.average_price(), Some(dec("95")));
    assert_eq!(
        (order.fees[0].amount, order.has_all_fees),
        (dec("0.08"), true)
    );
    assert_eq!(bench.violations(), []);
}

#[test]
fn execution_before_a_row_is_the_fill_of_the_row() {
    let mut bench = Bench::new();
    bench.push(&pro_execution(61, "100", 1_801_000_000_500_000_000));
    bench.advance(1_000);
    pro_filled_row(&mut bench);
    let order = bench.order("9001");
    assert_eq!(
        (order.filled_size, order.filled_value),
        (dec("4"), Some(dec("400")))
    );
    assert!(order.has_all_fees);
}

#[test]
fn fills_of_one_millisecond_around_a_row_are_split_by_trade_id() {
    let fill = |trade: u32, price: &str, size: &str| {
        spot_fill(&format!(
            r#""fee":0,"feeCurrency":"USDT","orderId":"a1","orderType":"limit","price":{price},"side":"sell","size":{size},"symbol":"ETH-USDT","time":"1801000000003000000","tradeId":"{trade}""#
        ))
    };
    // The fill 71 is in the row, the fill 72 is not.
    let fills = [fill(71, "3150.25", "0.01"), fill(72, "3160", "0.01")];
    let mut bench = Bench::new();
    spot_row(&mut bench, ROW);
    bench.push_all(&fills);
    bench.push(&pushed(
        r#""type":"canceled","status":"done","size":"0.05","filledSize":"0.03","remainSize":"0","canceledSize":"0.02","ts":1801000000009000000"#,
    ));
    bench.advance(10_000);
    let order = bench.order("a1");
    assert_eq!(
        (order.filled_size, order.filled_value),
        (dec("0.03"), Some(dec("94.605")))
    );
    assert_eq!(bench.violations(), []);
}

/// A fill just before the stream began, which neither the late row nor an event has.
#[test]
fn fill_before_the_first_event_is_no_contradiction_of_a_late_row() {
    let mut bench = Bench::new();
    spot_row(
        &mut bench,
        &ROW.replace("\"0.02\"", "\"0\"").replace("63.005", "0"),
    );
    bench.push_all(&[second_match(), filled()]);
    bench.advance(10_000);
    let order = bench.order("a1");
    assert_eq!((order.filled_size, order.filled_value), (dec("0.05"), None));
    assert_eq!(bench.violations(), []);
}
