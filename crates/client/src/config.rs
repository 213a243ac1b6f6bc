//! The settings of a connection's driver.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{ConnectionKind, Protocol, ProtocolLimits, WsKey};
use kucoin_streams_session::SlowConsumer;

use crate::{ConnectionRuntime, DialLimiter};

/// How a connection treats its consumers and its peer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// The number of frames that a subscription's queue holds: 8,192. A consumer that takes events holds up to as many
    /// more.
    pub queue_capacity: usize,
    /// The bytes of the frames that a subscription's queue holds: 16 MiB. A consumer that takes events holds up to as
    /// many more, so a subscription holds 32 MiB at most.
    pub queue_bytes: usize,
    /// How long `subscribe` may take until its topics are live: 30 s, and in addition the time that the exchange's limits
    /// of messages and of dials make it wait. After such a wait it has this long again.
    pub connect_timeout: Duration,
    /// How long reading of a connection pauses for subscriptions whose queues are full, before their events become a
    /// [`Gap`](crate::Gap): 1 s, which the subscriptions of the connection share in equal parts. While reading pauses,
    /// TCP makes the exchange wait, heartbeats go on, and the other subscriptions of the connection receive nothing. A
    /// subscription regains what it used at a tenth of the pace of the clock. So all slow consumers of a connection
    /// together delay their neighbours by at most 1 s at once, and by a tenth of the time in the long run. The only
    /// subscription of a connection delays no other and may pause reading for the whole limit each time. Zero: never
    /// pause.
    pub backpressure_timeout: Duration,
    /// What becomes of a subscription whose consumer is too slow: [`SlowConsumer::Gap`].
    pub slow_consumer: SlowConsumer,
    /// Deadlines, retries and rotation.
    pub session: kucoin_streams_session::SessionConfig,
    /// How often connections are made, with those that share it: [`DialLimiter::process_wide`].
    pub dials: DialLimiter,
    /// What the exchange allows connections of this account, by key, if that differs from
    /// [`Protocol::LIMITS`](kucoin_streams_core::Protocol::LIMITS): none.
    pub limits: Vec<(WsKey, ProtocolLimits)>,
    /// What feeds the jitter of the retries; `None` draws one per connection.
    pub seed: Option<u64>,
    /// Where the tasks of the connections run: [`ConnectionRuntime::Dedicated`].
    pub runtime: ConnectionRuntime,
    /// The name of the account in logs, such as `desk 7`: none. It is the field `account` of the `tracing` span
    /// `connection`, which covers everything that a connection does. It is never made from the API key.
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
    /// Sets [`Config::queue_capacity`]; at least 1.
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

    /// Sets after how long a connection is replaced by a new one, before the exchange cuts it: 23 h, by the seed up to
    /// an hour earlier. It is the field `session.rotate_every`.
    #[must_use]
    pub fn with_rotation_every(mut self, period: Duration) -> Self {
        self.session.rotate_every = Some(period);
        self
    }

    /// Never replaces a connection by itself: a cut by the exchange, after about 24 h, is a
    /// [`Gap`](crate::Gap) then. [`Connections::rotate`](crate::Connections::rotate) still does.
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

    /// Sets what the exchange allows connections of this key, for an account with limits of its own.
    #[must_use]
    pub fn with_limits(mut self, ws_key: WsKey, limits: ProtocolLimits) -> Self {
        self.limits.retain(|(known, _)| *known != ws_key);
        self.limits.push((ws_key, limits));
        self
    }

    /// Sets what feeds the jitter: the field `seed`.
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

    /// The limits of the connections of a kind.
    pub(crate) fn limits_of<K: ConnectionKind>(&self) -> ProtocolLimits {
        let session = self.session_of(K::WS_KEY);
        session.limits.unwrap_or(K::Protocol::LIMITS)
    }

    /// The settings of a session of this key.
    pub(crate) fn session_of(&self, ws_key: WsKey) -> kucoin_streams_session::SessionConfig {
        let mut session = self.session.clone();
        let of_key = self.limits.iter().find(|(known, _)| *known == ws_key);
        session.limits = of_key.map(|(_, limits)| *limits).or(session.limits);
        session
    }

    /// The seed, drawn from the process's own randomness where none is set.
    pub(crate) fn seed_or_random(&self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        self.seed
            .unwrap_or_else(|| RandomState::new().hash_one("kucoin-streams"))
    }
}
