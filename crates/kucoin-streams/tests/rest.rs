//! REST queries with the credentials and the hosts of the client.

#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]

use kucoin_streams::{
    ConnectionInfo, ConnectionSource, Credentials, Hosts, Kucoin, SourceError, WsKey,
};
use kucoin_streams_exchange::{Exchange, Side};

#[tokio::test]
async fn queries_use_the_account_of_the_streams() {
    let exchange = Exchange::builder().start().await.unwrap();
    let demo = exchange.credentials();
    let credentials = Credentials::new(&*demo.key, &*demo.secret, &*demo.passphrase).unwrap();
    let kucoin = Kucoin::builder()
        .credentials(credentials)
        .hosts(Hosts::local(&exchange.rest_url()).unwrap())
        .build()
        .unwrap();
    let placed = exchange
        .account()
        .place_market("KCS-USDT", Side::Buy, 10.into());
    let rest = kucoin.rest();
    let fills = rest.spot().fills("KCS-USDT").await.unwrap();
    assert!(!fills.is_empty());
    let order_id = placed.unwrap();
    assert!(fills.iter().all(|fill| *fill.order_id == *order_id));
}

/// A token source of the user, without credentials.
struct Fixed;

impl ConnectionSource for Fixed {
    async fn connection_info(&self, _: WsKey) -> Result<ConnectionInfo, SourceError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn own_token_source_needs_its_own_rest_client() {
    let kucoin = Kucoin::builder().tokens(Fixed).build().unwrap();
    assert!(kucoin.rest_tokens().is_none());
    let error = kucoin.rest().spot().open_orders().await.unwrap_err();
    let remedy = error.remedy().unwrap();
    assert!(remedy.contains("KucoinBuilder::rest"), "{remedy}");
    assert!(!error.is_retryable());
}
