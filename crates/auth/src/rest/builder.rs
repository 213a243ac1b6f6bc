//! The settings of `RestTokens`, checked when it is built.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect, retry};
use rustls::ClientConfig;

use super::http::{Http, SystemResolver, descriptor_shortage};
use super::proxy::RestProxy;
use super::{Hosts, ProAuthentication, RestTokens, tls};
use crate::{DynSign, Sign};

/// The settings of [`RestTokens`], from [`RestTokens::builder`].
#[derive(Clone)]
pub struct RestTokensBuilder {
    pub(super) signer: Arc<dyn DynSign>,
    pub(super) hosts: Hosts,
    pub(super) pro_authentication: ProAuthentication,
    time_limit: Duration,
    connect_time_limit: Duration,
    proxy: Option<String>,
    no_proxy: String,
    tls_config: Option<Arc<ClientConfig>>,
}

impl RestTokensBuilder {
    pub(super) fn new(signer: impl Sign) -> Self {
        Self {
            signer: Arc::new(signer),
            hosts: Hosts::default(),
            pro_authentication: ProAuthentication::default(),
            time_limit: Duration::from_secs(10),
            connect_time_limit: Duration::from_secs(5),
            proxy: None,
            no_proxy: String::new(),
            tls_config: None,
        }
    }

    /// Sets where the exchange is. Default: [`Hosts::default`], kucoin.com.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Sets how Pro V2 connections prove who they are. Default: [`ProAuthentication::Token`].
    #[must_use]
    pub fn pro_authentication(mut self, authentication: ProAuthentication) -> Self {
        self.pro_authentication = authentication;
        self
    }

    /// Sets the time for one whole call, from the connection to the last byte of the reply. Default: 10 s.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets the time for name resolution, TCP and TLS together, and for a proxy between them. Default: 5 s.
    #[must_use]
    pub fn connect_time_limit(mut self, limit: Duration) -> Self {
        self.connect_time_limit = limit;
        self
    }

    /// Sends all calls through a proxy, such as `http://user:password@proxy.example:3128`. Default: none; the proxy
    /// variables of the environment are not read.
    ///
    /// `http` and `https` proxies tunnel by `CONNECT`, the latter over TLS to the proxy with the same roots; with
    /// `socks5` names are resolved on this machine, with `socks5h` by the proxy. Without a scheme `http` is meant. User
    /// and password are percent-encoded. If the proxy fails, so does the call: none is sent directly. TLS to the
    /// exchange goes inside of the tunnel. Hosts on this machine go through the proxy too, and without TLS only if the
    /// proxy is on this machine as well.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Sets the hosts that are called without the proxy, separated by commas: names, which include their subdomains,
    /// IP addresses, networks such as `10.0.0.0/8`, or `*` for all. `*.name` means the same as `name`; a port counts for
    /// nothing; white space separates too. Default: none.
    #[must_use]
    pub fn no_proxy(mut self, hosts: impl Into<String>) -> Self {
        self.no_proxy = hosts.into();
        self
    }

    /// Uses this TLS configuration, for instance with a root certificate of your own: a `ClientConfig` of the re-exported
    /// [`rustls`](crate::rustls). Its ALPN list is replaced. Default: the platform's root certificates and the provider
    /// that was compiled in. The same object can be given to the transport.
    #[must_use]
    pub fn tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls_config = Some(config);
        self
    }

    /// Checks the settings and makes the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the proxy or the TLS set-up cannot be used.
    pub fn build(mut self) -> Result<RestTokens, ConfigError> {
        let proxy = self.checked_proxy()?;
        let proxy_needs_tls = proxy.as_ref().is_some_and(RestProxy::needs_tls);
        let tls = match self.tls_config.take() {
            Some(config) => tls::own(config),
            None if proxy_needs_tls || self.hosts.rest_needs_tls() => {
                tls::platform().map_err(or_descriptors)?
            }
            None => tls::trusting_nobody()?,
        };
        let anonymous = proxy.as_ref().map(RestProxy::anonymous).transpose()?;
        let anonymous = anonymous.flatten();
        let anonymous = anonymous.map(|proxy| self.client(tls.clone(), Some(proxy)));
        let for_client = proxy.as_ref().map(RestProxy::for_client).transpose()?;
        let http = Http::new(
            self.client(tls, for_client)?,
            anonymous.transpose()?,
            self.time_limit,
            self.hosts.site_type(),
            proxy,
        );
        Ok(RestTokens::from_builder(self, http))
    }

    /// The proxy, which plaintext must not pass on its way to another machine.
    fn checked_proxy(&self) -> Result<Option<RestProxy>, ConfigError> {
        let Some(url) = &self.proxy else {
            return Ok(None);
        };
        let proxy = RestProxy::new(url, &self.no_proxy)?;
        let mut literals = self
            .hosts
            .all()
            .filter(|address| address.is_https_to_ipv6());
        if let Some(address) = literals.find(|address| proxy.carries(address)) {
            return Err(ConfigError::Ipv6ThroughProxy {
                host: address.host().to_owned(),
                proxy: proxy.to_string(),
            });
        }
        let mut plaintext = self.hosts.all().filter(|address| address.is_plaintext());
        match plaintext.find(|address| proxy.carries(address) && !proxy.is_loopback()) {
            Some(address) => Err(ConfigError::PlaintextThroughProxy {
                host: address.place(),
                proxy: proxy.to_string(),
            }),
            None => Ok(Some(proxy)),
        }
    }

    fn client(
        &self,
        tls: ClientConfig,
        proxy: Option<reqwest::Proxy>,
    ) -> Result<Client, ConfigError> {
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
        if let Some(proxy) = proxy {
            client = client.proxy(proxy);
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

impl fmt::Debug for RestTokensBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestTokensBuilder")
            .field("hosts", &self.hosts)
            .field("pro_authentication", &self.pro_authentication)
            .field("time_limit", &self.time_limit)
            .field("connect_time_limit", &self.connect_time_limit)
            .field("has_proxy", &self.proxy.is_some())
            .field("no_proxy", &self.no_proxy)
            .finish_non_exhaustive()
    }
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The proxy is no plain URL of a kind that is supported: correct it. Its URL may hold a password and is not shown.
    #[error(
        "the proxy is no plain http, https, socks5 or socks5h URL; write it as http://user:password@host:port, \
             with special characters percent-encoded"
    )]
    Proxy,
    /// A host without TLS would be called through a proxy on another machine: use a proxy on this machine, `https`, or
    /// [`no_proxy`](RestTokensBuilder::no_proxy).
    #[error(
        "{host} is plaintext and cannot pass the proxy {proxy} on another machine; \
             use a proxy on this machine, or leave the host out of the proxy"
    )]
    PlaintextThroughProxy {
        /// The host, which is on this machine.
        host: String,
        /// The proxy's host and port.
        proxy: String,
    },
    /// The HTTP client makes no TLS to an IPv6 address behind a proxy: set the host by its name, or leave it out of the
    /// proxy by [`no_proxy`](RestTokensBuilder::no_proxy).
    #[error(
        "{host} is an IPv6 address, which REST calls cannot reach through the proxy {proxy}; \
             set the host by its name, or leave it out of the proxy"
    )]
    Ipv6ThroughProxy {
        /// The address.
        host: String,
        /// The proxy's host and port.
        proxy: String,
    },
    /// No cryptography is compiled in: enable the feature `tls-ring` or `tls-aws-lc`, or bring a configuration
    /// with [`tls_config`](RestTokensBuilder::tls_config).
    #[error(
        "no cryptography for TLS is compiled in: enable the feature `tls-ring` or `tls-aws-lc`"
    )]
    NoTlsProvider,
    /// No root certificates were found: install `ca-certificates`, correct the variables that are set, such as
    /// `SSL_CERT_FILE=/path`, or bring a configuration with [`tls_config`](RestTokensBuilder::tls_config).
    #[error("TLS cannot be set up: no root certificates found{}", in_parentheses(.0))]
    NoRoots(Vec<String>),
    /// TLS cannot be set up: see the cause, or bring a configuration with
    /// [`tls_config`](RestTokensBuilder::tls_config).
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be made: see the cause.
    #[error("the HTTP client cannot be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What is set, if anything is.
fn in_parentheses(set: &[String]) -> String {
    match set {
        [] => String::new(),
        set => format!(" ({})", set.join(", ")),
    }
}

impl ConfigError {
    /// What the user can do about it, in a few words; `None` if the error or its cause says it.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::NoRoots(set) if set.is_empty() => Some(
                "install the root certificates of the system (package `ca-certificates`), or name a file of them in \
                 SSL_CERT_FILE",
            ),
            Self::NoRoots(_) => Some(
                "correct what is set, or unset it and install the system's root certificates (package \
                 `ca-certificates`)",
            ),
            Self::Tls(_)
            | Self::Proxy
            | Self::PlaintextThroughProxy { .. }
            | Self::Ipv6ThroughProxy { .. }
            | Self::NoTlsProvider
            | Self::Client(_) => None,
        }
    }
}
