//! Follows several accounts in one process: one stream of their changes, and a state for each.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example many_accounts
//! ```
//!
//! Without credentials it uses two local exchanges, since each has one account, and ends by itself. With `KUCOIN_API_KEY`,
//! `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` set, it follows that account and one with a wrong key until Ctrl-C.
#![allow(clippy::print_stdout)]

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use kucoin_streams::{AccountChange, Credentials, Fleet, FleetEvent, WsKey};
use kucoin_streams_examples::{Error, Setup, report};
use kucoin_streams_exchange::{Exchange, Side};

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    let (first, second) = (Setup::from_env().await?, Setup::from_env().await?);
    // Settings of all accounts. 16 of them start at the same time, so that their queries do not storm.
    let fleet = Fleet::builder()
        .account(|account| account.ws_keys([WsKey::SpotPrivateV1]))
        .build();
    let wrong = Credentials::new("wrong-key", "wrong-secret", "wrong-passphrase")?;
    let mut accounts = vec![
        ("desk 1", &first, first.credentials()?),
        ("desk 3", &first, wrong),
    ];
    if second.local_exchange().is_some() {
        accounts.push(("desk 2", &second, second.credentials()?));
    }
    for (label, setup, credentials) in accounts {
        let hosts = setup.hosts()?;
        // At KuCoin, `fleet.add(label, credentials)` is enough.
        fleet.add_with(
            label,
            |client| client.credentials(credentials).hosts(hosts),
            |account| account,
        )?;
    }

    let mut changes = fleet.changes();
    let mut done =
        pin!(second.until_done(async |exchange: &Exchange| simulate(&fleet, exchange).await));
    loop {
        tokio::select! {
            event = changes.next() => match event {
                Some((label, event)) => print(&label, &event),
                None => return Err("the fleet is closed".into()),
            },
            result = &mut done => break result?,
        }
    }
    println!("totals  {:?}", fleet.totals());
    fleet.close().await;
    Ok(())
}

/// Prints what happened to one account. An account that is refused, down or slow never delays the others.
fn print(label: &str, event: &FleetEvent) {
    match event {
        FleetEvent::Started(account) => println!(
            "{label}  started, {} open orders",
            account.state().open_orders().count()
        ),
        FleetEvent::Change(AccountChange::Fill(fill)) => {
            let fill = &fill.fill;
            println!(
                "{label}  {} {} {} at {}",
                fill.symbol, fill.side, fill.size, fill.price
            );
        }
        FleetEvent::Change(_) => {}
        FleetEvent::Lagged(lagged) => println!("{label}  {lagged}"),
        // A wrong key is not tried again: call `fleet.replace_key`. Everything else is, with growing delays.
        FleetEvent::StartFailed(failure) => println!("{label}  {failure}"),
        FleetEvent::Ended(reason) => println!("{label}  ended: {reason}"),
        _ => {}
    }
}

/// Trades on the local exchange, so that there is something to see. Your own program does not need this.
async fn simulate(fleet: &Fleet, exchange: &Exchange) -> Result<(), Error> {
    while fleet.get("desk 2").is_none() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    exchange
        .account()
        .place_market("KCS-USDT", Side::Buy, 10.into())?;
    Ok(())
}
