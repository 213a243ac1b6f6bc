//! Handling of failures: retries, their delays, and failures that end the session.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use kucoin_streams_core::{Protocol, RetryPolicy};

use crate::connection::backoff::scale;
use crate::connection::phase::Phase;
use crate::failure::RetryDelay;
use crate::{Action, CloseReason, Failure, Session, SessionEvent};

/// State that a session keeps from earlier connections.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Failures since the last healthy connection.
    failures: u32,
    token_refusals: u32,
    was_live: bool,
    down_since: Option<Instant>,
    replaying: bool,
    refused_at_replay: usize,
    /// Requests that were unsubscribed while they were postponed, so that they never became live.
    abandoned: usize,
    malformed: VecDeque<Instant>,
}

impl History {
    /// Records that the connection is live. Returns `true` if this is a reconnect.
    ///
    /// It is a reconnect if an earlier connection was live.
    pub(crate) fn went_live(&mut self) -> bool {
        self.replaying = self.was_live;
        self.refused_at_replay = 0;
        self.abandoned = 0;
        std::mem::replace(&mut self.was_live, true)
    }

    /// Returns the initial history of a replacement session, with the same backoff.
    pub(crate) fn of_replacement(&self) -> Self {
        Self {
            failures: self.failures,
            token_refusals: self.token_refusals,
            ..Self::default()
        }
    }

    /// Returns `true` from the reconnect until `Reconnected` is emitted.
    pub(crate) fn is_replaying(&self) -> bool {
        self.replaying
    }

    pub(crate) fn refused_at_replay(&mut self) {
        self.refused_at_replay += 1;
    }

    pub(crate) fn abandon(&mut self) {
        self.abandoned += 1;
    }

    pub(crate) fn abandoned(&self) -> usize {
        self.abandoned
    }

    /// Ends a replay. Returns the downtime and the number of refused requests.
    ///
    /// Returns `None` if no replay was in progress.
    pub(crate) fn replayed(&mut self, now: Instant) -> Option<(Duration, usize)> {
        if !std::mem::take(&mut self.replaying) {
            return None;
        }
        let since = self.down_since.take().unwrap_or(now);
        Some((now.duration_since(since), self.refused_at_replay))
    }

    /// Counts a malformed frame. Returns the number within the last 10 s.
    pub(crate) fn malformed(&mut self, now: Instant) -> usize {
        count_within(&mut self.malformed, now, Duration::from_secs(10))
    }

    fn lost_live(&mut self, now: Instant, healthy: bool) {
        if healthy {
            self.failures = 0;
            self.token_refusals = 0;
        }
        self.down_since.get_or_insert(now);
        self.replaying = false;
        self.malformed.clear();
    }
}

fn count_within(times: &mut VecDeque<Instant>, now: Instant, window: Duration) -> usize {
    times.push_back(now);
    while times.front().is_some_and(|&at| at + window <= now) {
        times.pop_front();
    }
    times.len()
}

impl<P: Protocol> Session<P> {
    /// Handles a failure of an attempt or a connection: schedules the next attempt, or closes the session.
    pub(crate) fn lose(&mut self, now: Instant, failure: Failure) {
        match self.phase {
            Phase::Closed => return,
            Phase::Closing { .. } => return self.finish(CloseReason::Requested),
            _ if self.is_replacement => {
                self.hang_up(&failure);
                return self.finish(CloseReason::Failed(failure));
            }
            Phase::Live { since } => {
                let healthy = now.duration_since(since) >= self.config.healthy_after;
                self.history.lost_live(now, healthy);
                self.hang_up(&failure);
                self.emit(SessionEvent::Lost {
                    cause: failure.clone(),
                });
            }
            _ => self.hang_up(&failure),
        }
        self.rate_limited_until = None;
        self.unsubscribed_here.clear();
        for request in self.topics.reset() {
            self.emit(SessionEvent::Ended { request });
        }
        if failure.retry_policy.is_fatal(self.history.was_live) {
            return self.finish(CloseReason::Failed(failure));
        }
        self.history.failures = self.history.failures.saturating_add(1);
        let delay = self.delay(&failure);
        self.phase = Phase::Waiting { until: now + delay };
        self.emit(SessionEvent::Reconnect {
            cause: failure,
            attempt: self.history.failures,
            delay,
        });
    }

    /// Closes the session.
    pub(crate) fn finish(&mut self, reason: CloseReason) {
        // After a failure the connection was closed already, with the code for that failure.
        if reason == CloseReason::Requested && !matches!(self.phase, Phase::Idle) {
            self.actions.push_back(Action::HangUp { code: 1000 });
        }
        self.phase = Phase::Closed;
        self.emit(SessionEvent::Closed(reason));
    }

    fn hang_up(&mut self, failure: &Failure) {
        let code = match failure.retry_policy {
            RetryPolicy::Protocol => 1002,
            _ => 1000,
        };
        self.actions.push_back(Action::HangUp { code });
    }

    fn delay(&mut self, failure: &Failure) -> Duration {
        let random = self.random.next();
        let retry_policy = failure.retry_policy;
        if retry_policy == RetryPolicy::TokenRefused {
            self.history.token_refusals = self.history.token_refusals.saturating_add(1);
            if self.history.token_refusals == 1 {
                return Duration::ZERO;
            }
        }
        let ceiling = self.config.backoff.ceiling(self.history.failures);
        retry_policy.min_delay() + scale(retry_policy.jitter(ceiling), random)
    }
}
