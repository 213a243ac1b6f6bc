//! Statistics of a client and of a fleet: counters, queues and latencies.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use kucoin_streams_client::{ConnectionCounters, ConnectionStats, TopicDrift};
use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_rest::RestStats;
use serde::Serialize;

/// Statistics of one account, from [`Kucoin::stats`](crate::Kucoin::stats).
///
/// Serializes to one JSON object. It contains no key, user ID or order ID.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KucoinStats {
    /// Label of the account; `None` if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Local time of these statistics.
    pub taken_at: Timestamp,
    /// Connections that were opened so far, by key and number.
    pub connections: Vec<ConnectionStats>,
    /// REST queries; token requests are in [`dials`](ConnectionCounters::dials).
    pub rest: RestStats,
    /// Differences from the known format, by topic: see [`Kucoin::drift`](crate::Kucoin::drift).
    pub drift: Vec<TopicDrift>,
}

impl KucoinStats {
    /// Returns the sums of the counters of all connections.
    pub fn total(&self) -> ConnectionCounters {
        sum(self.connections.iter())
    }
}

/// Statistics of the accounts of a fleet, from [`Fleet::stats`](crate::Fleet::stats).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FleetStats {
    /// Statistics of each account, sorted by label.
    pub accounts: Vec<KucoinStats>,
}

impl FleetStats {
    /// Returns the sums of the counters of all accounts.
    pub fn total(&self) -> ConnectionCounters {
        sum(self
            .accounts
            .iter()
            .flat_map(|account| &account.connections))
    }
}

fn sum<'s>(connections: impl Iterator<Item = &'s ConnectionStats>) -> ConnectionCounters {
    let mut total = ConnectionCounters::default();
    for connection in connections {
        total += connection.counters;
    }
    total
}

/// Number of recovered events by connection key; clones share it.
#[derive(Clone, Default)]
pub(crate) struct RecoveredCounts(Arc<Mutex<BTreeMap<WsKey, Arc<AtomicU64>>>>);

impl RecoveredCounts {
    /// Returns the counter of a connection key.
    pub(crate) fn of(&self, ws_key: WsKey) -> Arc<AtomicU64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counts.entry(ws_key).or_default())
    }

    /// Adds the counts to the first connection of each key.
    pub(crate) fn add_to(&self, connections: &mut [ConnectionStats]) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (ws_key, count) in counts.iter() {
            let mut of_key = connections.iter_mut().filter(|of| of.ws_key == *ws_key);
            if let Some(first) = of_key.next() {
                first.counters.recovered = count.load(Relaxed);
            }
        }
    }
}
