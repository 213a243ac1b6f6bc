//! The token source: one request at a time.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use kucoin_streams_core::{
    ClockOffset, ConnectionInfo, ConnectionSource, SecretUrl, SourceError, WsKey, explain,
    redact::Redactor,
};
use reqwest::Method;
use tokio::sync::Mutex;

use super::address::{self, Address};
use super::clock::ServerClock;
use super::error::TokenError;
use super::http::Http;
use super::rate_limiter::RateLimiter;
use super::reply::{self, Server, TokenReply};
use super::{AddressProblem, ConfigError, HostRole, Hosts, RestTokensBuilder, url};
use crate::{Credentials, DynSign, HmacSigner, Sign, login};

/// Maximum error of a clock offset that replaces another one: KuCoin refuses a timestamp that is 5 s off.
const MAX_ERROR_NS: u64 = 1_000_000_000;

const TOKEN_V1: &str = "/api/v1/bullet-private";
const TOKEN_V2: &str = "/api/v2/bullet-private";

/// A [`ConnectionSource`] that fetches a connection token from KuCoin's REST API for each dial.
///
/// - `spotPrivateV1`: `POST /api/v1/bullet-private` on the spot REST host; `futuresPrivateV1`: the same on the futures
///   REST host. The reply names the server to dial and its heartbeat. If it names several servers, successive fetches
///   use them in turn.
/// - `privateProV2`: `POST /api/v2/bullet-private` on the spot REST host; the WebSocket host is the configured one.
///   With [`ProAuthentication::Login`], a login frame replaces the token.
///
/// Create one per API key and share it. Fetches take turns: a burst of at most four without a pause, then one per
/// second, and none while KuCoin asks to wait. If KuCoin refuses the timestamp (400002), the server's clock is measured
/// and the request is signed and sent again once; the clock offset is kept for later requests. Other failures are not
/// retried: the caller decides by the [retry policy](TokenError::retry_policy) of the error. Tokens are not cached, and
/// redirects are not followed.
///
/// [`get`](RestTokens::get) sends other signed requests with the same hosts, signer and clock offset.
///
/// It must be used within a tokio runtime with I/O and time enabled.
///
/// ```no_run
/// use kucoin_streams_auth::{Credentials, HmacSigner};
/// use kucoin_streams_auth::rest::{Hosts, Region, RestTokens};
/// use kucoin_streams_core::WsKey;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let signer = HmacSigner::new(&Credentials::from_env()?);
/// let tokens = RestTokens::builder(signer)
///     .hosts(Hosts::of(Region::Europe))
///     .build()?;
/// match tokens.fetch(WsKey::SpotPrivateV1).await {
///     Ok(info) => println!("dial {}", info.url.without_query()),
///     Err(error) if error.is_retryable() => eprintln!("later: {error}"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(()) }
/// ```
pub struct RestTokens {
    signer: RwLock<Arc<dyn DynSign>>,
    pub(super) hosts: Hosts,
    pro_authentication: ProAuthentication,
    pub(super) http: Arc<Http>,
    pub(super) clock: ServerClock,
    /// Held while the server's clock is measured.
    pub(super) clock_measurement: Mutex<()>,
    rate_limiter: Mutex<RateLimiter>,
    connect_ids: ConnectIds,
    next_server: AtomicUsize,
}

/// Authentication of a Pro V2 connection: a token or a login frame. All later frames are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProAuthentication {
    /// With a token in the URL, fetched for each dial.
    #[default]
    Token,
    /// With a signed login frame (`op: "auth"`) after the welcome; no token is fetched.
    ///
    /// The frame is valid for five seconds, so the server's clock is measured before each dial.
    Login,
}

impl RestTokens {
    /// Creates a token source for kucoin.com with the default settings.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if TLS or the HTTP client cannot be set up.
    pub fn new(credentials: &Credentials) -> Result<Self, ConfigError> {
        Self::builder(HmacSigner::new(credentials)).build()
    }

    /// Replaces the credentials, for example after a change of the API key.
    ///
    /// The next request uses them; a request in progress keeps the old ones.
    pub fn set_credentials(&self, credentials: &Credentials) {
        self.set_signer(HmacSigner::new(credentials));
    }

    /// Returns a builder with the default settings and this signer.
    pub fn builder(signer: impl Sign) -> RestTokensBuilder {
        RestTokensBuilder::new(signer)
    }

    pub(super) fn from_builder(builder: RestTokensBuilder, http: Http) -> Self {
        Self {
            signer: RwLock::new(builder.signer),
            hosts: builder.hosts,
            pro_authentication: builder.pro_authentication,
            http: Arc::new(http),
            clock: ServerClock::default(),
            clock_measurement: Mutex::default(),
            rate_limiter: Mutex::default(),
            connect_ids: ConnectIds::default(),
            next_server: AtomicUsize::new(0),
        }
    }

    /// Returns a token source with another signer and the same hosts, HTTP client and clock offset.
    ///
    /// It has a rate limiter of its own. Use it to check new credentials before this source uses them.
    #[must_use]
    pub fn with_signer(&self, signer: impl Sign) -> Self {
        Self {
            signer: RwLock::new(Arc::new(signer)),
            hosts: self.hosts.clone(),
            pro_authentication: self.pro_authentication,
            http: Arc::clone(&self.http),
            clock: self.clock.clone(),
            clock_measurement: Mutex::default(),
            rate_limiter: Mutex::default(),
            connect_ids: ConnectIds::default(),
            next_server: AtomicUsize::new(0),
        }
    }

    /// Returns the current signer, for example to [set](Self::set_signer) it again after a failed change.
    pub fn signer(&self) -> Arc<dyn DynSign> {
        Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the signer. The next request uses it; a request in progress keeps the old one.
    pub fn set_signer(&self, signer: impl Sign) {
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signer);
    }

    /// Returns how many milliseconds the server's clock is ahead of this machine's.
    ///
    /// It is negative if the server's clock is behind, and 0 until it is first measured: after KuCoin refuses a
    /// timestamp, before each login of [`ProAuthentication::Login`], and if the statistics of a client are read.
    pub fn clock_offset_ms(&self) -> i64 {
        self.clock.offset_ms()
    }

    /// Returns the last measured offset of the server's clock, with its error.
    ///
    /// `None` before the first measurement.
    pub fn clock_offset(&self) -> Option<ClockOffset> {
        self.clock.offset()
    }

    /// Measures the offset of the server's clock: one unsigned `GET /api/v1/timestamp`, of weight 3.
    ///
    /// The server's time has milliseconds. The error is half the round trip plus half a millisecond, so a request on a
    /// new connection has a larger error than one that follows another request. Later requests are signed with this
    /// offset, unless its error is larger than a second. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns a [`TokenError`] if the server's time cannot be read.
    pub async fn measure_clock(&self, host: HostRole) -> Result<ClockOffset, TokenError> {
        let rest = self.hosts.rest(host)?;
        let measured = self.measure_clock_at(&rest).await?;
        if measured.error_ns <= MAX_ERROR_NS {
            self.clock.set(measured);
        }
        Ok(measured)
    }

    /// Fetches the connection information for one dial: the URL with its token, and the heartbeat.
    ///
    /// Cancel safe: if the future is dropped, the next call that waits for its turn continues.
    ///
    /// # Errors
    ///
    /// Returns a [`TokenError`]; its [retry policy](TokenError::retry_policy) says whether to retry, wait or stop.
    pub async fn fetch(&self, ws_key: WsKey) -> Result<ConnectionInfo, TokenError> {
        let mut rate_limiter = self.rate_limiter.lock().await;
        if let Some(left) = rate_limiter.pause_left(Instant::now()) {
            return Err(TokenError::Throttled {
                retry_after: Some(left),
                code: None,
            });
        }
        let delay = rate_limiter.delay(Instant::now());
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        rate_limiter.record(Instant::now());
        let fetched = self.fetch_now(ws_key).await;
        match &fetched {
            Ok(info) => {
                tracing::debug!(%ws_key, server = info.url.without_query(), "connection information fetched");
            }
            Err(error) => {
                if let TokenError::Throttled {
                    retry_after: Some(time),
                    ..
                } = error
                {
                    rate_limiter.pause(Instant::now(), *time);
                }
                let error = explain(error, error.remedy());
                tracing::debug!(%ws_key, error, "fetching connection information failed");
            }
        }
        fetched
    }

    async fn fetch_now(&self, ws_key: WsKey) -> Result<ConnectionInfo, TokenError> {
        match (ws_key, self.pro_authentication) {
            (WsKey::SpotPrivateV1, _) => self.v1(&*self.hosts.spot_rest()?).await,
            (WsKey::FuturesPrivateV1, _) => self.v1(&*self.hosts.futures_rest()?).await,
            (WsKey::PrivateProV2, ProAuthentication::Token) => self.pro_token().await,
            (WsKey::PrivateProV2, ProAuthentication::Login) => self.pro_login().await,
            (other, _) => Err(TokenError::UnknownConnection(other)),
        }
    }

    async fn v1(&self, rest: &Address) -> Result<ConnectionInfo, TokenError> {
        let TokenReply { token, servers } = self.token(rest, TOKEN_V1).await?;
        let (address, server) = self.choose(rest, &servers)?;
        let connect_id = self.connect_ids.next();
        let url = url::v1(&address, &token, &connect_id);
        let info = ConnectionInfo::new(url).with_heartbeat(server.heartbeat);
        Ok(info.with_connect_id(connect_id))
    }

    async fn pro_token(&self) -> Result<ConnectionInfo, TokenError> {
        let (rest, web_socket) = self.hosts.pro()?;
        let reply = self.token(&rest, TOKEN_V2).await?;
        Ok(ConnectionInfo::new(url::pro(&web_socket, &reply.token)))
    }

    async fn pro_login(&self) -> Result<ConnectionInfo, TokenError> {
        let (rest, web_socket) = self.hosts.pro()?;
        // A login refused for its timestamp is not retried, so measure the clock first. If that fails, the last known
        // offset is used.
        match self.measure_clock_at(&rest).await {
            Ok(measured) => self.clock.set(measured),
            Err(error) => {
                let error = explain(&error, error.remedy());
                tracing::debug!(error, "the server's clock could not be measured");
            }
        }
        let login = login(
            &*self.signer(),
            self.connect_ids.next(),
            self.clock.now_ms(),
        )
        .await?;
        let url = SecretUrl::new(web_socket.endpoint());
        Ok(ConnectionInfo::new(url).with_login(login))
    }

    async fn token(&self, rest: &Address, path: &str) -> Result<TokenReply, TokenError> {
        let limits = self.http.token_limits();
        let reply = self.signed(rest, Method::POST, path, limits).await?;
        reply::token(&self.http.name_of(rest), &reply, self.clock.offset_ms())
    }

    /// Returns the server to dial: the servers that may receive the token are used in turn.
    fn choose<'s>(
        &self,
        rest: &Address,
        servers: &'s [Server],
    ) -> Result<(Address, &'s Server), TokenError> {
        let (mut trusted, mut untrusted) = (Vec::with_capacity(servers.len()), None);
        for server in servers {
            match Address::web_socket(&server.endpoint) {
                Ok(address) if self.hosts.trusts(&address, rest) => trusted.push((address, server)),
                Ok(address) => untrusted = Some(address.host().to_owned()),
                Err(AddressProblem::Plaintext | AddressProblem::WrongScheme) => {
                    untrusted = Some(address::host_of(&server.endpoint));
                }
                Err(_) => {}
            }
        }
        let turn = self.next_server.fetch_add(1, Ordering::Relaxed);
        if !trusted.is_empty() {
            return Ok(trusted.swap_remove(turn % trusted.len()));
        }
        let host = rest.host_and_port();
        Err(match untrusted {
            Some(server) => TokenError::UntrustedEndpoint {
                host,
                server: Redactor::default().redact(&server),
            },
            None => TokenError::NoServers { host },
        })
    }
}

impl ConnectionSource for RestTokens {
    async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
        self.fetch(ws_key).await.map_err(SourceError::from)
    }

    /// Measures the clock, unless it was measured less than a minute ago.
    async fn clock_offset(&self, ws_key: WsKey) -> Option<ClockOffset> {
        // Connections that become live together need one measurement.
        let _measuring = self.clock_measurement.lock().await;
        if let Some(recent) = self.clock.recent_offset() {
            return Some(recent);
        }
        let host = match ws_key {
            WsKey::FuturesPrivateV1 => HostRole::FuturesRest,
            _ => HostRole::SpotRest,
        };
        let measured = self.measure_clock(host).await;
        if let Err(error) = &measured {
            let error = explain(error, error.remedy());
            tracing::debug!(error, "the server's clock could not be measured");
        }
        measured.ok()
    }
}

impl fmt::Debug for RestTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestTokens")
            .field("hosts", &self.hosts)
            .field("pro_authentication", &self.pro_authentication)
            .field("clock_offset_ms", &self.clock.offset_ms())
            .finish_non_exhaustive()
    }
}

/// Generates unique connection IDs from a random part, which is made once, and a counter.
///
/// The IDs are not secret, so the standard library's random keys are good enough.
struct ConnectIds {
    random: u64,
    count: AtomicUsize,
}

impl Default for ConnectIds {
    fn default() -> Self {
        Self {
            random: RandomState::new().build_hasher().finish(),
            count: AtomicUsize::new(0),
        }
    }
}

impl ConnectIds {
    fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{count:08x}", self.random)
    }
}
