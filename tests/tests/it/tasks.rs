//! No task is left after a close or a drop, whatever the state of the connection.

use std::future::Future;
use std::time::Duration;

use kucoin_streams::client::ConnectionRuntime;
use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams::{Config, Credentials, Kucoin};
use kucoin_streams_exchange::{Effect, Exchange, Faults};
use tokio::runtime::{Builder, Handle};

use crate::setup::*;

/// Runs a client on its own runtime, with the exchange on another, and waits until none of its tasks is left.
fn check<F: Future<Output = ()>>(
    settings: kucoin_streams_exchange::ExchangeBuilder,
    life: impl FnOnce(Exchange) -> F,
) -> RunningExchange {
    let servers = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let exchange = servers.block_on(settings.start()).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
        life(exchange).await;
        soon(async {
            while Handle::current().metrics().num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    });
    RunningExchange { _servers: servers }
}

/// Keeps the exchange's runtime until the client is checked.
struct RunningExchange {
    _servers: tokio::runtime::Runtime,
}

/// Returns a configuration whose tasks run on the checked runtime.
fn current_runtime_config() -> Config {
    fast_retries().with_runtime(ConnectionRuntime::Current)
}

fn alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[test]
fn no_task_is_left_after_close_and_drop() {
    check(Exchange::builder(), async |exchange: Exchange| {
        let kucoin = client_with(&exchange, current_runtime_config());
        let orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
        let balances = soon(kucoin.subscribe(Balances)).await.unwrap();
        assert!(alive() > 0, "the metric sees the connection's task");
        soon(kucoin.close()).await;
        drop((kucoin, orders, balances));
    });
}

#[test]
fn no_task_is_left_after_a_drop() {
    check(Exchange::builder(), async |exchange: Exchange| {
        let kucoin = client_with(&exchange, current_runtime_config());
        let orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
        assert!(alive() > 0);
        drop(kucoin);
        drop(orders);
    });
}

#[test]
fn no_task_is_left_after_a_refusal() {
    check(Exchange::builder(), async |exchange: Exchange| {
        let wrong = Credentials::new("key", "secret", "passphrase").unwrap();
        let kucoin = client_of(&exchange, wrong, current_runtime_config());
        soon(kucoin.subscribe(SpotOrders)).await.unwrap_err();
    });
}

#[test]
fn no_task_is_left_if_the_peer_stops_answering() {
    let settings = Exchange::builder().faults(Faults::new().after_frames(1, Effect::HalfOpen));
    check(settings, async |exchange: Exchange| {
        let kucoin = client_with(&exchange, current_runtime_config());
        let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
        exchange.account().deposit("USDT", 1.into()).unwrap();
        event(&mut balances).await;
        soon(kucoin.close()).await;
        drop((kucoin, balances));
    });
}

#[test]
fn no_task_is_left_if_dropped_during_a_token_request() {
    let by = Duration::from_secs(600);
    let settings =
        Exchange::builder().faults(Faults::new().on_token_request(1, Effect::TokenSlow { by }));
    check(settings, async |exchange: Exchange| {
        let kucoin = client_with(&exchange, current_runtime_config());
        {
            let subscribing = kucoin.subscribe(Balances);
            tokio::pin!(subscribing);
            // Waits until the request is sent: now the connection's task and the HTTP client's both exist.
            soon(async {
                while alive() < 2 {
                    tokio::select! {
                        biased;
                        _ = &mut subscribing => panic!("no token was issued"),
                        () = tokio::task::yield_now() => {}
                    }
                }
            })
            .await;
        }
        drop(kucoin);
    });
}

#[test]
fn no_task_is_left_if_closed_between_attempts() {
    check(Exchange::builder(), async |exchange: Exchange| {
        let url = exchange.rest_url();
        exchange.shutdown().await;
        let mut config = current_runtime_config();
        config.session.backoff.base = Duration::from_secs(3_600);
        config.session.backoff.cap = Duration::from_secs(3_600);
        let kucoin = Kucoin::builder()
            .credentials(Credentials::new("key", "secret", "passphrase").unwrap())
            .hosts(hosts(&url))
            .config(config)
            .build()
            .unwrap();
        let mut lifecycle = LifecycleLog::of(&kucoin);
        let waiting = tokio::spawn({
            let kucoin = kucoin.clone();
            async move { kucoin.subscribe(Balances).await.map(drop) }
        });
        lifecycle
            .until(|event| matches!(event, kucoin_streams::LifecycleEvent::Reconnect { .. }))
            .await;
        soon(kucoin.close()).await;
        soon(waiting).await.unwrap().unwrap_err();
    });
}
