//! The settings of a session.

use std::time::Duration;

use kucoin_streams_wire::Heartbeat;

use crate::Backoff;

/// Deadlines and retry behaviour of one connection. The defaults suit KuCoin; each is stated at its field.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
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
    /// For how long both connections of a rotation are listened to, before and after the hand-over, beyond what
    /// their order proves: 1 s. It covers gateways of the exchange that push the same event at different times.
    pub overlap: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            token_timeout: Duration::from_secs(15),
            dial_timeout: Duration::from_secs(20),
            welcome_timeout: Duration::from_secs(5),
            ack_timeout: Duration::from_secs(5),
            close_timeout: Duration::from_secs(1),
            heartbeat: Heartbeat::default(),
            backoff: Backoff::default(),
            healthy_after: Duration::from_secs(60),
            malformed_storm: 20,
            rotate_every: Some(Duration::from_secs(23 * 60 * 60)),
            overlap: Duration::from_secs(1),
        }
    }
}

/// As good as never, and no clock overflows by it.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Config {
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
        ];
        for time in times.into_iter().chain(&mut self.rotate_every) {
            *time = NEVER.min(*time);
        }
        self
    }
}
