//! How much the exchange bears of its clients.

use std::fmt::{self, Display};
use std::time::Duration;

use super::Effect;
use super::words::Millis;
use crate::fault::script::Row;

/// How much the exchange bears, from the moment at which this happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// So many messages of one connection in 10 s, pings included; the others are refused with 509. At first 100.
    Messages {
        /// How many.
        count: u32,
    },
    /// So many topics of one connection; the others are refused with 509. At first 400.
    Topics {
        /// How many.
        count: u32,
    },
    /// So many connections at once; the others are refused with 509. At first what the builder says.
    Connections {
        /// How many.
        count: u32,
    },
    /// So many requests for a socket in a window; the others are answered 429 with a `Retry-After`. At first there
    /// is no such limit.
    Dials {
        /// How many.
        count: u32,
        /// The window.
        per: Duration,
    },
    /// Connections that open from now on are cut at this age, by a close frame with 1001. At first 24 h.
    ConnectionLife {
        /// The age.
        life: Duration,
    },
    /// Tokens that are issued from now on expire at this age. At first 24 h.
    TokenLife {
        /// The age.
        life: Duration,
    },
}

impl Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Messages { count } => write!(f, "limit-messages count={count}"),
            Self::Topics { count } => write!(f, "limit-topics count={count}"),
            Self::Connections { count } => write!(f, "limit-connections count={count}"),
            Self::Dials { count, per } => {
                write!(f, "limit-dials count={count} per={}", Millis(*per))
            }
            Self::ConnectionLife { life } => {
                write!(f, "limit-connection-life life={}", Millis(*life))
            }
            Self::TokenLife { life } => write!(f, "limit-token-life life={}", Millis(*life)),
        }
    }
}

pub(in crate::fault) const ROWS: &[Row] = &[
    ("limit-messages", &["count", "times"], |s| {
        let count = s.required_number("count", "a number of messages")?;
        Ok(Effect::Limit(Limit::Messages { count }))
    }),
    ("limit-topics", &["count", "times"], |s| {
        let count = s.required_number("count", "a number of topics")?;
        Ok(Effect::Limit(Limit::Topics { count }))
    }),
    ("limit-connections", &["count", "times"], |s| {
        let count = s.required_number("count", "a number of connections")?;
        Ok(Effect::Limit(Limit::Connections { count }))
    }),
    ("limit-dials", &["count", "per", "times"], |s| {
        let count = s.required_number("count", "a number of dials")?;
        let per = s.duration("per")?;
        Ok(Effect::Limit(Limit::Dials { count, per }))
    }),
    ("limit-connection-life", &["life", "times"], |s| {
        let life = s.duration("life")?;
        Ok(Effect::Limit(Limit::ConnectionLife { life }))
    }),
    ("limit-token-life", &["life", "times"], |s| {
        let life = s.duration("life")?;
        Ok(Effect::Limit(Limit::TokenLife { life }))
    }),
];
