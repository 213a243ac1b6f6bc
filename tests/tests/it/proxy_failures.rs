//! A failing proxy is named with a remedy, and never bypassed.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kucoin_streams::auth::HmacSigner;
use kucoin_streams::auth::rest::TokenError;
use kucoin_streams::core::explain;
use kucoin_streams::transport::{
    Connect, ConnectClass, ConnectError, ProxyProblem, WebSocketConnector, WebSocketReader,
    WebSocketWriter,
};
use kucoin_streams::v1::Balances;
use kucoin_streams::{
    BuildError, Credentials, Hosts, Kucoin, Proxy, RestTokens, RetryPolicy, SubscribeError, WsKey,
};
use tokio::net::TcpListener;

use crate::setup::*;
use crate::tls::tls_exchange;
use kucoin_streams_testkit::http::free_port;
use kucoin_streams_testkit::proxy::*;
use kucoin_streams_testkit::tls::Authority;
use kucoin_streams_testkit::wait::DEADLINE;

const WRONG: &str = "canary-us%20er:canary-wrong";

/// A port that counts its connections.
struct Target {
    port: u16,
    reached: Arc<AtomicUsize>,
    /// Timeout of a proxy.
    limit: Duration,
}

impl Target {
    async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, reached) = (
            listener.local_addr().unwrap().port(),
            Arc::new(AtomicUsize::new(0)),
        );
        let count = Arc::clone(&reached);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            port,
            reached,
            limit: DEADLINE,
        }
    }

    async fn fetch(&self, scheme: &str, proxy: &str) -> TokenError {
        let rest = format!("{scheme}://localhost:{}", self.port);
        self.fetch_from(&rest, proxy).await
    }

    async fn fetch_from(&self, rest: &str, proxy: &str) -> TokenError {
        let credentials = Credentials::new("key", "secret", "passphrase").unwrap();
        let tokens = RestTokens::builder(HmacSigner::new(&credentials))
            .hosts(Hosts::default().with_rest(rest).unwrap())
            .tls_config(Authority::new().trust())
            .connect_time_limit(self.limit)
            .time_limit(2 * self.limit)
            .proxy(proxy)
            .build()
            .unwrap();
        soon(tokens.fetch(WsKey::SpotPrivateV1)).await.unwrap_err()
    }

    async fn dial(&self, scheme: &str, proxy: &str) -> ConnectError {
        let connector = WebSocketConnector::new()
            .with_tls_config(Authority::new().trust())
            .with_connect_timeout(self.limit)
            .with_proxy(Proxy::new(proxy).unwrap());
        let url = format!("{scheme}://localhost:{}/?token=canary-token", self.port);
        let dialled: Result<(WebSocketReader, WebSocketWriter), _> =
            soon(connector.connect(&url)).await;
        dialled.map(drop).unwrap_err()
    }

    /// Checks the four failures of this proxy, with the retry policies of the token request and of the dial.
    async fn check(
        &self,
        (proxy, place): (&str, &str),
        (token, dial): (RetryPolicy, ConnectClass),
        what: &str,
    ) {
        for scheme in ["https", "http"] {
            let error = self.fetch(scheme, proxy).await;
            // Without TLS, a reply of the proxy is taken for one of the exchange.
            let is_reply = matches!(
                error,
                TokenError::ServerFault { .. } | TokenError::Unreadable { .. }
            );
            let remedy = error.remedy().or(is_reply.then_some("retry"));
            check_text(&error, remedy, place, &format!("{what}, {scheme}"));
            // Without TLS, the refusal of an HTTP proxy looks like one of the exchange, which is temporary too.
            let same = scheme == "https" || token == RetryPolicy::Fatal;
            let policy = error.retry_policy();
            assert!(
                if same {
                    policy == token
                } else {
                    error.is_retryable()
                },
                "{what}, {scheme}: {error:?}"
            );
        }
        for scheme in ["wss", "ws"] {
            let error = self.dial(scheme, proxy).await;
            check_text(&error, error.remedy(), place, &format!("{what}, {scheme}"));
            assert_eq!(error.class(), dial, "{what}, {scheme}: {error:?}");
            assert!(matches!(error, ConnectError::Proxy { .. }), "{error:?}");
        }
        let reached = self.reached.load(Ordering::Relaxed);
        assert_eq!(reached, 0, "{what}: the target was dialled");
    }
}

/// Checks that an error names the proxy and a remedy, without the password.
fn check_text(error: &(dyn Error + 'static), remedy: Option<&str>, place: &str, what: &str) {
    let text = explain(error, remedy);
    assert!(error.to_string().contains(place), "{what}: {text}");
    assert!(text.contains("proxy"), "{what}: {text}");
    assert!(remedy.is_some(), "{what} has no remedy: {text}");
    let debug = format!("{error:?}");
    assert!(
        !text.contains("canary") && !debug.contains("canary"),
        "{what}: {debug}"
    );
}

const PASSES: (RetryPolicy, ConnectClass) = (RetryPolicy::Transient, ConnectClass::Transient);
const FATAL: (RetryPolicy, ConnectClass) = (RetryPolicy::Fatal, ConnectClass::Fatal);
const NO_PROXY_THERE: (RetryPolicy, ConnectClass) =
    (RetryPolicy::Transient, ConnectClass::Protocol);

#[tokio::test]
async fn unresolvable_socks5_name_keeps_its_cause() {
    let proxy = ProxyServer::start(SOCKS).await;
    let url = proxy.url().replace("socks5h", "socks5");
    let connector = WebSocketConnector::new()
        .with_tls_config(Authority::new().trust())
        .with_proxy(Proxy::new(&url).unwrap());
    let dialled: Result<(WebSocketReader, WebSocketWriter), _> =
        soon(connector.connect("wss://unresolvable.invalid/?token=canary-token")).await;
    match dialled.map(drop).unwrap_err() {
        ConnectError::Proxy {
            problem: ProxyProblem::NotResolved(cause),
            ..
        } => assert!(matches!(*cause, ConnectError::Dns(_)), "{cause:?}"),
        other => panic!("another error: {other:?}"),
    }
    assert!(proxy.targets().is_empty());
}

#[tokio::test]
async fn unresolvable_proxy_is_named_with_its_port() {
    let target = Target::listen().await;
    let place = "proxy.invalid:3128";
    let check = |error: &(dyn Error + 'static), remedy: Option<&str>, scheme: &str| {
        check_text(error, remedy, place, scheme);
        let text = explain(error, remedy);
        assert!(text.contains("cannot be resolved"), "{scheme}: {text}");
        assert!(
            text.contains("; check the spelling of the proxy's host"),
            "{text}"
        );
        assert!(text.contains("localhost:"), "the target is named: {text}");
    };
    for scheme in ["http", "https", "socks5", "socks5h"] {
        let url = format!("{scheme}://user:canary@{place}");
        let error = target.fetch("https", &url).await;
        assert_eq!(error.retry_policy(), PASSES.0, "{error:?}");
        assert!(matches!(error, TokenError::Proxy { .. }), "{error:?}");
        check(&error, error.remedy(), scheme);
        let error = target.dial("wss", &url).await;
        assert_eq!(error.class(), PASSES.1, "{error:?}");
        check(&error, error.remedy(), scheme);
    }
    let kucoin = Kucoin::builder()
        .credentials(Credentials::new("key", "secret", "passphrase").unwrap())
        .config(fast_retries().with_connect_timeout(Duration::from_secs(2)))
        .proxy(Proxy::new("socks5h://user:canary@proxy.invalid:3128").unwrap())
        .build()
        .unwrap();
    let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(place) && text.contains("; check the spelling"),
        "{text}"
    );
}

#[tokio::test]
async fn unresolvable_socks5_target_names_the_proxy() {
    let proxy = ProxyServer::start(SOCKS).await;
    let url = proxy.url().replace("socks5h", "socks5");
    let target = Target::listen().await;
    let error = target
        .fetch_from("https://unresolvable.invalid", &url)
        .await;
    check_text(&error, error.remedy(), &proxy.place(), "socks5");
    let text = explain(&error, error.remedy());
    assert!(
        text.contains("unresolvable.invalid cannot be resolved"),
        "{text}"
    );
    assert!(text.contains("; use socks5h"), "{text}");
    assert_eq!(error.retry_policy(), RetryPolicy::Transient, "{error:?}");
    assert!(proxy.targets().is_empty());
}

#[tokio::test]
async fn every_proxy_failure_names_the_proxy() {
    use ProxyFault::{Garbage, HangUp, Page, Refusal, Silence};
    let mut target = Target::listen().await;
    let of_http = [
        (Refusal(403), PASSES),
        (Refusal(502), PASSES),
        (Refusal(204), PASSES),
        (Refusal(407), FATAL),
        (Silence, PASSES),
        (HangUp, PASSES),
        (Garbage, NO_PROXY_THERE),
        (Page, NO_PROXY_THERE),
    ];
    let of_socks = [
        (Refusal(1), PASSES),
        (Refusal(2), PASSES),
        (Refusal(5), PASSES),
        (Silence, PASSES),
        (HangUp, PASSES),
        (Garbage, NO_PROXY_THERE),
    ];
    for (setup, faults) in [(HTTP, &of_http[..]), (SOCKS, &of_socks[..])] {
        let proxy = ProxyServer::start(setup).await;
        for (fault, classes) in faults {
            target.limit = match fault {
                Silence => Duration::from_millis(200),
                _ => DEADLINE,
            };
            proxy.set_fault(Some(*fault));
            let at = (&*proxy.url(), &*proxy.place());
            target.check(at, *classes, &format!("{fault:?}")).await;
        }
        assert_eq!(proxy.targets().len(), 4 * faults.len());
    }
}

#[tokio::test]
async fn wrong_proxy_credentials_are_fatal() {
    let target = Target::listen().await;
    for setup in [HTTP, SOCKS] {
        let asks = Setup {
            asks_for_user: true,
            ..setup
        };
        let proxy = ProxyServer::start(asks).await;
        for credentials in [WRONG, ""] {
            let url = proxy.url_with(credentials);
            target
                .check((&url, &proxy.place()), FATAL, "wrong user")
                .await;
        }
        assert_eq!((proxy.refused_users(), proxy.targets().len()), (8, 0));
    }
}

#[tokio::test]
async fn unreachable_proxy_is_named_with_a_remedy() {
    let target = Target::listen().await;
    let place = format!("127.0.0.1:{}", free_port());
    for scheme in ["http", "https", "socks5", "socks5h"] {
        let url = format!("{scheme}://user:canary@{place}");
        target.check((&url, &place), PASSES, scheme).await;
        let error = target.dial("wss", &url).await;
        assert!(matches!(error, ConnectError::Proxy { .. }), "{error:?}");
        let remedy = error.remedy().unwrap_or_default();
        assert!(remedy.contains("that the proxy runs"), "{remedy}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn proxy_certificate_is_checked() {
    let target = Target::listen().await;
    let setup = Setup {
        tls: Some(Authority::new().server(&["localhost"], |_| {})),
        ..HTTP
    };
    let proxy = ProxyServer::start(setup).await;
    let url = proxy.url_with(CREDENTIALS);
    let classes = (RetryPolicy::Certificate, ConnectClass::Certificate);
    for scheme in ["https", "http"] {
        let error = target.fetch(scheme, &url).await;
        assert_eq!(error.retry_policy(), classes.0, "{error:?}");
        let text = error.to_string();
        let named = format!("the proxy {}", proxy.place());
        assert!(text.contains(&named), "{text}");
        check_text(&error, error.remedy(), &proxy.place(), scheme);
        let remedy = error.remedy().unwrap_or_default();
        assert!(remedy.contains("root certificates"), "{remedy}");
    }
    for scheme in ["wss", "ws"] {
        let error = target.dial(scheme, &url).await;
        assert_eq!(error.class(), classes.1, "{error:?}");
        check_text(&error, error.remedy(), &proxy.place(), scheme);
        let remedy = error.remedy().unwrap_or_default();
        assert!(remedy.contains("root certificates"), "{remedy}");
        assert!(matches!(
            error,
            ConnectError::Proxy {
                problem: ProxyProblem::Unreachable(_),
                ..
            }
        ));
    }
    assert!(proxy.targets().is_empty(), "the proxy saw a request");
    assert_eq!(target.reached.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn exchange_certificate_is_checked_inside_the_tunnel() {
    let (known, unknown) = (Authority::new(), Authority::new());
    let exchange = tls_exchange(&unknown, kucoin_streams_exchange::Faults::new()).await;
    for setup in [HTTP, SOCKS] {
        let proxy = ProxyServer::start(setup).await;
        let url = format!("wss://localhost:{}/?token=canary-token", exchange.port());
        let connector = WebSocketConnector::new()
            .with_tls_config(known.trust())
            .with_proxy(Proxy::new(&proxy.url()).unwrap());
        let error = soon(connector.connect(&url)).await.map(drop).unwrap_err();
        assert_eq!(error.class(), ConnectClass::Certificate, "{error:?}");
        assert!(error.to_string().contains(&proxy.place()), "{error}");
        let tokens = RestTokens::builder(HmacSigner::new(&credentials(&exchange)))
            .hosts(hosts_of(&exchange))
            .tls_config(known.trust())
            .proxy(proxy.url())
            .build()
            .unwrap();
        let error = soon(tokens.fetch(WsKey::SpotPrivateV1)).await.unwrap_err();
        assert_eq!(error.retry_policy(), RetryPolicy::Certificate, "{error:?}");
        let text = error.to_string();
        let named = format!("certificate of localhost:{}", exchange.port());
        assert!(text.contains(&named), "{text}");
        assert_eq!(proxy.targets().len(), 2);
    }
    assert!(exchange.stats().token_requests.is_empty());
}

#[tokio::test]
async fn plaintext_never_goes_through_a_remote_proxy() {
    let target = Target::listen().await;
    for proxy in ["http://proxy.invalid:1", "socks5h://10.0.0.1"] {
        let error = target.dial("ws", proxy).await;
        let ConnectError::Proxy { problem, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(matches!(problem, ProxyProblem::Plaintext), "{error:?}");
        let built = Kucoin::builder()
            .credentials(Credentials::new("key", "secret", "passphrase").unwrap())
            .hosts(Hosts::local(&format!("http://127.0.0.1:{}", target.port)).unwrap())
            .proxy(Proxy::new(proxy).unwrap())
            .build();
        let error = built.map(drop).unwrap_err();
        assert!(matches!(error, BuildError::Config(_)), "{error:?}");
        assert!(
            error.to_string().contains("proxy on this machine"),
            "{error}"
        );
    }
    // Nor does it leave this machine through a local proxy.
    let proxy = ProxyServer::start(HTTP).await;
    let connector = WebSocketConnector::new().with_proxy(Proxy::new(&proxy.url()).unwrap());
    let error = soon(connector.connect("ws://kucoin.com/?token=t")).await;
    assert_eq!(error.map(drop).unwrap_err().class(), ConnectClass::Fatal);
    assert!(proxy.targets().is_empty());
}

#[tokio::test]
async fn proxy_failure_is_reported_by_the_subscription() {
    let exchange = exchange(kucoin_streams_exchange::Faults::new()).await;
    let asks = Setup {
        asks_for_user: true,
        ..SOCKS
    };
    let proxy = ProxyServer::start(asks).await;
    let subscribe = async |url: &str| {
        let kucoin = Kucoin::builder()
            .credentials(credentials(&exchange))
            .hosts(Hosts::local(&exchange.rest_url()).unwrap())
            .config(fast_retries().with_connect_timeout(Duration::from_secs(2)))
            .proxy(Proxy::new(url).unwrap())
            .build()
            .unwrap();
        soon(kucoin.subscribe(Balances))
            .await
            .map(drop)
            .unwrap_err()
    };
    let error = subscribe(&proxy.url_with(WRONG)).await;
    assert!(matches!(error, SubscribeError::Closed(_)), "{error:?}");
    assert!(error.to_string().contains(&proxy.place()), "{error}");
    assert_eq!(proxy.refused_users(), 1, "there is one attempt");

    proxy.set_fault(Some(ProxyFault::Refusal(2)));
    let error = subscribe(&proxy.url()).await;
    assert!(
        matches!(error, SubscribeError::TimedOut { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains(&proxy.place()), "{error}");
    assert!(proxy.targets().len() > 1, "there is another attempt");
    assert!(exchange.stats().token_requests.is_empty());
}
