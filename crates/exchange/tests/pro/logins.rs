//! Logins of connections without a token.

use kucoin_streams_exchange::{DemoCredentials, Effect, Exchange};

use crate::setup::*;
use crate::support::{Socket, field, mac, now_ms};

const ORDERS: &str = "orderAll?tradeType=UNIFIED";

/// Returns a login message; `timestamp` is JSON, with or without quotes.
fn login(who: &DemoCredentials, timestamp: &str) -> String {
    let signed = format!(
        "{}POST/api/websocket/users/verify",
        timestamp.replace('"', "")
    );
    format!(
        r#"{{"id":"a","op":"auth","kc-api-key":"{}","kc-api-sign":"{}","kc-api-timestamp":{timestamp},"kc-api-passphrase":"{}"}}"#,
        who.key,
        mac(&who.secret, &signed),
        mac(&who.secret, &who.passphrase)
    )
}

fn quoted(time: u64) -> String {
    format!("\"{time}\"")
}

#[tokio::test]
async fn login_allows_private_channels() {
    let exchange = quiet().await;
    for timestamp in [quoted(now_ms()), now_ms().to_string()] {
        let mut socket = Pro::at(&exchange, "/pro").await;
        let refused = socket.ask(&subscribe("1", ORDERS)).await;
        let expected = r#"{"id":"1","result":false,"message":"login is required"}"#;
        assert_eq!(refused, expected);
        let answer = socket.ask(&login(exchange.credentials(), &timestamp)).await;
        assert_eq!(answer, r#"{"id":"a","result":true}"#);
        let acknowledged = socket.ask(&subscribe("2", ORDERS)).await;
        assert_eq!(acknowledged, r#"{"id":"2","result":true}"#);
    }
    let reports = exchange.stats().connections;
    for report in reports {
        assert!(report.authenticated && report.token.is_none());
        assert_eq!((report.acks, report.refusals), (1, 1));
    }
}

#[tokio::test]
async fn refused_login_gives_the_reason() {
    let exchange = quiet().await;
    let who = exchange.credentials().clone();
    let now = quoted(now_ms());
    let other = |key: &str, secret: &str, passphrase: &str| {
        let key = if key.is_empty() { &who.key } else { key };
        let secret = if secret.is_empty() {
            &who.secret
        } else {
            secret
        };
        let passphrase = if passphrase.is_empty() {
            &who.passphrase
        } else {
            passphrase
        };
        login(&DemoCredentials::new(key, secret, passphrase), &now)
    };
    let (good, signed) = (login(&who, &now), quoted(now_ms() - 60_000));
    let cases = [
        (other("stranger", "", ""), "KC-API-KEY not exists"),
        (other("", "", "wrong"), "Invalid KC-API-PASSPHRASE"),
        (
            good.replace("\"kc-api-sign\":\"", "\"kc-api-sign\":\"A"),
            "Invalid KC-API-SIGN",
        ),
        (login(&who, &signed), "Invalid KC-API-TIMESTAMP"),
        (login(&who, "\"soon\""), "Invalid KC-API-TIMESTAMP"),
        (
            good.replace("kc-api-passphrase", "kc-api-pass"),
            "kc-api-key, kc-api-sign, kc-api-timestamp and kc-api-passphrase are required",
        ),
    ];
    let mut socket = Pro::at(&exchange, "/pro/").await;
    for (text, reason) in cases {
        let answer = socket.ask(&text).await;
        let expected = format!(r#"{{"id":"a","result":false,"message":"{reason}"}}"#);
        assert_eq!(answer, expected);
    }
    let answer = socket.ask(&good.replace(r#""id":"a","#, "")).await;
    assert_eq!(
        answer,
        r#"{"result":false,"message":"invalid request data"}"#
    );
    let answer = socket.ask(&subscribe("1", ORDERS)).await;
    assert_eq!(field(&answer, "message"), "login is required");
    assert!(!exchange.stats().connections[0].authenticated);
}

#[tokio::test]
async fn login_is_checked_with_the_skewed_clock() {
    let exchange = quiet().await;
    exchange.inject(Effect::ClockSkew { by_ms: -30_000 });
    let who = exchange.credentials();
    let mut socket = Pro::at(&exchange, "/pro").await;
    let answer = socket.ask(&login(who, &quoted(now_ms()))).await;
    assert_eq!(field(&answer, "message"), "Invalid KC-API-TIMESTAMP");
    let answer = socket.ask(&login(who, &quoted(now_ms() - 30_000))).await;
    assert_eq!(field(&answer, "result"), true);
}

#[tokio::test]
async fn login_before_the_welcome_is_ignored() {
    let exchange = Exchange::builder()
        .faults("connection 1: drop-welcome".parse().unwrap())
        .start()
        .await
        .unwrap();
    let mut socket = Socket::upgrade_at(&exchange, "/pro").await;
    let early = login(exchange.credentials(), &quoted(now_ms()));
    socket.send(&early).await;
    exchange
        .wait_until(|stats| stats.connections[0].early_messages == 1)
        .await;
    assert!(!exchange.stats().connections[0].authenticated);
}

#[tokio::test]
async fn stats_contain_no_secret_of_a_login() {
    let exchange = quiet().await;
    let who = exchange.credentials().clone();
    let login = login(&who, &quoted(now_ms()));
    let sign = field(&login, "kc-api-sign").as_str().unwrap().to_owned();
    let mut socket = Pro::at(&exchange, "/pro").await;
    socket.ask(&login).await;
    // A truncated login is invalid JSON, which is not answered.
    socket.send(&login[..login.len() - 3]).await;
    socket.ask(r#"{"id":"p","type":"ping"}"#).await;
    let stats = exchange.stats();
    let expected = [r#"{"id":"a","op":"auth"}"#, r#"{"op":"auth"}"#];
    assert_eq!(stats.connections[0].client_messages[..2], expected);
    let shown = format!("{stats:?} {:?} {exchange:?}", exchange.pro_truth());
    for secret in [
        &sign,
        &who.key,
        &who.secret,
        &mac(&who.secret, &who.passphrase),
    ] {
        assert!(!shown.contains(secret.as_str()));
    }
}

#[tokio::test]
async fn fault_can_refuse_or_drop_logins() {
    let script = "connection 1: refuse-login text=\"not today\"\nconnection 2: drop-login";
    let exchange = Exchange::builder()
        .faults(script.parse().unwrap())
        .start()
        .await
        .unwrap();
    let login = login(exchange.credentials(), &quoted(now_ms()));
    let mut refused = Pro::at(&exchange, "/pro").await;
    let answer = refused.ask(&login).await;
    assert_eq!(answer, r#"{"id":"a","result":false,"message":"not today"}"#);
    let mut dropped = Pro::at(&exchange, "/pro").await;
    dropped.send(&login).await;
    let pong = dropped.ask(r#"{"id":"p","type":"ping"}"#).await;
    assert_eq!(field(&pong, "type"), "pong", "no answer before it");
}

#[tokio::test]
async fn refused_request_has_a_message_but_no_code() {
    let script = "connection 1: refuse-requests text=busy\nconnection 1: send-ack id=9";
    let exchange = Exchange::builder()
        .faults(script.parse().unwrap())
        .start()
        .await
        .unwrap();
    let mut socket = Pro::connect(&exchange).await;
    assert_eq!(socket.text().await, r#"{"id":"9","result":true}"#);
    let refused = socket.ask(&subscribe("1", ORDERS)).await;
    assert_eq!(refused, r#"{"id":"1","result":false,"message":"busy"}"#);
    let acknowledged = socket.ask(&subscribe("2", ORDERS)).await;
    assert_eq!(acknowledged, r#"{"id":"2","result":true}"#);
}
