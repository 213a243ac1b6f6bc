//! HTTP requests: their headers, the size limit of a reply, and the errors.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use kucoin_streams_core::redact::{Redactor, excerpt};
use kucoin_streams_core::{causes, is_out_of_descriptors};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Method, Response, Url};
use zeroize::Zeroizing;

use super::address::Address;
use super::error::TokenError;
use super::proxy::{self, ProxyFailure, RestProxy, call_causes};
use super::request::{Quota, RequestLimits};
use crate::SignedRequest;

/// The maximum length of a token reply, in bytes. It usually has less than 2 KiB.
const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// The shortest wait before a retry: KuCoin counts requests in windows of seconds.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Header with the milliseconds until the next window of the rate limit.
const QUOTA_RESET: &str = "gw-ratelimit-reset";

/// The KuCoin headers that may appear in a log.
const PLAIN_HEADERS: [&str; 5] = [
    "KC-API-TIMESTAMP",
    "KC-API-KEY-VERSION",
    "KC-API-PARTNER",
    "KC-API-PARTNER-VERIFY",
    "KC-BROKER-NAME",
];

#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    /// Client without user and password, if a SOCKS5 proxy does not ask for them; `None` if not needed.
    anonymous: Option<Client>,
    time_limit: Duration,
    site_type: Option<&'static str>,
    proxy: Option<RestProxy>,
}

/// A complete reply. The body may contain a token, so it is zeroed on drop.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) quota: Option<Quota>,
    pub(super) redirect_target: Option<String>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Reply {
    pub(super) fn excerpt(&self) -> String {
        excerpt(&self.body)
    }
}

impl Http {
    pub(super) fn new(
        client: Client,
        anonymous: Option<Client>,
        time_limit: Duration,
        site_type: Option<&'static str>,
        proxy: Option<RestProxy>,
    ) -> Self {
        Self {
            client,
            anonymous,
            time_limit,
            site_type,
            proxy,
        }
    }

    /// Returns the host for errors, with the proxy if one is used.
    pub(super) fn name_of(&self, address: &Address) -> String {
        let host = address.host_and_port();
        match self.proxy_of(address) {
            Some(proxy) => format!("{host} through the proxy {proxy}"),
            None => host,
        }
    }

    fn proxy_of(&self, address: &Address) -> Option<&RestProxy> {
        let proxy = self.proxy.as_ref();
        proxy.filter(|proxy| proxy.applies_to(address))
    }

    /// Returns the limits of a token request.
    pub(super) fn token_limits(&self) -> RequestLimits {
        RequestLimits::new(MAX_TOKEN_BYTES, self.time_limit)
    }

    /// Sends a signed request without a body.
    pub(super) async fn signed(
        &self,
        address: &Address,
        method: Method,
        path: &str,
        signed: &SignedRequest,
        limits: RequestLimits,
    ) -> Result<Reply, TokenError> {
        let mut headers = HeaderMap::with_capacity(12);
        for (name, value) in signed.headers() {
            let mut header =
                HeaderValue::from_str(value).map_err(|_| TokenError::UnusableHeader { name })?;
            header.set_sensitive(!PLAIN_HEADERS.contains(&name));
            headers.insert(name, header);
        }
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        self.send(method, address, path, headers, limits).await
    }

    /// Sends an unsigned GET.
    pub(super) async fn get(&self, address: &Address, path: &str) -> Result<Reply, TokenError> {
        let (headers, limits) = (HeaderMap::new(), self.token_limits());
        self.send(Method::GET, address, path, headers, limits).await
    }

    async fn send(
        &self,
        method: Method,
        address: &Address,
        path: &str,
        mut headers: HeaderMap,
        limits: RequestLimits,
    ) -> Result<Reply, TokenError> {
        if let Some(site) = self.site_type {
            headers.insert("X-SITE-TYPE", HeaderValue::from_static(site));
        }
        let send = |client: &Client| {
            let request = client.request(method.clone(), address.join(path));
            let request = request.headers(headers.clone()).timeout(limits.time);
            request.send()
        };
        let mut sent = send(&self.client).await;
        if let (Err(error), Some(anonymous)) = (&sent, &self.anonymous)
            && proxy::wants_no_credentials(error)
        {
            sent = send(anonymous).await;
        }
        let mut response = sent.map_err(|error| self.failure(address, error, limits))?;
        let body = self.body(address, &mut response, limits).await?;
        Ok(Reply {
            status: response.status().as_u16(),
            retry_after: retry_after(response.headers()),
            quota: quota(response.headers()),
            redirect_target: redirect_target(&response),
            body,
        })
    }

    async fn body(
        &self,
        address: &Address,
        response: &mut Response,
        limits: RequestLimits,
    ) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let too_long = || TokenError::ReplyTooLong {
            host: self.name_of(address),
            limit: limits.bytes,
        };
        let announced = response.content_length().unwrap_or(0);
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced > limits.bytes {
            return Err(too_long());
        }
        // Reserve enough for a token reply: a buffer that grows leaves copies of the token in memory.
        let mut body = Zeroizing::new(Vec::with_capacity(announced.max(8 * 1024)));
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.failure(address, error, limits))?
        {
            if body.len() + chunk.len() > limits.bytes {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Converts an error of the HTTP client, without its URL.
    ///
    /// The error's type decides the variant, not its text.
    fn failure(
        &self,
        address: &Address,
        error: reqwest::Error,
        limits: RequestLimits,
    ) -> TokenError {
        let host = self.name_of(address);
        let (is_connect, is_timeout) = (error.is_connect(), error.is_timeout());
        let tls = tls_problem(&error);
        let not_resolved = not_resolved(&error).map(|error| error.host.clone());
        let proxy = self.proxy_of(address);
        let is_through_proxy = proxy.is_some();
        let proxy = proxy.filter(|_| is_connect || not_resolved.is_some());
        let at_proxy = match (proxy, &not_resolved) {
            (Some(proxy), Some(name)) if proxy.is_named(name) => Some(ProxyFailure::NotResolved),
            (Some(_), Some(_)) => Some(ProxyFailure::TargetNotResolved),
            (Some(_), None) => ProxyFailure::of(&error),
            (None, _) if is_through_proxy => Some(ProxyFailure::Interrupted),
            (None, _) => None,
        };
        // If the host uses no TLS, the TLS error is of the connection to the proxy.
        let is_before_proxy =
            matches!(at_proxy, Some(ProxyFailure::Unreachable)) || address.is_plaintext();
        let tls_host = match proxy.filter(|_| is_before_proxy) {
            Some(proxy) => format!("the proxy {proxy}"),
            None => host.clone(),
        };
        let source = Box::new(RootCause {
            at_proxy: at_proxy.clone(),
            error: error.without_url(),
        });
        if let (Some(host), None) = (not_resolved, proxy) {
            TokenError::NotResolved { host, source }
        } else if tls == Some(TlsProblem::Certificate) {
            TokenError::Certificate {
                host: tls_host,
                source,
            }
        } else if tls == Some(TlsProblem::NotTls) && is_connect {
            TokenError::NotTls { host: tls_host }
        } else if at_proxy == Some(ProxyFailure::Authentication) {
            TokenError::ProxyAuthentication { host }
        } else if let Some(proxy) = proxy {
            let (host, proxy) = (address.host_and_port(), proxy.to_string());
            TokenError::Proxy {
                host,
                proxy,
                source,
            }
        } else if is_connect {
            TokenError::Unreachable { host, source }
        } else if is_timeout {
            let limit = limits.time;
            TokenError::TimedOut { host, limit }
        } else {
            TokenError::Interrupted { host, source }
        }
    }
}

/// Returns how long the server asks to wait; `None` if it does not say.
///
/// It is the longer of `gw-ratelimit-reset` in milliseconds and `Retry-After` in seconds. A date in `Retry-After` is
/// ignored, because the local clock may be wrong.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let reset = number(headers, QUOTA_RESET).map(Duration::from_millis);
    let retry = number(headers, RETRY_AFTER.as_str()).map(Duration::from_secs);
    reset.max(retry).map(|wait| wait.max(MIN_RETRY_AFTER))
}

/// Returns the state of the rate limit pool; `None` if the reply does not have both headers.
fn quota(headers: &HeaderMap) -> Option<Quota> {
    let weights =
        |name| number(headers, name).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let reset = Duration::from_millis(number(headers, QUOTA_RESET)?);
    let quota = Quota::new(weights("gw-ratelimit-remaining")?, reset);
    Some(match weights("gw-ratelimit-limit") {
        Some(limit) => quota.with_limit(limit),
        None => quota,
    })
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Returns the target host of a redirect; `None` if the reply names none.
///
/// Path and query are left out, because they may contain secrets.
fn redirect_target(response: &Response) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let target: Url = response.url().join(location).ok()?;
    let host = target.host_str()?;
    Some(Redactor::default().redact(host))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TlsProblem {
    Certificate,
    /// The server's reply to the TLS handshake is not TLS.
    NotTls,
}

/// Finds the TLS problem in the causes of an I/O error, if it is one that a user can fix.
fn tls_problem(error: &(dyn Error + 'static)) -> Option<TlsProblem> {
    use rustls::Error::{InvalidCertificate, InvalidMessage, NoCertificatesPresented};
    match causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>())? {
        InvalidCertificate(_) | NoCertificatesPresented => Some(TlsProblem::Certificate),
        InvalidMessage(_) => Some(TlsProblem::NotTls),
        _ => None,
    }
}

/// A reqwest error, shown by its root cause.
///
/// The errors above the root cause only say that a request failed.
#[derive(Debug)]
pub(super) struct RootCause {
    /// Failure at the proxy, which may have a better error text; `None` if there is none.
    at_proxy: Option<ProxyFailure>,
    error: reqwest::Error,
}

impl RootCause {
    /// Returns a remedy for the proxy failure; `None` without a proxy or if no special remedy is known.
    pub(super) fn proxy_remedy(&self) -> Option<&'static str> {
        self.at_proxy.as_ref().and_then(ProxyFailure::remedy)
    }

    fn text(&self) -> Option<String> {
        self.at_proxy.as_ref().and_then(ProxyFailure::text)
    }

    fn root(&self) -> &(dyn Error + 'static) {
        match not_resolved(&self.error) {
            Some(error) => error,
            None => call_causes(&self.error).last().unwrap_or(&self.error),
        }
    }
}

impl fmt::Display for RootCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}", self.root()),
        }
    }
}

impl Error for RootCause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.text().is_none().then(|| self.root())
    }
}

/// Returns the operating system's error if the process has no file descriptors left; otherwise `None`.
///
/// A failed DNS lookup or missing root certificates do not show this cause.
pub(super) fn descriptor_shortage() -> Option<io::Error> {
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0));
    socket.err().filter(|error| is_out_of_descriptors(error))
}

/// Resolves names with tokio. Its error has a type of its own, so that it can be recognized.
#[derive(Debug)]
pub(super) struct SystemResolver;

/// The error for a host name that cannot be resolved.
#[derive(Debug, thiserror::Error)]
#[error("{host} cannot be resolved")]
struct NotResolved {
    host: String,
    #[source]
    source: io::Error,
}

fn not_resolved<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e NotResolved> {
    call_causes(error).find_map(|cause| cause.downcast_ref())
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // For a SOCKS5 proxy, the HTTP client also looks up IP addresses, IPv6 ones in brackets.
            let host = name.as_str().trim_matches(['[', ']']).to_owned();
            let resolved = tokio::net::lookup_host((&*host, 0)).await;
            let resolved = resolved.map(|addresses| addresses.collect::<Vec<_>>());
            match resolved {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(error) => {
                    let source = descriptor_shortage().unwrap_or(error);
                    Err(NotResolved { host, source }.into())
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn retry_after_of(pairs: &[(&'static str, &'static str)]) -> Option<Duration> {
        retry_after(&headers(pairs))
    }

    #[test]
    fn quota_needs_remaining_and_reset() {
        let (remaining, reset) = (
            ("gw-ratelimit-remaining", "1987"),
            ("gw-ratelimit-reset", "17250"),
        );
        let expected = Quota::new(1_987, Duration::from_millis(17_250));
        assert_eq!(quota(&headers(&[remaining, reset])), Some(expected));
        let limit = ("gw-ratelimit-limit", "2000");
        let all = quota(&headers(&[remaining, reset, limit]));
        assert_eq!(all, Some(expected.with_limit(2_000)));
        assert_eq!(quota(&headers(&[remaining, limit])), None);
        assert_eq!(quota(&headers(&[limit, reset])), None);
    }

    #[test]
    fn longer_of_the_two_headers_is_used() {
        assert_eq!(
            retry_after_of(&[("gw-ratelimit-reset", "2500")]),
            Some(Duration::from_millis(2500))
        );
        assert_eq!(
            retry_after_of(&[("retry-after", "7")]),
            Some(Duration::from_secs(7))
        );
        let both = [("gw-ratelimit-reset", "2500"), ("retry-after", "7")];
        assert_eq!(retry_after_of(&both), Some(Duration::from_secs(7)));
    }

    #[test]
    fn header_that_is_not_a_number_is_ignored() {
        assert_eq!(retry_after_of(&[]), None);
        assert_eq!(
            retry_after_of(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]),
            None
        );
        assert_eq!(retry_after_of(&[("gw-ratelimit-reset", "-5")]), None);
    }

    #[test]
    fn retry_after_is_at_least_a_second() {
        assert_eq!(
            retry_after_of(&[("gw-ratelimit-reset", "3")]),
            Some(MIN_RETRY_AFTER)
        );
    }
}
