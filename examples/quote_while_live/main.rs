//! Quotes a bid and an ask, but only while the kept account is live.
//!
//! Before each order the bot checks that what it knows is what the exchange has. If the connection is lost, it cancels its
//! quotes and waits. It resumes once the events that it missed were fetched. The bot itself is in `bot.rs`.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example quote_while_live
//! ```
//!
//! It always uses a local exchange, which fills a quote, cuts the connection, and ends by itself. The SDK places no orders: at
//! KuCoin, place and cancel them with your own REST or WebSocket client.
#![allow(clippy::print_stdout)]

mod bot;
mod simulation;

use std::process::ExitCode;

use kucoin_streams::{Credentials, Hosts, Kucoin, WsKey};
use kucoin_streams_examples::{Error, report};
use kucoin_streams_exchange::Exchange;

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    let exchange = Exchange::builder().start().await?;
    let demo = exchange.credentials();
    let kucoin = Kucoin::builder()
        .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
        .hosts(Hosts::local(&exchange.rest_url())?)
        .build()?;
    let account = kucoin.account().ws_keys([WsKey::SpotPrivateV1]).await?;
    let orders = exchange.account(); // in your program: the client that places orders
    tokio::select! {
        result = simulation::run(&exchange) => result?,
        result = bot::quote(&account, &orders) => result?,
    }
    kucoin.close().await;
    Ok(())
}
