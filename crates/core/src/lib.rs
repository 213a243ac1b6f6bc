//! The words that all layers of the kucoin-streams SDK share. It changes rarely.
//!
//! This crate has no socket, clock, randomness, runtime or parser of events:
//!
//! - the traits between layers: [`Protocol`] (one generation of the stream protocol, as pure functions),
//!   [`ConnectionKind`], [`Topic`] (what to subscribe to, and its event type) and [`ConnectionSource`] (the source of
//!   what one dial needs);
//! - the values: [`Text`], [`Timestamp`], [`Decimal`], [`Side`], [`Liquidity`], one trade ([`Fill`]), unknown fields as they came ([`Extra`], [`Raw`]), and the shapes
//!   of symbols ([`SymbolShape`]);
//! - errors as one line of text ([`explain()`]).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod connection;
mod error;
mod explain;
mod extra;
mod fill;
mod kind;
mod nearest;
mod protocol;
mod retry;
mod source;
mod symbol;
mod text;
mod time;
mod topic;
mod words;

pub mod redact;

pub use connection::{ConnectionInfo, Heartbeat, Login, SecretUrl};
pub use error::DecodeError;
pub use explain::{causes, describe, explain, lacks_descriptors, remedy, with_code};
pub use extra::{Extra, Raw};
pub use fill::{Fill, FillKey};
pub use kind::{ConnectionKind, ParseWsKeyError, WsKey};
pub use nearest::nearest;
pub use protocol::{
    DialLimit, DialScope, Inbound, Protocol, ProtocolLimits, RefusalScope, Request, RequestId,
    TopicMatch, WireError,
};
pub use retry::RetryPolicy;
pub use rust_decimal::Decimal;
pub use source::{ConnectionSource, DynConnectionSource, SourceError};
pub use symbol::{SymbolProblem, SymbolShape};
pub use text::Text;
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
pub use time::TimestampRangeError;
pub use time::{ParseTimestampError, Rounded, TimeFormat, Timestamp};
pub use topic::{Event, Push, Topic};
pub use words::{Liquidity, Side};
/// Wraps a secret and overwrites it with zeros when dropped, such as the frame of a [`Login`].
#[doc(no_inline)]
pub use zeroize::Zeroizing;

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
