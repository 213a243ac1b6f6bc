//! Shows a unified account: orders, fills, balances and positions of spot and futures, kept up to date over Pro V2.
//!
//! The kept account subscribes, reads the state over REST, applies each event and fills gaps. You read one value, and know
//! whether to trust it.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example unified_account
//! ```
//!
//! Without credentials it uses a local exchange, which cuts the connection, and ends by itself. With `KUCOIN_API_KEY`,
//! `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` set, it shows that account until Ctrl-C.
#![allow(clippy::print_stdout)]

use std::pin::pin;
use std::process::ExitCode;

use kucoin_streams::{AccountChange, AccountState, Decimal, Kucoin, WsKey};
use kucoin_streams_examples::{Error, Setup, ended, pause, report};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Side};

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
    // One connection for spot, margin and futures. Without `ws_keys`, the SDK asks for the mode of the account.
    // KuCoin lists the orders of a unified account by symbol only, so name those that you trade.
    let account = kucoin
        .account()
        .ws_keys([WsKey::PrivateProV2])
        .symbols(["BTC-USDT", "ETH-USDT", "SOL-USDT", "KCS-USDT"])
        .await?;
    let mut changes = account.changes();
    show(&account.state());

    let mut done = pin!(setup.until_done(simulate));
    loop {
        tokio::select! {
            change = changes.next() => match change {
                Some(Ok(change)) => print(&change),
                // This loop was too slow. The state has what it missed.
                Some(Err(lagged)) => println!("{lagged}"),
                None => return Err(ended(changes.end_reason())),
            },
            result = &mut done => break result?,
        }
    }
    show(&account.state());
    kucoin.close().await;
    Ok(())
}

/// Prints a change with its new value.
fn print(change: &AccountChange) {
    match change {
        AccountChange::Order(order) => println!(
            "order      {:<9} {} {:?}, filled {}",
            order.symbol, order.side, order.phase, order.filled_size
        ),
        // A fill comes again when its fee becomes known.
        AccountChange::Fill(fill) => println!(
            "fill       {:<9} {} {} at {}, fee {:?}",
            fill.fill.symbol, fill.fill.side, fill.fill.size, fill.fill.price, fill.fill.fee
        ),
        AccountChange::Position(position) => println!(
            "position   {:<9} {} at {:?}",
            position.symbol, position.size, position.entry_price
        ),
        AccountChange::Trust(part) => println!("trust      {}: {}", part.part, part.trust),
        // Frames that cannot both be true, and amounts that do not add up: look before you trade.
        AccountChange::Violation(violation) => println!("violation  {violation}"),
        AccountChange::Discrepancy(found) => println!("audit      {found}"),
        _ => {}
    }
}

/// Prints the state: one value for one decision, which does not change while you look at it.
fn show(state: &AccountState) {
    println!("state      {} open orders", state.open_orders().count());
    for balance in state
        .balances()
        .filter(|row| row.total != Some(Decimal::ZERO))
    {
        // Each row knows whether it is live.
        let (total, trust) = (balance.total.unwrap_or_default(), balance.trust());
        println!(
            "  {:<8} {:<5} {total} ({trust})",
            balance.account, balance.currency
        );
    }
    for position in state.positions().filter(|row| !row.size.is_zero()) {
        println!(
            "  {} {} ({})",
            position.symbol,
            position.size,
            position.trust()
        );
    }
}

/// Trades on the local exchange, so that there is something to see. Your own program does not need this.
async fn simulate(exchange: &Exchange) -> Result<(), Error> {
    let account = exchange.account();
    account.place_market("KCS-USDT", Side::Buy, 10.into())?;
    pause().await;
    account.futures().place_market("XBTUSDTM", Side::Sell, 2)?;
    pause().await;
    // What happens while the connection is lost is fetched: the account is stale, then recovering, then live.
    exchange.inject(Effect::Cut(Cut::Reset));
    account.place_market("KCS-USDT", Side::Sell, 4.into())?;
    tokio::time::sleep(std::time::Duration::from_secs(8)).await;
    Ok(())
}
