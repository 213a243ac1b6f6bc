//! The pace of outbound messages: never more than the exchange allows in its window.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use kucoin_streams_core::ProtocolLimits;

/// What was sent on one connection, as the server may count it.
///
/// The server counts a message when it arrives, which is some time between sending it and its answer. So a message
/// counts from the moment of sending until one window after its answer: however much the network delays some of them,
/// no window of the server's holds more than the allowance. A tenth of what the exchange allows stays reserved for
/// heartbeats, so that a long replay cannot starve them.
#[derive(Debug)]
pub(crate) struct Pace {
    window: Duration,
    /// What the exchange allows.
    limit: usize,
    /// What requests may use of it.
    allowance: usize,
    /// When each message was sent that has no answer yet.
    unanswered: VecDeque<Instant>,
    /// When each of the others was answered, as long as it counts.
    answered: VecDeque<Instant>,
    /// Set if the server said that messages come too fast.
    slowed: Option<Slowed>,
}

/// The server said that messages come too fast.
#[derive(Clone, Copy, Debug)]
struct Slowed {
    /// Nothing is asked of it until then.
    pause: Instant,
    /// The allowance is smaller until then.
    until: Instant,
    allowance: usize,
}

/// After the server said that messages come too fast, nothing is asked of it for this long.
const PAUSE: Duration = Duration::from_secs(1);

/// For this many windows the allowance stays smaller.
const SLOWED_WINDOWS: u32 = 3;

/// A message without an answer for this long beyond its window has arrived, or never does.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

impl Pace {
    pub(crate) fn new(limits: ProtocolLimits) -> Self {
        let messages = limits.messages as usize;
        Self {
            window: limits.window,
            limit: messages,
            allowance: (messages - messages / 10).max(1),
            unanswered: VecDeque::new(),
            answered: VecDeque::new(),
            slowed: None,
        }
    }

    /// Counts a message, whatever the allowance.
    pub(crate) fn count(&mut self, now: Instant) {
        self.forget(now);
        self.unanswered.push_back(now);
    }

    /// A message is answered: by now the server has counted it. Answers come in the order of the messages.
    pub(crate) fn answered(&mut self, now: Instant) {
        if self.unanswered.pop_front().is_some() {
            self.answered.push_back(now);
        }
    }

    /// When a request may be sent: `None` is now.
    pub(crate) fn wait(&mut self, now: Instant) -> Option<Instant> {
        self.forget(now);
        let pause = self.slowed.map(|slowed| slowed.pause);
        let allowance = self
            .slowed
            .map_or(self.allowance, |slowed| slowed.allowance);
        pause.filter(|&until| until > now).max(self.free(allowance))
    }

    /// When a heartbeat may be sent: `None` is now. It waits only if a server asks for more than the exchange allows.
    pub(crate) fn wait_for_heartbeat(&mut self, now: Instant) -> Option<Instant> {
        self.forget(now);
        self.free(self.limit)
    }

    /// When fewer messages than these count: `None` if they do now.
    fn free(&self, allowance: usize) -> Option<Instant> {
        let count = self.answered.len() + self.unanswered.len();
        let over = count.checked_sub(allowance)?;
        let answered = self.answered.get(over).map(|&at| at + self.window);
        // Without an answer the message counts for longer; an answer brings the moment forward.
        let unanswered = self
            .unanswered
            .get(over.saturating_sub(self.answered.len()));
        answered.or_else(|| unanswered.map(|&at| at + self.window + ANSWER_WAIT))
    }

    /// Takes the server's word that messages come too fast: a pause, and half the allowance for a while.
    pub(crate) fn slow_down(&mut self, now: Instant) {
        let before = self
            .slowed
            .map_or(self.allowance, |slowed| slowed.allowance);
        self.slowed = Some(Slowed {
            pause: now + PAUSE,
            until: now + self.window * SLOWED_WINDOWS,
            allowance: (before / 2).max(self.allowance / 8).max(1),
        });
    }

    fn forget(&mut self, now: Instant) {
        drop_until(&mut self.answered, |at| at + self.window <= now);
        drop_until(&mut self.unanswered, |at| {
            at + self.window + ANSWER_WAIT <= now
        });
        self.slowed = self.slowed.filter(|slowed| slowed.until > now);
    }
}

fn drop_until(times: &mut VecDeque<Instant>, is_expired: impl Fn(Instant) -> bool) {
    while times.front().is_some_and(|&at| is_expired(at)) {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ProtocolLimits = ProtocolLimits::new(100, Duration::from_secs(10), None);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn ninety_requests_go_at_once_and_the_next_waits_for_the_window() {
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        for _ in 0..90 {
            assert_eq!(pace.wait(start), None);
            pace.count(start);
        }
        for _ in 0..90 {
            pace.answered(start);
        }
        let free = start + seconds(10);
        assert_eq!(pace.wait(start), Some(free));
        assert_eq!(pace.wait(free), None);
    }

    #[test]
    fn message_counts_until_a_window_after_its_answer() {
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        for _ in 0..90 {
            pace.count(start);
        }
        let answer = start + seconds(3);
        for _ in 0..90 {
            pace.answered(answer);
        }
        assert_eq!(pace.wait(answer), Some(answer + seconds(10)));
        assert_eq!(pace.wait(start + seconds(10)), Some(answer + seconds(10)));
    }

    #[test]
    fn message_without_answer_does_not_block_for_ever() {
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        for _ in 0..90 {
            pace.count(start);
        }
        let free = start + seconds(10) + ANSWER_WAIT;
        assert_eq!(pace.wait(start + seconds(11)), Some(free));
        assert_eq!(pace.wait(free), None);
    }

    /// A server behind a network that delays each message by up to three seconds counts what arrives.
    #[test]
    fn delays_of_the_network_never_exceed_the_limit_of_the_server() {
        let mut random = crate::connection::backoff::Random::new(7);
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        let (mut now, mut last_arrival) = (start, start);
        let mut arrivals = VecDeque::new();
        let mut answers = VecDeque::new();
        while now < start + seconds(120) {
            while answers.front().is_some_and(|&at| at <= now) {
                answers.pop_front();
                pace.answered(now);
            }
            while pace.wait(now).is_none() {
                pace.count(now);
                let delay = crate::connection::backoff::scale(seconds(3), random.next());
                last_arrival = (now + delay).max(last_arrival);
                arrivals.push_back(last_arrival);
                answers.push_back(last_arrival + Duration::from_millis(20));
            }
            now += Duration::from_millis(10);
        }
        assert!(arrivals.len() > 600, "{}", arrivals.len());
        for (first, arrival) in arrivals.iter().enumerate() {
            let within = arrivals
                .iter()
                .skip(first)
                .take_while(|&&at| at < *arrival + seconds(10));
            assert!(within.count() <= 100);
        }
    }

    #[test]
    fn told_to_slow_down_it_pauses_and_halves_for_a_while() {
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        pace.slow_down(start);
        assert_eq!(pace.wait(start), Some(start + PAUSE));
        let later = start + PAUSE;
        for _ in 0..45 {
            assert_eq!(pace.wait(later), None);
            pace.count(later);
            pace.answered(later);
        }
        assert!(pace.wait(later).is_some());
        let over = start + LIMITS.window * SLOWED_WINDOWS;
        for _ in 0..90 {
            assert_eq!(pace.wait(over), None);
            pace.count(over);
        }
        assert!(pace.wait(over).is_some());
    }

    #[test]
    fn heartbeats_keep_the_limit_too() {
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        for _ in 0..100 {
            assert_eq!(pace.wait_for_heartbeat(start), None);
            pace.count(start);
            pace.answered(start);
        }
        assert_eq!(pace.wait_for_heartbeat(start), Some(start + seconds(10)));
    }

    #[test]
    fn slowed_down_many_times_it_still_sends() {
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        for _ in 0..100 {
            pace.slow_down(start);
        }
        let later = start + PAUSE;
        for _ in 0..11 {
            assert_eq!(pace.wait(later), None);
            pace.count(later);
        }
        assert!(pace.wait(later).is_some());
    }
}
