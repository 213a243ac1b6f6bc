//! The books: what a recovery fetches and compares, one kind per family of topics.

pub(crate) mod funding;
pub(crate) mod ledger;
mod missing;
pub(crate) mod none;
mod open_orders;
pub(crate) mod orders;
pub(crate) mod positions;
pub(crate) mod state;
pub(crate) mod stops;
pub(crate) mod unified_ledger;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{Decimal, Text, Timestamp};
use kucoin_streams_rest::{Query, QueryError, RawPage};

pub(crate) use missing::MissingParts;

use crate::facts::{EventFacts, Identity, OrderStage};
use crate::output::MissingReason;
use crate::recovery::Seen;

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
    /// Positions and settings that the lists of the step before do not name.
    Unlisted,
}

impl Step {
    pub(crate) const ALL: [Self; 6] = [
        Self::Index,
        Self::History,
        Self::Open,
        Self::ById,
        Self::State,
        Self::Unlisted,
    ];
}

/// The period to recover, in exchange time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Start of the queries: the last event before the loss, less an overlap.
    pub(crate) from: Timestamp,
    /// Time when the topics were first live: nothing older is recovered.
    pub(crate) first_live_at: Timestamp,
    /// Time when the topics were live again: later events come over the stream.
    pub(crate) live_at: Timestamp,
    /// Latest time of an event to recover, a little after `live_at`, because the clock offset is an estimate.
    ///
    /// The stream had the time until the report to bring later events.
    pub(crate) last: Timestamp,
    /// End of the queries, after `live_at`.
    pub(crate) to: Timestamp,
}

/// How long KuCoin keeps spot and margin records, ledgers, and records of unified accounts, less a minute.
pub(crate) const KEPT: Duration = Duration::from_secs(7 * 24 * 3600 - 60);

impl Window {
    pub(crate) fn contains(&self, time: Timestamp) -> bool {
        (self.from..=self.last).contains(&time)
    }

    pub(crate) fn length(&self) -> Duration {
        self.to.duration_since(self.from)
    }

    /// Returns the window without what is older than KuCoin keeps it.
    pub(crate) fn kept(&self, kept: Duration) -> Self {
        let oldest = self.to.checked_sub(kept).unwrap_or(self.from);
        Self {
            from: self.from.max(oldest),
            ..*self
        }
    }

    /// Returns the periods of queries that may span at most `span` each.
    pub(crate) fn periods(&self, span: Duration) -> Vec<(Timestamp, Timestamp)> {
        let mut periods = Vec::new();
        let mut from = self.from;
        while from < self.to {
            let to = from.checked_add(span).unwrap_or(self.to).min(self.to);
            periods.push((from, to));
            from = to;
        }
        periods
    }
}

/// The sweep in progress.
#[derive(Debug)]
pub(crate) struct Sweep<'s> {
    /// `None` for the first snapshot, which needs no history.
    pub(crate) window: Option<Window>,
    /// Number of the sweep, from 1.
    pub(crate) number: u32,
    /// The account uses margin, as far as is known.
    pub(crate) uses_margin: bool,
    pub(crate) seen: &'s Seen,
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
    /// A position or setting that no list names.
    Unlisted,
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
    pub(crate) fn failed(query: Query, error: QueryError) -> Self {
        Self {
            query,
            pages: Vec::new(),
            error: Some(error),
        }
    }

    /// Returns the path template of the endpoint, the source of what is found in the reply.
    pub(crate) fn source(&self) -> &'static str {
        self.query.endpoint().path()
    }

    /// Returns the rows of all pages, each with the times of its request and reply.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (Cow<'_, str>, (Timestamp, Timestamp))> {
        let pages = self.pages.iter();
        pages.flat_map(|(page, times)| page.complete_rows().map(|row| (row, *times)))
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
    /// Another sweep may find more: records contradict each other, or a list is not in real time.
    pub(crate) is_unsettled: bool,
}

impl Findings {
    /// Notes a contradiction, which a later sweep may resolve.
    pub(crate) fn contradict(&mut self, topics: impl Iterator<Item = TopicIndex>, what: &str) {
        self.is_unsettled = true;
        let parts = topics.map(|topic| (topic, what.to_owned(), MissingReason::Inconsistent));
        self.missing.extend(parts);
    }
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
    Order {
        order_id: Text,
        filled: Option<Decimal>,
        size: Option<Decimal>,
        stage: OrderStage,
    },
    /// Symbol, leg (empty if none) and time of the row.
    Position(Text, Text, Timestamp),
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundVanished {
    pub(crate) topic: TopicIndex,
    pub(crate) symbol: Text,
    pub(crate) order_id: Text,
    pub(crate) filled: Option<Decimal>,
}

/// How a recovery starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Everything before the window was delivered.
    New,
    /// A recovery that was not reported starts over after another loss.
    Again,
    /// The window contains that of an incomplete recovery: live events of the window were delivered.
    TakeOver,
}

/// What happens to a live event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// Delivered at once: no recovery of its topic is in progress.
    Delivered,
    /// Held back until the recovery of its topic is reported.
    Held,
    /// Delivered at once, while a reported recovery of its topic is repeated in the background.
    Late,
}

/// What a recovery fetches and compares for a family of topics.
pub(crate) trait Book: std::fmt::Debug + Send {
    /// Returns the topics of the book.
    fn topics(&self) -> &[TopicIndex];

    /// Takes note of a live event of one of the book's topics.
    fn observe(&mut self, _facts: &EventFacts, _passed: Passed) {}

    /// Starts a recovery; what is known from live events stays.
    fn begin(&mut self, _start: Start) {}

    /// Starts a sweep: forgets the errors of the sweep before, and keeps its rows.
    fn begin_sweep(&mut self) {}

    /// Asks for what the step needs.
    fn ask(&mut self, _step: Step, _sweep: &Sweep<'_>, _asks: &mut Asks) {}

    /// Takes the reply to a query.
    fn reply(&mut self, _ask: &Ask, _part: usize, _reply: &Reply) {}

    /// Ends a sweep: all replies are there.
    fn end_sweep(&mut self) {}

    /// Returns what all sweeps until now have found, without what was delivered.
    fn findings(&mut self, sweep: &Sweep<'_>) -> Findings;

    /// Takes what was found and held back as known, as if it had been seen live: it was reported.
    ///
    /// Later sweeps may still find more.
    fn commit(&mut self) {}

    /// Returns `true` if rows or events show that the account uses margin, or if that cannot be excluded.
    fn uses_margin(&self) -> bool {
        false
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
