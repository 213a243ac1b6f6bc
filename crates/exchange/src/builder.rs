//! The settings of an exchange, and its start.

use std::io;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::clock;
use crate::credentials::DemoCredentials;
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::fault::{Faults, Plan};
use crate::limits::{DAY, Limits};
use crate::rng::Rng;
use crate::shared::{Settings, Shared};
use crate::stats::Board;
use crate::tokens::TokenStore;
use crate::truth::TruthLog;
use crate::world::World;

/// The settings of an exchange that is not started yet.
#[derive(Debug, Clone)]
#[must_use = "an exchange does nothing until it is started"]
pub struct ExchangeBuilder {
    seed: u64,
    event_rate: f64,
    port: u16,
    ping_interval: Duration,
    ping_timeout: Duration,
    queue_capacity: usize,
    truth_capacity: usize,
    max_connections: usize,
    connection_life: Duration,
    token_life: Duration,
    reusable_tokens: bool,
    credentials: DemoCredentials,
    faults: Faults,
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ServerConfig>>,
}

/// The exchange could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port cannot be listened on: choose another one, or 0 for a free one.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
}

impl Default for ExchangeBuilder {
    fn default() -> Self {
        Self {
            seed: 1,
            event_rate: 0.0,
            port: 0,
            ping_interval: Duration::from_millis(18_000),
            ping_timeout: Duration::from_millis(10_000),
            queue_capacity: 4_096,
            truth_capacity: 65_536,
            max_connections: 800,
            connection_life: DAY,
            token_life: DAY,
            reusable_tokens: false,
            credentials: DemoCredentials::default(),
            faults: Faults::new(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl ExchangeBuilder {
    /// Decides what the account does, and what faults draw. Default 1.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Pushes a second that the account makes by itself, counted over all V1 topics, so that the
    /// account lives at the same pace whoever listens; the same life makes some two to three times as
    /// many pushes on Pro V2. Default 0: nothing happens until it is asked for. What is not a positive number counts as 0.
    pub fn event_rate(mut self, events_per_second: f64) -> Self {
        self.event_rate = events_per_second;
        self
    }

    /// The port on 127.0.0.1. Default 0: a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The `pingInterval` that V1 token replies and Pro V2 welcomes tell. Default 18 s, as KuCoin's.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// The `pingTimeout` that V1 token replies tell. Default 10 s, as KuCoin's. A client that says
    /// nothing for both together is closed: on V1 with a `ping timeout`, on Pro V2 without a word.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// Messages that wait for a client which does not read before it is disconnected. Default 4096.
    pub fn queue_capacity(mut self, messages: usize) -> Self {
        self.queue_capacity = messages.max(1);
        self
    }

    /// Entries that each truth log keeps: [`Exchange::truth`] and [`Exchange::pro_truth`]. Default
    /// 65 536.
    pub fn truth_capacity(mut self, entries: usize) -> Self {
        self.truth_capacity = entries;
        self
    }

    /// Connections that may be open at once; the next one is refused with 509. Default 800.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// The age at which a connection is cut, by a close frame with 1001. Default 24 h, as KuCoin's.
    pub fn connection_life(mut self, life: Duration) -> Self {
        self.connection_life = life;
        self
    }

    /// The age at which a token that was not used expires. Default 24 h, as KuCoin's.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.token_life = life;
        self
    }

    /// Lets a token open more than one connection. By default the second one is refused with 401.
    pub fn reusable_tokens(mut self) -> Self {
        self.reusable_tokens = true;
        self
    }

    /// The credentials that are accepted instead of the demo ones.
    pub fn credentials(mut self, credentials: DemoCredentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Speaks `https` and `wss` instead of `http` and `ws`, with the certificate of this configuration, which should
    /// be for `localhost`: that is the host in the addresses that the exchange tells. Default no TLS.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: Arc<rustls::ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// What goes wrong. Default nothing.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    fn settings(&self, port: u16) -> Settings {
        Settings {
            seed: self.seed,
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            queue_capacity: self.queue_capacity,
            port,
            #[cfg(feature = "tls")]
            tls: self.tls.is_some(),
            #[cfg(not(feature = "tls"))]
            tls: false,
        }
    }

    /// Listens and serves from now on, on the tokio runtime that this is called in.
    ///
    /// # Errors
    /// The port cannot be listened on.
    pub async fn start(self) -> Result<Exchange, StartError> {
        let listen = |source| StartError::Listen {
            port: self.port,
            source,
        };
        let listener = TcpListener::bind(("127.0.0.1", self.port))
            .await
            .map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let now_ms = clock::now_ms();
        let truth = TruthLog::new(self.truth_capacity);
        let pro_truth = TruthLog::new(self.truth_capacity);
        let mut rng = Rng::new(self.seed);
        let user_id = rng.text(b"0123456789abcdef", 24);
        let logs = (truth.clone(), pro_truth.clone());
        let world = World::new(Engine::new(self.seed, now_ms), logs, user_id);
        let settings = self.settings(port);
        let plan = Plan::new(self.faults, self.seed);
        let timers = plan.timers();
        // A token of an earlier exchange must not open this one, whatever the seed.
        let tokens = TokenStore::new(
            Rng::new(self.seed ^ clock::now_us()),
            self.reusable_tokens,
            self.token_life,
        );
        let shared = Arc::new(Shared {
            settings,
            #[cfg(feature = "tls")]
            tls: self.tls.map(tokio_rustls::TlsAcceptor::from),
            credentials: self.credentials,
            world: Mutex::new(world),
            tokens: Mutex::new(tokens),
            counts_frames: plan.counts_frames(),
            plan: Mutex::new(plan),
            limits: Mutex::new(Limits::new(self.max_connections, self.connection_life)),
            board: Board::new(),
            room: Notify::new(),
            skew_ms: AtomicI64::new(0),
        });
        Ok(Exchange::run(
            shared,
            (truth, pro_truth),
            listener,
            self.event_rate,
            timers,
        ))
    }
}
