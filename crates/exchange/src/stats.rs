//! Statistics about clients, for assertions in tests. They contain no tokens and no credentials.

use std::fmt;
use std::sync::Mutex;

use tokio::sync::watch;

use crate::sync::lock;

/// Maximum length of each list; above it, the older half is dropped.
const MAX_ENTRIES: usize = 10_000;

/// A snapshot of the token requests, REST queries and connections of a local exchange.
///
/// Each list keeps the newest entries: at least 5 000.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Requests for private and public tokens, oldest first.
    pub token_requests: Vec<TokenRequest>,
    /// REST queries other than token requests and requests for the server time, oldest first.
    pub rest_queries: Vec<RestQuery>,
    /// Number of issued tokens.
    pub tokens_issued: u64,
    /// Number of requests for the server time.
    pub time_requests: u64,
    /// Connections in the order in which they opened, including closed and refused ones.
    pub connections: Vec<ConnectionReport>,
}

/// The response to one token request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// HTTP status of the response.
    pub status: u16,
    /// KuCoin code in the response body; empty if the body has no code.
    pub code: String,
}

/// One REST query and its response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestQuery {
    /// The path, without the query string.
    pub path: String,
    /// The query string as received, without its `?`; empty if there is none.
    pub query: String,
    /// The weight that was deducted from the quota; 0 if the query was refused before.
    pub weight: u32,
    /// HTTP status of the response; `None` if a fault closed the connection.
    pub status: Option<u16>,
    /// KuCoin code in the response body; empty if the body has no code.
    pub code: String,
}

/// The protocol of a connection: V1 or Pro V2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StreamProtocol {
    /// V1; its WebSocket URL comes with the token, from [`Exchange::rest_url`](crate::Exchange::rest_url).
    #[default]
    V1,
    /// Pro V2, at [`Exchange::pro_ws_url`](crate::Exchange::pro_ws_url), or at the path `/` with a Pro V2 token.
    ProV2,
}

/// The markets whose private topics a V1 connection serves. A Pro V2 connection serves all markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ServedMarket {
    /// Spot, margin and futures: [`Exchange::rest_url`](crate::Exchange::rest_url).
    #[default]
    Both,
    /// Spot and margin: [`Exchange::spot_rest_url`](crate::Exchange::spot_rest_url).
    Spot,
    /// Futures: [`Exchange::futures_rest_url`](crate::Exchange::futures_rest_url).
    Futures,
}

impl ServedMarket {
    /// Returns the market that both `self` and `other` serve; `None` if there is none.
    ///
    /// One is the market of the token, the other the market of the port.
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Both, one) | (one, Self::Both) => Some(one),
            (one, other) => (one == other).then_some(one),
        }
    }
}

/// Everything that the local exchange recorded about one connection.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ConnectionReport {
    /// Connection number; WebSocket upgrade requests are counted from 1.
    pub number: u64,
    /// The protocol of the connection.
    pub protocol: StreamProtocol,
    /// The market that the connection serves, determined by its token and its port.
    pub market: ServedMarket,
    /// Token number; tokens are counted from 1 as they are issued.
    ///
    /// `None` if the token was refused, or if a Pro V2 connection has no token.
    pub token: Option<u64>,
    /// `true` if the client may subscribe to private topics: its token or its login was accepted.
    pub authenticated: bool,
    /// `true` if the token was percent-encoded in the URL.
    pub token_encoded: bool,
    /// `true` if the welcome was sent.
    pub welcomed: bool,
    /// Topics that are subscribed now, oldest subscription first.
    ///
    /// V1: `/account/balance`. Pro V2: `orderAll?tradeType=UNIFIED`, `order?tradeType=UNIFIED&symbol=BTC-USDT`.
    pub topics: Vec<String>,
    /// Number of acknowledgements sent, except for logins.
    pub acks: u64,
    /// Number of error frames and refusals sent.
    pub refusals: u64,
    /// Number of KuCoin pings received, answered or not.
    pub pings: u64,
    /// Number of WebSocket pong frames received.
    pub protocol_pongs: u64,
    /// Number of pushes sent, including duplicates.
    pub pushed: u64,
    /// Number of messages received before the welcome was sent, which were ignored.
    pub early_messages: u64,
    /// Newest messages from the client, oldest first.
    ///
    /// At least 5 000 are kept. Of a login only `id` and `op` are kept; no other message contains a secret.
    pub client_messages: Vec<String>,
    /// How the connection ended; `None` while it is open.
    pub ended: Option<Ended>,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The client sent a close frame.
    ClientClosed {
        /// The close code; `None` if the frame has none.
        code: Option<u16>,
    },
    /// The client closed the TCP connection without a close frame, or the connection broke.
    ClientGone,
    /// The connection reached its maximum age, 24 h by default.
    TooOld,
    /// The client read too slowly: its queue was full.
    SlowClient,
    /// The client sent no message for the idle timeout, 60 s by default.
    PingTimeout,
    /// The connection was refused: invalid token, too many connections, too many dials, or a fault.
    Refused,
    /// The client violated the WebSocket protocol, so the connection was closed.
    Violation,
    /// A fault closed the connection, or made it half-open.
    Fault,
    /// The local exchange was shut down.
    Shutdown,
}

impl Stats {
    /// Returns the open connections.
    pub fn open_connections(&self) -> impl Iterator<Item = &ConnectionReport> {
        self.connections
            .iter()
            .filter(|connection| connection.ended.is_none())
    }

    /// Returns `true` if an open connection is subscribed to the topic.
    #[must_use]
    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.open_connections()
            .any(|connection| connection.topics.iter().any(|known| known == topic))
    }
}

/// The live [`Stats`] of a running local exchange.
pub(crate) struct Board {
    stats: Mutex<Stats>,
    changes: watch::Sender<u64>,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self {
            stats: Mutex::new(Stats::default()),
            changes: watch::Sender::new(0),
        }
    }

    pub(crate) fn snapshot(&self) -> Stats {
        lock(&self.stats).clone()
    }

    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Stats) -> R) -> R {
        let result = {
            let mut stats = lock(&self.stats);
            let result = change(&mut stats);
            trim(&mut stats.token_requests);
            trim(&mut stats.rest_queries);
            trim(&mut stats.connections);
            result
        };
        self.changes
            .send_modify(|version| *version = version.wrapping_add(1));
        result
    }

    pub(crate) fn connection(&self, number: u64, change: impl FnOnce(&mut ConnectionReport)) {
        self.change(|stats| {
            // Most changes are to new connections, which are at the end.
            let found = stats
                .connections
                .iter_mut()
                .rev()
                .find(|report| report.number == number);
            if let Some(report) = found {
                change(report);
                trim(&mut report.client_messages);
            }
        });
    }

    pub(crate) async fn wait_until(&self, mut reached: impl FnMut(&Stats) -> bool) {
        let mut changes = self.changes.subscribe();
        while !reached(&lock(&self.stats)) {
            // Cannot fail: the sender is in `self`.
            let _ = changes.changed().await;
        }
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

fn trim<T>(list: &mut Vec<T>) {
    // Dropping half at a time keeps the amortized cost constant.
    if list.len() > MAX_ENTRIES {
        list.drain(..MAX_ENTRIES / 2);
    }
}
