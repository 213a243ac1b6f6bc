//! One recovery: the topics that are down or being recovered, the live events held back, and the sweep in progress.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use kucoin_streams_core::{Decimal, Timestamp};

use crate::books::{RowState, Step, TopicIndex, Window};
use crate::facts::{Change, EventFacts, OrderFacts, OrderStage};
use crate::output::{MissingReason, Outage};

/// Time from the report to the last attempt, at most.
pub(crate) const LATE_LIMIT: Duration = Duration::from_secs(300);
/// Maximum duration of a sweep: queries without a reply are given up.
pub(crate) const MAX_SWEEP: Duration = Duration::from_secs(60);

/// What a recovery does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Some topics are not live yet.
    Down,
    /// Waits for the next sweep.
    Waiting { until: Instant },
    /// Asks for the server time, before the first step.
    Clock { deadline: Instant },
    /// Queries of a step are awaited.
    Sweeping { step: Step, deadline: Instant },
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
    /// Returns `true` if a row of a snapshot shows the same or a later state, so that the event would be a step back.
    ///
    /// `sent_at` is the time of the request. Fills and the end of an order are never older.
    pub(crate) fn is_older_than(&self, row: &RowState, sent_at: Timestamp) -> bool {
        match (&self.facts.change, row) {
            (
                Change::Order(order),
                RowState::Order {
                    order_id,
                    filled,
                    size,
                    stage,
                },
            ) => {
                let is_state = order.stage.is_open() && order.fill.is_none();
                order.order_id == *order_id
                    && is_state
                    && is_older(order, (*filled, *size, *stage), self.time <= sent_at)
            }
            (Change::Stop(stop), RowState::Order { order_id, .. }) => {
                stop.order_id == *order_id && stop.is_open && self.time <= sent_at
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

/// Compares the progress of an order with that of a row: a filled size grows, a size shrinks.
///
/// If the progress is equal, the event can be an amendment, so it is older only if it was sent before the row was read.
fn is_older(
    order: &OrderFacts,
    (filled, size, stage): (Option<Decimal>, Option<Decimal>, OrderStage),
    was_before: bool,
) -> bool {
    let both = |event: Option<_>, row: Option<_>| event.zip(row);
    let fills = both(order.filled, filled).map(|(event, row)| event.cmp(&row));
    let sizes = both(order.size, size).map(|(event, row)| row.cmp(&event));
    let stages = Some(order.stage.cmp(&stage));
    let progress = [fills, sizes, stages];
    let has = |ordering| progress.contains(&Some(ordering));
    use std::cmp::Ordering::{Greater, Less};
    !has(Greater) && (has(Less) || was_before)
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
    /// Exchange time when the topics were live, once the exchange's clock was read.
    pub(crate) live_at_exchange: Option<Timestamp>,
    pub(crate) outage: Option<Outage>,
    pub(crate) held: Vec<Held<U>>,
    /// Live events were yielded before the report, since they could not be held back any longer.
    pub(crate) has_released: bool,
    /// Time until which live events are held back; `None` while none is held back and the topics are down.
    pub(crate) hold_until: Option<Instant>,
    pub(crate) phase: Phase,
    /// Number of the sweep, from 1.
    pub(crate) sweep: u32,
    /// End of the window of this sweep, in exchange time.
    pub(crate) to: Timestamp,
    /// When the recovery was first reported; what is found afterwards is late.
    pub(crate) reported_at: Option<(Instant, Timestamp)>,
    /// Exchange time of the last report.
    pub(crate) last_report_at: Timestamp,
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
            live_at_exchange: None,
            outage: None,
            held: Vec::new(),
            has_released: false,
            hold_until: None,
            phase: Phase::Down,
            sweep: 0,
            to: from,
            reported_at: None,
            last_report_at: Timestamp::default(),
            missing: Vec::new(),
            late_sweeps: 0,
        }
    }

    pub(crate) fn is_reported(&self) -> bool {
        self.reported_at.is_some()
    }

    /// Returns `true` if live events of the topic are held back.
    pub(crate) fn holds(&self, topic: TopicIndex) -> bool {
        !self.is_reported() && self.topics.contains(&topic)
    }

    /// Returns the window to recover; `None` for the first snapshot.
    ///
    /// `live_at` is the exchange time when the topics were live, if the exchange's clock was not read; `tolerance` is the
    /// error that it may have.
    pub(crate) fn window(
        &self,
        live_at: Timestamp,
        first_live_at: Timestamp,
        tolerance: Duration,
    ) -> Option<Window> {
        let live_at = self.live_at_exchange.unwrap_or(live_at);
        (!self.is_start).then_some(Window {
            from: self.from,
            first_live_at,
            live_at,
            last: live_at.checked_add(tolerance).unwrap_or(live_at),
            to: self.to,
        })
    }
}
