//! The gate of one rate limit pool: a query enters when its pool has room, in order of arrival.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kucoin_streams_auth::rest::Quota;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard, Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};

use super::budget::{Budget, Wait, WindowId};
use crate::Pool;

/// How long a query waits at most for a window of which it would not use most.
const LARGER_QUOTA_WAIT: Duration = Duration::from_secs(5 * 60);

/// How often a query looks at least what the queries before it wait for.
const TURN_CHECK: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Gate {
    concurrent: Semaphore,
    /// Held by the query that waits for the budget, so that queries enter in order of arrival.
    turn: AsyncMutex<()>,
    budget: Mutex<Budget>,
    /// The time that the query whose turn it is waits for.
    blocked_until: Mutex<Option<Instant>>,
    budget_changed: Notify,
    /// The quota of the last reply that had one.
    last_quota: Mutex<Option<Quota>>,
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
            blocked_until: Mutex::default(),
            budget_changed: Notify::new(),
            last_quota: Mutex::default(),
        }
    }

    /// Returns the quota of the last reply that had one.
    pub(super) fn last_quota(&self) -> Option<Quota> {
        with(&self.last_quota, |quota| *quota)
    }

    /// Waits until the query may be sent. Cancel safe: a query that has not entered uses no budget.
    ///
    /// # Errors
    /// Returns the time after which to try again, if the budget would make the query wait longer than `max_wait`.
    pub(super) async fn enter(
        &self,
        weight: u32,
        max_wait: Option<Duration>,
    ) -> Result<Entered<'_>, Duration> {
        let arrived = Instant::now();
        let deadline = max_wait.and_then(|wait| arrived.checked_add(wait));
        'arrival: loop {
            let (permit, turn) = self.wait_for_turn(max_wait).await?;
            loop {
                // Before the budget is read, so that no change is missed.
                let mut changed = pin!(self.budget_changed.notified());
                changed.as_mut().enable();
                let now = Instant::now();
                let taken = with(&self.budget, |budget| budget.take(now, weight));
                let blocked = match taken {
                    Err(Wait::Until(until)) => Some(until),
                    _ => None,
                };
                with(&self.blocked_until, |until| *until = blocked);
                match taken {
                    Ok(window) => {
                        return Ok(Entered {
                            gate: self,
                            window,
                            weight,
                            _permit: permit,
                        });
                    }
                    Err(Wait::Reply) => changed.await,
                    Err(Wait::Until(until) | Wait::LargerQuota(until))
                        if deadline.is_some_and(|deadline| until > deadline) =>
                    {
                        return Err(until - now);
                    }
                    // A reply may shorten the wait.
                    Err(Wait::Until(until)) => drop(timeout_at(until, changed).await),
                    Err(Wait::LargerQuota(until)) if until > arrived + LARGER_QUOTA_WAIT => {
                        return Err(until - now);
                    }
                    Err(Wait::LargerQuota(until)) => {
                        // Smaller queries go first meanwhile. Their replies say what remains.
                        drop((permit, turn));
                        drop(timeout_at(until, changed).await);
                        continue 'arrival;
                    }
                }
            }
        }
    }

    /// Waits for a free place in flight and for the queries before, in order of arrival.
    ///
    /// # Errors
    /// Returns the time after which to try again, if the queries before wait for the budget for too long.
    async fn wait_for_turn(
        &self,
        max_wait: Option<Duration>,
    ) -> Result<(Option<SemaphorePermit<'_>>, MutexGuard<'_, ()>), Duration> {
        let mut turn = pin!(async {
            // The semaphore is never closed.
            let permit = self.concurrent.acquire().await.ok();
            (permit, self.turn.lock().await)
        });
        let Some(max_wait) = max_wait else {
            return Ok(turn.await);
        };
        let step = max_wait.max(TURN_CHECK);
        loop {
            if let Ok(turn) = timeout(step, &mut turn).await {
                return Ok(turn);
            }
            let now = Instant::now();
            let blocked = with(&self.blocked_until, |until| *until);
            if let Some(until) = blocked.filter(|until| *until > now) {
                return Err(until - now);
            }
        }
    }
}

fn with<T, R>(mutex: &Mutex<T>, access: impl FnOnce(&mut T) -> R) -> R {
    access(&mut mutex.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Entered<'_> {
    /// Corrects the budget by the quota of the reply.
    pub(super) fn correct(&self, quota: Quota) {
        let (window, weight) = (self.window, self.weight);
        with(&self.gate.last_quota, |last| *last = Some(quota));
        with(&self.gate.budget, |budget| {
            budget.correct(Instant::now(), window, weight, quota);
        });
        self.gate.budget_changed.notify_waiters();
    }

    /// Notes that the page came without KuCoin's headers.
    pub(super) fn assume_quota(&self) {
        with(&self.gate.budget, |budget| budget.assume(self.window));
        self.gate.budget_changed.notify_waiters();
    }

    /// Stops all queries of the pool for a time.
    pub(super) fn pause(&self, time: Duration) {
        with(&self.gate.budget, |budget| {
            budget.pause(Instant::now(), time);
        });
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        with(&self.gate.budget, |budget| budget.leave(self.weight));
        self.gate.budget_changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Enters without a limit of the wait.
    async fn enter(gate: &Gate, weight: u32) -> Entered<'_> {
        gate.enter(weight, None).await.unwrap()
    }

    /// Sends a query of weight 2, whose reply reports this quota.
    async fn measure(gate: &Gate, remaining: u32) {
        enter(gate, 2)
            .await
            .correct(Quota::new(remaining, 30 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn query_waits_for_the_next_window() {
        let gate = Gate::new(Pool::Spot, 4, 25);
        let begun = Instant::now();
        drop(enter(&gate, 1_000).await);
        drop(enter(&gate, 2).await);
        assert_eq!(begun.elapsed(), 30 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn first_reply_of_a_window_lets_the_others_in() {
        let gate = Arc::new(Gate::new(Pool::Spot, 4, 25));
        let first = enter(&gate, 90).await;
        let begun = Instant::now();
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move {
                drop(enter(&gate, 10).await);
                let ten = begun.elapsed();
                drop(enter(&gate, 2).await);
                (ten, begun.elapsed())
            }
        });
        tokio::time::sleep(SECOND).await;
        first.correct(Quota::new(310, 2 * SECOND));
        drop(first);
        assert_eq!(waiting.await.unwrap(), (SECOND, 3 * SECOND));
    }

    /// Another program uses all but 40 at the start of each window. Replies take 100 ms.
    #[tokio::test(start_paused = true)]
    async fn quarter_of_a_small_quota_is_used_in_each_window() {
        let gate = Arc::new(Gate::new(Pool::Spot, 4, 25));
        let begun = Instant::now();
        let used = Arc::new(Mutex::new(Vec::<u32>::new()));
        let queries: Vec<_> = (0..20)
            .map(|_| {
                let (gate, used) = (Arc::clone(&gate), Arc::clone(&used));
                tokio::spawn(async move {
                    let entered = enter(&gate, 5).await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    let (window, since) = (
                        usize::try_from(begun.elapsed().as_secs() / 30).unwrap(),
                        begun.elapsed().as_millis() % 30_000,
                    );
                    let remaining = {
                        let mut used = used.lock().unwrap();
                        let windows = used.len().max(window + 1);
                        used.resize(windows, 0);
                        used[window] += 5;
                        40 - used[window]
                    };
                    let reset = 30_000 - u64::try_from(since).unwrap();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    entered.correct(Quota::new(remaining, Duration::from_millis(reset)));
                })
            })
            .collect();
        for query in queries {
            query.await.unwrap();
        }
        assert_eq!(*used.lock().unwrap(), [10; 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn bounded_wait_ends_at_once_if_the_window_is_longer() {
        let gate = Gate::new(Pool::Spot, 4, 25);
        let begun = Instant::now();
        measure(&gate, 6).await;
        let refused = gate.enter(2, Some(10 * SECOND)).await;
        assert_eq!(refused.unwrap_err(), 30 * SECOND);
        assert_eq!(begun.elapsed(), Duration::ZERO);
        tokio::time::sleep(21 * SECOND).await;
        assert!(gate.enter(2, Some(10 * SECOND)).await.is_ok());
        assert_eq!(begun.elapsed(), 30 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn bounded_wait_counts_the_queries_before() {
        let gate = Arc::new(Gate::new(Pool::Spot, 1, 25));
        measure(&gate, 6).await;
        let patient = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { drop(enter(&gate, 2).await) }
        });
        tokio::time::sleep(SECOND).await;
        let refused = gate.enter(2, Some(10 * SECOND)).await;
        assert_eq!(refused.unwrap_err(), 19 * SECOND);
        patient.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn bounded_wait_does_not_count_slow_replies() {
        let gate = Arc::new(Gate::new(Pool::Spot, 1, 25));
        let slow = enter(&gate, 2).await;
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter(2, Some(SECOND)).await.is_ok() }
        });
        tokio::time::sleep(9 * SECOND).await;
        drop(slow);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn large_query_waits_and_lets_small_ones_go_first() {
        let gate = Arc::new(Gate::new(Pool::Spot, 1, 25));
        let begun = Instant::now();
        measure(&gate, 18).await;
        let large = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move {
                drop(enter(&gate, 15).await);
                begun.elapsed()
            }
        });
        tokio::time::sleep(35 * SECOND).await;
        // 15 is more than half of 20, and fits into a quarter of 4000.
        measure(&gate, 3_998).await;
        assert_eq!(large.await.unwrap(), 35 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn large_query_gives_up_if_the_quota_stays_small() {
        let gate = Arc::new(Gate::new(Pool::Spot, 4, 25));
        let begun = Instant::now();
        measure(&gate, 18).await;
        let large = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { (gate.enter(15, None).await.unwrap_err(), begun.elapsed()) }
        });
        for _ in 0..12 {
            tokio::time::sleep(30 * SECOND).await;
            measure(&gate, 18).await;
        }
        let (reset, after) = large.await.unwrap();
        assert!(reset <= 60 * SECOND && after >= 240 * SECOND && after <= 300 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn pause_holds_all_queries() {
        let gate = Gate::new(Pool::Spot, 4, 25);
        let begun = Instant::now();
        enter(&gate, 2).await.pause(9 * SECOND);
        tokio::join!(async { drop(enter(&gate, 2).await) }, async {
            drop(enter(&gate, 2).await);
        });
        assert_eq!(begun.elapsed(), 9 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn canceled_wait_uses_no_budget() {
        let gate = Gate::new(Pool::Spot, 4, 25);
        let begun = Instant::now();
        drop(enter(&gate, 998).await);
        for _ in 0..5 {
            let canceled = tokio::time::timeout(SECOND, enter(&gate, 1_000)).await;
            assert!(canceled.is_err());
        }
        // The rest of the window is free, and nothing is locked.
        drop(enter(&gate, 2).await);
        assert_eq!(begun.elapsed(), 5 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_queries_are_limited() {
        let gate = Gate::new(Pool::Spot, 2, 25);
        measure(&gate, 3_998).await;
        let (one, _two) = (enter(&gate, 2).await, enter(&gate, 2).await);
        let third = enter(&gate, 2);
        assert!(tokio::time::timeout(SECOND, third).await.is_err());
        drop(one);
        let third = enter(&gate, 2);
        assert!(tokio::time::timeout(SECOND, third).await.is_ok());
    }
}
