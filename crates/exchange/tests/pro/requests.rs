//! Answers to requests, pings and invalid messages.

use std::time::Duration;

use kucoin_streams_exchange::Side;

use crate::setup::*;
use crate::support::{field, now_ms};

const ORDERS: &str = "orderAll?tradeType=UNIFIED";

#[tokio::test]
async fn every_channel_is_acknowledged_and_in_the_stats() {
    let exchange = quiet().await;
    let mut topics: Vec<String> = Vec::new();
    for part in ["UNIFIED", "SPOT", "FUTURES", "CROSS", "ISOLATED"] {
        topics.push(format!("order?tradeType={part}&symbol=BTC-USDT"));
        for channel in ["orderAll", "execution", "execution.lite"] {
            topics.push(format!("{channel}?tradeType={part}"));
        }
    }
    for part in ["UNIFIED", "FUTURES"] {
        topics.push(format!("position?tradeType={part}&symbol=XBTUSDTM"));
        for channel in ["positionAll", "lw", "leverage"] {
            topics.push(format!("{channel}?tradeType={part}"));
        }
    }
    for account in [
        "UNIFIED", "SPOT", "TRADING", "FUTURES", "CROSS", "ISOLATED", "FUNDING",
    ] {
        topics.push(format!("balance?accountType={account}"));
    }
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut socket = Pro::subscribed(&exchange, &names).await;
    assert_eq!(exchange.stats().connections[0].topics, topics);
    exchange
        .wait_subscribed("position?tradeType=FUTURES&symbol=XBTUSDTM")
        .await;
    for topic in &topics {
        let answer = socket.ask(&request("u", "unsubscribe", topic)).await;
        assert_eq!(answer, r#"{"id":"u","result":true}"#);
    }
    assert!(exchange.stats().connections[0].topics.is_empty());
    exchange.account().step(50);
    let pong = socket.ask(r#"{"id":"p","type":"ping"}"#).await;
    assert_eq!(field(&pong, "type"), "pong", "no more pushes");
}

#[tokio::test]
async fn refusals_give_the_reason() {
    let exchange = quiet().await;
    let mut socket = Pro::connect(&exchange).await;
    let invalid = r#""message":"invalid request data""#;
    let cases = [
        (
            subscribe("1", "position?tradeType=FUTURES"),
            r#""id":"1","#,
            r#""reason":"missing `symbol` for topic: Position""#,
        ),
        (
            subscribe("1", "orders?tradeType=UNIFIED"),
            r#""id":"1","#,
            invalid,
        ),
        (
            subscribe("1", "lw?tradeType=SPOT"),
            r#""id":"1","#,
            r#""reason":"topic lw type = \"SPOT\" not allowed in current environment""#,
        ),
        (subscribe("1", ORDERS).replace("\"1\"", "1"), "", invalid),
        (
            subscribe("1", ORDERS).replace("\"id\":\"1\"", "\"id\":null"),
            "",
            invalid,
        ),
        (request("1", "order", ORDERS), r#""id":"1","#, invalid),
        ("[1]".to_owned(), "", invalid),
    ];
    for (text, id, why) in cases {
        let answer = socket.ask(&text).await;
        assert_eq!(answer, format!(r#"{{{id}"result":false,{why}}}"#), "{text}");
    }
    // Invalid JSON is not answered, and the connection stays open.
    socket.send("hello").await;
    assert_eq!(
        socket.ask(&subscribe("2", ORDERS)).await,
        r#"{"id":"2","result":true}"#
    );
    let report = &exchange.stats().connections[0];
    assert_eq!((report.acks, report.refusals), (1, 7));
}

#[tokio::test]
async fn both_ping_formats_are_answered() {
    let exchange = quiet().await;
    let before = now_ms();
    let mut first = Pro::connect(&exchange).await;
    let pong = first.ask(r#"{"id":"p1","type":"ping"}"#).await;
    assert!(pong.starts_with(r#"{"type":"pong","id":"p1","ts":"#));
    let time = field(&pong, "ts").as_u64().unwrap();
    assert!((before..=now_ms()).contains(&(time / 1_000_000)), "{time}");
    let mut second = Pro::connect(&exchange).await;
    let pong = second.ask(r#"{"id":"p2","op":"ping","timestamp":1}"#).await;
    assert!(pong.starts_with(r#"{"id":"p2","op":"pong","timestamp":"#));
    let time = field(&pong, "timestamp").as_u64().unwrap();
    assert!((before..=now_ms()).contains(&time), "{time}");
}

#[tokio::test]
async fn binary_frames_and_websocket_pings_are_accepted() {
    let exchange = quiet().await;
    let mut socket = Pro::connect(&exchange).await;
    let text = subscribe("1", ORDERS);
    socket.socket.send_frame(0x82, text.as_bytes()).await;
    assert_eq!(socket.text().await, r#"{"id":"1","result":true}"#);
    socket.socket.send_frame(0x89, b"hey").await;
    assert_eq!(
        socket.socket.read().await,
        crate::support::Read::Pong(b"hey".to_vec())
    );
}

#[tokio::test]
async fn duplicate_subscription_gets_each_push_once() {
    let exchange = quiet().await;
    let mut socket = Pro::subscribed(&exchange, &[ORDERS, ORDERS]).await;
    let size = decimal("0.01");
    let (account, price) = (exchange.account(), decimal("60000"));
    let id = account
        .place_limit("BTC-USDT", Side::Buy, price, size)
        .unwrap();
    account.cancel(&id).unwrap();
    for kind in ["OPEN", "CANCEL"] {
        assert_eq!(socket.json().await["d"]["eT"], kind);
    }
    assert_eq!(exchange.stats().connections[0].topics, [ORDERS]);
}

#[tokio::test]
async fn unknown_symbol_is_acknowledged_and_silent() {
    let exchange = quiet().await;
    let topics = [
        "order?tradeType=SPOT&symbol=NO-SUCH",
        "orderAll?tradeType=CROSS",
    ];
    let mut socket = Pro::subscribed(&exchange, &topics).await;
    let (price, size) = (decimal("60000"), decimal("0.01"));
    exchange
        .account()
        .place_limit("BTC-USDT", Side::Buy, price, size)
        .unwrap();
    let pong = socket.ask(r#"{"id":"p","type":"ping"}"#).await;
    assert_eq!(field(&pong, "type"), "pong");
}

/// Advances tokio's clock without waiting.
async fn advance(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn connection_has_at_most_400_topics() {
    let exchange = quiet().await;
    let mut socket = Pro::connect(&exchange).await;
    let topic = |number| format!("order?tradeType=SPOT&symbol=A{number}-USDT");
    for number in 0..400 {
        if number % 90 == 0 {
            advance(10).await;
        }
        let answer = socket.ask(&subscribe("1", &topic(number))).await;
        assert_eq!(answer, r#"{"id":"1","result":true}"#, "{number}");
    }
    advance(10).await;
    let answer = socket.ask(&subscribe("1", ORDERS)).await;
    let reason = "exceed max subscription count limitation of 400 per session";
    assert_eq!(field(&answer, "reason"), reason);
    let known = socket.ask(&subscribe("1", &topic(7))).await;
    assert_eq!(
        field(&known, "result"),
        true,
        "an existing topic is not counted again"
    );
    socket.ask(&request("1", "unsubscribe", &topic(7))).await;
    let answer = socket.ask(&subscribe("1", ORDERS)).await;
    assert_eq!(field(&answer, "result"), true);
}

#[tokio::test]
async fn too_many_messages_are_refused() {
    let exchange = quiet().await;
    let mut socket = Pro::connect(&exchange).await;
    for _ in 0..100 {
        let answer = socket.ask(&subscribe("1", ORDERS)).await;
        assert_eq!(field(&answer, "result"), true);
    }
    let answer = socket.ask(&subscribe("1", ORDERS)).await;
    let expected = r#"{"id":"1","result":false,"message":"exceed max permits per second"}"#;
    assert_eq!(answer, expected);
    advance(10).await;
    let answer = socket.ask(&subscribe("1", ORDERS)).await;
    assert_eq!(field(&answer, "result"), true);
}

#[tokio::test]
async fn one_ping_per_second_is_answered() {
    let exchange = quiet().await;
    let mut socket = Pro::connect(&exchange).await;
    for id in ["1", "2", "3"] {
        let pong = socket
            .ask(&format!(r#"{{"id":"{id}","type":"ping"}}"#))
            .await;
        assert_eq!(field(&pong, "id"), id);
        advance(1).await;
    }
    assert_eq!(exchange.stats().connections[0].pings, 3);
}

#[tokio::test]
async fn request_without_id_is_answered_without_id() {
    let exchange = quiet().await;
    let mut socket = Pro::connect(&exchange).await;
    let without = |text: String| text.replace("\"id\":\"1\",", "");
    let answer = socket.ask(&without(subscribe("1", ORDERS))).await;
    assert_eq!(answer, r#"{"result":true}"#);
    assert!(exchange.stats().is_subscribed(ORDERS));
    let answer = socket
        .ask(&without(request("1", "UNSUBSCRIBE", ORDERS)))
        .await;
    assert_eq!(answer, r#"{"result":true}"#);
}
