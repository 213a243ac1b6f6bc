//! Keeps a table of futures positions up to date and prints each change, with the wallet balance.
//!
//! In hedge mode, a contract has two positions, a long and a short leg. In one-way mode it has one, whose side is `BOTH`.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example futures_positions
//! ```
//!
//! Without credentials it uses a local exchange and ends by itself. With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and
//! `KUCOIN_API_PASSPHRASE` set, it shows the positions of that account until Ctrl-C.
#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::pin::pin;
use std::process::ExitCode;

use kucoin_streams::v1::{
    AnyFuturesTopic, FuturesEvent, FuturesPosition, FuturesPositionChange, FuturesPositions,
    FuturesWallet, FuturesWalletChange, PositionSide,
};
use kucoin_streams::{Decimal, Kucoin, Text};
use kucoin_streams_examples::{Error, Setup, ended, pause, report};
use kucoin_streams_exchange::{Exchange, PositionSide as Leg, Side};

/// Positions by contract and side: in hedge mode, the contract alone would mix both legs.
type Positions = HashMap<(Text, PositionSide), FuturesPositionChange>;

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    let setup = Setup::with(Exchange::builder().hedge_mode(true)).await?;
    let kucoin = Kucoin::builder()
        .credentials(setup.credentials()?)
        .hosts(setup.hosts()?)
        .build()?;

    // One subscription to both topics: their events arrive in the order in which KuCoin pushed them.
    let topics: Vec<AnyFuturesTopic> = vec![FuturesPositions.into(), FuturesWallet.into()];
    let mut events = kucoin.subscribe(topics).await?;
    println!("KuCoin pushes no snapshot: query the positions that are already open over REST");

    let mut positions = Positions::new();
    let mut done = pin!(setup.until_done(simulate));
    loop {
        tokio::select! {
            item = events.next() => match item {
                Some(Ok(update)) => match &*update {
                    FuturesEvent::Position(change) => println!("{}", apply(&mut positions, change)),
                    FuturesEvent::Wallet(change) => println!("{}", wallet(change)),
                    _ => {}
                },
                // Changes may be missing. `Kucoin::recovered` would read the positions again: see `handle_gaps`.
                Some(Err(gap)) => {
                    positions.clear();
                    println!("positions may be out of date: {gap}");
                }
                None => return Err(ended(events.end_reason())),
            },
            result = &mut done => break result?,
        }
    }

    kucoin.close().await;
    Ok(())
}

/// Updates the table with one event, and returns the line to print.
fn apply(positions: &mut Positions, change: &FuturesPosition) -> String {
    let symbol = change.symbol().unwrap_or("(no symbol)");
    let side = match change {
        FuturesPosition::Change(position) => position.position_side.clone(),
        FuturesPosition::MarkPrice(change) => change.position_side.clone(),
        _ => None,
    };
    // KuCoin omits the side in some events of one-way mode.
    let side = side.unwrap_or(PositionSide::Both);
    let name = format!("{symbol:<9} {side:<5}");
    let key = (symbol.into(), side);
    match change {
        // Only a quantity of 0 means closed. `MarkPrice` has no quantity and does not close a position.
        FuturesPosition::Change(position) if position.is_flat() => {
            positions.remove(&key);
            let profit = position.realised_pnl.unwrap_or_default();
            format!("{name} closed, realised PnL {profit}")
        }
        FuturesPosition::Change(position) => {
            positions.insert(key, (**position).clone());
            format!("{name} {}", line(position))
        }
        FuturesPosition::MarkPrice(change) => match positions.get_mut(&key) {
            Some(position) => {
                position.apply(change);
                format!("{name} {}", line(position))
            }
            None => format!("{name} mark price changed, full position not received yet"),
        },
        FuturesPosition::Settlement(settlement) => {
            let fee = settlement.funding_fee.unwrap_or_default();
            format!("{symbol:<9} funding fee {fee}")
        }
        FuturesPosition::RiskLimit(_) => format!("{symbol:<9} risk limit changed"),
        // KuCoin may add new kinds of events at any time.
        _ => format!("{symbol:<9} unknown kind of change"),
    }
}

fn line(position: &FuturesPositionChange) -> String {
    let or_dash = |value: Option<Decimal>| value.map_or("-".to_owned(), |it| it.to_string());
    let unit = match position.quantity.abs() == Decimal::ONE {
        true => "contract",
        false => "contracts",
    };
    format!(
        "{:>4} {unit}, entry price {}, mark price {}, unrealised PnL {}",
        position.quantity,
        or_dash(position.average_entry_price),
        or_dash(position.mark_price),
        or_dash(position.unrealised_pnl),
    )
}

fn wallet(change: &FuturesWalletChange) -> String {
    match change {
        FuturesWalletChange::Balance(balance) => format!(
            "{:<9} equity {}, available balance {}",
            balance.currency,
            balance.equity.unwrap_or_default(),
            balance.available_balance.unwrap_or_default(),
        ),
        // Older subjects, for accounts that never used cross margin.
        _ => "the wallet changed".to_owned(),
    }
}

/// Trades on the local exchange, so that there is something to see. Your own program does not need this.
async fn simulate(exchange: &Exchange) -> Result<(), Error> {
    let futures = exchange.account().futures();
    let price = futures.last_price("XBTUSDTM")?;
    // An order in hedge mode names its leg: a buy increases the long leg and reduces the short one.
    let (long, short) = (futures.leg(Leg::Long), futures.leg(Leg::Short));

    long.place_market("XBTUSDTM", Side::Buy, 5)?;
    pause().await;
    short.place_market("XBTUSDTM", Side::Sell, 3)?;
    pause().await;
    futures.set_mark_price("XBTUSDTM", price + Decimal::ONE_HUNDRED)?;
    pause().await;
    futures.settle_funding("XBTUSDTM", "0.0001".parse()?)?;
    pause().await;
    short.place_market("XBTUSDTM", Side::Buy, 3)?;
    pause().await;
    long.place_market("XBTUSDTM", Side::Sell, 2)?;
    Ok(())
}
