//! One recovery: the topics that are down or being recovered, the live events held back, and the sweep in progress.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use kucoin_streams_core::Timestamp;

use crate::books::{RowState, Step, TopicIndex, Window};
use crate::facts::{Change, EventFacts};
use crate::output::{MissingReason, Outage};

/// What a recovery does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Some topics are not live yet.
    Down,
    /// Waits for the next sweep.
    Waiting { until: Instant },
    /// Asks for the server time, before the first step.
    Clock,
    /// Queries of a step are awaited.
    Sweeping(Step),
}

/// A live event that is held back until the recovery is complete.
#[derive(Debug)]
pub(crate) struct Held<U> {
    pub(crate) topic: TopicIndex,
    pub(crate) facts: EventFacts,
    /// Exchange time of the event, or its receive time.
    pub(crate) time: Timestamp,
    /// The event came before the topics were live again, so recovered events can belong after it.
    pub(crate) is_before_live: bool,
    pub(crate) update: U,
}

impl<U> Held<U> {
    /// Returns `true` if a row of a snapshot shows a later state, so that the event would be a step back.
    ///
    /// Fills and the end of an order are never older.
    pub(crate) fn is_older_than(&self, row: &RowState) -> bool {
        match (&self.facts.change, row) {
            (Change::Order(order), RowState::Order(id, filled)) => {
                order.order_id == *id
                    && !order.is_done
                    && order.fill.is_none()
                    && order.filled.is_none_or(|shown| shown <= *filled)
            }
            (Change::Position(position), RowState::Position(symbol, side, time)) => {
                position.symbol == *symbol
                    && position.side == *side
                    && position.updated_at.is_some_and(|updated| updated <= *time)
            }
            _ => false,
        }
    }
}

/// One recovery, from the loss or the start until everything is reported.
#[derive(Debug)]
pub(crate) struct Episode<U> {
    /// The first snapshot: there is no history to recover.
    pub(crate) is_start: bool,
    pub(crate) topics: BTreeSet<TopicIndex>,
    /// Topics that are not live yet.
    pub(crate) down: BTreeSet<TopicIndex>,
    /// Start of the window, in exchange time.
    pub(crate) from: Timestamp,
    /// Local times when the topics were live.
    pub(crate) live_at: (Instant, Timestamp),
    pub(crate) outage: Option<Outage>,
    pub(crate) held: Vec<Held<U>>,
    pub(crate) phase: Phase,
    /// Number of the sweep, from 1.
    pub(crate) sweep: u32,
    /// End of the window of this sweep, in exchange time.
    pub(crate) to: Timestamp,
    /// The recovery was reported; what is found now is late.
    pub(crate) is_reported: bool,
    /// Parts that the last report named as missing.
    pub(crate) missing: Vec<(TopicIndex, String, MissingReason)>,
    pub(crate) late_sweeps: usize,
}

impl<U> Episode<U> {
    pub(crate) fn new(is_start: bool, from: Timestamp, now: (Instant, Timestamp)) -> Self {
        Self {
            is_start,
            topics: BTreeSet::new(),
            down: BTreeSet::new(),
            from,
            live_at: now,
            outage: None,
            held: Vec::new(),
            phase: Phase::Down,
            sweep: 0,
            to: from,
            is_reported: false,
            missing: Vec::new(),
            late_sweeps: 0,
        }
    }

    /// Returns the window to recover; `None` for the first snapshot.
    ///
    /// `live_at` is the exchange time when the topics were live, `tolerance` the error that it may have.
    pub(crate) fn window(&self, live_at: Timestamp, tolerance: Duration) -> Option<Window> {
        (!self.is_start).then_some(Window {
            from: self.from,
            live_at,
            last: live_at.checked_add(tolerance).unwrap_or(live_at),
            to: self.to,
        })
    }

    /// Returns `true` if live events of the topic are held back.
    pub(crate) fn holds(&self, topic: TopicIndex) -> bool {
        !self.is_reported && self.topics.contains(&topic)
    }
}
