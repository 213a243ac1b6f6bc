//! All traffic uses the configured proxy: token requests and WebSockets, V1 and Pro V2, with TLS inside.

use kucoin_streams::auth::HmacSigner;
use kucoin_streams::pro::TradeType;
use kucoin_streams::v1::Balances;
use kucoin_streams::{Hosts, Kucoin, LifecycleEvent, Proxy, RestTokens, WebSocketConnector};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Faults};

use crate::log_capture::{listen, write};
use crate::setup::*;
use crate::tls::tls_exchange;
use kucoin_streams_testkit::proxy::*;
use kucoin_streams_testkit::tls::Authority;

fn with_user(setup: Setup) -> Setup {
    Setup {
        asks_for_user: true,
        ..setup
    }
}

/// Returns a client whose only setting is a proxy.
fn client_through(exchange: &Exchange, proxy: &str) -> Kucoin {
    Kucoin::builder()
        .credentials(credentials(exchange))
        .hosts(Hosts::local(&exchange.rest_url()).unwrap())
        .config(fast_retries())
        .proxy(Proxy::new(proxy).unwrap())
        .build()
        .unwrap()
}

/// Returns a client that trusts one authority, for the exchange and for the proxy.
fn trusting_client_through(exchange: &Exchange, authority: &Authority, proxy: &str) -> Kucoin {
    let proxy = Proxy::new(proxy).unwrap();
    let source = RestTokens::builder(HmacSigner::new(&credentials(exchange)))
        .hosts(hosts_of(exchange))
        .tls_config(authority.trust())
        .proxy(proxy.expose_url())
        .build()
        .unwrap();
    let transport = WebSocketConnector::new().with_tls_config(authority.trust());
    Kucoin::builder()
        .transport(transport.with_proxy(proxy))
        .tokens(source)
        .config(fast_retries())
        .build()
        .unwrap()
}

/// Receives events of V1 and Pro V2, and checks that all token requests and WebSockets used the proxy.
async fn check_all_passes(kucoin: &Kucoin, exchange: &Exchange, proxy: &ProxyServer) {
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let orders = kucoin_streams::pro::Orders::all(TradeType::Unified);
    let mut orders = soon(kucoin.subscribe(orders)).await.unwrap();
    exchange.account().step(50);
    assert_eq!(
        all_events(&mut balances, exchange, BALANCE).await,
        truth_of(exchange, BALANCE)
    );
    event(&mut orders).await;
    let stats = exchange.stats();
    assert_eq!(
        (stats.token_requests.len(), stats.connections.len()),
        (2, 2)
    );
    let url = exchange.rest_url();
    let (_, target) = url.split_once("://").unwrap();
    let targets = proxy.targets();
    assert!(targets.iter().all(|it| it == target), "{targets:?}");
    // Two WebSockets, and one or two tunnels for the token requests.
    assert!((3..=4).contains(&targets.len()), "{targets:?}");
}

#[tokio::test]
async fn tokens_and_events_pass_every_kind_of_proxy() {
    for setup in [HTTP, with_user(HTTP), SOCKS, with_user(SOCKS)] {
        let exchange = exchange(Faults::new()).await;
        let proxy = ProxyServer::start(setup).await;
        let kucoin = client_through(&exchange, &proxy.url());
        check_all_passes(&kucoin, &exchange, &proxy).await;
        assert_eq!(proxy.refused_users(), 0);
    }
}

#[tokio::test]
async fn proxy_without_authentication_accepts_url_credentials() {
    for setup in [HTTP, SOCKS] {
        let exchange = exchange(Faults::new()).await;
        let proxy = ProxyServer::start(setup).await;
        let kucoin = client_through(&exchange, &proxy.url_with(CREDENTIALS));
        check_all_passes(&kucoin, &exchange, &proxy).await;
    }
}

#[tokio::test]
async fn tls_to_the_exchange_runs_inside_the_tunnel() {
    let authority = Authority::new();
    let over_tls = Setup {
        tls: Some(authority.server(&["localhost"], |_| {})),
        ..HTTP
    };
    for setup in [
        HTTP,
        over_tls.clone(),
        with_user(over_tls),
        with_user(SOCKS),
    ] {
        let exchange = tls_exchange(&authority, Faults::new()).await;
        let proxy = ProxyServer::start(setup).await;
        let kucoin = trusting_client_through(&exchange, &authority, &proxy.url());
        check_all_passes(&kucoin, &exchange, &proxy).await;
    }
}

#[tokio::test]
async fn socks5_resolves_here_and_socks5h_at_the_proxy() {
    let authority = Authority::new();
    for (scheme, seen) in [("socks5", "127.0.0.1"), ("socks5h", "localhost")] {
        let exchange = tls_exchange(&authority, Faults::new()).await;
        let proxy = ProxyServer::start(SOCKS).await;
        let url = proxy.url().replace("socks5h", scheme);
        let kucoin = trusting_client_through(&exchange, &authority, &url);
        soon(kucoin.subscribe(Balances)).await.unwrap();
        let seen: Vec<_> = vec![format!("{seen}:{}", exchange.port()); 2];
        let targets = proxy.targets();
        // The resolver may return the IPv6 address of `localhost` first.
        let targets = targets
            .iter()
            .map(|target| target.replace("::1:", "127.0.0.1:"));
        assert_eq!(targets.collect::<Vec<_>>(), seen, "{scheme}");
    }
}

#[tokio::test]
async fn reconnects_use_the_proxy_too() {
    let exchange = exchange(Faults::new()).await;
    let proxy = ProxyServer::start(with_user(HTTP)).await;
    let kucoin = client_through(&exchange, &proxy.url());
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    exchange.inject(Effect::Cut(Cut::Reset));
    lifecycle.reconnected().await;
    outage(&mut balances).await;
    assert_eq!(exchange.stats().connections.len(), 2);
    assert_eq!(proxy.targets().len(), 4);
}

#[tokio::test]
async fn refused_proxy_password_is_retried_after_first_live() {
    let exchange = exchange(Faults::new()).await;
    let proxy = ProxyServer::start(HTTP).await;
    let kucoin = client_through(&exchange, &proxy.url());
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    proxy.set_fault(Some(ProxyFault::Refusal(407)));
    exchange.inject(Effect::Cut(Cut::Reset));
    let is_second_attempt =
        |event: &LifecycleEvent| matches!(event, LifecycleEvent::Reconnect { attempt: 2.., .. });
    lifecycle.until(is_second_attempt).await;
    proxy.set_fault(None);
    lifecycle.reconnected().await;
    outage(&mut balances).await;
}

#[tokio::test]
async fn no_proxy_hosts_are_dialled_directly() {
    let exchange = exchange(Faults::new()).await;
    let proxy = ProxyServer::start(HTTP).await;
    let setting = Proxy::new(&proxy.url()).unwrap();
    let kucoin = Kucoin::builder()
        .credentials(credentials(&exchange))
        .hosts(Hosts::local(&exchange.rest_url()).unwrap())
        .proxy(setting.with_no_proxy("kucoin.com,127.0.0.1"))
        .build()
        .unwrap();
    soon(kucoin.subscribe(Balances)).await.unwrap();
    assert!(proxy.targets().is_empty(), "{:?}", proxy.targets());
}

#[tokio::test]
async fn proxy_password_is_never_printed() {
    let (log, guard) = listen();
    for setup in [HTTP, SOCKS] {
        let exchange = exchange(Faults::new()).await;
        let proxy = ProxyServer::start(with_user(setup)).await;
        let config =
            fast_retries().with_runtime(kucoin_streams::client::ConnectionRuntime::Current);
        for credentials_of_proxy in [CREDENTIALS, "canary-us%20er:canary-p%40ss-wrong"] {
            let setting = Proxy::new(&proxy.url_with(credentials_of_proxy)).unwrap();
            let builder = Kucoin::builder()
                .credentials(credentials(&exchange))
                .hosts(Hosts::local(&exchange.rest_url()).unwrap())
                .config(config.clone())
                .proxy(setting.clone());
            write(&log, format_args!("shown {setting:?} {builder:?}"));
            let kucoin = builder.build().unwrap();
            let mut lifecycle = LifecycleLog::of(&kucoin);
            match soon(kucoin.subscribe(Balances)).await {
                Ok(balances) => write(&log, format_args!("shown {balances:?}")),
                Err(error) => write(&log, format_args!("shown {error} {error:?}")),
            }
            soon(kucoin.close()).await;
            lifecycle.summaries();
            write(
                &log,
                format_args!(
                    "shown {kucoin:?} {:?} {:?}",
                    kucoin.rest_tokens(),
                    lifecycle.events
                ),
            );
        }
        assert_eq!(proxy.refused_users(), 1);
    }
    drop(guard);
    let log = log.text();
    let encoded = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("{USER}:{PASSWORD}"),
    );
    for secret in ["canary-us", "canary-p", &encoded] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is printed");
    }
    for wanted in ["log reqwest", "proxy(", "localhost:"] {
        assert!(log.contains(wanted), "{wanted} was not logged");
    }
}
