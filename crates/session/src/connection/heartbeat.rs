//! The heartbeat of a live connection: when to ping, and when silence means death.

use std::time::{Duration, Instant};

use kucoin_streams_core::Heartbeat;

/// What the heartbeat asks for when its time has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeartbeatStep {
    /// Nothing yet.
    Wait,
    /// Send a ping.
    Ping,
    /// The peer is dead: nothing came since the ping.
    TimedOut,
}

/// Pings go out at the server's interval whatever the traffic, and any inbound frame after a ping is a sign of
/// life: a pong may be late behind a burst of data.
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

    /// Something came in: whatever was asked before counts as answered.
    pub(crate) fn inbound(&mut self) {
        self.unanswered_since = None;
    }

    /// The next moment at which [`HeartbeatTimer::beat`] has something to say.
    pub(crate) fn deadline(&self) -> Instant {
        match self.unanswered_since {
            Some(since) => self.next_ping.min(since + self.heartbeat.timeout),
            None => self.next_ping,
        }
    }

    /// What is due. After [`HeartbeatStep::Ping`] the caller sends one.
    pub(crate) fn beat(&mut self, now: Instant) -> HeartbeatStep {
        if let Some(since) = self.unanswered_since {
            let deadline = since + self.heartbeat.timeout;
            // A timer that fires this late was not fired by the peer's silence: the process was stopped or
            // starved, and frames may lie unread. One more ping decides.
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

    /// A ping goes out that the heartbeat did not ask for. It is as good as one of its own.
    pub(crate) fn ping_sent(&mut self, now: Instant) {
        self.ping(now);
    }

    /// No ping goes out before this moment.
    pub(crate) fn delay_until(&mut self, until: Instant) {
        self.next_ping = self.next_ping.max(until);
    }

    /// True where something came in since the last ping.
    pub(crate) fn is_answered(&self) -> bool {
        self.unanswered_since.is_none()
    }

    fn ping(&mut self, now: Instant) -> HeartbeatStep {
        // A connection that answers nothing must not push its own deadline ahead with each ping.
        self.unanswered_since = match self.unanswered_since {
            Some(since) if now < since + self.heartbeat.timeout => Some(since),
            _ => Some(now),
        };
        self.next_ping = now + self.heartbeat.interval;
        HeartbeatStep::Ping
    }
}

/// The interval at which KuCoin's servers never ask for a ping, but a mistaken reply might.
const FLOOR: Duration = Duration::from_millis(50);

/// The longest time that a server may ask for: KuCoin closes a connection after a minute without a ping.
const CEILING: Duration = Duration::from_secs(60);

/// A heartbeat with the interval that the server asks for, kept within reason. `spacing`: a ping that arrives sooner
/// than this after the one before gets no answer, so pings are sent twice as far apart at least.
pub(crate) fn with_interval(
    heartbeat: Heartbeat,
    interval: Option<Duration>,
    spacing: Duration,
) -> Heartbeat {
    let asked = interval.map(|asked| asked.min(CEILING));
    let interval = asked.unwrap_or(heartbeat.interval);
    Heartbeat::new(
        interval.max(FLOOR).max(spacing.saturating_mul(2)),
        heartbeat.timeout.max(FLOOR),
    )
}

/// A heartbeat that a server asks for, without times that would keep a dead connection.
pub(crate) fn clamp_times(asked: Heartbeat) -> Heartbeat {
    Heartbeat::new(asked.interval.min(CEILING), asked.timeout.min(CEILING))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat_timer(now: Instant) -> HeartbeatTimer {
        HeartbeatTimer::new(Heartbeat::default(), now)
    }

    #[test]
    fn a_ping_is_due_at_each_interval_even_under_traffic() {
        let start = Instant::now();
        let mut heartbeat_timer = heartbeat_timer(start);
        for beat in 1..=3 {
            let due = start + Duration::from_secs(18 * beat);
            heartbeat_timer.inbound();
            assert_eq!(
                heartbeat_timer.beat(due - Duration::from_millis(1)),
                HeartbeatStep::Wait
            );
            assert_eq!(heartbeat_timer.deadline(), due);
            assert_eq!(heartbeat_timer.beat(due), HeartbeatStep::Ping);
            heartbeat_timer.inbound();
        }
    }

    #[test]
    fn silence_after_a_ping_is_death_at_the_pong_deadline() {
        let start = Instant::now();
        let mut heartbeat_timer = heartbeat_timer(start);
        assert_eq!(
            heartbeat_timer.beat(start + Duration::from_secs(18)),
            HeartbeatStep::Ping
        );
        let dead = start + Duration::from_secs(28);
        assert_eq!(heartbeat_timer.deadline(), dead);
        assert_eq!(
            heartbeat_timer.beat(dead - Duration::from_millis(1)),
            HeartbeatStep::Wait
        );
        assert_eq!(heartbeat_timer.beat(dead), HeartbeatStep::TimedOut);
    }

    #[test]
    fn any_frame_after_the_ping_is_a_sign_of_life() {
        let start = Instant::now();
        let mut heartbeat_timer = heartbeat_timer(start);
        heartbeat_timer.beat(start + Duration::from_secs(18));
        heartbeat_timer.inbound();
        assert_eq!(
            heartbeat_timer.beat(start + Duration::from_secs(28)),
            HeartbeatStep::Wait
        );
        assert_eq!(
            heartbeat_timer.beat(start + Duration::from_secs(36)),
            HeartbeatStep::Ping
        );
    }

    #[test]
    fn a_timer_that_comes_far_too_late_asks_once_more_before_it_judges() {
        let start = Instant::now();
        let mut heartbeat_timer = heartbeat_timer(start);
        heartbeat_timer.beat(start + Duration::from_secs(18));
        let woken = start + Duration::from_secs(3_600);
        assert_eq!(heartbeat_timer.beat(woken), HeartbeatStep::Ping);
        assert_eq!(
            heartbeat_timer.beat(woken + Duration::from_secs(10)),
            HeartbeatStep::TimedOut
        );
    }

    #[test]
    fn a_timeout_longer_than_the_interval_still_ends_in_death() {
        let start = Instant::now();
        let heartbeat = Heartbeat::new(Duration::from_secs(2), Duration::from_secs(5));
        let mut heartbeat_timer = HeartbeatTimer::new(heartbeat, start);
        let dead = loop {
            let now = heartbeat_timer.deadline();
            if heartbeat_timer.beat(now) == HeartbeatStep::TimedOut {
                break now;
            }
            assert!(now < start + Duration::from_secs(60));
        };
        assert_eq!(dead, start + Duration::from_secs(7));
    }

    #[test]
    fn absurd_heartbeats_of_a_server_are_bounded() {
        let asked = Heartbeat::new(Duration::MAX, Duration::MAX);
        let bounded = Heartbeat::new(CEILING, CEILING);
        assert_eq!(clamp_times(asked), bounded);
        let welcomed = with_interval(Heartbeat::default(), Some(Duration::MAX), Duration::ZERO);
        assert_eq!(welcomed.interval, CEILING);
        let hasty = with_interval(Heartbeat::default(), Some(Duration::ZERO), Duration::ZERO);
        assert_eq!(hasty.interval, FLOOR);
    }
}
