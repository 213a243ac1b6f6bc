//! The budget of one rate limit pool: how much of KuCoin's quota queries may use, without a clock.
//!
//! What remains of a new window is unknown, so one query goes alone; its reply says how much the others may use.

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
    /// What remained when the last measured window began, and until when a new window is expected to have no more.
    expected: Option<(u32, Instant)>,
    paused_until: Option<Instant>,
    /// The number and the weights of the queries in flight, of all windows.
    in_flight: (u32, u32),
    windows: u64,
}

#[derive(Debug)]
struct Window {
    id: WindowId,
    end: Instant,
    spent: u32,
    allowance: Allowance,
}

/// The weights that may be used in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowance {
    /// No page has come in this window.
    Unknown,
    /// A page came without KuCoin's headers.
    Assumed(u32),
    /// From KuCoin's headers.
    Measured(u32),
}

/// Identifies the window that a query was counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WindowId(u64);

/// What a query that does not fit into the budget waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// The queries in flight: a reply says what remains.
    Reply,
    /// The next window, or the end of a pause.
    Until(Instant),
    /// A window with more quota, until this time at most: the query would use most of what remains.
    LargerQuota(Instant),
}

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
            expected: None,
            paused_until: None,
            in_flight: (0, 0),
            windows: 0,
        }
    }

    /// Counts a query of this weight as used and in flight, until [`leave`](Self::leave).
    ///
    /// # Errors
    /// Returns what to wait for if the query does not fit into the budget now.
    pub(super) fn take(&mut self, now: Instant, weight: u32) -> Result<WindowId, Wait> {
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Err(Wait::Until(until));
        }
        let assumed = self.share(self.limit);
        let current = self.window.as_ref().filter(|window| now < window.end);
        let (spent, end, allowance) = match current {
            Some(window) => (window.spent, window.end, window.allowance),
            None => (0, now + self.length, Allowance::Unknown),
        };
        let allowance = match allowance {
            Allowance::Unknown if self.in_flight.0 > 0 => return Err(Wait::Reply),
            Allowance::Unknown => {
                self.check_expected(now, weight)?;
                assumed
            }
            Allowance::Assumed(allowance) | Allowance::Measured(allowance) => allowance,
        };
        // A query that is larger than the whole allowance goes first, and then alone.
        if spent > 0 && spent.saturating_add(weight) > allowance {
            return Err(Wait::Until(end));
        }
        let id = match current {
            Some(window) => window.id,
            None => self.begin(end, Allowance::Unknown),
        };
        if let Some(window) = &mut self.window {
            window.spent = window.spent.saturating_add(weight);
        }
        self.in_flight.0 += 1;
        self.in_flight.1 = self.in_flight.1.saturating_add(weight);
        Ok(id)
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
        let (slack, in_flight) = (self.length / 2, self.in_flight.1);
        let end = now + quota.reset.min(MAX_PAUSE);
        // The first reply says what remained when the window began.
        let remained = quota.remaining.saturating_add(weight);
        let allowance = Allowance::Measured(self.share(remained));
        let Some(window) = &mut self.window else {
            return;
        };
        match window.allowance {
            // The query was sent at the end of a window, and KuCoin counted it in the next one.
            Allowance::Measured(_) if end > window.end + slack => {
                self.begin(end, allowance);
                if let Some(window) = &mut self.window {
                    window.spent = in_flight;
                }
            }
            Allowance::Unknown | Allowance::Assumed(_) if window.id == counted_in => {
                window.allowance = allowance;
                window.end = end;
            }
            _ => return,
        }
        self.expected = Some((remained, end + self.length));
    }

    /// Notes that a page came without KuCoin's headers: the quota is assumed to be unused by others.
    pub(super) fn assume(&mut self, counted_in: WindowId) {
        let allowance = Allowance::Assumed(self.share(self.limit));
        if let Some(window) = &mut self.window
            && window.id == counted_in
            && window.allowance == Allowance::Unknown
        {
            window.allowance = allowance;
        }
    }

    /// Notes that a query is not in flight any more. Its weight stays used.
    pub(super) fn leave(&mut self, weight: u32) {
        self.in_flight.0 = self.in_flight.0.saturating_sub(1);
        self.in_flight.1 = self.in_flight.1.saturating_sub(weight);
    }

    /// Stops all queries of the pool for a time, since its quota is used up.
    pub(super) fn pause(&mut self, now: Instant, time: Duration) {
        self.paused_until = Some(now + time.min(MAX_PAUSE));
        self.window = None;
        self.expected = None;
    }

    fn begin(&mut self, end: Instant, allowance: Allowance) -> WindowId {
        self.windows += 1;
        let id = WindowId(self.windows);
        self.window = Some(Window {
            id,
            end,
            spent: 0,
            allowance,
        });
        id
    }

    /// Refuses a query that would use more than the share and more than half of what is expected to remain.
    fn check_expected(&self, now: Instant, weight: u32) -> Result<(), Wait> {
        match self.expected {
            Some((remains, until))
                if now < until && weight > self.share(remains) && weight > remains / 2 =>
            {
                Err(Wait::LargerQuota(until))
            }
            _ => Ok(()),
        }
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

    /// Sends a query, whose reply comes at once with this quota.
    fn measure(budget: &mut Budget, now: Instant, weight: u32, quota: Quota) {
        let window = budget.take(now, weight).unwrap();
        budget.correct(now, window, weight, quota);
        budget.leave(weight);
    }

    fn until(time: Instant) -> Result<WindowId, Wait> {
        Err(Wait::Until(time))
    }

    #[test]
    fn first_query_of_each_window_goes_alone() {
        let (mut budget, now) = budget();
        for start in [now, now + 30 * SECOND] {
            let window = budget.take(start, 2).unwrap();
            assert_eq!(budget.take(start + SECOND, 2), Err(Wait::Reply));
            budget.correct(start, window, 2, quota(3_998, 30));
            for _ in 0..499 {
                assert!(budget.take(start, 2).is_ok());
                budget.leave(2);
            }
            assert_eq!(budget.take(start, 2), until(start + 30 * SECOND));
            budget.leave(2);
        }
    }

    #[test]
    fn new_window_waits_for_the_queries_of_the_last_one() {
        let (mut budget, now) = budget();
        measure(&mut budget, now, 2, quota(3_998, 30));
        budget.take(now, 2).unwrap();
        let later = now + 30 * SECOND;
        assert_eq!(budget.take(later, 2), Err(Wait::Reply));
        budget.leave(2);
        assert!(budget.take(later, 2).is_ok());
    }

    #[test]
    fn query_without_a_reply_is_followed_by_one_query() {
        let (mut budget, now) = budget();
        let first = budget.take(now, 4).unwrap();
        budget.leave(4);
        assert_eq!(budget.take(now, 4), Ok(first));
        assert_eq!(budget.take(now, 2), Err(Wait::Reply));
        // Both may be deducted: 8 of the allowance of 10 are used.
        budget.correct(now, first, 4, quota(36, 30));
        budget.leave(4);
        assert_eq!(budget.take(now, 3), until(now + 30 * SECOND));
        assert!(budget.take(now, 2).is_ok());
    }

    #[test]
    fn quarter_of_the_usual_quota_is_used_without_headers() {
        let (mut budget, now) = budget();
        let window = budget.take(now, 2).unwrap();
        budget.assume(window);
        for _ in 0..499 {
            assert!(budget.take(now, 2).is_ok());
        }
        assert_eq!(budget.take(now, 2), until(now + 30 * SECOND));
    }

    #[test]
    fn first_reply_of_a_window_decides_its_allowance_and_its_end() {
        let (mut budget, now) = budget();
        let window = budget.take(now, 20).unwrap();
        budget.correct(now, window, 20, quota(380, 12));
        // A quarter of 400.
        assert!(budget.take(now, 80).is_ok());
        // Later replies of the window change nothing, since they show what we used ourselves.
        budget.correct(now + SECOND, window, 80, quota(4_000, 11));
        assert_eq!(budget.take(now, 2), until(now + 12 * SECOND));
        assert_eq!(budget.take(now + 11 * SECOND, 2), until(now + 12 * SECOND));
    }

    #[test]
    fn reply_of_a_later_window_begins_it() {
        let (mut budget, now) = budget();
        measure(&mut budget, now, 2, quota(3_998, 30));
        // Sent just before the end, and counted by KuCoin after it.
        let late = now + 30 * SECOND - Duration::from_millis(1);
        let window = budget.take(late, 2).unwrap();
        budget.take(late, 4).unwrap();
        budget.correct(late + SECOND, window, 2, quota(38, 30));
        budget.leave(2);
        // 6 of 10 are used.
        assert_eq!(budget.take(late + SECOND, 5), until(late + 31 * SECOND));
        assert!(budget.take(late + SECOND, 4).is_ok());
    }

    #[test]
    fn limit_of_the_account_is_kept_for_the_next_window() {
        let (mut budget, now) = budget();
        measure(&mut budget, now, 2, quota(9_998, 30).with_limit(10_000));
        let later = now + 30 * SECOND;
        let window = budget.take(later, 2).unwrap();
        budget.assume(window);
        assert!(budget.take(later, 2_498).is_ok());
        assert!(budget.take(later, 2).is_err());
    }

    #[test]
    fn query_larger_than_the_allowance_goes_alone() {
        let (mut budget, now) = budget();
        measure(&mut budget, now, 2, quota(38, 30));
        assert_eq!(budget.take(now, 20), until(now + 30 * SECOND));
        let later = now + 30 * SECOND;
        measure(&mut budget, later, 20, quota(20, 30));
        assert_eq!(budget.take(later, 1), until(later + 30 * SECOND));
    }

    #[test]
    fn query_of_more_than_half_of_the_quota_waits_for_a_larger_one() {
        let (mut budget, now) = budget();
        measure(&mut budget, now, 2, quota(38, 30));
        let later = now + 30 * SECOND;
        let wait = Err(Wait::LargerQuota(now + 60 * SECOND));
        assert_eq!(budget.take(later, 21), wait);
        // A small query finds more, so the large one fits.
        measure(&mut budget, later, 2, quota(98, 30));
        assert!(budget.take(later, 21).is_ok());
        budget.leave(21);
        // After a window in which nothing was measured, nothing is expected.
        let (mut budget, now) = self::budget();
        measure(&mut budget, now, 2, quota(38, 30));
        assert!(budget.take(now + 60 * SECOND, 21).is_ok());
    }

    #[test]
    fn reply_of_an_earlier_window_is_ignored() {
        let (mut budget, now) = budget();
        let old = budget.take(now, 2).unwrap();
        budget.leave(2);
        let later = now + 30 * SECOND;
        let new = budget.take(later, 2).unwrap();
        budget.correct(later, old, 2, quota(0, 1));
        budget.correct(later, new, 2, quota(3_998, 30));
        assert!(budget.take(later, 900).is_ok());
    }

    #[test]
    fn pause_stops_the_pool_and_is_capped() {
        let (mut budget, now) = budget();
        measure(&mut budget, now, 2, quota(0, 7));
        budget.pause(now, 7 * SECOND);
        assert_eq!(budget.take(now, 2), until(now + 7 * SECOND));
        assert!(budget.take(now + 7 * SECOND, 2).is_ok());
        budget.pause(now, Duration::MAX);
        assert_eq!(budget.take(now, 2), until(now + MAX_PAUSE));
    }

    #[test]
    fn whole_quota_can_be_used() {
        let now = Instant::now();
        let mut budget = Budget::new(Pool::Unified, 200);
        measure(&mut budget, now, 100, quota(100, 3));
        assert!(budget.take(now, 100).is_ok());
        assert_eq!(budget.take(now, 1), until(now + 3 * SECOND));
    }
}
