//! Queries open orders, fills and balances over REST, without any stream.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example rest_queries
//! ```
//!
//! Without credentials it queries a local exchange. With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and
//! `KUCOIN_API_PASSPHRASE` set, it queries that account. All queries only read.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kucoin_streams::auth::HmacSigner;
use kucoin_streams::rest::Rest;
use kucoin_streams::{Decimal, RestTokens};
use kucoin_streams_examples::{Error, Setup, report};
use kucoin_streams_exchange::{Exchange, Side};

/// The symbol whose fills are queried: KuCoin has no list of the fills of all symbols.
const SYMBOL: &str = "KCS-USDT";

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    let setup = Setup::from_env().await?;
    if let Some(exchange) = setup.local_exchange() {
        trade(exchange)?;
    }

    // The client keeps KuCoin's rate limits. With a `Kucoin`, use `kucoin.rest()`: it shares hosts and clock.
    let tokens = RestTokens::builder(HmacSigner::new(&setup.credentials()?))
        .hosts(setup.hosts()?)
        .build()?;
    let rest = Rest::new(Arc::new(tokens));

    // `.await` returns all rows, from all pages.
    println!("open orders");
    for order in rest.spot().open_orders().await? {
        let (size, filled) = (
            order.size.unwrap_or_default(),
            order.filled_size.unwrap_or_default(),
        );
        println!("  {} {} {size}, filled {filled}", order.symbol, order.side);
    }

    println!("balances");
    for account in rest.account().balances().await? {
        println!(
            "  {:<6} {:<5} {}",
            account.account_type, account.currency, account.total
        );
    }

    // `.rows()` returns the rows one after the other, and queries a page when it is needed: here three fills a page.
    println!("fills of the last 24 hours");
    let now = SystemTime::now();
    let yesterday = now - Duration::from_secs(24 * 60 * 60);
    let fills = rest.spot().fills(SYMBOL).from(yesterday).to(now);
    let mut fills = fills.page_size(3).rows();
    let mut volume = Decimal::ZERO;
    while let Some(fill) = fills.next().await {
        // An error says whether to retry, and what to do.
        let fill = fill?.fill();
        println!(
            "  {} {:<4} {} at {}",
            fill.trade_id, fill.side, fill.size, fill.price
        );
        volume += fill.size;
    }
    println!("  {volume} in all");
    Ok(())
}

/// Trades on the local exchange, so that there is something to query. Your own program does not need this.
fn trade(exchange: &Exchange) -> Result<(), Error> {
    let account = exchange.account();
    let below = account.last_price(SYMBOL)? - Decimal::ONE;
    let order = account.place_limit(SYMBOL, Side::Buy, below, 30.into())?;
    for size in [4, 7, 2, 5, 1] {
        account.fill(&order, size.into())?;
    }
    account.place_market(SYMBOL, Side::Sell, 3.into())?;
    Ok(())
}
