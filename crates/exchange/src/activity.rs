//! What happens on a running exchange, for a person or a program that watches it. Holds no token and no credential.

use std::fmt;
use std::sync::Arc;

use crate::stats::{Ended, ServedMarket, StreamProtocol};

/// Something that happened, reported by [`ExchangeBuilder::observe`](crate::ExchangeBuilder::observe).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// A token request was answered.
    TokenRequest {
        /// The HTTP status.
        status: u16,
        /// KuCoin's code; empty if the body has none.
        code: String,
    },
    /// A connection was opened: its token was accepted, or it is one of Pro V2 that logs in later.
    Opened {
        /// Its number, as in [`ConnectionReport::number`](crate::ConnectionReport::number).
        connection: u64,
        /// What it speaks.
        protocol: StreamProtocol,
        /// The market that its token serves.
        market: ServedMarket,
        /// The number of its token; `None` if it logs in later.
        token: Option<u64>,
        /// The `User-Agent` of the client.
        client: Option<String>,
    },
    /// A connection has ended, or was refused before it opened.
    Ended {
        /// Its number.
        connection: u64,
        /// How it ended.
        how: Ended,
        /// The words of a refusal or of a close frame.
        reason: Option<String>,
        /// Pushes that it was sent.
        pushed: u64,
    },
    /// A fault was triggered. One that cannot act at once waits for the next thing of its kind.
    Fault {
        /// The fault as a line of a script, or the injected effect.
        fault: String,
        /// What triggered it, such as `connection 2`.
        at: String,
    },
}

/// Takes what happens, while it happens: it must not wait.
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(Activity) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
