//! The settings of the local exchange, and how it starts.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::activity::{Activity, Observer};
use crate::clock::{self, ExchangeClock};
use crate::credentials::DemoCredentials;
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::fault::{AccountMode, Faults, KeyPermissions, Plan, RestPool, UnknownSymbols};
use crate::hub::Hub;
use crate::limits::{DAY, Limits};
use crate::rest::{DEFAULT_ROWS, Delays, History, RestSettings};
use crate::rng::Rng;
use crate::shared::{Ports, Settings, Shared};
use crate::stats::{Board, ServedMarket};
use crate::tokens::TokenStore;
use crate::truth::TruthLog;

/// Settings of a local exchange; [`start`](Self::start) runs it.
#[derive(Debug, Clone)]
#[must_use = "the local exchange does not run until `start` is called"]
pub struct ExchangeBuilder {
    /// Settings for the tasks; a port of 0 means any free port.
    settings: Settings,
    limits: Limits,
    rest: RestSettings,
    rest_delays: Delays,
    rest_rows: usize,
    event_rate: f64,
    truth_capacity: usize,
    hedge_mode: bool,
    token_life: Duration,
    single_use_tokens: bool,
    credentials: DemoCredentials,
    faults: Faults,
    observer: Option<Observer>,
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ServerConfig>>,
}

/// Error of [`ExchangeBuilder::start`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The local exchange cannot listen on a port. Choose another port, or 0 for any free port.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The requested port; 0 means any free port.
        port: u16,
        /// The error of the operating system.
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
            rest: RestSettings::default(),
            rest_delays: Delays::default(),
            rest_rows: DEFAULT_ROWS,
            event_rate: 0.0,
            truth_capacity: 65_536,
            hedge_mode: false,
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
    /// Sets the seed of the account's activity and of random choices in faults. Default 1.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Sets how many pushes per second the account generates on its own. Default 0: none.
    ///
    /// The rate counts the pushes of all V1 topics, whether or not a client is subscribed. The same activity makes
    /// about two to three times as many pushes on Pro V2. A value that is not a positive number means 0.
    pub fn event_rate(mut self, events_per_second: f64) -> Self {
        self.event_rate = events_per_second;
        self
    }

    /// Sets the port on 127.0.0.1 that serves spot, margin, futures and Pro V2. Default 0: any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.settings.ports.both = port;
        self
    }

    /// Sets the port of [`Exchange::spot_rest_url`]. Default 0: any free port.
    pub fn spot_port(mut self, port: u16) -> Self {
        self.settings.ports.spot = port;
        self
    }

    /// Sets the port of [`Exchange::futures_rest_url`]. Default 0: any free port.
    pub fn futures_port(mut self, port: u16) -> Self {
        self.settings.ports.futures = port;
        self
    }

    /// Sets the `pingInterval` in V1 token responses and Pro V2 welcomes. Default 18 s, as on KuCoin.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.settings.ping_interval = interval;
        self
    }

    /// Sets the `pingTimeout` in V1 token responses. Default 10 s, as on KuCoin.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.settings.ping_timeout = timeout;
        self
    }

    /// Sets how long a client may send nothing before it is disconnected. Default 60 s, as on KuCoin.
    ///
    /// V1 sends an error frame `ping timeout` first; Pro V2 only closes the TCP connection. Every text or binary
    /// message counts as activity, even an invalid one. Ping and pong frames of the WebSocket protocol do not, nor
    /// do pushes to the client.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = timeout;
        self
    }

    /// Sets how subscriptions to an unknown symbol are answered. Default [`UnknownSymbols::Acknowledge`].
    ///
    /// Reports of 2026 say that KuCoin acknowledges such subscriptions and pushes nothing, on V1 (one source) and on
    /// Pro V2 (several). Captures of V1 from 2019 to 2022 show a refusal with code 404.
    pub fn unknown_symbols(mut self, answer: UnknownSymbols) -> Self {
        self.limits.unknown_symbols = answer;
        self
    }

    /// Sets the capacity of the message queue of each connection. Default 4096, at least 1.
    ///
    /// A client is disconnected if its queue is full.
    pub fn queue_capacity(mut self, messages: usize) -> Self {
        self.settings.queue_capacity = messages.max(1);
        self
    }

    /// Sets how many entries [`Exchange::truth`] and [`Exchange::pro_truth`] each keep. Default 65 536.
    pub fn truth_capacity(mut self, entries: usize) -> Self {
        self.truth_capacity = entries;
        self
    }

    /// Sets how many connections may be open at once; more are refused with code 509. Default 800.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections;
        self
    }

    /// Sets the age at which a connection is closed, with close code 1001. Default 24 h, as on KuCoin.
    pub fn connection_life(mut self, life: Duration) -> Self {
        self.limits.connection_life = life;
        self
    }

    /// Sets the age at which a token expires. Default 24 h, as on KuCoin.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.token_life = life;
        self
    }

    /// Makes each token valid for one connection only; a second one is refused with code 401.
    ///
    /// By default a token opens any number of connections until it expires, as on KuCoin.
    pub fn single_use_tokens(mut self) -> Self {
        self.single_use_tokens = true;
        self
    }

    /// Delays every row in REST responses by a random time between `from` and `to`. Default 0: no delay.
    ///
    /// The seed determines the delays. The states of one order become visible in order. KuCoin's own delay is short,
    /// and has no documented maximum; on futures, fills were seen about 0.17 s late.
    pub fn rest_lag(mut self, from: Duration, to: Duration) -> Self {
        self.rest_delays.set_lag(from, to);
        self
    }

    /// Makes an order that ends missing from both the active and the done list for `gap`. Default 0.
    ///
    /// KuCoin may do so while the order moves between the lists. A query by ID still finds the order.
    pub fn rest_missing_orders(mut self, gap: Duration) -> Self {
        self.rest_delays.set_move_gap(gap);
        self
    }

    /// Sets how many rows of each kind REST keeps. Default 65 536, at least 1.
    ///
    /// The kinds are ended orders, fills and ledger rows. If there are more, the oldest are dropped, even if KuCoin would
    /// keep them: canceled orders for 2 days, filled orders, spot fills and ledger rows for 7 days, futures fills for
    /// 90 days. Open orders are always kept.
    pub fn rest_history(mut self, rows: usize) -> Self {
        self.rest_rows = rows.max(1);
        self
    }

    /// Sets the quota of a pool of REST endpoints, per 30 s.
    ///
    /// Default 4000 for spot, 2000 for each other pool. Each query deducts its weight. The window starts with the first
    /// query. If too little remains, a query is refused with HTTP status 429 and code 429000. Token requests are not
    /// counted.
    pub fn rest_quota(mut self, pool: RestPool, weight: u32) -> Self {
        self.rest.quotas.limit(pool, weight);
        self
    }

    /// Sets the permissions of the API key. Default [`KeyPermissions::All`].
    ///
    /// REST queries that need another permission are refused with code 400007.
    pub fn key_permissions(mut self, permissions: KeyPermissions) -> Self {
        self.rest.permissions = permissions;
        self
    }

    /// Sets the account mode. Default [`AccountMode::Unified`], which serves the classic accounts too.
    ///
    /// In [`AccountMode::Classic`], REST paths of the unified account are refused with code 112010.
    pub fn account_mode(mut self, mode: AccountMode) -> Self {
        self.rest.account_mode = mode;
        self
    }

    /// Turns hedge mode of the futures account on or off. Default off: one-way mode.
    ///
    /// In hedge mode, each contract has a long and a short leg, and each order names the leg that it changes; see
    /// [`FuturesAccount::leg`](crate::FuturesAccount::leg). The account's own activity trades both legs.
    pub fn hedge_mode(mut self, on: bool) -> Self {
        self.hedge_mode = on;
        self
    }

    /// Refuses REST queries for active spot orders without a `symbol`, with code 400100.
    ///
    /// By default such a query returns the orders of all symbols. Sources disagree on what KuCoin does.
    pub fn rest_symbol_required(mut self) -> Self {
        self.rest.symbol_required = true;
        self
    }

    /// Sets the credentials to accept. Default [`DemoCredentials::default`].
    pub fn credentials(mut self, credentials: DemoCredentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Serves `https` and `wss` instead of `http` and `ws`. By default there is no TLS.
    ///
    /// The certificate should be valid for `localhost`, the host name in all URLs of the local exchange.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: Arc<rustls::ServerConfig>) -> Self {
        self.settings.tls = true;
        self.tls = Some(config);
        self
    }

    /// Calls `observer` for every connection, token request, REST query and triggered fault, for a log.
    ///
    /// An [`Activity`] contains no token or credential. The function must not block, and must not call methods of
    /// the [`Exchange`] or of its account.
    pub fn observe(mut self, observer: impl Fn(Activity) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer(Arc::new(observer)));
        self
    }

    /// Sets the faults to inject. Default none.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Starts the local exchange on the current tokio runtime.
    ///
    /// # Errors
    /// Returns an error if the local exchange cannot listen on one of its ports.
    pub async fn start(mut self) -> Result<Exchange, StartError> {
        let mut listeners = Vec::new();
        let mut markets = [
            ServedMarket::Both,
            ServedMarket::Spot,
            ServedMarket::Futures,
        ];
        // Bind chosen ports first, so that they are not picked as a free port of another market.
        markets.sort_by_key(|market| self.settings.ports.of(*market) == 0);
        for market in markets {
            let port = self.settings.ports.of_mut(market);
            let requested = *port;
            let (listener, bound) =
                listen(requested)
                    .await
                    .map_err(|source| StartError::Listen {
                        port: requested,
                        source,
                    })?;
            listeners.push((market, listener));
            *port = bound;
        }
        let seed = self.settings.seed;
        let now_ms = clock::now_ms();
        let truth = TruthLog::new(self.truth_capacity);
        let pro_truth = TruthLog::new(self.truth_capacity);
        let mut rng = Rng::new(seed);
        let user_id = rng.text(b"0123456789abcdef", 24);
        let logs = (truth.clone(), pro_truth.clone());
        let clock = ExchangeClock::default();
        let history = History::new(seed, self.rest_delays, self.rest_rows);
        let hub = Hub::new((self.engine(now_ms), history), logs, user_id, clock.clone());
        let plan = Plan::new(self.faults, seed);
        let timers = plan.timers();
        // Tokens of an earlier run must be invalid here, even with the same seed.
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
            replaced_credentials: Mutex::default(),
            hub: Mutex::new(hub),
            tokens: Mutex::new(tokens),
            counts_frames: plan.counts_frames(),
            plan: Mutex::new(plan),
            limits: Mutex::new(self.limits),
            rest: Mutex::new(self.rest),
            observer: self.observer,
            board: Board::new(),
            room: Notify::new(),
            clock,
        });
        Ok(Exchange::run(
            shared,
            (truth, pro_truth),
            listeners,
            self.event_rate,
            timers,
        ))
    }

    fn engine(&self, now_ms: u64) -> Engine {
        let engine = Engine::new(self.settings.seed, now_ms);
        match self.hedge_mode {
            true => engine.in_hedge_mode(),
            false => engine,
        }
    }
}

/// Listens on a port, and returns the port that was bound.
async fn listen(port: u16) -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}
