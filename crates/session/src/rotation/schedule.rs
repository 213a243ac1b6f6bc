//! Timing and phases of rotations.

use kucoin_streams_core::RetryPolicy;
use std::time::{Duration, Instant};

use crate::connection::backoff::{Random, scale};
use crate::failure::RetryDelay;
use crate::{Backoff, Failure, SessionConfig};

/// Minimum time between two automatic rotations.
const MIN_INTERVAL: Duration = Duration::from_secs(60);

/// Maximum time by which jitter starts a rotation earlier.
const MAX_JITTER: Duration = Duration::from_secs(60 * 60);

/// Timeout until every topic is live on the replacement.
///
/// The timeout leaves room for the message limit with many topics.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Phase of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RotationPhase {
    /// No rotation is in progress.
    Idle,
    /// The replacement is being prepared: token, dial, welcome, acknowledgements.
    Preparing { until: Instant },
    /// Every topic is live on both connections, and their events are compared.
    Comparing { until: Instant },
    /// Waits for the answer to the probe on the current connection.
    Draining { until: Instant },
    /// The replacement has taken over; it may still repeat events of the old connection.
    Deduplicating { until: Instant },
    /// Waits for the answer to a probe on the new connection, after which it repeats no more events.
    Confirming { until: Instant },
}

/// State of the rotations of one connection.
#[derive(Debug)]
pub(crate) struct Rotation {
    pub(crate) phase: RotationPhase,
    every: Option<Duration>,
    first_after: Option<Duration>,
    random: Random,
    began: Option<Instant>,
    /// Time of the next automatic rotation.
    due: Option<Instant>,
    /// `true` if both connections have delivered the same events so far.
    pub(crate) is_in_sync: bool,
    /// Time after which the handover no longer waits until the connections are in sync.
    pub(crate) limit: Option<Instant>,
    /// `true` if another rotation was requested before the last one had ended.
    pub(crate) rotate_again: bool,
    failures: u32,
    /// Number of probes sent on the current connection.
    pub(crate) probes: u32,
}

impl Rotation {
    pub(crate) fn new(config: &SessionConfig, seed: u64) -> Self {
        Self {
            phase: RotationPhase::Idle,
            every: config.rotate_every,
            first_after: config.first_rotation_after,
            random: Random::new(seed),
            began: None,
            due: None,
            is_in_sync: true,
            limit: None,
            rotate_again: false,
            failures: 0,
            probes: 0,
        }
    }

    /// Schedules the next rotation of a connection that was opened now, and not by a rotation.
    pub(crate) fn schedule_first(&mut self, now: Instant) {
        self.schedule_next(now);
        if let (Some(every), Some(first)) = (self.every, self.first_after) {
            self.due = Some(now + first.min(every).max(MIN_INTERVAL));
        }
    }

    /// Schedules the next rotation of a connection that is live now.
    pub(crate) fn schedule_next(&mut self, now: Instant) {
        self.failures = 0;
        let random = self.random.next();
        self.due = self.every.map(|every| {
            let every = every.max(MIN_INTERVAL);
            now + every
                .saturating_sub(scale((every / 10).min(MAX_JITTER), random))
                .max(MIN_INTERVAL)
        });
    }

    /// Cancels the rotation because the connection is lost and will be reopened anyway.
    pub(crate) fn reset(&mut self) {
        self.due = None;
        self.rotate_again = false;
        self.phase = RotationPhase::Idle;
    }

    pub(crate) fn begin(&mut self, now: Instant) {
        self.began = Some(now);
        self.rotate_again = false;
        self.is_in_sync = true;
        self.limit = None;
        self.prepare(now);
    }

    /// Starts the phase that waits until every topic is live on both connections.
    pub(crate) fn prepare(&mut self, now: Instant) {
        self.phase = RotationPhase::Preparing {
            until: now + PREPARE_TIMEOUT,
        };
    }

    /// Returns `true` if a rotation is due.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.phase == RotationPhase::Idle
            && (self.rotate_again || self.due.is_some_and(|due| due <= now))
    }

    /// Returns `true` from the start of a rotation until the handover.
    pub(crate) fn is_before_handover(&self) -> bool {
        matches!(
            self.phase,
            RotationPhase::Preparing { .. }
                | RotationPhase::Comparing { .. }
                | RotationPhase::Draining { .. }
        )
    }

    /// Returns `true` if every topic is live on both connections, before the handover.
    pub(crate) fn is_handing_over(&self) -> bool {
        matches!(
            self.phase,
            RotationPhase::Comparing { .. } | RotationPhase::Draining { .. }
        )
    }

    /// Returns `true` from the handover until no more duplicates can arrive.
    pub(crate) fn is_after_handover(&self) -> bool {
        matches!(
            self.phase,
            RotationPhase::Deduplicating { .. } | RotationPhase::Confirming { .. }
        )
    }

    /// Returns `true` if the connections are in sync, or the time limit for the comparison has passed.
    pub(crate) fn may_take_over(&self, now: Instant) -> bool {
        self.is_in_sync || self.limit.is_none_or(|limit| limit <= now)
    }

    /// Returns the duration of the rotation so far.
    pub(crate) fn took(&self, now: Instant) -> Duration {
        self.began
            .map_or(Duration::ZERO, |began| now.saturating_duration_since(began))
    }

    /// Handles a failed rotation: delays the next rotation, longer with each failure.
    ///
    /// After refused credentials there is no further automatic rotation.
    pub(crate) fn failed(&mut self, now: Instant, failure: &Failure) {
        self.phase = RotationPhase::Idle;
        self.failures = self.failures.saturating_add(1);
        let backoff = Backoff {
            base: MIN_INTERVAL,
            cap: 15 * MIN_INTERVAL,
        };
        let ceiling = backoff.ceiling(self.failures);
        let wait = ceiling + scale(ceiling / 2, self.random.next());
        if failure.retry_policy == RetryPolicy::Refused {
            return self.due = None;
        }
        let wait = wait.max(failure.retry_policy.min_delay());
        self.due = self.due.map(|due| due.max(now + wait));
    }

    /// Extends the timeout of a probe, because the connection is not being read.
    pub(crate) fn delay_until(&mut self, later: Instant) {
        if let RotationPhase::Draining { until } | RotationPhase::Confirming { until } =
            &mut self.phase
        {
            *until = later.max(*until);
        }
    }

    /// Returns the time at which the next step is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            RotationPhase::Idle => self.due,
            RotationPhase::Comparing { until } if self.is_in_sync => Some(until),
            RotationPhase::Comparing { until } => self.limit.map(|limit| limit.max(until)),
            RotationPhase::Preparing { until }
            | RotationPhase::Draining { until }
            | RotationPhase::Deduplicating { until }
            | RotationPhase::Confirming { until } => Some(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureStage;

    fn rotation(every: Option<u64>, seed: u64) -> Rotation {
        let config = SessionConfig {
            rotate_every: every.map(Duration::from_secs),
            ..SessionConfig::default()
        };
        Rotation::new(&config, seed)
    }

    #[test]
    fn jitter_starts_rotations_up_to_an_hour_early() {
        let now = Instant::now();
        let waits: Vec<Duration> = (0..100)
            .map(|seed| {
                let mut rotation = rotation(Some(23 * 3_600), seed);
                rotation.schedule_next(now);
                rotation.deadline().expect("it is scheduled") - now
            })
            .collect();
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        assert!(
            waits
                .iter()
                .all(|&wait| wait > hours(22) && wait <= hours(23))
        );
        let (least, most) = (waits.iter().min(), waits.iter().max());
        assert!(
            least < Some(&(hours(22) + hours(1) / 4)) && most > Some(&(hours(23) - hours(1) / 4))
        );
    }

    #[test]
    fn first_rotation_has_its_own_time() {
        let now = Instant::now();
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        for (every, first, expected) in [
            (Some(600), 60, Some(minutes(60))),
            (Some(600), 0, Some(MIN_INTERVAL)),
            (Some(600), 900, Some(minutes(600))),
            (None, 60, None),
        ] {
            let config = SessionConfig {
                rotate_every: every.map(minutes),
                first_rotation_after: Some(minutes(first)),
                ..SessionConfig::default()
            };
            let mut rotation = Rotation::new(&config, 7);
            rotation.schedule_first(now);
            assert_eq!(rotation.deadline(), expected.map(|after| now + after));
            // After a rotation, the interval applies.
            rotation.schedule_next(now);
            assert!(rotation.deadline() > expected.map(|_| now + minutes(530)) || every.is_none());
        }
    }

    #[test]
    fn automatic_rotations_are_at_least_a_minute_apart() {
        let now = Instant::now();
        let mut rotation = rotation(Some(1), 7);
        rotation.schedule_next(now);
        assert!(!rotation.is_due(now + MIN_INTERVAL - Duration::from_millis(1)));
        assert!(rotation.is_due(now + MIN_INTERVAL));
    }

    #[test]
    fn failed_rotations_are_retried_with_growing_delays() {
        let mut now = Instant::now();
        let mut rotation = rotation(Some(3_600), 7);
        rotation.schedule_next(now);
        now = rotation.deadline().expect("it is scheduled");
        let failed = |retry_policy| Failure::new(FailureStage::Token, retry_policy, "no");
        for minutes in [1, 2, 4, 8, 15, 15] {
            rotation.begin(now);
            rotation.failed(now, &failed(RetryPolicy::Transient));
            let next = rotation.deadline().expect("it is retried");
            assert!(
                next - now >= minutes * MIN_INTERVAL
                    && next - now <= minutes * MIN_INTERVAL * 3 / 2
            );
            now = next;
        }
        rotation.begin(now);
        rotation.failed(now, &failed(RetryPolicy::Throttled(Some(Duration::MAX))));
        assert!(rotation.deadline() >= Some(now + 5 * MIN_INTERVAL));
        for retry_policy in [
            RetryPolicy::Fatal,
            RetryPolicy::Certificate,
            RetryPolicy::Blocked,
        ] {
            rotation.begin(now);
            rotation.failed(now, &failed(retry_policy));
            assert!(rotation.deadline().is_some(), "{retry_policy:?} is retried");
        }
        rotation.begin(now);
        rotation.failed(now, &failed(RetryPolicy::Refused));
        assert_eq!(
            rotation.deadline(),
            None,
            "refused credentials stay refused"
        );
    }

    #[test]
    fn disabled_rotation_is_never_due() {
        let now = Instant::now();
        let mut rotation = rotation(None, 7);
        rotation.schedule_next(now);
        assert_eq!(rotation.deadline(), None);
    }
}
