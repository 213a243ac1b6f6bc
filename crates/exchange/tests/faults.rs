//! Faults of V1 connections, as a client sees them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use kucoin_streams_exchange::{Account, Cut, Effect, Ended, Exchange, Faults};
use support::*;

async fn with(script: &str) -> Exchange {
    Exchange::builder()
        .faults(script.parse().unwrap())
        .start()
        .await
        .unwrap()
}

/// Makes one push on the balance topic.
fn deposit_one(account: &Account) {
    account.deposit("USDT", 1.into()).unwrap();
}

/// Returns the frames of the balance topic in the truth log.
fn truth(exchange: &Exchange) -> Vec<String> {
    exchange
        .truth()
        .of_topic(BALANCE)
        .iter()
        .map(|entry| entry.frame.to_string())
        .collect()
}

const PING: &str = r#"{"id":"p","type":"ping"}"#;

#[tokio::test]
async fn cut_with_close_frame_follows_earlier_pushes() {
    let exchange = with("after 2 frames: cut how=close code=1012 reason=restart").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..4).for_each(|_| deposit_one(&exchange.account()));
    let truth = truth(&exchange);
    assert_eq!(
        [socket.text().await, socket.text().await],
        [truth[0].as_str(), truth[1].as_str()]
    );
    assert_eq!(socket.read().await, Read::Close(Some(1012)));
    assert_eq!(exchange.stats().connections[0].ended, Some(Ended::Fault));
    let mut second = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..4).for_each(|_| deposit_one(&exchange.account()));
    for _ in 0..4 {
        second.text().await;
    }
}

#[tokio::test]
async fn cut_may_be_end_of_stream_or_reset() {
    let exchange = Exchange::builder()
        .faults(
            Faults::new()
                .cut_after_frames(1, Cut::Eof)
                .cut_after_frames(2, Cut::Reset),
        )
        .start()
        .await
        .unwrap();
    let mut first = Socket::subscribed(&exchange, &[BALANCE]).await;
    deposit_one(&exchange.account());
    first.text().await;
    assert_eq!(first.read().await, Read::Eof);
    let mut second = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..2).for_each(|_| deposit_one(&exchange.account()));
    // A reset may discard data that was not read yet.
    let end = loop {
        match second.read().await {
            Read::Text(_) => {}
            end => break end,
        }
    };
    assert_eq!(end, Read::Reset);
}

#[tokio::test]
async fn reset_can_interrupt_a_frame() {
    let exchange = with("connection 1: reset-mid-frame").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    deposit_one(&exchange.account());
    assert_eq!(socket.read().await, Read::Reset);
    assert_eq!(exchange.truth().total_of(BALANCE), 1);
}

#[tokio::test]
async fn injected_cut_closes_every_connection() {
    let exchange = with("").await;
    let (mut first, mut second) = (
        Socket::connect(&exchange).await,
        Socket::connect(&exchange).await,
    );
    exchange.inject(Effect::Cut(Cut::Close {
        code: 1001,
        reason: "bye".to_owned(),
    }));
    assert_eq!(first.read().await, Read::Close(Some(1001)));
    assert_eq!(second.read().await, Read::Close(Some(1001)));
}

#[tokio::test]
async fn swallowed_pongs_are_not_sent() {
    let exchange = with("connection 1: swallow-pongs count=2").await;
    let mut socket = Socket::connect(&exchange).await;
    socket.send(PING).await;
    socket.send(PING).await;
    socket.send(&subscribe("s", BALANCE)).await;
    assert_eq!(
        field(&socket.text().await, "type"),
        "ack",
        "no pong before it"
    );
    assert_eq!(field(&socket.ask(PING).await, "type"), "pong");
}

#[tokio::test]
async fn welcome_can_be_delayed() {
    let exchange = with("connection 1: delay-welcome by=60ms").await;
    let started = std::time::Instant::now();
    let mut socket = Socket::dial(&exchange).await;
    assert_eq!(field(&socket.text().await, "type"), "welcome");
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn message_before_the_welcome_is_ignored() {
    let exchange = with("connection 1: drop-welcome").await;
    let mut socket = Socket::dial(&exchange).await;
    socket.send(PING).await;
    exchange
        .wait_until(|stats| {
            stats
                .connections
                .iter()
                .any(|report| report.early_messages == 1)
        })
        .await;
    exchange.inject(Effect::Cut(Cut::Eof));
    assert_eq!(socket.read().await, Read::Eof, "no pong before it");
}

#[tokio::test]
async fn welcome_can_be_dropped() {
    let brief = Duration::from_millis(30);
    let faults = Faults::new().on_connection(1, Effect::DropWelcome);
    let exchange = Exchange::builder()
        .faults(faults)
        .idle_timeout(brief)
        .start()
        .await
        .unwrap();
    let mut socket = Socket::dial(&exchange).await;
    assert_eq!(
        field(&socket.text().await, "data"),
        "ping timeout",
        "no welcome before it"
    );
    assert!(!exchange.stats().connections[0].welcomed);
}

#[tokio::test]
async fn acks_can_be_dropped() {
    let exchange = with("connection 1: drop-acks count=1").await;
    let mut socket = Socket::connect(&exchange).await;
    socket.send(&subscribe("1", BALANCE)).await;
    assert_eq!(
        socket.ask(&subscribe("2", ORDERS)).await,
        r#"{"id":"2","type":"ack"}"#
    );
    assert!(exchange.stats().is_subscribed(BALANCE));
    deposit_one(&exchange.account());
    assert_eq!(field(&socket.text().await, "topic"), BALANCE);
}

#[tokio::test]
async fn acks_can_be_delayed() {
    let exchange = with("connection 1: delay-acks by=40ms count=1").await;
    let mut socket = Socket::connect(&exchange).await;
    let started = std::time::Instant::now();
    assert_eq!(
        socket.ask(&subscribe("1", BALANCE)).await,
        r#"{"id":"1","type":"ack"}"#
    );
    assert!(started.elapsed() >= Duration::from_millis(40));
}

#[tokio::test]
async fn pushes_overtake_delayed_acks() {
    let exchange = with("connection 1: delay-acks by=10m count=1").await;
    let mut socket = Socket::connect(&exchange).await;
    socket.send(&subscribe("1", BALANCE)).await;
    exchange.wait_subscribed(BALANCE).await;
    deposit_one(&exchange.account());
    assert_eq!(field(&socket.text().await, "type"), "message");
    assert_eq!(exchange.stats().connections[0].acks, 0);
}

#[tokio::test]
async fn topic_can_be_refused() {
    let exchange = with(
        "connection 1: refuse-topic topic=/account/balance code=403 text=\"login is required\"",
    )
    .await;
    let mut socket = Socket::connect(&exchange).await;
    let expected = r#"{"id":"1","type":"error","code":403,"data":"login is required"}"#;
    assert_eq!(socket.ask(&subscribe("1", BALANCE)).await, expected);
    assert_eq!(
        socket.ask(&subscribe("2", ORDERS)).await,
        r#"{"id":"2","type":"ack"}"#
    );
}

#[tokio::test]
async fn pushes_can_be_duplicated() {
    let exchange = with("after 1 frames: duplicate-frame count=1").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..3).for_each(|_| deposit_one(&exchange.account()));
    let truth = truth(&exchange);
    for expected in [&truth[0], &truth[1], &truth[1], &truth[2]] {
        assert_eq!(&socket.text().await, expected);
    }
}

#[tokio::test]
async fn pushes_can_be_garbled() {
    let exchange = with("connection 1: garble-frame count=1").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..2).for_each(|_| deposit_one(&exchange.account()));
    let truth = truth(&exchange);
    let garbled = socket.text().await;
    assert_eq!(garbled.len(), truth[0].len());
    assert!(serde_json::from_str::<serde_json::Value>(&garbled).is_err());
    assert_eq!(socket.text().await, truth[1]);
}

#[tokio::test]
async fn pushes_can_be_fragmented() {
    let exchange = with("connection 1: fragment-frames parts=4 count=2").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..3).for_each(|_| deposit_one(&exchange.account()));
    for (index, expected) in truth(&exchange).iter().enumerate() {
        assert_eq!(&socket.text().await, expected);
        assert_eq!(socket.fragments, if index < 2 { 4 } else { 1 });
    }
}

#[tokio::test]
async fn half_open_connection_is_silent_and_stays_open() {
    let exchange = with("after 1 frames: half-open").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    deposit_one(&exchange.account());
    socket.text().await;
    exchange
        .wait_until(|stats| stats.connections[0].ended.is_some())
        .await;
    deposit_one(&exchange.account());
    socket.send(PING).await;
    // Before this cut there must be no push, no pong and no end of the stream.
    exchange.inject(Effect::Cut(Cut::Close {
        code: 1001,
        reason: String::new(),
    }));
    assert_eq!(socket.read().await, Read::Close(Some(1001)));
}

#[tokio::test]
async fn named_fault_can_be_called_repeatedly() {
    let exchange = with("call storm: cut how=eof").await;
    assert!(!exchange.call("calm"));
    for _ in 0..2 {
        let mut socket = Socket::connect(&exchange).await;
        assert!(exchange.call("storm"));
        assert_eq!(socket.read().await, Read::Eof);
    }
}

#[tokio::test]
async fn fault_happens_after_its_time() {
    let exchange = with("after 20ms: token-html").await;
    // Repeat the request until the fault acts on one.
    let mut page = false;
    for _ in 0..100_000 {
        page = request_token(&exchange).await.body.starts_with("<!DOCTYPE");
        if page {
            break;
        }
    }
    assert!(page);
    assert_eq!(request_token(&exchange).await.code(), "200000");
}

#[tokio::test]
async fn client_that_does_not_read_is_disconnected() {
    let exchange = Exchange::builder()
        .queue_capacity(16)
        .start()
        .await
        .unwrap();
    let mut socket = Socket::subscribed(&exchange, &[ORDERS, ORDERS_V2, BALANCE]).await;
    let account = exchange.account();
    // On this runtime the connection's task runs only when the test awaits, so the queue fills up.
    for _ in 0..200 {
        account.step(1);
    }
    exchange
        .wait_until(|stats| stats.connections[0].ended == Some(Ended::SlowClient))
        .await;
    let end = loop {
        match socket.read().await {
            Read::Text(_) => {}
            end => break end,
        }
    };
    assert_eq!(end, Read::Reset);
}
