//! Gaps: what each one means, what to do, and how to prove that nothing else is missing.
//!
//! KuCoin replays nothing. What happens while a connection is down is never pushed, so every client misses it; here the
//! stream says so. A [`Gap`](crate::Gap) is an item of the stream, in its place between the events.
//!
//! | [`GapReason`](crate::GapReason) | What happened | What to do |
//! |---|---|---|
//! | `Lost` | the connection is lost; another attempt follows by itself | stop trusting your state of these topics |
//! | `Live` | the topics are subscribed again | query REST for [`Gap::window`](crate::Gap::window), then trust your state again |
//! | `Overflowed` | your code was too slow; `missed` frames were dropped | query REST from the last event until now; read faster |
//! | `Undecodable` | this frame could not be decoded; `raw` is the whole frame | query REST from the last event until now; report the frame |
//! | `Refused`, `retrying: true` | KuCoin is too busy for this topic; it is requested again | stop trusting your state of the topic until `Live` |
//! | `Refused`, `retrying: false` | KuCoin refuses the topic for good | check its name and the permissions of the key |
//! | `Closed` | the connection has ended for good; `None` follows | fix the reason, then subscribe again |
//!
//! Events of the new connection can arrive between `Lost` and `Live`: apply them. Start the REST query a few seconds
//! before the window, because its times are local receive times. The example `handle_gaps` of the repository keeps a list of open
//! orders through losses, and names the REST calls.
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
//! [`Subscription::ledger`](crate::Subscription::ledger) counts, topic by topic, every frame that was received and what
//! became of it. [`Subscription::end_reason`](crate::Subscription::end_reason) returns why the stream returned `None`.
//! [`Subscription::handle`](crate::Subscription::handle) shows both from elsewhere, for example after `map`.
//!
//! # Slow consumers
//!
//! A subscription queues 8,192 frames or 16 MiB. If its queue is full, the connection stops reading for at most
//! [`backpressure_timeout`](crate::Config::backpressure_timeout), 1 s by default; then the frames of this subscription
//! are dropped and counted in `Overflowed`. With [`SlowConsumer::Disconnect`](crate::SlowConsumer) the subscription
//! ends instead. The other subscriptions of the connection wait meanwhile; heartbeats and other connections go on.
