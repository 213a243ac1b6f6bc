//! Limits that a script or the builder sets.

use std::time::Duration;

use kucoin_streams_exchange::{Ended, Exchange};

use crate::setup::*;
use crate::support::*;

#[tokio::test]
async fn script_limits_messages_and_topics() {
    let exchange = with("token 1: limit-messages count=3\ntoken 1: limit-topics count=1").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    let refused = socket.ask(&subscribe("2", ORDERS)).await;
    assert_eq!(field(&refused, "code"), 509);
    assert_eq!(
        field(&refused, "data"),
        "exceed max subscription count limitation of 1 per session"
    );
    assert_eq!(field(&socket.ask(PING).await, "type"), "pong");
    let refused = socket.ask(PING).await;
    assert_eq!(field(&refused, "data"), "exceed max permits per second");
}

#[tokio::test]
async fn script_limits_open_connections() {
    let exchange = with("connection 1: limit-connections count=1").await;
    let _first = Socket::connect(&exchange).await;
    let refused = Socket::dial(&exchange).await.text().await;
    assert_eq!(
        field(&refused, "data"),
        "exceed max session count limitation of 1"
    );
}

#[tokio::test]
async fn script_limits_upgrade_requests() {
    let exchange = with("token 1: limit-dials count=2 per=10m").await;
    Socket::connect(&exchange).await;
    Socket::connect(&exchange).await;
    let refused = head(&mut ask_for_socket(&exchange).await).await;
    assert!(refused.starts_with("http/1.1 429"), "{refused}");
    assert!(refused.contains("retry-after: "), "{refused}");
    assert_eq!(exchange.stats().connections[2].ended, Some(Ended::Refused));
}

#[tokio::test]
async fn age_of_connections_and_tokens_can_be_limited() {
    let brief = Duration::from_millis(50);
    let built = Exchange::builder()
        .connection_life(brief)
        .start()
        .await
        .unwrap();
    let scripted = with("connection 1: limit-connection-life life=50ms").await;
    for exchange in [built, scripted] {
        let mut socket = Socket::connect(&exchange).await;
        assert_eq!(socket.read().await, Read::Close(Some(1001)));
        assert_eq!(exchange.stats().connections[0].ended, Some(Ended::TooOld));
    }
    let built = Exchange::builder()
        .token_life(Duration::ZERO)
        .start()
        .await
        .unwrap();
    let scripted = with("token 1: limit-token-life life=0ms").await;
    for exchange in [built, scripted] {
        let refused = Socket::dial(&exchange).await.text().await;
        assert_eq!(field(&refused, "data"), "token is expired");
    }
}
