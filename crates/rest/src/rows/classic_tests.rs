//! Tests of the rows of margin, stop orders, accounts and the clock.

use kucoin_streams_core::Side;

use super::account::*;
use super::margin::*;
use super::spot::*;
use super::stop::*;
use super::test_support::*;
use super::{OrderEnd, OrderType, TradeType};
use crate::{
    AccountLedger, CrossMarginAccount, IsolatedMarginAccounts, MarginFills, Permission, Query,
    ServerTime,
};

#[test]
fn cross_margin_account_keeps_debts_and_unknown_fields() {
    let row: CrossMarginRow = read(
        r#"{"totalAssetOfQuoteCurrency":1.25E-3,"totalLiabilityOfQuoteCurrency":"0","debtRatio":0,"status":"BORROW",
        "nextCheck":{"at":[1,2]},"accounts":[{"currency":"KCS","total":"12.50","available":7,"hold":"5.50",
        "liability":"0.30000000","liabilityPrincipal":"0.29","liabilityInterest":"1E-2","maxBorrowSize":"9",
        "borrowEnabled":true,"transferInEnabled":"false","tier":3},{"currency":"DOGE","total":null}]}"#,
    );
    assert_eq!(row.total_assets, dec("0.00125"));
    assert_eq!(row.status, MarginAccountStatus::Borrow);
    assert_eq!(
        row.extra.get("nextCheck").unwrap().as_str(),
        r#"{"at":[1,2]}"#
    );
    let [kcs, doge] = &row.accounts[..] else {
        panic!("{row:?}")
    };
    assert_eq!((kcs.available, kcs.hold), (dec("7"), dec("5.5")));
    assert_eq!(kcs.liability_interest, dec("0.01"));
    assert_eq!(kcs.is_transfer_in_enabled, Some(false));
    assert_eq!(kcs.extra.get("tier").unwrap().as_str(), "3");
    assert_eq!((&*doge.currency, doge.total), ("DOGE", None));
}

#[test]
fn cross_margin_account_is_one_row() {
    let query = Query::from(CrossMarginAccount::new().quote_currency("BTC"));
    let body = r#"{"code":"200000","data":{"debtRatio":"0.1","status":"LATER","accounts":[{"currency":"BTC"}]}}"#;
    let rows = query.read(body).unwrap().rows::<CrossMarginRow>().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].status, MarginAccountStatus::Unknown("LATER".into()));
    assert_eq!(rows[0].accounts.len(), 1);
}

#[test]
fn isolated_margin_accounts_are_one_row_per_symbol() {
    let query = Query::from(IsolatedMarginAccounts::new());
    let body = r#"{"code":"200000","data":{"totalAssetOfQuoteCurrency":"3","timestamp":1801000000123,"assets":[
        {"symbol":"KCS-USDT","status":"IN_REPAY","debtRatio":"0.5","baseAsset":{"currency":"KCS","total":"1"},
         "quoteAsset":{"currency":"USDT","liability":"2.5"}},
        {"symbol":"XRP-USDT","status":"CLEAR","debtRatio":"0","baseAsset":null}]}}"#;
    let page = query.read(body).unwrap();
    let rows = page.rows::<IsolatedMarginRow>().unwrap();
    let [kcs, xrp] = &rows[..] else {
        panic!("{rows:?}")
    };
    assert_eq!(kcs.status, MarginAccountStatus::InRepay);
    assert_eq!(kcs.base.as_ref().unwrap().total, dec("1"));
    assert_eq!(kcs.quote.as_ref().unwrap().liability, dec("2.5"));
    assert_eq!((&*xrp.symbol, &xrp.base), ("XRP-USDT", &None));
    let raw = page.raw_rows().next().unwrap();
    assert_eq!(read::<IsolatedMarginRow>(raw), *kcs);
    assert!(
        query
            .read(r#"{"code":"200000","data":{"assets":[]}}"#)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn margin_orders_and_fills_have_the_rows_of_spot() {
    let order: SpotOrderRow = read(
        r#"{"id":"6b1","symbol":"KCS-USDT","side":"sell","type":"limit","tradeType":"MARGIN_ISOLATED_TRADE","dealSize":"1",
        "stop":null,"stopTriggered":false,"stopPrice":"0","active":false,"cancelExist":true,"createdAt":1801000000001}"#,
    );
    assert_eq!(order.trade_type, TradeType::IsolatedMargin);
    assert_eq!(order.end(), Some(OrderEnd::Canceled));
    let query = Query::from(MarginFills::new("KCS-USDT", TradeType::CrossMargin));
    let body = r#"{"code":"200000","data":{"lastId":9223372036854775806,"items":[{"id":41,"symbol":"KCS-USDT",
        "tradeId":9223372036854775807,"orderId":"6b1","side":"sell","liquidity":"maker","type":"limit","price":"11.2",
        "size":"0.5","fee":"0.0056","feeCurrency":"USDT","tradeType":"MARGIN_TRADE","createdAt":1801000000777}]}}"#;
    let page = query.read(body).unwrap();
    let fill = page.rows::<SpotFillRow>().unwrap()[0].fill();
    assert_eq!(fill.key().to_string(), "KCS-USDT:9223372036854775807:6b1");
    assert_eq!(
        (fill.fee, fill.time),
        (dec("0.0056"), ms(1_801_000_000_777))
    );
    let next = page.next_query(&query).unwrap();
    assert_eq!(next.param("lastId"), Some("9223372036854775806"));
}

#[test]
fn margin_ledger_sends_ints() {
    let row: SpotLedgerRow = read(
        r#"{"id":7007007007007007007,"currency":"KCS","amount":"3.00000000","fee":"0","balance":"5","accountType":"ISOLATED_V2",
        "bizType":"TRADE_EXCHANGE","direction":"OUT","createdAt":1801000000555,"context":"{'symbol':'KCS-USDT','tradeId':'12'}"}"#,
    );
    assert_eq!(row.ledger_id, "7007007007007007007");
    assert_eq!(
        (row.change(), row.created_at),
        (dec("-3"), ms(1_801_000_000_555))
    );
    assert_eq!(row.trade().unwrap().trade_id.as_deref(), Some("12"));
}

#[test]
fn stop_order_has_padded_decimals_and_nanoseconds() {
    let row: StopOrderRow = read(
        r#"{"id":"vs77","symbol":"KCS-USDT","userId":99,"status":"new","type":"market","side":"buy","price":null,"size":null,
        "funds":"1000000000.00000000000000000000","stopPrice":"0.00000012000000000000","stop":"entry","limitPrice":"",
        "cancelAfter":-1,"postOnly":false,"visibleSize":0,"clientOid":31,"orderTime":1801000000000000417,
        "tradeType":"TRADE","takerFeeRate":1E-3,"createdAt":"1801000000001","stopTriggerTime":null,"relatedNo":null}"#,
    );
    assert_eq!(row.status, StopOrderStatus::New);
    assert_eq!((row.price, row.size, row.limit_price), (None, None, None));
    assert_eq!(
        (row.funds, row.stop_price),
        (dec("1000000000"), dec("0.00000012"))
    );
    assert_eq!(
        (row.cancel_after, row.taker_fee_rate),
        (Some(-1), dec("0.001"))
    );
    assert_eq!((row.order_type, row.side), (OrderType::Market, Side::Buy));
    assert_eq!(row.client_oid.as_deref(), Some("31"));
    assert_eq!(row.ordered_at, ns(1_801_000_000_000_000_417));
    assert_eq!(
        (row.created_at, row.triggered_at),
        (ms(1_801_000_000_001), None)
    );
    assert_eq!(row.extra.get("status").unwrap().as_str(), r#""new""#);
    assert_eq!(row.extra.get("userId").unwrap().as_str(), "99");
}

#[test]
fn triggered_stop_order_has_its_time() {
    let row: StopOrderRow = read(
        r#"{"id":"vs78","symbol":"KCS-USDT","status":"TRIGGERED","type":"limit","side":"sell","stopTriggerTime":1801000009000}"#,
    );
    assert_eq!(row.status, StopOrderStatus::Triggered);
    assert_eq!(row.triggered_at, ms(1_801_000_009_000));
    assert_eq!(row.trade_type, TradeType::Unknown("".into()));
}

#[test]
fn account_balance_is_exact() {
    let row: AccountRow = read(
        r#"{"id":700000000000000001,"currency":"SHIB","type":"trade","balance":"123456789012345678.12345678",
        "available":1.5e8,"holds":"0E-8"}"#,
    );
    assert_eq!(
        (&*row.account_id, &*row.account_type),
        ("700000000000000001", "trade")
    );
    assert_eq!(row.total.to_string(), "123456789012345678.12345678");
    assert_eq!((row.available, row.hold), (dec("150000000"), dec("0")));
}

#[test]
fn account_ledger_has_its_sign_from_the_direction() {
    let booking = |direction: &str, context: &str| -> AccountLedgerRow {
        read(&format!(
            r#"{{"id":"55","currency":"KCS","amount":"2.5","fee":0.1,"balance":"0","accountType":"MAIN","bizType":"WITHDRAW",
            "direction":"{direction}","createdAt":1801000000900,"context":"{context}","note":[]}}"#
        ))
    };
    assert_eq!(booking("in", "").change(), dec("2.5"));
    assert_eq!(booking("out", "").change(), dec("-2.5"));
    assert_eq!(booking("sideways", "").change(), None);
    assert_eq!(booking("in", "").trade(), None);
    assert_eq!(booking("in", "{}").trade(), None);
    assert_eq!(booking("in", "Bonus of May").trade(), None);
    let trade = booking(
        "in",
        r#"{\"symbol\":\"KCS-USDT\",\"orderId\":\"6b1\",\"tradeId\":8}"#,
    )
    .trade();
    let trade = trade.unwrap();
    assert_eq!(trade.symbol.as_deref(), Some("KCS-USDT"));
    assert_eq!(
        (trade.order_id.as_deref(), trade.trade_id.as_deref()),
        (Some("6b1"), Some("8"))
    );
    let query = Query::from(AccountLedger::new());
    assert!(
        query
            .read(r#"{"code":"200000","data":null}"#)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn api_key_is_not_shown_by_debug() {
    let row: ApiKeyRow = read(r#"{"uid":1,"apiKey":"64f0a1b2c3d4e5f60718abcd"}"#);
    assert_eq!(
        row.api_key.as_ref().unwrap().as_str(),
        "64f0a1b2c3d4e5f60718abcd"
    );
    let shown = format!("{row:?}");
    assert!(
        shown.contains("[redacted]") && !shown.contains("64f0"),
        "{shown}"
    );
}

#[test]
fn api_key_knows_its_permissions() {
    let row: ApiKeyRow = read(
        r#"{"uid":190000000,"apiKey":"k-1","apiVersion":"3","permission":"General, spot,Unified","ipWhitelist":"",
        "isMaster":false,"subName":"grid1","remark":"bot","createdAt":1801000000000,"region":"EU"}"#,
    );
    assert_eq!(
        (&*row.uid, row.api_version, &row.ip_whitelist),
        ("190000000", Some(3), &None)
    );
    for (permission, has) in [
        (Permission::General, true),
        (Permission::Spot, true),
        (Permission::Unified, true),
        (Permission::Futures, false),
        (Permission::Margin, false),
    ] {
        assert_eq!(row.has_permission(permission), has, "{permission}");
    }
    assert!(!read::<ApiKeyRow>(r#"{"uid":"1"}"#).has_permission(Permission::General));
}

#[test]
fn server_time_is_a_bare_number() {
    let query = Query::from(ServerTime::new());
    let page = query
        .read(r#"{"code":"200000","data": 1801000000123 }"#)
        .unwrap();
    assert_eq!(page.raw_rows().collect::<Vec<_>>(), ["1801000000123"]);
    let [row] = page.rows::<ServerTimeRow>().unwrap()[..] else {
        panic!("{page:?}")
    };
    assert_eq!(Some(row.time), ms(1_801_000_000_123));
    let written = serde_json::to_string(&row).unwrap();
    assert_eq!(
        serde_json::from_str::<ServerTimeRow>(&written).unwrap(),
        row
    );
    for data in [r#""soon""#, "true", "[", ""] {
        let body = format!(r#"{{"code":"200000","data":{data}}}"#);
        assert!(query.read(body).is_err(), "{data}");
    }
    for json in ["1.5", "{}", "null", "1e40"] {
        assert!(try_read::<ServerTimeRow>(json).is_err(), "{json}");
    }
}

#[test]
fn bare_number_is_no_list() {
    let body = r#"{"code":"200000","data":7}"#;
    assert!(Query::from(AccountLedger::new()).read(body).is_err());
    let isolated = Query::from(IsolatedMarginAccounts::new());
    assert!(isolated.read(body).is_err());
}

#[test]
fn row_without_its_identity_is_an_error() {
    let missing = |error: String, field: &str| assert!(error.contains(field), "{error}");
    missing(
        try_read::<IsolatedMarginRow>("{}").unwrap_err().to_string(),
        "symbol",
    );
    missing(
        try_read::<MarginCurrencyRow>(r#"{"total":"1"}"#)
            .unwrap_err()
            .to_string(),
        "currency",
    );
    missing(
        try_read::<StopOrderRow>(r#"{"symbol":"KCS-USDT"}"#)
            .unwrap_err()
            .to_string(),
        "id",
    );
    missing(
        try_read::<AccountLedgerRow>(r#"{"currency":"KCS"}"#)
            .unwrap_err()
            .to_string(),
        "id",
    );
    missing(
        try_read::<ApiKeyRow>(r#"{"isMaster":true}"#)
            .unwrap_err()
            .to_string(),
        "uid",
    );
    let account = r#"{"id":"1","currency":"KCS","type":"main","balance":null}"#;
    missing(
        try_read::<AccountRow>(account).unwrap_err().to_string(),
        "balance",
    );
}
