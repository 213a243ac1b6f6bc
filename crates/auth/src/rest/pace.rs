//! The pace of token requests: a small burst, then one a second, and none while the exchange says wait.

use std::time::{Duration, Instant};

/// One request a second in the long run.
const SPACING: Duration = Duration::from_secs(1);
/// Requests that may go out at once: the three connections of a start, and one second signature.
const BURST: u32 = 4;
/// The longest wait that KuCoin may ask for: after it KuCoin is asked again whatever it said.
const LONGEST_HOLD: Duration = Duration::from_secs(5 * 60);

#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the requests so far would have been over at the steady spacing.
    steady_until: Option<Instant>,
    held_until: Option<Instant>,
}

impl Pace {
    /// How long the exchange wants no request, counted from now, if it does.
    pub(super) fn held(&self, now: Instant) -> Option<Duration> {
        let left = self.held_until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Sends no request for a time, as the exchange asked.
    pub(super) fn hold(&mut self, now: Instant, time: Duration) {
        self.held_until = Some(now + time.min(LONGEST_HOLD));
    }

    /// How long to wait before the next request.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let ahead = self
            .steady_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        ahead.saturating_sub(SPACING * (BURST - 1))
    }

    /// Counts a request that goes out now.
    pub(super) fn count(&mut self, now: Instant) {
        let from = self.steady_until.map_or(now, |until| until.max(now));
        self.steady_until = Some(from + SPACING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_does_not_wait_and_a_loop_is_slowed_to_one_a_second() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        for _ in 0..BURST {
            assert_eq!(pace.wait(start), Duration::ZERO);
            pace.count(start);
        }
        let mut now = start;
        for _ in 0..10 {
            let wait = pace.wait(now);
            assert_eq!(wait, SPACING);
            now += wait;
            pace.count(now);
        }
    }

    #[test]
    fn a_pause_earns_the_burst_again_and_no_more() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        for _ in 0..BURST {
            pace.count(start);
        }
        let later = start + Duration::from_secs(3600);
        for _ in 0..BURST {
            assert_eq!(pace.wait(later), Duration::ZERO);
            pace.count(later);
        }
        assert_eq!(pace.wait(later), SPACING);
    }

    #[test]
    fn a_hold_ends_by_itself_and_is_never_for_ever() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        assert_eq!(pace.held(start), None);
        pace.hold(start, Duration::from_secs(5));
        let later = start + Duration::from_secs(2);
        assert_eq!(pace.held(later), Some(Duration::from_secs(3)));
        assert_eq!(pace.held(start + Duration::from_secs(5)), None);
        for absurd in [
            Duration::from_secs(86_400),
            Duration::from_secs(u64::MAX),
            Duration::MAX,
        ] {
            pace.hold(start, absurd);
            assert_eq!(pace.held(start), Some(LONGEST_HOLD));
        }
    }
}
