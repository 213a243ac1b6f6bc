//! Limit of the time for which a connection stops reading because of one full queue.

use std::time::{Duration, Instant};

/// All subscriptions of a connection together regain used pause time at a tenth of real time.
const REGAIN_DIVISOR: u32 = 10;

/// Pause time that one subscription has used.
///
/// While a connection does not read, its other subscriptions receive nothing. So all subscriptions of a connection
/// share one limit in equal parts: together they pause it for no longer than the limit, and none uses the share of
/// another.
#[derive(Debug, Default)]
pub(super) struct Backpressure {
    used: Duration,
    updated: Option<Instant>,
    paused_since: Option<Instant>,
}

/// Pause limit of a connection, and the number of subscriptions that share it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PauseLimit {
    pub(crate) total: Duration,
    pub(crate) shares: usize,
}

impl Backpressure {
    /// Starts a pause. Returns its maximum length.
    pub(super) fn pause(&mut self, now: Instant, limit: PauseLimit) -> Duration {
        let shares = u32::try_from(limit.shares.max(1)).unwrap_or(u32::MAX);
        let since = self.updated.replace(now).unwrap_or(now);
        let regained = now.saturating_duration_since(since) / REGAIN_DIVISOR / shares;
        self.used = self.used.saturating_sub(regained);
        self.paused_since.get_or_insert(now);
        match shares {
            // A connection's only subscription delays no other.
            1 => limit.total,
            _ => (limit.total / shares).saturating_sub(self.used),
        }
    }

    /// Ends the pause.
    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(since) = self.paused_since.take() {
            self.used += now.saturating_duration_since(since);
            self.updated = Some(now);
        }
    }

    pub(super) fn is_pausing(&self) -> bool {
        self.paused_since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limit(shares: usize) -> PauseLimit {
        PauseLimit {
            total: SECOND,
            shares,
        }
    }

    #[test]
    fn eight_stalled_subscriptions_share_one_second_of_pauses() {
        let start = Instant::now();
        let mut now = start;
        for mut subscription in std::iter::repeat_with(Backpressure::default).take(8) {
            now += subscription.pause(now, limit(8));
            subscription.resume(now);
            assert_eq!(subscription.pause(now, limit(8)), Duration::ZERO);
        }
        assert_eq!(now - start, SECOND);
    }

    #[test]
    fn shares_regain_a_tenth_of_real_time_together() {
        let now = Instant::now();
        let mut one = Backpressure::default();
        assert_eq!(one.pause(now, limit(2)), SECOND / 2);
        one.resume(now + SECOND / 2);
        let later = now + SECOND / 2 + 4 * SECOND;
        assert_eq!(one.pause(later, limit(2)), SECOND / 5);
        one.resume(later);
        assert_eq!(one.pause(now + 60 * SECOND, limit(2)), SECOND / 2);
    }

    #[test]
    fn short_pause_uses_only_its_length() {
        let now = Instant::now();
        let mut one = Backpressure::default();
        one.pause(now, limit(2));
        let later = now + SECOND / 4;
        one.resume(later);
        assert_eq!(one.pause(later, limit(2)), SECOND / 4);
    }

    #[test]
    fn only_subscription_may_use_the_whole_limit_each_time() {
        let mut now = Instant::now();
        let mut alone = Backpressure::default();
        for _ in 0..5 {
            assert_eq!(alone.pause(now, limit(1)), SECOND);
            now += SECOND;
            alone.resume(now);
        }
    }
}
