//! Gaps: what each one means, what to do, and how to check that no other event is missing.
//!
//! KuCoin replays nothing: events that happen while a connection is down are never pushed, and every client misses
//! them. Here the stream reports it: a [`Gap`](crate::Gap) is an item of the stream, at its position between the events.
//!
//! | [`GapReason`](crate::GapReason) | What happened | What to do |
//! |---|---|---|
//! | `Lost` | the connection is lost; the client reconnects | treat your state of these topics as stale |
//! | `Live` | the topics are subscribed again | query REST for [`Gap::window`](crate::Gap::window); then your state is up to date again |
//! | `Overflowed` | your code reads too slowly; `missed` frames were dropped | query REST from the last event until now; read faster |
//! | `Undecodable` | a frame cannot be decoded; `raw` is the whole frame | query REST from the last event until now; report the frame |
//! | `Refused`, `retrying: true` | KuCoin refuses the topic for now, for example because it is busy; the client retries | treat your state of the topic as stale until `Live` |
//! | `Refused`, `retrying: false` | KuCoin refuses the topic; no more events of it follow | check its name and the permissions of the API key |
//! | `Closed` | the connection is closed; `None` follows | query REST from the last event until now; fix the cause, then subscribe again |
//!
//! Events of the new connection can arrive between `Lost` and `Live`: apply them. Start the REST query a few seconds
//! before the window: its times are local receive times, and the exchange's times are earlier. The example `handle_gaps`
//! of the repository keeps a list of open orders across losses, and names the REST calls.
//!
//! ```
//! use kucoin_streams::{Credentials, GapReason, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Cut, Effect, Exchange, Side};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) { return Ok(()) }
//! # let exchange = Exchange::builder().start().await?;
//! # let demo = exchange.credentials();
//! # let kucoin = Kucoin::builder()
//! #     .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
//! #     .hosts(Hosts::local(&exchange.rest_url())?)
//! #     .build()?;
//! let mut orders = kucoin.subscribe(v1::SpotOrders).await?;
//! exchange.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//! exchange.inject(Effect::Cut(Cut::Reset)); // the connection is lost
//!
//! let mut trusted = true;
//! while let Some(item) = orders.next().await {
//!     match item {
//!         Ok(order) => println!("{} {}", order.order_id, order.kind),
//!         Err(gap) => match &gap.reason {
//!             GapReason::Live { .. } => {
//!                 let (from, to) = gap.window().ok_or("`Live` has a window")?;
//!                 let from = from.as_millis() - 5_000;
//!                 println!("query REST from {from} to {}", to.as_millis());
//!                 trusted = true;
//!                 break; // only to end the example
//!             }
//!             GapReason::Closed { .. } => return Err(gap.into()),
//!             GapReason::Refused { retrying: false, .. } => return Err(gap.into()),
//!             _ => {
//!                 eprintln!("{gap}");
//!                 trusted = false;
//!             }
//!         },
//!     }
//! }
//! assert!(trusted);
//!
//! let ledger = orders.ledger().remove(0);
//! assert!(ledger.is_consistent()); // every received frame is accounted for
//! assert_eq!(ledger.overflowed + ledger.undecodable, 0);
//! # Ok(()) }
//! ```
//!
//! # The ledger and the end
//!
//! [`Subscription::ledger`](crate::Subscription::ledger) counts the frames of each topic: received, delivered, dropped
//! and so on. [`Subscription::end_reason`](crate::Subscription::end_reason) returns why the stream has ended.
//! [`Subscription::handle`](crate::Subscription::handle) returns a handle to both, for example for use after `map`.
//!
//! # Slow consumers
//!
//! A subscription queues up to 8,192 frames or 16 MiB by default, whichever comes first. If its queue is full, the
//! connection stops reading for at most [`backpressure_timeout`](crate::Config::backpressure_timeout), 1 s by default.
//! Meanwhile the other subscriptions of the connection receive nothing; heartbeats and other connections continue. After
//! that, frames of the slow subscription are dropped, and `Overflowed` has their number. With
//! [`SlowConsumer::Disconnect`](crate::SlowConsumer), the subscription ends after this gap.
