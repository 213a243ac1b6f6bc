//! Wrong welcomes, acknowledgements, refusals and pongs.

use kucoin_streams_exchange::{Effect, Ended};

use crate::setup::*;
use crate::support::*;

#[tokio::test]
async fn welcome_can_have_another_id() {
    let exchange = with("connection 1: welcome-id id=someone").await;
    let mut socket = Socket::dial(&exchange).await;
    assert_eq!(socket.text().await, r#"{"id":"someone","type":"welcome"}"#);
}

#[tokio::test]
async fn error_frame_can_replace_the_welcome() {
    let exchange = with("connection 1: refuse-connection code=509 text=\"service busy\"").await;
    let mut socket = Socket::dial(&exchange).await;
    let expected = r#"{"id":"c1","type":"error","code":509,"data":"service busy"}"#;
    assert_eq!(socket.text().await, expected);
    assert_eq!(socket.read().await, Read::Close(Some(1000)));
    let report = exchange.stats().connections[0].clone();
    assert!(!report.welcomed && report.token == Some(1));
    assert_eq!(report.ended, Some(Ended::Refused));
}

#[tokio::test]
async fn any_request_can_be_refused() {
    let exchange = with("connection 1: refuse-requests code=509 text=busy count=2").await;
    let mut socket = Socket::connect(&exchange).await;
    let refused = r#"{"id":"1","type":"error","code":509,"data":"busy"}"#;
    assert_eq!(socket.ask(&subscribe("1", BALANCE)).await, refused);
    assert_eq!(socket.ask(&unsubscribe("1", BALANCE)).await, refused);
    assert!(!exchange.stats().is_subscribed(BALANCE));
    assert_eq!(field(&socket.ask(PING).await, "type"), "pong");
    let acknowledged = r#"{"id":"2","type":"ack"}"#;
    assert_eq!(socket.ask(&subscribe("2", BALANCE)).await, acknowledged);
}

#[tokio::test]
async fn acks_can_be_doubled_or_have_an_unknown_id() {
    let exchange =
        with("connection 1: double-acks count=1\nconnection 2: misname-acks count=1").await;
    let mut twice = Socket::connect(&exchange).await;
    let ack = r#"{"id":"1","type":"ack"}"#;
    assert_eq!(twice.ask(&subscribe("1", BALANCE)).await, ack);
    assert_eq!(twice.text().await, ack);
    assert_eq!(exchange.stats().connections[0].acks, 2);
    let mut other = Socket::connect(&exchange).await;
    assert_eq!(
        other.ask(&subscribe("1", BALANCE)).await,
        r#"{"id":"unknown","type":"ack"}"#
    );
    assert_eq!(other.ask(&subscribe("1", ORDERS)).await, ack);
}

#[tokio::test]
async fn pongs_can_be_delayed_or_have_an_unknown_id() {
    let exchange =
        with("connection 1: delay-pongs by=10m count=1\nconnection 1: misname-pongs count=2").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    socket.send(PING).await;
    exchange
        .wait_until(|stats| stats.connections[0].pings == 1)
        .await;
    deposit_one(&exchange.account());
    assert_eq!(field(&socket.text().await, "topic"), BALANCE);
    assert_eq!(field(&socket.ask(PING).await, "id"), "unknown");
    assert_eq!(field(&socket.ask(PING).await, "id"), "p");
}

#[tokio::test]
async fn unsubscribed_topic_can_get_late_pushes() {
    let exchange = with("connection 1: late-pushes pushes=2").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    assert_eq!(
        field(&socket.ask(&unsubscribe("u", BALANCE)).await, "type"),
        "ack"
    );
    assert!(!exchange.stats().is_subscribed(BALANCE));
    (0..5).for_each(|_| deposit_one(&exchange.account()));
    let truth = truth(&exchange);
    assert_eq!([socket.text().await, socket.text().await], truth[..2]);
    assert_eq!(
        field(&socket.ask(PING).await, "type"),
        "pong",
        "no third push"
    );
}

#[tokio::test]
async fn pushes_continue_when_reading_stops() {
    let exchange = with("").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    exchange.inject(Effect::StopReading);
    deposit_one(&exchange.account());
    // When this push arrives, the effect is active.
    socket.text().await;
    let before = exchange.stats().connections[0].pings;
    (0..50).for_each(|_| deposit_one(&exchange.account()));
    for _ in 0..50 {
        socket.send(PING).await;
        assert_eq!(field(&socket.text().await, "topic"), BALANCE);
    }
    assert_eq!(exchange.stats().connections[0].pings, before);
}
