//! The settings of a session.

use std::time::{Duration, Instant};

use kucoin_streams_core::{Heartbeat, ProtocolLimits};

use crate::Backoff;

/// Deadlines and retry behaviour of one connection. The defaults suit KuCoin; each is stated at its field.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// How long fetching connection information may take: 15 s, which covers a second call after a clock
    /// correction.
    pub token_timeout: Duration,
    /// How long a dial may take, from the name to the upgrade: 20 s.
    pub dial_timeout: Duration,
    /// How long the welcome may take after the upgrade: 5 s.
    pub welcome_timeout: Duration,
    /// How long an acknowledgement may take; after it the request is sent once more, then the connection is
    /// given up: 5 s.
    pub ack_timeout: Duration,
    /// How long a reconnection is not reported because a topic is refused for now: 30 s after its first refusal. The
    /// topic is asked for again all the same.
    pub postponed_limit: Duration,
    /// How long an orderly end may take: 1 s.
    pub close_timeout: Duration,
    /// The heartbeat where the server names none: every 18 s, pong within 10 s.
    pub heartbeat: Heartbeat,
    /// The delay before each attempt.
    pub backoff: Backoff,
    /// After this long in health a connection's end counts as the first failure again: 60 s.
    pub healthy_after: Duration,
    /// More malformed frames than this within 10 s count as a violation of the protocol: 20.
    pub malformed_storm: usize,
    /// After this long a connection is replaced by a new one before the exchange cuts it, which it does after about
    /// 24 h: 23 h. By the seed each time up to a tenth earlier, an hour at most; never more often than once a
    /// minute. `None`: never by itself.
    pub rotate_every: Option<Duration>,
    /// How long both connections of a rotation serve at least, before and after the hand-over: 20 s. A gateway of the
    /// exchange may push the same event later than another; see [`Overlap`](crate::Overlap).
    pub overlap: Duration,
    /// How long a rotation waits at most until both connections bring the same: 5 min. Then the next connection takes
    /// over all the same, and topics that were not proved complete have a gap.
    pub overlap_limit: Duration,
    /// What the exchange allows a connection of this account, if that differs from [`Protocol::LIMITS`]: `None`.
    ///
    /// [`Protocol::LIMITS`]: kucoin_streams_core::Protocol::LIMITS
    pub limits: Option<ProtocolLimits>,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            token_timeout: Duration::from_secs(15),
            dial_timeout: Duration::from_secs(20),
            welcome_timeout: Duration::from_secs(5),
            ack_timeout: Duration::from_secs(5),
            postponed_limit: Duration::from_secs(30),
            close_timeout: Duration::from_secs(1),
            heartbeat: Heartbeat::default(),
            backoff: Backoff::default(),
            healthy_after: Duration::from_secs(60),
            malformed_storm: 20,
            rotate_every: Some(Duration::from_secs(23 * 60 * 60)),
            overlap: Duration::from_secs(20),
            overlap_limit: Duration::from_secs(5 * 60),
            limits: None,
        }
    }
}

/// As good as never, and no clock overflows by it.
pub(crate) const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl SessionConfig {
    /// The same settings with every time bounded, so that no deadline overflows.
    pub(crate) fn bounded(mut self) -> Self {
        let times = [
            &mut self.token_timeout,
            &mut self.dial_timeout,
            &mut self.welcome_timeout,
            &mut self.ack_timeout,
            &mut self.close_timeout,
            &mut self.heartbeat.interval,
            &mut self.heartbeat.timeout,
            &mut self.backoff.base,
            &mut self.backoff.cap,
            &mut self.healthy_after,
            &mut self.overlap,
            &mut self.overlap_limit,
            &mut self.postponed_limit,
        ];
        for time in times.into_iter().chain(&mut self.rotate_every) {
            *time = NEVER.min(*time);
        }
        self
    }
}

/// A moment `ahead` of now; a century, if that is too far for the clock.
pub(crate) fn deadline_after(now: Instant, ahead: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now + ahead.min(CENTURY)
}
