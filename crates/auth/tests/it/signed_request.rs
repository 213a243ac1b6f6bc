//! The requests on the wire, and the result of a good reply.

use std::time::Duration;

use base64::Engine;
use hmac::{KeyInit, Mac};
use kucoin_streams_auth::rest::{Hosts, ProAuthentication, Region, RestTokens};
use kucoin_streams_auth::{HmacSigner, KeyVersion, Partner};
use kucoin_streams_core::{ConnectionSource, Heartbeat, WsKey};

use crate::common::*;
use kucoin_streams_testkit::http::{Request, Server, json};

/// Returns the signature, computed independently of the signer.
fn mac(secret: &str, text: &str) -> String {
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

fn assert_signed(request: &Request, path: &str) {
    assert_eq!(request.line, format!("POST {path} HTTP/1.1"));
    let timestamp = request.header("kc-api-timestamp");
    let sign = mac(SECRET, &format!("{timestamp}POST{path}"));
    assert_eq!(request.header("kc-api-key"), KEY);
    assert_eq!(request.header("kc-api-sign"), sign);
    assert_eq!(request.header("kc-api-passphrase"), mac(SECRET, PASSPHRASE));
    assert_eq!(request.header("content-length"), "0");
    assert_eq!(request.header("content-type"), "application/json");
    assert!(request.body.is_empty());
    for absent in [
        "transfer-encoding",
        "accept-encoding",
        "referer",
        "cookie",
        "authorization",
    ] {
        assert!(!request.has(absent), "{absent}");
    }
}

#[tokio::test]
async fn v1_token_request_is_a_signed_empty_post() {
    let server = Server::answering(|_| json(good_reply())).await;
    let tokens = tokens(&server);
    for ws_key in [WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1] {
        let info = tokens.connection_info(ws_key).await.unwrap();
        let url = info.url.expose();
        let prefix = format!("ws://127.0.0.1:9/endpoint?token={ENCODED_TOKEN}&connectId=");
        assert!(
            url.strip_prefix(&prefix).is_some_and(|id| id.len() >= 16),
            "{url}"
        );
        let heartbeat = Heartbeat::new(Duration::from_secs(18), Duration::from_secs(9));
        assert_eq!(info.heartbeat, Some(heartbeat));
        assert!(info.login.is_none());
    }
    for request in server.requests() {
        assert_signed(&request, "/api/v1/bullet-private");
        assert_eq!(request.header("kc-api-key-version"), "3");
        assert!(!request.has("kc-api-partner") && !request.has("x-site-type"));
    }
}

#[tokio::test]
async fn v1_connections_use_their_own_rest_host() {
    let spot = Server::answering(|_| json(v1_reply(&["ws://127.0.0.1:1/spot"]))).await;
    let futures = Server::answering(|_| json(v1_reply(&["ws://127.0.0.1:2/futures"]))).await;
    let hosts = hosts(&spot).with_futures_rest(&futures.url()).unwrap();
    let tokens = builder(&spot).hosts(hosts).build().unwrap();
    let info = tokens.fetch(WsKey::FuturesPrivateV1).await.unwrap();
    assert_eq!(info.url.without_query(), "ws://127.0.0.1:2/futures");
    assert_eq!((spot.requests().len(), futures.requests().len()), (0, 1));
}

#[tokio::test]
async fn every_dial_has_a_unique_connect_id() {
    let server = Server::answering(|_| json(good_reply())).await;
    let (one, two) = (tokens(&server), tokens(&server));
    let mut urls = Vec::new();
    for tokens in [&one, &two, &one, &two] {
        urls.push(
            tokens
                .fetch(WsKey::SpotPrivateV1)
                .await
                .unwrap()
                .url
                .expose()
                .to_owned(),
        );
    }
    urls.sort();
    urls.dedup();
    assert_eq!(urls.len(), 4);
}

#[tokio::test]
async fn pro_token_is_appended_to_the_configured_host() {
    let body = format!(r#"{{"code":"200000","data":{{"token":"{TOKEN}"}}}}"#);
    let server = Server::answering(move |_| json(&body)).await;
    let info = tokens(&server).fetch(WsKey::PrivateProV2).await.unwrap();
    let expected = format!("ws://127.0.0.1:{}/?token={ENCODED_TOKEN}", server.port);
    assert_eq!(info.url.expose(), expected);
    assert!(info.heartbeat.is_none() && info.login.is_none());
    assert_signed(&server.requests()[0], "/api/v2/bullet-private");
}

#[tokio::test]
async fn pro_login_uses_the_servers_time_and_no_token() {
    let server = Server::answering(|_| json(r#"{"code":"200000","data":5000000000000}"#)).await;
    let tokens = builder(&server)
        .pro_authentication(ProAuthentication::Login)
        .build()
        .unwrap();
    let info = tokens.fetch(WsKey::PrivateProV2).await.unwrap();
    assert_eq!(
        info.url.expose(),
        format!("ws://127.0.0.1:{}/", server.port)
    );
    assert_eq!(server.lines(), ["GET /api/v1/timestamp HTTP/1.1"]);

    let login = info.login.unwrap();
    let member = |name: &str| {
        let start = login.frame.split_once(&format!(r#""{name}":""#)).unwrap().1;
        start.split_once('"').unwrap().0.to_owned()
    };
    let timestamp = member("kc-api-timestamp");
    assert!(
        timestamp.parse::<u64>().unwrap() >= 5_000_000_000_000 - 60_000,
        "{timestamp}"
    );
    let text = format!("{timestamp}POST/api/websocket/users/verify");
    assert_eq!(member("kc-api-sign"), mac(SECRET, &text));
    assert_eq!(member("kc-api-passphrase"), mac(SECRET, PASSPHRASE));
    assert_eq!(member("id"), login.id);
}

#[tokio::test]
async fn pro_login_works_without_the_rest_host() {
    let server = Server::answering(|_| kucoin_streams_testkit::http::reply(503, "", "")).await;
    let tokens = builder(&server)
        .pro_authentication(ProAuthentication::Login)
        .build()
        .unwrap();
    assert!(
        tokens
            .fetch(WsKey::PrivateProV2)
            .await
            .unwrap()
            .login
            .is_some()
    );
}

#[tokio::test]
async fn version_partner_and_site_have_their_headers() {
    let server = Server::answering(|_| json(good_reply())).await;
    let partner = Partner::new("acme", "partner-key").unwrap();
    let partner = partner.with_broker_name("AcmeBroker").unwrap();
    let credentials = credentials()
        .with_key_version(KeyVersion::V2)
        .with_partner(partner);
    let hosts = Hosts::of(Region::Australia)
        .with_spot_rest(&server.url())
        .unwrap();
    let tokens = RestTokens::builder(HmacSigner::new(&credentials)).hosts(hosts);
    tokens
        .build()
        .unwrap()
        .fetch(WsKey::SpotPrivateV1)
        .await
        .unwrap();

    let request = &server.requests()[0];
    assert_signed(request, "/api/v1/bullet-private");
    let timestamp = request.header("kc-api-timestamp");
    let partner_sign = mac("partner-key", &format!("{timestamp}acme{KEY}"));
    assert_eq!(request.header("kc-api-key-version"), "2");
    assert_eq!(request.header("kc-api-partner"), "acme");
    assert_eq!(request.header("kc-api-partner-sign"), partner_sign);
    assert_eq!(request.header("kc-api-partner-verify"), "true");
    assert_eq!(request.header("kc-broker-name"), "AcmeBroker");
    assert_eq!(request.header("x-site-type"), "australia");
}
