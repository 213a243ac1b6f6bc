//! Connects through a proxy: token requests, REST queries and WebSockets.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example proxy
//! HTTPS_PROXY=socks5h://user:password@proxy.example:1080 cargo run -p kucoin-streams-examples --example proxy
//! ```
//!
//! Without credentials it uses a local exchange and a local proxy, and ends by itself. With `KUCOIN_API_KEY`,
//! `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` set, it follows that account until Ctrl-C, through the proxy of the
//! environment.
#![allow(clippy::print_stdout)]

use std::pin::pin;
use std::process::ExitCode;

use kucoin_streams::v1::Balances;
use kucoin_streams::{Kucoin, Proxy};
use kucoin_streams_examples::{Error, Setup, ended, report};
use kucoin_streams_exchange::{Exchange, Side};
use kucoin_streams_testkit::proxy::{ProxyServer, SOCKS};

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    let setup = Setup::from_env().await?;
    // Only for the local exchange: a SOCKS5 proxy that notes what it connects to.
    let server = ProxyServer::start(SOCKS).await;
    let proxy = match setup.local_exchange() {
        Some(_) => Proxy::new(&server.url())?,
        // HTTPS_PROXY, ALL_PROXY and NO_PROXY. The SDK never reads them by itself.
        None => Proxy::from_env()?,
    };
    println!("proxy      {proxy:?}"); // shows no password

    // If the proxy fails, the connection fails: nothing is sent around it. TLS is inside the tunnel, so the proxy sees host
    // names and no data.
    let kucoin = Kucoin::builder()
        .credentials(setup.credentials()?)
        .hosts(setup.hosts()?)
        .proxy(proxy)
        .build()?;
    let mut balances = kucoin.subscribe(Balances).await?;
    let mut done = pin!(setup.until_done(simulate));
    loop {
        tokio::select! {
            item = balances.next() => match item {
                Some(Ok(balance)) => println!("balance    {} {}", balance.currency, balance.total.unwrap_or_default()),
                Some(Err(gap)) => println!("gap        {gap}"),
                None => return Err(ended(balances.end_reason())),
            },
            result = &mut done => break result?,
        }
    }
    println!("tunnels    {:?}", server.targets());
    kucoin.close().await;
    Ok(())
}

/// Trades on the local exchange, so that there is something to see. Your own program does not need this.
async fn simulate(exchange: &Exchange) -> Result<(), Error> {
    exchange
        .account()
        .place_market("KCS-USDT", Side::Buy, 10.into())?;
    Ok(())
}
