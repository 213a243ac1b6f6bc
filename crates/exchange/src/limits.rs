//! What the exchange accepts of its clients: limits, which faults may change while it runs, and rates.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::fault::UnknownSymbols;

/// A day, after which KuCoin cuts a connection and lets a token expire.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What connections are checked against. The limit of topics is kept with the subscriptions, that of tokens with the tokens.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Messages of one connection in 10 s.
    pub(crate) messages: usize,
    /// Connections at once.
    pub(crate) connections: usize,
    /// The age at which a connection is cut.
    pub(crate) connection_life: Duration,
    /// The time without a message from the client after which a connection is cut.
    pub(crate) idle_timeout: Duration,
    pub(crate) unknown_symbols: UnknownSymbols,
    /// Requests for a socket, and the window in which that number is accepted.
    dials: Option<(usize, Duration)>,
    /// When those came that were taken.
    taken: VecDeque<Instant>,
}

impl Default for Limits {
    /// As KuCoin's.
    fn default() -> Self {
        Self {
            messages: 100,
            connections: 800,
            connection_life: DAY,
            idle_timeout: Duration::from_secs(60),
            unknown_symbols: UnknownSymbols::default(),
            dials: None,
            taken: VecDeque::new(),
        }
    }
}

impl Limits {
    /// From now on this number of requests for a socket is accepted in this window.
    pub(crate) fn limit_dials(&mut self, count: usize, per: Duration) {
        self.dials = Some((count, per));
        self.taken.clear();
    }

    /// Takes a request for a socket that comes now, or says how long it is until one is taken.
    pub(crate) fn admit_dial(&mut self, now: Instant) -> Result<(), Duration> {
        let Some((count, per)) = self.dials else {
            return Ok(());
        };
        let age = |taken: &Instant| now.saturating_duration_since(*taken);
        while self.taken.front().is_some_and(|oldest| age(oldest) >= per) {
            self.taken.pop_front();
        }
        if self.taken.len() < count {
            self.taken.push_back(now);
            return Ok(());
        }
        let oldest = self.taken.front().map(age).unwrap_or_default();
        Err(per.saturating_sub(oldest))
    }
}

/// The window in which the messages of a client are counted, pings included.
const WINDOW: Duration = Duration::from_secs(10);
/// Pings of Pro V2 that come sooner after the one that was answered last get no answer.
const PING_PACE: Duration = Duration::from_secs(1);

/// When the newest messages of a client came.
#[derive(Debug, Default)]
pub(crate) struct MessageRate {
    recent: VecDeque<Instant>,
}

impl MessageRate {
    /// Whether a message that comes now is among the `limit` first in the window; one that is not does not count.
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

/// The pings of a Pro V2 client: those that come too fast are dropped.
#[derive(Debug, Default)]
pub(crate) struct PingRate {
    answered: Option<Instant>,
}

impl PingRate {
    /// Whether a ping that comes now is answered.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        let too_soon = |answered| now.duration_since(answered) < PING_PACE;
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
    fn so_many_dials_in_a_window_and_the_wait_is_told() {
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
    fn a_hundred_messages_in_ten_seconds_and_no_more() {
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
    fn a_ping_a_second_is_answered() {
        let mut rate = PingRate::default();
        let start = Instant::now();
        let mut admits = |after| rate.admits(start + Duration::from_millis(after));
        assert!(admits(0));
        assert!(!admits(0) && !admits(999));
        assert!(admits(1_000));
        assert!(!admits(1_500));
    }
}
