//! What happens to a connection, under the names that users of the JavaScript SDK know.

use std::fmt;
use std::time::Duration;

use kucoin_streams_core::{Rounded, with_code};

use crate::{CloseReason, Failure};

/// What happened to a connection.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LifecycleEvent {
    /// The first connection is live.
    Open,
    /// The server answered a subscription.
    Response {
        /// The topic, as it was subscribed to.
        topic: String,
        /// True: acknowledged, its events come from here on. False: refused; an
        /// [`Exception`](LifecycleEvent::Exception) says why.
        ok: bool,
    },
    /// The login was accepted.
    Authenticated,
    /// The connection, or the attempt to make it, failed; another attempt follows.
    Reconnect {
        /// What failed.
        cause: Failure,
        /// The number of the attempt that follows, counted from 1 since the connection was last healthy.
        attempt: u32,
        /// The wait before it.
        delay: Duration,
    },
    /// The connection is live again **and** every topic that was subscribed is active again, or was refused.
    Reconnected {
        /// From the loss to this moment.
        down_for: Duration,
        /// How many topics were refused.
        refused: usize,
    },
    /// A new connection has taken over from one that still stood, and nothing was missed by it. Where the one before
    /// was lost in the last moment, a [`Gap`](crate::Gap) on every topic says so.
    Rotated {
        /// From the request for a token to the hand-over.
        took: Duration,
    },
    /// Something went wrong.
    Exception {
        /// The topic that it is about, where it is about one.
        topic: Option<String>,
        /// The code that the server gave.
        code: Option<String>,
        /// What happened. Holds no secret.
        message: String,
        /// True where the connection ends of it.
        fatal: bool,
    },
    /// The connection is over.
    Close {
        /// Why.
        reason: CloseReason,
    },
    /// This reader was too slow and missed this many lifecycle events.
    Lagged {
        /// How many.
        missed: u64,
    },
}

impl LifecycleEvent {
    /// Something went wrong; `fatal` if the connection ends for it.
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
            } => write!(f, "{cause}; attempt {attempt} in {}", Rounded(*delay)),
            Self::Reconnected { down_for, refused } => {
                write!(f, "reconnected after {}", Rounded(*down_for))?;
                match refused {
                    0 => Ok(()),
                    refused => write!(f, ", {refused} topics refused"),
                }
            }
            Self::Rotated { took } => {
                write!(f, "moved to a new connection within {}", Rounded(*took))
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
            Self::Lagged { missed } => write!(f, "{missed} lifecycle events missed"),
        }
    }
}
