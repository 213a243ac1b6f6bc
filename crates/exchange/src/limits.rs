//! Limits on clients, which faults can change at run time, and rate limiters.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::fault::UnknownSymbols;

/// The age at which KuCoin closes connections and tokens expire.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The limits of connections. The topic limit is in `Hub`, the token lifetime in `TokenStore`.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Maximum number of messages per connection in 10 s.
    pub(crate) messages: usize,
    /// Maximum number of open connections.
    pub(crate) connections: usize,
    /// The age at which a connection is closed.
    pub(crate) connection_life: Duration,
    /// Maximum time without a message from the client.
    pub(crate) idle_timeout: Duration,
    pub(crate) unknown_symbols: UnknownSymbols,
    /// Maximum number of WebSocket upgrade requests per sliding window; `None` if unlimited.
    dials: Option<(usize, Duration)>,
    /// Times of the accepted upgrade requests in the window.
    accepted: VecDeque<Instant>,
}

impl Default for Limits {
    /// Returns KuCoin's limits.
    fn default() -> Self {
        Self {
            messages: 100,
            connections: 800,
            connection_life: DAY,
            idle_timeout: Duration::from_secs(60),
            unknown_symbols: UnknownSymbols::default(),
            dials: None,
            accepted: VecDeque::new(),
        }
    }
}

impl Limits {
    /// Limits upgrade requests to `count` per sliding window `per`.
    pub(crate) fn limit_dials(&mut self, count: usize, per: Duration) {
        self.dials = Some((count, per));
        self.accepted.clear();
    }

    /// Accepts an upgrade request, or returns the time until the next one would be accepted.
    pub(crate) fn admit_dial(&mut self, now: Instant) -> Result<(), Duration> {
        let Some((count, per)) = self.dials else {
            return Ok(());
        };
        let age = |accepted: &Instant| now.saturating_duration_since(*accepted);
        while self
            .accepted
            .front()
            .is_some_and(|oldest| age(oldest) >= per)
        {
            self.accepted.pop_front();
        }
        if self.accepted.len() < count {
            self.accepted.push_back(now);
            return Ok(());
        }
        let oldest = self.accepted.front().map(age).unwrap_or_default();
        Err(per.saturating_sub(oldest))
    }
}

/// The window of the message limit, in which pings count as well.
const WINDOW: Duration = Duration::from_secs(10);
/// Minimum time between two answered pings on Pro V2.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// The message rate of one client.
#[derive(Debug, Default)]
pub(crate) struct MessageRate {
    recent: VecDeque<Instant>,
}

impl MessageRate {
    /// Returns `true` if fewer than `limit` messages were admitted in the window.
    ///
    /// Only admitted messages count.
    pub(crate) fn admits(&mut self, now: Instant, limit: usize) -> bool {
        let outdated = |first: &Instant| now.duration_since(*first) >= WINDOW;
        while self.recent.front().is_some_and(outdated) {
            self.recent.pop_front();
        }
        let within = self.recent.len() < limit;
        if within {
            self.recent.push_back(now);
        }
        within
    }
}

/// The ping rate of a Pro V2 client; pings that arrive too fast are not answered.
#[derive(Debug, Default)]
pub(crate) struct PingRate {
    answered: Option<Instant>,
}

impl PingRate {
    /// Returns `true` if a ping is answered.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        let too_soon = |answered| now.duration_since(answered) < PING_INTERVAL;
        let admitted = !self.answered.is_some_and(too_soon);
        if admitted {
            self.answered = Some(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dial_limit_counts_a_sliding_window_and_returns_the_wait() {
        let mut limits = Limits::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!((0..1_000).all(|_| limits.admit_dial(start).is_ok()));
        limits.limit_dials(2, Duration::from_secs(60));
        assert_eq!(limits.admit_dial(at(0)), Ok(()));
        assert_eq!(limits.admit_dial(at(10)), Ok(()));
        assert_eq!(limits.admit_dial(at(15)), Err(Duration::from_secs(45)));
        assert_eq!(limits.admit_dial(at(60)), Ok(()));
        assert_eq!(limits.admit_dial(at(61)), Err(Duration::from_secs(9)));
    }

    #[test]
    fn message_rate_admits_100_per_10_seconds() {
        let mut rate = MessageRate::default();
        let start = Instant::now();
        let admitted = |rate: &mut MessageRate, after: u64| {
            let now = start + Duration::from_millis(after);
            (0..150).filter(|_| rate.admits(now, 100)).count()
        };
        assert_eq!(admitted(&mut rate, 0), 100);
        assert_eq!(admitted(&mut rate, 9_999), 0);
        assert_eq!(admitted(&mut rate, 10_000), 100);
    }

    #[test]
    fn one_ping_per_second_is_answered() {
        let mut rate = PingRate::default();
        let start = Instant::now();
        let mut admits = |after| rate.admits(start + Duration::from_millis(after));
        assert!(admits(0));
        assert!(!admits(0) && !admits(999));
        assert!(admits(1_000));
        assert!(!admits(1_500));
    }
}
