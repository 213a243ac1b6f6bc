//! What the exchange accepts of its clients, as faults may change it while it runs.

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
}
