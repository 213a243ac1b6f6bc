//! Rate limits of REST: the weights of queries are deducted from the quota of their pool.

use std::time::{Duration, Instant};

use crate::fault::RestPool;

/// Length of the window of a quota; it starts with the first query.
const WINDOW: Duration = Duration::from_secs(30);

/// Quota of a pool after a query: the `gw-ratelimit-*` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset_ms: u64,
}

impl Quota {
    pub(crate) const fn exhausted(limit: u32, reset_ms: u64) -> Self {
        Self {
            limit,
            remaining: 0,
            reset_ms,
        }
    }
}

/// The quotas of all pools, indexed by [`RestPool`].
#[derive(Debug, Clone)]
pub(crate) struct Quotas([Pool; 4]);

#[derive(Debug, Clone, Copy)]
struct Pool {
    limit: u32,
    /// Start of the window, and the weight used in it.
    window: Option<(Instant, u32)>,
}

impl Default for Quotas {
    /// Returns KuCoin's quotas of an account without VIP level.
    fn default() -> Self {
        let pool = |limit| Pool {
            limit,
            window: None,
        };
        Self([4_000, 2_000, 2_000, 2_000].map(pool))
    }
}

impl Quotas {
    /// Changes the weight per 30 s of a pool.
    pub(crate) fn limit(&mut self, pool: RestPool, limit: u32) {
        self.0[pool as usize].limit = limit;
    }

    /// Deducts the weight of a query, or returns the quota as an error if too little remains.
    pub(crate) fn take(
        &mut self,
        pool: RestPool,
        weight: u32,
        now: Instant,
    ) -> Result<Quota, Quota> {
        let pool = &mut self.0[pool as usize];
        let running = pool
            .window
            .filter(|(start, _)| now.saturating_duration_since(*start) < WINDOW);
        let (start, used) = running.unwrap_or((now, 0));
        let admitted = used.saturating_add(weight) <= pool.limit;
        let used = if admitted { used + weight } else { used };
        pool.window = Some((start, used));
        let left = WINDOW.saturating_sub(now.saturating_duration_since(start));
        let quota = Quota {
            limit: pool.limit,
            remaining: pool.limit.saturating_sub(used),
            reset_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        };
        match admitted {
            true => Ok(quota),
            false => Err(quota),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_starts_with_the_first_query_and_pools_are_separate() {
        let mut quotas = Quotas::default();
        quotas.limit(RestPool::Spot, 5);
        let start = Instant::now();
        let mut take = |pool, ms| quotas.take(pool, 2, start + Duration::from_millis(ms));
        let quota = |remaining, reset_ms| Quota {
            limit: 5,
            remaining,
            reset_ms,
        };
        assert_eq!(take(RestPool::Spot, 0), Ok(quota(3, 30_000)));
        assert_eq!(take(RestPool::Spot, 10_000), Ok(quota(1, 20_000)));
        assert_eq!(take(RestPool::Spot, 29_999), Err(quota(1, 1)));
        assert_eq!(take(RestPool::Futures, 29_999).unwrap().remaining, 1_998);
        assert_eq!(take(RestPool::Spot, 30_000), Ok(quota(3, 30_000)));
    }
}
