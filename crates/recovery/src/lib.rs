//! Recovery of missed events of KuCoin private streams over REST, sans IO.
//!
//! KuCoin does not replay pushes. After a gap, [`Recovery`] finds out over REST what was missed, and puts it into the
//! stream where it belongs: the gap, the recovered events, a [`LiveReport`] with what could not be recovered, then the
//! live events that were held back meanwhile. At the start it yields the state as [`SnapshotRow`]s.
//!
//! It does no I/O and reads no clock: you pass in events, gaps, replies and the time, and it returns queries and items.
//! `Kucoin::recovered` of `kucoin-streams` does this for you with tokio.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Instant;
//!
//! use kucoin_streams_core::{Timestamp, Topic, WsKey};
//! use kucoin_streams_recovery::{Recoverable, Recovery, RecoveryOutput, RecoverySettings};
//! use kucoin_streams_session::ClockReading;
//! use kucoin_streams_v1::SpotOrders;
//!
//! let topic: Arc<str> = "/spotMarket/tradeOrdersV2".into();
//! let (start, wall) = (Instant::now(), Timestamp::from_nanos(1_801_000_000_000_000_000));
//! let now = ClockReading::new(start, wall);
//! let settings = RecoverySettings::default();
//! let mut recovery = Recovery::new(settings, WsKey::SpotPrivateV1, [topic.clone()], now, 0);
//!
//! // A live event: decode it, and pass it in with its facts. It is held back until the snapshot is complete.
//! let frame = r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange",
//!     "channelType":"private","data":{"symbol":"KCS-USDT","orderId":"o1","type":"open","side":"buy",
//!     "orderType":"limit","status":"open","price":"11.2","size":"3","filledSize":"0",
//!     "ts":1801000000500000000}}"#;
//! let push = SpotOrders.decode(frame)?.expect("a push of the topic");
//! recovery.on_event(now, &topic, now.wall, push.event.facts(), push.event);
//!
//! // After a second, it asks for the state. Your code sends the queries and passes the replies back.
//! let due = recovery.next_timer().expect("the first sweep");
//! let now = ClockReading::new(due, Timestamp::from_nanos(1_801_000_001_000_000_000));
//! recovery.on_timer(now);
//! while let Some((id, query)) = recovery.next_query(now) {
//!     let reply = match query.endpoint().path() {
//!         "/api/v1/timestamp" => r#"{"code":"200000","data":1801000001000}"#,
//!         "/api/v1/hf/orders/active" => {
//!             r#"{"code":"200000","data":[{"id":"o0","symbol":"KCS-USDT","side":"sell","active":true}]}"#
//!         }
//!         _ => r#"{"code":"200000","data":null}"#,
//!     };
//!     recovery.on_reply(now, id, Ok(query.read(reply)?));
//! }
//!
//! let mut items = Vec::new();
//! while let Some(output) = recovery.next_output() {
//!     items.push(match output {
//!         RecoveryOutput::Snapshot(row) => format!("open at the start: {}", row.data),
//!         RecoveryOutput::Live(report) => format!("live, complete: {}", report.is_complete()),
//!         RecoveryOutput::Event(order) => format!("live event: {} {}", order.order_id, order.kind),
//!         other => format!("{other:?}"),
//!     });
//! }
//! assert_eq!(items[1..], ["live, complete: true", "live event: o1 open"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How a gap is filled
//!
//! 1. The window starts [`overlap`](RecoverySettings::overlap) before the last event of a topic, but not before the
//!    topic was first live, and ends one [`row_delay`](RecoverySettings::row_delay) after the topics are live again.
//! 2. A sweep asks for the history first and for the state last: ledgers, fills and ended orders, open orders, orders
//!    that no list names by their ID, balances and positions. Each query is sent once, whatever number of topics needs
//!    it.
//! 3. A second sweep follows always, since rows appear late, and a third one if records contradict each other: the fills
//!    of an order and its filled size, the trades of the ledger and the fills, the bookings and the balances.
//! 4. Recovered events are sorted by exchange time in milliseconds and trade ID; the events of an order are always placed,
//!    matched, ended. What the stream has delivered is left out: a live event wins over its recovered copy.
//! 5. Live events are held back for at most [`max_hold`](RecoverySettings::max_hold). What is found later is
//!    [`late`](RecoverySource::late), and a second report follows. Queries that failed are repeated in the background, at
//!    most three times.
//!
//! An order that was open and is in no list any more is a [`VanishedOrder`] after two sweeps; it is never reported as
//! canceled. A query that KuCoin refuses for good is not sent again.
//!
//! # What is recovered
//!
//! | Topic | Recovered | Snapshot | Not recoverable |
//! |---|---|---|---|
//! | `/spotMarket/tradeOrders`, `V2` | `match` with its exact time; `open`, `filled`, `canceled` without `ts` | open orders of spot and margin | `received`, `update`; orders that were placed and canceled in the gap on a symbol that nothing names |
//! | `/spot/tradeFills` | fills of spot | | |
//! | `/market/match` | own fills of spot | | trades of others, `sequence` |
//! | `/spotMarket/advancedOrders` | `open`, `triggered`, `cancel` without `ts` | open stop orders | the error text; how a stop order ended that KuCoin forgot (vanished) |
//! | `/account/balance`, `/account/snapshotBalance` | bookings with their total | balances of all accounts | holds, and `available` and `hold` after each booking |
//! | `/margin/position`, `/margin/isolatedPosition` | | the account | changes in the gap |
//! | `/contractMarket/tradeOrders` | `match` with its exact time; `open`, `filled`, `canceled` without `ts` | open orders | `update` |
//! | `/contractMarket/advancedOrders` | `open`, `triggered`, `cancel` without `ts` | open stop orders | the error text |
//! | `/contract/position`, `positionAll` | funding settlements | open positions, and those that were closed in the gap | `changeReason`, changes in the gap, risk limits |
//! | `/contractAccount/wallet` | | the account in USDT and XBT | `version`, changes in the gap |
//! | `/contract/marginMode`, `crossLeverage` | | contracts with a position, of events, and of [`symbols`](RecoverySettings::symbols) | changes in the gap, other contracts |
//! | Pro `orderAll`, `order` | fills and ends with their exact times; placed and triggered orders | open orders, also conditional ones | `eT`, `oS`, `bT`; conditional orders that were placed and canceled in the gap |
//! | Pro `execution`, `execution.lite` | fills | | `fP` |
//! | Pro `balance` | bookings with their total (not of `FUTURES`) | balances | `available` and `hold` after each booking |
//! | Pro `positionAll`, `position` | | open positions, and those that were closed in the gap | `bP`, changes in the gap |
//! | Pro `leverage`, `lw` | | leverages of futures, cross margin; risk of the account | changes in the gap |
//! | your own topics | | | everything: [`MissingReason::NoHistory`] |
//!
//! Snapshot rows of balances, positions and settings come also after each gap, since they have no complete history.
//! [`LiveReport::missing`] names only what could have been recovered; the last column is never in it.
//!
//! Recovered frames have the form of the topic's pushes, with KuCoin's digits. Fields that REST does not have are absent;
//! fields that only REST has are kept as unknown fields of the event.
//!
//! **Unified accounts** list spot and margin orders by symbol only, and their ledger names no symbol. Queried are the
//! symbols of [`RecoverySettings::symbols`], of events and rows, and those that the currencies of the account suggest. If
//! you name no spot symbol, [`MissingReason::NoSymbols`] is always reported, and also for a traded currency that no fill
//! explains.
//!
//! # Cost
//!
//! Measured by the tests of this crate, one page for each list, without news:
//!
//! | Topics | Snapshot: requests, weight | Recovery: requests, weight |
//! |---|---|---|
//! | spot orders, 50 open orders on 10 symbols, no margin | 4, 10 | 48, 98 |
//! | the same with stop orders and balances | 13, 93 | 55, 139 |
//! | futures orders, stop orders, positions, wallet | 6, 20 | 12, 44 |
//! | unified orders, executions, positions, balance, 10 symbols | 46, 181 | 115, 454 |
//!
//! Each order that no list names costs one request more. KuCoin's quota is 4000 for spot, 2000 for futures and 2000 for
//! accounts in 30 s without a VIP level; weights are of all pools together. The clients of `kucoin-streams-rest` use at most
//! a quarter of what remains. Margin costs 3 requests if the account does not use it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod books;
mod facts;
mod frame;
mod lines;
mod output;
mod recovery;
mod settings;
mod topics;

pub use facts::{EventFacts, Recoverable};
pub use output::{
    LiveReport, MissingPart, MissingReason, Outage, RecoveredFrame, RecoveryOutput, RecoverySource,
    SnapshotRow, VanishedOrder,
};
pub use recovery::{QueryId, Recovery};
pub use settings::RecoverySettings;

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
