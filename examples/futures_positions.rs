//! Futures positions kept up to date from their events: in full, by the mark price, by funding.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example futures_positions
//! ```
//!
//! Without credentials it plays against a local exchange and ends by itself. With `KUCOIN_API_KEY`,
//! `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` it shows the positions of that account until Ctrl-C.
#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::pin::pin;

use kucoin_streams::v1::{
    AnyFuturesTopic, FuturesEvent, FuturesPosition, FuturesPositionChange, FuturesPositions,
    FuturesWallet, FuturesWalletChange,
};
use kucoin_streams::{Decimal, Kucoin, Text};
use kucoin_streams_examples::{Error, Place, over, pause};
use kucoin_streams_exchange::{Exchange, Side};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let place = Place::choose().await?;
    let kucoin = Kucoin::builder()
        .credentials(place.credentials()?)
        .hosts(place.hosts()?)
        .build()?;

    // Both in one subscription: their events come in the order in which they happened.
    let topics: Vec<AnyFuturesTopic> = vec![FuturesPositions.into(), FuturesWallet.into()];
    let mut events = kucoin.subscribe(topics).await?;
    println!("no snapshot is pushed: ask REST for the positions that are open already");

    let mut positions = HashMap::new();
    let mut end = pin!(place.until_end(rehearsal));
    loop {
        tokio::select! {
            item = events.next() => match item {
                Some(Ok(update)) => match &*update {
                    FuturesEvent::Position(change) => println!("{}", follow(&mut positions, change)),
                    FuturesEvent::Wallet(change) => println!("{}", wallet(change)),
                    _ => {}
                },
                // What is kept may be out of date: fill it again over REST once the topics are live, as `handle_gaps` shows.
                Some(Err(gap)) => {
                    positions.clear();
                    println!("positions may be out of date: {gap}");
                }
                None => return Err(over(events.end_reason())),
            },
            ended = &mut end => break ended?,
        }
    }

    kucoin.close().await;
    Ok(())
}

/// Brings what is kept up to date, and tells it.
fn follow(
    positions: &mut HashMap<Text, FuturesPositionChange>,
    change: &FuturesPosition,
) -> String {
    let symbol = change.symbol().unwrap_or("a contract that is not named");
    match change {
        // Closed: the frame has the quantity 0. A patch has none, and closes nothing.
        FuturesPosition::Change(position) if position.is_flat() => {
            positions.remove(symbol);
            let profit = position.realised_pnl.unwrap_or_default();
            format!("{symbol:<9} closed, realised {profit}")
        }
        FuturesPosition::Change(position) => {
            positions.insert(symbol.into(), (**position).clone());
            format!("{symbol:<9} {}", line(position))
        }
        FuturesPosition::MarkPrice(patch) => match positions.get_mut(symbol) {
            Some(position) => {
                position.apply(patch);
                format!("{symbol:<9} {}", line(position))
            }
            None => format!("{symbol:<9} moved by the mark price, and was never seen in full"),
        },
        FuturesPosition::Settlement(settlement) => {
            let fee = settlement.funding_fee.unwrap_or_default();
            format!("{symbol:<9} funding of {fee}")
        }
        FuturesPosition::RiskLimit(_) => format!("{symbol:<9} has another risk limit"),
        // KuCoin may add kinds at any time; their events arrive like the others.
        _ => format!("{symbol:<9} changed in a way that is not known yet"),
    }
}

fn line(position: &FuturesPositionChange) -> String {
    let or_none = |amount: Option<Decimal>| amount.map_or("-".to_owned(), |it| it.to_string());
    format!(
        "{:>4} contracts, entered at {}, mark {}, unrealised {}",
        position.quantity,
        or_none(position.average_entry_price),
        or_none(position.mark_price),
        or_none(position.unrealised_pnl),
    )
}

fn wallet(change: &FuturesWalletChange) -> String {
    match change {
        FuturesWalletChange::Balance(balance) => format!(
            "{:<9} equity {}, available {}",
            balance.currency,
            balance.equity.unwrap_or_default(),
            balance.available_balance.unwrap_or_default(),
        ),
        // Of accounts that never used cross margin: one figure an event.
        _ => "the wallet changed".to_owned(),
    }
}

/// What happens at the local exchange meanwhile; no part of a program of yours.
async fn rehearsal(exchange: &Exchange) -> Result<(), Error> {
    let futures = exchange.account().futures();
    let price = futures.last_price("XBTUSDTM")?;

    futures.place_market("XBTUSDTM", Side::Buy, 5)?;
    pause().await;
    futures.set_mark_price("XBTUSDTM", price + Decimal::ONE_HUNDRED)?;
    pause().await;
    futures.settle_funding("XBTUSDTM", "0.0001".parse()?)?;
    pause().await;
    // Sold through zero: the long position is closed, and a short one is opened.
    futures.place_market("XBTUSDTM", Side::Sell, 8)?;
    pause().await;
    futures.place_market("XBTUSDTM", Side::Buy, 3)?;
    Ok(())
}
