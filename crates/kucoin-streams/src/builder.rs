//! The settings of a client.

use std::fmt;
use std::sync::Arc;

use kucoin_streams_auth::rest::{ConfigError, Hosts, ProAuthentication, RestTokens};
use kucoin_streams_auth::{Credentials, DynSign, HmacSigner, Sign};
use kucoin_streams_client::Config;
use kucoin_streams_core::{ConnectionSource, DynConnectionSource, explain};
use kucoin_streams_transport::{Connect, DynConnect, Proxy, WebSocketConnector};

use crate::Kucoin;

/// The settings of a [`Kucoin`], from [`Kucoin::builder`].
///
/// What is chosen at run time goes in boxed: a `Box<dyn DynConnect>` is a transport, a `Box<dyn DynConnectionSource>` a
/// source of tokens, a `Box<dyn DynSign>` a signer.
#[derive(Default)]
pub struct KucoinBuilder {
    credentials: Option<HmacSigner>,
    signer: Option<Arc<dyn DynSign>>,
    hosts: Option<Hosts>,
    pro_authentication: Option<ProAuthentication>,
    proxy: Option<Proxy>,
    tokens: Option<Arc<dyn DynConnectionSource>>,
    transport: Option<Arc<dyn DynConnect>>,
    config: Config,
    label: Option<Arc<str>>,
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nothing gives connection tokens: call [`KucoinBuilder::credentials`], for instance with
    /// `Credentials::from_env()?`, [`KucoinBuilder::signer`], or [`KucoinBuilder::tokens`].
    #[error(
        "no credentials: call `credentials`, or `signer` if the secret is elsewhere, or `tokens` if tokens come from elsewhere"
    )]
    NoCredentials,
    /// Two settings exclude each other.
    #[error("`{setting}` cannot be set together with `{other}`: {remedy}")]
    Conflict {
        /// The setting that would have no effect.
        setting: &'static str,
        /// The setting that excludes it.
        other: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The settings of the token calls cannot be used. The text names the cause and what to do about it.
    #[error("{}", explain(.0, .0.remedy()))]
    Config(ConfigError),
}

impl KucoinBuilder {
    /// Sets the API key, its secret and its passphrase. Required, unless there is a [`signer`](Self::signer) or a source
    /// of [`tokens`](Self::tokens).
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(HmacSigner::new(&credentials));
        self
    }

    /// Signs with a signer of your own, in place of [`credentials`](Self::credentials): the secret stays in an HSM or a
    /// signing service.
    #[must_use]
    pub fn signer(mut self, signer: impl Sign) -> Self {
        self.signer = Some(Arc::new(signer));
        self
    }

    /// Sets where the exchange is, by region or host by host. Default: kucoin.com.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = Some(hosts);
        self
    }

    /// Sets how a Pro V2 connection authenticates: by a token in its URL, the default, or by a login after the welcome.
    /// Nothing else changes for the user.
    #[must_use]
    pub fn pro_authentication(mut self, authentication: ProAuthentication) -> Self {
        self.pro_authentication = Some(authentication);
        self
    }

    /// Sends everything through a proxy, token calls and WebSockets alike: see [`Proxy`]. `None` is no proxy, which is the
    /// default; the environment is not read.
    ///
    /// A transport or a source of tokens of your own has its own proxy ([`WebSocketConnector::with_proxy`],
    /// `RestTokensBuilder::proxy`), so neither can be set together with this one.
    #[must_use]
    pub fn proxy(mut self, proxy: impl Into<Option<Proxy>>) -> Self {
        self.proxy = proxy.into();
        self
    }

    /// Takes connection tokens from a source of your own, in place of KuCoin's REST API. Give an `Arc` of it to keep a
    /// handle: `RestTokens` is such a source, too.
    #[must_use]
    pub fn tokens(mut self, source: impl ConnectionSource) -> Self {
        self.tokens = Some(Arc::new(source));
        self
    }

    /// Makes connections by a transport of your own, or by a [`WebSocketConnector`] with other settings than the default.
    #[must_use]
    pub fn transport(mut self, transport: impl Connect) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

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

    /// Checks the settings and makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BuildError`] if credentials are missing, two settings exclude each other, TLS cannot be set up, or a host without
    /// TLS cannot pass the proxy.
    pub fn build(self) -> Result<Kucoin, BuildError> {
        self.check()?;
        let (tokens, rest_tokens) = match self.tokens {
            Some(tokens) => (tokens, None),
            None => {
                let by_credentials = || {
                    let signer = self.credentials.ok_or(BuildError::NoCredentials)?;
                    Ok(Arc::new(signer) as Arc<dyn DynSign>)
                };
                let signer = self.signer.map_or_else(by_credentials, Ok)?;
                let mut builder = RestTokens::builder(signer)
                    .hosts(self.hosts.unwrap_or_default())
                    .pro_authentication(self.pro_authentication.unwrap_or_default());
                if let Some(proxy) = &self.proxy {
                    builder = builder.proxy(proxy.expose_url());
                    builder = builder.no_proxy(proxy.no_proxy());
                }
                let tokens = Arc::new(builder.build().map_err(BuildError::Config)?);
                let source: Arc<dyn DynConnectionSource> = Arc::new(Arc::clone(&tokens));
                (source, Some(tokens))
            }
        };
        let transport = match (self.transport, self.proxy) {
            (Some(transport), _) => transport,
            (None, Some(proxy)) => Arc::new(WebSocketConnector::new().with_proxy(proxy)),
            (None, None) => Arc::new(WebSocketConnector::new()),
        };
        // The label of the builder comes before that of the settings, whichever was set first.
        let config = match self.label {
            Some(label) => self.config.with_label(label),
            None => self.config,
        };
        Ok(Kucoin::new(tokens, rest_tokens, transport, config))
    }

    /// Refuses settings that would have no effect.
    fn check(&self) -> Result<(), BuildError> {
        let of_source = "set it on your own source of tokens";
        let of_transport = "set it on your own transport (`WebSocketConnector::with_proxy`) and source (`RestTokensBuilder::proxy`)";
        let own_tokens = self.tokens.is_some();
        let conflicts = [
            (
                self.credentials.is_some() && self.signer.is_some(),
                "credentials",
                "signer",
                "give the secret to one of them",
            ),
            (
                self.signer.is_some() && own_tokens,
                "signer",
                "tokens",
                of_source,
            ),
            (
                self.credentials.is_some() && own_tokens,
                "credentials",
                "tokens",
                of_source,
            ),
            (
                self.hosts.is_some() && own_tokens,
                "hosts",
                "tokens",
                of_source,
            ),
            (
                self.pro_authentication.is_some() && own_tokens,
                "pro_authentication",
                "tokens",
                of_source,
            ),
            (
                self.proxy.is_some() && own_tokens,
                "proxy",
                "tokens",
                of_transport,
            ),
            (
                self.proxy.is_some() && self.transport.is_some(),
                "proxy",
                "transport",
                of_transport,
            ),
        ];
        let conflict = conflicts.into_iter().find(|(is_given, ..)| *is_given);
        match conflict {
            None => Ok(()),
            Some((_, setting, other, remedy)) => Err(BuildError::Conflict {
                setting,
                other,
                remedy,
            }),
        }
    }
}

impl fmt::Debug for KucoinBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KucoinBuilder")
            .field("hosts", &self.hosts)
            .field("pro_authentication", &self.pro_authentication)
            .field("proxy", &self.proxy)
            .field("config", &self.config)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}
