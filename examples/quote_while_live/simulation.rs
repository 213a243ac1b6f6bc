//! A fill and a lost connection on the local exchange. Your own program does not need this.

use std::time::Duration;

use kucoin_streams_examples::{Error, pause};
use kucoin_streams_exchange::{Cut, Effect, Exchange};

pub(crate) async fn run(exchange: &Exchange) -> Result<(), Error> {
    let account = exchange.account();
    let quotes = async || {
        while account.open_orders().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        account.open_orders()
    };

    // A quote is filled.
    let filled = quotes().await;
    pause().await;
    account.fill(&filled[0], 5.into())?;
    pause().await;
    quotes().await;
    pause().await;

    // The connection is lost, and the next one takes a second.
    exchange.inject(Effect::TokenSlow {
        by: Duration::from_secs(1),
    });
    exchange.inject(Effect::Cut(Cut::Reset));
    pause().await;
    let open = account.open_orders().len();
    if open > 0 {
        return Err(format!("{open} quotes are open without a connection").into());
    }

    // The bot quotes again.
    quotes().await;
    pause().await;
    Ok(())
}
