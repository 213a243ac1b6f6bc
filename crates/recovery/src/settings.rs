//! Settings of a recovery.

use std::time::Duration;

use kucoin_streams_core::{Text, Timestamp};

/// Settings of a recovery. The defaults suit most accounts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecoverySettings {
    /// Symbols to query in addition to those that the stream, the ledgers and the open orders name.
    ///
    /// Unified accounts need them, because KuCoin has no list of the spot symbols that traded. Default: none.
    pub symbols: Vec<Text>,
    /// How long before the last event before a loss the queries start. Default: 10 s.
    pub overlap: Duration,
    /// Time between the acknowledgement and the first query, because rows appear late. Default: 1 s.
    pub row_delay: Duration,
    /// Delays before the second and the third sweep of queries. Default: 3 s and 10 s.
    ///
    /// The second sweep finds rows that appeared late. The third one follows only if records contradict each other or a query
    /// has failed.
    pub sweep_delays: [Duration; 2],
    /// Delays of the attempts after the report, if queries have failed. Default: 20 s, 60 s and 120 s.
    pub late_delays: [Duration; 3],
    /// Maximum time that live events are held back while a gap is filled. Default: 30 s.
    pub max_hold: Duration,
    /// Maximum number of live events that are held back. Default: 100,000.
    pub max_held_events: usize,
    /// Yield a snapshot of the state at the start. Default: `true`.
    pub snapshot: bool,
    /// Exchange time up to which an earlier run has processed the events. Default: `None`.
    ///
    /// If set, the stream starts as if the topics had been lost at this time: with the events since then, from
    /// [`overlap`](Self::overlap) before it, then the state and a report. Events of the overlap are recovered even if the
    /// earlier run has processed them: count each fill once, by its key.
    pub since: Option<Timestamp>,
}

impl Default for RecoverySettings {
    fn default() -> Self {
        Self {
            symbols: Vec::new(),
            overlap: Duration::from_secs(10),
            row_delay: Duration::from_secs(1),
            sweep_delays: [Duration::from_secs(3), Duration::from_secs(10)],
            late_delays: [20, 60, 120].map(Duration::from_secs),
            max_hold: Duration::from_secs(30),
            max_held_events: 100_000,
            snapshot: true,
            since: None,
        }
    }
}

impl RecoverySettings {
    /// Returns the error that the exchange time of an acknowledgement may have.
    ///
    /// It is half the shortest time until the report.
    pub(crate) fn live_tolerance(&self) -> Duration {
        (self.row_delay + self.sweep_delays[0]) / 2
    }
}
