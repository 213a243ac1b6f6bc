//! Futures orders of V1 from literal frames.

use kucoin_streams_account::{ForcedTrade, OrderOutcome, OrderPhase};
use kucoin_streams_rest::{MarginMode, OrderType, PositionSide};

use crate::support::{Bench, dec, futures, futures_stop, in_any_order};

const ORDER: &str = r#""symbol":"XBTUSDTM","side":"buy","orderId":"f1","orderTime":1801000000000123456,"marginMode":"CROSS","positionSide":"BOTH""#;

fn order(data: &str) -> String {
    futures(&format!("{ORDER},{data}"))
}

/// A limit order of 13 that self-trade prevention cuts to 2, though `size` stays 13.
fn cut_life() -> Vec<String> {
    vec![
        order(
            r#""tradeType":"trade","type":"open","status":"open","size":"13","filledSize":"0","remainSize":"13","canceledSize":"0","price":"100","liquidity":"maker","ts":1801000000001000000"#,
        ),
        order(
            r#""orderType":"limit","tradeType":"trade","type":"update","status":"open","oldSize":"13","size":"13","filledSize":"0","remainSize":"2","canceledSize":"11","price":"100","liquidity":"maker","ts":1801000000002000000"#,
        ),
        order(
            r#""orderType":"limit","tradeType":"trade","type":"match","status":"done","size":"13","filledSize":"2","remainSize":"0","canceledSize":"11","price":"100","matchPrice":"100","matchSize":"2","tradeId":"51","liquidity":"maker","feeType":"makerFee","ts":1801000000003000000"#,
        ),
        order(
            r#""orderType":"limit","tradeType":"trade","type":"filled","status":"done","size":"13","filledSize":"2","remainSize":"0","canceledSize":"11","price":"100","ts":1801000000003000000"#,
        ),
    ]
}

#[test]
fn reduction_that_leaves_the_size_field_is_seen() {
    let order = in_any_order(&cut_life()[..2], "f1");
    assert_eq!(order.size, Some(dec("2")));
    assert_eq!(order.remain_size, Some(dec("2")));
    let order = in_any_order(&cut_life(), "f1");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!(order.filled_value, Some(dec("200")));
    assert_eq!(order.order_type, Some(OrderType::Limit));
    assert_eq!(order.margin_mode, Some(MarginMode::Cross));
    assert_eq!(order.position_side, Some(PositionSide::Both));
}

#[test]
fn reduced_order_that_is_canceled_after_a_fill_is_partly_filled() {
    let mut frames = cut_life()[..2].to_vec();
    frames.push(order(r#""orderType":"limit","type":"match","status":"open","size":"13","filledSize":"1","remainSize":"1","canceledSize":"11","price":"100","matchPrice":"100","matchSize":"1","tradeId":"51","liquidity":"maker","ts":1801000000003000000"#));
    frames.push(order(r#""orderType":"limit","type":"canceled","status":"done","size":"13","filledSize":"1","remainSize":"0","canceledSize":"12","price":"100","ts":1801000000004000000"#));
    let order = in_any_order(&frames, "f1");
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
    assert_eq!(order.size, Some(dec("2")));
}

#[test]
fn market_order_with_empty_or_zero_price_has_no_price() {
    for price in ["\"\"", "\"0\""] {
        let frames = [
            order(&format!(
                r#""orderType":"market","type":"match","status":"match","size":"1","filledSize":"1","remainSize":"0","canceledSize":"0","price":{price},"matchPrice":"71364.6","matchSize":"1","tradeId":"51","liquidity":"taker","tradeType":"trade","ts":1801000000001000000"#
            )),
            order(&format!(
                r#""orderType":"market","type":"filled","status":"done","size":"1","filledSize":"1","remainSize":"0","canceledSize":"0","price":{price},"tradeType":"trade","ts":1801000000001000000"#
            )),
        ];
        let order = in_any_order(&frames, "f1");
        assert_eq!(order.price, None);
        assert_eq!(order.filled_value, Some(dec("71364.6")));
        assert_eq!(order.forced, None);
    }
}

#[test]
fn forced_trades_are_marked() {
    let kinds = [
        ("liquid", ForcedTrade::Liquidation),
        ("liquidation", ForcedTrade::Liquidation),
        ("adl", ForcedTrade::AutoDeleveraging),
        ("settlement", ForcedTrade::Settlement),
    ];
    for (kind, forced) in kinds {
        let frames = [
            order(&format!(
                r#""orderType":"limit","type":"match","status":"match","size":"100","filledSize":"100","remainSize":"0","canceledSize":"0","price":"3","matchPrice":"3","matchSize":"100","tradeId":"51","liquidity":"taker","tradeType":"{kind}","ts":1801000000001000000"#
            )),
            order(&format!(
                r#""orderType":"limit","type":"filled","status":"done","size":"100","filledSize":"100","remainSize":"0","canceledSize":"0","price":"3","tradeType":"{kind}","ts":1801000000001000000"#
            )),
        ];
        assert_eq!(in_any_order(&frames, "f1").forced, Some(forced));
        let bench = Bench::of(&frames);
        assert_eq!(bench.state().fills().next().unwrap().forced, Some(forced));
    }
}

fn stop(data: &str) -> String {
    futures_stop(&format!(
        r#""orderId":"f1","symbol":"XBTUSDTM","side":"buy","orderType":"stop","stop":"up","stopPrice":"110","stopPriceType":"TP","createdAt":1801000000000,"marginMode":"CROSS",{data}"#
    ))
}

#[test]
fn conditional_order_keeps_its_id_after_the_trigger() {
    let waiting = stop(r#""type":"open","size":1,"orderPrice":null,"ts":1801000000000500000"#);
    let order = Bench::of(std::slice::from_ref(&waiting)).order("f1");
    assert_eq!(order.phase, OrderPhase::Waiting);
    assert_eq!(order.order_type, Some(OrderType::Market));
    assert_eq!(order.stop_price, Some(dec("110")));
    // The trigger is pushed long after the engine has filled the order.
    let frames = [
        waiting,
        stop(r#""type":"triggered","size":"1","triggerSuccess":true,"ts":1801000001500000000"#),
        self::order(
            r#""orderType":"market","type":"match","status":"match","size":"1","filledSize":"1","remainSize":"0","canceledSize":"0","price":"0","matchPrice":"110.5","matchSize":"1","tradeId":"51","liquidity":"taker","ts":1801000001000000000"#,
        ),
        self::order(
            r#""orderType":"market","type":"filled","status":"done","size":"1","filledSize":"1","remainSize":"0","canceledSize":"0","price":"0","ts":1801000001000000000"#,
        ),
    ];
    let order = in_any_order(&frames, "f1");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!(order.stop_price, Some(dec("110")));
    assert_eq!(order.price, None);
}

#[test]
fn conditional_order_that_could_not_be_placed_has_failed() {
    let frames = [
        stop(r#""type":"open","size":1,"ts":1801000000000500000"#),
        stop(
            r#""type":"triggered","size":1,"triggerSuccess":false,"error":"insufficient balance","ts":1801000001000000000"#,
        ),
    ];
    let order = in_any_order(&frames, "f1");
    assert_eq!(order.outcome, Some(OrderOutcome::Failed));
    assert_eq!(order.cancel_reason.as_deref(), Some("insufficient balance"));
}

#[test]
fn conditional_order_that_is_canceled_is_canceled() {
    let frames = [
        stop(r#""type":"open","size":1,"ts":1801000000000500000"#),
        stop(r#""type":"cancel","size":1,"ts":1801000001000000000"#),
    ];
    assert_eq!(
        in_any_order(&frames, "f1").outcome,
        Some(OrderOutcome::Canceled)
    );
}

#[test]
fn error_of_a_waiting_conditional_order_is_no_cancel_reason() {
    let frames = [stop(
        r#""type":"open","size":1,"triggerSuccess":false,"error":"busy","ts":1801000000000500000"#,
    )];
    let order = in_any_order(&frames, "f1");
    assert_eq!(
        (order.phase, &order.cancel_reason),
        (OrderPhase::Waiting, &None)
    );
}
