//! Replies that are too long, too slow, aborted or missing.

use std::time::Duration;

use kucoin_streams_auth::rest::TokenError;
use kucoin_streams_core::{RetryPolicy, WsKey};

use crate::common::*;
use kucoin_streams_testkit::http::{Answer, Server, free_port, json, reply};

async fn error(answer: impl Fn() -> Answer + Send + Sync + 'static) -> TokenError {
    let server = Server::answering(move |_| answer()).await;
    let tokens = builder(&server)
        .time_limit(Duration::from_secs(30))
        .build()
        .unwrap();
    let error = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    error
}

#[tokio::test]
async fn content_length_over_the_limit_is_refused() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 65537\r\n\r\n";
    let error = error(|| Answer::Bytes(head.to_vec())).await;
    assert!(
        matches!(error, TokenError::ReplyTooLong { limit: 65_536, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn endless_reply_is_cut_at_the_limit() {
    const CHUNK: &[u8] = b"10\r\n{\"code\":\"200000\"\r\n";
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let error = error(|| Answer::Endless(head.to_vec(), CHUNK, Duration::ZERO)).await;
    assert!(
        matches!(error, TokenError::ReplyTooLong { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn reply_at_the_limit_is_read() {
    let server = Server::answering(|_| {
        let blanks = " ".repeat(65_536 - good_reply().len());
        json(format!("{}{blanks}", good_reply()))
    })
    .await;
    assert!(tokens(&server).fetch(WsKey::SpotPrivateV1).await.is_ok());
}

#[tokio::test]
async fn slow_reply_times_out() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n";
    let drip = || Answer::Endless(head.to_vec(), b" ", Duration::from_millis(20));
    let server = Server::answering(move |_| drip()).await;
    let limit = Duration::from_millis(400);
    let tokens = builder(&server).time_limit(limit).build().unwrap();
    let error = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    assert!(
        matches!(error, TokenError::TimedOut { limit: l, .. } if l == limit),
        "{error:?}"
    );
    assert_eq!(error.retry_policy(), RetryPolicy::Transient);
}

#[tokio::test]
async fn aborted_reply_is_interrupted() {
    let body = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"code\":\"200000\",\"data\":{\"token\":\"canary";
    let broken = error(|| Answer::Bytes(body.to_vec())).await;
    assert!(
        matches!(broken, TokenError::Interrupted { .. }),
        "{broken:?}"
    );
    assert!(!format!("{broken:?}").contains("canary"));
    let silent = error(|| Answer::Bytes(Vec::new())).await;
    assert!(
        matches!(silent, TokenError::Interrupted { .. }),
        "{silent:?}"
    );
}

#[tokio::test]
async fn truncated_reply_is_unreadable_without_its_token() {
    let error = error(|| reply(200, "", r#"{"code":"200000","data":{"token":"canary"#)).await;
    let TokenError::Unreadable { excerpt, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(
        excerpt.contains("200000") && !excerpt.contains("canary"),
        "{excerpt}"
    );
}

#[tokio::test]
async fn compressed_reply_is_unreadable() {
    let error = error(|| reply(200, "content-encoding: gzip\r\n", "\x1f")).await;
    assert!(matches!(error, TokenError::Unreadable { .. }), "{error:?}");
}

#[tokio::test]
async fn closed_port_is_unreachable() {
    let port = free_port();
    let server = Server::answering(|_| json("")).await;
    let hosts = hosts(&server)
        .with_spot_rest(&format!("http://127.0.0.1:{port}"))
        .unwrap();
    let tokens = builder(&server).hosts(hosts).build().unwrap();
    let error = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    assert!(matches!(error, TokenError::Unreachable { .. }), "{error:?}");
    assert_eq!(error.retry_policy(), RetryPolicy::Transient);
}
