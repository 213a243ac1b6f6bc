//! A local exchange for a test, and the settings of its clients.

use std::time::Duration;

use kucoin_streams::session::Backoff;
use kucoin_streams::{Config, Credentials, Hosts};
use kucoin_streams_exchange::{Exchange, Faults};

/// Spot orders.
pub const ORDERS: &str = "/spotMarket/tradeOrdersV2";
/// Spot orders, first version of the topic.
pub const ORDERS_V1: &str = "/spotMarket/tradeOrders";
/// Spot balances.
pub const BALANCE: &str = "/account/balance";
/// Spot stop orders.
pub const STOPS: &str = "/spotMarket/advancedOrders";

/// Starts a local exchange on loopback.
pub async fn exchange(faults: Faults) -> Exchange {
    let builder = Exchange::builder().seed(7).faults(faults);
    builder.start().await.unwrap()
}

/// Returns the credentials of its account.
pub fn credentials(exchange: &Exchange) -> Credentials {
    let demo = exchange.credentials();
    Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap()
}

/// Returns hosts that all point to this exchange.
pub fn hosts_of(exchange: &Exchange) -> Hosts {
    let rest = Hosts::default().with_rest(&exchange.rest_url()).unwrap();
    rest.with_pro_ws(&exchange.pro_ws_url()).unwrap()
}

/// Returns the default configuration with short retry delays.
pub fn fast_retries() -> Config {
    let mut session = kucoin_streams::session::SessionConfig::default();
    session.backoff = Backoff {
        base: Duration::from_millis(50),
        cap: Duration::from_millis(200),
    };
    Config::default().with_session(session).with_seed(7)
}
