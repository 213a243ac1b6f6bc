//! TLS to the REST host: whom it trusts, and how a certificate that is refused is told from other failures.

use std::sync::Arc;

use kucoin_streams_auth::rest::TokenError;
use kucoin_streams_core::{RetryPolicy, WsKey};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::answers::*;
use crate::server::{Server, json, raw_server, read_request, write_answer};

/// Serves good replies over TLS for as long as the runtime lives; returns the port and a client that trusts it.
async fn tls_server(name: &str) -> (u16, Arc<ClientConfig>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(server));
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
    (port, Arc::new(client))
}

async fn fetch(name: &str, url_host: &str, trusting: bool) -> Result<(), TokenError> {
    let (port, client) = tls_server(name).await;
    let plain = Server::answering(|_| json("")).await;
    let hosts = hosts(&plain)
        .with_spot_rest(&format!("https://{url_host}:{port}"))
        .unwrap();
    let mut builder = builder(&plain).hosts(hosts);
    if trusting {
        builder = builder.tls_config(client);
    }
    let fetched = builder.build().unwrap().fetch(WsKey::SpotPrivateV1).await;
    fetched.map(|_| ())
}

#[tokio::test]
async fn a_configuration_of_ones_own_is_used() {
    fetch("localhost", "localhost", true).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_refused_with_the_platforms_roots() {
    let error = fetch("localhost", "localhost", false).await.unwrap_err();
    assert!(matches!(error, TokenError::Certificate { .. }), "{error:?}");
    assert_eq!(error.class(), RetryPolicy::Certificate);
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
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
    assert_eq!(error.class(), RetryPolicy::Transient);
    let text = error.to_string();
    let expected = format!("localhost:{port} does not speak TLS");
    assert_eq!(text, expected);
}
