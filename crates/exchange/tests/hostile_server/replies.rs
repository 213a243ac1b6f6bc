//! Wrong responses to token requests.

use kucoin_streams_exchange::{Effect, TokenReply};

use crate::setup::*;
use crate::support::*;

#[tokio::test]
async fn token_request_can_get_redirect_or_error_code() {
    let exchange = with(
        "token 1: token-redirect status=301 location=http://elsewhere.test/\ntoken 2: token-code code=900001",
    )
    .await;
    let redirected = request_token(&exchange).await;
    assert_eq!(redirected.status, 301);
    assert_eq!(
        redirected.header("location"),
        Some("http://elsewhere.test/")
    );
    let failed = request_token(&exchange).await;
    assert_eq!((failed.status, failed.code()), (200, "900001".to_owned()));
}

#[tokio::test]
async fn token_response_can_be_long_or_slow() {
    let exchange = with("token 1: token-long bytes=70000\ntoken 2: token-drip by=0ms").await;
    let long = request_token(&exchange).await;
    assert!(long.body.len() > 70_000 && long.whole);
    assert_eq!(long.code(), "200000");
    let dripped = request_token(&exchange).await;
    assert_eq!(dripped.code(), "200000");
    assert_eq!(dripped.header("connection"), Some("close"));
}

#[tokio::test]
async fn token_response_can_be_unrequested_gzip() {
    let exchange = with("token 1: token-gzip").await;
    let path = "/api/v1/bullet-private";
    let mut stream = dial(&exchange).await;
    let mut request =
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n");
    for (name, value) in signed_headers(exchange.credentials(), path, now_ms()) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
        .await
        .unwrap();
    assert!(
        head(&mut stream)
            .await
            .contains("content-encoding: gzip\r\n")
    );
    let (body, end) = rest(&mut stream).await;
    assert_eq!((&body[..3], end), (&[0x1F, 0x8B, 8][..], End::Eof));
}

#[tokio::test]
async fn token_request_can_end_without_a_response() {
    let exchange = with("").await;
    exchange.inject(Effect::TokenReply(TokenReply::Close));
    let mut stream = dial(&exchange).await;
    let request = b"POST /api/v1/bullet-public HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, request)
        .await
        .unwrap();
    assert_eq!(rest(&mut stream).await, (vec![], End::Eof));
    assert_eq!(request_token(&exchange).await.code(), "200000");
}

#[tokio::test]
async fn token_can_have_other_servers() {
    let exchange = with(
        "token 1: token-no-servers\ntoken 2: token-endpoint url=ws://elsewhere.test/\n\
         token 3: token-extra-endpoint url='no address'",
    )
    .await;
    let mut received = Vec::new();
    for _ in 0..3 {
        let reply = request_token(&exchange).await.json();
        let servers = reply["data"]["instanceServers"].as_array().unwrap().clone();
        let endpoints = servers
            .iter()
            .map(|server| server["endpoint"].as_str().unwrap().to_owned());
        received.push(endpoints.collect::<Vec<_>>());
    }
    let correct = format!("ws://127.0.0.1:{}/", exchange.port());
    assert_eq!(received[0], [""; 0]);
    assert_eq!(received[1], ["ws://elsewhere.test/"]);
    assert_eq!(received[2], ["no address", &correct]);
}
