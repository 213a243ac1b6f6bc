//! The budget of one rate limit pool: how much of KuCoin's quota queries may use, without a clock.

use std::time::Duration;

use kucoin_streams_auth::rest::Quota;
use tokio::time::Instant;

use crate::Pool;

/// The longest pause that is kept; KuCoin may ask for more.
const MAX_PAUSE: Duration = Duration::from_secs(5 * 60);

/// The budget of one pool: in each window of KuCoin, a share of the quota that remained when it began.
#[derive(Debug)]
pub(super) struct Budget {
    percent: u32,
    /// Weights per window, and its length: by the last reply, or KuCoin's smallest quota before that.
    limit: u32,
    length: Duration,
    window: Option<Window>,
    paused_until: Option<Instant>,
    windows: u64,
}

#[derive(Debug)]
struct Window {
    id: WindowId,
    end: Instant,
    spent: u32,
    allowance: u32,
    /// The allowance is from a reply of this window.
    is_measured: bool,
}

/// Identifies the window that a query was counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WindowId(u64);

impl Budget {
    /// Creates a budget that uses this percentage of the quota.
    pub(super) fn new(pool: Pool, percent: u32) -> Self {
        // The smallest quota of each pool, for an account without a VIP level.
        let (limit, seconds) = match pool {
            Pool::Spot => (4_000, 30),
            Pool::Futures | Pool::Management | Pool::Public => (2_000, 30),
            Pool::Unified => (200, 3),
        };
        Self {
            percent: percent.min(100),
            limit,
            length: Duration::from_secs(seconds),
            window: None,
            paused_until: None,
            windows: 0,
        }
    }

    /// Counts a query of this weight.
    ///
    /// # Errors
    /// Returns the time at which to try again if the query does not fit into the budget now.
    pub(super) fn take(&mut self, now: Instant, weight: u32) -> Result<WindowId, Instant> {
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Err(until);
        }
        let next = WindowId(self.windows + 1);
        let allowance = self.share(self.limit);
        let end = now + self.length;
        let window = match &mut self.window {
            Some(window) if now < window.end => window,
            window => {
                self.windows = next.0;
                window.insert(Window {
                    id: next,
                    end,
                    spent: 0,
                    allowance,
                    is_measured: false,
                })
            }
        };
        // A query that is larger than the whole allowance goes first, and then alone.
        if window.spent > 0 && window.spent.saturating_add(weight) > window.allowance {
            return Err(window.end);
        }
        window.spent = window.spent.saturating_add(weight);
        Ok(window.id)
    }

    /// Corrects the budget by the quota in the reply to a query, which was counted in a window with this weight.
    pub(super) fn correct(
        &mut self,
        now: Instant,
        counted_in: WindowId,
        weight: u32,
        quota: Quota,
    ) {
        self.limit = quota.limit.unwrap_or(self.limit);
        // The first reply says what remained when the window began.
        let allowance = self.share(quota.remaining.saturating_add(weight));
        if let Some(window) = self
            .window
            .as_mut()
            .filter(|window| window.id == counted_in)
            && !window.is_measured
        {
            window.is_measured = true;
            window.allowance = allowance;
            window.end = now + quota.reset.min(MAX_PAUSE);
        }
    }

    /// Stops all queries of the pool for a time, since its quota is used up.
    pub(super) fn pause(&mut self, now: Instant, time: Duration) {
        self.paused_until = Some(now + time.min(MAX_PAUSE));
        self.window = None;
    }

    fn share(&self, weights: u32) -> u32 {
        let share = u64::from(weights) * u64::from(self.percent) / 100;
        u32::try_from(share).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn budget() -> (Budget, Instant) {
        (Budget::new(Pool::Spot, 25), Instant::now())
    }

    fn quota(remaining: u32, seconds: u64) -> Quota {
        Quota::new(remaining, Duration::from_secs(seconds))
    }

    #[test]
    fn a_quarter_of_the_smallest_quota_is_used_before_the_first_reply() {
        let (mut budget, now) = budget();
        for _ in 0..500 {
            assert!(budget.take(now, 2).is_ok());
        }
        assert_eq!(budget.take(now, 2), Err(now + 30 * SECOND));
        assert!(budget.take(now + 30 * SECOND, 2).is_ok());
    }

    #[test]
    fn first_reply_of_a_window_decides_its_allowance_and_its_end() {
        let (mut budget, now) = budget();
        let window = budget.take(now, 20).unwrap();
        budget.correct(now, window, 20, quota(380, 12));
        // A quarter of 400.
        assert!(budget.take(now, 80).is_ok());
        // Later replies of the window change nothing, since they show what we used ourselves.
        budget.correct(now + SECOND, window, 80, quota(4_000, 30));
        assert_eq!(budget.take(now, 2), Err(now + 12 * SECOND));
        assert_eq!(budget.take(now + 11 * SECOND, 2), Err(now + 12 * SECOND));
        assert!(budget.take(now + 12 * SECOND, 2).is_ok());
    }

    #[test]
    fn limit_of_the_account_is_kept_for_the_next_window() {
        let (mut budget, now) = budget();
        let window = budget.take(now, 2).unwrap();
        budget.correct(now, window, 2, quota(9_998, 30).with_limit(10_000));
        let later = now + 30 * SECOND;
        assert!(budget.take(later, 2).is_ok());
        assert!(budget.take(later, 2_498).is_ok());
        assert!(budget.take(later, 2).is_err());
    }

    #[test]
    fn query_larger_than_the_allowance_goes_alone() {
        let (mut budget, now) = budget();
        let window = budget.take(now, 2).unwrap();
        budget.correct(now, window, 2, quota(6, 30));
        assert_eq!(budget.take(now, 20), Err(now + 30 * SECOND));
        let later = now + 30 * SECOND;
        let window = budget.take(later, 20).unwrap();
        budget.correct(later, window, 20, quota(10, 30));
        assert_eq!(budget.take(later, 1), Err(later + 30 * SECOND));
    }

    #[test]
    fn reply_of_an_earlier_window_is_ignored() {
        let (mut budget, now) = budget();
        let old = budget.take(now, 2).unwrap();
        let later = now + 30 * SECOND;
        budget.take(later, 2).unwrap();
        budget.correct(later, old, 2, quota(0, 1));
        assert!(budget.take(later, 900).is_ok());
    }

    #[test]
    fn pause_stops_the_pool_and_is_capped() {
        let (mut budget, now) = budget();
        budget.take(now, 2).unwrap();
        budget.pause(now, 7 * SECOND);
        assert_eq!(budget.take(now, 2), Err(now + 7 * SECOND));
        assert!(budget.take(now + 7 * SECOND, 2).is_ok());
        budget.pause(now, Duration::MAX);
        assert_eq!(budget.take(now, 2), Err(now + MAX_PAUSE));
    }

    #[test]
    fn whole_quota_can_be_used() {
        let now = Instant::now();
        let mut budget = Budget::new(Pool::Unified, 200);
        assert!(budget.take(now, 200).is_ok());
        assert_eq!(budget.take(now, 1), Err(now + 3 * SECOND));
    }
}
