//! Trust in each part of the account: whether what is kept is what KuCoin has.

use std::fmt;
use std::sync::Arc;

use kucoin_streams_core::{Timestamp, WsKey};
use serde::{Serialize, Serializer};

use crate::{PartTrust, parts_of};

/// A part of the account, which is trusted or not as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum AccountPart {
    /// Orders and stop orders, open and recently done.
    Orders,
    /// Fills.
    Fills,
    /// Balances of all account types.
    Balances,
    /// Futures positions.
    Positions,
    /// Margin status, debts, leverages and margin modes.
    Margin,
}

impl AccountPart {
    /// All parts.
    pub const ALL: [Self; 5] = [
        Self::Orders,
        Self::Fills,
        Self::Balances,
        Self::Positions,
        Self::Margin,
    ];

    /// Returns the name of the part, such as `orders`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Fills => "fills",
            Self::Balances => "balances",
            Self::Positions => "positions",
            Self::Margin => "margin",
        }
    }
}

impl fmt::Display for AccountPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Trust in a part of the account.
///
/// Serializes as an object with `trust`: `live`, `recovering` or `stale`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// The kept numbers are those of KuCoin, as of the last event.
    ///
    /// In a unified account, orders that were open at the start are known only of the symbols that you named.
    Live {
        /// Local time since when the part is live.
        since: Timestamp,
        /// Number of the connection, as in `Update::epoch`: 1 at first.
        epoch: u64,
    },
    /// The stream is connected, and what was missed is being fetched. The numbers may be old.
    Recovering {
        /// Local time since when the part is not live.
        since: Timestamp,
    },
    /// The numbers are old, and nothing is being fetched.
    Stale {
        /// Local time since when the part is not live.
        since: Timestamp,
        /// Why the part is stale.
        reason: StaleReason,
    },
}

/// Why a part of the account is stale.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StaleReason {
    /// The connection is lost and is being opened again.
    Disconnected(
        /// Cause of the loss.
        Arc<str>,
    ),
    /// Something was missed and could not be fetched.
    Missing(
        /// What is missing and why, and what to do.
        Arc<str>,
    ),
    /// KuCoin refuses a topic of the part.
    Refused(
        /// Topic, code and message.
        Arc<str>,
    ),
    /// The stream has ended: nothing changes any more.
    Ended(
        /// Why it has ended.
        Arc<str>,
    ),
    /// Events contradict each other: see `AccountViolation`. Only this row is affected.
    Contradiction,
}

impl Trust {
    /// Returns `true` if the numbers are those of KuCoin.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Live { .. })
    }

    /// Returns the local time since when the trust is what it is.
    pub const fn since(&self) -> Timestamp {
        match self {
            Self::Live { since, .. } | Self::Recovering { since } | Self::Stale { since, .. } => {
                *since
            }
        }
    }

    /// Returns `live`, `recovering` or `stale`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Live { .. } => "live",
            Self::Recovering { .. } => "recovering",
            Self::Stale { .. } => "stale",
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Live { .. } => 0,
            Self::Recovering { .. } => 1,
            Self::Stale { .. } => 2,
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { reason, .. } => write!(f, "stale: {reason}"),
            _ => f.pad(self.as_str()),
        }
    }
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected(cause) => write!(f, "disconnected: {cause}"),
            Self::Missing(what) => write!(f, "missing: {what}"),
            Self::Refused(what) => write!(f, "refused: {what}"),
            Self::Ended(reason) => write!(f, "ended: {reason}"),
            Self::Contradiction => f.write_str("events contradict each other"),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TrustLine {
    trust: &'static str,
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Serialize for Trust {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (epoch, reason) = match self {
            Self::Live { epoch, .. } => (Some(*epoch), None),
            Self::Recovering { .. } => (None, None),
            Self::Stale { reason, .. } => (None, Some(reason.to_string())),
        };
        let line = TrustLine {
            trust: self.as_str(),
            since: self.since(),
            epoch,
            reason,
        };
        line.serialize(serializer)
    }
}

/// The trust in each topic. A part is trusted as far as the least trusted of its topics.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustTable(Vec<TopicTrust>);

#[derive(Clone, Debug)]
struct TopicTrust {
    ws_key: WsKey,
    topic: Arc<str>,
    parts: &'static [AccountPart],
    trust: Trust,
}

impl TrustTable {
    /// Adds a topic that is not live yet. A topic that keeps no part is left out.
    pub(crate) fn add(&mut self, ws_key: WsKey, topic: &str, now: Timestamp) {
        let parts = parts_of(topic);
        if parts.is_empty() {
            return;
        }
        self.0.push(TopicTrust {
            ws_key,
            topic: topic.into(),
            parts,
            trust: Trust::Recovering { since: now },
        });
    }

    /// Returns the trust in a part over all connections; `None` if no topic keeps it.
    pub(crate) fn of_part(&self, part: AccountPart) -> Option<&Trust> {
        self.least(|row| row.parts.contains(&part))
    }

    /// Returns the trust in a part on one connection; `None` if no topic of the connection keeps it.
    pub(crate) fn of(&self, ws_key: WsKey, part: AccountPart) -> Option<&Trust> {
        self.least(|row| row.ws_key == ws_key && row.parts.contains(&part))
    }

    /// Returns each part of each connection.
    pub(crate) fn parts(&self) -> Vec<(WsKey, AccountPart)> {
        let rows = self.0.iter();
        let parts = rows.flat_map(|row| row.parts.iter().map(|part| (row.ws_key, *part)));
        let mut parts: Vec<_> = parts.collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    }

    /// Changes the trust in the topics for which `new` returns a value; returns the parts of which the trust has changed.
    pub(crate) fn update(
        &mut self,
        mut new: impl FnMut(WsKey, &str, &Trust) -> Option<Trust>,
    ) -> Vec<PartTrust> {
        let parts = self.parts();
        let of = |table: &Self, (ws_key, part)| table.of(ws_key, part).cloned();
        let before: Vec<_> = parts.iter().map(|part| of(self, *part)).collect();
        for row in &mut self.0 {
            if let Some(trust) = new(row.ws_key, &row.topic, &row.trust) {
                row.trust = trust;
            }
        }
        let changed = parts.into_iter().zip(before).filter_map(|(part, before)| {
            let after = of(self, part)?;
            let (ws_key, name) = part;
            (before.as_ref() != Some(&after)).then(|| PartTrust::new(ws_key, name, after))
        });
        changed.collect()
    }

    /// Returns `true` if no topic is still being read for the first time.
    pub(crate) fn is_started(&self) -> bool {
        let is_read = |trust: &Trust| !matches!(trust, Trust::Recovering { .. });
        self.0.iter().all(|row| is_read(&row.trust))
    }

    fn least(&self, is_wanted: impl Fn(&TopicTrust) -> bool) -> Option<&Trust> {
        let rows = self.0.iter().filter(|row| is_wanted(row));
        let trusts = rows.map(|row| &row.trust);
        trusts.max_by_key(|trust| (trust.rank(), trust.since()))
    }
}
