//! Traits and value types that all layers of the kucoin-streams SDK share.
//!
//! This crate has no sockets, no runtime and no event decoder, and it changes rarely. It contains:
//!
//! - the traits that connect the layers: [`Protocol`] (a stream protocol as pure functions), [`ConnectionKind`],
//!   [`Topic`] (what to subscribe to, and its event type), [`Event`] and [`ConnectionSource`] (URL and token for a
//!   dial);
//! - value types: [`Text`], [`Timestamp`], [`Decimal`], [`Side`], [`Liquidity`], [`Fill`], unknown fields ([`Extra`],
//!   [`Raw`]), what differs from the known format ([`Finding`]) and symbol shapes ([`SymbolShape`]);
//! - error texts: an error with its causes and a remedy on one line ([`explain()`]).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod clock;
mod connection;
mod drift;
mod error;
mod explain;
mod extra;
mod fill;
mod kind;
mod nearest;
mod protocol;
mod retry;
mod side;
mod source;
mod symbol;
mod text;
mod time;
mod topic;

pub mod redact;

pub use clock::ClockOffset;
pub use connection::{ConnectionInfo, Heartbeat, Login, SecretUrl};
pub use drift::{Finding, FindingKind};
pub use error::DecodeError;
pub use explain::{causes, describe, explain, is_out_of_descriptors, remedy, with_code};
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
pub use side::{Liquidity, Side};
pub use source::{ConnectionSource, DynConnectionSource, SourceError};
pub use symbol::{SymbolProblem, SymbolShape};
pub use text::Text;
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
pub use time::TimestampRangeError;
pub use time::{HumanDuration, ParseTimestampError, TimeFormat, Timestamp};
pub use topic::{Event, Push, Topic};
/// Wrapper that overwrites a secret with zeros when dropped, such as the frame of a [`Login`].
#[doc(no_inline)]
pub use zeroize::Zeroizing;

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
