//! Tests of the queries of margin, stop orders, accounts and futures: what is sent, and where.

use kucoin_streams_core::{Side, Timestamp};

use crate::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

#[track_caller]
fn check(query: impl Into<Query>, host: RestHost, sent: &str) {
    let query = query.into();
    assert_eq!(query.endpoint().host(), host, "{sent}");
    assert_eq!(query.path_and_query(UnifiedVersion::V1), sent);
    let empty = query.read(r#"{"code":"200000","data":null}"#).unwrap();
    assert!(empty.is_empty() && empty.next_query(&query).is_none());
}

#[test]
fn margin_queries_name_symbol_and_account() {
    let (cross, isolated) = (TradeType::CrossMargin, TradeType::IsolatedMargin);
    let check = |query: Query, sent| check(query, RestHost::Spot, sent);
    check(
        MarginActiveSymbols::new(isolated.clone()).into(),
        "/api/v3/hf/margin/order/active/symbols?tradeType=MARGIN_ISOLATED_TRADE",
    );
    check(
        MarginOpenOrders::new("KCS-USDT", cross.clone()).into(),
        "/api/v3/hf/margin/orders/active?symbol=KCS-USDT&tradeType=MARGIN_TRADE",
    );
    check(
        MarginDoneOrders::new("KCS-USDT", cross.clone())
            .to(at(1_801_000_002_000))
            .from(at(1_801_000_001_000))
            .order_type("limit")
            .side(Side::Sell)
            .into(),
        "/api/v3/hf/margin/orders/done?symbol=KCS-USDT&tradeType=MARGIN_TRADE&side=sell&type=limit\
         &startAt=1801000001000&endAt=1801000002000&limit=100",
    );
    check(
        MarginOrderById::new("6b1", "KCS-USDT", isolated.clone()).into(),
        "/api/v3/hf/margin/orders/6b1?symbol=KCS-USDT&tradeType=MARGIN_ISOLATED_TRADE",
    );
    check(
        MarginFills::new("KCS-USDT", isolated)
            .order_id("6b1")
            .page_size(5)
            .into(),
        "/api/v3/hf/margin/fills?symbol=KCS-USDT&tradeType=MARGIN_ISOLATED_TRADE&orderId=6b1&limit=5",
    );
    check(
        MarginLedger::new()
            .reason("TRANSFER")
            .direction("in")
            .currency("KCS,BTC")
            .into(),
        "/api/v3/hf/margin/account/ledgers?currency=KCS,BTC&direction=in&bizType=TRANSFER&limit=200",
    );
    check(
        CrossMarginAccount::new().quote_currency("BTC").into(),
        "/api/v3/margin/accounts?queryType=MARGIN_V2&quoteCurrency=BTC",
    );
    check(
        IsolatedMarginAccounts::new().symbol("KCS-USDT").into(),
        "/api/v3/isolated/accounts?queryType=ISOLATED_V2&symbol=KCS-USDT",
    );
}

#[test]
fn stop_queries_are_paged_by_number() {
    let check = |query: Query, sent| check(query, RestHost::Spot, sent);
    check(
        StopOrderList::new().into(),
        "/api/v1/stop-order?pageSize=500",
    );
    let list = StopOrderList::new()
        .order_ids("vs1,vs2")
        .stop("oco")
        .trade_type(TradeType::Spot)
        .symbol("KCS-USDT");
    check(
        list.clone().into(),
        "/api/v1/stop-order?symbol=KCS-USDT&tradeType=TRADE&stop=oco&orderIds=vs1,vs2&pageSize=500",
    );
    let list = Query::from(list);
    let body = r#"{"code":"200000","data":{"currentPage":1,"totalPage":2,"items":[{"id":"vs1"}]}}"#;
    let next = list.read(body).unwrap().next_query(&list).unwrap();
    assert!(
        next.path_and_query(UnifiedVersion::V1)
            .ends_with("&currentPage=2&pageSize=500")
    );
    check(StopOrderById::new("vs1").into(), "/api/v1/stop-order/vs1");
    check(
        MarginStopOrders::new()
            .stop("loss")
            .trade_type("MARGIN_TRADE")
            .into(),
        "/api/v3/hf/margin/stop-orders?tradeType=MARGIN_TRADE&stop=loss&pageSize=500",
    );
}

#[test]
fn account_queries_have_the_pool_of_management() {
    let check = |query: Query, pool, sent| {
        assert_eq!(query.endpoint().pool(), pool, "{sent}");
        check(query, RestHost::Spot, sent);
    };
    check(ServerTime::new().into(), Pool::Public, "/api/v1/timestamp");
    check(
        ApiKeyInfo::new().into(),
        Pool::Management,
        "/api/v1/user/api-key",
    );
    check(
        AccountList::new()
            .account_type("main")
            .currency("KCS")
            .into(),
        Pool::Management,
        "/api/v1/accounts?currency=KCS&type=main",
    );
    check(
        AccountLedger::new()
            .from(at(1_801_000_001_000))
            .to(at(1_801_000_002_000))
            .into(),
        Pool::Management,
        "/api/v1/accounts/ledgers?startAt=1801000001000&endAt=1801000002000&pageSize=500",
    );
}

#[test]
fn futures_orders_and_fills_are_on_the_futures_host() {
    let check = |query: Query, sent| check(query, RestHost::Futures, sent);
    check(
        FuturesOpenOrders::new().symbol("SOLUSDTM").into(),
        "/api/v1/orders?status=active&symbol=SOLUSDTM&pageSize=1000",
    );
    check(
        FuturesDoneOrders::new()
            .from(at(1_801_000_001_000))
            .to(at(1_801_000_002_000))
            .into(),
        "/api/v1/orders?status=done&startAt=1801000001000&endAt=1801000002000&pageSize=1000",
    );
    check(
        FuturesRecentDoneOrders::new().into(),
        "/api/v1/recentDoneOrders",
    );
    check(FuturesOrderById::new("7").into(), "/api/v1/orders/7");
    check(
        FuturesOrderByClientOid::new("a&b").into(),
        "/api/v1/orders/byClientOid?clientOid=a%26b",
    );
    check(
        FuturesOpenStops::new().into(),
        "/api/v1/stopOrders?pageSize=1000",
    );
    check(
        FuturesRecentFills::new().symbol("SOLUSDTM").into(),
        "/api/v1/recentFills?symbol=SOLUSDTM",
    );
    check(
        FuturesFillHistory::new()
            .trade_types("adl,liquid")
            .order_id("7")
            .into(),
        "/api/v1/fills?orderId=7&tradeTypes=adl,liquid&pageSize=1000",
    );
}

#[test]
fn futures_positions_and_accounts_are_on_the_futures_host() {
    let check = |query: Query, sent| check(query, RestHost::Futures, sent);
    let (from, to) = (at(1_801_000_001_000), at(1_801_000_002_000));
    check(
        FuturesOpenPositions::new().currency("USDT").into(),
        "/api/v1/positions?currency=USDT",
    );
    check(
        FuturesPositionOf::new("SOLUSDTM").into(),
        "/api/v1/position?symbol=SOLUSDTM",
    );
    check(
        FuturesClosedPositions::new().from(from).to(to).into(),
        "/api/v1/history-positions?from=1801000001000&to=1801000002000&limit=200",
    );
    check(
        FuturesAccountOverview::new().currency("USDT").into(),
        "/api/v1/account-overview?currency=USDT",
    );
    check(
        FuturesLedger::new()
            .currency("USDT")
            .ledger_type("TransferOut")
            .from(from)
            .to(to)
            .into(),
        "/api/v1/transaction-history?currency=USDT&type=TransferOut&startAt=1801000001000&endAt=1801000002000&maxCount=50",
    );
    check(
        FuturesFunding::new("SOLUSDTM").from(from).to(to).into(),
        "/api/v1/funding-history?symbol=SOLUSDTM&startAt=1801000001000&endAt=1801000002000&maxCount=100",
    );
    check(
        FuturesMarginModeOf::new("SOLUSDTM").into(),
        "/api/v2/position/getMarginMode?symbol=SOLUSDTM",
    );
    check(
        FuturesLeverageOf::new("SOLUSDTM").into(),
        "/api/v2/getCrossUserLeverage?symbol=SOLUSDTM",
    );
}
