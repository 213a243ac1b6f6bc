//! Why a subscription, or a rotation, did not come about.

use std::fmt;
use std::time::Duration;

use crate::{CloseReason, Failure};

/// Why a subscription did not come about.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The server refused the topic. Check the topic's name and symbol, the key's permission, and the limits of
    /// the connection. A topic that is refused for now (code 500 or 509) for all of
    /// the connect timeout fails so too; subscribe again later then.
    #[error("topic {topic} {}; {}", Refused(*.code, .message), refused_remedy(.code))]
    Refused {
        /// The topic.
        topic: String,
        /// The server's code, if it gave one.
        code: Option<i64>,
        /// The server's words.
        message: String,
    },
    /// The topic was not live in time (the connect timeout): usually the
    /// exchange cannot be reached. Check the network, then subscribe again.
    #[error("not connected within {limit:?}{}", cause_text(.cause))]
    TimedOut {
        /// The time that was allowed.
        limit: Duration,
        /// Why the last attempt to connect failed, if one did.
        cause: Option<Failure>,
    },
    /// The connection is over. Where it failed, mend the cause and connect anew.
    #[error(transparent)]
    Closed(#[from] ClosedError),
    /// The topic asks for nothing, as an empty list of topics does. Name at least one.
    #[error("no topic to subscribe to: name at least one")]
    Nothing,
}

/// A refusal of a topic in the server's words, with its code.
pub(crate) struct Refused<'a>(pub(crate) Option<i64>, pub(crate) &'a str);

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused by KuCoin")?;
        match (self.0, self.1) {
            (Some(code), "") => write!(f, " (code {code})"),
            (Some(code), words) => write!(f, " (code {code}: {words})"),
            (None, "") => Ok(()),
            (None, words) => write!(f, " ({words})"),
        }
    }
}

fn refused_remedy(code: &Option<i64>) -> &'static str {
    match code {
        Some(500 | 509) => "subscribe again later",
        _ => "check the topic, its symbol and the key's permission",
    }
}

fn cause_text(cause: &Option<Failure>) -> String {
    cause
        .as_ref()
        .map_or_else(String::new, |cause| format!(": {cause}"))
}

/// Why a connection was not replaced by a new one. The connection that stands goes on in every case but the last.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The connection is not live: not opened yet, or about to be made anew after a loss, with a new token. Wait
    /// until it is live.
    #[error("the connection is not live; wait until it is (`wait_live`)")]
    NotLive,
    /// The new connection came to nothing. Nothing was missed; try again later, where
    /// [`RotateError::is_retryable`].
    #[error("no new connection could be made, the old one goes on: {0}")]
    Failed(Failure),
    /// The connection is over. Where it failed, mend the cause and connect anew.
    #[error(transparent)]
    Closed(#[from] ClosedError),
}

impl RotateError {
    /// True where the same may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NotLive => true,
            // The connection is live, so its configuration works.
            Self::Failed(failure) => !failure.is_refusal(),
            Self::Closed(_) => false,
        }
    }
}

/// The connection has ended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the connection has ended: {reason}")]
#[non_exhaustive]
pub struct ClosedError {
    /// Why.
    pub reason: CloseReason,
}

impl ClosedError {
    /// The connection has ended for this reason.
    pub fn new(reason: CloseReason) -> Self {
        Self { reason }
    }

    /// True where credentials or permissions were refused, so that only their owner can help.
    pub fn is_refusal(&self) -> bool {
        matches!(&self.reason, CloseReason::Failed(failure) if failure.is_refusal())
    }
}
