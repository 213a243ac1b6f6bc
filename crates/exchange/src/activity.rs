//! Activity of the local exchange for an observer, without tokens and credentials.

use std::fmt;
use std::sync::Arc;

use crate::stats::{Ended, ServedMarket, StreamProtocol};

/// A token request, REST query, connection or fault, reported while it happens.
///
/// [`ExchangeBuilder::observe`](crate::ExchangeBuilder::observe) sets the function that receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// A token request was answered.
    TokenRequest {
        /// HTTP status of the response.
        status: u16,
        /// KuCoin code in the response body; empty if the body has no code.
        code: String,
    },
    /// A REST query was answered, or its connection was closed by a fault.
    RestQuery {
        /// The path, without the query string.
        path: String,
        /// HTTP status of the response; `None` if a fault closed the connection.
        status: Option<u16>,
        /// KuCoin code in the response body; empty if the body has no code.
        code: String,
        /// The weight that was deducted from the quota; 0 if the query was refused before.
        weight: u32,
    },
    /// A connection was opened: its token was accepted, or it is a Pro V2 connection without a token.
    Opened {
        /// Connection number, as in [`ConnectionReport::number`](crate::ConnectionReport::number).
        connection: u64,
        /// The protocol of the connection.
        protocol: StreamProtocol,
        /// Market that the connection's token serves.
        market: ServedMarket,
        /// Token number; `None` if the connection has no token.
        token: Option<u64>,
        /// The client's `User-Agent`; `None` if the client did not send one.
        client: Option<String>,
    },
    /// A connection was closed, or refused before it opened.
    Ended {
        /// Connection number, as in [`ConnectionReport::number`](crate::ConnectionReport::number).
        connection: u64,
        /// How the connection ended.
        how: Ended,
        /// Code and text of a refusal, the protocol violation, or the fault as in a script; otherwise `None`.
        reason: Option<String>,
        /// Number of pushes sent to the client.
        pushed: u64,
    },
    /// A fault was triggered. If it cannot act immediately, it acts on the next dial, token request or connection.
    Fault {
        /// The fault as a line of a script, or the injected effect.
        fault: String,
        /// What triggered it, such as `connection 2`.
        at: String,
    },
}

/// The function of [`ExchangeBuilder::observe`](crate::ExchangeBuilder::observe).
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(Activity) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
