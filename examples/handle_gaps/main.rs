//! Keeps a list of the open orders over gaps, which the SDK fills over REST.
//!
//! The list begins with the orders that are open now. While the connection is lost, the list is stale. Then the missed
//! events arrive like any other, and a report says whether anything is missing.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example handle_gaps
//! ```
//!
//! Without credentials it uses a local exchange, which cuts the connection and corrupts a frame, and ends by itself. With
//! `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` set, it follows that account until Ctrl-C.
#![allow(clippy::print_stdout)]

mod simulation;

use std::collections::BTreeMap;
use std::pin::pin;
use std::process::ExitCode;

use kucoin_streams::rest::SpotOrderRow;
use kucoin_streams::v1::{SpotOrder, SpotOrders};
use kucoin_streams::{GapReason, Kucoin, Origin, RecoveredItem, Text};
use kucoin_streams_examples::{Error, Setup, ended, report};

/// Open orders, by order ID.
type OpenOrders = BTreeMap<Text, String>;

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

    let mut orders = kucoin.recovered(kucoin.subscribe(SpotOrders).await?);
    let mut open_orders = OpenOrders::new();
    let mut done = pin!(setup.until_done(simulation::run));
    loop {
        tokio::select! {
            result = &mut done => break result?,
            item = orders.next() => match item {
                Some(item) => handle(item, &mut open_orders)?,
                None => return Err(ended(orders.end_reason())),
            },
        }
    }

    kucoin.close().await;
    Ok(())
}

/// Handles one item of the subscription.
fn handle(item: RecoveredItem<SpotOrder>, open_orders: &mut OpenOrders) -> Result<(), Error> {
    match item {
        // An order that is open now. It comes before the first events.
        RecoveredItem::Snapshot(row) => {
            let row: SpotOrderRow = row.read()?;
            println!("open       {} {} {}", row.order_id, row.side, row.symbol);
            let text = format!("{} {}", row.side, row.symbol);
            open_orders.insert(row.order_id, text);
        }
        // Live or recovered: each event comes once, in order, so both are handled alike.
        RecoveredItem::Event(order) => {
            let origin = match order.origin() {
                Origin::Recovered { .. } => "recovered",
                _ => "live",
            };
            println!("{origin:<10} {} {}", order.order_id, order.kind);
            if order.is_done() {
                open_orders.remove(&order.order_id);
            } else {
                let text = format!("{} {}", order.side, order.symbol);
                open_orders.insert(order.order_id.clone(), text);
            }
        }
        // The order has ended during a gap, but KuCoin does not say how: look at your balance or position.
        RecoveredItem::Vanished(order) => {
            println!("vanished   {}", order.order_id);
            open_orders.remove(&order.order_id);
        }
        // From here on the list may be wrong: do not trade by it until the report.
        RecoveredItem::Gap(gap) => {
            println!("stale      {gap}");
            // No report follows if the topic has ended.
            if let GapReason::Closed { .. }
            | GapReason::Refused {
                retrying: false, ..
            } = gap.reason
            {
                return Err(gap.into());
            }
        }
        // The list is right again, unless a part is missing: `reason` says whether to wait, to fix or to look yourself.
        RecoveredItem::Live(report) => {
            println!("live       {} open orders", open_orders.len());
            for part in &report.missing {
                println!("missing    {part}");
            }
        }
        _ => {}
    }
    Ok(())
}
