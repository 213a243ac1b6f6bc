//! Injected messages.

use kucoin_streams_exchange::{Effect, InjectedMessage};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::setup::*;
use crate::support::*;

#[tokio::test]
async fn injected_messages_follow_the_welcome() {
    let exchange = with(
        "connection 1: send-error code=509 text=\"too many\"\nconnection 1: send-error code=400 text=x id=7\n\
         connection 1: send-text text='{\"type\":\"novel\"}'\nconnection 1: send-ack id=9\n\
         connection 1: send-pongs count=2\nconnection 1: flood pushes=2",
    )
    .await;
    let mut socket = Socket::connect(&exchange).await;
    for expected in [
        r#"{"type":"error","code":509,"data":"too many"}"#,
        r#"{"id":"7","type":"error","code":400,"data":"x"}"#,
        r#"{"type":"novel"}"#,
        r#"{"id":"9","type":"ack"}"#,
        r#"{"id":"stray-1","type":"pong"}"#,
        r#"{"id":"stray-2","type":"pong"}"#,
        r#"{"topic":"/flood/unknown","type":"message","subject":"flood","data":{"number":1}}"#,
        r#"{"topic":"/flood/unknown","type":"message","subject":"flood","data":{"number":2}}"#,
    ] {
        assert_eq!(socket.text().await, expected);
    }
    assert_eq!(field(&socket.ask(PING).await, "type"), "pong");
    assert_eq!(
        (
            exchange.truth().total(),
            exchange.stats().connections[0].pushed
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn any_bytes_can_be_sent() {
    let exchange = with("call say: send-binary hex=ff00\ncall swear: send-bytes hex=8a02").await;
    let mut socket = Socket::connect(&exchange).await;
    assert!(exchange.call("say"));
    assert_eq!(socket.read().await, Read::Binary(vec![0xFF, 0]));
    assert!(exchange.call("swear"));
    let mut bytes = [0; 2];
    timeout(TIMEOUT, socket.stream.read_exact(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(bytes, [0x8A, 2]);
}

#[tokio::test]
async fn answers_to_injected_pings_are_counted() {
    let exchange = with("").await;
    let mut socket = Socket::connect(&exchange).await;
    exchange.inject(Effect::Say(InjectedMessage::Pings { count: 2, bytes: 3 }));
    for _ in 0..2 {
        let Read::Ping(payload) = socket.read().await else {
            panic!("no ping");
        };
        assert_eq!(payload, b"ppp");
        socket.send_frame(0x8A, &payload).await;
    }
    exchange
        .wait_until(|stats| stats.connections[0].protocol_pongs == 2)
        .await;
}

#[tokio::test]
async fn fragments_can_be_sent_without_an_end() {
    let exchange = with("call bomb: endless-fragments fragments=3 bytes=0").await;
    let mut socket = Socket::connect(&exchange).await;
    assert!(exchange.call("bomb"));
    let mut bytes = [0; 6];
    timeout(TIMEOUT, socket.stream.read_exact(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(bytes, [0x01, 0, 0x00, 0, 0x00, 0]);
}
