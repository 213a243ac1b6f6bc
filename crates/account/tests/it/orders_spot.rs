//! Spot orders of V1 from literal frames.

use kucoin_streams_account::{OrderOutcome, OrderPhase};

use crate::support::{Bench, dec, in_any_order, ns, spot, spot_fill, spot_v1};

const PLACED: &str = r#""symbol":"BTC-USDT","side":"buy","orderId":"a1","orderTime":1801000000000,"orderType":"limit","price":"100""#;
const MARKET: &str = r#""symbol":"BTC-USDT","side":"buy","orderId":"m1","orderTime":1801000000000,"orderType":"market","funds":"100""#;

fn limit(data: &str) -> String {
    spot(&format!("{PLACED},{data}"))
}

fn market(data: &str) -> String {
    spot(&format!("{MARKET},{data}"))
}

/// A maker order of 1 that fills in two parts of one millisecond.
fn filled_life() -> Vec<String> {
    vec![
        limit(r#""type":"received","status":"new","originSize":"1","ts":1801000000010000000"#),
        limit(
            r#""type":"open","status":"open","originSize":"1","size":"1","filledSize":"0","remainSize":"1","canceledSize":"0","ts":1801000000010000000"#,
        ),
        limit(
            r#""type":"match","status":"open","originSize":"1","size":"1","filledSize":"0.4","remainSize":"0.6","canceledSize":"0","matchPrice":"100","matchSize":"0.4","tradeId":"71","liquidity":"maker","feeType":"makerFee","ts":1801000000020000000"#,
        ),
        limit(
            r#""type":"match","status":"open","originSize":"1","size":"1","filledSize":"1","remainSize":"0","canceledSize":"0","matchPrice":"99.5","matchSize":"0.6","tradeId":"72","liquidity":"maker","feeType":"makerFee","ts":1801000000020000000"#,
        ),
        limit(
            r#""type":"filled","status":"done","originSize":"1","size":"1","filledSize":"1","remainSize":"0","canceledSize":"0","ts":1801000000020000000"#,
        ),
    ]
}

#[test]
fn filled_order_is_the_same_in_any_order_of_frames() {
    let order = in_any_order(&filled_life(), "a1");
    assert_eq!(order.phase, OrderPhase::Done);
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!(order.filled_size, dec("1"));
    assert_eq!(order.filled_value, Some(dec("99.7")));
    assert_eq!(order.average_price(), Some(dec("99.7")));
    assert_eq!(order.remain_size, Some(dec("0")));
    assert_eq!(order.ended_at.map(|at| at.as_nanos()), Some(ns(20)));
    assert_eq!(order.placed_at.map(|at| at.as_nanos()), Some(ns(0)));
    assert!(order.fees.is_empty());
    assert!(!order.has_all_fees);
}

#[test]
fn partly_filled_order_has_the_rest_as_remaining_size() {
    let order = in_any_order(&filled_life()[..3], "a1");
    assert_eq!((order.phase, order.outcome), (OrderPhase::Open, None));
    assert_eq!(order.filled_size, dec("0.4"));
    assert_eq!(order.filled_value, Some(dec("40")));
    assert_eq!(order.remain_size, Some(dec("0.6")));
    assert_eq!(order.size, Some(dec("1")));
}

#[test]
fn canceled_order_without_fill_is_canceled() {
    let frames = [
        filled_life()[1].clone(),
        limit(
            r#""type":"canceled","status":"done","originSize":"1","size":"1","filledSize":"0","remainSize":"0","canceledSize":"1","remainFunds":"0","ts":1801000000030000000"#,
        ),
    ];
    let order = in_any_order(&frames, "a1");
    assert_eq!(order.outcome, Some(OrderOutcome::Canceled));
    assert_eq!(order.remain_size, Some(dec("0")));
    assert_eq!(order.filled_value, Some(dec("0")));
}

#[test]
fn canceled_order_with_a_fill_is_partly_filled() {
    let frames = [
        filled_life()[1].clone(),
        filled_life()[2].clone(),
        limit(
            r#""type":"canceled","status":"done","originSize":"1","size":"1","filledSize":"0.4","remainSize":"0","canceledSize":"0.6","remainFunds":"0","ts":1801000000030000000"#,
        ),
    ];
    let order = in_any_order(&frames, "a1");
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
    assert_eq!(order.filled_size, dec("0.4"));
}

#[test]
fn reduced_order_has_the_reduced_size() {
    let frames = [
        filled_life()[1].clone(),
        limit(
            r#""type":"update","status":"open","originSize":"1","oldSize":"1","size":"0.7","filledSize":"0","remainSize":"0.7","canceledSize":"0.3","ts":1801000000015000000"#,
        ),
        limit(
            r#""type":"match","status":"open","originSize":"1","size":"0.7","filledSize":"0.4","remainSize":"0.3","canceledSize":"0.3","matchPrice":"100","matchSize":"0.4","tradeId":"71","liquidity":"maker","ts":1801000000020000000"#,
        ),
    ];
    let order = in_any_order(&frames, "a1");
    assert_eq!(order.size, Some(dec("0.7")));
    assert_eq!(order.remain_size, Some(dec("0.3")));
}

#[test]
fn reduced_order_that_fills_is_filled() {
    let frames = [
        filled_life()[1].clone(),
        limit(
            r#""type":"update","status":"open","originSize":"1","oldSize":"1","size":"0.4","filledSize":"0","remainSize":"0.4","canceledSize":"0.6","ts":1801000000015000000"#,
        ),
        limit(
            r#""type":"match","status":"open","originSize":"1","size":"0.4","filledSize":"0.4","remainSize":"0","canceledSize":"0.6","matchPrice":"100","matchSize":"0.4","tradeId":"71","liquidity":"maker","ts":1801000000020000000"#,
        ),
        limit(
            r#""type":"filled","status":"done","originSize":"1","size":"0.4","filledSize":"0.4","remainSize":"0","canceledSize":"0.6","ts":1801000000020000000"#,
        ),
    ];
    let order = in_any_order(&frames, "a1");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!(order.size, Some(dec("0.4")));
}

#[test]
fn order_whose_rest_is_cut_by_self_trade_prevention_is_partly_filled() {
    let frames = [
        filled_life()[1].clone(),
        filled_life()[2].clone(),
        limit(
            r#""type":"update","status":"done","originSize":"1","oldSize":"1","size":"0.4","filledSize":"0.4","remainSize":"0","canceledSize":"0.6","ts":1801000000030000000"#,
        ),
    ];
    let order = in_any_order(&frames, "a1");
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
    assert_eq!(order.ended_at.map(|at| at.as_nanos()), Some(ns(30)));
    assert_eq!(order.remain_size, Some(dec("0")));
}

#[test]
fn market_buy_by_funds_that_ends_canceled_is_filled() {
    let frames = [
        market(r#""type":"received","status":"new","ts":1801000000010000000"#),
        market(
            r#""type":"match","status":"match","filledSize":"3","matchPrice":"25","matchSize":"3","tradeId":"81","liquidity":"taker","ts":1801000000010000000"#,
        ),
        market(
            r#""type":"match","status":"match","filledSize":"3.998","matchPrice":"25.05","matchSize":"0.998","tradeId":"82","liquidity":"taker","ts":1801000000010000000"#,
        ),
        market(
            r#""type":"canceled","status":"done","filledSize":"3.998","remainSize":"0","remainFunds":"0","ts":1801000000010000000"#,
        ),
    ];
    let order = in_any_order(&frames, "m1");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!(order.filled_size, dec("3.998"));
    assert_eq!(order.filled_value, Some(dec("99.9999")));
    assert_eq!((order.size, order.funds), (None, Some(dec("100"))));
    assert_eq!(order.price, None);
}

#[test]
fn market_buy_by_funds_that_was_cut_is_partly_filled() {
    let frames = [
        market(
            r#""type":"match","status":"match","filledSize":"1.001","matchPrice":"25","matchSize":"1.001","tradeId":"81","liquidity":"taker","ts":1801000000010000000"#,
        ),
        market(
            r#""type":"canceled","status":"done","filledSize":"1.001","remainSize":"0","remainFunds":"0","ts":1801000000010000000"#,
        ),
    ];
    let order = in_any_order(&frames, "m1");
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
}

#[test]
fn market_buy_by_funds_without_fill_is_canceled() {
    let frames = [
        market(r#""type":"received","status":"new","ts":1801000000010000000"#),
        market(
            r#""type":"canceled","status":"done","filledSize":"0","remainSize":"0","remainFunds":"0","ts":1801000000010000000"#,
        ),
    ];
    let order = in_any_order(&frames, "m1");
    assert_eq!(order.outcome, Some(OrderOutcome::Canceled));
    assert_eq!(order.filled_value, Some(dec("0")));
}

#[test]
fn market_sell_by_size_is_filled() {
    let sell = r#""symbol":"BTC-USDT","side":"sell","orderId":"s1","orderTime":1801000000000,"orderType":"market","size":"0.2""#;
    let frames = [
        spot_v1(&format!(
            r#"{sell},"type":"match","status":"match","filledSize":"0.2","remainSize":"0","matchPrice":"100","matchSize":"0.2","tradeId":"91","liquidity":"taker","pt":1801000000012,"ts":1801000000010000000"#
        )),
        spot_v1(&format!(
            r#"{sell},"type":"filled","status":"done","filledSize":"0.2","remainSize":"0","remainFunds":"0","funds":"0","pt":1801000000012,"ts":1801000000010000000"#
        )),
    ];
    let order = in_any_order(&frames, "s1");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!((order.size, order.funds), (Some(dec("0.2")), None));
}

#[test]
fn topic_without_received_and_origin_size_is_enough() {
    let frames = [
        spot_v1(&format!(
            r#"{PLACED},"type":"open","status":"open","size":"1","filledSize":"0","remainSize":"1","ts":1801000000010000000"#
        )),
        spot_v1(&format!(
            r#"{PLACED},"type":"update","status":"open","oldSize":"1","size":"0.5","filledSize":"0","remainSize":"0.5","ts":1801000000015000000"#
        )),
        spot_v1(&format!(
            r#"{PLACED},"type":"match","status":"open","size":"0.5","filledSize":"0.2","remainSize":"0.3","matchPrice":"100","matchSize":"0.2","tradeId":"71","liquidity":"maker","ts":1801000000020000000"#
        )),
        spot_v1(&format!(
            r#"{PLACED},"type":"canceled","status":"done","size":"0.5","filledSize":"0.2","remainSize":"0","remainFunds":"0","ts":1801000000030000000"#
        )),
    ];
    let order = in_any_order(&frames, "a1");
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
    assert_eq!(order.size, Some(dec("0.5")));
}

#[test]
fn both_order_topics_count_each_fill_once() {
    let mut frames = filled_life();
    let v1 = frames[2..]
        .iter()
        .map(|frame| frame.replace("tradeOrdersV2", "tradeOrders"));
    frames.extend(v1.collect::<Vec<_>>());
    let order = Bench::of(&frames).order("a1");
    assert_eq!(order.filled_size, dec("1"));
    assert_eq!(Bench::of(&frames).state().fills().count(), 2);
}

#[test]
fn fees_of_the_fill_topic_are_summed_by_currency() {
    let mut frames = filled_life()[1..].to_vec();
    frames.push(spot_fill(r#""fee":0.04,"feeCurrency":"USDT","feeRate":0.001,"orderId":"a1","orderType":"limit","price":100,"side":"buy","size":0.4,"symbol":"BTC-USDT","time":"1801000000020000000","tradeId":"71""#));
    frames.push(spot_fill(r#""fee":"5E-3","feeCurrency":"KCS","feeRate":0.001,"orderId":"a1","orderType":"limit","price":99.5,"side":"buy","size":0.6,"symbol":"BTC-USDT","time":1801000000020000000,"tradeId":"72""#));
    let order = in_any_order(&frames, "a1");
    let fees: Vec<_> = order
        .fees
        .iter()
        .map(|fee| (fee.currency.as_str(), fee.amount))
        .collect();
    assert_eq!(fees, [("KCS", dec("0.005")), ("USDT", dec("0.04"))]);
    assert!(order.has_all_fees);
}

#[test]
fn self_trade_is_counted_by_both_orders() {
    let other = |data: &str| {
        spot(&format!(
            r#""symbol":"BTC-USDT","side":"sell","orderId":"b1","orderTime":1801000000000,"orderType":"limit","price":"100",{data}"#
        ))
    };
    let frames = [
        filled_life()[2].clone(),
        other(
            r#""type":"match","status":"match","size":"0.4","filledSize":"0.4","remainSize":"0","matchPrice":"100","matchSize":"0.4","tradeId":"71","liquidity":"taker","ts":1801000000020000000"#,
        ),
        other(
            r#""type":"filled","status":"done","size":"0.4","filledSize":"0.4","remainSize":"0","ts":1801000000020000000"#,
        ),
    ];
    assert_eq!(in_any_order(&frames, "a1").self_trades, 1);
    assert_eq!(in_any_order(&frames, "b1").self_trades, 1);
    let state = Bench::of(&frames).state();
    assert!(state.fills().all(|fill| fill.is_self_trade));
    assert_eq!(state.fills().count(), 2);
}

#[test]
fn order_that_is_older_than_the_stream_raises_no_alarm() {
    let frames = [
        limit(
            r#""type":"match","status":"open","originSize":"1","size":"1","filledSize":"0.9","remainSize":"0.1","canceledSize":"0","matchPrice":"100","matchSize":"0.2","tradeId":"75","liquidity":"maker","ts":1801000000020000000"#,
        ),
        limit(
            r#""type":"canceled","status":"done","originSize":"1","size":"1","filledSize":"0.9","remainSize":"0","canceledSize":"0.1","ts":1801000000030000000"#,
        ),
    ];
    let order = in_any_order(&frames, "a1");
    assert_eq!(order.filled_size, dec("0.9"));
    assert_eq!(order.filled_value, None);
    assert_eq!(order.average_price(), None);
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
}

#[test]
fn zero_price_is_no_price() {
    let frame = spot(
        r#""symbol":"BTC-USDT","side":"sell","orderId":"s1","orderTime":1801000000000,"orderType":"market","price":"0","type":"received","status":"new","originSize":"1","ts":1801000000010000000"#,
    );
    let order = Bench::of(&[frame]).order("s1");
    assert_eq!(order.price, None);
    assert_eq!(order.size, Some(dec("1")));
}

#[test]
fn exponents_are_read_exactly() {
    let frames = [
        limit(
            r#""type":"open","status":"open","originSize":"1E-7","size":"1E-7","filledSize":"0E-8","remainSize":"1e-7","ts":1801000000010000000"#,
        ),
        limit(
            r#""type":"match","status":"open","size":"1E-7","filledSize":"1E-7","remainSize":"0E-8","matchPrice":"1E+2","matchSize":"1.0E-7","tradeId":"71","liquidity":"maker","ts":1801000000020000000"#,
        ),
    ];
    let order = in_any_order(&frames, "a1");
    assert_eq!(order.filled_size, dec("0.0000001"));
    assert_eq!(order.filled_value, Some(dec("0.00001")));
    assert_eq!(order.remain_size, Some(dec("0")));
}

#[test]
fn doubled_event_changes_nothing() {
    let mut bench = Bench::new();
    bench.push_all(&filled_life());
    assert!(!bench.changes().is_empty());
    bench.push_all(&filled_life());
    bench.advance(10_000);
    assert_eq!(bench.changes().len(), 0);
}
