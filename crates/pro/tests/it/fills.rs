//! Fills of events: every field comes from the wire, and missing ones are `None`.

use kucoin_streams_core::{Event, Fill, Liquidity, Side};

use crate::{dec, decode_data, nanos};

/// A fill of order 4 with trade ID 7 at 1781200000950000000.
fn fill(side: Side) -> Fill {
    let mut fill = Fill::new(
        "BTC-USDT".into(),
        "7".into(),
        side,
        dec("61250.40"),
        dec("0.0005"),
    );
    fill.order_id = Some("4".into());
    fill.liquidity = Some(Liquidity::Maker);
    fill.time = nanos(1_781_200_000_950_000_000);
    fill
}

#[test]
fn execution_is_a_fill_with_fee() {
    let event = decode_data(
        "execution.UNIFIED",
        r#"{"oi":"4","s":"BTC-USDT","S":"BUY","oT":"LIMIT","p":"61250.40","q":"0.0005","ti":"7","E":1781200000950000000,
            "lR":"MAKER","f":"0.0306252","fC":"USDT","fT":"NORMAL"}"#,
    );
    let mut expected = fill(Side::Buy);
    expected.fee = Some(dec("0.0306252"));
    expected.fee_currency = Some("USDT".into());
    let fill = event.unwrap().fill().unwrap();
    assert_eq!(fill, expected);
    assert_eq!(fill.price.to_string(), "61250.40");
    assert_eq!(fill.key().to_string(), "BTC-USDT:7:4");
}

#[test]
fn forced_trade_is_a_fill_without_an_order() {
    for kind in ["LIQUID", "ADL", "SETTLEMENT"] {
        let event = decode_data(
            "execution.UNIFIED",
            &format!(
                r#"{{"oi":"0","s":"BTC-USDT","S":"SELL","oT":"","p":"61250.40","q":"0.0005","ti":"7",
                    "E":1781200000950000000,"lR":"","fT":"{kind}"}}"#
            ),
        );
        let mut expected = fill(Side::Sell);
        (expected.order_id, expected.liquidity) = (None, None);
        assert_eq!(event.unwrap().fill(), Some(expected), "{kind}");
    }
}

#[test]
fn lite_execution_has_the_same_fill_key_and_no_fee() {
    let event = decode_data(
        "execution.lite.UNIFIED",
        r#"{"oi":"4","s":"BTC-USDT","S":"BUY","oT":"LIMIT","p":"61250.40","q":"0.0005","ti":7,"E":1781200000950000000,
            "lR":"MAKER"}"#,
    );
    assert_eq!(event.unwrap().fill(), Some(fill(Side::Buy)));
}

#[test]
fn order_event_has_the_last_fill_without_fee() {
    let order = |event_type: &str| {
        let data = format!(
            r#"{{"oi":"4","s":"BTC-USDT","S":"BUY","os":4,"eT":"{event_type}","q":"0.002","fS":"0.0010","lS":"0.0005",
                "ls":"61250.40","ti":"7","lR":"MAKER","f":"0.06","fC":"USDT","U":1781200000950000000}}"#
        );
        decode_data("orderAll.UNIFIED", &data)
            .unwrap()
            .fill()
            .unwrap()
    };
    assert_eq!(order("FILL"), fill(Side::Buy));
    // The time of a cancel event is not the time of the last fill.
    assert_eq!(
        (order("CANCEL").key(), order("CANCEL").time),
        (fill(Side::Buy).key(), None)
    );
}

#[test]
fn events_without_a_trade_have_no_fill() {
    let order =
        r#"{"oi":"4","s":"BTC-USDT","S":"BUY","os":2,"eT":"OPEN","ti":"0","lS":"0","ls":"0"}"#;
    assert_eq!(decode_data("orderAll.UNIFIED", order).unwrap().fill(), None);
    let balance = decode_data("balance.UNIFIED", r#"{"c":"USDT"}"#);
    assert_eq!(balance.unwrap().fill(), None);
}
