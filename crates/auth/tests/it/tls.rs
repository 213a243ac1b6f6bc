//! TLS to the REST host: which certificates are trusted, and the errors.

use std::sync::Arc;

use kucoin_streams_auth::rest::TokenError;
use kucoin_streams_core::{RetryPolicy, WsKey};
use kucoin_streams_testkit::tls::Authority;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::common::*;
use kucoin_streams_testkit::http::{Server, json, raw_server, read_request, write_answer};

/// Serves good replies over TLS as long as the runtime runs; returns the port.
async fn tls_server(config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(config);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                if read_request(&mut stream).await.is_some() {
                    write_answer(&mut stream, json(good_reply())).await;
                }
            });
        }
    });
    port
}

async fn fetch(name: &str, url_host: &str, trusting: bool) -> Result<(), TokenError> {
    let authority = Authority::new();
    let port = tls_server(authority.server(&[name], |_| {})).await;
    let plain = Server::answering(|_| json("")).await;
    let hosts = hosts(&plain)
        .with_spot_rest(&format!("https://{url_host}:{port}"))
        .unwrap();
    let mut builder = builder(&plain).hosts(hosts);
    if trusting {
        builder = builder.tls_config(authority.trust());
    }
    let fetched = builder.build().unwrap().fetch(WsKey::SpotPrivateV1).await;
    fetched.map(|_| ())
}

#[tokio::test]
async fn custom_tls_configuration_is_used() {
    fetch("localhost", "localhost", true).await.unwrap();
}

#[tokio::test]
async fn self_signed_certificate_is_refused_by_default() {
    let error = fetch("localhost", "localhost", false).await.unwrap_err();
    assert!(matches!(error, TokenError::Certificate { .. }), "{error:?}");
    assert_eq!(error.retry_policy(), RetryPolicy::Certificate);
}

#[tokio::test]
async fn certificate_for_another_name_is_refused() {
    let error = fetch("api.kucoin.com", "localhost", true)
        .await
        .unwrap_err();
    assert!(matches!(error, TokenError::Certificate { .. }), "{error:?}");
}

#[tokio::test]
async fn server_without_tls_is_named_with_its_port() {
    let plain = Server::answering(|_| json("")).await;
    let port = raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let hosts = hosts(&plain)
        .with_spot_rest(&format!("https://localhost:{port}"))
        .unwrap();
    let tokens = builder(&plain).hosts(hosts).build().unwrap();
    let error = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    assert!(matches!(error, TokenError::NotTls { .. }), "{error:?}");
    assert_eq!(error.retry_policy(), RetryPolicy::Transient);
    let text = error.to_string();
    let expected = format!("localhost:{port} does not speak TLS");
    assert_eq!(text, expected);
}
