//! The settings of an exchange, and its start.

use std::io;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::activity::{Activity, Observer};
use crate::clock;
use crate::credentials::DemoCredentials;
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::fault::{Faults, Plan, UnknownSymbols};
use crate::hub::Hub;
use crate::limits::{DAY, Limits};
use crate::rng::Rng;
use crate::shared::{Ports, Settings, Shared};
use crate::stats::{Board, ServedMarket};
use crate::tokens::TokenStore;
use crate::truth::TruthLog;

/// The settings of an exchange that is not started yet.
#[derive(Debug, Clone)]
#[must_use = "an exchange does nothing until it is started"]
pub struct ExchangeBuilder {
    /// With the ports that are asked for, 0 for a free one.
    settings: Settings,
    limits: Limits,
    event_rate: f64,
    truth_capacity: usize,
    token_life: Duration,
    single_use_tokens: bool,
    credentials: DemoCredentials,
    faults: Faults,
    observer: Option<Observer>,
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ServerConfig>>,
}

/// The exchange could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A port cannot be listened on: choose another one, or 0 for a free one.
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
            settings: Settings {
                seed: 1,
                ping_interval: Duration::from_millis(18_000),
                ping_timeout: Duration::from_millis(10_000),
                queue_capacity: 4_096,
                ports: Ports::default(),
                tls: false,
            },
            limits: Limits::default(),
            event_rate: 0.0,
            truth_capacity: 65_536,
            token_life: DAY,
            single_use_tokens: false,
            credentials: DemoCredentials::default(),
            faults: Faults::new(),
            observer: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl ExchangeBuilder {
    /// Decides what the account does, and what faults draw. Default 1.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Pushes a second that the account makes by itself, counted over all V1 topics, so that the
    /// account lives at the same pace whoever listens; the same life makes some two to three times as
    /// many pushes on Pro V2. Default 0: nothing happens until it is asked for. What is not a positive number counts as 0.
    pub fn event_rate(mut self, events_per_second: f64) -> Self {
        self.event_rate = events_per_second;
        self
    }

    /// The port on 127.0.0.1 that serves spot, margin, futures and Pro V2. Default 0: a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.settings.ports.both = port;
        self
    }

    /// The port of [`Exchange::spot_rest_url`]. Default 0: a free one.
    pub fn spot_port(mut self, port: u16) -> Self {
        self.settings.ports.spot = port;
        self
    }

    /// The port of [`Exchange::futures_rest_url`]. Default 0: a free one.
    pub fn futures_port(mut self, port: u16) -> Self {
        self.settings.ports.futures = port;
        self
    }

    /// The `pingInterval` in V1 token replies and Pro V2 welcomes. Default 18 s, as KuCoin's.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.settings.ping_interval = interval;
        self
    }

    /// The `pingTimeout` in V1 token replies. Default 10 s, as KuCoin's.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.settings.ping_timeout = timeout;
        self
    }

    /// The time without a message from the client after which its connection is cut: on V1 with a
    /// `ping timeout`, on Pro V2 by the end of the stream. Default 60 s, as KuCoin's.
    ///
    /// Any text or binary message counts, be it a ping, a request or one that is not understood. Pings and
    /// pongs of the WebSocket protocol do not count, and neither do pushes to the client.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = timeout;
        self
    }

    /// How a topic of a symbol that is not traded is answered. Default [`UnknownSymbols::Acknowledge`]: live
    /// reports of 2026 say that KuCoin acknowledges it and pushes nothing, on V1 (one source) and on Pro V2
    /// (several); on V1 captures of 2019 to 2022 have a refusal with 404.
    pub fn unknown_symbols(mut self, answer: UnknownSymbols) -> Self {
        self.limits.unknown_symbols = answer;
        self
    }

    /// Messages that wait for a client which does not read before it is disconnected. Default 4096.
    pub fn queue_capacity(mut self, messages: usize) -> Self {
        self.settings.queue_capacity = messages.max(1);
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
        self.limits.connections = connections;
        self
    }

    /// The age at which a connection is cut, by a close frame with 1001. Default 24 h, as KuCoin's.
    pub fn connection_life(mut self, life: Duration) -> Self {
        self.limits.connection_life = life;
        self
    }

    /// The age at which a token expires. Default 24 h, as KuCoin's.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.token_life = life;
        self
    }

    /// Lets a token open one connection only; the second one is refused with 401. By default a token opens any number
    /// of connections until it expires, as KuCoin's.
    pub fn single_use_tokens(mut self) -> Self {
        self.single_use_tokens = true;
        self
    }

    /// The credentials that are accepted instead of the demo ones.
    pub fn credentials(mut self, credentials: DemoCredentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Speaks `https` and `wss` instead of `http` and `ws`, with the certificate of this configuration, which should
    /// be for `localhost`: that is the host in the addresses that the exchange gives out. Default no TLS.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: Arc<rustls::ServerConfig>) -> Self {
        self.settings.tls = true;
        self.tls = Some(config);
        self
    }

    /// Reports what happens while it happens, for a log: connections, token requests, and faults that are triggered. No
    /// token and no credential is in it. The function must not wait, nor call the exchange.
    pub fn observe(mut self, observer: impl Fn(Activity) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer(Arc::new(observer)));
        self
    }

    /// What goes wrong. Default nothing.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Listens and serves from now on, on the tokio runtime that this is called in.
    ///
    /// # Errors
    /// The port cannot be listened on.
    pub async fn start(mut self) -> Result<Exchange, StartError> {
        let mut listeners = Vec::new();
        let mut markets = [
            ServedMarket::Both,
            ServedMarket::Spot,
            ServedMarket::Futures,
        ];
        // A port that the caller chose must not be taken as a free one for another market.
        markets.sort_by_key(|market| self.settings.ports.of(*market) == 0);
        for market in markets {
            let port = self.settings.ports.of_mut(market);
            let wanted = *port;
            let (listener, free) = listen(wanted).await.map_err(|source| StartError::Listen {
                port: wanted,
                source,
            })?;
            listeners.push((market, listener));
            *port = free;
        }
        let seed = self.settings.seed;
        let now_ms = clock::now_ms();
        let truth = TruthLog::new(self.truth_capacity);
        let pro_truth = TruthLog::new(self.truth_capacity);
        let mut rng = Rng::new(seed);
        let user_id = rng.text(b"0123456789abcdef", 24);
        let logs = (truth.clone(), pro_truth.clone());
        let hub = Hub::new(Engine::new(seed, now_ms), logs, user_id);
        let plan = Plan::new(self.faults, seed);
        let timers = plan.timers();
        // A token of an earlier exchange must not open this one, whatever the seed.
        let tokens = TokenStore::new(
            Rng::new(seed ^ clock::now_us()),
            self.single_use_tokens,
            self.token_life,
        );
        let shared = Arc::new(Shared {
            settings: self.settings,
            #[cfg(feature = "tls")]
            tls: self.tls.map(tokio_rustls::TlsAcceptor::from),
            credentials: self.credentials,
            hub: Mutex::new(hub),
            tokens: Mutex::new(tokens),
            counts_frames: plan.counts_frames(),
            plan: Mutex::new(plan),
            limits: Mutex::new(self.limits),
            observer: self.observer,
            board: Board::new(),
            room: Notify::new(),
            skew_ms: AtomicI64::new(0),
        });
        Ok(Exchange::run(
            shared,
            (truth, pro_truth),
            listeners,
            self.event_rate,
            timers,
        ))
    }
}

/// Listens on a port, 0 being a free one; returns the port as well.
async fn listen(port: u16) -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}
