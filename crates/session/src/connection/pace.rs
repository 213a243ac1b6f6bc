//! Rate limit of outbound messages.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use kucoin_streams_core::ProtocolLimits;

/// Counts the messages of one connection as the server may count them.
///
/// The server counts a message when it arrives, at some time between sending and the answer. So a message counts from
/// the time it is sent until one window after its answer. This keeps the server's limit at any network latency. A tenth
/// of the limit is reserved for heartbeats, so that subscribing many topics cannot delay them.
#[derive(Debug)]
pub(crate) struct Pace {
    window: Duration,
    /// KuCoin's limit of messages per window.
    limit: usize,
    /// Maximum number of requests per window: the part of the limit that is not reserved for heartbeats.
    allowance: usize,
    /// Send times of the messages without an answer.
    unanswered: VecDeque<Instant>,
    /// Answer times of the answered messages that still count.
    answered: VecDeque<Instant>,
    /// Reduced rate after the server's message limit was exceeded; `None` otherwise.
    slowed: Option<Slowed>,
}

/// Reduced rate after the server refused a request because of its message limit.
#[derive(Clone, Copy, Debug)]
struct Slowed {
    /// Time until which no request is sent.
    pause: Instant,
    /// Time until which the allowance is reduced.
    until: Instant,
    allowance: usize,
}

/// Pause of all requests after a refusal because of the message limit.
const PAUSE: Duration = Duration::from_secs(1);

/// Number of windows with a reduced allowance.
const SLOWED_WINDOWS: u32 = 3;

/// Extra time for which an unanswered message counts, after its window.
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

    /// Counts a sent message.
    pub(crate) fn count(&mut self, now: Instant) {
        self.drop_expired(now);
        self.unanswered.push_back(now);
    }

    /// Records an answer: the server has counted the oldest unanswered message.
    ///
    /// Answers arrive in the order of the messages.
    pub(crate) fn answered(&mut self, now: Instant) {
        if self.unanswered.pop_front().is_some() {
            self.answered.push_back(now);
        }
    }

    /// Returns the time at which a request may be sent; `None` means now.
    pub(crate) fn wait(&mut self, now: Instant) -> Option<Instant> {
        self.drop_expired(now);
        let pause = self.slowed.map(|slowed| slowed.pause);
        let allowance = self
            .slowed
            .map_or(self.allowance, |slowed| slowed.allowance);
        pause.filter(|&until| until > now).max(self.free(allowance))
    }

    /// Returns the time at which a heartbeat may be sent; `None` means now.
    ///
    /// A heartbeat must wait only if the server's ping interval is too short for KuCoin's limit.
    pub(crate) fn wait_for_heartbeat(&mut self, now: Instant) -> Option<Instant> {
        self.drop_expired(now);
        self.free(self.limit)
    }

    /// Returns the time at which fewer than `allowance` messages count; `None` means now.
    fn free(&self, allowance: usize) -> Option<Instant> {
        let count = self.answered.len() + self.unanswered.len();
        let over = count.checked_sub(allowance)?;
        let answered = self.answered.get(over).map(|&at| at + self.window);
        // An unanswered message counts for longer; its answer moves this time forward.
        let unanswered = self
            .unanswered
            .get(over.saturating_sub(self.answered.len()));
        answered.or_else(|| unanswered.map(|&at| at + self.window + ANSWER_WAIT))
    }

    /// Handles a refusal because of the message limit: pauses, and halves the allowance for a while.
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

    fn drop_expired(&mut self, now: Instant) {
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
    fn request_over_the_allowance_waits_for_the_window() {
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
    fn message_counts_until_one_window_after_its_answer() {
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
    fn unanswered_message_stops_counting() {
        let start = Instant::now();
        let mut pace = Pace::new(LIMITS);
        for _ in 0..90 {
            pace.count(start);
        }
        let free = start + seconds(10) + ANSWER_WAIT;
        assert_eq!(pace.wait(start + seconds(11)), Some(free));
        assert_eq!(pace.wait(free), None);
    }

    /// Simulates a network that delays each message by up to 3 s.
    #[test]
    fn limit_of_the_server_holds_with_network_delays() {
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
    fn refusal_pauses_requests_and_halves_the_allowance() {
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
    fn heartbeats_count_against_the_limit() {
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
    fn repeated_refusals_still_allow_requests() {
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
