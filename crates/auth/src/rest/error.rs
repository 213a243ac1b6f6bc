//! Why there is no connection token, and how each reason is to be taken.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use kucoin_streams_core::{RetryPolicy, SourceError, WsKey, with_code};

use super::HostRole;
use crate::SignError;

const CHECK_NETWORK: &str = "check the network, and whether a firewall drops the packets";

type Cause = Box<dyn Error + Send + Sync>;

/// Why there is no connection token.
///
/// [`class`](TokenError::class) says whether to retry, wait or stop; it is decided by the variant. No text in it
/// holds a secret, a token, a signature or the query of a URL. A host is named with its port unless that is the usual one.
/// If a call goes through a proxy, the proxy's host and port follow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// A host was set to another place than KuCoin's, and one that this connection uses was not: set it, too, with the
    /// method of [`Hosts`](super::Hosts) that [`HostRole`] names. KuCoin's own host is not used then, as a token or a
    /// signed request would go where it was not meant to.
    #[error("{missing} is not set: KuCoin's {host} is not used while {other} is {other_host}")]
    HostNotSet {
        /// Which host is not set.
        missing: HostRole,
        /// KuCoin's host, which is not used.
        host: String,
        /// Which host was set.
        other: HostRole,
        /// What it was set to.
        other_host: String,
    },
    /// A Pro V2 connection would take its token from this machine to another, or the other way round: set both hosts
    /// to the same exchange.
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
    /// The name of the host, or of the proxy, cannot be resolved: try again; check the name and the DNS resolver.
    #[error("the host name {host} cannot be resolved")]
    NotResolved {
        /// The name.
        host: String,
        /// What went wrong.
        #[source]
        source: Cause,
    },
    /// No connection to the host comes about: try again; check the network, and the host if you have set one.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// The REST host.
        host: String,
        /// What went wrong.
        #[source]
        source: Cause,
    },
    /// The host's certificate is not trusted: a captive portal, a proxy that reads along, missing root
    /// certificates, or a wrong clock. It is never ignored.
    #[error("the certificate of {host} is not trusted")]
    Certificate {
        /// The REST host.
        host: String,
        /// What is wrong with it.
        #[source]
        source: Cause,
    },
    /// What answered at a host or a proxy does not speak TLS: try again, as a captive portal passes; check the scheme and
    /// the port of its URL.
    #[error("{host} does not speak TLS")]
    NotTls {
        /// The REST host, or the proxy.
        host: String,
    },
    /// The whole reply was not there in time: try again; raise the time where the network is slow.
    #[error("{host} sent no complete reply within {limit:?}")]
    TimedOut {
        /// The REST host.
        host: String,
        /// The time allowed, from the connection to the last byte.
        limit: Duration,
    },
    /// The connection broke before the reply was whole: try again.
    #[error("the connection to {host} broke before the reply was complete")]
    Interrupted {
        /// The REST host.
        host: String,
        /// What went wrong.
        #[source]
        source: Cause,
    },
    /// The host redirects. A redirect is never followed, since it would carry the signed headers elsewhere: set
    /// the host that is meant.
    #[error("{host} redirects to {target} (status {status}); redirects are never followed")]
    UnexpectedRedirect {
        /// The REST host.
        host: String,
        /// The host that it redirects to, with anything like a token redacted.
        target: String,
        /// The HTTP status.
        status: u16,
    },
    /// The proxy gave no connection to the host, and none was made without it: try again; check that the proxy runs, its
    /// host and port, and that it lets this host through.
    #[error("no connection to {host} through the proxy {proxy}")]
    Proxy {
        /// The REST host.
        host: String,
        /// The proxy's host and port.
        proxy: String,
        /// What went wrong.
        #[source]
        source: Cause,
    },
    /// A proxy asks for a user and a password, or does not accept those of its URL (407, or the same in SOCKS5): correct
    /// them in the URL of the proxy.
    #[error(
        "no connection to {host}: the proxy asks for a user and a password, or does not accept those of its URL"
    )]
    ProxyAuthentication {
        /// The REST host.
        host: String,
    },
    /// The reply is longer than any token reply: something else answers in KuCoin's place. Try again.
    #[error("the reply of {host} is longer than {limit} bytes, so it is not KuCoin's")]
    ReplyTooLong {
        /// The REST host.
        host: String,
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// The reply is not one of KuCoin's: a page, a part, or a token reply without a token. Try again.
    #[error("the reply of {host} is not KuCoin's (status {status}): {excerpt}")]
    Unreadable {
        /// The REST host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the reply, escaped and with anything like a token redacted.
        excerpt: String,
    },
    /// A firewall, a CDN or another server refuses (4xx) in KuCoin's place: try again, as such blocks pass within
    /// minutes. If it stays, check the host and the network's address.
    #[error(
        "a firewall or CDN in front of {host} refused the request (status {status}): {excerpt}"
    )]
    Blocked {
        /// The REST host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the reply, escaped and with anything like a token redacted.
        excerpt: String,
    },
    /// KuCoin has a fault of its own (500000, 100002, 230005, 300000, or status 5xx): try again.
    #[error("{host} reports an error of its own (status {status}{})", with_code_between(", code ", .code, ""))]
    ServerFault {
        /// The REST host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// KuCoin's code, if it gave one.
        code: Option<String>,
    },
    /// Too many requests (429, 429000, 200002, 1015): wait for as long as it says, or the usual backoff. No request is
    /// sent before that time has passed.
    #[error("KuCoin refused the request as too many{}; {}", with_code_between(" (code ", .code, ")"), wait(.retry_after))]
    Throttled {
        /// How long KuCoin asked to wait.
        retry_after: Option<Duration>,
        /// KuCoin's code, if it gave one.
        code: Option<String>,
    },
    /// A signed header was missing for KuCoin (400001): something on the way removes headers, or it is an error
    /// of this library.
    #[error("KuCoin received the request without a signed header: {0}")]
    HeaderMissing(TokenRefusal),
    /// The timestamp is refused (400002) though the exchange's clock was measured just before: the network is
    /// slower than the five seconds that KuCoin allows, or the clock jumps. Try again; set the clock.
    #[error(
        "KuCoin refused the timestamp (code 400002); its clock is {offset_ms} ms ahead of this machine's"
    )]
    ClockSkew {
        /// Milliseconds that the exchange is ahead of this machine.
        offset_ms: i64,
    },
    /// The key is unknown (400003), the passphrase is wrong (400004), or the secret is (400005): correct the
    /// credentials. KuCoin locks out who tries on.
    #[error("KuCoin refused the credentials: {0}")]
    Credentials(TokenRefusal),
    /// The key may not be used from this network address (400006): add the address to the key's list.
    #[error("KuCoin does not allow the key from this network address: {0}")]
    AddressNotAllowed(TokenRefusal),
    /// The key lacks a permission (400007) or is not this user's (400010): give it the `General` permission.
    #[error("KuCoin refused the key's permission: {0}")]
    Permission(TokenRefusal),
    /// The version of the key is refused (400008, 400009): make a new key, or set the version that it has.
    #[error("KuCoin refused the key's version: {0}")]
    KeyVersion(TokenRefusal),
    /// The broker partner or its signature is refused (400200 to 400202): correct it or leave it out.
    #[error("KuCoin refused the broker partner: {0}")]
    Partner(TokenRefusal),
    /// KuCoin does not serve this region or this account's verification (4003xx): nothing to retry.
    #[error("KuCoin does not serve this account or region: {0}")]
    Region(TokenRefusal),
    /// The account is frozen (411100, 411200): ask KuCoin.
    #[error("KuCoin has frozen the account: {0}")]
    AccountFrozen(TokenRefusal),
    /// A code that this version does not know: try again, as it may pass; if it stays, read KuCoin's text.
    #[error("KuCoin refused the request: {0}")]
    UnknownCode(TokenRefusal),
    /// The reply names no server that can be dialled: try again. If it stays, KuCoin has changed its replies.
    #[error("the token reply of {host} names no server that can be dialled")]
    NoServers {
        /// The REST host.
        host: String,
    },
    /// The reply names a server that is not the exchange's; the token was not sent to it. Where it is a gateway
    /// of your own, trust it with [`Hosts::with_trusted_suffix`](super::Hosts::with_trusted_suffix).
    #[error("the token reply of {host} names the server {server}, which is not trusted")]
    UntrustedEndpoint {
        /// The REST host.
        host: String,
        /// The host that it names, with anything like a token redacted.
        server: String,
    },
    /// The signer gave something that cannot be the value of a header: correct the signer.
    #[error("the signer's value of {name} cannot be sent as a header")]
    UnusableHeader {
        /// The header's name.
        name: &'static str,
    },
    /// The signer gave no signature.
    #[error("the token request is not signed")]
    Sign(#[from] SignError),
    /// The connection is one that this version fetches no tokens for.
    #[error("this version fetches no tokens for {0}")]
    UnknownConnection(WsKey),
}

/// A refusal in KuCoin's words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRefusal {
    /// KuCoin's code, such as `400005` (reply field `code`).
    pub code: String,
    /// KuCoin's text (reply field `msg`), escaped, shortened, and with anything like a token redacted.
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

/// KuCoin's code between two texts; nothing if there is none.
fn with_code_between(before: &str, code: &Option<String>, after: &str) -> String {
    let code = code.as_ref();
    code.map_or_else(String::new, |code| format!("{before}{code}{after}"))
}

fn wait(retry_after: &Option<Duration>) -> String {
    match retry_after {
        Some(time) => format!("the next is allowed in {time:?}"),
        None => "wait before the next".to_owned(),
    }
}

impl TokenError {
    /// How the error is to be taken. Only KuCoin's own refusal ends a connection that was live.
    pub fn class(&self) -> RetryPolicy {
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
            | Self::UnknownConnection(_) => Fatal,
            Self::Sign(error) if error.is_retryable() => Transient,
            Self::Sign(_) => Fatal,
        }
    }

    /// True if another try may succeed with nothing changed.
    pub fn is_retryable(&self) -> bool {
        self.class().is_retryable()
    }

    /// What the user can do about it, in a few words; `None` if only time helps, or the cause says it.
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
            Self::Certificate { .. } => {
                "check this machine's clock and root certificates (package `ca-certificates`), and whether a captive \
                 portal or a proxy intercepts TLS"
            }
            // A refused connection says more than one that merely takes too long.
            Self::Unreachable { source, .. } => {
                let by_cause = kucoin_streams_core::remedy(&**source, None);
                by_cause.unwrap_or(CHECK_NETWORK)
            }
            Self::NotTls { .. } => "check the scheme and the port of its URL",
            Self::TimedOut { .. } => CHECK_NETWORK,
            Self::Proxy { .. } => {
                "check that the proxy runs, its scheme, host and port, and that it allows this host"
            }
            Self::UnexpectedRedirect { .. } => {
                "log in if the network has a captive portal; else set the host that is meant"
            }
            Self::ProxyAuthentication { .. } => {
                "correct the user and the password in the proxy's URL"
            }
            Self::Blocked { .. } => {
                "if it stays, check the host and whether KuCoin serves this network address"
            }
            Self::HeaderMissing(_) => "check whether a proxy removes headers of the request",
            Self::ClockSkew { .. } => "synchronize this machine's clock",
            Self::Credentials(refusal) => match refusal.code.as_str() {
                "400003" => "check the API key, and that it is a key of this region",
                "400004" => {
                    "check the API passphrase, which was chosen when the key was created, and the API secret, which signs it"
                }
                _ => "check the API secret",
            },
            Self::AddressNotAllowed(_) => "add this machine's public address to the key's IP list",
            Self::Permission(_) => "give the key the permission `General`",
            Self::KeyVersion(_) => "set the version of the key, or create a new key",
            Self::Partner(_) => "correct the partner's name and key, or leave the partner out",
            Self::AccountFrozen(_) => "contact KuCoin's support",
            Self::UntrustedEndpoint { .. } => {
                "if it is a gateway of your own, add its domain to the trusted suffixes of the hosts"
            }
            _ => return None,
        })
    }

    /// The hosts that the text names, and that no server named.
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

    /// The code that KuCoin answered with, if it did.
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

/// Class, code, text, hosts, remedy and cause are carried over.
impl From<TokenError> for SourceError {
    fn from(error: TokenError) -> Self {
        let mut carried = SourceError::new(error.class(), error.to_string());
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
    fn remedy_of_an_unreachable_host_follows_the_cause() {
        let unreachable = |source: Cause| TokenError::Unreachable {
            host: "host".to_owned(),
            source,
        };
        let check = |source: Cause, words: &str| {
            let error = SourceError::from(unreachable(source));
            let remedy = error.remedy().unwrap();
            assert!(remedy.contains(words), "{remedy}");
        };
        check(Error::from(ErrorKind::ConnectionRefused).into(), "the port");
        check(Error::from(ErrorKind::NetworkUnreachable).into(), "routes");
        check("operation timed out".into(), "drops the packets");
        #[cfg(unix)]
        check(Error::from_raw_os_error(24).into(), "`ulimit -n`");
    }
}
