//! Each contradiction, and the legal case next to it.

use kucoin_streams_account::Contradiction;

use crate::support::{Bench, dec, execution, futures, ns, only_violation, pro, spot, spot_v1};

const ORDER: &str = r#""symbol":"BTC-USDT","side":"buy","orderId":"a1","orderTime":1801000000000,"orderType":"limit","price":"100","originSize":"1""#;

fn order(data: &str) -> String {
    spot(&format!("{ORDER},{data}"))
}

fn open() -> String {
    order(
        r#""type":"open","status":"open","size":"1","filledSize":"0","remainSize":"1","ts":1801000000010000000"#,
    )
}

fn matched(trade: &str, size: &str, filled: &str, remain: &str, at: u32) -> String {
    order(&format!(
        r#""type":"match","status":"open","size":"1","filledSize":"{filled}","remainSize":"{remain}","matchPrice":"100","matchSize":"{size}","tradeId":"{trade}","liquidity":"maker","ts":1801000000{at:03}000000"#
    ))
}

fn filled() -> String {
    order(
        r#""type":"filled","status":"done","size":"1","filledSize":"1","remainSize":"0","ts":1801000000900000000"#,
    )
}

fn canceled(filled: &str, canceled: &str) -> String {
    order(&format!(
        r#""type":"canceled","status":"done","size":"1","filledSize":"{filled}","remainSize":"0","canceledSize":"{canceled}","ts":1801000000900000000"#
    ))
}

#[test]
fn changed_fill_is_reported_and_not_counted() {
    let frames = [
        open(),
        matched("71", "0.4", "0.4", "0.6", 20),
        matched("71", "0.3", "0.4", "0.6", 20),
    ];
    let bench = Bench::of(&frames);
    let trade_id = "71".into();
    assert_eq!(
        only_violation(&bench),
        Contradiction::FillChanged { trade_id }
    );
    assert_eq!(bench.order("a1").filled_value, Some(dec("40")));
    assert!(bench.order("a1").is_contradicted);
    let violation = bench.violations()[0].to_string();
    assert!(
        violation.contains("`match` of /spotMarket/tradeOrdersV2"),
        "{violation}"
    );
}

#[test]
fn fill_with_other_zeros_is_the_same_fill() {
    let frames = [
        open(),
        matched("71", "0.4", "0.4", "0.6", 20),
        matched("71", "0.400", "0.40", "6E-1", 20),
    ];
    assert_eq!(Bench::of(&frames).violations(), []);
}

#[test]
fn smaller_filled_size_is_reported() {
    let frames = [
        matched("71", "0.4", "0.4", "0.6", 20),
        matched("72", "0.1", "0.2", "0.8", 500),
    ];
    for frames in [frames.clone(), [frames[1].clone(), frames[0].clone()]] {
        let bench = Bench::of(&frames);
        let (before, after) = (dec("0.4"), dec("0.2"));
        assert_eq!(
            only_violation(&bench),
            Contradiction::FilledSizeFell { before, after }
        );
        assert_eq!(bench.order("a1").filled_size, dec("0.5"));
    }
}

#[test]
fn late_event_with_a_smaller_filled_size_is_legal() {
    let frames = [
        matched("72", "0.2", "0.6", "0.4", 500),
        matched("71", "0.4", "0.4", "0.6", 20),
        open(),
    ];
    assert_eq!(Bench::of(&frames).violations(), []);
}

#[test]
fn more_filled_than_the_size_is_reported() {
    let frames = [
        open(),
        matched("71", "1.5", "1.5", "0", 20).replace(r#""remainSize":"0","#, ""),
    ];
    let (filled, size) = (dec("1.5"), dec("1"));
    let bench = Bench::of(&frames);
    assert_eq!(
        only_violation(&bench),
        Contradiction::Overfilled { filled, size }
    );
    assert_eq!(bench.order("a1").filled_size, filled);
}

#[test]
fn more_executed_than_the_size_is_reported_after_a_while() {
    let open = pro(
        r#""oi":"9","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","os":2,"eT":"OPEN","q":"1","qU":"UNIT","fS":"0","rS":"1","U":1801000000000300400"#,
    );
    let fill = execution(
        r#""oi":"9","s":"XBTUSDTM","S":"BUY","oT":"LIMIT","p":"100","q":"2","ti":"61","E":1801000001000000000,"f":"0.11","fC":"USDT","fT":"NORMAL""#,
    );
    let mut bench = Bench::new();
    bench.push_all(&[open, fill]);
    assert_eq!(bench.violations(), []);
    bench.advance(5_000);
    let (filled, size) = (dec("2"), dec("1"));
    assert_eq!(
        only_violation(&bench),
        Contradiction::Overfilled { filled, size }
    );
}

#[test]
fn lost_fill_is_reported_after_a_while() {
    let mut bench = Bench::new();
    bench.push_all(&[open(), matched("71", "0.4", "0.4", "0.6", 20), filled()]);
    assert_eq!(bench.violations(), []);
    assert_eq!(bench.order("a1").filled_value, None);
    assert_eq!(
        bench
            .book
            .deadline()
            .map(|at| at.duration_since(bench.now()).as_secs()),
        Some(5)
    );
    bench.advance(5_000);
    let (fills, filled) = (dec("0.4"), dec("1"));
    assert_eq!(
        only_violation(&bench),
        Contradiction::FillsDisagree { fills, filled }
    );
}

#[test]
fn late_fill_is_legal() {
    let mut bench = Bench::new();
    bench.push_all(&[open(), matched("71", "0.4", "0.4", "0.6", 20), filled()]);
    bench.advance(4_000);
    bench.push(&matched("72", "0.6", "1", "0", 900));
    bench.advance(10_000);
    assert_eq!(bench.violations(), []);
    assert_eq!(bench.order("a1").filled_value, Some(dec("100")));
}

#[test]
fn more_fills_than_the_final_size_are_reported() {
    let frames = [
        open(),
        matched("71", "0.4", "0.4", "0.6", 20),
        matched("72", "0.2", "0.6", "0.4", 30),
        canceled("0.4", "0.6"),
    ];
    let bench = Bench::of(&frames);
    let kinds: Vec<_> = bench
        .violations()
        .iter()
        .map(|one| one.contradiction.clone())
        .collect();
    let (fills, filled) = (dec("0.6"), dec("0.4"));
    assert!(
        kinds.contains(&Contradiction::FillsDisagree { fills, filled }),
        "{kinds:?}"
    );
    assert_eq!(bench.order("a1").filled_size, dec("0.6"));
}

#[test]
fn filled_event_of_an_unfilled_order_is_reported() {
    let v1 = |data: &str| {
        spot_v1(&format!(
            r#""symbol":"BTC-USDT","side":"buy","orderId":"a1","orderTime":1801000000000,"orderType":"limit","price":"100","size":"1",{data}"#
        ))
    };
    let frames = [
        v1(
            r#""type":"match","status":"open","filledSize":"0.4","remainSize":"0.6","matchPrice":"100","matchSize":"0.4","tradeId":"71","liquidity":"maker","ts":1801000000020000000"#,
        ),
        v1(
            r#""type":"filled","status":"done","filledSize":"0.4","remainSize":"0.6","ts":1801000000020000000"#,
        ),
    ];
    let bench = Bench::of(&frames);
    let (filled, size) = (dec("0.4"), dec("1"));
    assert_eq!(
        only_violation(&bench),
        Contradiction::FilledTooEarly { filled, size }
    );
}

#[test]
fn event_after_the_end_is_reported() {
    let late = order(
        r#""type":"update","status":"open","oldSize":"1","size":"1","filledSize":"0","remainSize":"1","ts":1801000002000000000"#,
    );
    let frames = [open(), canceled("0", "1"), late];
    for frames in [
        frames.clone(),
        [frames[0].clone(), frames[2].clone(), frames[1].clone()],
    ] {
        assert_eq!(only_violation(&Bench::of(&frames)), Contradiction::AfterEnd);
    }
}

#[test]
fn second_end_of_another_kind_or_size_is_reported() {
    let frames = [
        open(),
        matched("71", "1", "1", "0", 20),
        filled(),
        canceled("1", "0"),
    ];
    assert_eq!(
        only_violation(&Bench::of(&frames)),
        Contradiction::SecondEnd
    );
    let frames = [
        matched("71", "0.4", "0.4", "0.6", 20),
        canceled("0.4", "0.6"),
        canceled("0.3", "0.7"),
    ];
    let violations = Bench::of(&frames).violations();
    assert_eq!(violations[0].contradiction, Contradiction::SecondEnd);
}

#[test]
fn other_symbol_or_side_is_reported_and_not_counted() {
    let fill = matched("71", "0.4", "0.4", "0.6", 20);
    for other in [
        fill.replace("BTC-USDT", "ETH-USDT"),
        fill.replace(r#""buy""#, r#""sell""#),
    ] {
        let bench = Bench::of(&[open(), other]);
        assert_eq!(only_violation(&bench), Contradiction::IdentityChanged);
        let order = bench.order("a1");
        assert_eq!(
            (order.filled_size, order.filled_value),
            (dec("0"), Some(dec("0")))
        );
        assert!(order.is_contradicted);
        assert_eq!(bench.state().fills().count(), 0);
    }
}

#[test]
fn documented_match_without_size_raises_no_alarm() {
    let frame = futures(
        r#""symbol":"XBTUSDTM","side":"buy","orderId":"f1","type":"match","status":"open","matchSize":"","matchPrice":"","orderType":"limit","price":"3600","size":"20000","remainSize":"20007","filledSize":"20000","canceledSize":"0","tradeId":"5ce2","orderTime":1801000000000000000,"oldSize":"15000","liquidity":"maker","ts":1801000000000000000"#,
    );
    let other = |data: &str| {
        futures(&format!(
            r#""symbol":"XBTUSDTM","side":"buy","orderId":"f1","orderTime":1801000000000000000,"price":"3600","size":"20000","canceledSize":"0",{data}"#
        ))
    };
    let open = other(
        r#""type":"open","status":"open","filledSize":"0","remainSize":"20000","ts":1801000000000000000"#,
    );
    let filled = other(
        r#""type":"filled","status":"done","filledSize":"20000","remainSize":"0","ts":1801000000000000000"#,
    );
    let frame = frame.replace("20007", "0");
    let bench = Bench::of(&[open, frame, filled]);
    assert_eq!(bench.violations(), []);
    assert_eq!(bench.order("f1").filled_value, None);
}

#[test]
fn violation_is_reported_once() {
    let late = order(
        r#""type":"update","status":"open","oldSize":"1","size":"1","filledSize":"0","remainSize":"1","ts":1801000002000000000"#,
    );
    let bench = Bench::of(&[open(), canceled("0", "1"), late.clone(), late]);
    assert_eq!(only_violation(&bench), Contradiction::AfterEnd);
}

/// A futures market order has no `open` event: its placement after the first event of the stream shows that a match is missing.
#[test]
fn lost_match_of_an_order_that_was_placed_in_the_stream_is_a_violation() {
    let frame = |id: &str, at: i64, data: &str| {
        futures(&format!(
            r#""symbol":"XBTUSDTM","side":"buy","orderId":"{id}","orderTime":{},"size":"2",{data},"ts":{}"#,
            ns(at),
            ns(at + 1)
        ))
    };
    let open = frame(
        "f0",
        0,
        r#""type":"open","status":"open","filledSize":"0","remainSize":"2""#,
    );
    let filled = frame(
        "f1",
        5,
        r#""type":"filled","status":"done","filledSize":"2","remainSize":"0""#,
    );
    let mut bench = Bench::new();
    bench.push_all(std::slice::from_ref(&filled));
    bench.advance(10_000);
    assert_eq!(bench.violations(), [], "it may be older than the stream");
    let mut bench = Bench::new();
    bench.push_all(&[open, filled]);
    bench.advance(10_000);
    assert_eq!(bench.violations().len(), 1);
}
