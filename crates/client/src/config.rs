//! The settings of a connection's driver.

use std::time::Duration;

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
    /// Deadlines and retries.
    pub session: kucoin_streams_session::Config,
    /// What feeds the jitter of the retries; `None` draws one per connection.
    pub seed: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            queue_capacity: 8_192,
            patience: Duration::from_secs(1),
            session: kucoin_streams_session::Config::default(),
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

    /// Sets [`Config::session`].
    #[must_use]
    pub fn with_session(mut self, session: kucoin_streams_session::Config) -> Self {
        self.session = session;
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
