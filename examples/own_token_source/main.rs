//! Uses your own token source: a token service, so that the streaming process does not need the API secret.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example own_token_source
//! ```
//!
//! Without credentials it uses a local exchange, which cuts the connection and limits token requests, and ends by itself.
//! With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` set, it follows that account until Ctrl-C.
#![allow(clippy::print_stdout)]

mod token_service;

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use kucoin_streams::auth::{HmacSigner, rest::RestTokens};
use kucoin_streams::v1::SpotOrders;
use kucoin_streams::{Decimal, Kucoin, LifecycleEvent};
use kucoin_streams_examples::{Error, Setup, ended, pause, report};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Side};

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    let setup = Setup::from_env().await?;
    // The service could run on another machine. Only the service has the API secret.
    let tokens = RestTokens::builder(HmacSigner::new(&setup.credentials()?))
        .hosts(setup.hosts()?)
        .build()?;
    let (token_service, service) = token_service::start(tokens);

    // The client gets its tokens from the service.
    let kucoin = Kucoin::builder().tokens(token_service).build()?;
    let mut lifecycle = kucoin.lifecycle();
    let mut orders = kucoin.subscribe(SpotOrders).await?;
    let mut done = pin!(setup.until_done(simulate));
    loop {
        tokio::select! {
            item = orders.next() => match item {
                Some(Ok(order)) => println!("order      {} {}", order.order_id, order.kind),
                Some(Err(gap)) => println!("gap        {gap}"),
                None => return Err(ended(orders.end_reason())),
            },
            Some(event) = lifecycle.next() => match event.event {
                LifecycleEvent::Reconnect { cause, delay, .. } => println!("lifecycle  {cause}; reconnecting in {delay:.1?}"),
                LifecycleEvent::Reconnected { down_for, .. } => println!("lifecycle  reconnected after {down_for:.1?}"),
                _ => {}
            },
            result = &mut done => break result?,
        }
    }
    kucoin.close().await;
    // The service ends when its client is dropped.
    drop((orders, kucoin));
    service.await?;
    Ok(())
}

/// Trades and faults on the local exchange, so that there is something to see. Your own program does not need this.
async fn simulate(exchange: &Exchange) -> Result<(), Error> {
    let (account, price) = (
        exchange.account(),
        exchange.account().last_price("KCS-USDT")?,
    );
    account.place_market("KCS-USDT", Side::Buy, 10.into())?;
    pause().await;
    // The connection is lost, and token requests are refused with a wait time, which the client respects.
    exchange.inject(Effect::TokenRateLimit {
        reset: Duration::from_secs(1),
    });
    exchange.inject(Effect::Cut(Cut::Reset));
    exchange.wait_until(|seen| seen.tokens_issued == 2).await;
    exchange.wait_subscribed(SpotOrders::PATH).await;
    account.place_limit("KCS-USDT", Side::Buy, price - Decimal::ONE, 10.into())?;
    Ok(())
}
