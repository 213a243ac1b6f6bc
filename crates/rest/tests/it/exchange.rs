//! Queries of the local exchange: the rows are what the account did.

use std::collections::BTreeSet;

use kucoin_streams_core::Side;
use kucoin_streams_exchange::{Decimal, Exchange, KeyPermissions, SYMBOLS, Side as Order};
use kucoin_streams_rest::{OrderEnd, OrderType, QueryError, SpotFills, SpotLedger, SpotOpenOrders};

use crate::common::*;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Places an order that stays open.
fn place(exchange: &Exchange, client_oid: &str) -> String {
    let account = exchange.account();
    let (price, size) = (decimal("60000"), decimal("0.01"));
    let placed = account.place_limit_as(client_oid, "BTC-USDT", Order::Buy, price, size);
    placed.unwrap()
}

#[tokio::test]
async fn order_is_found_in_every_list() {
    let exchange = start(Exchange::builder()).await;
    let spot = rest_of(&exchange);
    let spot = spot.spot();
    let id = place(&exchange, "my/order 1");

    let symbols = spot.active_symbols().one().await.unwrap().unwrap();
    assert_eq!(*symbols.symbols, ["BTC-USDT"]);
    let open = spot.open_orders().await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((&*open[0].order_id, open[0].end()), (&*id, None));
    assert_eq!(open[0].price, Some(decimal("60000")));
    assert_eq!(open[0].order_type, OrderType::Limit);

    let by_oid = spot.order_by_client_oid("my/order 1", "BTC-USDT");
    assert_eq!(by_oid.one().await.unwrap().unwrap(), open[0]);
    let of_btc = spot.open_orders().symbol("BTC-USDT").await.unwrap();
    assert_eq!(of_btc, open);
    assert!(
        spot.open_orders()
            .symbol("ETH-USDT")
            .await
            .unwrap()
            .is_empty()
    );

    exchange.account().cancel(&id).unwrap();
    let done = spot.order(&*id, "BTC-USDT").one().await.unwrap().unwrap();
    assert_eq!(done.end(), Some(OrderEnd::Canceled));
    assert_eq!(spot.done_orders("BTC-USDT").await.unwrap(), [done]);
    assert!(spot.open_orders().await.unwrap().is_empty());
}

#[tokio::test]
async fn unknown_order_is_none() {
    let exchange = start(Exchange::builder()).await;
    let rest = rest_of(&exchange);
    let order = rest.spot().order("670fd33bf9406e0007ab3945", "BTC-USDT");
    assert_eq!(order.one().await.unwrap(), None);
}

#[tokio::test]
async fn all_fills_are_read_page_by_page() {
    let exchange = start(Exchange::builder().seed(7)).await;
    exchange.account().step(3_000);
    let rest = rest_of(&exchange);
    let mut total = 0;
    for symbol in SYMBOLS {
        let at_once = rest.all(SpotFills::new(symbol)).await.unwrap();
        let in_pages = rest.spot().fills(symbol).page_size(7).await.unwrap();
        assert_eq!(at_once, in_pages);
        let keys: BTreeSet<_> = at_once.iter().map(|row| row.fill().key()).collect();
        assert_eq!(keys.len(), at_once.len(), "a fill is twice in {symbol}");
        for row in &at_once {
            assert_eq!((&*row.symbol, row.extra.is_empty()), (symbol, true));
            assert_eq!(row.funds, Some(row.price * row.size));
        }
        let buys = rest.spot().fills(symbol).side(Side::Buy).await.unwrap();
        let expected = at_once.iter().filter(|row| row.side == Side::Buy);
        assert!(buys.iter().eq(expected));
        total += at_once.len();
    }
    assert!(total > 100, "{total}");
}

#[tokio::test]
async fn ledger_explains_every_fill() {
    let exchange = start(Exchange::builder().seed(7)).await;
    exchange.account().step(1_000);
    let rest = rest_of(&exchange);
    let ledger = SpotLedger::new().reason("TRADE_EXCHANGE").page_size(9);
    let ledger = rest.all(ledger).await.unwrap();
    let booked: BTreeSet<_> = ledger
        .iter()
        .filter_map(|row| row.trade()?.trade_id)
        .collect();
    let mut traded = BTreeSet::new();
    for symbol in SYMBOLS {
        let fills = rest.all(SpotFills::new(symbol)).await.unwrap();
        traded.extend(fills.into_iter().map(|row| row.trade_id));
    }
    assert!(!traded.is_empty());
    assert_eq!(booked, traded);
}

#[tokio::test]
async fn missing_permission_is_refused_with_its_name() {
    let general = Exchange::builder().key_permissions(KeyPermissions::General);
    let exchange = start(general).await;
    let rest = rest_of(&exchange);
    assert!(rest.fetch(SpotOpenOrders::new()).await.is_ok());
    let refused = rest.spot().active_symbols().await.unwrap_err();
    assert!(matches!(&refused, QueryError::Refused { code, .. } if code == "400007"));
    let remedy = "give the API key the permission `Spot`";
    assert_eq!(refused.remedy().as_deref(), Some(remedy));
    assert!(!refused.is_retryable() && !refused.is_credentials());
    let path = "GET /api/v1/hf/orders/active/symbols of 127.0.0.1:";
    assert!(refused.to_string().starts_with(path), "{refused}");
}

#[tokio::test]
async fn required_symbol_is_a_bad_parameter() {
    let exchange = start(Exchange::builder().rest_symbol_required()).await;
    let rest = rest_of(&exchange);
    let refused = rest.spot().open_orders().await.unwrap_err();
    assert!(matches!(refused, QueryError::BadParameter { .. }));
    assert!(rest.spot().open_orders().symbol("BTC-USDT").await.is_ok());
}

#[tokio::test]
async fn wrong_secret_is_a_refusal_of_the_credentials() {
    let exchange = start(Exchange::builder()).await;
    let mut who = exchange.credentials().clone();
    who.secret = "another-secret".to_owned();
    let rest = kucoin_streams_rest::Rest::new(tokens(&exchange.rest_url(), &who));
    let refused = rest.spot().ledger().await.unwrap_err();
    // The secret signs the passphrase too, and KuCoin checks that first.
    assert_eq!(refused.code(), Some("400004"));
    assert!(refused.is_credentials());
    assert_eq!(exchange.stats().rest_queries.len(), 1);
}
