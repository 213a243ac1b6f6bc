//! Shows what to do at each gap, and prints lifecycle events.
//!
//! The example keeps a list of open orders. When the connection is lost, it marks them as unconfirmed. When the topic is
//! live again, it queries the missed time window over REST. When the subscription has ended, it stops.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example handle_gaps
//! ```
//!
//! Without credentials it uses a local exchange, which cuts the connection and corrupts a frame, and ends by itself. With
//! `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` set, it follows that account until Ctrl-C.
#![allow(clippy::print_stdout)]

mod open_orders;
mod simulation;

use std::pin::pin;
use std::process::ExitCode;
use std::time::SystemTime;

use kucoin_streams::v1::SpotOrders;
use kucoin_streams::{Gap, GapReason, Kucoin, Timestamp};
use kucoin_streams_examples::{Error, Setup, ended, report};

use open_orders::OpenOrders;

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

    // Created before the first subscription, so that it also reports the opening of the connection.
    let mut lifecycle = kucoin.lifecycle();
    let mut orders = kucoin.subscribe(SpotOrders).await?;
    let mut open_orders = OpenOrders::default();
    let mut last_event_at = Timestamp::from(SystemTime::now());

    let mut done = pin!(setup.until_done(simulation::run));
    loop {
        tokio::select! {
            // The gap of a lost connection arrives before its lifecycle event: print them in this order.
            biased;
            result = &mut done => break result?,
            item = orders.next() => match item {
                Some(Ok(order)) => {
                    last_event_at = order.received_at();
                    println!("order      {} {}", order.order_id, order.kind);
                    open_orders.apply(&order);
                }
                Some(Err(gap)) => {
                    println!("gap        {gap}");
                    handle(&gap, last_event_at, &mut open_orders, &setup)?;
                    println!("{open_orders}");
                }
                None => return Err(ended(orders.end_reason())),
            },
            Some(event) = lifecycle.next() => println!("lifecycle  {}", event.event),
        }
    }
    println!("open orders at the end\n{open_orders}");

    kucoin.close().await;
    Ok(())
}

/// Handles one gap.
fn handle(
    gap: &Gap,
    last_event_at: Timestamp,
    open_orders: &mut OpenOrders,
    setup: &Setup,
) -> Result<(), Error> {
    match &gap.reason {
        // Orders may change without an event from now on. Do not rely on the open orders until `Live`.
        GapReason::Lost { .. } | GapReason::Refused { retrying: true, .. } => {
            open_orders.mark_unconfirmed()
        }
        GapReason::Live { .. } => {
            if let Some(window) = gap.window() {
                reconcile(window, open_orders, setup);
            }
        }
        // The subscription has ended.
        GapReason::Closed { .. } | GapReason::Refused { .. } => return Err(gap.clone().into()),
        // Overflowed: read faster. Undecodable: please report the frame in `raw`. Earlier events are missing.
        _ => {
            open_orders.mark_unconfirmed();
            reconcile(
                (last_event_at, SystemTime::now().into()),
                open_orders,
                setup,
            );
        }
    }
    Ok(())
}

/// Queries what the subscription missed. Events that arrive during the query wait in its queue.
///
/// Each event has the full state of its order, so the open orders are correct after these events, even if the response is
/// newer than some of them.
fn reconcile((from, to): (Timestamp, Timestamp), open_orders: &mut OpenOrders, setup: &Setup) {
    // The window is in local receive time. Exchange time is earlier, and REST may lag behind the stream: add a margin.
    let (start, end) = (from.as_millis() - 5_000, to.as_millis() + 1_000);
    match setup.local_exchange() {
        Some(exchange) => {
            open_orders.reconcile(&exchange.account().open_orders());
            println!(
                "           open orders reconciled; events missed from {start} to {end} (Unix time in ms)"
            );
        }
        // Call your REST client here, and pass the open orders to `open_orders.reconcile`. Without that, each order stays
        // unconfirmed until its next event.
        None => println!(
            "query REST GET /api/v1/hf/orders/active?symbol=.. for the open orders, and\n           \
             GET /api/v1/hf/fills?symbol=..&startAt={start}&endAt={end} for the missed fills"
        ),
    }
}
