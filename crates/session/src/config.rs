//! Settings of a session.

use std::time::{Duration, Instant};

use kucoin_streams_core::{Heartbeat, ProtocolLimits};

use crate::Backoff;

/// Timeouts, retries and rotation of one connection. The defaults suit KuCoin.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Timeout for fetching connection information. Default: 15 s.
    ///
    /// The default leaves time for a second request after a clock correction.
    pub token_timeout: Duration,
    /// Timeout of a dial, from the DNS lookup to the WebSocket upgrade. Default: 20 s.
    pub dial_timeout: Duration,
    /// Timeout for the welcome message after the WebSocket upgrade. Default: 5 s.
    pub welcome_timeout: Duration,
    /// Timeout for an acknowledgement, or for the answer to a login. Default: 5 s.
    ///
    /// After the timeout, the request is sent once more. If a subscription times out again, the connection is closed
    /// and reopened. If an unsubscription times out again, it counts as done. A login is not repeated: the connection
    /// is reopened.
    pub ack_timeout: Duration,
    /// Maximum time for which temporarily refused topics delay a `Reconnected` event.
    ///
    /// The time starts at the first refusal; see [`LifecycleEvent::Reconnected`](crate::LifecycleEvent::Reconnected).
    /// The topics are retried in any case. Default: 30 s.
    pub postponed_limit: Duration,
    /// Maximum time for unsubscribing before the connection is closed. Default: 1 s.
    pub close_timeout: Duration,
    /// Heartbeat if the server does not specify one. Default: a ping every 18 s, a pong within 10 s.
    pub heartbeat: Heartbeat,
    /// Delay before each reconnect attempt.
    pub backoff: Backoff,
    /// Time after which a live connection counts as healthy, which resets the backoff. Default: 60 s.
    pub healthy_after: Duration,
    /// Maximum number of malformed frames within 10 s. Default: 20.
    ///
    /// More are a protocol violation, and the connection is reopened.
    pub malformed_storm: usize,
    /// Interval of automatic rotations; `None` disables them. Default: 23 h.
    ///
    /// KuCoin closes a connection after about 24 h, so it is replaced before that. Jitter starts each rotation earlier,
    /// by up to a tenth of the interval and at most 1 h. Automatic rotations are at least 60 s apart.
    pub rotate_every: Option<Duration>,
    /// Time from each opening of the connection to its next automatic rotation.
    ///
    /// Later rotations follow `rotate_every`. It spreads the rotations of accounts that start or reconnect at the same time: give each account another time, at
    /// most [`rotate_every`](Self::rotate_every), without jitter. At least 60 s. Default: `None`, `rotate_every` with
    /// jitter.
    pub first_rotation_after: Option<Duration>,
    /// Minimum time for which both connections of a rotation are read before the handover. Default: 20 s.
    ///
    /// After the handover, duplicates are removed for at least the same time. KuCoin's gateways may push the same event
    /// at different times; see [`Overlap`](crate::Overlap).
    pub overlap: Duration,
    /// Maximum time for which a rotation waits until both connections are in sync. Default: 5 min.
    ///
    /// After this time the replacement takes over anyway, and topics that may miss events get a gap. See
    /// [`Overlap::is_in_sync`](crate::Overlap::is_in_sync).
    pub overlap_limit: Duration,
    /// Limits of this account's connection, if they differ from [`Protocol::LIMITS`]. Default: `None`.
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
            first_rotation_after: None,
            overlap: Duration::from_secs(20),
            overlap_limit: Duration::from_secs(5 * 60),
            limits: None,
        }
    }
}

/// Longest duration used: 10 years, so that no deadline overflows.
pub(crate) const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl SessionConfig {
    /// Caps every duration at [`NEVER`], so that no deadline overflows.
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
        let rotation = [&mut self.rotate_every, &mut self.first_rotation_after];
        for time in times.into_iter().chain(rotation.into_iter().flatten()) {
            *time = NEVER.min(*time);
        }
        self
    }
}

/// Returns the time `ahead` after `now`, capped at a century so that it does not overflow.
pub(crate) fn deadline_after(now: Instant, ahead: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now + ahead.min(CENTURY)
}
