//! The settings of a connection's driver.

use std::time::Duration;

use crate::DialBudget;

/// How a connection treats its consumers and its peer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// How many frames wait for the consumer of one subscription: 8,192. A consumer that takes events holds up to
    /// as many more.
    pub queue_capacity: usize,
    /// How long reading pauses for a consumer whose queue is full before its events become a
    /// [`Gap`](crate::Gap): 1 s. Meanwhile the exchange is held back by TCP, the heartbeat goes on, and the other
    /// subscriptions of the connection wait too; a consumer that has used the patience up gets none again until
    /// it has worked off half of its queue. Zero: never wait.
    pub patience: Duration,
    /// What becomes of a subscription whose consumer has used the patience up: [`SlowConsumer::Gap`].
    pub slow_consumer: SlowConsumer,
    /// Deadlines, retries and rotation.
    pub session: kucoin_streams_session::Config,
    /// How often connections are made, with those that share it: [`DialBudget::process_wide`].
    pub dials: DialBudget,
    /// What feeds the jitter of the retries; `None` draws one per connection.
    pub seed: Option<u64>,
}

/// What becomes of a subscription whose consumer is too slow for its queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlowConsumer {
    /// It goes on behind a [`Gap`](crate::Gap) that says how many frames were not kept.
    #[default]
    Gap,
    /// It ends: behind what was kept come a [`Gap`](crate::Gap) for the frame that found no room, and the end, of
    /// which [`end_reason`](crate::Subscription::end_reason) says
    /// [`CloseReason::SlowConsumer`](kucoin_streams_session::CloseReason::SlowConsumer). Where a consumer that has
    /// missed something must begin anew anyway, this is the quicker way to tell it. Other subscriptions go on.
    Disconnect,
}

/// As good as never, and no clock overflows by it.
pub(crate) const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Default for Config {
    fn default() -> Self {
        Self {
            queue_capacity: 8_192,
            patience: Duration::from_secs(1),
            slow_consumer: SlowConsumer::default(),
            session: kucoin_streams_session::Config::default(),
            dials: DialBudget::process_wide(),
            seed: None,
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

    /// Sets [`Config::patience`].
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
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
    /// [`Gap`](crate::Gap) then. [`Connection::rotate`](crate::Connection::rotate) still does.
    #[must_use]
    pub fn without_rotation(mut self) -> Self {
        self.session.rotate_every = None;
        self
    }

    /// Sets [`Config::session`].
    #[must_use]
    pub fn with_session(mut self, session: kucoin_streams_session::Config) -> Self {
        self.session = session;
        self
    }

    /// Sets [`Config::dials`].
    #[must_use]
    pub fn with_dials(mut self, dials: DialBudget) -> Self {
        self.dials = dials;
        self
    }

    /// Sets what feeds the jitter: the field `seed`.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The seed, drawn from the process's own randomness where none is set.
    pub(crate) fn seed_or_random(&self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        self.seed
            .unwrap_or_else(|| RandomState::new().hash_one("kucoin-streams"))
    }
}
