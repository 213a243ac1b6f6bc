//! The bot: a bid and an ask around the last price, as long as the account is live.

use std::time::Duration;

use kucoin_streams::{Account, AccountPart, Decimal, OrderPhase};
use kucoin_streams_examples::Error;
use kucoin_streams_exchange::{Account as Orders, Side};
use tokio::time::timeout;

const SYMBOL: &str = "KCS-USDT";
/// Parts of the account that must be live to quote.
const NEEDED: [AccountPart; 2] = [AccountPart::Orders, AccountPart::Balances];

/// Quotes until the account is closed.
pub(crate) async fn quote(account: &Account, orders: &Orders) -> Result<(), Error> {
    loop {
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
            if changes.next().await.is_none() {
                return Ok(());
            }
        }
        match account.trust(AccountPart::Orders) {
            Some(trust) if !trust.is_live() => println!("not quoting, orders are {trust}"),
            _ => println!("a quote is done"),
        }
        cancel(account, orders, &quotes).await;
    }
}

/// Places a bid and an ask, and waits until the account has them.
async fn place(account: &Account, orders: &Orders) -> Result<Vec<String>, Error> {
    let (price, mut quotes) = (orders.last_price(SYMBOL)?, Vec::new());
    for (side, price) in [
        (Side::Buy, price - Decimal::ONE),
        (Side::Sell, price + Decimal::ONE),
    ] {
        if account.is_live(&NEEDED) {
            let order_id = orders.place_limit(SYMBOL, side, price, 5.into())?;
            quotes.push(order_id.clone());
            wait(account, &order_id, OrderPhase::Open).await;
        }
    }
    Ok(quotes)
}

/// Cancels the quotes. This works while the stream is down, too.
async fn cancel(account: &Account, orders: &Orders, quotes: &[String]) {
    for order_id in quotes {
        let _ = orders.cancel(order_id); // refused if it is done
    }
    for order_id in quotes.iter().filter(|_| account.is_live(&NEEDED)) {
        wait(account, order_id, OrderPhase::Done).await;
    }
}

/// Waits for at most a second until the account has the order in a phase.
async fn wait(account: &Account, order_id: &str, phase: OrderPhase) {
    let reached = account.wait_for(order_id, |order| order.phase == phase);
    if let Ok(Ok(order)) = timeout(Duration::from_secs(1), reached).await {
        println!(
            "{:?}: {} {} of 5 filled",
            phase, order.side, order.filled_size
        );
    }
}
