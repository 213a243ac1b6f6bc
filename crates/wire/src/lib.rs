//! Vocabulary and seams of the kucoin-streams SDK.
//!
//! This crate names what the layers above speak about and holds no socket, clock, randomness or runtime:
//!
//! - the seams: [`Protocol`] (one generation of the stream protocol, as pure functions), [`ConnectionKind`],
//!   [`Topic`] (what to subscribe to, and the event type it yields) and [`ConnectionSource`] (where the
//!   information for one dial comes from);
//! - the values: [`Text`], [`Timestamp`], [`Decimal`], and the shapes of symbols ([`SymbolShape`]);
//! - errors as one line of text ([`explain()`]);
//! - the one decode place: [`json`], the only module of the SDK that names a JSON parser.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod connection;
mod explain;
mod kind;
mod nearest;
mod protocol;
mod source;
mod symbol;
mod text;
mod time;
mod topic;

pub mod json;
pub mod redact;

pub use connection::{ConnectionInfo, Heartbeat, Login, SecretUrl};
pub use explain::{causes, describe, explain, lacks_descriptors, remedy, with_code};
pub use kind::{ConnectionKind, ParseWsKeyError, WsKey};
pub use nearest::nearest;
pub use protocol::{
    DialLimit, DialScope, Inbound, Limits, Protocol, RefusalScope, Request, RequestId, Serves,
    WireError,
};
pub use rust_decimal::Decimal;
pub use source::{ConnectionSource, SourceError, SourceErrorClass};
pub use symbol::{SymbolFlaw, SymbolShape};
pub use text::Text;
pub use time::{Rounded, TimeFormat, Timestamp};
pub use topic::{Event, Push, PushEnvelope, Topic};
