//! Errors of fetching a connection token, and what to do about them.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use kucoin_streams_core::{RetryPolicy, SourceError, WsKey, with_code};

use super::HostRole;
use super::address::Address;
use super::http::RootCause;
use crate::SignError;

const CHECK_NETWORK: &str = "check the network, and whether a firewall drops the packets";

type Cause = Box<dyn Error + Send + Sync>;

/// Error of fetching a connection token, or of another signed request.
///
/// [`retry_policy`](TokenError::retry_policy) says whether to retry, wait or stop; it does not depend on texts. No text
/// contains a secret, a signature or the query of a URL, and anything that looks like a token is redacted in texts from
/// a server. A host is shown with its port unless it is the default port. If a proxy is used, the proxy's host and port
/// follow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// A host that this connection needs is not set, but another host is set outside the region.
    ///
    /// Set the missing host too, with the method that its [`HostRole`] names. The region's own host is not used in this
    /// case, so no token or signed request goes to an unintended exchange.
    #[error("{missing} is not set: KuCoin's {host} is not used while {other} is {other_host}")]
    HostNotSet {
        /// The host that is not set.
        missing: HostRole,
        /// KuCoin's default for the missing host, which is not used.
        host: String,
        /// The host that is set.
        other: HostRole,
        /// The value of the host that is set.
        other_host: String,
    },
    /// Only one of the two hosts of a Pro V2 connection is on this machine.
    ///
    /// A token would go from one exchange to another. Set both hosts to the same exchange.
    #[error(
        "the spot REST host {rest} and the Pro V2 WebSocket host {web_socket} do not belong together: \
             only one of them is on this machine; set both to the same exchange"
    )]
    HostsMixed {
        /// The spot REST host.
        rest: String,
        /// The Pro V2 WebSocket host.
        web_socket: String,
    },
    /// The name of the host cannot be resolved. Try again; check the name and the DNS resolver.
    ///
    /// If a proxy is used, the error is [`TokenError::Proxy`].
    #[error("the host name {host} cannot be resolved")]
    NotResolved {
        /// The host name.
        host: String,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// The connection to the host failed. Try again; check the network, and the host if you set one.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// The REST host.
        host: String,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// The certificate of the host or of an HTTPS proxy is not trusted, so the connection is refused.
    ///
    /// Check for a captive portal, a proxy that intercepts TLS, missing root certificates, or a wrong clock.
    #[error("the certificate of {host} is not trusted")]
    Certificate {
        /// The REST host, or the proxy.
        host: String,
        /// The problem with the certificate.
        #[source]
        source: Cause,
    },
    /// The host or the proxy does not speak TLS. Try again, since it may be a captive portal.
    ///
    /// Check the scheme and the port of the URL.
    #[error("{host} does not speak TLS")]
    NotTls {
        /// The REST host, or the proxy.
        host: String,
    },
    /// The reply was not complete in time. Try again; increase the timeout if the network is slow.
    #[error("{host} sent no complete reply within {limit:?}")]
    TimedOut {
        /// The REST host.
        host: String,
        /// The timeout, from connecting to the last byte of the reply.
        limit: Duration,
    },
    /// The connection broke before the reply was complete. Try again.
    #[error("the connection to {host} broke before the reply was complete")]
    Interrupted {
        /// The REST host.
        host: String,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// The host redirects to another one. Set the correct host.
    ///
    /// A redirect is never followed, because it would send the signed headers to another server.
    #[error("{host} redirects to {target} (status {status}); redirects are never followed")]
    UnexpectedRedirect {
        /// The REST host.
        host: String,
        /// The target host of the redirect, with anything that looks like a token redacted.
        target: String,
        /// The HTTP status.
        status: u16,
    },
    /// The proxy did not connect to the host; no direct connection was made.
    ///
    /// Try again; check that the proxy runs, its host and port, and that it allows this host. If a host name cannot be
    /// resolved, the source names it.
    #[error("no connection to {host} through the proxy {proxy}")]
    Proxy {
        /// The REST host.
        host: String,
        /// The proxy's host and port.
        proxy: String,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// The proxy requires a user and a password, or refuses those of its URL. Correct the proxy URL.
    ///
    /// An HTTP proxy answers with status 407; SOCKS5 has its own refusal.
    #[error(
        "no connection to {host}: the proxy requires a user and a password, or refuses those of its URL"
    )]
    ProxyAuthentication {
        /// The REST host.
        host: String,
    },
    /// The reply is longer than the limit. Try again, since another server may have answered instead of KuCoin.
    #[error("the reply of {host} is longer than the limit of {limit} bytes")]
    ReplyTooLong {
        /// The REST host.
        host: String,
        /// The maximum length of a reply, in bytes.
        limit: usize,
    },
    /// The reply is not in KuCoin's format. Try again.
    ///
    /// It is an HTML page, truncated JSON, or a token reply without a token.
    #[error("the reply of {host} is not in KuCoin's format (status {status}): {excerpt}")]
    Unreadable {
        /// The REST host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the reply, escaped, with anything that looks like a token redacted.
        excerpt: String,
    },
    /// A firewall, a CDN or another server in front of KuCoin refused the request (4xx). Try again.
    ///
    /// A block often ends within minutes. If it persists, check the host and this machine's public address.
    #[error(
        "a firewall or CDN in front of {host} refused the request (status {status}): {excerpt}"
    )]
    Blocked {
        /// The REST host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the reply, escaped, with anything that looks like a token redacted.
        excerpt: String,
    },
    /// KuCoin has an internal error (500000, 100002, 230005, 300000, or status 5xx). Try again.
    #[error("{host} reports an internal error (status {status}{})", with_code_between(", code ", .code, ""))]
    ServerFault {
        /// The REST host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// KuCoin's code; `None` if the reply has none.
        code: Option<String>,
    },
    /// KuCoin's rate limit is reached (429, 429000, 200002, 1015). Wait for `retry_after`.
    ///
    /// If `retry_after` is `None`, use a normal backoff. Until `retry_after` has passed, but at most for five minutes,
    /// fetching a token fails without sending a request.
    #[error("KuCoin's rate limit is reached{}; {}", with_code_between(" (code ", .code, ")"), wait(.retry_after))]
    Throttled {
        /// How long KuCoin asks to wait; `None` if KuCoin does not say.
        retry_after: Option<Duration>,
        /// KuCoin's code; `None` if the reply has none, or if no request was sent.
        code: Option<String>,
    },
    /// KuCoin received the request without a signed header (400001).
    ///
    /// A proxy may have removed it; otherwise this is a bug in this library.
    #[error("KuCoin received the request without a signed header: {0}")]
    HeaderMissing(TokenRefusal),
    /// KuCoin refused the timestamp (400002) right after the server's clock was measured.
    ///
    /// The network delay is more than the five seconds that KuCoin allows, or the clock jumps. Try again; synchronize
    /// the clock.
    #[error(
        "KuCoin refused the timestamp (code 400002); its clock is {}",
        clock_difference(*.offset_ms)
    )]
    ClockSkew {
        /// How many milliseconds the server's clock is ahead of this machine's; negative if it is behind.
        offset_ms: i64,
    },
    /// The key is unknown (400003), or the passphrase (400004) or the secret (400005) is wrong.
    ///
    /// Correct the credentials before you try again: KuCoin blocks repeated attempts.
    #[error("KuCoin refused the credentials: {0}")]
    Credentials(TokenRefusal),
    /// The key may not be used from this IP address (400006). Add the address to the key's IP list.
    #[error("KuCoin does not allow the key from this IP address: {0}")]
    AddressNotAllowed(TokenRefusal),
    /// The key lacks a permission (400007) or does not belong to this user (400010).
    ///
    /// Give the key the `General` permission.
    #[error("KuCoin refused the request for lack of permission: {0}")]
    Permission(TokenRefusal),
    /// The version of the key is refused (400008, 400009).
    ///
    /// Set the version of this key, or create a new key.
    #[error("KuCoin refused the version of the key: {0}")]
    KeyVersion(TokenRefusal),
    /// The broker partner or its signature is refused (400200 to 400202).
    ///
    /// Correct the partner, or leave it out.
    #[error("KuCoin refused the broker partner: {0}")]
    Partner(TokenRefusal),
    /// KuCoin does not serve this region, or this account's verification level (4003xx).
    ///
    /// A retry does not help.
    #[error("KuCoin does not serve this account or region: {0}")]
    Region(TokenRefusal),
    /// The account is frozen (411100, 411200). Contact KuCoin's support.
    #[error("KuCoin has frozen the account: {0}")]
    AccountFrozen(TokenRefusal),
    /// KuCoin refused with a code that this version does not know. Try again.
    ///
    /// If it persists, read KuCoin's message.
    #[error("KuCoin refused the request: {0}")]
    UnknownCode(TokenRefusal),
    /// The reply contains no server that can be dialled. Try again.
    ///
    /// If it persists, KuCoin has changed its replies.
    #[error("the token reply of {host} contains no server that can be dialled")]
    NoServers {
        /// The REST host.
        host: String,
    },
    /// No server in the reply is trusted and uses TLS, so none may receive the token.
    ///
    /// If the server is your own gateway, trust it with
    /// [`Hosts::with_trusted_suffix`](super::Hosts::with_trusted_suffix).
    #[error("the token reply of {host} names the server {server}, which is not trusted")]
    UntrustedEndpoint {
        /// The REST host.
        host: String,
        /// The host of an untrusted server, with anything that looks like a token redacted.
        server: String,
    },
    /// The signer returned a value that cannot be sent as a header. Correct the signer.
    #[error("the signer returned a value for {name} that cannot be sent as a header")]
    UnusableHeader {
        /// The name of the header.
        name: &'static str,
    },
    /// The path of a signed request is not percent-encoded, or has a segment `.` or `..`, so it would be sent changed.
    #[error("the path of the request would be sent in another form than signed; percent-encode it")]
    UnusablePath,
    /// This host serves no REST requests.
    #[error("{0} serves no REST requests")]
    NotRest(HostRole),
    /// The signer returned no signature. See the source.
    #[error("the request could not be signed")]
    Sign(#[from] SignError),
    /// This version cannot fetch tokens for this connection. Update the library.
    #[error("this version cannot fetch tokens for {0}")]
    UnknownConnection(WsKey),
}

/// KuCoin's refusal of a token request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRefusal {
    /// KuCoin's code, such as `400005`: reply field `code`.
    pub code: String,
    /// KuCoin's message: reply field `msg`. Escaped, shortened, and with likely tokens redacted.
    pub message: String,
}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.is_empty() {
            true => write!(f, "code {}", self.code),
            false => f.write_str(&with_code(&self.message, Some(&self.code))),
        }
    }
}

/// Returns KuCoin's code between `before` and `after`; an empty string if there is no code.
fn with_code_between(before: &str, code: &Option<String>, after: &str) -> String {
    let code = code.as_ref();
    code.map_or_else(String::new, |code| format!("{before}{code}{after}"))
}

/// Returns `true` if a host of an error, with its port and proxy if any, is on this machine.
fn is_loopback(host: &str) -> bool {
    let host = host.split(' ').next().unwrap_or_default();
    Address::rest(&format!("https://{host}")).is_ok_and(|address| address.is_loopback())
}

fn proxy_remedy(source: &Cause) -> Option<&'static str> {
    source.downcast_ref().and_then(RootCause::proxy_remedy)
}

fn clock_difference(offset_ms: i64) -> String {
    let direction = if offset_ms < 0 { "behind" } else { "ahead of" };
    format!("{} ms {direction} this machine's", offset_ms.unsigned_abs())
}

fn wait(retry_after: &Option<Duration>) -> String {
    match retry_after {
        Some(time) => format!("the next request is allowed in {time:?}"),
        None => "wait before the next request".to_owned(),
    }
}

impl TokenError {
    /// Returns whether to retry, wait or stop.
    ///
    /// A connection that was live before ends only with [`RetryPolicy::Refused`]; all other errors are retried.
    pub fn retry_policy(&self) -> RetryPolicy {
        use RetryPolicy::{Blocked, Certificate, Fatal, Refused, Throttled, Transient};
        match self {
            Self::NotResolved { .. }
            | Self::Unreachable { .. }
            | Self::NotTls { .. }
            | Self::Proxy { .. }
            | Self::TimedOut { .. }
            | Self::Interrupted { .. }
            | Self::ServerFault { .. }
            | Self::ClockSkew { .. } => Transient,
            Self::Blocked { .. }
            | Self::NoServers { .. }
            | Self::ReplyTooLong { .. }
            | Self::Unreadable { .. }
            | Self::UnknownCode(_) => Blocked,
            Self::Certificate { .. } => Certificate,
            Self::Throttled { retry_after, .. } => Throttled(*retry_after),
            Self::Credentials(_)
            | Self::AddressNotAllowed(_)
            | Self::Permission(_)
            | Self::KeyVersion(_)
            | Self::Partner(_)
            | Self::Region(_)
            | Self::AccountFrozen(_) => Refused,
            Self::HostNotSet { .. }
            | Self::HostsMixed { .. }
            | Self::HeaderMissing(_)
            | Self::UnexpectedRedirect { .. }
            | Self::ProxyAuthentication { .. }
            | Self::UntrustedEndpoint { .. }
            | Self::UnusableHeader { .. }
            | Self::UnusablePath
            | Self::NotRest(_)
            | Self::UnknownConnection(_) => Fatal,
            Self::Sign(error) if error.is_retryable() => Transient,
            Self::Sign(_) => Fatal,
        }
    }

    #[doc(hidden)]
    #[deprecated(note = "renamed to `retry_policy`")]
    pub fn class(&self) -> RetryPolicy {
        self.retry_policy()
    }

    /// Returns `true` if a retry can succeed without a change.
    pub fn is_retryable(&self) -> bool {
        self.retry_policy().is_retryable()
    }

    /// Returns a short remedy for the user; `None` if only time helps, or if the source says it.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::HostNotSet { missing, .. } => match missing {
                HostRole::SpotRest => "set it with `Hosts::with_spot_rest`",
                HostRole::FuturesRest => "set it with `Hosts::with_futures_rest`",
                HostRole::ProWs => "set it with `Hosts::with_pro_ws`",
            },
            Self::NotResolved { .. } => {
                "check the spelling of the host, and this machine's DNS resolver and network"
            }
            Self::Certificate { host, .. } if is_loopback(host) => {
                "check this machine's clock and root certificates (for `exchange --tls FILE`, set SSL_CERT_FILE=FILE), and \
                 whether a captive portal or a proxy intercepts TLS"
            }
            Self::Certificate { .. } => {
                "check this machine's clock and root certificates (package `ca-certificates`), and whether a captive \
                 portal or a proxy intercepts TLS"
            }
            Self::Unreachable { source, .. } => {
                let by_cause = kucoin_streams_core::remedy(&**source, None);
                by_cause.unwrap_or(CHECK_NETWORK)
            }
            Self::NotTls { .. } => "check the scheme and the port of its URL",
            Self::TimedOut { .. } => CHECK_NETWORK,
            Self::Proxy { source, .. } => proxy_remedy(source).unwrap_or(
                "check that the proxy runs, its scheme, host and port, and that it allows this host",
            ),
            Self::Interrupted { source, .. } => return proxy_remedy(source),
            Self::UnexpectedRedirect { .. } => {
                "log in if the network has a captive portal; otherwise set the correct host"
            }
            Self::ProxyAuthentication { .. } => {
                "correct the user and the password in the proxy's URL"
            }
            Self::Blocked { .. } => {
                "if it persists, check the host, and whether KuCoin serves this machine's public address"
            }
            Self::HeaderMissing(_) => "check whether a proxy removes request headers",
            Self::ClockSkew { .. } => "synchronize this machine's clock",
            Self::Credentials(refusal) => match refusal.code.as_str() {
                "400003" => "check the API key, and that it belongs to this region",
                "400004" => {
                    "check the API passphrase, which you chose when you created the key, and the API secret, which signs it"
                }
                _ => "check the API secret",
            },
            Self::AddressNotAllowed(_) => "add this machine's public address to the key's IP list",
            Self::Permission(_) => "give the key the permission `General`",
            Self::KeyVersion(_) => "set the version of the key, or create a new key",
            Self::Region(_) => {
                "use the hosts of the account's region, and check the account's verification at KuCoin"
            }
            Self::Partner(_) => "correct the partner's name and key, or leave the partner out",
            Self::AccountFrozen(_) => "contact KuCoin's support",
            Self::UntrustedEndpoint { .. } => {
                "if it is your own gateway, trust its domain with `Hosts::with_trusted_suffix`"
            }
            _ => return None,
        })
    }

    /// Returns the hosts in the error text that come from the configuration rather than from a server.
    fn hosts(&self) -> Vec<&str> {
        match self {
            Self::HostNotSet {
                host, other_host, ..
            } => vec![host, other_host],
            Self::HostsMixed { rest, web_socket } => vec![rest, web_socket],
            Self::Proxy { host, proxy, .. } => vec![host, proxy],
            Self::NotResolved { host, .. }
            | Self::Unreachable { host, .. }
            | Self::Certificate { host, .. }
            | Self::NotTls { host }
            | Self::TimedOut { host, .. }
            | Self::Interrupted { host, .. }
            | Self::UnexpectedRedirect { host, .. }
            | Self::ProxyAuthentication { host }
            | Self::ReplyTooLong { host, .. }
            | Self::Unreadable { host, .. }
            | Self::Blocked { host, .. }
            | Self::ServerFault { host, .. }
            | Self::NoServers { host }
            | Self::UntrustedEndpoint { host, .. } => vec![host],
            _ => Vec::new(),
        }
    }

    /// Returns KuCoin's code, such as `400005`; `None` if the error has none.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::HeaderMissing(refusal)
            | Self::Credentials(refusal)
            | Self::AddressNotAllowed(refusal)
            | Self::Permission(refusal)
            | Self::KeyVersion(refusal)
            | Self::Partner(refusal)
            | Self::Region(refusal)
            | Self::AccountFrozen(refusal)
            | Self::UnknownCode(refusal) => Some(&refusal.code),
            Self::ClockSkew { .. } => Some("400002"),
            Self::Throttled { code, .. } | Self::ServerFault { code, .. } => code.as_deref(),
            _ => None,
        }
    }
}

/// Converts the error, and keeps its retry policy, code, text, hosts, remedy and source.
impl From<TokenError> for SourceError {
    fn from(error: TokenError) -> Self {
        let mut carried = SourceError::new(error.retry_policy(), error.to_string());
        if let Some(code) = error.code() {
            carried = carried.with_code(code);
        }
        for host in error.hosts() {
            carried = carried.with_host(host);
        }
        if let Some(remedy) = error.remedy() {
            carried = carried.with_remedy(remedy);
        }
        match error {
            TokenError::NotResolved { source, .. }
            | TokenError::Unreachable { source, .. }
            | TokenError::Certificate { source, .. }
            | TokenError::Proxy { source, .. }
            | TokenError::Interrupted { source, .. } => carried.with_source(source),
            TokenError::Sign(source) => carried.with_source(source),
            _ => carried,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn clock_skew_says_ahead_or_behind() {
        let text = |offset_ms| TokenError::ClockSkew { offset_ms }.to_string();
        assert!(text(7_000).ends_with("its clock is 7000 ms ahead of this machine's"));
        assert!(text(-7_000).ends_with("its clock is 7000 ms behind this machine's"));
    }

    #[test]
    fn remedy_for_unreachable_host_depends_on_the_source() {
        let unreachable = |source: Cause| TokenError::Unreachable {
            host: "host".to_owned(),
            source,
        };
        let check = |source: Cause, expected: &str| {
            let error = SourceError::from(unreachable(source));
            let remedy = error.remedy().unwrap();
            assert!(remedy.contains(expected), "{remedy}");
        };
        check(Error::from(ErrorKind::ConnectionRefused).into(), "the port");
        check(Error::from(ErrorKind::NetworkUnreachable).into(), "routes");
        check("operation timed out".into(), "drops the packets");
        #[cfg(unix)]
        check(Error::from_raw_os_error(24).into(), "`ulimit -n`");
    }
}
