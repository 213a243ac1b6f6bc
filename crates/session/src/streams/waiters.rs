//! Callers that wait for an answer of the connection as a whole, and until when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::deadline_after;
use crate::delivery::Ticket;

/// Who waits, and how much of the wait does not count.
pub(super) struct Waiters {
    limit: Duration,
    /// Up to this moment callers waited for the line of dials or the pace of requests, which does not count.
    rate_limited_until: Option<Instant>,
    last_ticket: u64,
    /// Callers that wait until it is live, each with its deadline.
    live: Vec<(Instant, Ticket)>,
    /// Callers that asked for a rotation.
    rotated: Vec<Ticket>,
    /// Callers that wait until the unsubscriptions of these topics are answered.
    settled: Vec<(Ticket, Vec<Arc<str>>)>,
}

impl Waiters {
    /// Each waits for as long as `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            rate_limited_until: None,
            last_ticket: 0,
            live: Vec::new(),
            rotated: Vec::new(),
            settled: Vec::new(),
        }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn rate_limited_until(&self) -> Option<Instant> {
        self.rate_limited_until
    }

    /// The time up to now does not count.
    pub(super) fn rate_limited(&mut self, now: Instant) {
        self.rate_limited_until = Some(now);
    }

    pub(super) fn ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket::new(self.last_ticket)
    }

    pub(super) fn wait_live(&mut self, now: Instant, ticket: Ticket) {
        self.live.push((deadline_after(now, self.limit), ticket));
    }

    pub(super) fn wait_rotated(&mut self, ticket: Ticket) {
        self.rotated.push(ticket);
    }

    pub(super) fn wait_unsubscribed(&mut self, ticket: Ticket, topics: Vec<Arc<str>>) {
        self.settled.push((ticket, topics));
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.live.iter().map(|(deadline, _)| *deadline).min()
    }

    /// Takes those that wait until it is live.
    pub(super) fn take_live(&mut self) -> Vec<Ticket> {
        self.live.drain(..).map(|(_, ticket)| ticket).collect()
    }

    /// Takes those that wait for a rotation.
    pub(super) fn take_rotated(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.rotated)
    }

    /// Takes those that wait until the unsubscriptions of topics are answered, if none of theirs is pending.
    pub(super) fn take_unsubscribed(&mut self, is_pending: impl Fn(&str) -> bool) -> Vec<Ticket> {
        let is_settled = |(_, topics): &mut (Ticket, Vec<Arc<str>>)| {
            !topics.iter().any(|topic| is_pending(topic))
        };
        let settled = self.settled.extract_if(.., is_settled);
        settled.map(|(ticket, _)| ticket).collect()
    }

    /// True if a caller waits for an unsubscription.
    pub(super) fn has_unsubscribe_waiters(&self) -> bool {
        !self.settled.is_empty()
    }

    /// Takes those that have waited until it is live for long enough.
    pub(super) fn take_overdue(&mut self, now: Instant) -> Vec<Ticket> {
        if let Some(rate_limited_until) = self.rate_limited_until {
            let excused = deadline_after(rate_limited_until, self.limit);
            for (deadline, _) in &mut self.live {
                *deadline = excused.max(*deadline);
            }
        }
        let overdue = self.live.extract_if(.., |(deadline, _)| *deadline <= now);
        overdue.map(|(_, ticket)| ticket).collect()
    }
}
