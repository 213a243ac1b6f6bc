//! When a connection is rotated, and how far a rotation is: times and stages, no sessions.

use kucoin_streams_core::RetryPolicy;
use std::time::{Duration, Instant};

use crate::connection::backoff::{Random, scale};
use crate::failure::RetryDelay;
use crate::{Backoff, Failure, SessionConfig};

/// The shortest time between two rotations that nobody asked for.
const MIN_INTERVAL: Duration = Duration::from_secs(60);

/// The earliest that jitter may begin a rotation before its time.
const MAX_JITTER: Duration = Duration::from_secs(60 * 60);

/// How long a replacement may take until every topic is live on it. It covers the pace of many topics.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RotationPhase {
    /// None is under way.
    Idle,
    /// The replacement is on its way: token, dial, welcome, acknowledgements.
    Preparing { until: Instant },
    /// Every topic is live on both; the current connection is listened to for a while, and longer if one of them lags.
    Comparing { until: Instant },
    /// The current connection is asked to prove that nothing of it is on its way any more.
    Draining { until: Instant },
    /// The replacement serves. What it brings may have been handed out already, for a while.
    Deduplicating { until: Instant },
    /// The new connection is asked to prove that whatever it repeats is here.
    Confirming { until: Instant },
}

/// The course of the rotations of one connection.
#[derive(Debug)]
pub(crate) struct Rotation {
    pub(crate) phase: RotationPhase,
    every: Option<Duration>,
    random: Random,
    began: Option<Instant>,
    /// When the next one begins by itself.
    due: Option<Instant>,
    /// Both connections bring the same, as far as events came.
    pub(crate) is_in_sync: bool,
    /// When the hand-over no longer waits for that.
    pub(crate) limit: Option<Instant>,
    /// Another one was asked for while the last one was not quite over.
    pub(crate) rotate_again: bool,
    failures: u32,
    /// How often the current connection was asked for its proof.
    pub(crate) probes: u32,
}

impl Rotation {
    pub(crate) fn new(config: &SessionConfig, seed: u64) -> Self {
        Self {
            phase: RotationPhase::Idle,
            every: config.rotate_every,
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

    /// A connection is live: the time until it is rotated begins.
    pub(crate) fn plan(&mut self, now: Instant) {
        self.failures = 0;
        let random = self.random.next();
        self.due = self.every.map(|every| {
            let every = every.max(MIN_INTERVAL);
            now + every
                .saturating_sub(scale((every / 10).min(MAX_JITTER), random))
                .max(MIN_INTERVAL)
        });
    }

    /// The connection is lost; the next one is new by itself.
    pub(crate) fn forget(&mut self) {
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

    /// Every topic is to be live on both connections.
    pub(crate) fn prepare(&mut self, now: Instant) {
        self.phase = RotationPhase::Preparing {
            until: now + PREPARE_TIMEOUT,
        };
    }

    /// True where a rotation is to begin by itself.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.phase == RotationPhase::Idle
            && (self.rotate_again || self.due.is_some_and(|due| due <= now))
    }

    /// True from the beginning of a rotation until the replacement serves.
    pub(crate) fn is_before_handover(&self) -> bool {
        matches!(
            self.phase,
            RotationPhase::Preparing { .. }
                | RotationPhase::Comparing { .. }
                | RotationPhase::Draining { .. }
        )
    }

    /// True where every topic was live on both when it was last looked at, and the replacement does not serve yet.
    pub(crate) fn is_handing_over(&self) -> bool {
        matches!(
            self.phase,
            RotationPhase::Comparing { .. } | RotationPhase::Draining { .. }
        )
    }

    /// True from the hand-over until nothing can come twice any more.
    pub(crate) fn is_after_handover(&self) -> bool {
        matches!(
            self.phase,
            RotationPhase::Deduplicating { .. } | RotationPhase::Confirming { .. }
        )
    }

    /// True if the hand-over need not wait until both connections bring the same.
    pub(crate) fn may_take_over(&self, now: Instant) -> bool {
        self.is_in_sync || self.limit.is_none_or(|limit| limit <= now)
    }

    /// How long the rotation has taken so far.
    pub(crate) fn took(&self, now: Instant) -> Duration {
        self.began
            .map_or(Duration::ZERO, |began| now.saturating_duration_since(began))
    }

    /// The rotation came to nothing: the next one waits, longer with each failure. Only credentials that KuCoin
    /// refuses are not tried again.
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

    /// Not the peer is silent, we do not listen: its answer may take longer by as much.
    pub(crate) fn delay_until(&mut self, later: Instant) {
        if let RotationPhase::Draining { until } | RotationPhase::Confirming { until } =
            &mut self.phase
        {
            *until = later.max(*until);
        }
    }

    /// The next moment at which something is due.
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
    fn a_day_long_connection_is_rotated_up_to_an_hour_before_its_time_by_the_seed() {
        let now = Instant::now();
        let waits: Vec<Duration> = (0..100)
            .map(|seed| {
                let mut rotation = rotation(Some(23 * 3_600), seed);
                rotation.plan(now);
                rotation.deadline().expect("it is planned") - now
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
    fn it_never_rotates_by_itself_more_often_than_once_a_minute() {
        let now = Instant::now();
        let mut rotation = rotation(Some(1), 7);
        rotation.plan(now);
        assert!(!rotation.is_due(now + MIN_INTERVAL - Duration::from_millis(1)));
        assert!(rotation.is_due(now + MIN_INTERVAL));
    }

    #[test]
    fn failures_are_put_off_longer_each_time_and_never_below_what_the_server_asks_for() {
        let mut now = Instant::now();
        let mut rotation = rotation(Some(3_600), 7);
        rotation.plan(now);
        now = rotation.deadline().expect("it is planned");
        let failed = |retry_policy| Failure::new(FailureStage::Token, retry_policy, "no");
        for minutes in [1, 2, 4, 8, 15, 15] {
            rotation.begin(now);
            rotation.failed(now, &failed(RetryPolicy::Transient));
            let next = rotation.deadline().expect("it is tried again");
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
            assert!(rotation.deadline().is_some(), "{retry_policy:?} passes");
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
    fn switched_off_it_never_comes_by_itself() {
        let now = Instant::now();
        let mut rotation = rotation(None, 7);
        rotation.plan(now);
        assert_eq!(rotation.deadline(), None);
    }
}
