//! Quotes a bid and an ask, but only while the kept account is live.
//!
//! Before each order the bot checks that what it knows is what the exchange has. If the connection is lost, it cancels its
//! quotes and waits. It resumes once the events that it missed were fetched.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example quote_while_live
//! ```
//!
//! It always uses a local exchange, which fills a quote, cuts the connection, and ends by itself. The SDK places no orders: at
//! KuCoin, place and cancel them with your own REST or WebSocket client.
#![allow(clippy::print_stdout)]

mod simulation;

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use kucoin_streams::{
    Account, AccountPart, Credentials, Decimal, Hosts, Kucoin, OrderPhase, WaitError, WsKey,
};
use kucoin_streams_examples::{Error, report};
use kucoin_streams_exchange::{Account as Orders, Exchange, Side};
use tokio::time::timeout;

const SYMBOL: &str = "KCS-USDT";

/// Parts of the account that must be live to quote.
const NEEDED: [AccountPart; 3] = [
    AccountPart::Orders,
    AccountPart::Fills,
    AccountPart::Balances,
];

/// Time in which the exchange confirms an order or its end.
const CONFIRMATION: Duration = Duration::from_secs(2);

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
    let mut done = pin!(simulation::run(&exchange));
    tokio::select! {
        result = &mut done => result?,
        result = quote(&account, &orders) => result?,
    }
    kucoin.close().await;
    Ok(())
}

/// Quotes until the account is closed.
async fn quote(account: &Account, orders: &Orders) -> Result<(), Error> {
    loop {
        if let Some(trust) = stale_part(account) {
            println!("not quoting: {trust}");
        }
        account.wait_live(&NEEDED).await?;
        let mut changes = account.changes();
        let quotes = place(account, orders).await?;
        let is_open = |id: &String| {
            account
                .state()
                .order(id)
                .is_some_and(|order| order.is_open())
        };
        while account.is_live(&NEEDED) && quotes.len() == 2 && quotes.iter().all(is_open) {
            // A lagging reader has missed changes, but the state has them all.
            if changes.next().await.is_none() {
                return Ok(());
            }
        }
        cancel(account, orders, &quotes).await?;
    }
}

/// Places a bid and an ask, and returns the IDs of those that are confirmed.
async fn place(account: &Account, orders: &Orders) -> Result<Vec<String>, Error> {
    let (price, mut quotes) = (orders.last_price(SYMBOL)?, Vec::new());
    for (side, price) in [
        (Side::Buy, price - Decimal::ONE),
        (Side::Sell, price + Decimal::ONE),
    ] {
        if !account.is_live(&NEEDED) {
            break; // the numbers may be old
        }
        let order_id = orders.place_limit(SYMBOL, side, price, 5.into())?;
        let opened = account.wait_for(&order_id, |order| order.phase == OrderPhase::Open);
        match timeout(CONFIRMATION, opened).await {
            Ok(Ok(order)) => println!("quoting {} 5 at {price}", order.side),
            Ok(Err(WaitError::Done(order))) => println!("filled at once: {}", order.filled_size),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => println!("{order_id} is not confirmed"),
        }
        quotes.push(order_id);
    }
    Ok(quotes)
}

/// Cancels what is open, and waits for the end of each quote if the account is live.
async fn cancel(account: &Account, orders: &Orders, quotes: &[String]) -> Result<(), Error> {
    for order_id in quotes {
        // Refused if the quote is already done. Cancelling works while the stream is down.
        let _ = orders.cancel(order_id);
    }
    for order_id in quotes.iter().filter(|_| account.is_live(&NEEDED)) {
        let done = account.wait_for(order_id, |order| order.phase == OrderPhase::Done);
        if let Ok(order) = timeout(CONFIRMATION, done).await {
            let order = order?;
            println!("done: {} {} of 5", order.side, order.filled_size);
        }
    }
    Ok(())
}

/// Returns the first part that is not live, with the reason.
fn stale_part(account: &Account) -> Option<String> {
    let stale = NEEDED.iter().find(|part| !account.is_live(&[**part]))?;
    Some(format!("{stale} {}", account.trust(*stale)?))
}
