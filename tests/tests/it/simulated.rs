//! Exchanges and clients without sockets, under tokio's paused clock: time advances only while every task waits.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::client::{ConnectionRuntime, DialLimiter};
use kucoin_streams::{Config, Kucoin};
use kucoin_streams_exchange::{DemoCredentials, Exchange, ExchangeBuilder, Faults};
use kucoin_streams_testkit::independent_exchange::{IndependentExchange, KEY, PASSPHRASE, SECRET};
use kucoin_streams_tests::network::Network;
use kucoin_streams_tests::tokens::Tokens;

use crate::log_capture::check_logs_for_secrets;
use crate::setup::fast_retries;

/// Waits until all data in flight has arrived.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

pub(crate) async fn exchange(faults: Faults) -> Arc<Exchange> {
    start(Exchange::builder().seed(7).faults(faults)).await
}

pub(crate) async fn start(settings: ExchangeBuilder) -> Arc<Exchange> {
    check_logs_for_secrets();
    Arc::new(settings.start().await.unwrap())
}

pub(crate) fn client(exchange: &Arc<Exchange>) -> Kucoin {
    client_with(exchange, fast_retries())
}

pub(crate) fn client_with(exchange: &Arc<Exchange>, config: Config) -> Kucoin {
    let credentials = exchange.credentials().clone();
    client_on(Network::new(exchange, 7), credentials, config)
}

/// Returns a client of the independent exchange.
pub(crate) fn client_of(server: &Arc<IndependentExchange>, config: Config) -> Kucoin {
    let server = Arc::clone(server);
    let network = Network::to(move |stream| server.serve(stream), 7);
    let credentials = DemoCredentials::new(KEY, SECRET, PASSPHRASE);
    client_on(network, credentials, config)
}

fn client_on(network: Network, credentials: DemoCredentials, config: Config) -> Kucoin {
    network.set_latency_ms(0);
    Kucoin::builder()
        .tokens(Tokens {
            network: network.clone(),
            credentials,
        })
        .transport(network)
        .config(
            config
                .with_runtime(ConnectionRuntime::Current)
                // The limiter of the process uses another clock.
                .with_dials(DialLimiter::new(50, Duration::from_secs(1))),
        )
        .build()
        .unwrap()
}
