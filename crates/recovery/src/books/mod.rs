//! The books: what a recovery fetches and compares, one kind per family of topics.

pub(crate) mod funding;
pub(crate) mod ledger;
pub(crate) mod none;
pub(crate) mod orders;
pub(crate) mod state;
pub(crate) mod stops;

use std::collections::HashSet;
use std::sync::Arc;

use kucoin_streams_core::{Text, Timestamp};
use kucoin_streams_rest::{Query, QueryError, RawPage};

use crate::facts::{EventFacts, Identity};
use crate::output::MissingReason;

/// Index of a topic in the list of subscribed topics.
pub(crate) type TopicIndex = usize;

/// Step of a sweep. Steps run in this order: history before state, so that the state can only be newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Ledgers and lists that say which symbols traded.
    Index,
    /// Fills, ended orders and settlements.
    History,
    /// Open orders and stop orders.
    Open,
    /// Orders that are in no list, by their ID.
    ById,
    /// Balances, positions and settings.
    State,
}

impl Step {
    pub(crate) const ALL: [Self; 5] = [
        Self::Index,
        Self::History,
        Self::Open,
        Self::ById,
        Self::State,
    ];
}

/// The period to recover, in exchange time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Start of the queries: the last event before the loss, less an overlap.
    pub(crate) from: Timestamp,
    /// Time when the topics were live again: later events come over the stream.
    pub(crate) live_at: Timestamp,
    /// Latest time of an event to recover, a little after `live_at`, because the clock offset is an estimate.
    ///
    /// The stream had the time until the report to bring later events.
    pub(crate) last: Timestamp,
    /// End of the queries, after `live_at`.
    pub(crate) to: Timestamp,
}

/// What a book asks for, so that it recognizes the reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    /// Ledger of a venue or an account.
    Ledger,
    /// Symbols with open orders.
    Symbols,
    Fills,
    Done,
    Open,
    /// One order or stop order.
    Order(Text),
    Funding,
    State,
}

/// The queries of one step, each with the venue or account that it is for.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    queries: Vec<(Query, Ask, usize)>,
}

impl Asks {
    /// Asks for all pages of a query. `part` is a number of the book's own, such as the index of a venue.
    pub(crate) fn push(&mut self, query: impl Into<Query>, ask: Ask, part: usize) {
        self.queries.push((query.into(), ask, part));
    }

    pub(crate) fn into_queries(self) -> Vec<(Query, Ask, usize)> {
        self.queries
    }
}

/// All pages of a query, or the error that ended it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) query: Query,
    /// Pages in order, each with the time before its request and after its reply.
    pub(crate) pages: Vec<(RawPage, (Timestamp, Timestamp))>,
    pub(crate) error: Option<QueryError>,
}

impl Reply {
    /// Returns the path template of the endpoint, the source of what is found in the reply.
    pub(crate) fn source(&self) -> &'static str {
        self.query.endpoint().path()
    }
}

/// A recovered event and its frames.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) identity: Identity,
    /// Order of the event: `None` for an event without an order, such as a ledger row.
    pub(crate) order_id: Option<Text>,
    pub(crate) rank: Rank,
    /// Exchange time to sort by.
    pub(crate) time: Timestamp,
    /// `false` if the event has no exact time.
    pub(crate) exact: bool,
    /// Trade ID, to sort fills of one millisecond; empty if there is none.
    pub(crate) trade_id: Text,
    pub(crate) source: &'static str,
    /// One frame for each topic that reports the event.
    pub(crate) frames: Vec<(TopicIndex, String)>,
}

/// Position of an event among the events of its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Placed,
    Matched,
    Ended,
}

/// What a book has found in the sweeps of a recovery.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) found: Vec<Found>,
    pub(crate) snapshots: Vec<FoundRow>,
    pub(crate) vanished: Vec<FoundVanished>,
    pub(crate) missing: Vec<(TopicIndex, String, MissingReason)>,
    /// The records contradict each other, which a later sweep may resolve.
    pub(crate) is_inconsistent: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundRow {
    pub(crate) topic: TopicIndex,
    pub(crate) state: RowState,
    pub(crate) source: &'static str,
    pub(crate) taken_at: (Timestamp, Timestamp),
    pub(crate) data: Arc<str>,
}

/// State that a row shows, to recognize live events that are older than the row.
#[derive(Clone, Debug)]
pub(crate) enum RowState {
    /// Order and its cumulative filled size.
    Order(Text, kucoin_streams_core::Decimal),
    /// Symbol, leg (empty if none) and time of the row.
    Position(Text, Text, Timestamp),
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundVanished {
    pub(crate) topic: TopicIndex,
    pub(crate) symbol: Text,
    pub(crate) order_id: Text,
    pub(crate) filled: Option<kucoin_streams_core::Decimal>,
}

/// What happened to an event before the book sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// Delivered at once: no recovery of its topic is in progress.
    Delivered,
    /// Held back until the recovery of its topic is complete.
    Held,
}

/// What a recovery fetches and compares for a family of topics.
pub(crate) trait Book: std::fmt::Debug + Send {
    /// Returns the topics of the book.
    fn topics(&self) -> &[TopicIndex];

    /// Takes note of a live event of one of the book's topics.
    fn observe(&mut self, facts: &EventFacts, passed: Passed);

    /// Starts a recovery, or starts it over; what is known from live events stays.
    fn begin(&mut self);

    /// Starts a sweep: forgets the errors of the sweep before, and keeps its rows.
    fn begin_sweep(&mut self);

    /// Asks for what the step needs. `window` is `None` for the first snapshot, which needs no history.
    fn ask(&mut self, step: Step, window: Option<&Window>, asks: &mut Asks);

    /// Takes the reply to a query.
    fn reply(&mut self, ask: &Ask, part: usize, reply: &Reply);

    /// Ends a sweep: all replies are there.
    fn end_sweep(&mut self) {}

    /// Returns what all sweeps until now have found, without what is in `seen` for each topic.
    fn findings(
        &mut self,
        window: Option<&Window>,
        seen: &HashSet<(TopicIndex, Identity)>,
    ) -> Findings;

    /// Takes what was found and held back as known, as if it had been seen live: it was reported.
    ///
    /// Later sweeps may still find more.
    fn commit(&mut self);
}

/// Returns the reason for which an error makes a part of a topic missing.
pub(crate) fn missing_reason(error: &QueryError) -> MissingReason {
    match error {
        QueryError::RateLimited { reset, .. } => MissingReason::RateLimited { reset: *reset },
        QueryError::Overloaded { .. } => MissingReason::Overloaded,
        QueryError::Refused { code, .. } | QueryError::BadParameter { code, .. } => {
            MissingReason::Refused { code: code.clone() }
        }
        QueryError::NotFound { .. } => MissingReason::Refused {
            code: Text::from_static("404"),
        },
        _ => MissingReason::Unreachable,
    }
}

/// Returns `true` if the error of a query by ID says that KuCoin does not know the order.
///
/// KuCoin has several codes for it, also that of a wrong parameter.
pub(crate) fn is_unknown_order(error: &QueryError) -> bool {
    matches!(
        error,
        QueryError::NotFound { .. } | QueryError::BadParameter { .. }
    )
}
