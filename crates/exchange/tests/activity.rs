//! Activity reported to an observer: connections, token requests and faults, without secrets.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::{Arc, Mutex};

use kucoin_streams_exchange::{Activity, Ended, Exchange, ServedMarket, StreamProtocol};
use support::*;

type Seen = Arc<Mutex<Vec<Activity>>>;

async fn observed(script: &str) -> (Exchange, Seen) {
    let seen = Seen::default();
    let observer = Arc::clone(&seen);
    let exchange = Exchange::builder()
        .faults(script.parse().unwrap())
        .observe(move |activity| observer.lock().unwrap().push(activity))
        .start()
        .await
        .unwrap();
    (exchange, seen)
}

#[tokio::test]
async fn observer_sees_token_connection_fault_and_end() {
    let (exchange, seen) = observed("after 1 frames: cut how=reset").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    exchange.account().deposit("USDT", 5.into()).unwrap();
    while !matches!(socket.read().await, Read::Reset | Read::Eof) {}
    exchange
        .wait_until(|stats| stats.open_connections().next().is_none())
        .await;
    let expected = [
        Activity::TokenRequest {
            status: 200,
            code: "200000".to_owned(),
        },
        Activity::Opened {
            connection: 1,
            protocol: StreamProtocol::V1,
            market: ServedMarket::Both,
            token: Some(1),
            client: Some("raw client".to_owned()),
        },
        Activity::Fault {
            fault: "after 1 frames: cut how=reset".to_owned(),
            at: "push 1 of connection 1".to_owned(),
        },
        Activity::Ended {
            connection: 1,
            how: Ended::Fault,
            reason: Some("cut how=reset".to_owned()),
            pushed: 0,
        },
    ];
    let seen = seen.lock().unwrap();
    assert_eq!(seen[..3], expected[..3]);
    let Activity::Ended {
        connection,
        how,
        reason,
        ..
    } = &seen[3]
    else {
        panic!("{:?}", seen[3]);
    };
    assert_eq!((*connection, how), (1, &Ended::Fault));
    assert_eq!(reason.as_deref(), Some("cut how=reset"));
}

#[tokio::test]
async fn activity_of_refusals_and_faults_contains_no_secret() {
    let script = "token 2: token-html\nconnection 2: upgrade-close\ndial 1: clock-skew by=0s";
    let (exchange, seen) = observed(script).await;
    let token = token(&exchange).await;
    request_token(&exchange).await;
    let mut refused = Socket::upgrade(&exchange, "token=stolen&connectId=1").await;
    refused.text().await;
    let encoded = percent_encoded(&token);
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", exchange.port()))
        .await
        .unwrap();
    let request = format!(
        "GET /?token={encoded} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut nothing = Vec::new();
    let _ = socket.read_to_end(&mut nothing).await;
    let who = exchange.credentials().clone();
    let seen = format!("{:?}", seen.lock().unwrap());
    for part in [
        "Fault { fault: \"token 2: token-html\", at: \"token request 2\" }",
        "Fault { fault: \"connection 2: upgrade-close\", at: \"connection 2\" }",
        "Fault { fault: \"dial 1: clock-skew by=0ms\", at: \"dial 1\" }",
        "how: Refused, reason: Some(\"401 token is invalid\")",
        "Ended { connection: 2, how: Fault",
    ] {
        assert!(seen.contains(part), "{part} is not in {seen}");
    }
    for secret in [
        &token,
        &encoded,
        &"stolen".to_owned(),
        &who.key,
        &who.secret,
    ] {
        assert!(!seen.contains(secret.as_str()), "{seen}");
    }
}
