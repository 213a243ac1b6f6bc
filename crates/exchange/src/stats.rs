//! What the exchange saw of its clients, for tests to assert on. Holds no token and no credential.

use std::fmt;
use std::sync::Mutex;

use tokio::sync::watch;

use crate::sync::lock;

/// Reports and messages that are kept; older ones are dropped first.
const KEPT: usize = 10_000;

/// A snapshot of everything that was counted.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Stats {
    /// The requests for private and public tokens, in order.
    pub token_requests: Vec<TokenRequest>,
    /// How many tokens were issued.
    pub tokens_issued: u64,
    /// Requests for the server's time.
    pub time_requests: u64,
    /// The connections in the order in which they opened, those included that have ended, or whose request for a
    /// socket was refused.
    pub connections: Vec<ConnectionReport>,
}

/// The answer that one token request got.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The HTTP status.
    pub status: u16,
    /// KuCoin's code; empty when the body had none.
    pub code: String,
}

/// The generation of the streams that a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StreamProtocol {
    /// The first: [`Exchange::rest_url`](crate::Exchange::rest_url) returns its address with a token.
    #[default]
    V1,
    /// Pro V2, at [`Exchange::pro_ws_url`](crate::Exchange::pro_ws_url), or at the root of a port with a Pro token.
    ProV2,
}

/// The market whose private topics a V1 connection serves. Pro V2 serves all of them on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ServedMarket {
    /// Spot, margin and futures: [`Exchange::rest_url`](crate::Exchange::rest_url), which stands for both hosts of KuCoin.
    #[default]
    Both,
    /// Spot and margin: [`Exchange::spot_rest_url`](crate::Exchange::spot_rest_url).
    Spot,
    /// Futures: [`Exchange::futures_rest_url`](crate::Exchange::futures_rest_url).
    Futures,
}

impl ServedMarket {
    /// The part that a token and the socket that it opens have in common.
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Both, one) | (one, Self::Both) => Some(one),
            (one, other) => (one == other).then_some(one),
        }
    }
}

/// What one connection did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ConnectionReport {
    /// Its number, from 1, by the requests for a socket.
    pub number: u64,
    /// What it speaks.
    pub protocol: StreamProtocol,
    /// What it serves: the market of its token, on the port of that market.
    pub market: ServedMarket,
    /// The number of its token, from 1 in the order of issue; None when the token was refused, or
    /// when a Pro V2 connection came without one.
    pub token: Option<u64>,
    /// The connection may subscribe to the account: its token was taken, or its login was.
    pub authenticated: bool,
    /// Whether the token was percent-encoded in the URL.
    pub token_encoded: bool,
    /// The welcome was sent.
    pub welcomed: bool,
    /// The topics that are subscribed now, in the order in which they were, as users write them:
    /// `/account/balance`, and for Pro V2 `orderAll?tradeType=UNIFIED` or
    /// `order?tradeType=UNIFIED&symbol=BTC-USDT`.
    pub topics: Vec<String>,
    /// Acknowledgements sent, those of logins not counted.
    pub acks: u64,
    /// Error frames and refusals sent.
    pub refusals: u64,
    /// Pings that came in, answered or not.
    pub pings: u64,
    /// Pongs of the WebSocket protocol that came in.
    pub protocol_pongs: u64,
    /// Pushes sent, duplicates included.
    pub pushed: u64,
    /// Messages that came before the welcome was sent; they were ignored.
    pub early_messages: u64,
    /// The text of the newest messages from the client. Of a login no more than its id is kept; no
    /// other message carries a secret.
    pub client_messages: Vec<String>,
    /// How it ended; None while it is open.
    pub ended: Option<Ended>,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The client sent a close frame.
    ClientClosed {
        /// Its close code, where one was given.
        code: Option<u16>,
    },
    /// The client's end of the stream closed or broke.
    ClientGone,
    /// It reached the age at which connections are cut.
    TooOld,
    /// The client did not read: its queue ran full.
    SlowClient,
    /// No message from the client for the idle timeout, 60 s by default.
    PingTimeout,
    /// The token was refused, or there were too many connections.
    Refused,
    /// The client broke the WebSocket protocol.
    Violation,
    /// A fault cut it, or was about to.
    Fault,
    /// The exchange was shut down.
    Shutdown,
}

impl Stats {
    /// The connections that have not ended.
    pub fn open_connections(&self) -> impl Iterator<Item = &ConnectionReport> {
        self.connections
            .iter()
            .filter(|connection| connection.ended.is_none())
    }

    /// Whether some open connection is subscribed to the topic.
    #[must_use]
    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.open_connections()
            .any(|connection| connection.topics.iter().any(|known| known == topic))
    }
}

/// The counters of a running exchange.
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
            trim(&mut stats.connections);
            result
        };
        self.changes
            .send_modify(|version| *version = version.wrapping_add(1));
        result
    }

    pub(crate) fn connection(&self, number: u64, change: impl FnOnce(&mut ConnectionReport)) {
        self.change(|stats| {
            // Numbers rise, so the newest are found from the end.
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
            // The sender lives in self, so that this cannot fail.
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
    // Half at a time, so that trimming costs nothing on average.
    if list.len() > KEPT {
        list.drain(..KEPT / 2);
    }
}
