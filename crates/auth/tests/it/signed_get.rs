//! Signed GET requests: what is signed and sent, the limits, and the shared clock offset.

use std::time::Duration;

use base64::Engine;
use hmac::{KeyInit, Mac};
use kucoin_streams_auth::rest::{HostRole, Quota, RequestLimits, TokenError};

use crate::common::*;
use kucoin_streams_testkit::http::{Answer, Server, json, reply};

const LIMITS: RequestLimits = RequestLimits::new(1_000, Duration::from_secs(10));
const PATH: &str = "/api/v1/hf/fills?symbol=BTC-USDT&remark=a%20b,c&limit=100";
const TIME_CALL: &str = "GET /api/v1/timestamp HTTP/1.1";

/// Returns the signature, computed independently of the signer.
fn mac(text: &str) -> String {
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn query_is_signed_as_it_is_sent() {
    let quota =
        "gw-ratelimit-limit: 4000\r\ngw-ratelimit-remaining: 3998\r\ngw-ratelimit-reset: 29500\r\n";
    let server = Server::answering(move |_| reply(200, quota, r#"{"code":"200000","data":[]}"#));
    let server = server.await;
    let tokens = tokens(&server);
    let got = tokens.get(HostRole::SpotRest, PATH, LIMITS).await.unwrap();
    assert_eq!(got.status(), 200);
    let expected = Quota::new(3_998, Duration::from_millis(29_500)).with_limit(4_000);
    assert_eq!(got.quota(), Some(expected));
    assert_eq!(got.into_body(), br#"{"code":"200000","data":[]}"#);

    let request = &server.requests()[0];
    assert_eq!(request.line, format!("GET {PATH} HTTP/1.1"));
    let timestamp = request.header("kc-api-timestamp");
    assert_eq!(
        request.header("kc-api-sign"),
        mac(&format!("{timestamp}GET{PATH}"))
    );
    assert_eq!(request.header("kc-api-passphrase"), mac(PASSPHRASE));
    for absent in ["content-length", "content-type", "accept-encoding"] {
        assert!(!request.has(absent), "{absent}");
    }
}

#[tokio::test]
async fn each_host_gets_its_own_requests() {
    let spot = Server::answering(|_| json("{}")).await;
    let futures = Server::answering(|_| json("{}")).await;
    let hosts = hosts(&spot).with_futures_rest(&futures.url()).unwrap();
    let tokens = builder(&spot).hosts(hosts).build().unwrap();
    let futures_name = format!("127.0.0.1:{}", futures.port);
    assert_eq!(
        tokens.host_name(HostRole::FuturesRest).unwrap(),
        futures_name
    );
    tokens
        .get(HostRole::FuturesRest, PATH, LIMITS)
        .await
        .unwrap();
    assert_eq!((spot.requests().len(), futures.requests().len()), (0, 1));
    let refused = tokens.get(HostRole::ProWs, PATH, LIMITS).await.unwrap_err();
    assert!(matches!(refused, TokenError::NotRest(HostRole::ProWs)));
}

#[tokio::test]
async fn reply_with_an_error_status_is_returned() {
    let server = Server::answering(|_| reply(503, "", "<html>maintenance</html>")).await;
    let got = tokens(&server).get(HostRole::SpotRest, PATH, LIMITS).await;
    let got = got.unwrap();
    assert_eq!((got.status(), got.quota()), (503, None));
    assert_eq!(got.body(), b"<html>maintenance</html>");
    assert!(!format!("{got:?}").contains("maintenance"));
}

#[tokio::test]
async fn requests_are_not_slowed_by_the_token_limiter() {
    let server = Server::answering(|_| json("{}")).await;
    let tokens = tokens(&server);
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        tokens.get(HostRole::SpotRest, PATH, LIMITS).await.unwrap();
    }
    // Twenty token requests take 16 s.
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn refused_timestamp_is_corrected_once_for_all_requests() {
    let server = Server::answering(|request| {
        if request.line == TIME_CALL {
            return json(r#"{"code":"200000","data":5000000000000}"#);
        }
        match request.header("kc-api-timestamp").starts_with("5000") {
            true => json(r#"{"code":"200000","data":null}"#),
            false => reply(
                401,
                "",
                r#"{"code":"400002","msg":"KC-API-TIMESTAMP Invalid"}"#,
            ),
        }
    })
    .await;
    let tokens = tokens(&server);
    let get = async || {
        let got = tokens.get(HostRole::SpotRest, PATH, LIMITS).await.unwrap();
        got.status()
    };
    assert_eq!(tokio::join!(get(), get(), get()), (200, 200, 200));
    let measured = server.lines().into_iter().filter(|line| line == TIME_CALL);
    assert_eq!(measured.count(), 1);
    assert_eq!(server.requests().len(), 7);
}

#[tokio::test]
async fn timestamp_refused_twice_is_returned() {
    let server = Server::answering(|request| match request.line.as_str() {
        TIME_CALL => json(r#"{"code":"200000","data":5000000000000}"#),
        _ => reply(400, "", r#"{"code":"400002"}"#),
    })
    .await;
    let got = tokens(&server).get(HostRole::SpotRest, PATH, LIMITS).await;
    assert_eq!(got.unwrap().body(), br#"{"code":"400002"}"#);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn reply_over_the_byte_limit_is_an_error() {
    let get = async |bytes: usize| {
        let server = Server::answering(move |_| json(" ".repeat(bytes))).await;
        tokens(&server).get(HostRole::SpotRest, PATH, LIMITS).await
    };
    assert_eq!(get(1_000).await.unwrap().body().len(), 1_000);
    let error = get(1_001).await.unwrap_err();
    assert!(matches!(
        error,
        TokenError::ReplyTooLong { limit: 1_000, .. }
    ));
}

#[tokio::test]
async fn slow_reply_ends_at_the_time_limit() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n";
    let drip = || Answer::Endless(head.to_vec(), b" ", Duration::from_millis(20));
    let server = Server::answering(move |_| drip()).await;
    let time = Duration::from_millis(300);
    let limits = RequestLimits::new(1_000, time);
    let error = tokens(&server).get(HostRole::SpotRest, PATH, limits).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, TokenError::TimedOut { limit, .. } if limit == time),
        "{error:?}"
    );
}

#[tokio::test]
async fn path_that_would_be_changed_is_not_sent() {
    let server = Server::answering(|_| json("{}")).await;
    let tokens = tokens(&server);
    for path in [
        "/api/v1/hf/orders/..?symbol=BTC-USDT",
        "/api/v1/hf/orders/%2e%2E",
        "/api/v1/./accounts",
        "/api/v1/accounts?currency=a b",
        "/api/v1/accounts#x",
        "@evil.example/api",
        "",
    ] {
        let error = tokens.get(HostRole::SpotRest, path, LIMITS).await;
        assert!(
            matches!(error, Err(TokenError::UnusablePath)),
            "{path}: {error:?}"
        );
    }
    assert!(server.requests().is_empty());
}
