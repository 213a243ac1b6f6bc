//! One HTTP call: what is sent, what is refused before it is read, and how its failures are told apart.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use kucoin_streams_core::redact::{Redactor, excerpt};
use kucoin_streams_core::{causes, lacks_descriptors};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Method, Response, Url};
use zeroize::Zeroizing;

use super::address::Address;
use super::error::TokenError;
use super::proxy::{self, ProxyFailure, RestProxy, call_causes};
use crate::SignedRequest;

/// The most that is read of a reply; a token reply has less than two kilobytes.
pub(super) const LONGEST_REPLY: usize = 64 * 1024;
/// KuCoin counts requests in windows of seconds: a shorter hint is rounded up.
const SHORTEST_HINT: Duration = Duration::from_secs(1);

/// The headers of KuCoin's that may be seen in a log.
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
    /// For a SOCKS5 proxy that asks for no user and password though its URL has them.
    anonymous: Option<Client>,
    time_limit: Duration,
    site_type: Option<&'static str>,
    proxy: Option<RestProxy>,
}

/// A whole reply within the limits. Its body may hold a token: zeroed when dropped.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
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

    /// The host of an address for errors, with the proxy if its calls go through one.
    pub(super) fn name_of(&self, address: &Address) -> String {
        let host = address.place();
        match self.proxy_of(address) {
            Some(proxy) => format!("{host} through the proxy {proxy}"),
            None => host,
        }
    }

    fn proxy_of(&self, address: &Address) -> Option<&RestProxy> {
        let proxy = self.proxy.as_ref();
        proxy.filter(|proxy| proxy.carries(address))
    }

    /// Sends a signed POST without a body.
    pub(super) async fn post(
        &self,
        address: &Address,
        path: &str,
        signed: &SignedRequest,
    ) -> Result<Reply, TokenError> {
        let mut headers = HeaderMap::with_capacity(12);
        for (name, value) in signed.headers() {
            let mut header =
                HeaderValue::from_str(value).map_err(|_| TokenError::UnusableHeader { name })?;
            header.set_sensitive(!PLAIN_HEADERS.contains(&name));
            headers.insert(name, header);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        self.send(Method::POST, address, path, headers).await
    }

    /// Sends an unsigned GET.
    pub(super) async fn get(&self, address: &Address, path: &str) -> Result<Reply, TokenError> {
        self.send(Method::GET, address, path, HeaderMap::new())
            .await
    }

    async fn send(
        &self,
        method: Method,
        address: &Address,
        path: &str,
        mut headers: HeaderMap,
    ) -> Result<Reply, TokenError> {
        if let Some(site) = self.site_type {
            headers.insert("X-SITE-TYPE", HeaderValue::from_static(site));
        }
        let send = |client: &Client| {
            let request = client.request(method.clone(), address.join(path));
            request.headers(headers.clone()).send()
        };
        let mut sent = send(&self.client).await;
        if let (Err(error), Some(anonymous)) = (&sent, &self.anonymous)
            && proxy::takes_no_user(error)
        {
            sent = send(anonymous).await;
        }
        let mut response = sent.map_err(|error| self.failure(address, error))?;
        let body = self.body(address, &mut response).await?;
        Ok(Reply {
            status: response.status().as_u16(),
            retry_after: retry_after(response.headers()),
            redirect_target: redirect_target(&response),
            body,
        })
    }

    async fn body(
        &self,
        address: &Address,
        response: &mut Response,
    ) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let too_long = || TokenError::ReplyTooLong {
            host: self.name_of(address),
            limit: LONGEST_REPLY,
        };
        let announced = response.content_length().unwrap_or(0);
        if announced > LONGEST_REPLY as u64 {
            return Err(too_long());
        }
        // Room for a usual reply at once: a buffer that grows leaves copies of a token behind.
        let mut body = Zeroizing::new(Vec::with_capacity(8 * 1024));
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.failure(address, error))?
        {
            if body.len() + chunk.len() > LONGEST_REPLY {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The URL is taken out of every error; the variant is decided by types, never by text.
    fn failure(&self, address: &Address, error: reqwest::Error) -> TokenError {
        let host = self.name_of(address);
        let (is_connect, is_timeout) = (error.is_connect(), error.is_timeout());
        let tls = tls_fault(&error);
        let proxy = self.proxy_of(address).filter(|_| is_connect);
        let at_proxy = proxy.and_then(|_| ProxyFailure::of(&error));
        let not_resolved =
            call_causes(&error).find_map(|cause| cause.downcast_ref::<NotResolved>());
        let not_resolved = not_resolved.map(|error| error.host.clone());
        // TLS to a host without TLS can only be TLS to the proxy.
        let is_before_proxy =
            matches!(at_proxy, Some(ProxyFailure::Unreachable)) || address.is_plaintext();
        let tls_host = match proxy.filter(|_| is_before_proxy) {
            Some(proxy) => format!("the proxy {proxy}"),
            None => host.clone(),
        };
        let source = Box::new(RootCause {
            words: at_proxy.as_ref().and_then(ProxyFailure::words),
            error: error.without_url(),
        });
        if let Some(host) = not_resolved {
            TokenError::NotResolved { host, source }
        } else if tls == Some(TlsFault::Certificate) {
            TokenError::Certificate {
                host: tls_host,
                source,
            }
        } else if tls == Some(TlsFault::NotTls) && is_connect {
            TokenError::NotTls { host: tls_host }
        } else if at_proxy == Some(ProxyFailure::Authentication) {
            TokenError::ProxyAuthentication { host }
        } else if let Some(proxy) = proxy {
            let (host, proxy) = (address.place(), proxy.to_string());
            TokenError::Proxy {
                host,
                proxy,
                source,
            }
        } else if is_connect {
            TokenError::Unreachable { host, source }
        } else if is_timeout {
            let limit = self.time_limit;
            TokenError::TimedOut { host, limit }
        } else {
            TokenError::Interrupted { host, source }
        }
    }
}

/// How long the server asked to wait: `gw-ratelimit-reset` in milliseconds or `Retry-After` in seconds, the
/// longer of the two. A date in `Retry-After` is not read, as it would trust the clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let reset = number("gw-ratelimit-reset").map(Duration::from_millis);
    let retry = number(RETRY_AFTER.as_str()).map(Duration::from_secs);
    reset.max(retry).map(|hint| hint.max(SHORTEST_HINT))
}

/// The host that a redirect leads to; its path and query may carry anything and are left out.
fn redirect_target(response: &Response) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let target: Url = response.url().join(location).ok()?;
    let host = target.host_str()?;
    Some(Redactor::default().words(host))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TlsFault {
    Certificate,
    /// What answered a handshake is no TLS.
    NotTls,
}

/// What TLS failed by, if a user can change it: rustls's own error is inside the I/O errors around it.
fn tls_fault(error: &(dyn Error + 'static)) -> Option<TlsFault> {
    use rustls::Error::{InvalidCertificate, InvalidMessage, NoCertificatesPresented};
    match causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>())? {
        InvalidCertificate(_) | NoCertificatesPresented => Some(TlsFault::Certificate),
        InvalidMessage(_) => Some(TlsFault::NotTls),
        _ => None,
    }
}

/// An error of reqwest with the text of its last cause: each layer above says only that a request failed.
#[derive(Debug)]
struct RootCause {
    /// Better words than those of the last cause.
    words: Option<String>,
    error: reqwest::Error,
}

impl RootCause {
    fn last(&self) -> &(dyn Error + 'static) {
        call_causes(&self.error).last().unwrap_or(&self.error)
    }
}

impl fmt::Display for RootCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.words {
            Some(words) => f.write_str(words),
            None => write!(f, "{}", self.last()),
        }
    }
}

impl Error for RootCause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.words.is_none().then(|| self.last())
    }
}

/// The error of the operating system if it opens nothing more. A failed look-up or a lack of root certificates does not
/// say that this is the cause.
pub(super) fn descriptor_shortage() -> Option<io::Error> {
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0));
    socket.err().filter(|error| lacks_descriptors(error))
}

/// Resolves names as tokio does, with an error that can be recognised by its type.
#[derive(Debug)]
pub(super) struct SystemResolver;

/// A name that cannot be resolved.
#[derive(Debug, thiserror::Error)]
#[error("{host} cannot be resolved")]
struct NotResolved {
    host: String,
    #[source]
    source: io::Error,
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // For a SOCKS5 proxy the HTTP client asks for addresses too, with their brackets.
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

    fn hint(pairs: &[(&'static str, &'static str)]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        retry_after(&headers)
    }

    #[test]
    fn the_longer_hint_of_the_two_is_taken() {
        assert_eq!(
            hint(&[("gw-ratelimit-reset", "2500")]),
            Some(Duration::from_millis(2500))
        );
        assert_eq!(hint(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        let both = [("gw-ratelimit-reset", "2500"), ("retry-after", "7")];
        assert_eq!(hint(&both), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_hint_that_is_no_number_is_no_hint() {
        assert_eq!(hint(&[]), None);
        assert_eq!(
            hint(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]),
            None
        );
        assert_eq!(hint(&[("gw-ratelimit-reset", "-5")]), None);
    }

    #[test]
    fn a_hint_is_at_least_a_second() {
        assert_eq!(hint(&[("gw-ratelimit-reset", "3")]), Some(SHORTEST_HINT));
    }
}
