//! If this machine's clock is off, the offset is measured once and used from then on.

use std::time::{SystemTime, UNIX_EPOCH};

use kucoin_streams_auth::rest::TokenError;
use kucoin_streams_core::{RetryPolicy, WsKey};

use crate::common::*;
use kucoin_streams_testkit::http::{Answer, Request, Server, json, reply};

const HOUR_MS: i64 = 3_600_000;
/// Much more than a slow machine needs, much less than the clock offset.
const SLACK_MS: i64 = 60_000;

const TOKEN_CALL: &str = "POST /api/v1/bullet-private HTTP/1.1";
const TIME_CALL: &str = "GET /api/v1/timestamp HTTP/1.1";

fn exchange_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as i64 + HOUR_MS
}

fn refuse_timestamp() -> Answer {
    reply(
        400,
        "",
        r#"{"code":"400002","msg":"KC-API-TIMESTAMP Invalid"}"#,
    )
}

/// A server whose clock is an hour ahead of this machine's.
fn exchange(request: &Request) -> Answer {
    if request.line == TIME_CALL {
        assert!(
            !request
                .headers
                .iter()
                .any(|(name, _)| name.starts_with("kc-"))
        );
        return json(format!(r#"{{"code":"200000","data":{}}}"#, exchange_now()));
    }
    let timestamp: i64 = request.header("kc-api-timestamp").parse().unwrap();
    if (timestamp - exchange_now()).abs() < SLACK_MS {
        json(good_reply())
    } else {
        refuse_timestamp()
    }
}

#[tokio::test]
async fn refused_timestamp_is_corrected_and_signed_again() {
    let server = Server::answering(exchange).await;
    let tokens = tokens(&server);
    assert_eq!(tokens.clock_offset_ms(), 0);
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    assert_eq!(server.lines(), [TOKEN_CALL, TIME_CALL, TOKEN_CALL]);
    assert!((tokens.clock_offset_ms() - HOUR_MS).abs() < SLACK_MS);
}

#[tokio::test]
async fn clock_offset_is_kept_for_the_next_request() {
    let server = Server::answering(exchange).await;
    let tokens = tokens(&server);
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    tokens.fetch(WsKey::FuturesPrivateV1).await.unwrap();
    assert_eq!(server.lines()[3..], [TOKEN_CALL]);
}

#[tokio::test]
async fn timestamp_refused_twice_is_clock_skew() {
    let server = Server::answering(|request| match request.line.as_str() {
        TIME_CALL => exchange(request),
        _ => refuse_timestamp(),
    })
    .await;
    let error = tokens(&server)
        .fetch(WsKey::SpotPrivateV1)
        .await
        .unwrap_err();
    assert_eq!(error.retry_policy(), RetryPolicy::Transient);
    assert_eq!(error.code(), Some("400002"));
    let TokenError::ClockSkew { offset_ms } = error else {
        panic!("{error:?}");
    };
    assert!((offset_ms - HOUR_MS).abs() < SLACK_MS, "{offset_ms}");
    assert_eq!(server.lines(), [TOKEN_CALL, TIME_CALL, TOKEN_CALL]);
}

#[tokio::test]
async fn failed_clock_measurement_is_an_error() {
    let server = Server::answering(|request| match request.line.as_str() {
        TIME_CALL => reply(503, "", ""),
        _ => refuse_timestamp(),
    })
    .await;
    let tokens = tokens(&server);
    let error = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    assert!(
        matches!(error, TokenError::ServerFault { status: 503, .. }),
        "{error:?}"
    );
    assert_eq!(tokens.clock_offset_ms(), 0);
    assert_eq!(server.lines(), [TOKEN_CALL, TIME_CALL]);
}
