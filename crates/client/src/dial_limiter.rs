//! The pace of dials: never more in any window than the exchange allows, and never all at once where a process has
//! many connections that were cut in one moment.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use kucoin_streams_core::{DialLimit, DialScope, ProtocolLimits, WsKey};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// As good as never, and no clock overflows by it.
const MAX_WINDOW: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// So many dials of one process go out in any second. A thousand connections that are cut at once come back within
/// twenty seconds, and no second sees more than a twentieth of them.
const DIALS_PER_SECOND: u32 = 50;

static PROCESS_WIDE: LazyLock<DialLimiter> =
    LazyLock::new(|| DialLimiter::new(DIALS_PER_SECOND, Duration::from_secs(1)));

/// What all connections that share it may dial together: so many token requests and dials in any window, whoever
/// comes first being served first.
///
/// Backoff spreads the connections of many machines, this those of one process. It also keeps what the exchange allows
/// one address ([`DialScope::Address`]), for each [`WsKey`] by itself. Clones share.
#[derive(Clone)]
pub struct DialLimiter(Arc<Shared>);

struct Shared {
    all: SlidingWindow,
    /// By connection kind, where the exchange limits the dials of an address.
    of_address: StdMutex<HashMap<WsKey, Arc<SlidingWindow>>>,
}

impl DialLimiter {
    /// The budget of the process, which connections share unless they are given another: 50 dials in any second.
    pub fn process_wide() -> Self {
        PROCESS_WIDE.clone()
    }

    /// A budget of its own: so many dials in any window of this length; at least one.
    pub fn new(dials: u32, window: Duration) -> Self {
        Self(Arc::new(Shared {
            all: SlidingWindow::new(dials, window),
            of_address: StdMutex::default(),
        }))
    }

    fn of_address(&self, ws_key: WsKey, limit: DialLimit) -> Arc<SlidingWindow> {
        let mut windows = self
            .0
            .of_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .entry(ws_key)
            .or_insert_with(|| Arc::new(SlidingWindow::for_limit(limit)));
        Arc::clone(window)
    }
}

/// Two are equal where they are one.
impl PartialEq for DialLimiter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for DialLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialLimiter")
            .field("dials", &self.0.all.dials)
            .field("window", &self.0.all.length)
            .finish()
    }
}

/// The door that every dial of a connection goes through.
#[derive(Clone)]
pub(crate) struct ConnectionDialLimiter {
    budget: DialLimiter,
    of_address: Option<Arc<SlidingWindow>>,
    of_account: Option<Arc<SlidingWindow>>,
}

impl ConnectionDialLimiter {
    /// The door of the connections of one kind and one account.
    pub(crate) fn new(budget: &DialLimiter, ws_key: WsKey, limits: ProtocolLimits) -> Self {
        let (mut of_address, mut of_account) = (None, None);
        if let Some(limit) = limits.dials {
            match limit.scope {
                DialScope::Address => of_address = Some(budget.of_address(ws_key, limit)),
                _ => of_account = Some(Arc::new(SlidingWindow::for_limit(limit))),
            }
        }
        Self {
            budget: budget.clone(),
            of_address,
            of_account,
        }
    }

    /// RetryDelay until one more dial is allowed, and counts it. Who is waiting here has one place in each line: dropping
    /// the future gives it up.
    pub(crate) async fn acquire(self) {
        // From the narrowest to the widest: who waits for its account holds up nobody else.
        let mut account = match &self.of_account {
            Some(window) => Some(window.acquire().await),
            None => None,
        };
        let mut address = match &self.of_address {
            Some(window) => Some(window.acquire().await),
            None => None,
        };
        let mut all = self.budget.0.all.acquire().await;
        let now = Instant::now();
        for log in [account.as_mut(), address.as_mut(), Some(&mut all)]
            .into_iter()
            .flatten()
        {
            log.push_back(now);
        }
    }
}

/// A sliding window: at most so many dials in any time of its length.
struct SlidingWindow {
    dials: u32,
    length: Duration,
    log: Mutex<VecDeque<Instant>>,
}

impl SlidingWindow {
    fn new(dials: u32, length: Duration) -> Self {
        Self {
            dials: dials.max(1),
            length: length.min(MAX_WINDOW),
            log: Mutex::default(),
        }
    }

    /// A tenth of what the exchange allows is left to others: to its own way of counting, and to dials that are slow
    /// to arrive.
    fn for_limit(limit: DialLimit) -> Self {
        Self::new(limit.dials - limit.dials / 10, limit.window)
    }

    /// RetryDelay in line until there is room for one dial more, which the caller then notes.
    async fn acquire(&self) -> MutexGuard<'_, VecDeque<Instant>> {
        let mut log = self.log.lock().await;
        loop {
            let now = Instant::now();
            // What is to come was noted under another clock, such as the paused one of another test.
            log.retain(|&at| at <= now && at + self.length > now);
            match log.front() {
                Some(&first) if log.len() >= self.dials as usize => {
                    tokio::time::sleep_until(first + self.length).await;
                }
                _ => return log,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits(dials: u32, window: Duration, scope: DialScope) -> ProtocolLimits {
        ProtocolLimits::new(100, SECOND, None).with_dials(DialLimit::new(dials, window, scope))
    }

    /// When each of so many gets through, counted from now.
    async fn acquire_all(limiters: Vec<ConnectionDialLimiter>) -> Vec<Duration> {
        let start = Instant::now();
        let passed = limiters.into_iter().map(|limiter| async move {
            limiter.acquire().await;
            start.elapsed()
        });
        join_all(passed).await
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_pass_in_any_window_and_the_rest_in_turn() {
        let budget = DialLimiter::new(10, SECOND);
        let free = ConnectionDialLimiter::new(
            &budget,
            WsKey::SpotPrivateV1,
            ProtocolLimits::new(1, SECOND, None),
        );
        let passed = acquire_all(vec![free; 35]).await;
        for (number, at) in passed.into_iter().enumerate() {
            assert_eq!(at.as_secs(), number as u64 / 10, "{number}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_waits_holds_up_no_other() {
        let budget = DialLimiter::new(1_000, SECOND);
        let limits = limits(10, 60 * SECOND, DialScope::Account);
        let busy = ConnectionDialLimiter::new(&budget, WsKey::SpotPrivateV1, limits);
        let other = ConnectionDialLimiter::new(&budget, WsKey::SpotPrivateV1, limits);
        let mut limiters = vec![busy; 19];
        limiters.push(other);
        let passed = acquire_all(limiters).await;
        // A tenth is left to others.
        assert_eq!(passed[..9], [Duration::ZERO; 9]);
        assert!(passed[9..18].iter().all(|&at| at == 60 * SECOND));
        assert_eq!(passed[18..], [120 * SECOND, Duration::ZERO]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_accounts_of_an_address_share_what_it_may() {
        let budget = DialLimiter::new(1_000, SECOND);
        let limits = limits(2, 60 * SECOND, DialScope::Address);
        let of = |ws_key| ConnectionDialLimiter::new(&budget, ws_key, limits);
        let pro = WsKey::PrivateProV2;
        let passed = acquire_all(vec![of(pro), of(pro), of(pro), of(WsKey::SpotPrivateV1)]).await;
        let seconds: Vec<u64> = passed.iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [0, 0, 60, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_takes_nothing_from_the_next() {
        let budget = DialLimiter::new(1, SECOND);
        let free = ConnectionDialLimiter::new(
            &budget,
            WsKey::SpotPrivateV1,
            ProtocolLimits::new(1, SECOND, None),
        );
        free.clone().acquire().await;
        let gone = tokio::time::timeout(SECOND / 2, free.clone().acquire()).await;
        assert!(gone.is_err());
        let passed = acquire_all(vec![free]).await;
        assert_eq!(passed, [SECOND / 2]);
    }

    #[test]
    fn a_budget_is_itself_and_no_other() {
        assert_eq!(DialLimiter::process_wide(), DialLimiter::process_wide());
        let own = || DialLimiter::new(DIALS_PER_SECOND, SECOND);
        assert_ne!(own(), own());
    }
}
