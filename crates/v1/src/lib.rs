//! KuCoin's private V1 ("Classic") WebSocket streams: protocol, topics and typed events.
//!
//! Topics of the spot connection, [`SpotPrivate`], which serves margin too:
//!
//! | Topic | Path | Event | Pushed when |
//! |---|---|---|---|
//! | [`SpotOrders`] | `/spotMarket/tradeOrdersV2` | [`SpotOrder`] | an order is received, opened, matched, reduced, filled or canceled |
//! | [`SpotOrdersV1`] | `/spotMarket/tradeOrders` | [`SpotOrder`] | the same, but not when an order is received |
//! | [`Balances`] | `/account/balance` | [`Balance`] | a balance of a spot or margin account changes |
//! | [`BalanceSnapshots`] | `/account/snapshotBalance` | [`Balance`] | the same (undocumented topic) |
//! | [`SpotStopOrders`] | `/spotMarket/advancedOrders` | [`SpotStopOrder`] | a stop order is placed, triggered or canceled |
//! | [`MarketMatches`] | `/market/match:SYMBOL` | [`MarketMatch`] | an order of the user trades in the market, as KuCoin documents it |
//! | [`SpotTradeFills`] | `/spot/tradeFills` | [`SpotTradeFill`] | an order of the user trades (undocumented topic) |
//! | [`MarginPositions`] | `/margin/position` | [`MarginPosition`] | every few seconds while the cross-margin account has debts, and when its status changes |
//! | [`IsolatedMarginPositions`] | `/margin/isolatedPosition:SYMBOL` | [`IsolatedMarginPosition`] | the isolated-margin account of the market changes |
//!
//! Topics of the futures connection, [`FuturesPrivate`]:
//!
//! | Topic | Path | Event | Pushed when |
//! |---|---|---|---|
//! | [`FuturesOrders`] | `/contractMarket/tradeOrders` | [`FuturesOrder`] | an order is opened, matched, reduced, filled or canceled |
//! | [`FuturesSymbolOrders`] | `/contractMarket/tradeOrders:SYMBOL` | [`FuturesOrder`] | the same, for one contract |
//! | [`FuturesStopOrders`] | `/contractMarket/advancedOrders` | [`FuturesStopOrder`] | a stop order is placed, triggered or canceled |
//! | [`FuturesWallet`] | `/contractAccount/wallet` | [`FuturesWalletChange`] | the balance or margin of a settlement currency changes |
//! | [`FuturesPositions`] | `/contract/positionAll` | [`FuturesPosition`] | a position or its mark price changes, a funding fee is settled, or a risk limit is adjusted |
//! | [`FuturesSymbolPosition`] | `/contract/position:SYMBOL` | [`FuturesPosition`] | the same, for one contract |
//! | [`FuturesMarginModes`] | `/contract/marginMode` | [`FuturesMarginModeChange`] | a contract is switched between isolated and cross margin |
//! | [`FuturesCrossLeverages`] | `/contract/crossLeverage` | [`FuturesCrossLeverageChange`] | the cross-margin leverage of a contract changes |
//!
//! Each topic is a type that determines its connection and its event. If you choose topics at run time, parse
//! [`AnySpotTopic`] or [`AnyFuturesTopic`] (one connection) or [`AnyV1Topic`] (both) from a path. [`decode`] decodes
//! recorded frames of any topic.
//!
//! Events are lossless. Unknown fields, and values that cannot be decoded, are in the `extra` field of each type.
//! Serialization writes every value under KuCoin's name. `serde_json` deserializes an event from its serialized
//! form, or from the `data` of a frame.
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
//! # A topic of the wrong connection does not compile
//!
//! A function for the spot connection accepts spot topics:
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
//! A futures topic is a compile error:
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
//! A list of [`AnySpotTopic`] accepts spot topics only, so the second list does not compile:
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

#[doc(hidden)]
#[deprecated(note = "renamed to `AnyV1Topic`")]
pub type AnyTopic = AnyV1Topic;
#[doc(hidden)]
#[deprecated(note = "renamed to `V1Event`")]
pub type Event = V1Event;

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
