//! Failures of token requests: temporary failures are retried, others end the client at the first response.

use std::time::Duration;

use kucoin_streams::v1::{Balances, FuturesWallet};
use kucoin_streams::{
    CloseReason, Config, ConnectionState, Credentials, Hosts, Kucoin, LifecycleEvent,
    SubscribeError, WsKey,
};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Faults};

use crate::setup::*;

/// Subscribes after one failed token request; returns the response codes and the reconnect events.
async fn recovers(effect: Effect, config: Config) -> (Vec<String>, Vec<LifecycleEvent>) {
    let exchange = exchange(Faults::new().on_token_request(1, effect)).await;
    let kucoin = client_with(&exchange, config);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let live = format!("live {BALANCE}");
    assert_eq!(lifecycle.summaries(), ["reconnect 1 token", "open", &live]);
    exchange.account().deposit("USDT", 1.into()).unwrap();
    event(&mut balances).await;
    (token_codes(&exchange), lifecycle.events)
}

/// Checks that these credentials are refused; returns code and text.
async fn check_refused(exchange: &Exchange, credentials: Credentials) -> (String, String) {
    let kucoin = client_of(exchange, credentials, fast_retries());
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
    let SubscribeError::Closed(closed) = &error else {
        panic!("another error: {error:?}");
    };
    assert!(closed.is_refusal());
    let CloseReason::Failed(failure) = &closed.reason else {
        panic!("another reason: {closed:?}");
    };
    assert_eq!(lifecycle.summaries(), ["exception, fatal", "close"]);
    let state = kucoin.state(WsKey::SpotPrivateV1).unwrap();
    assert!(matches!(state, ConnectionState::Closed(_)), "{state:?}");
    let stats = exchange.stats();
    assert_eq!(stats.token_requests.len(), 1, "a refusal is not retried");
    assert!(stats.connections.is_empty());
    (failure.code.clone().unwrap().into(), error.to_string())
}

#[tokio::test]
async fn wrong_secret_costs_one_request() {
    let exchange = exchange(Faults::new()).await;
    let demo = exchange.credentials();
    let wrong = Credentials::new(&demo.key, "not-the-secret", &demo.passphrase).unwrap();
    let (code, text) = check_refused(&exchange, wrong).await;
    // The passphrase is signed with the secret and checked first.
    assert_eq!(code, "400004", "{text}");
}

#[tokio::test]
async fn wrong_passphrase_costs_one_request() {
    let exchange = exchange(Faults::new()).await;
    let demo = exchange.credentials();
    let wrong = Credentials::new(&demo.key, &demo.secret, "not-the-passphrase").unwrap();
    assert_eq!(check_refused(&exchange, wrong).await.0, "400004");
}

#[tokio::test]
async fn unknown_key_costs_one_request() {
    let exchange = exchange(Faults::new()).await;
    let demo = exchange.credentials();
    let wrong =
        Credentials::new("5f0000000000000000000000", &demo.secret, &demo.passphrase).unwrap();
    assert_eq!(check_refused(&exchange, wrong).await.0, "400003");
}

#[tokio::test]
async fn each_gateway_refusal_costs_one_request() {
    for (status, code) in [
        (401, "400005"),
        (403, "400006"),
        (403, "400007"),
        (400, "400001"),
    ] {
        let effect = Effect::TokenRefuse {
            status,
            code: code.to_owned(),
            message: "not you".to_owned(),
        };
        let exchange = exchange(Faults::new().on_token_request(1, effect).always()).await;
        let kucoin = client(&exchange);
        let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
        assert!(error.to_string().contains(code), "{error}");
        assert_eq!(exchange.stats().token_requests.len(), 1, "{code}");
    }
}

#[tokio::test]
async fn corrected_credentials_open_a_new_connection() {
    let exchange = exchange(Faults::new()).await;
    let demo = exchange.credentials();
    let wrong = Credentials::new(&demo.key, "not-the-secret", &demo.passphrase).unwrap();
    let kucoin = client_of(&exchange, wrong, fast_retries());
    soon(kucoin.subscribe(Balances)).await.unwrap_err();
    kucoin
        .rest_tokens()
        .unwrap()
        .set_credentials(&credentials(&exchange));
    soon(kucoin.subscribe(Balances)).await.unwrap();
    assert_eq!(token_codes(&exchange), ["400004", "200000"]);
}

#[tokio::test]
async fn rate_limit_wait_is_respected() {
    let reset = Duration::from_millis(1_200);
    let (codes, events) = recovers(Effect::TokenRateLimit { reset }, fast_retries()).await;
    assert_eq!(codes, ["429000", "200000"]);
    let LifecycleEvent::Reconnect { delay, .. } = &events[0] else {
        panic!("{events:?}");
    };
    assert!(*delay >= reset, "asked to wait {reset:?}, waits {delay:?}");
}

#[tokio::test]
async fn server_error_is_retried() {
    let effect = Effect::TokenServerError { status: 503 };
    let (codes, _) = recovers(effect, fast_retries()).await;
    assert_eq!(codes, ["", "200000"]);
}

#[tokio::test]
async fn html_token_response_is_retried() {
    let (codes, _) = recovers(Effect::TokenHtml, fast_retries()).await;
    assert_eq!(codes, ["", "200000"]);
}

#[tokio::test]
async fn truncated_token_response_is_retried() {
    recovers(Effect::TokenTruncated, fast_retries()).await;
    recovers(Effect::TokenCutBody, fast_retries()).await;
}

#[tokio::test]
async fn missing_token_response_times_out() {
    let mut config = fast_retries();
    config.session.token_timeout = Duration::from_secs(2);
    let by = Duration::from_secs(600);
    let (codes, events) = recovers(Effect::TokenSlow { by }, config).await;
    assert_eq!(codes, ["200000"], "the first request was never answered");
    let LifecycleEvent::Reconnect { cause, .. } = &events[0] else {
        panic!("{events:?}");
    };
    assert_eq!(cause.message, "no connection token within 2s");
}

#[tokio::test]
async fn expired_token_is_replaced_at_once() {
    let exchange = exchange(Faults::new().on_connection(1, Effect::ExpireTokens)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    soon(kucoin.subscribe(Balances)).await.unwrap();
    lifecycle.summaries();
    let LifecycleEvent::Reconnect { cause, delay, .. } = &lifecycle.events[0] else {
        panic!("{:?}", lifecycle.events);
    };
    assert_eq!(
        (cause.code.as_deref(), *delay),
        (Some("401"), Duration::ZERO)
    );
    let stats = exchange.stats();
    assert_eq!(stats.tokens_issued, 2);
    assert_eq!(
        (stats.connections[0].token, stats.connections[1].token),
        (None, Some(2))
    );
}

#[tokio::test]
async fn clock_skew_is_corrected_at_once_and_remembered() {
    for by_ms in [-40_000, 40_000] {
        let exchange = exchange(Faults::new()).await;
        exchange.inject(Effect::ClockSkew { by_ms });
        let kucoin = client(&exchange);
        let mut lifecycle = LifecycleLog::of(&kucoin);
        let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
        assert_eq!(
            lifecycle.summaries(),
            ["open".to_owned(), format!("live {BALANCE}")],
            "no attempt failed"
        );
        assert_eq!(token_codes(&exchange), ["400002", "200000"]);
        assert_eq!(exchange.stats().time_requests, 1);
        let offset = kucoin.rest_tokens().unwrap().clock_offset_ms();
        assert!((offset - by_ms).abs() < 5_000, "{offset} for {by_ms}");

        exchange.inject(Effect::Cut(Cut::Reset));
        lifecycle.reconnected().await;
        assert!(next(&mut balances).await.is_err());
        assert_eq!(token_codes(&exchange), ["400002", "200000", "200000"]);
        assert_eq!(exchange.stats().time_requests, 1);
    }
}

#[tokio::test]
async fn unreachable_rest_host_is_retried() {
    let port = {
        let stopped = exchange(Faults::new()).await;
        let port = stopped.port();
        stopped.shutdown().await;
        port
    };
    let kucoin = kucoin_streams::Kucoin::builder()
        .credentials(Credentials::new("key", "secret", "passphrase").unwrap())
        .hosts(hosts(&format!("http://127.0.0.1:{port}")))
        .config(fast_retries())
        .build()
        .unwrap();
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let subscribing = tokio::spawn(async move {
        let outcome = kucoin.subscribe(Balances).await;
        (kucoin, outcome)
    });
    for attempt in 1..=2 {
        let event = lifecycle
            .until(|event| matches!(event, LifecycleEvent::Reconnect { .. }))
            .await;
        let LifecycleEvent::Reconnect {
            cause,
            attempt: number,
            ..
        } = event
        else {
            panic!("{event:?}");
        };
        assert_eq!((number, cause.stage.as_str()), (attempt, "token"));
    }
    subscribing.abort();
    assert!(
        subscribing.await.is_err(),
        "the subscription is still pending"
    );
}

#[tokio::test]
async fn token_is_requested_from_the_host_of_its_topics() {
    let exchange = exchange(Faults::new()).await;
    let of = |spot: &str, futures: &str| {
        let hosts = Hosts::default().with_spot_rest(spot).unwrap();
        Kucoin::builder()
            .credentials(credentials(&exchange))
            .hosts(hosts.with_futures_rest(futures).unwrap())
            .config(fast_retries())
            .build()
            .unwrap()
    };
    let (spot, futures) = (exchange.spot_rest_url(), exchange.futures_rest_url());
    let kucoin = of(&spot, &futures);
    let _balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let _wallet = soon(kucoin.subscribe(FuturesWallet)).await.unwrap();
    let swapped = of(&futures, &spot);
    let refused = soon(swapped.subscribe(Balances)).await.unwrap_err();
    assert!(refused.to_string().contains("404"), "{refused}");
    let refused = soon(swapped.subscribe(FuturesWallet)).await.unwrap_err();
    assert!(refused.to_string().contains("404"), "{refused}");
}
