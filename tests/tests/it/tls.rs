//! Tokens over https and events over wss, only with trusted certificates.

use kucoin_streams::auth::HmacSigner;
use kucoin_streams::pro::TradeType;
use kucoin_streams::v1::Balances;
use kucoin_streams::{Config, Hosts, Kucoin, RestTokens, SubscribeError, WebSocketConnector};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Faults};
use kucoin_streams_testkit::tls::Authority;

use crate::setup::*;

/// Starts an exchange with a certificate of this authority.
pub(crate) async fn tls_exchange(authority: &Authority, faults: Faults) -> Exchange {
    let builder = Exchange::builder().seed(7).faults(faults);
    let config = authority.server(&["localhost"], |_| {});
    builder.tls(config).start().await.unwrap()
}

/// Returns a client that trusts one authority for REST, and one for WebSockets.
fn client_that_trusts(
    exchange: &Exchange,
    (tokens, sockets): (&Authority, &Authority),
    config: Config,
) -> Kucoin {
    let source = RestTokens::builder(HmacSigner::new(&credentials(exchange)))
        .hosts(hosts_of(exchange))
        .tls_config(tokens.trust())
        .build()
        .unwrap();
    Kucoin::builder()
        .transport(WebSocketConnector::new().with_tls_config(sockets.trust()))
        .tokens(source)
        .config(config)
        .build()
        .unwrap()
}

/// Checks that subscribing fails because of the certificate, without a WebSocket connection.
async fn check_refused(exchange: &Exchange, trusts: (&Authority, &Authority)) {
    let kucoin = client_that_trusts(exchange, trusts, fast_retries());
    let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
    assert!(matches!(error, SubscribeError::Closed(_)), "{error:?}");
    let text = error.to_string().to_lowercase();
    for words in [
        "certificate of",
        "is not trusted: ",
        "; check this machine's clock",
        "captive portal",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(exchange.stats().connections.is_empty());
}

#[tokio::test]
async fn tokens_use_https_and_events_use_wss() {
    let authority = Authority::new();
    let exchange = tls_exchange(&authority, Faults::new()).await;
    assert!(exchange.rest_url().starts_with("https://localhost:"));
    let kucoin = client_that_trusts(&exchange, (&authority, &authority), fast_retries());
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let orders = kucoin_streams::pro::Orders::all(TradeType::Unified);
    let mut orders = soon(kucoin.subscribe(orders)).await.unwrap();
    exchange.account().step(50);
    assert_eq!(
        all_events(&mut balances, &exchange, BALANCE).await,
        truth_of(&exchange, BALANCE)
    );
    for _ in 0..exchange.pro_truth().total_of("orderAll.UNIFIED") {
        event(&mut orders).await;
    }
    assert_eq!(exchange.stats().tokens_issued, 2);
}

#[tokio::test]
async fn local_hosts_accept_a_tls_exchange() {
    let authority = Authority::new();
    let exchange = tls_exchange(&authority, Faults::new()).await;
    let source = RestTokens::builder(HmacSigner::new(&credentials(&exchange)))
        .hosts(Hosts::local(&exchange.rest_url()).unwrap())
        .tls_config(authority.trust())
        .build()
        .unwrap();
    let kucoin = Kucoin::builder()
        .transport(WebSocketConnector::new().with_tls_config(authority.trust()))
        .tokens(source)
        .build()
        .unwrap();
    soon(kucoin.subscribe(Balances)).await.unwrap();
    let orders = kucoin_streams::pro::Orders::all(TradeType::Unified);
    soon(kucoin.subscribe(orders)).await.unwrap();
    assert_eq!(exchange.stats().tokens_issued, 2);
}

#[tokio::test]
async fn unknown_issuer_is_refused_for_rest_and_websocket() {
    let (known, unknown) = (Authority::new(), Authority::new());
    let exchange = tls_exchange(&known, Faults::new()).await;
    check_refused(&exchange, (&unknown, &known)).await;
    assert_eq!(exchange.stats().tokens_issued, 0);
    check_refused(&exchange, (&known, &unknown)).await;
    assert_eq!(exchange.stats().tokens_issued, 1, "fatal at the first dial");
}

#[tokio::test]
async fn end_without_close_notify_is_a_loss_with_recovery() {
    let authority = Authority::new();
    for cut in [Cut::Eof, Cut::Reset] {
        let exchange = tls_exchange(&authority, Faults::new()).await;
        let kucoin = client_that_trusts(&exchange, (&authority, &authority), fast_retries());
        let mut lifecycle = LifecycleLog::of(&kucoin);
        let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
        exchange.inject(Effect::Cut(cut));
        lifecycle.reconnected().await;
        assert_eq!(outage(&mut balances).await.epoch, 2);
        exchange.account().deposit("USDT", 1.into()).unwrap();
        event(&mut balances).await;
    }
}
