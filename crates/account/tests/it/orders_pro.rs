//! Orders of Pro V2 from literal frames.

use kucoin_streams_account::{ForcedTrade, OrderOutcome, OrderPhase};

use crate::support::{Bench, classic, dec, execution, in_any_order, pro};

const ORDER: &str = r#""oi":"9001","ci":"c-1","tT":"FUTURES","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","mM":"CROSS","qU":"UNIT","O":1801000000000100200,"rO":false,"pO":false,"stp":"","toi":"""#;

fn order(data: &str) -> String {
    pro(&format!("{ORDER},{data}"))
}

/// An order of 10 that is amended to 12 and fills; the matches have the fee of `execution` only.
fn amended_life() -> Vec<String> {
    vec![
        order(
            r#""os":2,"eT":"OPEN","q":"10","fS":"0","rS":"10","lS":"0","ls":"0","ti":"","aP":"0","f":"0","fC":"","cR":"","cS":"0","U":1801000000000300400"#,
        ),
        order(
            r#""os":2,"eT":"UPDATE","q":"12","fS":"0","rS":"12","lS":"0","ls":"0","ti":"","aP":"0","f":"0","fC":"","cR":"","cS":"0","U":1801000000500300400"#,
        ),
        order(
            r#""os":4,"eT":"MATCH","q":"12","fS":"11","rS":"1","lS":"11","ls":"100","ti":"61","lR":"MAKER","aP":"100","f":"0.11","fC":"USDT","cR":"","cS":"0","U":1801000001000000000"#,
        ),
        order(
            r#""os":3,"eT":"FILL","q":"12","fS":"12","rS":"0","lS":"1","ls":"99","ti":"62","lR":"MAKER","aP":"99.9","f":"0.12","fC":"USDT","cR":"","cS":"0","U":1801000001000000000"#,
        ),
    ]
}

fn executions() -> Vec<String> {
    vec![
        execution(
            r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","q":"11","ti":"61","E":1801000001000000000,"lR":"MAKER","f":"0.11","fC":"USDT","fT":"NORMAL","ci":"c-1""#,
        ),
        execution(
            r#""oi":"9001","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"99","q":"1","ti":"62","E":1801000001000000000,"lR":"MAKER","f":"0.01","fC":"USDT","fT":"NORMAL","ci":"c-1""#,
        ),
    ]
}

#[test]
fn amended_order_fills_to_the_amended_size() {
    let order = in_any_order(&[amended_life(), executions()].concat(), "9001");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!(order.size, Some(dec("12")));
    assert_eq!(order.filled_value, Some(dec("1199")));
    assert_eq!(order.reported_average, Some(dec("99.9")));
    assert_eq!(order.fees[0].amount, dec("0.12"));
    assert!(order.has_all_fees);
    assert_eq!(order.client_oid.as_deref(), Some("c-1"));
    assert_eq!(order.cancel_reason, None);
    assert_eq!(order.parent, None);
}

#[test]
fn order_events_have_the_fees_without_executions() {
    let order = in_any_order(&amended_life(), "9001");
    assert_eq!(
        (order.fees[0].currency.as_str(), order.fees[0].amount),
        ("USDT", dec("0.12"))
    );
    assert!(order.has_all_fees);
}

#[test]
fn executions_that_overtake_an_amendment_raise_no_alarm() {
    let mut bench = Bench::new();
    bench.push(&amended_life()[0]);
    bench.push_all(&executions());
    assert_eq!(bench.order("9001").filled_size, dec("12"));
    assert_eq!(bench.violations(), []);
    bench.push_all(&amended_life()[1..]);
    bench.advance(10_000);
    assert_eq!(bench.violations(), []);
    assert_eq!(bench.order("9001").outcome, Some(OrderOutcome::Filled));
}

#[test]
fn order_known_by_executions_only_is_not_kept() {
    let mut bench = Bench::new();
    bench.push_all(&executions());
    bench.advance(10_000);
    let state = bench.state();
    assert!(state.order("9001").is_none());
    assert_eq!(state.fills().count(), 2);
    assert_eq!(bench.violations(), []);
    bench.push(&amended_life()[3]);
    assert_eq!(bench.order("9001").filled_value, Some(dec("1199")));
}

#[test]
fn open_event_of_another_clock_raises_no_alarm() {
    let frames = [
        order(r#""os":2,"eT":"OPEN","q":"1","fS":"0","rS":"1","U":1801000000002300400"#),
        order(
            r#""os":3,"eT":"FILL","q":"1","fS":"1","rS":"0","lS":"1","ls":"100","ti":"61","U":1801000000001000000"#,
        ),
    ];
    assert_eq!(
        in_any_order(&frames, "9001").outcome,
        Some(OrderOutcome::Filled)
    );
}

#[test]
fn canceled_order_has_the_reason() {
    let frames = [
        amended_life()[0].clone(),
        order(
            r#""os":5,"eT":"CANCEL","q":"10","fS":"0","rS":"0","lS":"0","ls":"0","ti":"","aP":"0","f":"0","fC":"","cR":"USER","cS":"10","U":1801000000500000000"#,
        ),
    ];
    let order = in_any_order(&frames, "9001");
    assert_eq!(order.outcome, Some(OrderOutcome::Canceled));
    assert_eq!(order.cancel_reason.as_deref(), Some("USER"));
    assert_eq!(order.size, Some(dec("10")));
}

#[test]
fn cancel_event_that_repeats_the_last_fill_counts_it_once() {
    let frames = [
        amended_life()[0].clone(),
        order(
            r#""os":4,"eT":"MATCH","q":"10","fS":"4","rS":"6","lS":"4","ls":"100","ti":"61","aP":"100","f":"0.04","fC":"USDT","cR":"","cS":"0","U":1801000000400000000"#,
        ),
        order(
            r#""os":6,"eT":"CANCEL","q":"10","fS":"4","rS":"0","lS":"4","ls":"100","ti":"61","aP":"100","f":"0.04","fC":"USDT","cR":"STP","cS":"6","U":1801000000500000000"#,
        ),
    ];
    let order = in_any_order(&frames, "9001");
    assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
    assert_eq!(order.filled_size, dec("4"));
    assert_eq!(order.filled_value, Some(dec("400")));
}

#[test]
fn reduced_order_that_is_canceled_keeps_the_reduced_size() {
    let frames = [
        amended_life()[0].clone(),
        order(
            r#""os":2,"eT":"UPDATE","q":"10","fS":"0","rS":"4","cS":"6","U":1801000000300000000"#,
        ),
        order(
            r#""os":5,"eT":"CANCEL","q":"10","fS":"0","rS":"0","cR":"STP","cS":"10","U":1801000000500000000"#,
        ),
    ];
    assert_eq!(in_any_order(&frames, "9001").size, Some(dec("4")));
}

#[test]
fn market_buy_by_funds_is_filled() {
    let market = |data: &str| {
        pro(&format!(
            r#""oi":"9002","ci":"","tT":"SPOT","s":"BTC-USDT","S":"BUY","oT":"MARKET","p":"","q":"100","qU":"QUOTECCY","O":1801000000000100200,{data}"#
        ))
    };
    let frames = [
        market(r#""os":2,"eT":"OPEN","fS":"0","rS":"100","U":1801000000000300400"#),
        market(
            r#""os":6,"eT":"CANCEL","fS":"99.9999","rS":"0","lS":"3.998","ls":"25.0125062531265632816408204","ti":"","aP":"25.01","f":"0.1","fC":"USDT","cR":"MARKET","cS":"0.0001","U":1801000000004000000"#,
        ),
        execution(
            r#""oi":"9002","s":"BTC-USDT","S":"BUY","oT":"MARKET","p":"25","q":"3","ti":"81","E":1801000000004000000,"f":"0.075","fC":"USDT","fT":"NORMAL""#,
        ),
        execution(
            r#""oi":"9002","s":"BTC-USDT","S":"BUY","oT":"MARKET","p":"25.05","q":"0.998","ti":"82","E":1801000000004000000,"f":"0.025","fC":"USDT","fT":"NORMAL""#,
        ),
    ];
    let order = in_any_order(&frames, "9002");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!(order.filled_size, dec("3.998"));
    assert_eq!(order.filled_value, Some(dec("99.9999")));
    assert_eq!((order.size, order.funds), (None, Some(dec("100"))));
    assert_eq!(order.client_oid, None);
}

#[test]
fn forced_trades_without_an_order_are_fills() {
    let frames = [
        execution(
            r#""oi":"0","s":"XBTUSDTM","S":"SELL","oT":"","p":"90","q":"5","ti":"67","E":1801000000004000000,"lR":"","f":"0","fC":"USDT","fT":"ADL""#,
        ),
        execution(
            r#""oi":"0","s":"XBTUSDTM","S":"SELL","oT":"","p":"90","q":"5","ti":"67","E":1801000000004000000,"lR":"","f":"0","fC":"USDT","fT":"ADL""#,
        ),
        execution(
            r#""oi":"0","s":"XBTUSDTM","S":"SELL","oT":"","p":"91","q":"1","ti":"68","E":1801000000005000000,"lR":"","f":"0","fC":"USDT","fT":"LIQUID""#,
        ),
        // Both legs of one settlement.
        execution(
            r#""oi":"0","s":"XBTUSDTM","S":"SELL","oT":"","p":"92","q":"1","ti":"69","E":1801000000006000000,"fT":"SETTLEMENT""#,
        ),
        execution(
            r#""oi":"0","s":"XBTUSDTM","S":"BUY","oT":"","p":"92","q":"1","ti":"69","E":1801000000006000000,"fT":"SETTLEMENT""#,
        ),
    ];
    let state = Bench::of(&frames).state();
    let forced: Vec<_> = state.fills().map(|fill| fill.forced.unwrap()).collect();
    let settlement = ForcedTrade::Settlement;
    assert_eq!(
        forced,
        [
            ForcedTrade::AutoDeleveraging,
            ForcedTrade::Liquidation,
            settlement,
            settlement
        ]
    );
    assert_eq!(state.orders().count(), 0);
}

#[test]
fn classic_futures_order_keeps_its_id_after_the_trigger() {
    let order = |data: &str| {
        classic(
            "FUTURES",
            &format!(
                r#""oi":"9003","ci":"c-3","s":"XBTUSDTM","S":"BUY","oT":"MARKET","p":"","q":"1","qU":"UNIT","tD":"UP","tP":"110","tPT":"TP","O":1801000000000100200,"toi":"0",{data}"#
            ),
        )
    };
    let frames = [
        order(
            r#""os":"0","eT":"OPEN","fS":"","rS":"1","aP":"0","cR":"","ti":"","U":1801000000000300400"#,
        ),
        order(
            r#""os":"1","eT":"TRIGGER","fS":"","rS":"1","aP":"0","cR":"","ti":"","U":1801000001000300400"#,
        ),
    ];
    let triggered = Bench::of(&frames).order("9003");
    assert_eq!(
        (triggered.phase, triggered.outcome),
        (OrderPhase::Open, None)
    );
    // Classic frames have no price and size of the fill.
    let fill = order(
        r#""os":3,"eT":"FILL","fS":"1","rS":"0","aP":"110.5","f":"0.04","fC":"USDT","ti":"61","U":1801000001001000000"#,
    );
    let order = in_any_order(&[&frames[..], &[fill]].concat(), "9003");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!(order.filled_size, dec("1"));
    assert_eq!(order.filled_value, None);
    assert_eq!(order.average_price(), Some(dec("110.5")));
    assert_eq!(order.fees[0].amount, dec("0.04"));
    assert_eq!(order.parent, None);
}

#[test]
fn classic_market_order_by_funds_without_executions_is_not_canceled() {
    let order = |data: &str| {
        classic(
            "SPOT",
            &format!(
                r#""oi":"9004","ci":"c-4","s":"BTC-USDT","S":"BUY","oT":"MARKET","p":"0","q":"100","qU":"QUOTECCY","O":1801000000000100200,{data}"#
            ),
        )
    };
    let frames = [order(
        r#""os":6,"eT":"CANCEL","fS":"99.99","rS":"0","aP":"25","f":"0.1","fC":"USDT","ti":"61","U":1801000001001000000"#,
    )];
    let order = in_any_order(&frames, "9004");
    assert_eq!(order.outcome, Some(OrderOutcome::Filled));
    assert_eq!(order.filled_value, None);
}
