//! Callers that wait for the connection, and their deadlines.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::deadline_after;
use crate::delivery::Ticket;

/// Callers that wait for an answer.
pub(super) struct Waiters {
    limit: Duration,
    /// Last time at which callers waited for the dial or message limit; timeouts restart there.
    rate_limited_until: Option<Instant>,
    last_ticket: u64,
    /// Callers of `wait_live`, with their deadlines.
    live: Vec<(Instant, Ticket)>,
    /// Callers of `rotate`.
    rotated: Vec<Ticket>,
    /// Callers of `wait_unsubscribed`, with their topics.
    unsubscribed: Vec<(Ticket, Vec<Arc<str>>)>,
}

impl Waiters {
    /// Creates the table; `limit` is the timeout of each caller.
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            rate_limited_until: None,
            last_ticket: 0,
            live: Vec::new(),
            rotated: Vec::new(),
            unsubscribed: Vec::new(),
        }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn rate_limited_until(&self) -> Option<Instant> {
        self.rate_limited_until
    }

    /// Records that callers wait for the dial or message limit: the time until now does not count.
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
        self.unsubscribed.push((ticket, topics));
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.live.iter().map(|(deadline, _)| *deadline).min()
    }

    /// Removes and returns the callers of `wait_live`.
    pub(super) fn take_live(&mut self) -> Vec<Ticket> {
        self.live.drain(..).map(|(_, ticket)| ticket).collect()
    }

    /// Removes and returns the callers of `rotate`.
    pub(super) fn take_rotated(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.rotated)
    }

    /// Removes and returns the callers of `wait_unsubscribed` whose topics are all answered.
    pub(super) fn take_unsubscribed(&mut self, is_pending: impl Fn(&str) -> bool) -> Vec<Ticket> {
        let is_answered = |(_, topics): &mut (Ticket, Vec<Arc<str>>)| {
            !topics.iter().any(|topic| is_pending(topic))
        };
        let unsubscribed = self.unsubscribed.extract_if(.., is_answered);
        unsubscribed.map(|(ticket, _)| ticket).collect()
    }

    /// Returns `true` if a caller waits for an unsubscription.
    pub(super) fn has_unsubscribe_waiters(&self) -> bool {
        !self.unsubscribed.is_empty()
    }

    /// Removes and returns the callers of `wait_live` whose timeout has passed.
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
