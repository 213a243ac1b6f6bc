//! KuCoin's V1 private stream ("Classic"): protocol, topics and typed events.
//!
//! | Topic | Path | Connection | Event | Pushed when |
//! |---|---|---|---|---|
//! | [`SpotOrders`] | `/spotMarket/tradeOrdersV2` | [`SpotPrivate`] | [`SpotOrder`] | an order is received, rests, trades, is cut or ends |
//! | [`SpotOrdersV1`] | `/spotMarket/tradeOrders` | [`SpotPrivate`] | [`SpotOrder`] | the same, without `received` |
//! | [`Balances`] | `/account/balance` | [`SpotPrivate`] | [`Balance`] | any balance of any account changes |
//! | [`SpotStopOrders`] | `/spotMarket/advancedOrders` | [`SpotPrivate`] | [`SpotStopOrder`] | a stop order is placed, triggered or cancelled |
//!
//! Each topic is a type that fixes its connection and its event. [`AnySpotTopic`] is any topic of the spot
//! connection, parsed from its path, and [`SpotEvent`] what it gives. Nothing that the exchange sends is lost on
//! the way: what a type does not know or could not read stands in its `extra`.
//!
//! ```
//! use kucoin_streams_v1::{OrderKind, SpotOrders};
//! use kucoin_streams_wire::Topic;
//!
//! let frame = r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange",
//!     "channelType":"private","data":{"symbol":"KCS-USDT","side":"buy","orderType":"limit","type":"match",
//!     "status":"match","orderId":"670fd33bf9406e0007ab3945","price":"11.2","size":"3","filledSize":"1.5",
//!     "matchPrice":"11.19","matchSize":"1.5","tradeId":"11067996711960577","liquidity":"taker",
//!     "feeType":"takerFee","orderTime":1730000000000,"ts":1730000000000000123}}"#;
//! if let Some(push) = SpotOrders.decode(frame)?
//!     && let OrderKind::Match(fill) = &push.event.kind
//! {
//!     println!("{} {} {} at {}", push.event.side, fill.size, push.event.symbol, fill.price);
//! }
//! # Ok::<(), kucoin_streams_wire::json::DecodeError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod any;
mod envelope;
mod path;
mod protocol;
mod refusal;
mod topic;

pub mod spot;

pub use any::{AnySpotTopic, ParseTopicError, SpotEvent};
pub use path::TopicPath;
pub use protocol::{FuturesPrivate, SpotPrivate, V1};
#[doc(inline)]
pub use spot::{
    Account, Balance, BalanceReason, Balances, FeeType, Liquidity, MatchFill, OrderKind,
    OrderStatus, OrderType, RelationContext, RelationEvent, Side, SizeUpdate, SpotOrder,
    SpotOrders, SpotOrdersV1, SpotStopOrder, SpotStopOrders, StopOrderType, StopTrigger, TradeType,
};
