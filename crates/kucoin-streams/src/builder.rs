//! The settings of a client.

use std::fmt;
use std::sync::Arc;

use kucoin_streams_auth::rest::{ConfigError, Hosts, ProAuthentication, RestTokens};
use kucoin_streams_auth::{Credentials, HmacSigner};
use kucoin_streams_client::Config;
use kucoin_streams_core::{ConnectionSource, explain};
use kucoin_streams_transport::{Connect, FastWebSocket, Proxy};

use crate::Kucoin;

/// The settings of a [`Kucoin`], from [`Kucoin::builder`].
pub struct KucoinBuilder<S, C> {
    source: S,
    connect: C,
    config: Config,
    label: Option<Arc<str>>,
}

/// Tokens come from KuCoin over REST, signed with credentials: the default source, not made yet.
#[derive(Default)]
pub struct FromCredentials {
    credentials: Option<Credentials>,
    hosts: Hosts,
    pro_authentication: ProAuthentication,
}

impl fmt::Debug for FromCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromCredentials")
            .field("credentials", &self.credentials)
            .field("hosts", &self.hosts)
            .field("pro_authentication", &self.pro_authentication)
            .finish()
    }
}

/// The default transport through a proxy, which the token calls use too.
pub struct ThroughProxy {
    connect: FastWebSocket,
    proxy: Option<Proxy>,
}

impl fmt::Debug for ThroughProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThroughProxy")
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, C> fmt::Debug for KucoinBuilder<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KucoinBuilder")
            .field("source", &self.source)
            .field("config", &self.config)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Neither credentials nor a source of tokens were given: call [`KucoinBuilder::credentials`], for instance
    /// with `Credentials::from_env()?`, or [`KucoinBuilder::source`].
    #[error("no credentials: call `credentials`, or `source` if tokens come from elsewhere")]
    NoCredentials,
    /// The settings of the token calls cannot be used. The text names the cause and what to do about it.
    #[error("{}", explain(.0, .0.remedy()))]
    Config(ConfigError),
}

impl KucoinBuilder<FromCredentials, FastWebSocket> {
    pub(crate) fn new() -> Self {
        Self {
            source: FromCredentials::default(),
            connect: FastWebSocket::new(),
            config: Config::default(),
            label: None,
        }
    }
}

impl KucoinBuilder<FromCredentials, FastWebSocket> {
    /// Sends everything through a proxy, token calls and WebSockets alike: see [`Proxy`]. `None` is no proxy, which is the
    /// default; the environment is not read.
    ///
    /// A transport or a source of your own has its own proxy
    /// ([`FastWebSocket::with_proxy`], `RestTokensBuilder::with_proxy`), so neither can be set together with this one:
    ///
    /// ```compile_fail,E0599
    /// use kucoin_streams::transport::{FastWebSocket, Proxy};
    /// # fn build() -> Result<(), Box<dyn std::error::Error>> {
    /// let proxy = Proxy::new("http://proxy.example:3128")?;
    /// let builder = kucoin_streams::Kucoin::builder().proxy(proxy).transport(FastWebSocket::new());
    /// # Ok(()) }
    /// ```
    ///
    /// ```compile_fail,E0599
    /// use kucoin_streams::{ConnectionSource, transport::Proxy};
    /// # fn build(source: impl ConnectionSource) -> Result<(), Box<dyn std::error::Error>> {
    /// let proxy = Proxy::new("http://proxy.example:3128")?;
    /// let builder = kucoin_streams::Kucoin::builder().source(source).proxy(proxy);
    /// # Ok(()) }
    /// ```
    pub fn proxy(
        self,
        proxy: impl Into<Option<Proxy>>,
    ) -> KucoinBuilder<FromCredentials, ThroughProxy> {
        KucoinBuilder {
            source: self.source,
            connect: ThroughProxy {
                connect: self.connect,
                proxy: proxy.into(),
            },
            config: self.config,
            label: self.label,
        }
    }
}

impl KucoinBuilder<FromCredentials, ThroughProxy> {
    /// Checks the settings and makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// If credentials are missing, TLS cannot be set up, or a host without TLS cannot pass the proxy.
    pub fn build(self) -> Result<Kucoin, BuildError> {
        let ThroughProxy { connect, proxy } = self.connect;
        let source = self.source.tokens(proxy.as_ref())?;
        let connect = match proxy {
            Some(proxy) => connect.with_proxy(proxy),
            None => connect,
        };
        let config = labelled(self.config, self.label);
        Ok(Kucoin::new(source, connect, config))
    }
}

impl FromCredentials {
    fn tokens(self, proxy: Option<&Proxy>) -> Result<RestTokens, BuildError> {
        let credentials = self.credentials.ok_or(BuildError::NoCredentials)?;
        let mut tokens = RestTokens::builder(HmacSigner::new(&credentials))
            .with_hosts(self.hosts)
            .with_pro_authentication(self.pro_authentication);
        if let Some(proxy) = proxy {
            tokens = tokens.with_proxy(proxy.expose_url());
            tokens = tokens.with_no_proxy(proxy.no_proxy());
        }
        tokens.build().map_err(BuildError::Config)
    }
}

impl<C> KucoinBuilder<FromCredentials, C> {
    /// Sets the API key, its secret and its passphrase. Required, unless a source is given.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.source.credentials = Some(credentials);
        self
    }

    /// Sets where the exchange is, by region or host by host. Default: kucoin.com.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.source.hosts = hosts;
        self
    }

    /// Sets how a Pro V2 connection proves who it is: by a token in its URL, the default, or by a login after the
    /// welcome. Nothing else changes for the user.
    #[must_use]
    pub fn pro_authentication(mut self, authentication: ProAuthentication) -> Self {
        self.source.pro_authentication = authentication;
        self
    }
}

impl<C: Connect> KucoinBuilder<FromCredentials, C> {
    /// Takes connection tokens from elsewhere than KuCoin's REST API. Nothing can be missing then, so the
    /// [`build`](KucoinBuilder::build) that follows cannot fail.
    pub fn source<S: ConnectionSource>(self, source: S) -> KucoinBuilder<S, C> {
        KucoinBuilder {
            source,
            connect: self.connect,
            config: self.config,
            label: self.label,
        }
    }

    /// Checks the settings and makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// Where credentials are missing, or TLS cannot be set up.
    pub fn build(self) -> Result<Kucoin<RestTokens, C>, BuildError> {
        let config = labelled(self.config, self.label);
        Ok(Kucoin::new(self.source.tokens(None)?, self.connect, config))
    }
}

impl<S, C: Connect> KucoinBuilder<S, C> {
    /// Makes connections by another transport than the default.
    pub fn transport<D: Connect>(self, connect: D) -> KucoinBuilder<S, D> {
        KucoinBuilder {
            source: self.source,
            connect,
            config: self.config,
            label: self.label,
        }
    }
}

impl<S, C> KucoinBuilder<S, C> {
    /// Names the account in logs, such as `desk 7`: [`Config::label`]. Default: no name.
    #[must_use]
    pub fn label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets deadlines, retries and queues. Default: [`Config::default`].
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }
}

impl<S: ConnectionSource, C: Connect> KucoinBuilder<S, C> {
    /// Makes the client around the source that was given. Nothing is sent yet.
    pub fn build(self) -> Kucoin<S, C> {
        let config = labelled(self.config, self.label);
        Kucoin::new(self.source, self.connect, config)
    }
}

/// The label of the builder comes before that of the settings, whichever was set first.
fn labelled(config: Config, label: Option<Arc<str>>) -> Config {
    match label {
        Some(label) => config.with_label(label),
        None => config,
    }
}
