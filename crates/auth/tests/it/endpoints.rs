//! Which server of a token reply is dialled, and which never receives the token.

use kucoin_streams_auth::rest::TokenError;
use kucoin_streams_core::{RetryPolicy, WsKey};

use crate::common::*;
use kucoin_streams_testkit::http::{Server, json};

async fn fetch(endpoints: &'static [&'static str]) -> Result<String, TokenError> {
    let server = Server::answering(move |_| json(v1_reply(endpoints))).await;
    let info = tokens(&server).fetch(WsKey::SpotPrivateV1).await?;
    Ok(info.url.without_query().to_owned())
}

#[tokio::test]
async fn servers_are_used_in_turn() {
    let endpoints = [
        "ws://127.0.0.1:1/",
        "ws://127.0.0.1:2/",
        "ws://127.0.0.1:3/",
    ];
    let server = Server::answering(move |_| json(v1_reply(&endpoints))).await;
    let tokens = tokens(&server);
    let mut dialled = Vec::new();
    for _ in 0..4 {
        let info = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
        dialled.push(info.url.without_query().to_owned());
    }
    assert_eq!(
        dialled,
        [endpoints[0], endpoints[1], endpoints[2], endpoints[0]]
    );
}

#[tokio::test]
async fn untrusted_server_is_fatal_and_named_by_host() {
    for (endpoint, host) in [
        ("wss://evil.example/steal?token=canary", None),
        ("wss://evil.example/canary", Some("evil.example")),
        (
            "wss://ws-api-spot.kucoin.com/canary",
            Some("ws-api-spot.kucoin.com"),
        ),
        (
            "ws://ws-api-spot.kucoin.com/canary",
            Some("ws-api-spot.kucoin.com"),
        ),
        (
            "https://ws-api-spot.kucoin.com/canary",
            Some("ws-api-spot.kucoin.com"),
        ),
        (
            "wss://ws.kucoin.com.evil.example/canary",
            Some("ws.kucoin.com.evil.example"),
        ),
    ] {
        let body = v1_reply(&[endpoint]);
        let server = Server::answering(move |_| json(&body)).await;
        let error = tokens(&server)
            .fetch(WsKey::SpotPrivateV1)
            .await
            .unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
        match (error, host) {
            (error @ TokenError::NoServers { .. }, None) => {
                assert_eq!(error.retry_policy(), RetryPolicy::Blocked);
            }
            (error @ TokenError::UntrustedEndpoint { .. }, Some(host)) => {
                assert_eq!(error.retry_policy(), RetryPolicy::Fatal);
                assert!(error.to_string().contains(host), "{error}");
            }
            (error, _) => panic!("{endpoint}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn trusted_server_among_others_is_used() {
    let endpoints = &[
        "wss://evil.example/",
        "not a url",
        "ws://127.0.0.1:1/endpoint",
    ];
    assert_eq!(fetch(endpoints).await.unwrap(), "ws://127.0.0.1:1/endpoint");
}

#[tokio::test]
async fn reply_without_servers_is_retried_without_a_limit() {
    for endpoints in [&[][..], &["not a url"], &["wss://user@ws.kucoin.com/"]] {
        let error = fetch(endpoints).await.unwrap_err();
        assert!(matches!(error, TokenError::NoServers { .. }), "{error:?}");
        assert_eq!(error.retry_policy(), RetryPolicy::Blocked);
    }
}
