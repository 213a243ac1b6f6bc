//! Builder of the client.

use std::fmt;
use std::sync::Arc;

use kucoin_streams_auth::rest::{ConfigError, Hosts, ProAuthentication, RestTokens};
use kucoin_streams_auth::{Credentials, DynSign, HmacSigner, Sign};
use kucoin_streams_client::Config;
use kucoin_streams_core::{ConnectionSource, DynConnectionSource, explain};
use kucoin_streams_rest::Rest;
use kucoin_streams_transport::{Connect, DynConnect, Proxy, WebSocketConnector};

use crate::Kucoin;

/// Builder of a [`Kucoin`] client: see [`Kucoin::builder`].
///
/// To choose a part at run time, pass a trait object: `Box<dyn DynConnect>` as transport, `Box<dyn DynConnectionSource>`
/// as source of tokens, `Box<dyn DynSign>` as signer.
#[derive(Default)]
pub struct KucoinBuilder {
    credentials: Option<HmacSigner>,
    signer: Option<Arc<dyn DynSign>>,
    hosts: Option<Hosts>,
    pro_authentication: Option<ProAuthentication>,
    proxy: Option<Proxy>,
    tokens: Option<Arc<dyn DynConnectionSource>>,
    rest: Option<Rest>,
    transport: Option<Arc<dyn DynConnect>>,
    config: Config,
    label: Option<Arc<str>>,
}

/// Error of [`KucoinBuilder::build`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No credentials, signer or token source is set.
    ///
    /// Call [`KucoinBuilder::credentials`], for example with `Credentials::from_env()?`, or [`KucoinBuilder::signer`] or
    /// [`KucoinBuilder::tokens`].
    #[error(
        "no credentials: call `credentials`, `signer` (to sign without the secret) or `tokens` (for your own token source)"
    )]
    NoCredentials,
    /// Two settings cannot be combined.
    #[error("`{setting}` cannot be combined with `{other}`: {remedy}")]
    Conflict {
        /// Setting that would have no effect.
        setting: &'static str,
        /// Setting that conflicts with `setting`.
        other: &'static str,
        /// Remedy, as an instruction.
        remedy: &'static str,
    },
    /// Invalid settings of token requests. The message contains the cause and the remedy.
    #[error("{}", explain(.0, .0.remedy()))]
    Config(ConfigError),
}

impl KucoinBuilder {
    /// Sets the API key, secret and passphrase.
    ///
    /// Required unless you set a [`signer`](Self::signer) or a source of [`tokens`](Self::tokens).
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(HmacSigner::new(&credentials));
        self
    }

    /// Sets your own signer, in place of [`credentials`](Self::credentials).
    ///
    /// Use it if the secret is in an HSM or a signing service.
    #[must_use]
    pub fn signer(mut self, signer: impl Sign) -> Self {
        self.signer = Some(Arc::new(signer));
        self
    }

    /// Sets the hosts, by region or one by one. Default: kucoin.com.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = Some(hosts);
        self
    }

    /// Sets how Pro V2 connections authenticate. Default: by a token in the URL.
    ///
    /// The alternative is a signed login after the welcome message. Events and errors are the same with both.
    #[must_use]
    pub fn pro_authentication(mut self, authentication: ProAuthentication) -> Self {
        self.pro_authentication = Some(authentication);
        self
    }

    /// Sets a proxy for token requests and WebSockets: see [`Proxy`]. Default: `None`, no proxy.
    ///
    /// Environment variables are not read. Cannot be combined with your own transport or source of tokens: set the proxy
    /// on those ([`WebSocketConnector::with_proxy`], `RestTokensBuilder::proxy`).
    #[must_use]
    pub fn proxy(mut self, proxy: impl Into<Option<Proxy>>) -> Self {
        self.proxy = proxy.into();
        self
    }

    /// Sets your own source of connection tokens, in place of KuCoin's REST API.
    ///
    /// Pass an `Arc` of the source to keep a handle to it. `RestTokens` is a source, too.
    #[must_use]
    pub fn tokens(mut self, source: impl ConnectionSource) -> Self {
        self.tokens = Some(Arc::new(source));
        self
    }

    /// Sets the client of REST queries.
    ///
    /// Default: a client with the credentials, hosts and proxy of the token requests. Use it for other limits or the other version of the unified account's API, or with your own source of tokens, which
    /// otherwise leaves the client without REST:
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// use kucoin_streams::rest::{Rest, UnifiedVersion};
    /// use kucoin_streams::{Credentials, Kucoin, RestTokens};
    ///
    /// # fn build() -> Result<Kucoin, Box<dyn std::error::Error>> {
    /// let tokens = Arc::new(RestTokens::new(&Credentials::from_env()?)?);
    /// let rest = Rest::builder(Arc::clone(&tokens)).unified_version(UnifiedVersion::V2).quota_percent(10).build();
    /// let kucoin = Kucoin::builder().tokens(tokens).rest(rest).build()?;
    /// # Ok(kucoin) }
    /// ```
    #[must_use]
    pub fn rest(mut self, rest: Rest) -> Self {
        self.rest = Some(rest);
        self
    }

    /// Sets the transport: your own, or a [`WebSocketConnector`] with custom settings.
    #[must_use]
    pub fn transport(mut self, transport: impl Connect) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the name of the account in logs, such as `desk 7`: see [`Config::label`]. Default: none.
    #[must_use]
    pub fn label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets timeouts, retries and queue sizes. Default: [`Config::default`].
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Changes the configuration.
    pub(crate) fn map_config(mut self, change: impl FnOnce(Config) -> Config) -> Self {
        self.config = change(self.config);
        self
    }

    /// Validates the settings and creates the client. Nothing is sent yet.
    ///
    /// # Errors
    /// Returns an error if credentials are missing, two settings cannot be combined, TLS cannot be set up, or a host
    /// without TLS cannot be reached through the proxy.
    pub fn build(self) -> Result<Kucoin, BuildError> {
        self.check()?;
        let (tokens, rest_tokens) = match self.tokens {
            Some(tokens) => (tokens, None),
            None => {
                let from_credentials = || {
                    let signer = self.credentials.ok_or(BuildError::NoCredentials)?;
                    Ok(Arc::new(signer) as Arc<dyn DynSign>)
                };
                let signer = self.signer.map_or_else(from_credentials, Ok)?;
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
        // `KucoinBuilder::label` overrides the label of the configuration, in any order of calls.
        let config = match self.label {
            Some(label) => self.config.with_label(label),
            None => self.config,
        };
        let default_rest = || rest_tokens.map_or_else(Rest::disabled, Rest::new);
        let rest = self.rest.unwrap_or_else(default_rest);
        Ok(Kucoin::new(tokens, rest, transport, config))
    }

    /// Returns an error for a setting that would have no effect.
    fn check(&self) -> Result<(), BuildError> {
        let on_source = "set it on your token source";
        let on_transport = "set it on your transport (`WebSocketConnector::with_proxy`) and token source (`RestTokensBuilder::proxy`)";
        let own_tokens = self.tokens.is_some();
        let conflicts = [
            (
                self.credentials.is_some() && self.signer.is_some(),
                "credentials",
                "signer",
                "use one of them",
            ),
            (
                self.signer.is_some() && own_tokens,
                "signer",
                "tokens",
                on_source,
            ),
            (
                self.credentials.is_some() && own_tokens,
                "credentials",
                "tokens",
                on_source,
            ),
            (
                self.hosts.is_some() && own_tokens,
                "hosts",
                "tokens",
                on_source,
            ),
            (
                self.pro_authentication.is_some() && own_tokens,
                "pro_authentication",
                "tokens",
                on_source,
            ),
            (
                self.proxy.is_some() && own_tokens,
                "proxy",
                "tokens",
                on_transport,
            ),
            (
                self.proxy.is_some() && self.transport.is_some(),
                "proxy",
                "transport",
                on_transport,
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
