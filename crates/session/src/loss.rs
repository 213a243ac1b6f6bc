//! Losses: what a failure means for the session, how long it waits, and when it gives up.

use std::collections::VecDeque;
use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

use kucoin_streams_wire::Protocol;

use crate::backoff::scale;
use crate::phase::Phase;
use crate::{Action, CloseReason, Failure, Report, Session, Severity};

/// What a session remembers of its past attempts.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Failures since the connection was last healthy.
    failures: u32,
    /// The kind of the last failure where it is one that is fatal when it repeats, and how often it came in a row.
    repeats: Option<(Discriminant<Severity>, u32)>,
    token_refusals: u32,
    was_live: bool,
    down_since: Option<Instant>,
    replaying: bool,
    refused_at_replay: usize,
    /// Requests that were unsubscribed while they were refused for now, so that they never became live.
    abandoned: usize,
    violations: VecDeque<Instant>,
    malformed: VecDeque<Instant>,
}

impl History {
    /// Notes that the connection is live; true where it was so before, so that a replay begins.
    pub(crate) fn went_live(&mut self) -> bool {
        self.replaying = self.was_live;
        self.refused_at_replay = 0;
        self.abandoned = 0;
        std::mem::replace(&mut self.was_live, true)
    }

    /// What the history of a session in its place begins with: the same patience is left.
    pub(crate) fn of_successor(&self) -> Self {
        Self {
            failures: self.failures,
            token_refusals: self.token_refusals,
            violations: self.violations.clone(),
            ..Self::default()
        }
    }

    /// True from a loss to the report that everything is live again.
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

    /// Ends a replay: for how long the connection was down, and how many requests were refused. `None` where no
    /// replay was under way.
    pub(crate) fn replayed(&mut self, now: Instant) -> Option<(Duration, usize)> {
        if !std::mem::take(&mut self.replaying) {
            return None;
        }
        let since = self.down_since.take().unwrap_or(now);
        Some((now.duration_since(since), self.refused_at_replay))
    }

    /// Counts a malformed frame; gives how many came within 10 s.
    pub(crate) fn malformed(&mut self, now: Instant) -> usize {
        count_within(&mut self.malformed, now, Duration::from_secs(10))
    }

    fn lost_live(&mut self, now: Instant, healthy: bool) {
        if healthy {
            self.failures = 0;
            self.token_refusals = 0;
            self.repeats = None;
        }
        self.down_since.get_or_insert(now);
        self.replaying = false;
        self.malformed.clear();
    }

    /// Judges a failure: true where no further attempt makes sense.
    fn is_fatal(&mut self, now: Instant, severity: Severity, storm: usize) -> bool {
        let limit = match severity {
            Severity::Refused | Severity::Fatal => return true,
            Severity::Certificate if !self.was_live => return true,
            Severity::Certificate => 3,
            Severity::TransientUpTo(limit) => limit,
            Severity::Protocol => {
                let minute = Duration::from_secs(60);
                return count_within(&mut self.violations, now, minute) > storm;
            }
            Severity::Postponed {
                up_to: Some(limit), ..
            } => limit,
            Severity::Transient
            | Severity::Throttled(_)
            | Severity::Postponed { up_to: None, .. }
            | Severity::TokenRefused => {
                self.repeats = None;
                return false;
            }
        };
        let kind = discriminant(&severity);
        let before = self.repeats.filter(|(last, _)| *last == kind);
        let times = before.map_or(1, |(_, times)| times + 1);
        self.repeats = Some((kind, times));
        times >= limit
    }
}

fn count_within(times: &mut VecDeque<Instant>, now: Instant, window: Duration) -> usize {
    times.push_back(now);
    while times.front().is_some_and(|&at| at + window <= now) {
        times.pop_front();
    }
    times.len()
}

/// Where a server asks for patience without naming a time, and the least patience in any case.
const PATIENCE: Duration = Duration::from_secs(1);

impl<P: Protocol> Session<P> {
    /// Takes the loss of an attempt or a connection: waits for the next attempt, or ends the session.
    pub(crate) fn lose(&mut self, now: Instant, failure: Failure) {
        match self.phase {
            Phase::Closed => return,
            Phase::Closing { .. } => return self.finish(CloseReason::Requested),
            _ if self.on_trial => {
                self.hang_up(&failure);
                return self.finish(CloseReason::Failed(failure));
            }
            Phase::Live { since } => {
                let healthy = now.duration_since(since) >= self.config.healthy_after;
                self.history.lost_live(now, healthy);
                self.hang_up(&failure);
                self.report(Report::Lost {
                    cause: failure.clone(),
                });
            }
            _ => self.hang_up(&failure),
        }
        self.paced_until = None;
        self.ended_here.clear();
        for request in self.topics.forget_held() {
            self.report(Report::Ended { request });
        }
        let storm = self.config.protocol_storm;
        if self.history.is_fatal(now, failure.severity, storm) {
            return self.finish(CloseReason::Failed(failure));
        }
        self.history.failures = self.history.failures.saturating_add(1);
        let delay = self.delay(&failure);
        self.phase = Phase::Waiting { until: now + delay };
        self.report(Report::Reconnect {
            cause: failure,
            attempt: self.history.failures,
            delay,
        });
    }

    /// Ends the session.
    pub(crate) fn finish(&mut self, reason: CloseReason) {
        // After a failure the connection was hung up already, with the code that the failure asks for.
        if reason == CloseReason::Requested && !matches!(self.phase, Phase::Idle) {
            self.actions.push_back(Action::HangUp { code: 1000 });
        }
        self.phase = Phase::Closed;
        self.report(Report::Closed(reason));
    }

    fn hang_up(&mut self, failure: &Failure) {
        let code = match failure.severity {
            Severity::Protocol => 1002,
            _ => 1000,
        };
        self.actions.push_back(Action::HangUp { code });
    }

    fn delay(&mut self, failure: &Failure) -> Duration {
        let random = self.random.next();
        let backoff = self.config.backoff;
        let attempt = self.history.failures;
        match failure.severity {
            Severity::TokenRefused => {
                self.history.token_refusals += 1;
                if self.history.token_refusals == 1 {
                    return Duration::ZERO;
                }
                backoff.delay(attempt, random)
            }
            Severity::Throttled(wait) => {
                let wait = wait.unwrap_or(PATIENCE).max(PATIENCE);
                wait + scale(backoff.ceiling(attempt), random)
            }
            Severity::Postponed { least, most, .. } => {
                least + scale(most.saturating_sub(least), random)
            }
            _ => backoff.delay(attempt, random),
        }
    }
}
