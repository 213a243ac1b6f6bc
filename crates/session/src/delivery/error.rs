//! Errors of subscriptions and rotations.

use std::fmt;
use std::time::Duration;

use crate::{CloseReason, Failure};

/// Error of a subscription.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// KuCoin refused the topic, or still refused it temporarily at the connect timeout.
    ///
    /// A temporary refusal has code 500 or 509; subscribe again later. Otherwise check the topic's name and symbol, the
    /// API key's permission, and the limits of the connection.
    #[error("topic {topic} {}; {}", Refused(*.code, .message), refused_remedy(.code))]
    Refused {
        /// Refused topic, as it was subscribed.
        topic: String,
        /// Error code of the server, if it sent one.
        code: Option<i64>,
        /// Error message of the server.
        message: String,
    },
    /// The topic was not live within the connect timeout: usually the exchange cannot be reached.
    ///
    /// Check the network, then subscribe again.
    #[error("not connected within {limit:?}{}", cause_text(.cause))]
    TimedOut {
        /// Connect timeout that has passed.
        limit: Duration,
        /// Failure of the last attempt to connect; `None` if no attempt failed.
        cause: Option<Failure>,
    },
    /// The connection is closed.
    ///
    /// If it failed, fix the cause. Then subscribe again on the same client: this opens a new connection.
    #[error(transparent)]
    Closed(#[from] ClosedError),
    /// There is no topic to subscribe to, for example because a list is empty. Pass at least one topic.
    #[error("no topic to subscribe to; pass at least one")]
    Nothing,
}

impl SubscribeError {
    /// Returns what to do about a refusal, with which its text ends; `None` for another error.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Refused { code, .. } => Some(refused_remedy(code)),
            _ => None,
        }
    }

    /// Returns `true` if a later attempt may succeed without a change by the user.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Refused { code, .. } => matches!(code, Some(500 | 509)),
            // The session retries everything else itself.
            Self::Closed(_) | Self::Nothing => false,
        }
    }
}

/// Displays a refusal with the server's code and message.
pub(crate) struct Refused<'a>(pub(crate) Option<i64>, pub(crate) &'a str);

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused by KuCoin")?;
        match (self.0, self.1) {
            (Some(code), "") => write!(f, " (code {code})"),
            (Some(code), message) => write!(f, " (code {code}: {message})"),
            (None, "") => Ok(()),
            (None, message) => write!(f, " ({message})"),
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

fn closed_text(reason: &CloseReason) -> String {
    match reason {
        CloseReason::Requested => "the connection was closed by the user".to_owned(),
        CloseReason::Failed(failure) => format!("the connection is closed: {failure}"),
    }
}

/// Error of a rotation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The connection is not live: not opened yet, or reconnecting. Wait until it is live.
    ///
    /// A reconnect also uses a new token.
    #[error("the connection is not live; wait until it is (`wait_live`)")]
    NotLive,
    /// The rotation failed. The failure itself causes no gap.
    ///
    /// Try again later if [`RotateError::is_retryable`] returns `true`.
    #[error("rotation failed: {0}")]
    Failed(Failure),
    /// The connection is closed. If it failed, fix the cause and subscribe again.
    #[error(transparent)]
    Closed(#[from] ClosedError),
}

impl RotateError {
    /// Returns `true` if a later attempt may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NotLive => true,
            // The connection is live, so its configuration works.
            Self::Failed(failure) => !failure.is_refusal(),
            Self::Closed(_) => false,
        }
    }
}

/// Error of a call on a closed connection.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", closed_text(.reason))]
#[non_exhaustive]
pub struct ClosedError {
    /// Reason why the connection is closed.
    pub reason: CloseReason,
}

impl ClosedError {
    /// Creates an error with this reason.
    pub fn new(reason: CloseReason) -> Self {
        Self { reason }
    }

    /// Returns `true` if KuCoin refused the credentials or permissions.
    ///
    /// Retrying does not help: only the owner of the API key can fix this.
    pub fn is_refusal(&self) -> bool {
        matches!(&self.reason, CloseReason::Failed(failure) if failure.is_refusal())
    }
}
