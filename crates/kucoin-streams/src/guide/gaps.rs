//! Gaps: what each one means, and how to check that no other event is missing.
//!
//! KuCoin replays nothing: events that happen while a connection is down are never pushed, and every client misses
//! them. Here the stream reports it: a [`Gap`](crate::Gap) is an item of the stream, at its position between the
//! events. [`Gap::topics`](crate::Gap::topics) lists the topics that it affects.
//!
//! **To have gaps filled, use [recovery](super::recovery)**: it queries what was missed and yields it as events. This
//! chapter is about subscriptions without it.
//!
//! | [`GapReason`](crate::GapReason) | What happened | What to do |
//! |---|---|---|
//! | `Lost` | the connection is lost; the client reconnects | treat your state of these topics as stale until `Live` |
//! | `Live` | the topics are subscribed again | query REST for [`Gap::window`](crate::Gap::window); then your state of these topics is up to date again |
//! | `Overflowed` | your code reads too slowly; `missed` frames were dropped | query REST at once, from the last event until now, since no `Live` follows; read faster |
//! | `Undecodable` | a frame cannot be decoded; `raw` is the whole frame | query REST at once, from the last event until now, since no `Live` follows; report the frame |
//! | `Refused`, `retrying: true` | KuCoin refuses the topic temporarily, for example because it is busy; the client retries | treat your state of the topic as stale until `Live` |
//! | `Refused`, `retrying: false` | KuCoin refuses the topic; no more events of it follow, but those of the other topics continue | check its name and the permissions of the API key; keep reading |
//! | `Closed` | the connection is closed; no more events of these topics follow | query REST from the last event until now; fix the cause, then subscribe again |
//!
//! Track for each topic whether you can trust your state, not in one flag: topics of two connections are lost and live
//! again independently, and the `Live` of one connection says nothing about the other. In this program, the local
//! exchange corrupts one frame, then cuts both connections:
//!
//! ```
//! use std::collections::HashSet;
//! use std::process::ExitCode;
//! use std::sync::Arc;
//!
//! use kucoin_streams::{AnyTopic, Credentials, GapReason, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Exchange, Faults, Side};
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     match run().await {
//!         Ok(()) => ExitCode::SUCCESS,
//!         Err(error) => {
//!             eprintln!("error: {error}"); // the text names the cause and what to do
//!             ExitCode::FAILURE
//!         }
//!     }
//! }
//!
//! async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! #     if !cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) { return Ok(()) }
//!     let faults: Faults = "after 1 frames: garble-frame
//!                           after 2 frames: cut how=eof times=2".parse()?;
//!     let exchange = Exchange::builder().faults(faults).start().await?;
//!     let demo = exchange.credentials();
//!     let kucoin = Kucoin::builder()
//!         .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
//!         .hosts(Hosts::local(&exchange.rest_url())?)
//!         .build()?;
//!     let topics: Vec<AnyTopic> = vec![v1::SpotOrders.into(), v1::FuturesOrders.into()];
//!     let mut events = kucoin.subscribe_any(topics).await?;
//!     exchange.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//!     exchange.account().futures().place_market("XBTUSDTM", Side::Buy, 1)?;
//!
//!     // The topics that may miss events until `Live`: do not trade on your state of them.
//!     let mut stale: HashSet<Arc<str>> = HashSet::new();
//!     let mut queries = 0;
//!     while let Some(item) = events.next().await {
//!         let gap = match item {
//!             Ok(update) => {
//!                 println!("event of {}", update.subscribed_topic());
//!                 continue;
//!             }
//!             Err(gap) => gap,
//!         };
//!         eprintln!("{gap}");
//!         match &gap.reason {
//!             // Do not return an error here, even if no `Live` follows: other topics may continue.
//!             GapReason::Lost { .. } | GapReason::Refused { .. } | GapReason::Closed { .. } => {
//!                 stale.extend(gap.topics.iter().cloned());
//!             }
//!             GapReason::Live { .. } => {
//!                 queries += 1; // over `gap.window()`
//!                 stale.retain(|topic| !gap.topics.contains(topic));
//!             }
//!             // `Overflowed` and `Undecodable`: at once, because no `Live` follows.
//!             _ => queries += 1,
//!         }
//!         if queries == 3 {
//!             break; // only to end the example
//!         }
//!     }
//!     assert!(stale.is_empty());
//!
//!     let ledger = events.ledger();
//!     assert!(ledger.iter().all(|topic| topic.is_consistent())); // every received frame is accounted for
//!     assert_eq!(ledger.iter().map(|topic| topic.undecodable).sum::<u64>(), 1);
//!     Ok(())
//! }
//! ```
//!
//! Events of the new connection can arrive between `Lost` and `Live`: apply them. After `Refused` with
//! `retrying: false` or `Closed`, a topic stays stale. When the stream has ended,
//! [`end_reason`](crate::AnySubscription::end_reason) returns why.
//!
//! # If you query REST yourself
//!
//! [`Kucoin::rest`](crate::Kucoin::rest) has the [queries](crate::rest), with their limits and permissions. Start a few
//! seconds before the window, because its times are local receive times, and query again a few seconds later, because
//! rows can appear late. The rows can contain fills that the stream has already reported: count each
//! [`Fill::key`](crate::Fill::key) once.
//!
//! # The ledger and the end
//!
//! [`Subscription::ledger`](crate::Subscription::ledger) counts the frames of each topic: received, delivered, dropped
//! and so on. [`Subscription::end_reason`](crate::Subscription::end_reason) returns why the stream has ended.
//! [`Subscription::handle`](crate::Subscription::handle) returns a handle to both, for example for use after `map`. It
//! needs `let mut` on the subscription.
//!
//! # Slow consumers
//!
//! A subscription queues up to 8,192 frames or 16 MiB by default, whichever comes first. If its queue is full, the
//! connection stops reading for at most [`backpressure_timeout`](crate::Config::backpressure_timeout), 1 s by default.
//! Meanwhile the other subscriptions of the connection receive nothing; heartbeats and other connections continue.
//! After that, frames of the slow subscription are dropped, and `Overflowed` contains their number. With
//! [`SlowConsumer::Disconnect`](crate::SlowConsumer), the subscription ends after this gap, on all its connections;
//! unread events of the others are dropped.
//!
//! # When KuCoin changes its format
//!
//! KuCoin adds fields and enum words without notice. No event is lost by that: an unknown field or a value of another
//! type is kept in the event's `extra`, and an unknown word in `Unknown`. [`Kucoin::drift`](crate::Kucoin::drift) lists
//! what was found, by subscribed topic: kind, path (such as `data.orderType`), count, time, and a sample without the value,
//! such as `text(24)`. Only an unknown enum word of letters is shown. At most 32 findings a topic are listed; the rest is
//! counted by kind. Each is logged once, an unknown field as `info`, anything else as `warn`.
//!
//! | [`FindingKind`](crate::FindingKind) | What to do |
//! |---|---|
//! | `UnknownField` | nothing; report it, so that the field gets a type |
//! | `UnknownWord` | check how your code treats `Unknown` |
//! | `WrongType` | check what your code does if the field is `None`; the value is in `extra` |
//! | `MissingField` | the same; if the field is required, the push is undecodable and a gap |
//!
//! A number that comes as text, or the reverse for a number, is no finding, nor is an optional field that is absent, `null`
//! or empty. `kucoin-streams decode --drift FILE` does the same for recorded frames, and `watch --stats` at its end.
