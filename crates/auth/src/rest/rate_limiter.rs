//! Rate limiter of token fetches: a burst, then one per second, and none while KuCoin asks to wait.

use std::time::{Duration, Instant};

/// The time between two fetches after the burst.
const INTERVAL: Duration = Duration::from_secs(1);
/// Number of fetches without a delay: three connections at start, and one retry.
const BURST: u32 = 4;
/// The longest pause that the limiter keeps; KuCoin may ask for more.
const MAX_PAUSE: Duration = Duration::from_secs(5 * 60);

#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    /// End of the fetches so far if each took one `INTERVAL`; `None` before the first fetch.
    booked_until: Option<Instant>,
    paused_until: Option<Instant>,
}

impl RateLimiter {
    /// Returns the time left of the pause that KuCoin asked for; `None` without a pause.
    pub(super) fn pause_left(&self, now: Instant) -> Option<Duration> {
        let left = self.paused_until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Begins a pause without fetches, as long as KuCoin asked for, but at most `MAX_PAUSE`.
    pub(super) fn pause(&mut self, now: Instant, time: Duration) {
        self.paused_until = Some(now + time.min(MAX_PAUSE));
    }

    /// Returns how long to wait before the next fetch.
    pub(super) fn delay(&self, now: Instant) -> Duration {
        let ahead = self
            .booked_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        ahead.saturating_sub(INTERVAL * (BURST - 1))
    }

    /// Records a fetch that begins now.
    pub(super) fn record(&mut self, now: Instant) {
        let from = self.booked_until.map_or(now, |until| until.max(now));
        self.booked_until = Some(from + INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_after_the_burst_are_a_second_apart() {
        let (start, mut limiter) = (Instant::now(), RateLimiter::default());
        for _ in 0..BURST {
            assert_eq!(limiter.delay(start), Duration::ZERO);
            limiter.record(start);
        }
        let mut now = start;
        for _ in 0..10 {
            let delay = limiter.delay(now);
            assert_eq!(delay, INTERVAL);
            now += delay;
            limiter.record(now);
        }
    }

    #[test]
    fn idle_time_restores_the_burst_only() {
        let (start, mut limiter) = (Instant::now(), RateLimiter::default());
        for _ in 0..BURST {
            limiter.record(start);
        }
        let later = start + Duration::from_secs(3600);
        for _ in 0..BURST {
            assert_eq!(limiter.delay(later), Duration::ZERO);
            limiter.record(later);
        }
        assert_eq!(limiter.delay(later), INTERVAL);
    }

    #[test]
    fn pause_ends_and_is_capped() {
        let (start, mut limiter) = (Instant::now(), RateLimiter::default());
        assert_eq!(limiter.pause_left(start), None);
        limiter.pause(start, Duration::from_secs(5));
        let later = start + Duration::from_secs(2);
        assert_eq!(limiter.pause_left(later), Some(Duration::from_secs(3)));
        assert_eq!(limiter.pause_left(start + Duration::from_secs(5)), None);
        for absurd in [
            Duration::from_secs(86_400),
            Duration::from_secs(u64::MAX),
            Duration::MAX,
        ] {
            limiter.pause(start, absurd);
            assert_eq!(limiter.pause_left(start), Some(MAX_PAUSE));
        }
    }
}
