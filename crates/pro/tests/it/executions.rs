//! Executions: with fees, forced trades, and the lite channel.

use kucoin_streams_core::{DecodeError, Event as _, Liquidity, Side, Topic};
use kucoin_streams_pro::{
    Execution, ExecutionLite, ExecutionType, Executions, ExecutionsLite, OrderType, ProEvent,
    TradeType,
};

use crate::{dec, decode_data, decoded, events, nanos, push};

const FULL: &str = include_str!("../fixtures/executions.ndjson");
const LITE: &str = include_str!("../fixtures/executions_lite.ndjson");

fn full() -> Vec<Execution> {
    events(FULL, |event| match event {
        ProEvent::Execution(execution) => Some(execution),
        _ => None,
    })
}

fn lite() -> Vec<ExecutionLite> {
    events(LITE, |event| match event {
        ProEvent::ExecutionLite(execution) => Some(execution),
        _ => None,
    })
}

#[test]
fn fill_has_order_fee_and_time() {
    let execution = &full()[0];
    assert_eq!(execution.order_id().unwrap().as_str(), "412001700000000101");
    assert_eq!(execution.client_oid.as_deref(), Some("grid-0042"));
    assert_eq!(
        (&execution.side, execution.symbol.as_str()),
        (&Side::Buy, "BTC-USDT")
    );
    assert_eq!(execution.order_type, Some(OrderType::Limit));
    let fill = execution.fill().unwrap();
    assert_eq!((fill.price, fill.size), (dec("61250.4"), dec("0.0005")));
    assert_eq!(fill.trade_id, "91827364550001123");
    assert_eq!(execution.fee, Some(dec("0.0306252")));
    assert_eq!(execution.fee_currency.as_deref(), Some("USDT"));
    assert_eq!(execution.liquidity, Some(Liquidity::Maker));
    assert_eq!(execution.execution_time, nanos(1_781_200_000_950_000_000));
    assert_eq!((execution.closed_pnl, execution.tax), (None, None));
    let closing = &full()[1];
    assert_eq!(closing.closed_pnl, Some(dec("-12.3400567890123456")));
    assert_eq!(closing.tax, Some(dec("0.01")));
}

#[test]
fn forced_trade_is_a_fill_without_an_order_id() {
    let all = full();
    let types: Vec<_> = all.iter().map(|one| one.execution_type.clone()).collect();
    assert_eq!(
        types[1..6],
        [
            Some(ExecutionType::Normal),
            Some(ExecutionType::Liquidation),
            Some(ExecutionType::AutoDeleveraging),
            Some(ExecutionType::Settlement),
            None
        ]
    );
    for forced in &all[2..5] {
        assert_eq!(
            (forced.order_id(), forced.order_id.as_deref()),
            (None, Some("0"))
        );
        assert_eq!(forced.order_type, None);
        assert!(forced.fill().is_some());
    }
    assert_eq!(all[3].liquidity, None);
    let mut keys: Vec<_> = all.iter().map(Execution::dedup_key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all.len());
}

#[test]
fn fee_keeps_twenty_decimals() {
    let written = serde_json::to_value(&full()[5]).unwrap();
    assert_eq!(written["fee"], "0.00612505000000000000");
}

#[test]
fn trade_id_is_exact_as_number_and_string() {
    let ids: Vec<_> = lite()
        .iter()
        .map(|one| one.trade_id().unwrap().to_string())
        .collect();
    assert_eq!(
        ids,
        [
            "91827364550001123",
            "1917000000888",
            "81726354009000124",
            "1917000000777"
        ]
    );
    // Neighbours above 2^53 stay different.
    let of = |id: &str| match decode_data(
        "execution.lite.SPOT",
        &format!(r#"{{"s":"A-B","ti":{id}}}"#),
    ) {
        Ok(ProEvent::ExecutionLite(execution)) => execution.dedup_key(),
        other => panic!("{other:?}"),
    };
    assert_ne!(of("90071992547409931"), of("90071992547409932"));
    assert_eq!(of("90071992547409931"), of("\"90071992547409931\""));
}

#[test]
fn lite_channel_differs_from_the_full_one() {
    let full = Executions::new(TradeType::Unified);
    let lite = ExecutionsLite::new(TradeType::Unified);
    let (of_full, of_lite) = (FULL.lines().next().unwrap(), LITE.lines().next().unwrap());
    assert!(full.decode(of_full).unwrap().is_some());
    assert_eq!(full.decode(of_lite), Ok(None));
    assert!(lite.decode(of_lite).unwrap().is_some());
    assert_eq!(lite.decode(of_full), Ok(None));
}

#[test]
fn full_and_lite_execution_have_different_dedup_keys() {
    let (full, lite) = (
        decoded(FULL.lines().next().unwrap()),
        decoded(LITE.lines().next().unwrap()),
    );
    assert_ne!(full.event.dedup_key(), lite.event.dedup_key());
}

#[test]
fn dedup_key_is_symbol_trade_and_order() {
    let frame = FULL.lines().next().unwrap();
    let dedup_key = |frame: &str| decoded(frame).event.dedup_key();
    let again = frame
        .replace("\"P\":1781200000955512345", "\"P\":1781200000999999999")
        .replace("\"f\":\"0.0306252\"", "\"f\":\"0.03062520\"");
    assert_ne!(again, frame);
    assert_eq!(dedup_key(&again), dedup_key(frame));
    for (from, to) in [
        ("\"s\":\"BTC-USDT\"", "\"s\":\"BTC-USDC\""),
        ("\"ti\":\"9", "\"ti\":\"8"),
        ("\"oi\":\"4", "\"oi\":\"5"),
    ] {
        let other = frame.replace(from, to);
        assert_ne!(other, frame, "{from}");
        assert_ne!(dedup_key(&other), dedup_key(frame), "{from}");
    }
}

#[test]
fn dedup_key_without_trade_id_has_time_price_and_size() {
    let dedup_key = |data: &str| decode_data("execution.UNIFIED", data).unwrap().dedup_key();
    let first = dedup_key(
        r#"{"s":"XBTUSDTM","oi":"0","ti":"","S":"SELL","p":"1","q":"2","E":1781200000000}"#,
    );
    assert_eq!(
        first,
        dedup_key(r#"{"s":"XBTUSDTM","ti":"0","S":"SELL","p":"1.0","q":"2","E":1781200000000}"#)
    );
    for other in [
        r#"{"s":"XBTUSDTM","S":"SELL","p":"1","q":"3","E":1781200000000}"#,
        r#"{"s":"XBTUSDTM","S":"BUY","p":"1","q":"2","E":1781200000000}"#,
        r#"{"s":"XBTUSDTM","S":"SELL","p":"1","q":"2","E":1781200000001}"#,
    ] {
        assert_ne!(dedup_key(other), first, "{other}");
    }
}

#[test]
fn symbol_is_required() {
    for topic in ["execution.UNIFIED", "execution.lite.UNIFIED"] {
        let error = DecodeError::Missing { field: "s" };
        assert_eq!(decode_data(topic, "{}"), Err(error));
    }
    assert!(
        Executions::new(TradeType::Spot)
            .decode(&push("execution.UNIFIED", "{}"))
            .is_ok()
    );
}
