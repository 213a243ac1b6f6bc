//! KuCoin's Pro V2 private stream: protocol, channels and typed events.
//!
//! One connection carries spot, margin and futures.
//!
//! | Channel | Pushed as (`T`) | Topic | Event | Pushed when |
//! |---|---|---|---|---|
//! | `orderAll?tradeType=UNIFIED` | `orderAll.UNIFIED` | [`Orders::all`] | [`Order`] | any order changes |
//! | `order?tradeType=UNIFIED&symbol=BTC-USDT` | `order.UNIFIED` | [`Orders::symbol`] | [`Order`] | an order of the symbol changes |
//! | `execution?tradeType=UNIFIED` | `execution.UNIFIED` | [`Executions`] | [`Execution`] | an order fills or a trade is forced; with fees |
//! | `execution.lite?tradeType=UNIFIED` | `execution.lite.UNIFIED` | [`ExecutionsLite`] | [`ExecutionLite`] | the same, earlier and without fees |
//! | `positionAll?tradeType=UNIFIED` | `positionAll.UNIFIED` | [`Positions::all`] | [`Position`] | any position changes |
//! | `position?tradeType=FUTURES&symbol=XBTUSDTM` | `position.FUTURES` | [`Positions::symbol`] | [`Position`] | the position of the symbol changes |
//! | `balance?accountType=UNIFIED` | `balance.UNIFIED` | [`Balances`] | [`Balance`] | the balance of a currency changes |
//! | `lw?tradeType=UNIFIED` | `lw.UNIFIED`, also seen as `risk.UNIFIED` | [`LiquidationWarnings`] | [`LiquidationWarning`] | the account is close to liquidation |
//! | `leverage?tradeType=UNIFIED` | `leverage.UNIFIED` | [`Leverages`] | [`Leverage`] | a leverage setting changes |
//!
//! Each topic type has one event type and one [`ChannelRequest`]: a [`Channel`], its [`TradeType`] or [`AccountType`],
//! and the symbol if the channel is for one symbol. [`AnyProTopic`] is any of these topics, parsed from text;
//! [`ProEvent`] is any of the events. [`decode`] decodes a recorded frame by its own `T`.
//!
//! KuCoin sends no snapshot after a subscription and replays nothing: query orders, positions and balances over REST if
//! you need their current state.
//!
//! The wire abbreviates field names to letters, and the same letter has different meanings on different channels.
//! Events have long names, in Rust and in JSON (`oi` is `order_id` and `"orderId"`); the docs of each field name the
//! wire field. No data is lost: unknown fields and unreadable values are in `extra`, by wire name. `serde_json`
//! deserializes an event from long names and from wire names.
//!
//! ```
//! use kucoin_streams_pro::{Orders, TradeType};
//! use kucoin_streams_core::Topic;
//!
//! let orders = Orders::symbol(TradeType::Unified, "BTC-USDT")?;
//! let frame = r#"{"T":"order.UNIFIED","P":1781200000950417233,"d":{"oi":"412001700000000101","s":"BTC-USDT",
//!     "S":"BUY","os":4,"eT":"FILL","q":"0.002","fS":"0.0005","rS":"0.0015","lS":"0.0005","ls":"61250.4",
//!     "ti":"91827364550001123","toi":"","U":1781200000950000000}}"#;
//! if let Some(push) = orders.decode(frame)?
//!     && let Some(fill) = push.event.fill()
//! {
//!     println!("{} {} {} at {}", fill.side, fill.size, fill.symbol, fill.price);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`ProV2`] is the [`Protocol`](kucoin_streams_core::Protocol) for a session, and [`ProPrivate`] is the kind of
//! connection that uses it:
//!
//! ```
//! use kucoin_streams_pro::{ChannelRequest, ProV2};
//! use kucoin_streams_core::{Inbound, Protocol, RequestId, TopicMatch};
//!
//! let request: ChannelRequest = "orderAll?tradeType=UNIFIED".parse()?;
//! let mut frame = String::new();
//! ProV2::subscribe(RequestId(1), &request, &mut frame);
//! assert_eq!(frame, r#"{"id":"1","action":"subscribe","channel":"orderAll","tradeType":"UNIFIED"}"#);
//!
//! let pushed = br#"{"T":"orderAll.UNIFIED","P":1772471842275328231,"d":{"oi":"811207854366825586"}}"#;
//! let pushed = ProV2::text(pushed)?;
//! let Inbound::Message { topic } = ProV2::classify(&pushed)? else {
//!     return Err("a frame with `T` is a push".into());
//! };
//! assert_eq!(ProV2::match_topic(&request, &topic), TopicMatch::Exact);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod any;
mod balances;
mod envelope;
mod error;
mod executions;
mod names;
mod orders;
mod parse;
mod payload;
mod positions;
mod protocol;
mod push;
mod refusal;
mod request;
mod risk;
mod shared;
mod symbol;
mod topic;

pub use any::{AnyProTopic, ProEvent, decode};
pub use balances::{Balance, BalanceAccount, Balances, CollateralStatus};
pub use error::RequestError;
pub use executions::{Execution, ExecutionLite, ExecutionType, Executions, ExecutionsLite};
pub use names::{AccountType, Channel, TradeType};
pub use orders::{
    CancelReason, Order, OrderEventType, OrderSource, OrderStatus, Orders, PositionSide,
    SelfTradePrevention, SizeUnit, TimeInForce, TriggerDirection, TriggerPriceType,
};
pub use positions::{Position, Positions};
pub use protocol::{ProPrivate, ProV2};
pub use request::ChannelRequest;
pub use risk::{Leverage, Leverages, LiquidationWarning, LiquidationWarnings, WarningType};
pub use shared::{MarginMode, Market, OrderType};

#[doc(hidden)]
#[deprecated(note = "renamed to `AnyProTopic`")]
pub type AnyTopic = AnyProTopic;
#[doc(hidden)]
#[deprecated(note = "renamed to `ProEvent`")]
pub type Event = ProEvent;
#[doc(hidden)]
#[deprecated(note = "renamed to `ProPrivate`")]
pub type Private = ProPrivate;

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
