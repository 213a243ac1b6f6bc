//! Tests of the rows of a unified account, from the body of a reply to typed values and back.

use std::fmt::Debug;

use kucoin_streams_core::DecodeError;
use serde::{Serialize, de::DeserializeOwned};

use super::*;
use crate::*;

fn body(data: &str) -> String {
    format!(r#"{{"code":"200000","data":{data}}}"#)
}

fn read<Q: QueryOf>(query: Q, data: &str) -> Result<Vec<Q::Row>, DecodeError> {
    query.into().read(body(data)).unwrap().rows()
}

/// Returns the rows, each checked to be the same after serialization.
fn rows<Q: QueryOf>(query: Q, data: &str) -> Vec<Q::Row>
where
    Q::Row: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let rows = read(query, data).unwrap();
    for row in &rows {
        let json = serde_json::to_string(row).unwrap();
        assert_eq!(
            &serde_json::from_str::<Q::Row>(&json).unwrap(),
            row,
            "{json}"
        );
    }
    rows
}

fn one<Q: QueryOf>(query: Q, data: &str) -> Q::Row
where
    Q::Row: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let mut rows = rows(query, data);
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

fn dec(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

fn ns(nanos: i64) -> Option<Timestamp> {
    Some(Timestamp::from_nanos(nanos))
}

fn texts(list: &RowList<Text>) -> Vec<&str> {
    list.iter().map(Text::as_str).collect()
}

const OPEN_ORDER: &str = r#"{"orderId":"600100200300400500","symbol":"ETHUSDTM","orderType":"LIMIT","side":"SELL",
"size":"25","price":"3120.55","timeInForce":"GTC","tags":"","orderTime":1800000000123456789,"stp":"CN",
"cancelAfter":null,"postOnly":true,"reduceOnly":false,"triggerPrice":"","filledSize":"5","avgPrice":"3120.6",
"fee":"0.0187","feeCurrency":"USDT","tax":"0","updatedTime":1800000000200000000,"triggerOrderId":"0",
"cancelReason":"","cancelSize":"0","clientOid":"grid-7","sizeUnit":"UNIT","status":4,"positionSide":"BOTH",
"marginMode":"ISOLATED"}"#;

#[test]
fn open_order_has_the_trade_type_of_its_list() {
    let data = format!(
        r#"{{"pageNumber":1,"pageSize":200,"totalNum":1,"totalPage":1,"items":[{OPEN_ORDER}],"tradeType":"FUTURES"}}"#
    );
    let row = one(UnifiedOpenOrders::new("FUTURES"), &data);
    assert_eq!(row.order_id, "600100200300400500");
    assert_eq!(row.client_oid.as_deref(), Some("grid-7"));
    assert_eq!(row.trade_type.as_deref(), Some("FUTURES"));
    assert_eq!(row.symbol, "ETHUSDTM");
    assert_eq!(row.status, UnifiedOrderStatus::PartiallyFilled);
    assert_eq!(row.side, Side::Sell);
    assert_eq!(row.position_side, Some(PositionSide::Both));
    assert_eq!(row.order_type, OrderType::Limit);
    assert_eq!(row.price, dec("3120.55"));
    assert_eq!(row.margin_mode, Some(MarginMode::Isolated));
    assert_eq!((row.size, row.filled_size), (dec("25"), dec("5")));
    assert_eq!(row.size_unit.as_deref(), Some("UNIT"));
    assert_eq!(row.avg_price, dec("3120.6"));
    assert_eq!((row.fee, row.tax), (dec("0.0187"), dec("0")));
    assert_eq!(row.fee_currency.as_deref(), Some("USDT"));
    assert_eq!(row.canceled_size, dec("0"));
    assert_eq!((row.cancel_reason, row.trigger_price), (None, None));
    assert_eq!(row.origin_order_id.as_deref(), Some("0"));
    assert_eq!(row.self_trade_prevention.as_deref(), Some("CN"));
    assert_eq!((row.post_only, row.reduce_only), (Some(true), Some(false)));
    assert_eq!(row.created_at, ns(1_800_000_000_123_456_789));
    assert_eq!(row.row_updated_at, ns(1_800_000_000_200_000_000));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
}

#[test]
fn serialized_order_has_the_names_of_kucoin() {
    let data = format!(r#"{{"tradeType":"FUTURES","items":[{OPEN_ORDER}]}}"#);
    let row = one(UnifiedOpenOrders::new("FUTURES"), &data);
    let mut expected: serde_json::Value = serde_json::from_str(OPEN_ORDER).unwrap();
    let members = expected.as_object_mut().unwrap();
    members.retain(|_, value| !value.is_null() && value != "");
    members.insert("tradeType".into(), "FUTURES".into());
    // Numbers are written as text.
    for value in members.values_mut().filter(|value| value.is_number()) {
        *value = value.to_string().into();
    }
    assert_eq!(serde_json::to_value(&row).unwrap(), expected);
}

#[test]
fn status_decides_the_end_of_an_order() {
    for (status, end) in [
        (r#","status":0"#, None),
        (r#","status":1"#, None),
        (r#","status":2"#, None),
        (r#","status":3"#, Some(OrderEnd::Filled)),
        (r#","status":"3""#, Some(OrderEnd::Filled)),
        (r#","status":4"#, None),
        (r#","status":5"#, Some(OrderEnd::Canceled)),
        (r#","status":6"#, Some(OrderEnd::Canceled)),
        (r#","status":7"#, None),
        (r#","status":"FILLED""#, None),
        (r#","status":null"#, None),
        ("", None),
    ] {
        let data = format!(r#"{{"orderId":"1","symbol":"BTC-USDT"{status}}}"#);
        let query = UnifiedOrderDetail::new("SPOT", "BTC-USDT").order_id("1");
        assert_eq!(one(query, &data).end(), end, "{status}");
    }
}

#[test]
fn odd_values_of_an_order_are_kept() {
    let data = r#"{"orderId":600100200300400501,"symbol":"BTC-USDT","tradeType":"SPOT","status":"5","side":"buy",
        "orderType":"STOP","size":0.00010,"filledSize":1E-5,"price":null,"cancelReason":0,"cancelSize":0,
        "fee":"none","postOnly":"true","orderTime":"1800000000123","updatedTime":0,"bonus":{"a":[1.50]}}"#;
    let row = one(UnifiedOrderDetail::new("SPOT", "BTC-USDT"), data);
    assert_eq!(row.order_id, "600100200300400501");
    assert_eq!(row.trade_type.as_deref(), Some("SPOT"));
    assert_eq!(row.side, Side::Buy);
    assert_eq!(row.order_type, OrderType::Unknown("STOP".into()));
    assert_eq!(row.size.unwrap().to_string(), "0.00010");
    assert_eq!(row.filled_size, dec("0.00001"));
    assert_eq!((row.price, row.fee), (None, None));
    assert_eq!(row.cancel_reason.as_deref(), Some("0"));
    assert_eq!(row.canceled_size, dec("0"));
    assert_eq!(row.post_only, Some(true));
    assert_eq!(row.created_at, ns(1_800_000_000_123_000_000));
    assert_eq!(row.end(), Some(OrderEnd::Canceled));
    for (name, raw) in [
        ("bonus", r#"{"a":[1.50]}"#),
        ("fee", r#""none""#),
        ("side", r#""buy""#),
    ] {
        assert_eq!(row.extra.get(name).unwrap().as_str(), raw);
    }
    let json = serde_json::to_string(&row).unwrap();
    assert!(json.contains(r#""bonus":{"a":[1.50]}"#), "{json}");
    assert!(json.contains(r#""side":"buy""#), "{json}");
    assert!(json.contains(r#""fee":"none""#), "{json}");
}

#[test]
fn order_detail_is_read_from_object_array_or_null() {
    let query = || UnifiedOrderDetail::new("SPOT", "BTC-USDT").client_oid("mine");
    let order = r#"{"orderId":"1","symbol":"BTC-USDT","status":3}"#;
    assert_eq!(rows(query(), order), rows(query(), &format!("[{order}]")));
    assert_eq!(rows(query(), "null"), []);
    assert_eq!(rows(query(), "[]"), []);
}

#[test]
fn row_without_its_key_is_an_error() {
    let missing = |result: Result<_, DecodeError>| match result {
        Err(DecodeError::Missing { field }) => field,
        other => panic!("{other:?}"),
    };
    let orders = read(UnifiedOpenOrders::new("SPOT"), r#"[{"symbol":"BTC-USDT"}]"#);
    assert_eq!(missing(orders.map(drop)), "orderId");
    let orders = read(UnifiedOrderHistory::new("SPOT"), r#"[{"orderId":"1"}]"#);
    assert_eq!(missing(orders.map(drop)), "symbol");
    let fill = r#"[{"symbol":"BTC-USDT","tradeId":"1","price":"2"}]"#;
    let fills = read(UnifiedFills::new("SPOT"), fill);
    assert_eq!(missing(fills.map(drop)), "size");
    let fills = read(UnifiedFills::new("SPOT"), r#"[{"price":"1","size":"2"}]"#);
    assert_eq!(missing(fills.map(drop)), "tradeId");
    let positions = read(UnifiedPositions::new(), r#"[{"size":"1"}]"#);
    assert_eq!(missing(positions.map(drop)), "symbol");
    let closed = read(UnifiedPositionHistory::new(), r#"[{"symbol":"XBTUSDTM"}]"#);
    assert_eq!(missing(closed.map(drop)), "closeId");
    let ledger = read(UnifiedLedger::new("UNIFIED"), r#"[{"currency":"USDT"}]"#);
    assert_eq!(missing(ledger.map(drop)), "id");
    let funding = read(UnifiedFunding::new(), r#"[{"symbol":"XBTUSDTM"}]"#);
    assert_eq!(missing(funding.map(drop)), "settlementTime");
    let balances = read(UnifiedBalance::new(), r#"{"accountType":"UNIFIED"}"#);
    assert_eq!(missing(balances.map(drop)), "currency");
}

#[test]
fn fill_has_time_fee_and_liquidity() {
    let data = r#"{"tradeType":"SPOT","lastId":50000000000000123,"items":[{"orderId":"700100","symbol":"KCS-USDT",
        "orderType":"MARKET","side":"BUY","tradeId":90071992547409931,"size":"2.5","price":"11.04","value":"27.6",
        "executionTime":1800000001234000000,"fee":"0.0276","feeCurrency":"USDT","tax":"","liquidityRole":"MAKER",
        "fillType":"NORMAL"}]}"#;
    let row = one(UnifiedFills::new("SPOT").symbol("KCS-USDT"), data);
    assert_eq!(row.trade_type.as_deref(), Some("SPOT"));
    assert_eq!(row.order_type, Some(OrderType::Market));
    assert_eq!(row.value, dec("27.6"));
    assert_eq!(row.tax, None);
    assert_eq!(row.fill_type, Some(UnifiedFillType::Normal));
    let fill = row.fill();
    assert_eq!(fill.key().to_string(), "KCS-USDT:90071992547409931:700100");
    assert_eq!(fill.side, Side::Buy);
    assert_eq!(
        (Some(fill.price), Some(fill.size)),
        (dec("11.04"), dec("2.5"))
    );
    assert_eq!(fill.fee, dec("0.0276"));
    assert_eq!(fill.fee_currency.as_deref(), Some("USDT"));
    assert_eq!(fill.liquidity, Some(Liquidity::Maker));
    assert_eq!(fill.time, ns(1_800_000_001_234_000_000));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
}

#[test]
fn forced_trade_has_no_order() {
    for order in [
        r#""orderId":"0","#,
        r#""orderId":"","#,
        r#""orderId":0,"#,
        "",
    ] {
        let data = format!(
            r#"[{{{order}"symbol":"XBTUSDTM","side":"SELL","orderType":"","tradeId":"88","size":3,"price":90000.1,
            "liquidityRole":"","fillType":"liquid","executionTime":1800000001234000000}}]"#
        );
        let row = one(UnifiedFills::new("FUTURES"), &data);
        assert_eq!(row.fill().order_id, None, "{order}");
        assert_eq!((row.order_type, row.liquidity), (None, None));
        assert_eq!(row.fill_type, Some(UnifiedFillType::Liquidation));
        assert_eq!(row.extra.get("fillType").unwrap().as_str(), r#""liquid""#);
    }
}

#[test]
fn fills_end_at_a_null_cursor() {
    let query = Query::from(UnifiedFills::new("FUTURES"));
    let page = query.read(body(r#"{"tradeType":"FUTURES","lastId":null,"items":[]}"#));
    let page = page.unwrap();
    assert!(page.is_empty());
    assert_eq!(page.next_query(&query), None);
    let more = r#"{"lastId":50000000000000123,"items":[{"tradeId":"1"}]}"#;
    let next = query.read(body(more)).unwrap().next_query(&query).unwrap();
    assert_eq!(next.param("lastId"), Some("50000000000000123"));
}

#[test]
fn positions_are_read_from_array_and_page() {
    let position = r#"{"symbol":"ETHUSDTM","id":"500700","marginMode":"CROSS","size":"-12","entryPrice":"3120.5",
        "positionValue":"-374.4","positionMargin":"12.3","markPrice":3120,"leverage":"10",
        "unrealizedPnL":"0.06000000000000000001","realizedPnL":"-0.2","initialMargin":"37.44","mmr":"0.005",
        "maintenanceMargin":"1.9","liquidationPrice":"","riskRatio":"","adlPercentage":"0.4",
        "creationTime":1800000000000000000,"updateTime":1800000005000000000}"#;
    let row = one(UnifiedPositions::new(), &format!("[{position}]"));
    let paged = format!(r#"{{"pageNumber":1,"totalPage":1,"items":[{position}]}}"#);
    assert_eq!(row, one(UnifiedPositions::new(), &paged));
    assert_eq!(row.position_id.as_deref(), Some("500700"));
    assert_eq!(row.margin_mode, Some(MarginMode::Cross));
    assert_eq!(row.size, dec("-12"));
    assert_eq!(row.mark_price, dec("3120"));
    assert_eq!(row.unrealised_pnl, dec("0.06000000000000000001"));
    assert_eq!(row.maint_margin_rate, dec("0.005"));
    assert_eq!((row.liquidation_price, row.risk_ratio), (None, None));
    assert_eq!(row.created_at, ns(1_800_000_000_000_000_000));
    assert_eq!(row.updated_at, ns(1_800_000_005_000_000_000));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
    let bare = one(UnifiedPositions::new(), r#"[{"symbol":"ETHUSDTM"}]"#);
    assert_eq!((bare.updated_at, bare.size), (None, None));
}

#[test]
fn closed_position_has_its_times_and_result() {
    let data = r#"{"items":[{"symbol":"ETHUSDTM","closeId":"500800","marginMode":"CROSS","side":"SHORT",
        "entryPrice":"3120.5","closePrice":"3100","maxSize":"12","avgClosePrice":"3101","leverage":"10",
        "realizedPnL":"2.34","fee":"0.4","tax":"0","fundingFee":"-0.01","closingTime":1800000009000000000,
        "creationTime":1800000000000000000}],"lastId":500800}"#;
    let row = one(UnifiedPositionHistory::new(), data);
    assert_eq!(
        (row.close_id.as_str(), row.symbol.as_str()),
        ("500800", "ETHUSDTM")
    );
    assert_eq!(row.side, Some(PositionSide::Short));
    assert_eq!(row.max_size, dec("12"));
    assert_eq!(
        (row.realised_pnl, row.funding_fee),
        (dec("2.34"), dec("-0.01"))
    );
    assert_eq!(row.created_at, ns(1_800_000_000_000_000_000));
    assert_eq!(row.closed_at, ns(1_800_000_009_000_000_000));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
}

const BALANCES: &str = r#"{"accountType":"ISOLATED", "ts":1800000010123, "accounts":[
    {"currencies":[{"currency":"BTC","balance":"0.5","available":"0.4","hold":"0.1","equity":"0.5","liability":"0"},
        { "currency":"USDT", "balance":1.5E+3, "accountType":"own" }],"accountSubtype":"BTC-USDT"},
    {"accountSubtype":"ETH-USDT","currencies":null},
    {"accountSubtype":"KCS-USDT","currencies":[]},
    {"accountSubtype":"SOL-USDT","currencies":{"currency":"SOL","locked":"7","available":"1"}}]}"#;

#[test]
fn each_balance_knows_its_account() {
    let rows = rows(ClassicBalance::new("ISOLATED"), BALANCES);
    let accounts: Vec<_> = rows
        .iter()
        .map(|row| {
            let account = row.account_type.as_deref().unwrap_or_default();
            let subtype = row.account_subtype.as_deref().unwrap_or_default();
            (account, subtype, row.currency.as_str())
        })
        .collect();
    assert_eq!(
        accounts,
        [
            ("ISOLATED", "BTC-USDT", "BTC"),
            ("own", "BTC-USDT", "USDT"),
            ("ISOLATED", "SOL-USDT", "SOL"),
        ]
    );
    assert_eq!((rows[0].balance, rows[0].hold), (dec("0.5"), dec("0.1")));
    assert_eq!(rows[1].balance, dec("1500"));
    assert_eq!((rows[2].hold, rows[2].available), (dec("7"), dec("1")));
    for row in &rows {
        assert_eq!(row.replied_at, ns(1_800_000_010_123_000_000));
    }
    assert!(rows[0].extra.is_empty(), "{:?}", rows[0].extra);
    let json = serde_json::to_string(&rows[0]).unwrap();
    assert!(json.contains(r#""accountSubtype":"BTC-USDT""#), "{json}");
}

#[test]
fn raw_balances_are_as_sent() {
    let query = Query::from(ClassicBalance::new("ISOLATED"));
    let page = query.read(body(BALANCES)).unwrap();
    let raw: Vec<_> = page.raw_rows().collect();
    assert_eq!(
        raw[1],
        r#"{ "currency":"USDT", "balance":1.5E+3, "accountType":"own" }"#
    );
    assert_eq!(raw[2], r#"{"currency":"SOL","locked":"7","available":"1"}"#);
    assert_eq!(page.next_query(&query), None);
}

#[test]
fn balances_are_read_in_every_shape() {
    for (data, count) in [
        ("null", 0),
        ("[]", 0),
        (r#"{"accountType":"UNIFIED","accounts":[]}"#, 0),
        (r#"{"accountType":"UNIFIED","accounts":null}"#, 0),
        (r#"{"accounts":{"currencies":[{"currency":"A"}]}}"#, 1),
        (r#"[{"currencies":[{"currency":"A"},{"currency":"B"}]}]"#, 2),
        (r#"{"currencies":[{"currency":"A"}]}"#, 1),
        (r#"[{"currency":"A"},{"currency":"B"}]"#, 2),
        (r#"{"currency":"A"}"#, 1),
    ] {
        assert_eq!(rows(UnifiedBalance::new(), data).len(), count, "{data}");
    }
}

#[test]
fn balances_without_a_list_are_an_error() {
    let query = Query::from(UnifiedBalance::new());
    for data in [
        r#""none""#,
        "7",
        r#"{"accounts":"none"}"#,
        r#"{"accounts":[{"currencies":0}]}"#,
        r#"{"accounts":["none"]}"#,
    ] {
        let read = query.read(body(data));
        assert!(
            matches!(read, Err(PageProblem::Unreadable { .. })),
            "{data}"
        );
    }
    assert!(read(UnifiedBalance::new(), "{}").is_err());
    let group = r#"{"accounts":[{"accountSubtype":"BTC-USDT"}]}"#;
    assert!(read(UnifiedBalance::new(), group).is_err());
}

#[test]
fn classic_futures_balance_has_margins() {
    let data = r#"{"accountType":"FUTURES","ts":1800000010123,"accounts":[{"accountSubtype":"XBT","currencies":[
        {"currency":"XBT","equity":"1.25","balance":"1.2","available":"0.9","locked":"0.1","totalCrossMargin":"0.3",
        "crossPosMargin":"0.2","crossOrderMargin":"0.1","crossUnPnl":"0.05","isolatedPosMargin":"0",
        "isolatedOrderMargin":"0","isolatedUnPnl":"0","isolatedFundingFeeMargin":"0.00000001"}]}]}"#;
    let row = one(ClassicBalance::new("FUTURES"), data);
    assert_eq!(row.account_subtype.as_deref(), Some("XBT"));
    assert_eq!((row.equity, row.hold), (dec("1.25"), dec("0.1")));
    assert_eq!(row.total_cross_margin, dec("0.3"));
    assert_eq!(row.cross_un_pnl, dec("0.05"));
    assert_eq!(row.isolated_funding_fee_margin, dec("0.00000001"));
}

#[test]
fn booking_has_the_sign_of_its_direction() {
    let booking = |direction: &str, amount: &str| {
        let data = format!(
            r#"[{{"accountType":"UNIFIED","id":"20000000009999999","currency":"USDT","direction":{direction},
            "businessType":"TRANSFER","amount":{amount},"balance":"10.5","fee":"0","tax":"0","remark":"",
            "ts":1800000003000000000}}]"#
        );
        one(UnifiedLedger::new("UNIFIED"), &data)
    };
    let row = booking(r#""OUT""#, r#""2.5""#);
    assert_eq!(
        (row.ledger_id.as_str(), row.currency.as_str()),
        ("20000000009999999", "USDT")
    );
    assert_eq!(row.reason.as_deref(), Some("TRANSFER"));
    assert_eq!((row.amount, row.balance), (dec("2.5"), dec("10.5")));
    assert_eq!(row.created_at, ns(1_800_000_003_000_000_000));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
    assert_eq!(row.change(), dec("-2.5"));
    assert_eq!(booking(r#""IN""#, r#""2.5""#).change(), dec("2.5"));
    assert_eq!(booking(r#""out""#, "-2.5").change(), dec("-2.5"));
    assert_eq!(booking(r#""IN""#, r#""""#).change(), None);
    assert_eq!(booking("null", r#""1""#).change(), None);
}

#[test]
fn ledger_continues_by_the_cursor_or_its_last_row() {
    let query = Query::from(UnifiedLedger::new("FUTURES").page_size(1));
    let next = |data: &str| {
        let next = query.read(body(data)).unwrap().next_query(&query)?;
        next.param("lastId").map(str::to_owned)
    };
    let paged = r#"{"lastId":20000000000000007,"items":[{"id":"9"}]}"#;
    assert_eq!(next(paged).as_deref(), Some("20000000000000007"));
    assert_eq!(next(r#"[{"id":"9"}]"#).as_deref(), Some("9"));
    assert_eq!(next("[]"), None);
}

#[test]
fn funding_time_is_in_milliseconds() {
    let data = r#"{"lastId":77,"items":[{"symbol":"XBTUSDTM","marginMode":"CROSS","fundingRate":"0.000125",
        "markPrice":"91000.5","size":"-4","positionValue":"-364.002","fundingFee":"0.04550025",
        "settleCurrency":"USDT","settlementTime":1800000000000}]}"#;
    let row = one(UnifiedFunding::new().symbol("XBTUSDTM"), data);
    assert_eq!(Some(row.settled_at), ns(1_800_000_000_000_000_000));
    assert_eq!(
        (row.funding_rate, row.funding_fee),
        (dec("0.000125"), dec("0.04550025"))
    );
    assert_eq!((row.size, row.mark_price), (dec("-4"), dec("91000.5")));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
}

#[test]
fn settings_are_read() {
    let data = r#"{"accountType":"UNIFIED","riskRatio":"0.0007","equity":"500.05","adjustedEquity":"499","liability":"1",
        "availableMargin":"469.6","im":30.4,"mm":"0.3652"}"#;
    let overview = one(UnifiedOverview::new(), data);
    assert_eq!(
        (overview.risk_ratio, overview.equity),
        (dec("0.0007"), dec("500.05"))
    );
    assert_eq!(
        (overview.initial_margin, overview.maint_margin),
        (dec("30.4"), dec("0.3652"))
    );

    let data = r#"[{"symbol":"ETHUSDTM","leverage":"20","marginMode":"CROSS"},
        {"currency":"BTC","leverage":5,"marginMode":"ISOLATE"}]"#;
    let leverages = rows(UnifiedLeverage::new("FUTURES", "CROSS"), data);
    assert_eq!(leverages[0].symbol.as_deref(), Some("ETHUSDTM"));
    assert_eq!(
        (leverages[0].leverage, leverages[1].leverage),
        (dec("20"), dec("5"))
    );
    assert_eq!(leverages[1].currency.as_deref(), Some("BTC"));
    assert_eq!(
        leverages[1].margin_mode,
        Some(MarginMode::Unknown("ISOLATE".into()))
    );

    let data = r#"{"ts":1800000010123,"items":[{"symbol":"ETHUSDTM","marginMode":"ISOLATED"}]}"#;
    let mode = one(UnifiedMarginMode::new(), data);
    assert_eq!(
        (mode.symbol.as_str(), mode.margin_mode),
        ("ETHUSDTM", MarginMode::Isolated)
    );
    assert_eq!(mode.replied_at, ns(1_800_000_010_123_000_000));
}

#[test]
fn row_without_members_gets_those_of_its_list() {
    let data = r#"{"tradeType":"FUTURES","ts":1,"items":[{ }]}"#;
    let row = one(UnifiedLeverage::new("FUTURES", "CROSS"), data);
    assert_eq!(row.trade_type.as_deref(), Some("FUTURES"));
    assert_eq!(row.extra.get("ts").unwrap().as_str(), "1");
}

#[test]
fn account_mode_lists_sub_accounts() {
    let data = r#"{"selfAccountMode":"UNIFIED","unifiedSubAccount":[9007199254740993],"classicSubAccount":["12","34"]}"#;
    let row = one(AccountModeInfo::new(), data);
    assert_eq!(row.mode, AccountModeKind::Unified);
    assert_eq!(texts(&row.unified_sub_accounts), ["9007199254740993"]);
    assert_eq!(texts(&row.classic_sub_accounts), ["12", "34"]);
    let row = one(AccountModeInfo::new(), r#"{"selfAccountMode":"classic"}"#);
    assert_eq!(row.mode, AccountModeKind::Classic);
    assert!(row.unified_sub_accounts.is_empty());
}

#[test]
fn queries_send_the_documented_bytes() {
    let time = |ms: i64| Timestamp::from_nanos(ms * 1_000_000);
    let (from, to) = (time(1_800_000_000_000), time(1_800_000_060_000));
    let window = "startAt=1800000000000&endAt=1800000060000";
    for (query, expected) in [
        (
            UnifiedOpenOrders::new("SPOT").order_filter("ADVANCED").symbol("BTC-USDT").into(),
            "unified/order/open-list?tradeType=SPOT&symbol=BTC-USDT&orderFilter=ADVANCED&pageSize=200".into(),
        ),
        (
            UnifiedOrderHistory::new("FUTURES").to(to).from(from).side(Side::Sell).into(),
            format!("unified/order/history?tradeType=FUTURES&side=SELL&{window}&pageSize=200"),
        ),
        (
            UnifiedOrderDetail::new("CROSS", "BTC-USDT").order_id("7").into(),
            "unified/order/detail?tradeType=CROSS&symbol=BTC-USDT&orderId=7".into(),
        ),
        (
            UnifiedFills::new("FUTURES").order_id("7").side(Side::Buy).from(from).to(to).into(),
            format!("unified/order/execution?tradeType=FUTURES&orderId=7&side=BUY&{window}&pageSize=200"),
        ),
        (
            UnifiedPositions::new().into(),
            "unified/position/open-list?pageSize=200".into(),
        ),
        (
            UnifiedPositionHistory::new().from(from).to(to).into(),
            format!("position/history?{window}&pageSize=200"),
        ),
        (UnifiedBalance::new().into(), "unified/account/balance".into()),
        (
            ClassicBalance::new("FUNDING").into(),
            "account/balance?accountType=FUNDING".into(),
        ),
        (
            UnifiedLedger::new("UNIFIED").from(from).to(to).direction("IN").currency("USDT").into(),
            format!("account/ledger?accountType=UNIFIED&currency=USDT&direction=IN&{window}&pageSize=100"),
        ),
        (
            UnifiedFunding::new().symbol("XBTUSDTM").into(),
            "position/funding-history?symbol=XBTUSDTM&pageSize=200".into(),
        ),
        (UnifiedOverview::new().into(), "unified/account/overview".into()),
        (
            UnifiedLeverage::new("MARGIN", "CROSS").currency("BTC").into(),
            "unified/account/leverage?tradeType=MARGIN&marginMode=CROSS&currency=BTC".into(),
        ),
        (
            UnifiedMarginMode::new().symbol("XBTUSDTM").into(),
            "unified/position/margin-mode?symbol=XBTUSDTM".into(),
        ),
        (AccountModeInfo::new().into(), "account/mode".into()),
    ] {
        let (query, expected): (Query, String) = (query, expected);
        let v1 = query.path_and_query(UnifiedVersion::V1);
        assert_eq!(v1, format!("/api/ua/v1/{expected}"));
        let v2 = query.path_and_query(UnifiedVersion::V2);
        assert_eq!(v2, format!("/api/ua/v2/{expected}"));
        let endpoint = query.endpoint();
        assert_eq!((endpoint.host(), endpoint.pool()), (RestHost::Spot, Pool::Unified));
    }
}
