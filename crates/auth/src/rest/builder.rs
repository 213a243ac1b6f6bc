//! The builder of `RestTokens`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect, retry};
use rustls::ClientConfig;

use super::http::{Http, SystemResolver, descriptor_shortage};
use super::proxy::RestProxy;
use super::{Hosts, ProAuthentication, RestTokens, tls};
use crate::{DynSign, Sign};

/// A builder for [`RestTokens`], from [`RestTokens::builder`].
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

    /// Sets the hosts of the exchange. Default: [`Hosts::default`], kucoin.com.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Sets how Pro V2 connections authenticate. Default: [`ProAuthentication::Token`].
    #[must_use]
    pub fn pro_authentication(mut self, authentication: ProAuthentication) -> Self {
        self.pro_authentication = authentication;
        self
    }

    /// Sets the timeout of a whole request, from connecting to the last byte of the reply. Default: 10 s.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets the timeout for connecting: name resolution, TCP, proxy and TLS together. Default: 5 s.
    #[must_use]
    pub fn connect_time_limit(mut self, limit: Duration) -> Self {
        self.connect_time_limit = limit;
        self
    }

    /// Sends all requests through a proxy, such as `http://user:password@proxy.example:3128`.
    ///
    /// Default: none. The proxy variables of the environment are not read.
    ///
    /// - Schemes: `http` and `https` (a `CONNECT` tunnel; `https` uses TLS to the proxy, with the same root
    ///   certificates), `socks5` (host names are resolved on this machine) and `socks5h` (host names are resolved by
    ///   the proxy). Without a scheme, it is `http`.
    /// - User and password must be percent-encoded.
    /// - TLS to the exchange runs inside the tunnel. If the proxy fails, the request fails; it is never sent directly.
    /// - Requests to this machine go through the proxy too; without TLS, only if the proxy is on this machine as well.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Sets the hosts that are reached without the proxy, separated by commas or white space.
    ///
    /// Default: none. An entry is a host name, which includes its subdomains (`*.name` is the same as `name`), an IP
    /// address, a network such as `10.0.0.0/8`, or `*` for all hosts. A port is ignored.
    #[must_use]
    pub fn no_proxy(mut self, hosts: impl Into<String>) -> Self {
        self.no_proxy = hosts.into();
        self
    }

    /// Sets the TLS configuration, for example with your own root certificate.
    ///
    /// The type is `ClientConfig` of the re-exported [`rustls`](crate::rustls); the ALPN list is replaced. The
    /// transport can use the same `Arc`. Default: the root certificates of the platform and the crypto provider that
    /// was compiled in.
    #[must_use]
    pub fn tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls_config = Some(config);
        self
    }

    /// Checks the settings and creates the HTTP client. No request is sent yet.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if the proxy, TLS or the HTTP client cannot be set up.
    pub fn build(mut self) -> Result<RestTokens, ConfigError> {
        let proxy = self.checked_proxy()?;
        let proxy_needs_tls = proxy.as_ref().is_some_and(RestProxy::needs_tls);
        let tls = match self.tls_config.take() {
            Some(config) => tls::custom(config),
            None if proxy_needs_tls || self.hosts.rest_needs_tls() => {
                tls::platform().map_err(or_descriptors)?
            }
            None => tls::without_roots()?,
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

    /// Parses the proxy, and refuses one on another machine for a host without TLS.
    fn checked_proxy(&self) -> Result<Option<RestProxy>, ConfigError> {
        let Some(url) = &self.proxy else {
            return Ok(None);
        };
        let proxy = RestProxy::new(url, &self.no_proxy)?;
        let mut literals = self
            .hosts
            .all()
            .filter(|address| address.is_https_to_ipv6());
        if let Some(address) = literals.find(|address| proxy.applies_to(address)) {
            return Err(ConfigError::Ipv6ThroughProxy {
                host: address.host().to_owned(),
                proxy: proxy.to_string(),
            });
        }
        let mut plaintext = self.hosts.all().filter(|address| address.is_plaintext());
        match plaintext.find(|address| proxy.applies_to(address) && !proxy.is_loopback()) {
            Some(address) => Err(ConfigError::PlaintextThroughProxy {
                host: address.host_and_port(),
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
            // Reuse helps for pages and for the retry after a refused timestamp; tokens are fetched minutes to days apart.
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

/// Replaces the error if the process has no file descriptors left.
///
/// Root certificates then look as if they were missing.
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

/// The error for settings that [`RestTokensBuilder::build`] cannot use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The proxy URL is invalid, or its scheme is not supported: correct it.
    ///
    /// The URL may contain a password, so it is not shown.
    #[error(
        "the proxy is not a valid http, https, socks5 or socks5h URL; write it as http://user:password@host:port, \
             with special characters percent-encoded"
    )]
    Proxy,
    /// The proxy is on another machine, but the host has no TLS, so requests would be sent unencrypted.
    ///
    /// Use a proxy on this machine, use `https`, or exclude the host with [`no_proxy`](RestTokensBuilder::no_proxy).
    #[error(
        "{host} has no TLS and cannot be reached through the proxy {proxy} on another machine; \
             use a proxy on this machine, or exclude the host from the proxy"
    )]
    PlaintextThroughProxy {
        /// The host, which is on this machine.
        host: String,
        /// The proxy's host and port.
        proxy: String,
    },
    /// The HTTP client does not support TLS to an IPv6 address through a proxy.
    ///
    /// Set a host name instead, or exclude the host with [`no_proxy`](RestTokensBuilder::no_proxy).
    #[error(
        "{host} is an IPv6 address, which REST requests cannot reach through the proxy {proxy}; \
             use a host name, or exclude the address from the proxy"
    )]
    Ipv6ThroughProxy {
        /// The address.
        host: String,
        /// The proxy's host and port.
        proxy: String,
    },
    /// No TLS crypto provider is compiled in.
    ///
    /// Enable the feature `tls-ring` or `tls-aws-lc`, or set a configuration with
    /// [`tls_config`](RestTokensBuilder::tls_config).
    #[error(
        "no crypto provider for TLS is compiled in: enable the feature `tls-ring` or `tls-aws-lc`"
    )]
    NoTlsProvider,
    /// No root certificates were found. The list has the environment variables that were searched.
    ///
    /// Install `ca-certificates`, correct the variables, such as `SSL_CERT_FILE=/path`, or set a configuration with
    /// [`tls_config`](RestTokensBuilder::tls_config).
    #[error("TLS cannot be set up: no root certificates found{}", in_parentheses(.0))]
    NoRoots(Vec<String>),
    /// TLS cannot be set up: see the source.
    ///
    /// You can set a configuration with [`tls_config`](RestTokensBuilder::tls_config).
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be created: see the source.
    #[error("the HTTP client cannot be created")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Formats a list of set environment variables in parentheses; an empty text if the list is empty.
fn in_parentheses(set: &[String]) -> String {
    match set {
        [] => String::new(),
        set => format!(" ({})", set.join(", ")),
    }
}

impl ConfigError {
    /// Returns a short remedy for the user; `None` if the error or its source already says it.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::NoRoots(set) if set.is_empty() => Some(
                "install the root certificates of the system (package `ca-certificates`), or set SSL_CERT_FILE to a file \
                 with root certificates",
            ),
            Self::NoRoots(_) => Some(
                "correct the variable, or unset it and install the system's root certificates (package `ca-certificates`)",
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
