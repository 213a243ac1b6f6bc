//! A live page of the kept account: orders, positions, balances, charts and gaps in a browser.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example live_page
//! ```
//!
//! Open the printed URL. Without credentials it shows a local exchange, which trades and loses its connections once a minute.
//! With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` set, it follows that account. It runs until Ctrl-C.
//!
//! It listens on `127.0.0.1:8787`; another address is the first argument or the variable `LISTEN`. A unified account needs the
//! symbols that you trade in the variable `SYMBOLS`, such as `BTC-USDT,KCS-USDT`.
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod follow;
mod gaps;
mod hub;
mod lines;
mod rows;
mod server;
mod simulation;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::sync::Arc;

use kucoin_streams::{AccountBuilder, Kucoin, WsKey};
use kucoin_streams_examples::{Error, Setup, report};
use tokio::net::TcpListener;

use crate::hub::Hub;

/// Address on which the page is served by default.
const LISTEN: &str = "127.0.0.1:8787";

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    let address = std::env::args()
        .nth(1)
        .or_else(|| std::env::var("LISTEN").ok());
    let address = address.unwrap_or_else(|| LISTEN.to_owned());
    let listener = TcpListener::bind(&address).await.map_err(|error| {
        format!("cannot listen on `{address}`: {error}; name another address, such as `LISTEN=127.0.0.1:0`")
    })?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        eprintln!(
            "warning: anyone who reaches {address} can read this account: the page has no password and no TLS"
        );
    }

    let setup = Setup::from_env().await?;
    let kucoin = Kucoin::builder()
        .credentials(setup.credentials()?)
        .hosts(setup.hosts()?)
        .build()?;
    let hub = Arc::new(Hub::new(match setup.local_exchange() {
        None => "KuCoin",
        Some(_) => "local exchange",
    }));
    let router = server::router(Arc::clone(&hub), address.ip().is_loopback());
    eprintln!("open the page in a browser; press Ctrl-C to stop");
    println!("http://{address}/");

    tokio::select! {
        result = follow::run(account(&kucoin, &setup), &hub, kucoin.lifecycle()) => result?,
        result = axum::serve(listener, router) => result?,
        result = setup.until_done(simulation::run) => result?,
        result = tokio::signal::ctrl_c() => result?,
    }
    kucoin.close().await;
    Ok(())
}

/// Returns the builder of the account. The mode of an account at KuCoin decides which connections are followed.
fn account(kucoin: &Kucoin, setup: &Setup) -> AccountBuilder {
    let symbols = std::env::var("SYMBOLS").unwrap_or_default();
    let symbols = symbols
        .split(',')
        .map(str::trim)
        .filter(|symbol| !symbol.is_empty());
    let builder = kucoin.account().symbols(symbols);
    match setup.local_exchange() {
        None => builder,
        // The account of the local exchange has both modes. On V1, no symbol must be named.
        Some(_) => builder.ws_keys([WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1]),
    }
}
