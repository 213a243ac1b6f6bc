//! Token requests over REST: signature errors, valid requests, and faults.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use kucoin_streams_exchange::{Effect, Exchange, Faults};
use std::time::Duration;
use support::*;

const PATH: &str = "/api/v1/bullet-private";

async fn quiet() -> Exchange {
    Exchange::builder().start().await.unwrap()
}

async fn with(faults: Faults) -> Exchange {
    Exchange::builder().faults(faults).start().await.unwrap()
}

#[tokio::test]
async fn signed_request_gets_token_and_server() {
    let exchange = quiet().await;
    let response = request_token(&exchange).await;
    assert_eq!((response.status, response.code().as_str()), (200, "200000"));
    let server = &response.json()["data"]["instanceServers"][0];
    assert_eq!(
        server["endpoint"],
        format!("ws://127.0.0.1:{}/", exchange.port())
    );
    assert_eq!(
        (
            server["pingInterval"].as_u64(),
            server["pingTimeout"].as_u64()
        ),
        (Some(18_000), Some(10_000))
    );
    assert_eq!(
        (server["encrypt"].as_bool(), server["protocol"].as_str()),
        (Some(false), Some("websocket"))
    );
    assert_eq!(exchange.stats().tokens_issued, 1);
}

#[tokio::test]
async fn each_signature_error_has_its_status_and_code() {
    let exchange = quiet().await;
    let good = signed_headers(exchange.credentials(), PATH, now_ms());
    let with = |name: &str, value: &str| {
        let mut headers = good.clone();
        headers
            .iter_mut()
            .filter(|header| header.0 == name)
            .for_each(|header| header.1 = value.to_owned());
        headers
    };
    let signed_at = |time| signed_headers(exchange.credentials(), PATH, time);
    let cases = [
        (with("KC-API-KEY", ""), 400, "400001"),
        (with("KC-API-SIGN", ""), 400, "400001"),
        (with("KC-API-TIMESTAMP", ""), 400, "400001"),
        (with("KC-API-PASSPHRASE", ""), 400, "400001"),
        (signed_at(now_ms() - 5_100), 400, "400002"),
        (signed_at(now_ms() + 7_000), 400, "400002"),
        (with("KC-API-TIMESTAMP", "soon"), 400, "400002"),
        (with("KC-API-KEY", "stranger"), 401, "400003"),
        (with("KC-API-PASSPHRASE", "plain"), 401, "400004"),
        (with("KC-API-SIGN", "bm9wZQ=="), 401, "400005"),
        (with("KC-API-KEY-VERSION", "1"), 401, "400008"),
        (with("KC-API-KEY-VERSION", "9"), 401, "400009"),
    ];
    for (headers, status, code) in cases {
        let response = http(&exchange, "POST", PATH, &headers).await;
        assert_eq!((response.status, response.code().as_str()), (status, code));
        assert!(response.json()["msg"].is_string());
    }
    let stats = exchange.stats();
    assert_eq!((stats.tokens_issued, stats.token_requests.len()), (0, 12));
    assert_eq!(stats.token_requests[7].code, "400003");
    for (name, value) in [("KC-API-KEY-VERSION", "2"), ("KC-API-KEY-VERSION", "3")] {
        let response = http(&exchange, "POST", PATH, &with(name, value)).await;
        assert_eq!(response.status, 200, "version {value}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let exchange = quiet().await;
    assert_eq!(http(&exchange, "GET", PATH, &[]).await.status, 405);
    assert_eq!(http(&exchange, "GET", "/api/v1", &[]).await.status, 404);
    assert_eq!(
        http(&exchange, "POST", "/api/v1/bullet-public", &[])
            .await
            .code(),
        "200000"
    );
}

#[tokio::test]
async fn server_time_is_in_milliseconds() {
    let exchange = quiet().await;
    let before = now_ms();
    let time = http(&exchange, "GET", "/api/v1/timestamp", &[])
        .await
        .json()["data"]
        .as_u64()
        .unwrap();
    assert!((before..=now_ms()).contains(&time));
}

#[tokio::test]
async fn skewed_clock_refuses_uncorrected_timestamps() {
    let exchange =
        with(Faults::new().on_token_request(1, Effect::ClockSkew { by_ms: -30_000 })).await;
    assert_eq!(request_token(&exchange).await.code(), "400002");
    let time = http(&exchange, "GET", "/api/v1/timestamp", &[])
        .await
        .json()["data"]
        .as_u64()
        .unwrap();
    assert!(time.abs_diff(now_ms() - 30_000) < 5_000, "{time}");
    let corrected = signed_headers(exchange.credentials(), PATH, time);
    assert_eq!(
        http(&exchange, "POST", PATH, &corrected).await.code(),
        "200000"
    );
}

#[tokio::test]
async fn each_token_fault_breaks_one_response() {
    let script = "token 1: token-refuse status=403 code=400007 message=\"no permission\"\n\
                  token 2: token-rate-limit reset=2500ms\n\
                  token 3: token-server-error status=502\n\
                  token 4: token-html\n\
                  token 5: token-truncated\n\
                  token 6: token-cut-body\n\
                  token 7: token-slow by=30ms";
    let exchange = with(script.parse().unwrap()).await;
    let refused = request_token(&exchange).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "400007"));
    let limited = request_token(&exchange).await;
    assert_eq!((limited.status, limited.code().as_str()), (429, "429000"));
    assert_eq!(limited.header("gw-ratelimit-reset"), Some("2500"));
    assert_eq!(limited.header("retry-after"), Some("3"));
    let broken = request_token(&exchange).await;
    assert_eq!((broken.status, broken.body.contains("<html>")), (502, true));
    let page = request_token(&exchange).await;
    assert_eq!(
        (page.status, page.body.starts_with("<!DOCTYPE")),
        (200, true)
    );
    let truncated = request_token(&exchange).await;
    assert!(truncated.whole && serde_json::from_str::<serde_json::Value>(&truncated.body).is_err());
    assert!(!request_token(&exchange).await.whole);
    let started = std::time::Instant::now();
    assert_eq!(request_token(&exchange).await.code(), "200000");
    assert!(
        started.elapsed() >= Duration::from_millis(30),
        "the response is delayed"
    );
    assert_eq!(request_token(&exchange).await.code(), "200000");
}

#[tokio::test]
async fn injected_fault_acts_on_the_next_token_request() {
    let exchange = quiet().await;
    exchange.inject(Effect::TokenHtml);
    assert!(request_token(&exchange).await.body.starts_with("<!DOCTYPE"));
    assert_eq!(request_token(&exchange).await.code(), "200000");
}
