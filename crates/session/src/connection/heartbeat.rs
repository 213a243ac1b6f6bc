//! Heartbeat of a live connection: when to send a ping, and when the peer counts as dead.

use std::time::{Duration, Instant};

use kucoin_streams_core::Heartbeat;

/// Next step of the heartbeat.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeartbeatStep {
    /// Nothing is due.
    Wait,
    /// Send a ping.
    Ping,
    /// The peer is dead: nothing was received in time after a ping.
    TimedOut,
}

/// Timer of pings and their timeout.
///
/// Pings are sent at the server's interval even if data arrives. Any frame after a ping counts as an answer, because
/// a pong may be delayed by a burst of data.
#[derive(Debug)]
pub(crate) struct HeartbeatTimer {
    heartbeat: Heartbeat,
    next_ping: Instant,
    unanswered_since: Option<Instant>,
}

impl HeartbeatTimer {
    pub(crate) fn new(heartbeat: Heartbeat, now: Instant) -> Self {
        Self {
            heartbeat,
            next_ping: now + heartbeat.interval,
            unanswered_since: None,
        }
    }

    /// Records an inbound frame, which counts as an answer to all pings.
    pub(crate) fn inbound(&mut self) {
        self.unanswered_since = None;
    }

    /// Returns the time at which [`HeartbeatTimer::poll`] must be called.
    pub(crate) fn deadline(&self) -> Instant {
        match self.unanswered_since {
            Some(since) => self.next_ping.min(since + self.heartbeat.timeout),
            None => self.next_ping,
        }
    }

    /// Returns the step that is due. The caller must send a ping after [`HeartbeatStep::Ping`].
    pub(crate) fn poll(&mut self, now: Instant) -> HeartbeatStep {
        if let Some(since) = self.unanswered_since {
            let deadline = since + self.heartbeat.timeout;
            // The timer fires far too late: the process was suspended or starved, and unread frames may be waiting.
            // Send one more ping before giving up.
            if now >= deadline + self.heartbeat.interval {
                return self.ping(now);
            }
            if now >= deadline {
                return HeartbeatStep::TimedOut;
            }
        }
        if now >= self.next_ping {
            return self.ping(now);
        }
        HeartbeatStep::Wait
    }

    /// Records a ping that this timer did not request.
    pub(crate) fn ping_sent(&mut self, now: Instant) {
        self.ping(now);
    }

    /// Delays the next ping until this time.
    pub(crate) fn delay_until(&mut self, until: Instant) {
        self.next_ping = self.next_ping.max(until);
    }

    /// Returns `true` if something was received since the last ping.
    pub(crate) fn is_answered(&self) -> bool {
        self.unanswered_since.is_none()
    }

    fn ping(&mut self, now: Instant) -> HeartbeatStep {
        // Further pings must not move the deadline of an unanswered one.
        self.unanswered_since = match self.unanswered_since {
            Some(since) if now < since + self.heartbeat.timeout => Some(since),
            _ => Some(now),
        };
        self.next_ping = now + self.heartbeat.interval;
        HeartbeatStep::Ping
    }
}

/// Minimum ping interval, in case a server sends a wrong value.
const MIN_INTERVAL: Duration = Duration::from_millis(50);

/// Maximum ping interval and pong timeout: KuCoin closes a connection after 60 s without a ping.
const MAX_INTERVAL: Duration = Duration::from_secs(60);

/// Returns the heartbeat with the server's interval, within limits.
///
/// A server ignores a ping that follows the last one within `spacing`, so the interval is at least twice `spacing`.
pub(crate) fn with_interval(
    heartbeat: Heartbeat,
    interval: Option<Duration>,
    spacing: Duration,
) -> Heartbeat {
    let interval = interval.map_or(heartbeat.interval, |interval| interval.min(MAX_INTERVAL));
    Heartbeat::new(
        interval.max(MIN_INTERVAL).max(spacing.saturating_mul(2)),
        heartbeat.timeout.max(MIN_INTERVAL),
    )
}

/// Caps a heartbeat requested by a server, so that a dead connection is detected.
pub(crate) fn clamp_times(requested: Heartbeat) -> Heartbeat {
    Heartbeat::new(
        requested.interval.min(MAX_INTERVAL),
        requested.timeout.min(MAX_INTERVAL),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat_timer(now: Instant) -> HeartbeatTimer {
        HeartbeatTimer::new(Heartbeat::default(), now)
    }

    #[test]
    fn ping_is_sent_at_each_interval_despite_traffic() {
        let start = Instant::now();
        let mut heartbeat_timer = heartbeat_timer(start);
        for beat in 1..=3 {
            let due = start + Duration::from_secs(18 * beat);
            heartbeat_timer.inbound();
            assert_eq!(
                heartbeat_timer.poll(due - Duration::from_millis(1)),
                HeartbeatStep::Wait
            );
            assert_eq!(heartbeat_timer.deadline(), due);
            assert_eq!(heartbeat_timer.poll(due), HeartbeatStep::Ping);
            heartbeat_timer.inbound();
        }
    }

    #[test]
    fn silence_after_a_ping_times_out_at_the_pong_deadline() {
        let start = Instant::now();
        let mut heartbeat_timer = heartbeat_timer(start);
        assert_eq!(
            heartbeat_timer.poll(start + Duration::from_secs(18)),
            HeartbeatStep::Ping
        );
        let dead = start + Duration::from_secs(28);
        assert_eq!(heartbeat_timer.deadline(), dead);
        assert_eq!(
            heartbeat_timer.poll(dead - Duration::from_millis(1)),
            HeartbeatStep::Wait
        );
        assert_eq!(heartbeat_timer.poll(dead), HeartbeatStep::TimedOut);
    }

    #[test]
    fn any_frame_after_a_ping_counts_as_an_answer() {
        let start = Instant::now();
        let mut heartbeat_timer = heartbeat_timer(start);
        heartbeat_timer.poll(start + Duration::from_secs(18));
        heartbeat_timer.inbound();
        assert_eq!(
            heartbeat_timer.poll(start + Duration::from_secs(28)),
            HeartbeatStep::Wait
        );
        assert_eq!(
            heartbeat_timer.poll(start + Duration::from_secs(36)),
            HeartbeatStep::Ping
        );
    }

    #[test]
    fn late_timer_sends_one_more_ping_before_giving_up() {
        let start = Instant::now();
        let mut heartbeat_timer = heartbeat_timer(start);
        heartbeat_timer.poll(start + Duration::from_secs(18));
        let late = start + Duration::from_secs(3_600);
        assert_eq!(heartbeat_timer.poll(late), HeartbeatStep::Ping);
        assert_eq!(
            heartbeat_timer.poll(late + Duration::from_secs(10)),
            HeartbeatStep::TimedOut
        );
    }

    #[test]
    fn timeout_longer_than_the_interval_still_expires() {
        let start = Instant::now();
        let heartbeat = Heartbeat::new(Duration::from_secs(2), Duration::from_secs(5));
        let mut heartbeat_timer = HeartbeatTimer::new(heartbeat, start);
        let dead = loop {
            let now = heartbeat_timer.deadline();
            if heartbeat_timer.poll(now) == HeartbeatStep::TimedOut {
                break now;
            }
            assert!(now < start + Duration::from_secs(60));
        };
        assert_eq!(dead, start + Duration::from_secs(7));
    }

    #[test]
    fn extreme_heartbeat_of_a_server_is_capped() {
        let requested = Heartbeat::new(Duration::MAX, Duration::MAX);
        let bounded = Heartbeat::new(MAX_INTERVAL, MAX_INTERVAL);
        assert_eq!(clamp_times(requested), bounded);
        let welcomed = with_interval(Heartbeat::default(), Some(Duration::MAX), Duration::ZERO);
        assert_eq!(welcomed.interval, MAX_INTERVAL);
        let hasty = with_interval(Heartbeat::default(), Some(Duration::ZERO), Duration::ZERO);
        assert_eq!(hasty.interval, MIN_INTERVAL);
    }
}
