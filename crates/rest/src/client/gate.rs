//! The gate of one rate limit pool: a query enters when its pool has room, in order of arrival.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kucoin_streams_auth::rest::Quota;
use tokio::sync::{Mutex as AsyncMutex, Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::budget::{Budget, WindowId};
use crate::Pool;

#[derive(Debug)]
pub(super) struct Gate {
    concurrent: Semaphore,
    /// Held by the query that waits for the budget, so that queries enter in order of arrival.
    turn: AsyncMutex<()>,
    budget: Mutex<Budget>,
    budget_changed: Notify,
}

/// A query that has entered. It leaves on drop.
#[derive(Debug)]
pub(super) struct Entered<'g> {
    gate: &'g Gate,
    window: WindowId,
    weight: u32,
    _permit: Option<SemaphorePermit<'g>>,
}

impl Gate {
    pub(super) fn new(pool: Pool, concurrent: usize, percent: u32) -> Self {
        Self {
            concurrent: Semaphore::new(concurrent.clamp(1, Semaphore::MAX_PERMITS)),
            turn: AsyncMutex::default(),
            budget: Mutex::new(Budget::new(pool, percent)),
            budget_changed: Notify::new(),
        }
    }

    /// Waits until the query may be sent. Cancel safe: a query that has not entered uses no budget.
    pub(super) async fn enter(&self, weight: u32) -> Entered<'_> {
        // The semaphore is never closed.
        let permit = self.concurrent.acquire().await.ok();
        let _turn = self.turn.lock().await;
        loop {
            let taken = self.with_budget(|budget| budget.take(Instant::now(), weight));
            match taken {
                Ok(window) => {
                    return Entered {
                        gate: self,
                        window,
                        weight,
                        _permit: permit,
                    };
                }
                // A reply may shorten the wait.
                Err(until) => drop(timeout_at(until, self.budget_changed.notified()).await),
            }
        }
    }

    fn with_budget<T>(&self, change: impl FnOnce(&mut Budget) -> T) -> T {
        change(&mut self.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Entered<'_> {
    /// Corrects the budget by the quota of the reply.
    pub(super) fn correct(&self, quota: Quota) {
        let (window, weight) = (self.window, self.weight);
        self.gate
            .with_budget(|budget| budget.correct(Instant::now(), window, weight, quota));
        self.gate.budget_changed.notify_one();
    }

    /// Stops all queries of the pool for a time.
    pub(super) fn pause(&self, time: Duration) {
        self.gate
            .with_budget(|budget| budget.pause(Instant::now(), time));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn query_waits_for_the_next_window() {
        let gate = Gate::new(Pool::Spot, 4, 25);
        let begun = Instant::now();
        drop(gate.enter(1_000).await);
        drop(gate.enter(2).await);
        assert_eq!(begun.elapsed(), 30 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn reply_shortens_the_wait() {
        let gate = Arc::new(Gate::new(Pool::Spot, 4, 25));
        let first = gate.enter(1_000).await;
        let begun = Instant::now();
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { drop(gate.enter(2).await) }
        });
        tokio::time::sleep(SECOND).await;
        first.correct(Quota::new(100, 2 * SECOND));
        waiting.await.unwrap();
        assert_eq!(begun.elapsed(), 3 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn pause_holds_all_queries() {
        let gate = Gate::new(Pool::Spot, 4, 25);
        let begun = Instant::now();
        gate.enter(2).await.pause(9 * SECOND);
        tokio::join!(async { drop(gate.enter(2).await) }, async {
            drop(gate.enter(2).await)
        });
        assert_eq!(begun.elapsed(), 9 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn canceled_wait_uses_no_budget() {
        let gate = Gate::new(Pool::Spot, 4, 25);
        let begun = Instant::now();
        drop(gate.enter(998).await);
        for _ in 0..5 {
            let canceled = tokio::time::timeout(SECOND, gate.enter(1_000)).await;
            assert!(canceled.is_err());
        }
        // The rest of the window is free, and nothing is locked.
        drop(gate.enter(2).await);
        assert_eq!(begun.elapsed(), 5 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_queries_are_limited() {
        let gate = Gate::new(Pool::Spot, 2, 25);
        let (one, _two) = (gate.enter(2).await, gate.enter(2).await);
        let third = gate.enter(2);
        assert!(tokio::time::timeout(SECOND, third).await.is_err());
        drop(one);
        let third = gate.enter(2);
        assert!(tokio::time::timeout(SECOND, third).await.is_ok());
    }
}
