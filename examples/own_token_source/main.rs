//! A source of connection tokens of your own: here a token service that keeps the API secret away from the stream.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example own_token_source
//! ```
//!
//! Without credentials it plays against a local exchange that cuts the connection and throttles tokens, and ends by
//! itself. With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` it follows that account until Ctrl-C.
#![allow(clippy::print_stdout)]

mod token_service;

use std::pin::pin;
use std::time::Duration;

use kucoin_streams::auth::{HmacSigner, rest::RestTokens};
use kucoin_streams::v1::SpotOrders;
use kucoin_streams::{Decimal, Kucoin, LifecycleEvent};
use kucoin_streams_examples::{Error, Place, over, pause};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Side};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let place = Place::choose().await?;
    // This half could run on another machine, and is the only one with the API secret.
    let tokens = RestTokens::builder(HmacSigner::new(&place.credentials()?))
        .hosts(place.hosts()?)
        .build()?;
    let (token_service, service) = token_service::start(tokens);

    // This half never sees it.

    let kucoin = Kucoin::builder().tokens(token_service).build()?;
    let mut lifecycle = kucoin.lifecycle();
    let mut orders = kucoin.subscribe(SpotOrders).await?;
    let mut end = pin!(place.until_end(rehearsal));
    loop {
        tokio::select! {
            item = orders.next() => match item {
                Some(Ok(order)) => println!("order      {} {}", order.order_id, order.kind),
                Some(Err(gap)) => println!("gap        {gap}"),
                None => return Err(over(orders.end_reason())),
            },
            Some(event) = lifecycle.next() => match event.event {
                LifecycleEvent::Reconnect { cause, delay, .. } => println!("lifecycle  {cause}; again in {delay:.1?}"),
                LifecycleEvent::Reconnected { down_for, .. } => println!("lifecycle  reconnected after {down_for:.1?}"),
                _ => {}
            },
            ended = &mut end => break ended?,
        }
    }
    kucoin.close().await;
    // The service ends when nobody can ask any more.
    drop((orders, kucoin));
    service.await?;
    Ok(())
}

/// What happens at the local exchange meanwhile; no part of a program of yours.
async fn rehearsal(exchange: &Exchange) -> Result<(), Error> {
    let (account, price) = (
        exchange.account(),
        exchange.account().last_price("KCS-USDT")?,
    );
    account.place_market("KCS-USDT", Side::Buy, 10.into())?;
    pause().await;
    // The connection is lost, and the next token is refused for a while: the client waits as long as it is told.
    exchange.inject(Effect::TokenRateLimit {
        reset: Duration::from_secs(1),
    });
    exchange.inject(Effect::Cut(Cut::Reset));
    exchange.wait_until(|seen| seen.tokens_issued == 2).await;
    exchange.wait_subscribed(SpotOrders::PATH).await;
    account.place_limit("KCS-USDT", Side::Buy, price - Decimal::ONE, 10.into())?;
    Ok(())
}
