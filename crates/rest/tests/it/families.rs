//! Queries of every family, against an account that traded in all of them.

use std::fmt::Debug;

use kucoin_streams_exchange::Exchange;
use kucoin_streams_rest::*;

use crate::common::*;

/// Sends a query, follows its pages and decodes all rows, of which there must be some.
async fn check<Q: QueryOf + Debug>(rest: &Rest, query: Q) {
    let shown = format!("{query:?}");
    match rest.all(query).await {
        Ok(rows) => assert!(!rows.is_empty(), "no rows: {shown}"),
        Err(error) => panic!("{shown}: {error}"),
    }
}

#[tokio::test]
async fn every_query_has_readable_rows() {
    let exchange = Exchange::builder().seed(11).start().await.unwrap();
    exchange.account().step(4_000);
    let rest = &rest_of(&exchange);
    let (btc, perp) = ("BTC-USDT", "XBTUSDTM");
    check(rest, SpotActiveSymbols::new()).await;
    check(rest, SpotOpenOrders::new()).await;
    check(rest, SpotOpenOrderPages::new(btc)).await;
    check(rest, SpotDoneOrders::new(btc)).await;
    check(rest, SpotFills::new(btc)).await;
    check(rest, SpotLedger::new()).await;
    check(rest, StopOrderList::new()).await;
    check(rest, MarginStopOrders::new()).await;
    for account in [TradeType::CrossMargin, TradeType::IsolatedMargin] {
        let account = || account.clone();
        check(rest, MarginActiveSymbols::new(account())).await;
        rest.all(MarginOpenOrders::new(btc, account()))
            .await
            .unwrap();
        check(rest, MarginDoneOrders::new(btc, account())).await;
        check(rest, MarginFills::new(btc, account())).await;
    }
    check(rest, MarginLedger::new()).await;
    check(rest, CrossMarginAccount::new()).await;
    check(rest, IsolatedMarginAccounts::new()).await;
    check(rest, AccountList::new()).await;
    check(rest, AccountLedger::new()).await;
    check(rest, ApiKeyInfo::new()).await;
    check(rest, ServerTime::new()).await;
    check(rest, FuturesOpenOrders::new()).await;
    check(rest, FuturesDoneOrders::new()).await;
    check(rest, FuturesRecentDoneOrders::new()).await;
    check(rest, FuturesOpenStops::new()).await;
    check(rest, FuturesRecentFills::new()).await;
    check(rest, FuturesFillHistory::new()).await;
    check(rest, FuturesOpenPositions::new()).await;
    check(rest, FuturesPositionOf::new(perp)).await;
    check(rest, FuturesClosedPositions::new()).await;
    check(rest, FuturesAccountOverview::new()).await;
    check(rest, FuturesLedger::new()).await;
    check(rest, FuturesFunding::new(perp)).await;
    check(rest, FuturesMarginModeOf::new(perp)).await;
    check(rest, FuturesLeverageOf::new(perp)).await;
    for version in [UnifiedVersion::V1, UnifiedVersion::V2] {
        let rest = Rest::builder(rest.tokens().unwrap().clone());
        let rest = &rest.unified_version(version).build();
        for (trade_type, symbol) in [("SPOT", btc), ("FUTURES", perp)] {
            check(rest, UnifiedOpenOrders::new(trade_type).symbol(symbol)).await;
            check(rest, UnifiedOrderHistory::new(trade_type).symbol(symbol)).await;
            check(rest, UnifiedFills::new(trade_type).symbol(symbol)).await;
        }
        check(rest, UnifiedPositions::new()).await;
        check(rest, UnifiedPositionHistory::new()).await;
        check(rest, UnifiedBalance::new()).await;
        check(rest, ClassicBalance::new("FUTURES")).await;
        check(rest, UnifiedLedger::new("UNIFIED")).await;
        check(rest, UnifiedFunding::new()).await;
        check(rest, UnifiedOverview::new()).await;
        check(rest, UnifiedLeverage::new("FUTURES", "CROSS")).await;
        check(rest, UnifiedMarginMode::new()).await;
        check(rest, AccountModeInfo::new()).await;
    }
}
