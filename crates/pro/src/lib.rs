//! KuCoin's Pro V2 private stream: protocol and channels, for spot, margin and futures on one connection.
//!
//! | [`Channel`] | As users write it | Pushed as (`T`) | Pushed when |
//! |---|---|---|---|
//! | [`Order`](Channel::Order) | `order?tradeType=UNIFIED&symbol=BTC-USDT` | `order.UNIFIED` | an order of the symbol changes |
//! | [`OrderAll`](Channel::OrderAll) | `orderAll?tradeType=UNIFIED` | `orderAll.UNIFIED` | any order changes |
//! | [`Execution`](Channel::Execution) | `execution?tradeType=UNIFIED` | `execution.UNIFIED` | an order trades; with fees |
//! | [`ExecutionLite`](Channel::ExecutionLite) | `execution.lite?tradeType=UNIFIED` | `execution.lite.UNIFIED` | the same, sooner and without fees |
//! | [`Position`](Channel::Position) | `position?tradeType=FUTURES&symbol=XBTUSDTM` | `position.FUTURES` | the position of the symbol changes |
//! | [`PositionAll`](Channel::PositionAll) | `positionAll?tradeType=UNIFIED` | `positionAll.UNIFIED` | any position changes |
//! | [`Balance`](Channel::Balance) | `balance?accountType=UNIFIED` | `balance.UNIFIED` | the balance of a currency changes |
//! | [`LiquidationWarning`](Channel::LiquidationWarning) | `lw?tradeType=UNIFIED` | `lw.UNIFIED`, also seen as `risk.UNIFIED` | the account comes near liquidation |
//! | [`Leverage`](Channel::Leverage) | `leverage?tradeType=UNIFIED` | `leverage.UNIFIED` | a leverage is set |
//!
//! A [`ChannelRequest`] is one line of that table with its [`TradeType`] or [`AccountType`] and, where the channel
//! is of one symbol, that symbol. [`ProV2`] is the [`Protocol`](kucoin_streams_wire::Protocol) that a session
//! drives, [`Private`] the connection that speaks it. The exchange sends no snapshot after a subscription and
//! replays nothing: query orders, positions and balances over REST where you need their state.
//!
//! ```
//! use kucoin_streams_pro::{ChannelRequest, ProV2};
//! use kucoin_streams_wire::{Inbound, Protocol, RequestId, Serves};
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
//! assert_eq!(ProV2::serves(&request, &topic), Serves::Exactly);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod envelope;
mod error;
mod names;
mod parse;
mod payload;
mod protocol;
mod refusal;
mod request;

pub use error::RequestError;
pub use names::{AccountType, Channel, TradeType};
pub use protocol::{Private, ProV2};
pub use request::ChannelRequest;
