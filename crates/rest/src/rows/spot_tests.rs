//! Rows of spot orders, fills and bookings.

use kucoin_streams_core::{DecodeError, Liquidity, Side};

use super::test_support::{dec, ms, read, try_read};
use crate::*;

const ORDER: &str = r#"{"id":"670fd33bf9406e0007ab3945","clientOid":"grid-7","symbol":"KCS-USDT","opType":"DEAL",
    "type":"limit","side":"sell","price":"11.250","size":"4","funds":"45","dealSize":"1.5","dealFunds":"16.875",
    "remainSize":"2.5","remainFunds":"28.125","cancelledSize":"0","cancelledFunds":"0","fee":"0.016875",
    "feeCurrency":"USDT","stp":null,"timeInForce":"GTT","postOnly":true,"hidden":false,"iceberg":true,
    "visibleSize":"1","cancelAfter":86400,"channel":"API","remark":"rebalance","tags":"a,b","cancelExist":false,
    "tradeType":"TRADE","inOrderBook":true,"active":true,"tax":"0","createdAt":1730000000123,
    "lastUpdatedAt":1730000004801}"#;

const FILL: &str = r#"{"id":219814995255305,"symbol":"KCS-USDT","tradeId":11067996711960577,
    "orderId":"670fd33bf9406e0007ab3945","counterOrderId":"670fd33c1c2f7a0007d00c1e","side":"sell","liquidity":"maker",
    "type":"limit","forceTaker":false,"price":"11.250","size":"1.5","funds":"16.875","fee":"0.016875",
    "feeRate":"0.001","feeCurrency":"USDT","stop":"","tradeType":"TRADE","taxRate":"0","tax":"0",
    "createdAt":1730000000456}"#;

#[test]
fn open_order_has_its_sizes_and_times() {
    let order: SpotOrderRow = read(ORDER);
    assert_eq!(
        (&*order.symbol, order.side.clone()),
        ("KCS-USDT", Side::Sell)
    );
    assert_eq!(order.order_type, OrderType::Limit);
    assert_eq!(order.trade_type, TradeType::Spot);
    assert_eq!(order.price, dec("11.25"));
    assert_eq!(
        (order.filled_size, order.remain_size),
        (dec("1.5"), dec("2.5"))
    );
    assert_eq!(order.cancel_after, Some(86_400));
    assert_eq!(order.created_at, ms(1_730_000_000_123));
    assert_eq!(order.end(), None);
    assert!(order.extra.is_empty());
}

#[test]
fn end_of_an_order_is_by_its_flags() {
    let end = |active: &str, canceled: &str| {
        let json = format!(
            r#"{{"id":"1","symbol":"A-B","active":{active},"cancelExist":{canceled},"cancelReason":0}}"#
        );
        read::<SpotOrderRow>(&json).end()
    };
    assert_eq!(end("false", "false"), Some(OrderEnd::Filled));
    assert_eq!(end("false", "true"), Some(OrderEnd::Canceled));
    assert_eq!(end("true", "true"), None);
    assert_eq!(end("null", "false"), None);
    assert_eq!(end("false", "null"), None);
}

#[test]
fn odd_numbers_are_exact_and_kept() {
    let json = r#"{"id":530387137732231168,"symbol":"A-B","price":"85000.00000000000000000000","size":1E-8,
        "dealSize":"Infinity","fee":0.1,"createdAt":"1730000000123","newField":[1e-9],"cancelAfter":-1}"#;
    let order: SpotOrderRow = read(json);
    assert_eq!(&*order.order_id, "530387137732231168");
    assert_eq!(order.price, dec("85000"));
    assert_eq!(
        order.price.unwrap().to_string(),
        "85000.00000000000000000000"
    );
    assert_eq!((order.size, order.fee), (dec("0.00000001"), dec("0.1")));
    assert_eq!(order.filled_size, None);
    assert_eq!(order.created_at, ms(1_730_000_000_123));
    let kept: Vec<_> = order.extra.iter().map(|(name, _)| name).collect();
    assert_eq!(kept, ["newField", "dealSize"]);
}

#[test]
fn row_needs_what_identifies_it() {
    let missing = |error: Result<(), DecodeError>, name: &str| {
        assert!(
            matches!(error, Err(DecodeError::Missing { field, .. }) if field == name),
            "{name}: {error:?}"
        );
    };
    missing(
        try_read::<SpotOrderRow>(r#"{"symbol":"A-B"}"#).map(drop),
        "id",
    );
    missing(
        try_read::<SpotOrderRow>(r#"{"id":"1"}"#).map(drop),
        "symbol",
    );
    missing(
        try_read::<SpotLedgerRow>(r#"{"currency":"A"}"#).map(drop),
        "id",
    );
    for name in ["symbol", "tradeId", "orderId", "price", "size"] {
        let json = FILL.replace(&format!(r#""{name}":"#), r#""other":"#);
        missing(try_read::<SpotFillRow>(&json).map(drop), name);
    }
}

#[test]
fn fill_has_its_fee_and_all_digits_of_its_ids() {
    let row: SpotFillRow = read(FILL);
    assert!(row.extra.is_empty());
    let fill = row.fill();
    assert_eq!(
        fill.key().to_string(),
        "KCS-USDT:11067996711960577:670fd33bf9406e0007ab3945"
    );
    assert_eq!(
        (Some(fill.price), Some(fill.size)),
        (dec("11.25"), dec("1.5"))
    );
    assert_eq!(fill.fee, dec("0.016875"));
    assert_eq!(fill.fee_currency.as_deref(), Some("USDT"));
    assert_eq!(fill.liquidity, Some(Liquidity::Maker));
    assert_eq!(fill.time, ms(1_730_000_000_456));
    assert_eq!(row.record_id.as_deref(), Some("219814995255305"));
}

#[test]
fn booking_has_a_sign_and_a_trade() {
    let row = |direction: &str, context: &str| -> SpotLedgerRow {
        let context = serde_json::to_string(context).unwrap();
        read(&format!(
            r#"{{"id":"3812062248624431","currency":"KCS","amount":"1.50","fee":"0","tax":"0","balance":"7",
            "accountType":"TRADE_HF","bizType":"TRADE_EXCHANGE","direction":"{direction}",
            "createdAt":"1730000000456","context":{context}}}"#
        ))
    };
    let json = r#"{"symbol":"KCS-USDT","orderId":"670fd33b","tradeId":"11067996711960577"}"#;
    let sold = row("out", json);
    assert_eq!(sold.change(), dec("-1.5"));
    assert_eq!(sold.created_at, ms(1_730_000_000_456));
    let trade = sold.trade().unwrap();
    assert_eq!(trade.trade_id.as_deref(), Some("11067996711960577"));
    // The form of 2022.
    assert_eq!(row("in", &json.replace('"', "'")).trade(), Some(trade));
    for none in ["", "{}", "a note", "[]", r#"{"symbol":null}"#] {
        assert_eq!(row("in", none).trade(), None, "{none}");
    }
    assert_eq!(row("in", "").change(), dec("1.5"));
    assert_eq!(row("sideways", "").change(), None);
}

#[test]
fn symbols_are_a_list() {
    let row: ActiveSymbolsRow = read(r#"{"symbols":["KCS-USDT","BTC-USDT"],"symbolSize":2}"#);
    assert_eq!(*row.symbols, ["KCS-USDT", "BTC-USDT"]);
    let none: ActiveSymbolsRow = read(r#"{"symbols":null}"#);
    assert!(none.symbols.is_empty());
    let odd: ActiveSymbolsRow = read(r#"{"symbols":["KCS-USDT",{}]}"#);
    assert!(odd.symbols.is_empty());
    assert_eq!(
        odd.extra.get("symbols").unwrap().as_str(),
        r#"["KCS-USDT",{}]"#
    );
}
