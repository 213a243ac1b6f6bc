//! The settings of `RestTokens`, checked when it is built.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Proxy, redirect, retry};
use rustls::ClientConfig;

use super::http::{Http, SystemResolver, descriptor_shortage};
use super::{Hosts, ProAuthentication, RestTokens, tls};
use crate::Sign;

/// The settings of [`RestTokens`], from [`RestTokens::builder`].
#[derive(Clone)]
pub struct RestTokensBuilder<S> {
    pub(super) signer: S,
    pub(super) hosts: Hosts,
    pub(super) pro_authentication: ProAuthentication,
    time_limit: Duration,
    connect_time_limit: Duration,
    proxy: Option<String>,
    tls_config: Option<Arc<ClientConfig>>,
}

impl<S: Sign> RestTokensBuilder<S> {
    pub(super) fn new(signer: S) -> Self {
        Self {
            signer,
            hosts: Hosts::default(),
            pro_authentication: ProAuthentication::default(),
            time_limit: Duration::from_secs(10),
            connect_time_limit: Duration::from_secs(5),
            proxy: None,
            tls_config: None,
        }
    }

    /// Sets where the exchange is. Default: [`Hosts::default`], kucoin.com.
    #[must_use]
    pub fn with_hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Sets how Pro V2 connections prove who they are. Default: [`ProAuthentication::Token`].
    #[must_use]
    pub fn with_pro_authentication(mut self, authentication: ProAuthentication) -> Self {
        self.pro_authentication = authentication;
        self
    }

    /// Sets the time for one whole call, from the connection to the last byte of the reply. Default: 10 s.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets the time for name resolution, TCP and TLS together. Default: 5 s.
    #[must_use]
    pub fn with_connect_time_limit(mut self, limit: Duration) -> Self {
        self.connect_time_limit = limit;
        self
    }

    /// Sends the calls to `https` hosts through an HTTP proxy, such as `http://proxy.example:3128`. Default: none;
    /// the proxy variables of the environment are not read. `http` hosts, which are on this machine, are called
    /// directly.
    #[must_use]
    pub fn with_proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Uses this TLS configuration (of rustls 0.23), for instance with a root certificate of your own; its ALPN
    /// list is replaced. Default: the platform's root certificates and the provider that was compiled in. The
    /// same object can be given to the transport.
    #[must_use]
    pub fn with_tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls_config = Some(config);
        self
    }

    /// Checks the settings and makes the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the proxy or the TLS set-up cannot be used.
    pub fn build(mut self) -> Result<RestTokens<S>, ConfigError> {
        let tls = match self.tls_config.take() {
            Some(config) => tls::own(config),
            None if self.hosts.rest_needs_tls() => tls::platform().map_err(or_descriptors)?,
            None => tls::trusting_nobody()?,
        };
        let client = self.client(tls)?;
        let http = Http::new(client, self.time_limit, self.hosts.site_type());
        Ok(RestTokens::from_builder(self, http))
    }

    fn client(&self, tls: ClientConfig) -> Result<Client, ConfigError> {
        let mut client = Client::builder()
            .user_agent(concat!("kucoin-streams/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .timeout(self.time_limit)
            .connect_timeout(self.connect_time_limit)
            // Tokens are fetched minutes to days apart; a kept connection serves the second signature only.
            .pool_idle_timeout(Duration::from_secs(10))
            .dns_resolver(Arc::new(SystemResolver))
            // Plaintext to `localhost` must stay on this machine, whatever a resolver says.
            .resolve_to_addrs(
                "localhost",
                &[
                    ([127, 0, 0, 1], 0).into(),
                    ([0, 0, 0, 0, 0, 0, 0, 1], 0).into(),
                ],
            )
            .tls_backend_preconfigured(tls);
        if let Some(url) = &self.proxy {
            client = client.proxy(proxy(url)?);
        }
        client
            .build()
            .map_err(|error| ConfigError::Client(Box::new(error.without_url())))
    }
}

/// Root certificates look missing if no file can be opened to read them.
fn or_descriptors(error: ConfigError) -> ConfigError {
    descriptor_shortage().map_or(error, |shortage| ConfigError::Client(shortage.into()))
}

/// Only HTTP CONNECT is spoken: the proxy sees the host and nothing signed. Another kind is refused, and never
/// replaced by a direct connection.
fn proxy(url: &str) -> Result<Proxy, ConfigError> {
    let scheme = url
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "https")) {
        return Err(ConfigError::Proxy);
    }
    Proxy::https(url).map_err(|_| ConfigError::Proxy)
}

impl<S> fmt::Debug for RestTokensBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestTokensBuilder")
            .field("hosts", &self.hosts)
            .field("pro_authentication", &self.pro_authentication)
            .field("time_limit", &self.time_limit)
            .field("connect_time_limit", &self.connect_time_limit)
            .field("has_proxy", &self.proxy.is_some())
            .finish_non_exhaustive()
    }
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The proxy is no `http` or `https` URL: correct it. SOCKS proxies are not supported. Its URL may hold a
    /// password and is not shown.
    #[error("the proxy is no http or https URL")]
    Proxy,
    /// No cryptography is compiled in: enable the feature `tls-ring` or `tls-aws-lc`, or bring a configuration
    /// with [`with_tls_config`](RestTokensBuilder::with_tls_config).
    #[error(
        "no cryptography for TLS is compiled in: enable the feature `tls-ring` or `tls-aws-lc`"
    )]
    NoTlsProvider,
    /// TLS cannot be set up, most often since the system has no root certificates: install `ca-certificates`,
    /// or bring a configuration with [`with_tls_config`](RestTokensBuilder::with_tls_config).
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be made: see the cause.
    #[error("the HTTP client cannot be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ConfigError {
    /// What the user can do about it, in a few words; `None` if the error or its cause says it.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Tls(_) => Some(
                "install the root certificates of the system (package `ca-certificates`), name a file of them in \
                 SSL_CERT_FILE, or bring a configuration (`with_tls_config`)",
            ),
            Self::Proxy | Self::NoTlsProvider | Self::Client(_) => None,
        }
    }
}
