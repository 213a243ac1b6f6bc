//! Lifecycle events of a connection, named as in KuCoin's JavaScript SDK.

use std::fmt;
use std::time::Duration;

use kucoin_streams_core::{HumanDuration, with_code};

use crate::{CloseReason, Failure};

/// Lifecycle event of a connection.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LifecycleEvent {
    /// The first connection is live.
    Open,
    /// KuCoin answered a subscription.
    Response {
        /// Topic, as it was subscribed.
        topic: String,
        /// `true` if the topic is acknowledged and its events follow; `false` if it is refused.
        ///
        /// The reason of a refusal is in an [`Exception`](LifecycleEvent::Exception).
        ok: bool,
    },
    /// The login was accepted.
    Authenticated,
    /// The connection was lost or could not be opened; another attempt follows.
    Reconnect {
        /// Failure of the last attempt to connect, or of the lost connection.
        cause: Failure,
        /// Number of the next attempt; the first attempt after a healthy connection is 1.
        attempt: u32,
        /// Delay before the next attempt.
        delay: Duration,
    },
    /// The connection is live again, **and** every subscribed topic is acknowledged or refused.
    ///
    /// A topic that KuCoin refuses temporarily delays this event by at most
    /// [`SessionConfig::postponed_limit`](crate::SessionConfig::postponed_limit), 30 s by default. The client continues
    /// to retry this topic afterwards.
    Reconnected {
        /// Downtime: the time from the loss until this event.
        down_for: Duration,
        /// Number of refused topics, temporary refusals included.
        refused: usize,
    },
    /// A replacement connection has taken over from the current one.
    ///
    /// No event is missed unless a [`Gap`](crate::Gap) reports it: on every topic if the old connection was lost during
    /// the handover, or on a topic whose events differed on the two connections.
    Rotated {
        /// Time from the token request to the handover.
        took: Duration,
    },
    /// An error occurred. `fatal` is `true` if it ends the connection.
    Exception {
        /// Topic that the error is about; `None` if it is not about a single topic.
        topic: Option<String>,
        /// Error code of the server, if it sent one.
        code: Option<String>,
        /// Error message, without secrets.
        message: String,
        /// `true` if the error ends the connection.
        fatal: bool,
    },
    /// The connection is closed.
    Close {
        /// Reason why the connection is closed.
        reason: CloseReason,
    },
    /// This reader was too slow, and lifecycle events were dropped.
    Lagged {
        /// Number of dropped events.
        missed: u64,
    },
}

impl LifecycleEvent {
    /// Creates an exception; `fatal` if it ends the connection.
    pub(crate) fn exception(
        topic: Option<String>,
        code: Option<impl ToString>,
        message: String,
        fatal: bool,
    ) -> Self {
        Self::Exception {
            topic,
            code: code.map(|code| code.to_string()),
            message,
            fatal,
        }
    }
}

impl fmt::Display for LifecycleEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("the connection is live"),
            Self::Response { topic, ok: true } => write!(f, "{topic} is live"),
            Self::Response { topic, ok: false } => write!(f, "{topic} is refused"),
            Self::Authenticated => f.write_str("authenticated"),
            Self::Reconnect {
                cause,
                attempt,
                delay,
            } => write!(f, "{cause}; attempt {attempt} in {}", HumanDuration(*delay)),
            Self::Reconnected { down_for, refused } => {
                write!(f, "reconnected after {}", HumanDuration(*down_for))?;
                match refused {
                    0 => Ok(()),
                    refused => write!(f, ", {refused} topics refused"),
                }
            }
            Self::Rotated { took } => {
                write!(f, "moved to a new connection in {}", HumanDuration(*took))
            }
            Self::Exception {
                topic,
                code,
                message,
                ..
            } => {
                if let Some(topic) = topic {
                    write!(f, "{topic}: ")?;
                }
                f.write_str(&with_code(message, code.as_deref()))
            }
            Self::Close {
                reason: CloseReason::Requested,
            } => f.write_str("closed by the user"),
            Self::Close { reason } => write!(f, "closed: {reason}"),
            Self::Lagged { missed } => write!(f, "{missed} lifecycle events dropped"),
        }
    }
}
