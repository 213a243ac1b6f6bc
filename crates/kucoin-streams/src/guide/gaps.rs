//! Gaps: what each one means, what to do, and how to check that no other event is missing.
//!
//! KuCoin replays nothing: events that happen while a connection is down are never pushed, and every client misses
//! them. Here the stream reports it: a [`Gap`](crate::Gap) is an item of the stream, at its position between the
//! events. [`Gap::topics`](crate::Gap::topics) lists the topics that it affects.
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
//! again independently, and the `Live` of one connection says nothing about the other. This program does that for two
//! connections. The local exchange corrupts one frame, then cuts both connections:
//!
//! ```
//! use std::collections::{HashMap, HashSet};
//! use std::process::ExitCode;
//! use std::sync::Arc;
//! use std::time::SystemTime;
//!
//! use kucoin_streams::{AnyTopic, Credentials, Gap, GapReason, Hosts, Kucoin, Timestamp, v1};
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
//!     let mut trust = Trust::new();
//!     exchange.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//!     exchange.account().futures().place_market("XBTUSDTM", Side::Buy, 1)?;
//!
//!     while let Some(item) = events.next().await {
//!         match item {
//!             Ok(update) => {
//!                 println!("event of {}", update.subscribed_topic());
//!                 trust.last_event_at.insert(update.subscribed_topic().clone(), update.received_at());
//!             }
//!             Err(gap) => {
//!                 eprintln!("{gap}");
//!                 trust.handle(&gap);
//!             }
//!         }
//!         if trust.queries == 3 {
//!             break; // only to end the example
//!         }
//!     }
//!     assert!(trust.stale.is_empty());
//!
//!     let ledger = events.ledger();
//!     assert!(ledger.iter().all(|topic| topic.is_consistent())); // every received frame is accounted for
//!     assert_eq!(ledger.iter().map(|topic| topic.undecodable).sum::<u64>(), 1);
//!     Ok(())
//! }
//!
//! /// How far the program can trust its state of each topic.
//! struct Trust {
//!     /// The topics that may miss events until `Live`: do not trade on your state of them.
//!     stale: HashSet<Arc<str>>,
//!     last_event_at: HashMap<Arc<str>, Timestamp>,
//!     subscribed_at: Timestamp,
//!     queries: u32,
//! }
//!
//! impl Trust {
//!     fn new() -> Self {
//!         Self {
//!             stale: HashSet::new(),
//!             last_event_at: HashMap::new(),
//!             subscribed_at: SystemTime::now().into(),
//!             queries: 0,
//!         }
//!     }
//!
//!     fn handle(&mut self, gap: &Gap) {
//!         match &gap.reason {
//!             GapReason::Live { .. } => {
//!                 if let Some((from, to)) = gap.window() {
//!                     self.query_rest(&gap.topics, from, to);
//!                 }
//!                 for topic in gap.topics.iter() {
//!                     self.stale.remove(topic);
//!                 }
//!             }
//!             // Do not return an error here, even if no `Live` follows: other topics may continue.
//!             GapReason::Lost { .. } | GapReason::Refused { .. } | GapReason::Closed { .. } => {
//!                 self.stale.extend(gap.topics.iter().cloned());
//!             }
//!             // `Overflowed` and `Undecodable`: query now, because no `Live` follows.
//!             _ => {
//!                 for topic in gap.topics.iter() {
//!                     let from = *self.last_event_at.get(topic).unwrap_or(&self.subscribed_at);
//!                     self.query_rest(std::slice::from_ref(topic), from, SystemTime::now().into());
//!                 }
//!             }
//!         }
//!     }
//!
//!     /// Call your REST client here. If the query fails, keep the topics stale and query again.
//!     fn query_rest(&mut self, topics: &[Arc<str>], from: Timestamp, to: Timestamp) {
//!         // These are local receive times. Exchange time is earlier, and REST may lag behind the stream.
//!         let (start_at, end_at) = (from.as_millis() - 5_000, to.as_millis() + 1_000);
//!         println!("query REST for {topics:?}: startAt={start_at}&endAt={end_at}");
//!         self.queries += 1;
//!     }
//! }
//! ```
//!
//! Events of the new connection can arrive between `Lost` and `Live`: apply them. Events that arrive during a query
//! wait in the queue of the subscription. After `Refused` with `retrying: false` or `Closed`, a topic stays stale. When
//! the stream has ended, [`end_reason`](crate::AnySubscription::end_reason) returns why. The example `handle_gaps` of
//! the repository keeps a list of open orders across losses.
//!
//! # What to query over REST
//!
//! The client has no REST calls for orders; use your own REST client. `startAt` and `endAt` are Unix times in
//! milliseconds. The response can contain fills that the stream has already reported: count each
//! [`Fill::key`](crate::Fill::key) once. Read trade IDs as text: some are JSON integers above 2^53.
//!
//! | Orders of | Open orders | Fills of the window | One order that is no longer open |
//! |---|---|---|---|
//! | V1 spot | `GET /api/v1/hf/orders/active?symbol=` | `GET /api/v1/hf/fills?symbol=&startAt=&endAt=` | `GET /api/v1/hf/orders/{orderId}?symbol=` |
//! | V1 margin (in `SpotOrders` too) | `GET /api/v3/hf/margin/orders/active?symbol=&tradeType=` | `GET /api/v3/hf/margin/fills?symbol=&tradeType=&startAt=&endAt=` | `GET /api/v3/hf/margin/orders/{orderId}?symbol=&tradeType=` |
//! | V1 futures, on `api-futures.kucoin.com` | `GET /api/v1/orders?status=active` | `GET /api/v1/recentFills` (24 h, at most 1,000), or `GET /api/v1/fills?startAt=&endAt=`, which lags | `GET /api/v1/orders/{orderId}` |
//! | Pro V2 unified account | `GET /api/ua/v1/unified/order/open-list?tradeType=&symbol=` | `GET /api/ua/v1/unified/order/execution?tradeType=&symbol=&startAt=&endAt=` | `GET /api/ua/v1/unified/order/detail?tradeType=&symbol=&orderId=` |
//!
//! `tradeType` is `MARGIN_TRADE` or `MARGIN_ISOLATED_TRADE` for V1 margin, and `SPOT`, `FUTURES` or `MARGIN` for Pro
//! V2. Untriggered stop orders of V1 are in lists of their own: `GET /api/v1/stop-order` for spot, `GET
//! /api/v1/stopOrders` for futures. Most lists are in pages: pass `limit` (`pageSize` on Pro V2 and futures), and read
//! all pages. A fill query covers at most 7 days. An API key with only the permission `General` may be refused for some
//! of these paths.
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
