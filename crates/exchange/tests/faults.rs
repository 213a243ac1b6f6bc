//! Every fault of a connection, seen from the other side of the socket.

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

/// One push on the balance topic.
fn happen(account: &Account) {
    account.deposit("USDT", 1.into()).unwrap();
}

/// The frames of the balance topic, in their true order.
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
async fn a_cut_with_a_close_frame_comes_after_its_frames() {
    let exchange = with("after 2 frames: cut how=close code=1012 reason=restart").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..4).for_each(|_| happen(&exchange.account()));
    let truth = truth(&exchange);
    assert_eq!(
        [socket.text().await, socket.text().await],
        [truth[0].as_str(), truth[1].as_str()]
    );
    assert_eq!(socket.read().await, Read::Close(Some(1012)));
    assert_eq!(exchange.stats().connections[0].ended, Some(Ended::Fault));
    let mut second = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..4).for_each(|_| happen(&exchange.account()));
    for _ in 0..4 {
        second.text().await;
    }
}

#[tokio::test]
async fn a_cut_may_be_an_abrupt_end_or_a_reset() {
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
    happen(&exchange.account());
    first.text().await;
    assert_eq!(first.read().await, Read::Eof);
    let mut second = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..2).for_each(|_| happen(&exchange.account()));
    // A reset may overtake what was not read yet.
    let end = loop {
        match second.read().await {
            Read::Text(_) => {}
            end => break end,
        }
    };
    assert_eq!(end, Read::Reset);
}

#[tokio::test]
async fn a_reset_can_come_in_the_middle_of_a_frame() {
    let exchange = with("connection 1: reset-mid-frame").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    happen(&exchange.account());
    assert_eq!(socket.read().await, Read::Reset);
    assert_eq!(exchange.truth().total_of(BALANCE), 1);
}

#[tokio::test]
async fn every_connection_can_be_cut_now() {
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
async fn pongs_can_be_swallowed() {
    let exchange = with("connection 1: swallow-pongs count=2").await;
    let mut socket = Socket::connect(&exchange).await;
    socket.send(PING).await;
    socket.send(PING).await;
    socket.send(&subscribe("s", BALANCE)).await;
    assert_eq!(
        field(&socket.text().await, "type"),
        "ack",
        "two pongs would stand before it"
    );
    assert_eq!(field(&socket.ask(PING).await, "type"), "pong");
}

#[tokio::test]
async fn the_welcome_can_be_late() {
    let exchange = with("connection 1: delay-welcome by=60ms").await;
    let started = std::time::Instant::now();
    let mut socket = Socket::dial(&exchange).await;
    assert_eq!(field(&socket.text().await, "type"), "welcome");
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn what_comes_before_the_welcome_is_lost() {
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
async fn the_welcome_can_be_lost() {
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
async fn acknowledgements_can_be_lost() {
    let exchange = with("connection 1: drop-acks count=1").await;
    let mut socket = Socket::connect(&exchange).await;
    socket.send(&subscribe("1", BALANCE)).await;
    assert_eq!(
        socket.ask(&subscribe("2", ORDERS)).await,
        r#"{"id":"2","type":"ack"}"#
    );
    assert!(exchange.stats().is_subscribed(BALANCE));
    happen(&exchange.account());
    assert_eq!(field(&socket.text().await, "topic"), BALANCE);
}

#[tokio::test]
async fn acknowledgements_can_be_late() {
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
async fn pushes_overtake_late_acknowledgements() {
    let exchange = with("connection 1: delay-acks by=10m count=1").await;
    let mut socket = Socket::connect(&exchange).await;
    socket.send(&subscribe("1", BALANCE)).await;
    exchange.wait_subscribed(BALANCE).await;
    happen(&exchange.account());
    assert_eq!(field(&socket.text().await, "type"), "message");
    assert_eq!(exchange.stats().connections[0].acks, 0);
}

#[tokio::test]
async fn a_topic_can_be_refused() {
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
async fn frames_can_be_doubled() {
    let exchange = with("after 1 frames: duplicate-frame count=1").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..3).for_each(|_| happen(&exchange.account()));
    let truth = truth(&exchange);
    for expected in [&truth[0], &truth[1], &truth[1], &truth[2]] {
        assert_eq!(&socket.text().await, expected);
    }
}

#[tokio::test]
async fn frames_can_be_garbled() {
    let exchange = with("connection 1: garble-frame count=1").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..2).for_each(|_| happen(&exchange.account()));
    let truth = truth(&exchange);
    let garbled = socket.text().await;
    assert_eq!(garbled.len(), truth[0].len());
    assert!(serde_json::from_str::<serde_json::Value>(&garbled).is_err());
    assert_eq!(socket.text().await, truth[1]);
}

#[tokio::test]
async fn frames_can_be_fragmented() {
    let exchange = with("connection 1: fragment-frames parts=4 count=2").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..3).for_each(|_| happen(&exchange.account()));
    for (index, expected) in truth(&exchange).iter().enumerate() {
        assert_eq!(&socket.text().await, expected);
        assert_eq!(socket.fragments, if index < 2 { 4 } else { 1 });
    }
}

#[tokio::test]
async fn a_half_open_connection_is_silent_and_stays_open() {
    let exchange = with("after 1 frames: half-open").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    happen(&exchange.account());
    socket.text().await;
    exchange
        .wait_until(|stats| stats.connections[0].ended.is_some())
        .await;
    happen(&exchange.account());
    socket.send(PING).await;
    // Nothing but the cut that comes now: no push, no pong, no end of the stream before.
    exchange.inject(Effect::Cut(Cut::Close {
        code: 1001,
        reason: String::new(),
    }));
    assert_eq!(socket.read().await, Read::Close(Some(1001)));
}

#[tokio::test]
async fn a_name_can_be_called_again_and_again() {
    let exchange = with("call storm: cut how=eof").await;
    assert!(!exchange.call("calm"));
    for _ in 0..2 {
        let mut socket = Socket::connect(&exchange).await;
        assert!(exchange.call("storm"));
        assert_eq!(socket.read().await, Read::Eof);
    }
}

#[tokio::test]
async fn a_fault_can_wait_for_its_time() {
    let exchange = with("after 20ms: token-html").await;
    // Requests before that are answered well; sooner or later one is not.
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
async fn a_client_that_does_not_read_is_disconnected() {
    let exchange = Exchange::builder()
        .queue_capacity(16)
        .start()
        .await
        .unwrap();
    let mut socket = Socket::subscribed(&exchange, &[ORDERS, ORDERS_V2, BALANCE]).await;
    let account = exchange.account();
    // On this runtime the connection's task runs only when the test waits: the queue fills up.
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
