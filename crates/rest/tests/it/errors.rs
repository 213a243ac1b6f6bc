//! Failed queries: what is sent again, and what the error says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kucoin_streams_core::RetryPolicy;
use kucoin_streams_rest::{QueryError, Rest, SpotFills, SpotLedger, SpotOpenOrders, SpotOrderRow};
use kucoin_streams_testkit::http::{Answer, Server, json, reply};

use crate::common::*;

const OVERLOADED: &str = r#"{"code":"429000","msg":"Too many requests."}"#;
const EMPTY: &str = r#"{"code":"200000","data":[]}"#;

/// Answers the first requests with `failure`, and then with an empty list.
async fn failing(times: usize, failure: impl Fn() -> Answer + Send + Sync + 'static) -> Server {
    let seen = AtomicUsize::new(0);
    let answer = move || match seen.fetch_add(1, Ordering::Relaxed) < times {
        true => failure(),
        false => json(EMPTY),
    };
    Server::answering(move |_| answer()).await
}

/// Returns the error of a query that is sent once.
async fn error(answer: impl Fn() -> Answer + Send + Sync + 'static) -> QueryError {
    let server = Server::answering(move |_| answer()).await;
    let query = SpotFills::new("BTC-USDT").order_id("670fd33bf9406e0007ab3945");
    let error = rest(&server).fetch(query).await.unwrap_err();
    assert_eq!(server.requests().len(), 1, "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(!text.contains("670fd33b") && !text.contains("BTC-USDT"));
    error
}

async fn open_orders(rest: &Rest) -> Result<Vec<SpotOrderRow>, QueryError> {
    rest.fetch(SpotOpenOrders::new()).await
}

#[tokio::test]
async fn overloaded_and_broken_replies_are_sent_again() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"code\":\"200000\",\"da";
    let failures: [(usize, fn() -> Answer); 3] = [
        (2, || reply(429, "", OVERLOADED)),
        (1, || reply(500, "", "<html>")),
        (1, || Answer::Bytes(Vec::new())),
    ];
    for (times, failure) in failures {
        let server = failing(times, failure).await;
        assert_eq!(open_orders(&rest(&server)).await.unwrap(), []);
        assert_eq!(server.requests().len(), times + 1);
    }
    let server = failing(1, || Answer::Bytes(cut.to_vec())).await;
    assert_eq!(open_orders(&rest(&server)).await.unwrap(), []);
}

#[tokio::test]
async fn rate_limit_is_reported_and_stops_its_pool_only() {
    let headers =
        "gw-ratelimit-limit: 4000\r\ngw-ratelimit-remaining: 0\r\ngw-ratelimit-reset: 700\r\n";
    let server = failing(1, move || reply(429, headers, OVERLOADED)).await;
    let rest = rest(&server);
    let begun = Instant::now();
    let error = open_orders(&rest).await.unwrap_err();
    let reset = Duration::from_millis(700);
    assert!(matches!(error, QueryError::RateLimited { reset: it, .. } if it == reset));
    assert_eq!(error.retry_policy(), RetryPolicy::Throttled(Some(reset)));
    // Another pool goes on.
    rest.account().balances().await.unwrap();
    assert!(begun.elapsed() < reset, "{:?}", begun.elapsed());
    open_orders(&rest).await.unwrap();
    assert!(begun.elapsed() >= reset);
}

#[tokio::test]
async fn unreadable_reply_is_never_an_empty_list() {
    for body in [
        "<html>login</html>",
        r#"{"code":"200000","data":{"items":[{"#,
        "",
        EMPTY_OBJECT,
    ] {
        let error = error(move || reply(200, "", body)).await;
        assert!(matches!(error, QueryError::Unreadable { .. }), "{error:?}");
        assert_eq!(error.retry_policy(), RetryPolicy::Blocked);
    }
}

const EMPTY_OBJECT: &str = r#"{"code":"200000","data":{}}"#;

#[tokio::test]
async fn row_without_its_id_is_an_error() {
    let body =
        r#"{"code":"200000","data":{"items":[{"symbol":"BTC-USDT","price":"1"}],"lastId":1}}"#;
    let text = error(move || json(body)).await.to_string();
    assert!(text.contains("`tradeId`"), "{text}");
}

#[tokio::test]
async fn firewall_and_redirect_are_unreachable() {
    let blocked = error(|| reply(403, "", "<html>Attention Required!</html>")).await;
    assert!(matches!(blocked, QueryError::Unreachable { .. }));
    assert_eq!(blocked.retry_policy(), RetryPolicy::Blocked);
    let moved = error(|| reply(302, "location: https://evil.example/\r\n", EMPTY)).await;
    assert!(matches!(moved, QueryError::Unreachable { .. }));
    assert_eq!(moved.retry_policy(), RetryPolicy::Fatal);
}

#[tokio::test]
async fn reply_over_the_byte_limit_is_an_error() {
    let server = Server::answering(|_| json(format!("{EMPTY}{}", " ".repeat(2_000)))).await;
    let rest = Rest::builder(tokens(&server.url(), &Default::default()));
    let error = open_orders(&rest.max_reply_bytes(1_000).build())
        .await
        .unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("limit of 1000 bytes"), "{source}");
}

#[tokio::test]
async fn unreachable_host_is_named() {
    let url = format!(
        "http://127.0.0.1:{}",
        kucoin_streams_testkit::http::free_port()
    );
    let rest = Rest::new(tokens(&url, &Default::default()));
    let begun = Instant::now();
    let error = rest.all(SpotLedger::new()).await.unwrap_err();
    // Three attempts, after 0.5 s and 1 s.
    assert!(begun.elapsed() >= Duration::from_millis(1_500));
    let host = url.strip_prefix("http://").unwrap();
    let text = format!("GET /api/v1/hf/accounts/ledgers of {host} got no usable reply");
    assert_eq!(error.to_string(), text);
    assert_eq!(error.retry_policy(), RetryPolicy::Transient);
    assert!(error.remedy().is_some());
}
