//! Limits of dials per process, address and account.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use kucoin_streams_core::{DialLimit, DialScope, ProtocolLimits, WsKey};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// Longest window used: 10 years, so that no deadline overflows.
const MAX_WINDOW: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Dials per second and process. After an outage, 1,000 connections need 20 s to dial again.
const DIALS_PER_SECOND: u32 = 50;

static PROCESS_WIDE: LazyLock<DialLimiter> =
    LazyLock::new(|| DialLimiter::new(DIALS_PER_SECOND, Duration::from_secs(1)));

/// Limit of dials, shared by all connections that use this limiter. Clones share the limit.
///
/// A dial is a token request and the opening of a connection; dials are allowed in order of arrival. Backoff spreads
/// the dials of many machines over time; this limiter spreads those of one process.
///
/// It also enforces KuCoin's dial limit per IP address ([`DialScope::Address`]), separately for each [`WsKey`].
#[derive(Clone)]
pub struct DialLimiter(Arc<Shared>);

struct Shared {
    all: SlidingWindow,
    /// Windows of the limits per IP address, by connection key.
    per_address: StdMutex<HashMap<WsKey, Arc<SlidingWindow>>>,
}

impl DialLimiter {
    /// Returns the limiter of the process, which all connections use by default: 50 dials per second.
    pub fn process_wide() -> Self {
        PROCESS_WIDE.clone()
    }

    /// Creates a limiter of at most `dials` dials per sliding `window` (minimum 1).
    pub fn new(dials: u32, window: Duration) -> Self {
        Self(Arc::new(Shared {
            all: SlidingWindow::new(dials, window),
            per_address: StdMutex::default(),
        }))
    }

    fn per_address(&self, ws_key: WsKey, limit: DialLimit) -> Arc<SlidingWindow> {
        let mut windows = self
            .0
            .per_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .entry(ws_key)
            .or_insert_with(|| Arc::new(SlidingWindow::for_limit(limit)));
        Arc::clone(window)
    }
}

/// Two limiters are equal if they share one limit.
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

/// Dial limits of one connection: of the account, of the IP address, and of the process.
#[derive(Clone)]
pub(crate) struct ConnectionDialLimiter {
    process: DialLimiter,
    per_address: Option<Arc<SlidingWindow>>,
    account: Option<Arc<SlidingWindow>>,
}

impl ConnectionDialLimiter {
    /// Creates the limiter for connections of one kind and one account.
    pub(crate) fn new(process: &DialLimiter, ws_key: WsKey, limits: ProtocolLimits) -> Self {
        let (mut per_address, mut account) = (None, None);
        if let Some(limit) = limits.dials {
            match limit.scope {
                DialScope::Address => per_address = Some(process.per_address(ws_key, limit)),
                _ => account = Some(Arc::new(SlidingWindow::for_limit(limit))),
            }
        }
        Self {
            process: process.clone(),
            per_address,
            account,
        }
    }

    /// Waits until one more dial is allowed, and counts it.
    ///
    /// Cancel safe: dropping the future gives up the place in the queue.
    pub(crate) async fn acquire(self) {
        // From the narrowest to the widest scope, so that waiting for the account blocks no other account.
        let mut account = match &self.account {
            Some(window) => Some(window.acquire().await),
            None => None,
        };
        let mut address = match &self.per_address {
            Some(window) => Some(window.acquire().await),
            None => None,
        };
        let mut all = self.process.0.all.acquire().await;
        let now = Instant::now();
        for log in [account.as_mut(), address.as_mut(), Some(&mut all)]
            .into_iter()
            .flatten()
        {
            log.push_back(now);
        }
    }
}

/// At most `dials` dials per sliding window of this length.
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

    /// Creates a window with 90 % of the exchange's limit.
    ///
    /// The exchange counts a dial when it arrives, later than this limiter.
    fn for_limit(limit: DialLimit) -> Self {
        Self::new(limit.dials - limit.dials / 10, limit.window)
    }

    /// Waits until the window has room for one dial; the caller then adds it to the log.
    async fn acquire(&self) -> MutexGuard<'_, VecDeque<Instant>> {
        let mut log = self.log.lock().await;
        loop {
            let now = Instant::now();
            // Future times come from another clock, such as the paused clock of another test.
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

    /// Returns the time at which each dial is allowed.
    async fn acquire_all(limiters: Vec<ConnectionDialLimiter>) -> Vec<Duration> {
        let start = Instant::now();
        let acquired = limiters.into_iter().map(|limiter| async move {
            limiter.acquire().await;
            start.elapsed()
        });
        join_all(acquired).await
    }

    #[tokio::test(start_paused = true)]
    async fn dials_over_the_limit_wait_for_the_next_window() {
        let process = DialLimiter::new(10, SECOND);
        let free = ConnectionDialLimiter::new(
            &process,
            WsKey::SpotPrivateV1,
            ProtocolLimits::new(1, SECOND, None),
        );
        let times = acquire_all(vec![free; 35]).await;
        for (number, at) in times.into_iter().enumerate() {
            assert_eq!(at.as_secs(), number as u64 / 10, "{number}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_account_blocks_no_other() {
        let process = DialLimiter::new(1_000, SECOND);
        let limits = limits(10, 60 * SECOND, DialScope::Account);
        let busy = ConnectionDialLimiter::new(&process, WsKey::SpotPrivateV1, limits);
        let other = ConnectionDialLimiter::new(&process, WsKey::SpotPrivateV1, limits);
        let mut limiters = vec![busy; 19];
        limiters.push(other);
        let times = acquire_all(limiters).await;
        // Only 9 of the 10 dials are used.
        assert_eq!(times[..9], [Duration::ZERO; 9]);
        assert!(times[9..18].iter().all(|&at| at == 60 * SECOND));
        assert_eq!(times[18..], [120 * SECOND, Duration::ZERO]);
    }

    #[tokio::test(start_paused = true)]
    async fn accounts_of_one_address_share_its_limit() {
        let process = DialLimiter::new(1_000, SECOND);
        let limits = limits(2, 60 * SECOND, DialScope::Address);
        let of = |ws_key| ConnectionDialLimiter::new(&process, ws_key, limits);
        let pro = WsKey::PrivateProV2;
        let times = acquire_all(vec![of(pro), of(pro), of(pro), of(WsKey::SpotPrivateV1)]).await;
        let seconds: Vec<u64> = times.iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [0, 0, 60, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn cancelled_wait_takes_no_dial() {
        let process = DialLimiter::new(1, SECOND);
        let free = ConnectionDialLimiter::new(
            &process,
            WsKey::SpotPrivateV1,
            ProtocolLimits::new(1, SECOND, None),
        );
        free.clone().acquire().await;
        let gone = tokio::time::timeout(SECOND / 2, free.clone().acquire()).await;
        assert!(gone.is_err());
        let times = acquire_all(vec![free]).await;
        assert_eq!(times, [SECOND / 2]);
    }

    #[test]
    fn limiters_are_equal_if_they_share_a_limit() {
        assert_eq!(DialLimiter::process_wide(), DialLimiter::process_wide());
        let own = || DialLimiter::new(DIALS_PER_SECOND, SECOND);
        assert_ne!(own(), own());
    }
}
