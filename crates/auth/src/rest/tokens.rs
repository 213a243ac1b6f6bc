//! The token source itself: one fetch at a time, signed at the moment of sending, by the exchange's clock.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use kucoin_streams_core::{
    ConnectionInfo, ConnectionSource, SecretUrl, SourceError, WsKey, explain, redact::Redactor,
};
use tokio::sync::Mutex;

use super::address::{self, Address};
use super::clock::{ServerClock, local_ms};
use super::error::TokenError;
use super::http::Http;
use super::pace::Pace;
use super::reply::{self, Server, TokenReply};
use super::{AddressProblem, ConfigError, Hosts, RestTokensBuilder, refusal, url};
use crate::{Credentials, DynSign, HmacSigner, Sign, login, sign_request};

const TOKEN_V1: &str = "/api/v1/bullet-private";
const TOKEN_V2: &str = "/api/v2/bullet-private";
const TIME: &str = "/api/v1/timestamp";

/// Fetches what each dial needs from KuCoin's REST API, as a [`ConnectionSource`].
///
/// - `spotPrivateV1`: `POST /api/v1/bullet-private` on the spot REST host; `futuresPrivateV1`: the same on the
///   futures REST host. The server to dial and the heartbeat are taken from the reply; where it names several
///   servers, successive fetches take successive servers.
/// - `privateProV2`: `POST /api/v2/bullet-private` on the spot REST host, and the configured WebSocket host; or a
///   login frame instead of a token ([`ProAuthentication`]).
///
/// Use one for each API key and share it: it sends one request at a time, four at once from rest and one a second
/// in the long run, and none while KuCoin asks to wait. Where KuCoin finds the timestamp off (400002), the
/// exchange's clock is measured, the request signed again at once, and the distance kept for later requests.
/// Redirects are not followed, nothing is cached, and nothing is retried otherwise: the caller decides by the
/// class of the error.
///
/// It must be used within a tokio runtime with I/O and time.
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
    hosts: Hosts,
    pro_authentication: ProAuthentication,
    http: Http,
    clock: ServerClock,
    pace: Mutex<Pace>,
    connect_ids: ConnectIds,
    next_server: AtomicUsize,
}

/// How a Pro V2 connection proves who it is. The frames after that are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProAuthentication {
    /// By a token in its URL, fetched for each dial.
    #[default]
    Token,
    /// By a signed login frame after the welcome (`op: "auth"`); no token is fetched. The frame is valid for five
    /// seconds, so the exchange's clock is measured before each dial.
    Login,
}

impl RestTokens {
    /// Fetches tokens from kucoin.com with these credentials and the default settings.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where TLS cannot be set up.
    pub fn new(credentials: &Credentials) -> Result<Self, ConfigError> {
        Self::builder(HmacSigner::new(credentials)).build()
    }

    /// Signs with other credentials from the next request on, as after a rotation of the API key. A request that
    /// is under way ends with the credentials that it began with.
    pub fn set_credentials(&self, credentials: &Credentials) {
        self.set_signer(HmacSigner::new(credentials));
    }

    /// Begins the settings, with the signer of the API key.
    pub fn builder(signer: impl Sign) -> RestTokensBuilder {
        RestTokensBuilder::new(signer)
    }

    pub(super) fn from_builder(builder: RestTokensBuilder, http: Http) -> Self {
        Self {
            signer: RwLock::new(builder.signer),
            hosts: builder.hosts,
            pro_authentication: builder.pro_authentication,
            http,
            clock: ServerClock::default(),
            pace: Mutex::default(),
            connect_ids: ConnectIds::default(),
            next_server: AtomicUsize::new(0),
        }
    }

    /// Signs with another signer from the next request on. A request that is under way ends with the signer that
    /// it began with.
    pub fn set_signer(&self, signer: impl Sign) {
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signer);
    }

    /// Milliseconds that the exchange's clock is ahead of this machine's; 0 until it was measured, which happens
    /// where KuCoin refuses a timestamp, and before each login of [`ProAuthentication::Login`].
    pub fn clock_offset_ms(&self) -> i64 {
        self.clock.offset_ms()
    }

    /// Fetches what one dial needs, with the reason of a failure as its own type.
    ///
    /// Dropping the future gives the turn to the next caller.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; its class says whether to retry, wait or stop.
    pub async fn fetch(&self, ws_key: WsKey) -> Result<ConnectionInfo, TokenError> {
        let mut pace = self.pace.lock().await;
        if let Some(left) = pace.held(Instant::now()) {
            return Err(TokenError::Throttled {
                retry_after: Some(left),
                code: None,
            });
        }
        let wait = pace.wait(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        pace.count(Instant::now());
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
                    pace.hold(Instant::now(), *time);
                }
                let error = explain(error, error.remedy());
                tracing::debug!(%ws_key, error, "no connection information");
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
        // Nothing answers the frame's timestamp with 400002 and a second try: a refused login is final. The last
        // known distance is used where the REST host cannot be asked.
        if let Err(error) = self.measure_clock(&rest).await {
            let error = explain(&error, error.remedy());
            tracing::debug!(error, "the exchange's clock was not measured");
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

    /// Fetches a token; where the timestamp is refused, measures the exchange's clock and signs once more.
    async fn token(&self, rest: &Address, path: &str) -> Result<TokenReply, TokenError> {
        let signer = self.signer();
        match self.signed_token(&*signer, rest, path).await {
            Err(error) if error.code() == Some(refusal::TIMESTAMP) => {
                let offset_ms = self.measure_clock(rest).await?;
                tracing::warn!(
                    offset_ms,
                    "this machine's clock is off; signing by the exchange's clock"
                );
                self.signed_token(&*signer, rest, path).await
            }
            other => other,
        }
    }

    async fn signed_token(
        &self,
        signer: &dyn DynSign,
        rest: &Address,
        path: &str,
    ) -> Result<TokenReply, TokenError> {
        let signed = sign_request(signer, self.clock.now_ms(), "POST", path, "").await?;
        let reply = self.http.post(rest, path, &signed).await?;
        reply::token(&self.http.name_of(rest), &reply, self.clock.offset_ms())
    }

    async fn measure_clock(&self, rest: &Address) -> Result<i64, TokenError> {
        let (asked, asked_ms) = (Instant::now(), local_ms());
        let reply = self.http.get(rest, TIME).await?;
        let round_trip = asked.elapsed();
        let server_ms =
            reply::server_time(&self.http.name_of(rest), &reply, self.clock.offset_ms())?;
        Ok(self.clock.measured(server_ms, asked_ms, round_trip))
    }

    /// The next server in turn of those that may be told the token.
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
        let host = rest.place();
        Err(match untrusted {
            Some(server) => TokenError::UntrustedEndpoint {
                host,
                server: Redactor::default().words(&server),
            },
            None => TokenError::NoServers { host },
        })
    }

    fn signer(&self) -> Arc<dyn DynSign> {
        Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ConnectionSource for RestTokens {
    async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
        self.fetch(ws_key).await.map_err(SourceError::from)
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

/// Ids that no other connection of this process or another uses: a random part, made once, and a count. They are
/// no secret, so the standard library's random keys will do.
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
