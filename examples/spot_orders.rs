//! Prints one line for each change of a spot order, and for each change of a balance that it causes.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example spot_orders
//! ```
//!
//! Without credentials it uses a local exchange and ends by itself. With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and
//! `KUCOIN_API_PASSPHRASE` set, it shows the orders of that account until Ctrl-C. It places no orders at KuCoin.
#![allow(clippy::print_stdout)]

use std::pin::pin;
use std::process::ExitCode;

use kucoin_streams::v1::{AnySpotTopic, Balances, OrderKind, SpotEvent, SpotOrder, SpotOrders};
use kucoin_streams::{Decimal, Kucoin};
use kucoin_streams_examples::{Error, Setup, ended, pause, report};
use kucoin_streams_exchange::{Exchange, Side};

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    let setup = Setup::from_env().await?;
    let kucoin = Kucoin::builder()
        .credentials(setup.credentials()?)
        .hosts(setup.hosts()?)
        .build()?;

    // Resolves when KuCoin has acknowledged the subscription. From now on KuCoin pushes all orders of the account.
    // One subscription to both topics: their events arrive in the order in which KuCoin pushed them.
    let topics: Vec<AnySpotTopic> = vec![SpotOrders.into(), Balances.into()];
    let mut events = kucoin.subscribe(topics).await?;

    let mut done = pin!(setup.until_done(simulate));
    loop {
        tokio::select! {
            item = events.next() => match item {
                Some(Ok(update)) => match update.event() {
                    SpotEvent::Order(order) => println!("{}", line(order)),
                    // The new totals, with the order that caused the change in `relation_context`.
                    SpotEvent::Balance(balance) => println!(
                        "  {:<5} total {}, available {}, held {}",
                        balance.currency,
                        balance.total.unwrap_or_default(),
                        balance.available.unwrap_or_default(),
                        balance.hold.unwrap_or_default(),
                    ),
                    _ => {}
                },
                // The example `handle_gaps` fills gaps over REST.
                Some(Err(gap)) => println!("events may be missing: {gap}"),
                None => return Err(ended(events.end_reason())),
            },
            result = &mut done => break result?,
        }
    }

    kucoin.close().await;
    Ok(())
}

/// Formats one event as one line: the order, what happened to it, and its filled size.
fn line(order: &SpotOrder) -> String {
    let details = match &order.kind {
        OrderKind::Received | OrderKind::Open => size_and_price(order),
        OrderKind::Match(fill) => format!(
            "{} at {} as {}, trade {}",
            fill.size, fill.price, fill.liquidity, fill.trade_id
        ),
        OrderKind::Update(update) => match (update.old_size, order.size) {
            (Some(before), Some(after)) => format!("size reduced from {before} to {after}"),
            _ => "size reduced".to_owned(),
        },
        // A market buy by funds ends as canceled even if it was filled: use `filled_size`, not the kind.
        OrderKind::Filled | OrderKind::Canceled => String::new(),
        // KuCoin may add new kinds of events at any time.
        _ => "unknown kind of event".to_owned(),
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

/// Formats size and price. A field that KuCoin does not send is `None`: a market order has no price, one by funds no size.
fn size_and_price(order: &SpotOrder) -> String {
    match (order.origin_size.or(order.size), order.price, order.funds) {
        (Some(size), Some(price), _) => format!("{size} at {price}"),
        (Some(size), None, _) => format!("{size} at market price"),
        (None, _, Some(funds)) => format!("for {funds} at market price"),
        _ => String::new(),
    }
}

/// Trades on the local exchange, so that there is something to see. Your own program does not need this.
async fn simulate(exchange: &Exchange) -> Result<(), Error> {
    let account = exchange.account();
    let below = account.last_price("KCS-USDT")? - Decimal::ONE;

    // A limit order, filled in two parts as the maker.
    let resting = account.place_limit("KCS-USDT", Side::Buy, below, 30.into())?;
    pause().await;
    account.fill(&resting, 12.into())?;
    pause().await;
    account.fill(&resting, 18.into())?;
    pause().await;

    // Two market orders, by size and by funds.
    account.place_market("BTC-USDT", Side::Sell, "0.002".parse()?)?;
    pause().await;
    account.place_market_funds("ETH-USDT", 250.into())?;
    pause().await;

    // A limit order, reduced and then canceled.
    let canceled = account.place_limit("KCS-USDT", Side::Buy, below, 10.into())?;
    pause().await;
    account.reduce(&canceled, 4.into())?;
    pause().await;
    account.cancel(&canceled)?;
    Ok(())
}
