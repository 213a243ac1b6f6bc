//! Parents and children from literal frames.

use kucoin_streams_account::{AccountOrder, OrderOutcome, OrderPhase};

use crate::support::{Bench, in_any_order, pro, spot, spot_stop};

fn parent_of(order: &AccountOrder) -> Option<(&str, bool)> {
    let parent = order.parent.as_ref()?;
    Some((parent.order_id.as_str(), parent.is_named))
}

fn conditional(order_id: &str, parent: &str, data: &str) -> String {
    pro(&format!(
        r#""oi":"{order_id}","ci":"","tT":"SPOT","s":"BTC-USDT","S":"BUY","oT":"MARKET","p":"","q":"1","qU":"BASECCY","O":1801000000000100200,"toi":"{parent}",{data}"#
    ))
}

#[test]
fn child_before_the_trigger_of_its_parent_is_linked() {
    let frames = [
        conditional(
            "8001",
            "",
            r#""os":0,"eT":"OPEN","tD":"UP","tP":"110","fS":"0","rS":"1","U":1801000000000300400"#,
        ),
        conditional(
            "8002",
            "8001",
            r#""os":2,"eT":"OPEN","fS":"0","rS":"1","U":1801000001000300400"#,
        ),
        conditional(
            "8001",
            "",
            r#""os":1,"eT":"TRIGGER","tD":"UP","tP":"110","fS":"0","rS":"1","U":1801000001000320400"#,
        ),
        conditional(
            "8002",
            "8001",
            r#""os":3,"eT":"FILL","fS":"1","rS":"0","lS":"1","ls":"110","ti":"61","U":1801000001001000000"#,
        ),
    ];
    let parent = in_any_order(&frames, "8001");
    assert_eq!(parent.outcome, Some(OrderOutcome::Triggered));
    assert_eq!(parent.children, ["8002"]);
    let child = in_any_order(&frames, "8002");
    assert_eq!(child.outcome, Some(OrderOutcome::Filled));
    assert_eq!(parent_of(&child), Some(("8001", true)));
}

#[test]
fn take_profit_and_stop_loss_are_children_of_the_entry() {
    let frames = [
        conditional(
            "7001",
            "",
            r#""os":3,"eT":"FILL","fS":"1","rS":"0","lS":"1","ls":"100","ti":"60","U":1801000000500000000"#,
        ),
        conditional(
            "7002",
            "7001",
            r#""os":0,"eT":"OPEN","rO":true,"tD":"UP","tP":"110","fS":"0","rS":"1","U":1801000000600300400"#,
        ),
        conditional(
            "7003",
            "7001",
            r#""os":0,"eT":"OPEN","rO":true,"tD":"DOWN","tP":"90","fS":"0","rS":"1","U":1801000000600300400"#,
        ),
        conditional(
            "7002",
            "7001",
            r#""os":1,"eT":"TRIGGER","rO":true,"tD":"UP","tP":"110","fS":"0","rS":"1","U":1801000001000300400"#,
        ),
        conditional(
            "7003",
            "7001",
            r#""os":5,"eT":"CANCEL","rO":true,"tD":"DOWN","tP":"90","fS":"0","rS":"0","cS":"1","cR":"SYSTEM_CANCEL","U":1801000001000320400"#,
        ),
    ];
    assert_eq!(in_any_order(&frames, "7001").children, ["7002", "7003"]);
    assert_eq!(
        in_any_order(&frames, "7002").outcome,
        Some(OrderOutcome::Triggered)
    );
    let sibling = in_any_order(&frames, "7003");
    assert_eq!(sibling.outcome, Some(OrderOutcome::Canceled));
    assert_eq!(sibling.cancel_reason.as_deref(), Some("SYSTEM_CANCEL"));
    assert_eq!(parent_of(&sibling), Some(("7001", true)));
    assert_eq!(sibling.reduce_only, Some(true));
}

#[test]
fn order_that_names_itself_as_parent_has_none() {
    let frames = [conditional(
        "8001",
        "8001",
        r#""os":2,"eT":"OPEN","fS":"0","rS":"1","U":1801000000000300400"#,
    )];
    let order = in_any_order(&frames, "8001");
    assert_eq!((parent_of(&order), order.children.len()), (None, 0));
}

fn stop(order_id: &str, data: &str) -> String {
    spot_stop(&format!(
        r#""orderId":"{order_id}","symbol":"BTC-USDT","side":"buy","orderType":"stop","stop":"loss","stopPrice":"110","orderPrice":"111","size":"1.0","tradeType":"TRADE","createdAt":1801000000000,{data}"#
    ))
}

fn triggered(order_id: &str) -> String {
    stop(
        order_id,
        r#""type":"TRIGGERED","triggerSuccess":true,"ts":1801000005000500000"#,
    )
}

fn placed(order_id: &str, price: &str) -> String {
    spot(&format!(
        r#""symbol":"BTC-USDT","side":"buy","orderId":"{order_id}","orderTime":1801000005001,"orderType":"limit","price":"{price}","type":"received","status":"new","originSize":"1","ts":1801000005001000000"#
    ))
}

#[test]
fn spot_stop_order_is_linked_with_what_it_places() {
    let frames = [
        stop("vs1", r#""type":"open","ts":1801000000000500000"#),
        triggered("vs1"),
        placed("a1", "111"),
    ];
    assert_eq!(
        Bench::of(&frames[..1]).order("vs1").phase,
        OrderPhase::Waiting
    );
    let parent = in_any_order(&frames, "vs1");
    assert_eq!(parent.outcome, Some(OrderOutcome::Triggered));
    assert_eq!(parent.children, ["a1"]);
    assert_eq!(
        parent_of(&in_any_order(&frames, "a1")),
        Some(("vs1", false))
    );
}

#[test]
fn equal_stop_orders_that_trigger_together_are_not_linked() {
    let frames = [
        triggered("vs1"),
        placed("a1", "111"),
        triggered("vs2"),
        placed("a2", "111"),
    ];
    for order_id in ["vs1", "vs2", "a1", "a2"] {
        let order = in_any_order(&frames, order_id);
        assert_eq!(
            (parent_of(&order), order.children.len()),
            (None, 0),
            "{order_id}"
        );
    }
}

#[test]
fn stop_order_is_not_linked_if_two_orders_fit() {
    let frames = [triggered("vs1"), placed("a1", "111"), placed("a2", "111")];
    assert!(in_any_order(&frames, "vs1").children.is_empty());
}

#[test]
fn stop_order_is_not_linked_with_another_price_or_time() {
    let late = placed("a2", "111").replace("1801000005001", "1801000009001");
    let frames = [triggered("vs1"), placed("a1", "112"), late];
    assert!(in_any_order(&frames, "vs1").children.is_empty());
}

#[test]
fn stop_order_is_not_linked_before_others_can_have_come() {
    let mut bench = Bench::new();
    bench.push_all(&[triggered("vs1"), placed("a1", "111")]);
    bench.advance(3_000);
    assert!(bench.order("vs1").children.is_empty());
    let deadline = bench.book.deadline().unwrap();
    assert!(deadline > bench.now());
    bench.advance(2_000);
    assert_eq!(bench.order("vs1").children, ["a1"]);
    assert_eq!(bench.book.deadline(), None);
}

#[test]
fn market_stop_order_without_price_is_a_market_order() {
    let frame = stop("vs1", r#""type":"open","ts":1801000000000500000"#)
        .replace(r#""orderPrice":"111","#, "");
    let order = Bench::of(&[frame]).order("vs1");
    assert_eq!(
        order.order_type,
        Some(kucoin_streams_rest::OrderType::Market)
    );
    assert_eq!(order.price, None);
}

#[test]
fn spot_stop_order_that_cannot_be_placed_has_failed() {
    let frames = [
        stop("vs1", r#""type":"open","ts":1801000000000500000"#),
        stop(
            "vs1",
            r#""type":"triggered","triggerSuccess":false,"error":"Balance insufficient!","ts":1801000005000500000"#,
        ),
        stop("vs1", r#""type":"cancel","ts":1801000005000600000"#),
    ];
    let order = in_any_order(&frames, "vs1");
    assert_eq!(order.outcome, Some(OrderOutcome::Failed));
    assert_eq!(
        order.cancel_reason.as_deref(),
        Some("Balance insufficient!")
    );
}
