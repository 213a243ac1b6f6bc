//! For how long reading pauses while a subscription has no room: one budget for all subscriptions of a connection.

use tokio::time::{Duration, Instant};

/// What was used of the budget comes back at this part of the pace of the clock.
const REGAINED: u32 = 10;

/// The time for which a connection may stop reading for the sake of subscriptions whose queues are full.
///
/// While it does, the neighbours of a slow subscription receive nothing, so all together have one budget, whoever used
/// it up.
#[derive(Debug)]
pub(crate) struct Backpressure {
    limit: Duration,
    left: Duration,
    since: Option<Instant>,
}

impl Backpressure {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            left: limit,
            since: None,
        }
    }

    /// For how long reading may pause now.
    pub(crate) fn available(&mut self, now: Instant) -> Duration {
        let since = self.since.replace(now).unwrap_or(now);
        let regained = now.saturating_duration_since(since) / REGAINED;
        self.left = self.left.saturating_add(regained).min(self.limit);
        self.left
    }

    /// Reading paused for this long, until now.
    pub(crate) fn spend(&mut self, now: Instant, paused: Duration) {
        self.left = self.left.saturating_sub(paused);
        self.since = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn eight_stalled_subscriptions_pause_reading_for_one_second_together() {
        let mut now = Instant::now();
        let mut budget = Backpressure::new(SECOND);
        let mut paused = Duration::ZERO;
        for _ in 0..8 {
            let pause = budget.available(now);
            now += pause;
            budget.spend(now, pause);
            paused += pause;
        }
        assert_eq!(paused, SECOND);
    }

    #[test]
    fn budget_comes_back_at_a_tenth_of_the_clock() {
        let now = Instant::now();
        let mut budget = Backpressure::new(SECOND);
        assert_eq!(budget.available(now), SECOND);
        budget.spend(now, SECOND);
        assert_eq!(budget.available(now + 2 * SECOND), SECOND / 5);
        assert_eq!(budget.available(now + 60 * SECOND), SECOND);
    }
}
