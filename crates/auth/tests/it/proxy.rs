//! The proxy is used for every request, never bypassed, and sees nothing signed of a request over TLS.

use kucoin_streams_auth::rest::{ConfigError, Hosts, TokenError};
use kucoin_streams_core::{WsKey, explain};
use tokio::net::TcpListener;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::common::*;
use kucoin_streams_testkit::http::{Server, free_port, json, raw_server, reply};

/// Returns the error of a token request to kucoin.com through a proxy that answers with this status.
async fn refused(status: u16) -> (TokenError, Server) {
    let proxy = Server::answering(move |_| reply(status, "", "")).await;
    let builder = builder(&proxy).hosts(Hosts::default());
    let tokens = builder.proxy(proxy.url()).build().unwrap();
    let error = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    (error, proxy)
}

#[tokio::test]
async fn proxy_sees_the_host_but_nothing_signed() {
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

/// Returns the complete error text of a token request through this proxy, as users see it.
async fn shown(proxy: &str) -> String {
    let server = Server::answering(|_| json("")).await;
    let builder = builder(&server).hosts(Hosts::default());
    let tokens = builder.proxy(proxy).build().unwrap();
    let error = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    let remedy = error.remedy();
    let text = explain(&error, remedy);
    let words = ["tunnel error", "SOCKS error", "underlying", "corrupt"];
    assert!(!words.iter().any(|it| text.contains(it)), "{text}");
    assert!(text.contains("; check"), "{text}");
    text
}

#[tokio::test]
async fn unreachable_proxy_is_reported_for_every_scheme() {
    let place = format!("127.0.0.1:{}", free_port());
    for scheme in ["http", "https", "socks5h"] {
        let text = shown(&format!("{scheme}://{place}")).await;
        let words = [&*place, "api.kucoin.com", "refused"];
        assert!(words.iter().all(|it| text.contains(it)), "{text}");
    }
    for (scheme, port) in [("http", 80), ("https", 443), ("socks5h", 1080)] {
        let text = shown(&format!("{scheme}://proxy.invalid")).await;
        let named = format!(
            "no connection to api.kucoin.com through the proxy proxy.invalid:{port}: \
             proxy.invalid cannot be resolved: "
        );
        assert!(text.starts_with(&named), "{text}");
        assert!(
            text.contains("; check the spelling of the proxy's host"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn proxy_failure_says_what_happened() {
    let check = async |scheme: &str, answer: &'static [u8], expected: &str| {
        let port = raw_server(answer).await;
        let text = shown(&format!("{scheme}://127.0.0.1:{port}")).await;
        assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
        assert!(text.contains(expected), "{text}");
    };
    let refusal = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
    check("http", refusal, "refused the connection to this host").await;
    check("http", b"\x05\xff", "or is not an HTTP proxy").await;
    check("http", b"", "without an answer").await;
    check("https", refusal, "does not speak TLS; check the scheme").await;
    check("socks5h", refusal, "not a proxy of this kind").await;
    let not_allowed = b"\x05\x00\x05\x02\x00\x01\0\0\0\0\0\0";
    check(
        "socks5h",
        not_allowed,
        "refused the connection to this host (connection not allowed)",
    )
    .await;
}

#[tokio::test]
async fn local_plaintext_may_use_a_local_proxy() {
    let proxy = Server::answering(|_| json(good_reply())).await;
    let server = Server::answering(|_| json(good_reply())).await;
    let builder = || builder(&server).proxy(proxy.url());
    let tokens = builder().build().unwrap();
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    assert!(server.requests().is_empty(), "no direct request");
    let line = format!("POST {}/api/v1/bullet-private HTTP/1.1", server.url());
    assert_eq!(proxy.lines(), [line]);

    let tokens = builder().no_proxy("127.0.0.1").build().unwrap();
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    assert_eq!((server.lines().len(), proxy.lines().len()), (1, 1));
}

#[tokio::test]
async fn plaintext_through_a_remote_proxy_is_refused() {
    let server = Server::answering(|_| json(good_reply())).await;
    for proxy in [
        "http://proxy.test:1",
        "https://10.0.0.1",
        "socks5h://proxy.test",
    ] {
        let builder = || builder(&server).proxy(proxy);
        let error = builder().build().unwrap_err();
        assert!(
            matches!(error, ConfigError::PlaintextThroughProxy { .. }),
            "{error:?}"
        );
        let tokens = builder().no_proxy("127.0.0.1").build().unwrap();
        tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    }
}

#[tokio::test]
async fn socks_proxy_without_auth_is_retried_without_user() {
    for method in [0, 0xff] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Server::answering(|_| json(good_reply())).await;
        let heard = tokio::spawn(async move {
            let mut heard = [Vec::new(), Vec::new()];
            for bytes in &mut heard {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut greeting = [0; 3];
                stream.read_exact(&mut greeting).await.unwrap();
                stream.write_all(&[5, method]).await.unwrap();
                if method == 0xff {
                    stream.shutdown().await.unwrap();
                }
                // The client may close the connection at once.
                let _ = stream.read_buf(bytes).await;
                bytes.splice(0..0, greeting);
            }
            heard
        });
        let tokens = builder(&server)
            .hosts(Hosts::default())
            .proxy(format!("socks5h://canary:canary@127.0.0.1:{port}"));
        let error = tokens.build().unwrap().fetch(WsKey::SpotPrivateV1).await;
        assert!(error.is_err());
        let [with_user, without] = heard.await.unwrap();
        assert_eq!(with_user, [5, 1, 2], "{method}");
        assert_eq!(without[..3], [5, 1, 0], "{method}");
        assert!(!String::from_utf8_lossy(&without).contains("canary"));
        let asks = String::from_utf8_lossy(&without).contains("api.kucoin.com");
        assert_eq!(asks, method == 0);
    }
}

#[tokio::test]
async fn tls_to_ipv6_through_a_proxy_is_refused() {
    let server = Server::answering(|_| json(good_reply())).await;
    let hosts = Hosts::default().with_rest("https://[2001:db8::1]").unwrap();
    let builder = || {
        let builder = builder(&server).hosts(hosts.clone());
        builder.proxy("socks5://127.0.0.1:1")
    };
    let error = builder().build().unwrap_err();
    assert!(
        matches!(error, ConfigError::Ipv6ThroughProxy { .. }),
        "{error:?}"
    );
    assert!(builder().no_proxy("[2001:db8::1]").build().is_ok());
}
