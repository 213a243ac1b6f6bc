//! What to do at a gap: doubt what you know, ask REST for the window, and go on. Lifecycle events beside it.
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
use kucoin_streams::{Gap, GapReason, Kucoin, LifecycleEvent, Timestamp};
use kucoin_streams_examples::{Error, Place, over};

use open_orders::OpenOrders;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let place = Place::choose().await?;
    let kucoin = Kucoin::builder()
        .credentials(place.credentials()?)
        .hosts(place.hosts()?)
        .build()?;

    // Taken before the first subscription, so that nothing of the connection's life is missed.
    let mut lifecycle = kucoin.lifecycle();
    let mut orders = kucoin.subscribe(SpotOrders).await?;
    let mut view = OpenOrders::default();
    let mut last_event_at = Timestamp::from(SystemTime::now());

    let mut end = pin!(place.until_end(rehearsal::play));
    loop {
        tokio::select! {
            // A gap is in the stream before its reconnection is told, and in this order it is shown so.
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
                    view.doubt();
                    println!("{view}");
                    reconcile(&place, &gap, last_event_at, &mut view)?;
                }
                None => return Err(over(orders.end_reason())),
            },
            Some(event) = lifecycle.next() => show(&event.event),
        }
    }
    println!("at the end\n{view}");

    kucoin.close().await;
    Ok(())
}

/// Learns what the stream may have missed. Events that arrive meanwhile wait in the subscription; each tells the
/// whole state of its order, so applying them after the answer ends at the truth, even those older than the answer.
fn reconcile(
    place: &Place,
    gap: &Gap,
    last_event_at: Timestamp,
    view: &mut OpenOrders,
) -> Result<(), Error> {
    let now = Timestamp::from(SystemTime::now());
    let (from, to) = match &gap.reason {
        GapReason::Reconnected {
            last_event_at,
            lost_at,
            live_at,
            ..
        } => (last_event_at.unwrap_or(*lost_at), *live_at),
        // No more events of this topic will come, so there is nothing to go on with.
        GapReason::Refused { .. } => return Err(gap.to_string().into()),
        // Overflowed: read faster. Undecodable: `raw` is the frame, worth a bug report. Either way events are missing.
        _ => (last_event_at, now),
    };
    // A second more on each side: these times are by this machine's clock, and REST may lag behind the stream.
    let (start, end) = (from.as_millis() - 1_000, to.as_millis() + 1_000);
    match place.local_exchange() {
        Some(exchange) => {
            view.reconcile(&exchange.account().open_orders());
            println!("reconciled {start} to {end}\n{view}");
        }
        // Your REST client belongs here, and its answer goes to `view.reconcile`. Until then the orders in the view
        // stay in doubt, each until its next event.
        None => println!(
            "ask REST   GET /api/v1/hf/orders/active?symbol=.. for what is open now, and\n           \
             GET /api/v1/hf/fills?symbol=..&startAt={start}&endAt={end} for what was traded unseen"
        ),
    }
    Ok(())
}

fn show(event: &LifecycleEvent) {
    match event {
        LifecycleEvent::Reconnect {
            cause,
            attempt,
            delay,
        } => {
            println!(
                "lifecycle  lost while {}: {cause}; attempt {attempt} in {delay:.1?}",
                cause.stage
            );
        }
        // Only now is every topic live again.
        LifecycleEvent::Reconnected { down_for, .. } => {
            println!("lifecycle  reconnected after {down_for:.1?}")
        }
        LifecycleEvent::Response { topic, ok } => println!(
            "lifecycle  {topic} {}",
            if *ok { "acknowledged" } else { "refused" }
        ),
        other => println!("lifecycle  {other:?}"),
    }
}
