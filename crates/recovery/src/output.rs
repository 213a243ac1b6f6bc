//! What recovery yields: recovered frames, snapshot rows, vanished orders, and when a window is closed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{Decimal, DecodeError, HumanDuration, Text, Timestamp, WsKey};
use kucoin_streams_decode::{Record, Scanner};
use kucoin_streams_rest::Permission;
use kucoin_streams_session::Gap;

/// An item of a recovered stream, in order. `U` is the live update as it was passed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RecoveryOutput<U> {
    /// A live event, unchanged.
    Event(U),
    /// An event that was missed, made from a row of the REST API.
    Recovered(RecoveredFrame),
    /// A row of the state at the start, or after a gap.
    Snapshot(SnapshotRow),
    /// An order that is in no list any more, for an unknown reason.
    Vanished(VanishedOrder),
    /// Events may be missing from here on.
    Gap(Gap),
    /// The stream is live and whole again, except for what is named as missing.
    Live(LiveReport),
}

/// An event that was missed, as a frame of its topic, made from a row of the REST API.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveredFrame {
    /// Topic, as it was subscribed.
    pub topic: Arc<str>,
    /// Frame in the form that KuCoin pushes on the topic. Fields that REST does not have are absent.
    pub frame: String,
    /// Source of the event: the REST path, and how exact its time is.
    pub source: RecoverySource,
}

/// Source of a recovered event: the REST path, and how exact its time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoverySource {
    /// REST path, such as `/api/v1/hf/fills`.
    pub path: &'static str,
    /// `true` if the time of the event is exact; `false` if REST has no time of the matching engine for it.
    pub exact: bool,
    /// `true` if the event comes after live events that may be later.
    ///
    /// It was found after the report, or the live events could not be held back until the report.
    pub late: bool,
}

/// A row of the REST API that describes the current state: an open order, a balance, a position.
///
/// It is not an event: it says what is, not what happened. Serializes as a line of `kucoin-streams watch --format ndjson`: an
/// object of kind `snapshot`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotRow {
    /// Key of the connection.
    pub ws_key: WsKey,
    /// Topic whose state this is, as it was subscribed.
    pub topic: Arc<str>,
    /// REST path, such as `/api/v1/positions`.
    pub source: &'static str,
    /// Exchange time of the request and of the reply: the state is of a moment between them.
    pub taken_at: (Timestamp, Timestamp),
    /// The row as KuCoin sent it, in JSON.
    pub data: Arc<str>,
}

impl SnapshotRow {
    /// Creates a row, for example from a recording. `data` is one row of KuCoin's reply, in JSON.
    pub fn new(
        (ws_key, topic): (WsKey, impl Into<Arc<str>>),
        source: &'static str,
        taken_at: (Timestamp, Timestamp),
        data: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            ws_key,
            topic: topic.into(),
            source,
            taken_at,
            data: data.into(),
        }
    }

    /// Decodes the row, for example into `rest::SpotOrderRow`.
    ///
    /// # Errors
    /// Returns an error if the row is not of this type.
    pub fn read<R: Record>(&self) -> Result<R, DecodeError> {
        R::read(&mut Scanner::new(&self.data))
    }
}

/// An order that was open before a gap and is in no list any more.
///
/// It may be filled, canceled or expired: KuCoin does not say. It is never reported as canceled. Serializes as a line of
/// `kucoin-streams watch --format ndjson`: an object of kind `vanished`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VanishedOrder {
    /// Key of the connection.
    pub ws_key: WsKey,
    /// Topic, as it was subscribed.
    pub topic: Arc<str>,
    /// Symbol of the order.
    pub symbol: Text,
    /// Order ID.
    pub order_id: Text,
    /// Filled size that was last known; `None` if unknown.
    pub filled_size: Option<Decimal>,
}

impl VanishedOrder {
    /// Creates a vanished order, for example to test what reads it.
    pub fn new(
        ws_key: WsKey,
        topic: impl Into<Arc<str>>,
        symbol: impl Into<Text>,
        order_id: impl Into<Text>,
    ) -> Self {
        Self {
            ws_key,
            topic: topic.into(),
            symbol: symbol.into(),
            order_id: order_id.into(),
            filled_size: None,
        }
    }
}

/// Topics are live and whole again: the window of a gap is closed, or the first snapshot is complete.
///
/// Everything that can be recovered was yielded before it, except [`missing`](Self::missing). Serializes as a line of
/// `kucoin-streams watch --format ndjson`: an object of kind `live`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LiveReport {
    /// Key of the connection.
    pub ws_key: WsKey,
    /// Topics, as they were subscribed.
    pub topics: Arc<[Arc<str>]>,
    /// The outage that was closed; `None` at the start, after an overflow or an undecodable frame.
    pub outage: Option<Outage>,
    /// Start and end of the period that was queried; `None` after the first snapshot.
    pub window: Option<(Timestamp, Timestamp)>,
    /// Local time when the topics were live.
    pub live_at: Timestamp,
    /// What could not be recovered.
    pub missing: Vec<MissingPart>,
    /// `true` for a second report: later attempts have found something, or have ended.
    pub late: bool,
    /// Number of REST requests that the recovery took, pages included.
    pub requests: u32,
    /// Sum of the weights of these requests in the rate limit pools of the account.
    pub weight: u32,
}

impl LiveReport {
    /// Creates a report of a first snapshot that misses nothing, for example to test what reads it.
    pub fn new(ws_key: WsKey, topics: &[&str], live_at: Timestamp) -> Self {
        Self {
            ws_key,
            topics: topics.iter().map(|topic| Arc::from(*topic)).collect(),
            outage: None,
            window: None,
            live_at,
            missing: Vec::new(),
            late: false,
            requests: 0,
            weight: 0,
        }
    }
}

impl MissingPart {
    /// Creates a missing part, for example to test what reads it.
    pub fn new(topic: impl Into<Arc<str>>, what: impl Into<String>, reason: MissingReason) -> Self {
        Self {
            topic: topic.into(),
            what: what.into(),
            reason,
        }
    }
}

impl LiveReport {
    /// Returns `true` if everything that can be recovered was recovered.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

/// The outage that a recovery closes: times of this machine, as in the gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outage {
    /// Receive time of the last event of the topics before the loss; `None` if there was none.
    pub last_event_at: Option<Timestamp>,
    /// Time when the loss was detected.
    pub lost_at: Timestamp,
    /// Epoch of the new connection.
    pub epoch: u64,
}

/// A part of a topic that could not be recovered, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingPart {
    /// Topic, as it was subscribed.
    pub topic: Arc<str>,
    /// What is missing, such as `fills of BTC-USDT`.
    pub what: String,
    /// Why it is missing.
    pub reason: MissingReason,
}

/// Reason why a part of a topic could not be recovered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingReason {
    /// KuCoin's rate limit is used up.
    RateLimited {
        /// Time until the limit is reset.
        reset: Duration,
    },
    /// KuCoin is overloaded or in maintenance.
    Overloaded,
    /// The REST API did not reply, or its replies cannot be read.
    Unreachable,
    /// KuCoin refuses the query: usually the API key lacks a permission.
    Refused {
        /// KuCoin's code, such as `400007`.
        code: Text,
        /// Permission that the API key needs; `None` if it is not the reason.
        permission: Option<Permission>,
    },
    /// The gap is longer than KuCoin keeps the records.
    TooOld,
    /// The records contradict each other, also after the last attempt.
    Inconsistent,
    /// KuCoin has no history of the topic.
    NoHistory,
    /// The query needs a symbol, and none is known.
    NoSymbols,
}

impl MissingReason {
    /// Returns the name of the reason, such as `RateLimited`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "RateLimited",
            Self::Overloaded => "Overloaded",
            Self::Unreachable => "Unreachable",
            Self::Refused { .. } => "Refused",
            Self::TooOld => "TooOld",
            Self::Inconsistent => "Inconsistent",
            Self::NoHistory => "NoHistory",
            Self::NoSymbols => "NoSymbols",
        }
    }

    /// Returns `true` if a later attempt can succeed.
    pub(crate) fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Overloaded | Self::Unreachable
        )
    }
}

impl fmt::Display for MissingReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimited { reset } => {
                write!(f, "rate limited for {}", HumanDuration(*reset))
            }
            Self::Overloaded => f.write_str("KuCoin is overloaded or in maintenance"),
            Self::Unreachable => f.write_str("the REST API cannot be reached"),
            Self::Refused { code, permission } => {
                write!(f, "refused by KuCoin (code {code})")?;
                match permission {
                    Some(permission) => {
                        write!(f, "; give the API key the permission `{permission}`")
                    }
                    None => Ok(()),
                }
            }
            Self::TooOld => f.write_str("older than KuCoin keeps it"),
            Self::Inconsistent => f.write_str("KuCoin's records contradict each other"),
            Self::NoHistory => f.write_str("KuCoin has no history of it"),
            Self::NoSymbols => f.write_str(
                "KuCoin lists it by symbol only; name the symbols that you trade (`RecoverySettings::symbols`, `--symbol`)",
            ),
        }
    }
}

impl fmt::Display for MissingPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.topic, self.what, self.reason)
    }
}
