//! How fast a client may talk on one connection, in both generations.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

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
