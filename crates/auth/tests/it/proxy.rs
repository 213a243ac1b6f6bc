//! A proxy is used where it is set, and sees where a call goes but nothing of it.

use kucoin_streams_auth::rest::{Hosts, TokenError};
use kucoin_streams_wire::WsKey;

use crate::answers::*;
use crate::server::{Server, json, reply};

#[tokio::test]
async fn a_proxy_sees_the_host_and_nothing_signed() {
    let proxy = Server::answering(|_| reply(502, "", "")).await;
    let builder = builder(&proxy)
        .with_hosts(Hosts::default())
        .with_proxy(proxy.url());
    let error = builder
        .build()
        .unwrap()
        .fetch(WsKey::SpotPrivateV1)
        .await
        .unwrap_err();
    assert!(matches!(error, TokenError::Unreachable { .. }), "{error:?}");
    assert_eq!(proxy.lines(), ["CONNECT api.kucoin.com:443 HTTP/1.1"]);
    for request in proxy.requests() {
        assert!(
            !request
                .headers
                .iter()
                .any(|(name, _)| name.starts_with("kc-"))
        );
    }
}

#[tokio::test]
async fn plaintext_to_this_machine_passes_no_proxy() {
    let proxy = Server::answering(|_| reply(502, "", "")).await;
    let server = Server::answering(|_| json(good_reply())).await;
    let tokens = builder(&server).with_proxy(proxy.url()).build().unwrap();
    assert!(tokens.fetch(WsKey::SpotPrivateV1).await.is_ok());
    assert!(proxy.requests().is_empty());
}
