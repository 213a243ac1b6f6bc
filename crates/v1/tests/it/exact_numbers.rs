//! Numbers in any spelling are decoded exactly; a number that its type cannot hold stays raw.

use kucoin_streams_core::{Decimal, Timestamp};
use kucoin_streams_v1::{FuturesOrders, FuturesPosition, FuturesPositions};
use serde_json::json;

use crate::{decoded, push, push_of};

fn dec(digits: &str) -> Decimal {
    digits.parse().unwrap()
}

#[test]
fn exponents_are_decoded_in_all_numbers() {
    let frame = push(
        FuturesOrders,
        r#"{"symbol":"XBTUSDTM","orderId":"a6","type":"match","orderTime":1.765E18,"size":1E+3,"filledSize":"1E+1","price":6.4E4,"matchSize":"1E1","matchPrice":"6.4E+4","tradeId":12345678901234567890123,"ts":1.765000000000000001E18}"#,
    );
    let order = decoded(FuturesOrders, &frame).event;
    let fill = order.fill().unwrap();
    assert_eq!((fill.price, fill.size), (dec("64000"), dec("10")));
    assert_eq!(fill.trade_id, "12345678901234567890123");
    assert_eq!(
        (order.size, order.filled_size),
        (Some(dec("1000")), Some(dec("10")))
    );
    let nanos = |nanos| Some(Timestamp::from_nanos(nanos));
    assert_eq!(order.order_time, nanos(1_765_000_000_000_000_000));
    assert_eq!(order.engine_time, nanos(1_765_000_000_000_000_001));
    assert!(order.extra.is_empty());
    let written = serde_json::to_value(&order).unwrap();
    assert_eq!(written["ts"], json!("1765000000000000001"));
    assert_eq!(written["size"], json!("1000"));
}

#[test]
fn unreadable_numbers_and_times_stay_raw() {
    let frame = push_of(
        FuturesPositions,
        "position.change",
        r#"{"symbol":"XBTUSDTM","currentQty":-5,"realisedGrossPnl":-0E-8,"avgEntryPrice":1E+5,"unrealisedPnl":-1.0E-7,"markPrice":"Infinity","openingTimestamp":1.7650000000001234567890E12,"currentTimestamp":1.765E19,"riskLimitLevel":1E0}"#,
    );
    let FuturesPosition::Change(change) = decoded(FuturesPositions, &frame).event else {
        panic!("not a change");
    };
    assert_eq!(change.quantity, dec("-5"));
    assert_eq!(change.average_entry_price, Some(dec("100000")));
    assert_eq!(change.unrealised_pnl, Some(dec("-0.00000010")));
    assert_eq!(change.risk_limit_level, Some(1));
    assert_eq!(
        (change.mark_price, change.opened_at, change.time),
        (None, None, None)
    );
    let kept: Vec<_> = change.extra.iter().map(|(_, raw)| raw.as_str()).collect();
    assert_eq!(
        kept,
        ["\"Infinity\"", "1.7650000000001234567890E12", "1.765E19"]
    );
    let written = serde_json::to_string(&change).unwrap();
    assert!(
        written.contains(r#""currentTimestamp":1.765E19"#),
        "{written}"
    );
}
