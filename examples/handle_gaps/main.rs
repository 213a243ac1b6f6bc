//! What to do at a gap: mark what you know as in doubt when the connection is lost, ask REST for the window when it is
//! live again, and stop when it has ended. Lifecycle events beside it.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example handle_gaps
//! ```
//!
//! Without credentials it plays against a local exchange that cuts the connection and spoils a frame, and ends by
//! itself. With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` it follows that account until Ctrl-C.
#![allow(clippy::print_stdout)]

mod open_orders;
mod rehearsal;

use std::pin::pin;
use std::time::SystemTime;

use kucoin_streams::v1::SpotOrders;
use kucoin_streams::{Gap, GapReason, Kucoin, Timestamp};
use kucoin_streams_examples::{Error, Place, over};

use open_orders::OpenOrders;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let place = Place::choose().await?;
    let kucoin = Kucoin::builder()
        .credentials(place.credentials()?)
        .hosts(place.hosts()?)
        .build()?;

    // Before the first subscription, so that it reports how the connection opens too.
    let mut lifecycle = kucoin.lifecycle();
    let mut orders = kucoin.subscribe(SpotOrders).await?;
    let mut view = OpenOrders::default();
    let mut last_event_at = Timestamp::from(SystemTime::now());

    let mut end = pin!(place.until_end(rehearsal::play));
    loop {
        tokio::select! {
            // The gap of a loss is in the stream before the lifecycle reports the loss: print them in this order.
            biased;
            ended = &mut end => break ended?,
            item = orders.next() => match item {
                Some(Ok(order)) => {
                    last_event_at = order.received_at();
                    println!("order      {} {}", order.order_id, order.kind);
                    view.apply(&order);
                }
                Some(Err(gap)) => {
                    println!("gap        {gap}");
                    handle(&gap, last_event_at, &mut view, &place)?;
                    println!("{view}");
                }
                None => return Err(over(orders.end_reason())),
            },
            Some(event) = lifecycle.next() => println!("lifecycle  {}", event.event),
        }
    }
    println!("at the end\n{view}");

    kucoin.close().await;
    Ok(())
}

/// What a gap asks for.
fn handle(
    gap: &Gap,
    last_event_at: Timestamp,
    view: &mut OpenOrders,
    place: &Place,
) -> Result<(), Error> {
    match &gap.reason {
        // From now on orders change without an event. Do not trade on the view until `Live` follows.
        GapReason::Lost { .. } | GapReason::Refused { retrying: true, .. } => view.doubt(),
        GapReason::Live { .. } => {
            if let Some(window) = gap.window() {
                reconcile(window, view, place);
            }
        }
        // No more events come.
        GapReason::Closed { .. } | GapReason::Refused { .. } => return Err(gap.clone().into()),
        // Overflowed: read faster. Undecodable: `raw` is the frame, worth a bug report. Events are missing up to now.
        _ => {
            view.doubt();
            reconcile((last_event_at, SystemTime::now().into()), view, place);
        }
    }
    Ok(())
}

/// Asks the exchange what the stream has missed. Events that arrive meanwhile wait in the subscription. Each has the
/// whole state of its order, so the view is right after them even if they are older than the answer.
fn reconcile((from, to): (Timestamp, Timestamp), view: &mut OpenOrders, place: &Place) {
    // The window has local receive times: the exchange's own are earlier, and REST may lag behind the stream.
    let (start, end) = (from.as_millis() - 5_000, to.as_millis() + 1_000);
    match place.local_exchange() {
        Some(exchange) => {
            view.reconcile(&exchange.account().open_orders());
            println!("reconciled {start} to {end}");
        }
        // Your REST client belongs here, and its answer goes to `view.reconcile`. Until then the orders in the view
        // stay in doubt, each until its next event.
        None => println!(
            "ask REST   GET /api/v1/hf/orders/active?symbol=.. for what is open now, and\n           \
             GET /api/v1/hf/fills?symbol=..&startAt={start}&endAt={end} for what was traded unseen"
        ),
    }
}
