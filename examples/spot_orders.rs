//! Spot orders as a trader reads them: received, open, every match with its price, size and liquidity, done.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example spot_orders
//! ```
//!
//! Without credentials it plays against a local exchange and ends by itself. With `KUCOIN_API_KEY`,
//! `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` it shows the orders of that account until Ctrl-C, and places none.
#![allow(clippy::print_stdout)]

use std::pin::pin;

use kucoin_streams::v1::{OrderKind, SpotOrder, SpotOrders};
use kucoin_streams::{Decimal, Kucoin};
use kucoin_streams_examples::{Error, Place, over, pause};
use kucoin_streams_exchange::{Exchange, Side};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let place = Place::choose().await?;
    let kucoin = Kucoin::builder()
        .credentials(place.credentials()?)
        .hosts(place.hosts()?)
        .build()?;

    // Resolves when KuCoin has acknowledged it: from here on every order of the account is pushed.
    let mut orders = kucoin.subscribe(SpotOrders).await?;
    println!("subscribed to {}", orders.topic());

    let mut end = pin!(place.until_end(rehearsal));
    loop {
        tokio::select! {
            item = orders.next() => match item {
                Some(Ok(order)) => println!("{}", line(&order)),
                // The example `handle_gaps` shows what to do here.
                Some(Err(gap)) => println!("orders may be missing: {gap}"),
                None => return Err(over(orders.end_reason())),
            },
            ended = &mut end => break ended?,
        }
    }

    kucoin.close().await;
    Ok(())
}

/// One event in one line: the order, what happened to it, and how much of it is filled.
fn line(order: &SpotOrder) -> String {
    let details = match &order.kind {
        OrderKind::Received | OrderKind::Open => as_placed(order),
        OrderKind::Match(fill) => format!(
            "{} at {} as {}, trade {}",
            fill.size, fill.price, fill.liquidity, fill.trade_id
        ),
        OrderKind::Update(cut) => match (cut.old_size, order.size) {
            (Some(before), Some(after)) => format!("cut from {before} to {after}"),
            _ => "cut".to_owned(),
        },
        // A market buy by funds is canceled at its end although it bought: trust `filled_size`, not the kind.
        OrderKind::Filled | OrderKind::Canceled => String::new(),
        // KuCoin may add kinds at any time; their events arrive like the others.
        _ => "of a kind that is not known yet".to_owned(),
    };
    let filled = match (order.filled_size, order.size) {
        (Some(filled), Some(size)) => format!("filled {filled} of {size}"),
        (Some(filled), None) => format!("filled {filled}"),
        _ => String::new(),
    };
    let line = format!(
        "{}  {:<9} {:<6} {:<4}  {:<8}  {details:<56} {filled}",
        order.order_id, order.symbol, order.order_type, order.side, order.kind
    );
    line.trim_end().to_owned()
}

/// What the wire leaves out is `None` and never zero: a market order has no price, one by funds no size.
fn as_placed(order: &SpotOrder) -> String {
    match (order.origin_size.or(order.size), order.price, order.funds) {
        (Some(size), Some(price), _) => format!("{size} at {price}"),
        (Some(size), None, _) => format!("{size} at the market"),
        (None, _, Some(funds)) => format!("for {funds} at the market"),
        _ => String::new(),
    }
}

/// What happens at the local exchange meanwhile; no part of a program of yours.
async fn rehearsal(exchange: &Exchange) -> Result<(), Error> {
    let account = exchange.account();
    let below = account.last_price("KCS-USDT")? - Decimal::ONE;

    // It rests in the book and is filled in two parts, as a maker.
    let resting = account.place_limit("KCS-USDT", Side::Buy, below, 30.into())?;
    pause().await;
    account.fill(&resting, 12.into())?;
    pause().await;
    account.fill(&resting, 18.into())?;
    pause().await;

    // It takes what the book gives, at once; then one for an amount of money.
    account.place_market("BTC-USDT", Side::Sell, "0.002".parse()?)?;
    pause().await;
    account.place_market_funds("ETH-USDT", 250.into())?;
    pause().await;

    // It is cut, and then cancelled with nothing filled.
    let cancelled = account.place_limit("KCS-USDT", Side::Buy, below, 10.into())?;
    pause().await;
    account.reduce(&cancelled, 4.into())?;
    pause().await;
    account.cancel(&cancelled)?;
    Ok(())
}
