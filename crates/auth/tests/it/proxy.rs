//! A proxy carries every call, sees nothing that is signed of a call over TLS, and is never gone around.

use kucoin_streams_auth::rest::{ConfigError, Hosts, TokenError};
use kucoin_streams_wire::{SourceErrorClass, WsKey};

use crate::answers::*;
use crate::server::{Server, json, reply};

/// The error of a token call to kucoin.com through a proxy that answers so.
async fn refused(status: u16) -> (TokenError, Server) {
    let proxy = Server::answering(move |_| reply(status, "", "")).await;
    let builder = builder(&proxy).with_hosts(Hosts::default());
    let tokens = builder.with_proxy(proxy.url()).build().unwrap();
    let error = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    (error, proxy)
}

#[tokio::test]
async fn a_proxy_sees_the_host_and_nothing_signed() {
    let (_, proxy) = refused(502).await;
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
async fn refusal_of_a_proxy_names_it_and_has_its_class() {
    for (status, class) in [
        (407, SourceErrorClass::Fatal),
        (403, SourceErrorClass::Transient),
        (502, SourceErrorClass::Transient),
        (302, SourceErrorClass::Transient),
    ] {
        let (error, proxy) = refused(status).await;
        assert_eq!(error.class(), class, "{status}: {error:?}");
        let is_authentication = matches!(error, TokenError::ProxyAuthentication { .. });
        assert_eq!(is_authentication, status == 407, "{error:?}");
        let place = format!("proxy 127.0.0.1:{}", proxy.port);
        let text = error.to_string();
        assert!(
            text.contains(&place) && text.contains("api.kucoin.com"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn plaintext_to_this_machine_passes_a_proxy_on_this_machine() {
    let proxy = Server::answering(|_| json(good_reply())).await;
    let server = Server::answering(|_| json(good_reply())).await;
    let builder = || builder(&server).with_proxy(proxy.url());
    let tokens = builder().build().unwrap();
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    assert!(server.requests().is_empty(), "it was called directly");
    let line = format!("POST {}/api/v1/bullet-private HTTP/1.1", server.url());
    assert_eq!(proxy.lines(), [line]);

    let tokens = builder().with_no_proxy("127.0.0.1").build().unwrap();
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    assert_eq!((server.lines().len(), proxy.lines().len()), (1, 1));
}

#[tokio::test]
async fn plaintext_passes_no_proxy_on_another_machine() {
    let server = Server::answering(|_| json(good_reply())).await;
    for proxy in [
        "http://proxy.test:1",
        "https://10.0.0.1",
        "socks5h://proxy.test",
    ] {
        let builder = || builder(&server).with_proxy(proxy);
        let error = builder().build().unwrap_err();
        assert!(
            matches!(error, ConfigError::PlaintextThroughProxy { .. }),
            "{error:?}"
        );
        let tokens = builder().with_no_proxy("127.0.0.1").build().unwrap();
        tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    }
}
