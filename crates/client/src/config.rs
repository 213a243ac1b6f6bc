//! Settings of the connections.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{ConnectionKind, Protocol, ProtocolLimits, WsKey};
use kucoin_streams_session::SlowConsumer;

use crate::{ConnectionRuntime, DialLimiter};

/// Settings of connections: queues, timeouts, retries, rotation and dial limits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Maximum number of frames in the queue of a subscription. Default: 8,192.
    ///
    /// A subscription has one queue per connection; nearly always that is one.
    /// The reader holds up to the same number again, as it takes the whole queue at once.
    pub queue_capacity: usize,
    /// Maximum size of the frames in the queue of a subscription, in bytes. Default: 16 MiB.
    ///
    /// The reader holds up to the same size again, so a subscription uses at most 32 MiB per connection.
    pub queue_bytes: usize,
    /// Timeout of `subscribe` and `wait_live` until the topics or the connection are live. Default: 30 s.
    ///
    /// Time spent waiting for KuCoin's message limit or the dial limit does not count: after such a wait the full
    /// timeout applies again.
    pub connect_timeout: Duration,
    /// Maximum time for which a connection stops reading because of full queues. Default: 1 s.
    ///
    /// After this time, frames are dropped and reported as a [`Gap`](crate::Gap); zero drops them at once. While
    /// reading pauses, TCP flow control makes the exchange wait, and heartbeats continue, but the other subscriptions
    /// of the connection receive nothing.
    ///
    /// The subscriptions of a connection share this time in equal parts, and together they regain used time at a tenth
    /// of real time. So slow consumers delay the other subscriptions by at most 1 s at a time, and by a tenth of the
    /// time in the long run. A connection's only subscription delays no other, and may pause reading for the whole time
    /// each time.
    pub backpressure_timeout: Duration,
    /// Policy for a subscription whose queue is full. Default: [`SlowConsumer::Gap`].
    pub slow_consumer: SlowConsumer,
    /// Timeouts, retries and rotation.
    pub session: kucoin_streams_session::SessionConfig,
    /// Limit of dials, shared by all connections with this limiter.
    ///
    /// Default: [`DialLimiter::process_wide`].
    pub dials: DialLimiter,
    /// Limits of this account by connection key, if they differ from KuCoin's defaults. Default: none.
    ///
    /// The defaults are [`Protocol::LIMITS`](kucoin_streams_core::Protocol::LIMITS).
    pub limits: Vec<(WsKey, ProtocolLimits)>,
    /// Seed of the jitter of retries and rotations. Default: `None`, a random seed per connection.
    pub seed: Option<u64>,
    /// Runtime of the connection tasks. Default: [`ConnectionRuntime::Dedicated`].
    pub runtime: ConnectionRuntime,
    /// Name of the account in logs, such as `desk 7`. Default: none.
    ///
    /// It is the field `account` of the `tracing` span `connection`, which covers all work of a connection. It is never
    /// derived from the API key.
    pub label: Option<Arc<str>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            queue_capacity: 8_192,
            queue_bytes: 16 << 20,
            connect_timeout: Duration::from_secs(30),
            backpressure_timeout: Duration::from_secs(1),
            slow_consumer: SlowConsumer::default(),
            session: kucoin_streams_session::SessionConfig::default(),
            dials: DialLimiter::process_wide(),
            limits: Vec::new(),
            seed: None,
            runtime: ConnectionRuntime::default(),
            label: None,
        }
    }
}

impl Config {
    /// Sets [`Config::queue_capacity`] (minimum 1).
    #[must_use]
    pub fn with_queue_capacity(mut self, frames: usize) -> Self {
        self.queue_capacity = frames.max(1);
        self
    }

    /// Sets [`Config::queue_bytes`].
    #[must_use]
    pub fn with_queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Sets [`Config::connect_timeout`].
    #[must_use]
    pub fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets [`Config::backpressure_timeout`].
    #[must_use]
    pub fn with_backpressure_timeout(mut self, limit: Duration) -> Self {
        self.backpressure_timeout = limit;
        self
    }

    /// Sets [`Config::slow_consumer`].
    #[must_use]
    pub fn with_slow_consumer(mut self, slow_consumer: SlowConsumer) -> Self {
        self.slow_consumer = slow_consumer;
        self
    }

    /// Sets the interval of automatic rotations, `session.rotate_every`. Default: 23 h.
    ///
    /// Jitter starts each rotation earlier, by up to a tenth of the interval and at most 1 h.
    #[must_use]
    pub fn with_rotation_every(mut self, period: Duration) -> Self {
        self.session.rotate_every = Some(period);
        self
    }

    /// Sets the time of a connection's first rotation, `session.first_rotation_after`.
    ///
    /// Default: the interval of all rotations, with jitter.
    /// Set another time for each account of a process, so that accounts which start or reconnect together do not rotate
    /// together. It also applies after each reconnect.
    #[must_use]
    pub fn with_first_rotation_after(mut self, after: Duration) -> Self {
        self.session.first_rotation_after = Some(after);
        self
    }

    /// Disables automatic rotation. [`Connections::rotate`](crate::Connections::rotate) still works.
    ///
    /// KuCoin then closes a connection after about 24 h, which is a [`Gap`](crate::Gap).
    #[must_use]
    pub fn without_rotation(mut self) -> Self {
        self.session.rotate_every = None;
        self
    }

    /// Sets [`Config::session`].
    #[must_use]
    pub fn with_session(mut self, session: kucoin_streams_session::SessionConfig) -> Self {
        self.session = session;
        self
    }

    /// Sets [`Config::dials`].
    #[must_use]
    pub fn with_dials(mut self, dials: DialLimiter) -> Self {
        self.dials = dials;
        self
    }

    /// Sets the limits of connections with this key, if those of the account differ from KuCoin's defaults.
    #[must_use]
    pub fn with_limits(mut self, ws_key: WsKey, limits: ProtocolLimits) -> Self {
        self.limits.retain(|(known, _)| *known != ws_key);
        self.limits.push((ws_key, limits));
        self
    }

    /// Sets [`Config::seed`].
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets [`Config::runtime`].
    #[must_use]
    pub fn with_runtime(mut self, runtime: ConnectionRuntime) -> Self {
        self.runtime = runtime;
        self
    }

    /// Sets [`Config::label`].
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Returns the limits of connections of a kind.
    pub(crate) fn limits_of<K: ConnectionKind>(&self) -> ProtocolLimits {
        let session = self.session_of(K::WS_KEY);
        session.limits.unwrap_or(K::Protocol::LIMITS)
    }

    /// Returns the session settings of connections with this key.
    pub(crate) fn session_of(&self, ws_key: WsKey) -> kucoin_streams_session::SessionConfig {
        let mut session = self.session.clone();
        let of_key = self.limits.iter().find(|(known, _)| *known == ws_key);
        session.limits = of_key.map(|(_, limits)| *limits).or(session.limits);
        session
    }

    /// Returns the configured seed, or a random one.
    pub(crate) fn seed_or_random(&self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        self.seed
            .unwrap_or_else(|| RandomState::new().hash_one("kucoin-streams"))
    }
}
