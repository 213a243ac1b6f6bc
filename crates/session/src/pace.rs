//! The pace of outbound messages: never more than the exchange allows in its window.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use kucoin_streams_wire::Limits;

/// A sliding log of what was sent on one connection.
///
/// A tenth of the allowance stays reserved for heartbeats, so that a long replay cannot starve them.
#[derive(Debug)]
pub(crate) struct Pace {
    window: Duration,
    allowance: usize,
    sent: VecDeque<Instant>,
    held_until: Option<Instant>,
}

/// After the server said that messages come too fast, nothing is asked of it for this long.
const HOLD: Duration = Duration::from_secs(1);

impl Pace {
    pub(crate) fn new(limits: Limits) -> Self {
        let messages = limits.messages as usize;
        Self {
            window: limits.window,
            allowance: (messages - messages / 10).max(1),
            sent: VecDeque::new(),
            held_until: None,
        }
    }

    /// Counts a message, whatever the allowance.
    pub(crate) fn count(&mut self, now: Instant) {
        self.forget(now);
        self.sent.push_back(now);
    }

    /// When a request may be sent: `None` is now.
    pub(crate) fn wait(&mut self, now: Instant) -> Option<Instant> {
        self.forget(now);
        let held = self.held_until.filter(|&until| until > now);
        let full = match self.sent.len().checked_sub(self.allowance) {
            Some(over) => self.sent.get(over).map(|&sent| sent + self.window),
            None => None,
        };
        held.max(full)
    }

    /// Takes the server's word that messages come too fast: half the allowance from now on, and a pause.
    pub(crate) fn slow_down(&mut self, now: Instant) {
        self.allowance = (self.allowance / 2).max(1);
        self.held_until = Some(now + HOLD);
    }

    fn forget(&mut self, now: Instant) {
        while self
            .sent
            .front()
            .is_some_and(|&sent| sent + self.window <= now)
        {
            self.sent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits::new(100, Duration::from_secs(10), None);

    #[test]
    fn ninety_requests_go_at_once_and_the_next_waits_for_the_window() {
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        for _ in 0..90 {
            assert_eq!(pace.wait(start), None);
            pace.count(start);
        }
        let free = start + Duration::from_secs(10);
        assert_eq!(pace.wait(start), Some(free));
        assert_eq!(pace.wait(free), None);
    }

    #[test]
    fn told_to_slow_down_it_pauses_and_halves() {
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        pace.slow_down(start);
        assert_eq!(pace.wait(start), Some(start + HOLD));
        let later = start + HOLD;
        for _ in 0..45 {
            assert_eq!(pace.wait(later), None);
            pace.count(later);
        }
        assert!(pace.wait(later).is_some());
    }
}
