//! Faults of Pro V2 connections.

use kucoin_streams_exchange::{Account, Exchange};
use miniz_oxide::inflate::decompress_to_vec;

use crate::setup::*;
use crate::support::{Read, Socket, field, percent_encoded};

const FUNDING: &str = "balance?accountType=FUNDING";
const ORDERS: &str = "orderAll?tradeType=UNIFIED";

async fn with(script: &str) -> Exchange {
    Exchange::builder()
        .faults(script.parse().unwrap())
        .start()
        .await
        .unwrap()
}

/// Makes one push on the channel of the funding account.
fn deposit_one(account: &Account) {
    account.deposit("USDT", 1.into()).unwrap();
}

#[tokio::test]
async fn channel_can_be_refused() {
    let exchange = with(
        "connection 1: refuse-topic topic=orderAll?tradeType=UNIFIED text=\"not today\"\n\
         connection 1: refuse-topic topic=position?tradeType=FUTURES&symbol=XBTUSDTM",
    )
    .await;
    let mut socket = Pro::connect(&exchange).await;
    let answer = socket.ask(&subscribe("1", ORDERS)).await;
    assert_eq!(answer, r#"{"id":"1","result":false,"reason":"not today"}"#);
    let answer = socket
        .ask(&subscribe(
            "2",
            "position?symbol=XBTUSDTM&tradeType=FUTURES",
        ))
        .await;
    assert_eq!(field(&answer, "result"), false);
    let answer = socket.ask(&subscribe("3", "orderAll?tradeType=SPOT")).await;
    assert_eq!(field(&answer, "result"), true);
}

#[tokio::test]
async fn pongs_and_acks_can_be_dropped() {
    let exchange =
        with("connection 1: swallow-pongs count=1\nconnection 1: drop-acks count=1").await;
    let mut socket = Pro::connect(&exchange).await;
    socket.send(r#"{"id":"p","type":"ping"}"#).await;
    socket.send(&subscribe("1", ORDERS)).await;
    assert_eq!(
        socket.ask(&subscribe("2", FUNDING)).await,
        r#"{"id":"2","result":true}"#
    );
    assert_eq!(exchange.stats().connections[0].topics, [ORDERS, FUNDING]);
    deposit_one(&exchange.account());
    assert_eq!(socket.json().await["T"], "balance.FUNDING");
}

#[tokio::test]
async fn pushes_can_be_duplicated_garbled_and_fragmented() {
    let exchange = with(
        "connection 1: duplicate-frame count=1\nconnection 2: garble-frame count=1\n\
         connection 3: fragment-frames parts=4 count=1\nconnection 4: reset-mid-frame",
    )
    .await;
    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push(Pro::subscribed(&exchange, &[FUNDING]).await);
    }
    deposit_one(&exchange.account());
    let frame = exchange.pro_truth().snapshot()[0].frame.clone();
    assert_eq!(sockets[0].text().await, *frame);
    assert_eq!(sockets[0].text().await, *frame);
    let garbled = sockets[1].text().await;
    assert!(serde_json::from_str::<serde_json::Value>(&garbled).is_err());
    assert_eq!(sockets[2].text().await, *frame);
    assert_eq!(sockets[2].socket.fragments, 4);
    assert_eq!(sockets[3].socket.read().await, Read::Reset);
}

#[tokio::test]
async fn frames_can_be_text_or_compressed() {
    let exchange = with("connection 1: text-frames\nconnection 2: deflate-frames count=2").await;
    let target = format!("/pro?token={}", percent_encoded(&token(&exchange).await));
    let mut socket = Socket::upgrade_at(&exchange, &target).await;
    assert_eq!(field(&socket.text().await, "message"), "welcome");
    let answer = socket.ask(&subscribe("1", FUNDING)).await;
    assert_eq!(answer, r#"{"id":"1","result":true}"#);
    deposit_one(&exchange.account());
    assert_eq!(field(&socket.text().await, "T"), "balance.FUNDING");

    let target = format!("/pro?token={}", percent_encoded(&token(&exchange).await));
    let mut socket = Socket::upgrade_at(&exchange, &target).await;
    let mut pro = {
        let Read::Binary(bytes) = socket.read().await else {
            panic!("no welcome");
        };
        let welcome = String::from_utf8(decompress_to_vec(&bytes).unwrap()).unwrap();
        assert_eq!(field(&welcome, "message"), "welcome");
        Pro { socket }
    };
    pro.send(&subscribe("1", FUNDING)).await;
    let Read::Binary(bytes) = pro.socket.read().await else {
        panic!("no answer");
    };
    assert_eq!(
        decompress_to_vec(&bytes).unwrap(),
        br#"{"id":"1","result":true}"#
    );
    deposit_one(&exchange.account());
    assert_eq!(pro.json().await["T"], "balance.FUNDING", "not compressed");
}

#[tokio::test]
async fn unused_token_can_expire() {
    let exchange = quiet().await;
    let token = token(&exchange).await;
    exchange.inject(kucoin_streams_exchange::Effect::ExpireTokens);
    let mut socket = Socket::upgrade_at(&exchange, &format!("/pro?token={token}")).await;
    let Read::Binary(frame) = socket.read().await else {
        panic!("no refusal");
    };
    let frame = String::from_utf8(frame).unwrap();
    assert_eq!(
        (field(&frame, "code"), field(&frame, "data")),
        (401.into(), "token is expired".into())
    );
}

#[tokio::test]
async fn ack_can_be_quoted_and_bomb_is_small() {
    let exchange =
        with("connection 1: quote-acks count=1\ncall bomb: send-bomb bytes=1000000").await;
    let mut socket = Pro::connect(&exchange).await;
    let answer = socket.ask(&subscribe("1", ORDERS)).await;
    assert_eq!(answer, r#"{"id":"1","result":"true"}"#);
    let answer = socket.ask(&subscribe("2", FUNDING)).await;
    assert_eq!(answer, r#"{"id":"2","result":true}"#);
    assert!(exchange.call("bomb"));
    let Read::Binary(bytes) = socket.socket.read().await else {
        panic!("no bomb");
    };
    assert!(bytes.len() < 10_000);
    assert_eq!(decompress_to_vec(&bytes).unwrap(), vec![b' '; 1_000_000]);
}
