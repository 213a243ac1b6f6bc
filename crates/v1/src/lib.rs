//! KuCoin's V1 private stream ("Classic"): protocol, topics and typed events.
//!
//! On the spot connection, [`SpotPrivate`], which serves margin too:
//!
//! | Topic | Path | Event | Pushed when |
//! |---|---|---|---|
//! | [`SpotOrders`] | `/spotMarket/tradeOrdersV2` | [`SpotOrder`] | an order is received, rests, trades, is cut or ends |
//! | [`SpotOrdersV1`] | `/spotMarket/tradeOrders` | [`SpotOrder`] | the same, without `received` |
//! | [`Balances`] | `/account/balance` | [`Balance`] | any balance of any account changes |
//! | [`BalanceSnapshots`] | `/account/snapshotBalance` | [`Balance`] | the same, of an undocumented topic |
//! | [`SpotStopOrders`] | `/spotMarket/advancedOrders` | [`SpotStopOrder`] | a stop order is placed, triggered or cancelled |
//! | [`MarketMatches`] | `/market/match:SYMBOL` | [`MarketMatch`] | a trade is made in one of its markets, by the user as KuCoin says |
//! | [`SpotTradeFills`] | `/spot/tradeFills` | [`SpotTradeFill`] | an own order trades, of an undocumented topic |
//! | [`MarginPositions`] | `/margin/position` | [`MarginPosition`] | every few seconds while the cross-margin account owes; its status changes |
//! | [`IsolatedMarginPositions`] | `/margin/isolatedPosition:SYMBOL` | [`IsolatedMarginPosition`] | the isolated-margin account of its market changes |
//!
//! On the futures connection, [`FuturesPrivate`]:
//!
//! | Topic | Path | Event | Pushed when |
//! |---|---|---|---|
//! | [`FuturesOrders`] | `/contractMarket/tradeOrders` | [`FuturesOrder`] | an order rests, trades, is cut or ends |
//! | [`FuturesSymbolOrders`] | `/contractMarket/tradeOrders:SYMBOL` | [`FuturesOrder`] | the same, of its contract |
//! | [`FuturesStopOrders`] | `/contractMarket/advancedOrders` | [`FuturesStopOrder`] | a stop order is placed, triggered or cancelled |
//! | [`FuturesWallet`] | `/contractAccount/wallet` | [`FuturesWalletChange`] | balance or margin of a settle currency changes |
//! | [`FuturesPositions`] | `/contract/positionAll` | [`FuturesPosition`] | a position changes, by itself or with the mark price; its funding is settled; its risk limit is adjusted |
//! | [`FuturesSymbolPosition`] | `/contract/position:SYMBOL` | [`FuturesPosition`] | the same, of its contract |
//! | [`FuturesMarginModes`] | `/contract/marginMode` | [`FuturesMarginModeChange`] | a contract is switched between isolated and cross margin |
//! | [`FuturesCrossLeverages`] | `/contract/crossLeverage` | [`FuturesCrossLeverageChange`] | the leverage of a contract on cross margin changes |
//!
//! Each topic is a type that fixes its connection and its event. [`AnySpotTopic`] and [`AnyFuturesTopic`] are any
//! topic of one connection, parsed from its path; [`AnyV1Topic`] is any at all, and [`decode`] reads recorded frames of
//! any. Nothing that the exchange sends is lost on the way: what a type does not know or could not read stands in its
//! `extra`, and serialization writes every value under the name that it came by. `serde_json` deserializes an event from
//! that, and from the data of a frame.
//!
//! # Decoding a frame
//!
//! ```
//! use kucoin_streams_v1::SpotOrders;
//! use kucoin_streams_core::Topic;
//!
//! let frame = r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange",
//!     "channelType":"private","data":{"symbol":"KCS-USDT","side":"buy","orderType":"limit","type":"match",
//!     "status":"match","orderId":"670fd33bf9406e0007ab3945","price":"11.2","size":"3","filledSize":"1.5",
//!     "matchPrice":"11.19","matchSize":"1.5","tradeId":"11067996711960577","liquidity":"taker",
//!     "feeType":"takerFee","orderTime":1730000000000,"ts":1730000000000000123}}"#;
//! if let Some(push) = SpotOrders.decode(frame)?
//!     && let Some(fill) = push.event.fill()
//! {
//!     println!("{} {} {} at {}", fill.side, fill.size, fill.symbol, fill.price);
//! }
//! # Ok::<(), kucoin_streams_core::DecodeError>(())
//! ```
//!
//! # A topic of the other connection does not compile
//!
//! What is meant for the spot connection takes its topics:
//!
//! ```
//! use kucoin_streams_v1::{FuturesOrders, SpotOrders, SpotPrivate};
//! use kucoin_streams_core::Topic;
//!
//! fn subscribe_on_spot(topic: impl Topic<Kind = SpotPrivate>) {}
//!
//! subscribe_on_spot(SpotOrders);
//! ```
//!
//! and no topic of the futures connection:
//!
//! ```compile_fail,E0271
//! use kucoin_streams_v1::{FuturesOrders, SpotOrders, SpotPrivate};
//! use kucoin_streams_core::Topic;
//!
//! fn subscribe_on_spot(topic: impl Topic<Kind = SpotPrivate>) {}
//!
//! subscribe_on_spot(FuturesOrders);
//! ```
//!
//! Nor does it get there among others:
//!
//! ```
//! # use kucoin_streams_v1::{AnySpotTopic, FuturesOrders, SpotOrders};
//! let topics: Vec<AnySpotTopic> = vec![SpotOrders.into()];
//! ```
//!
//! ```compile_fail,E0277
//! # use kucoin_streams_v1::{AnySpotTopic, FuturesOrders, SpotOrders};
//! let topics: Vec<AnySpotTopic> = vec![FuturesOrders.into()];
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod any;
mod envelope;
mod order;
mod path;
mod protocol;
mod refusal;
mod subjects;
mod symbol;
mod topic;

pub mod futures;
pub mod margin;
pub mod spot;

pub use any::{AnyV1Topic, ParseTopicError, V1Event, decode};
pub use order::{FeeType, OrderStatus, OrderType};
pub use path::TopicPath;
pub use protocol::{FuturesPrivate, SpotPrivate, V1};
pub use subjects::OtherChange;
pub use symbol::SymbolError;

#[doc(inline)]
pub use futures::*;
#[doc(inline)]
pub use margin::*;
#[doc(inline)]
pub use spot::*;

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
