//! Errors of dialling, by stage and cause, and what to do next.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// Error of a failed dial.
///
/// No variant shows the query of the URL, which contains the token. If a server's refusal quotes the query, each quoted
/// part of 8 or more bytes is redacted, and each beginning of a value of 6 or more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is invalid. Correct the configuration.
    ///
    /// If the exchange returned this URL, fetch a new token.
    #[error("the WebSocket URL is invalid: {0}")]
    InvalidUrl(UrlProblem),
    /// The URL is `ws://` to a host that is not this machine. Use `wss://`.
    #[error("ws:// is allowed to this machine only; use wss://")]
    Plaintext,
    /// The host name cannot be resolved. Try again later; if it persists, check the name.
    #[error("the host name cannot be resolved")]
    Dns(#[source] io::Error),
    /// No address of the host accepted a TCP connection. Try again later.
    #[error("no TCP connection")]
    Tcp(#[source] io::Error),
    /// No root certificates were found. The list has the environment variables that were searched.
    ///
    /// Install `ca-certificates`, correct the variables, such as `SSL_CERT_FILE=/path`, or set your own TLS
    /// configuration.
    #[error("TLS cannot be set up: no root certificates found{}", in_parentheses(.0))]
    NoRoots(Vec<String>),
    /// TLS cannot be set up: no crypto provider is compiled in, or the host is not a valid server name.
    ///
    /// Enable a `tls-*` feature, or set your own TLS configuration.
    #[error("TLS cannot be set up")]
    TlsConfiguration(#[source] Box<dyn Error + Send + Sync>),
    /// The server's certificate is not trusted: unknown authority, expired, or for another host.
    ///
    /// Someone may intercept the connection. Check the clock, the network (captive portal, proxy) and the root
    /// certificates.
    #[error("the certificate of the server is not trusted")]
    Certificate(#[source] Box<dyn Error + Send + Sync>),
    /// The server does not speak TLS. Try again later; check the scheme and the port.
    #[error("the server does not speak TLS")]
    NotTls,
    /// The TLS handshake failed for another reason. Try again later.
    #[error("the TLS handshake failed")]
    Tls(#[source] io::Error),
    /// The server answered the upgrade with a status other than 101.
    ///
    /// See [`UpgradeRefusal::status`]: 401 and 403 usually mean that the token is used or expired, so fetch another;
    /// 2xx means that the server is not a WebSocket server.
    #[error("the server refused the WebSocket upgrade: {0}")]
    Refused(UpgradeRefusal),
    /// The server redirects to another URL. Correct the URL.
    ///
    /// Redirects are never followed, because they would send the token to another server.
    #[error(
        "the server redirects the WebSocket upgrade (status {status}); redirects are never followed"
    )]
    Redirect {
        /// The HTTP status, 300 to 399.
        status: u16,
    },
    /// The server's reply to the upgrade violates RFC 6455. Try again.
    ///
    /// If it persists, the host is not a WebSocket server, or a middlebox changes the reply.
    #[error("the reply to the WebSocket upgrade is invalid: {0}")]
    BadUpgrade(UpgradeProblem),
    /// The connection broke before the server answered the upgrade. Try again.
    #[error("the connection broke during the WebSocket upgrade")]
    Interrupted(#[source] Box<dyn Error + Send + Sync>),
    /// A stage timed out. Try again later.
    #[error("{stage} timed out")]
    Timeout {
        /// The stage that timed out.
        stage: ConnectStage,
    },
    /// The proxy did not connect to the target; no direct connection was made.
    ///
    /// Check the proxy and its settings.
    #[error("no connection to {target} through the proxy {proxy}")]
    Proxy {
        /// Host and port of the proxy.
        proxy: String,
        /// Host and port of the target.
        target: String,
        /// Reason for the failure at the proxy.
        #[source]
        problem: ProxyProblem,
    },
    /// The operating system returned no random bytes. Try again later.
    #[error("the operating system returned no random bytes")]
    Entropy(#[source] Box<dyn Error + Send + Sync>),
    /// Error of a custom [`Connect`](crate::Connect) implementation, which sets the class itself.
    #[error("the transport did not connect")]
    Other {
        /// Class, which says what to do next.
        class: ConnectClass,
        /// The cause; it must not contain the URL.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ConnectError {
    /// Returns the class of the error, which says what to do next. It depends on variant and HTTP status.
    #[must_use]
    pub fn class(&self) -> ConnectClass {
        match self {
            Self::InvalidUrl(_)
            | Self::Plaintext
            | Self::NoRoots(_)
            | Self::TlsConfiguration(_)
            | Self::Redirect { .. } => ConnectClass::Fatal,
            Self::Certificate(_) => ConnectClass::Certificate,
            Self::NotTls | Self::BadUpgrade(_) => ConnectClass::Protocol,
            Self::Refused(refusal) => refusal.class(),
            Self::Proxy { problem, .. } => problem.class(),
            Self::Other { class, .. } => *class,
            Self::Dns(_)
            | Self::Tcp(_)
            | Self::Tls(_)
            | Self::Interrupted(_)
            | Self::Timeout { .. }
            | Self::Entropy(_) => ConnectClass::Transient,
        }
    }

    /// Returns `true` if dialling again later, with a new token, can succeed without a change by the user.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        !matches!(
            self.class(),
            ConnectClass::Certificate | ConnectClass::Fatal
        )
    }

    /// Returns a short remedy for the user.
    ///
    /// `None` if only time helps, or if the error or its source already says it.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Dns(_) => {
                "check the spelling of the host, and this machine's DNS resolver and network"
            }
            Self::NoRoots(set) if set.is_empty() => {
                "install the root certificates of the system (package `ca-certificates`), or set SSL_CERT_FILE to a file \
                 with root certificates"
            }
            Self::NoRoots(_) => {
                "correct the variable, or unset it and install the system's root certificates (package `ca-certificates`)"
            }
            Self::NotTls => "check the scheme and the port of the URL",
            Self::Certificate(_) => {
                "check this machine's clock and root certificates (package `ca-certificates`), and whether a captive \
                 portal or a proxy intercepts TLS"
            }
            Self::Redirect { .. } => {
                "log in if the network has a captive portal; otherwise set the correct host"
            }
            Self::Timeout { .. } => "check the network, and whether a firewall drops the packets",
            Self::Refused(refusal) if refusal.status() == 407 => {
                "set a user and a password for the proxy"
            }
            Self::Proxy { problem, .. } => return problem.remedy(),
            _ => return None,
        })
    }

    /// Returns the HTTP status of a refused or redirected upgrade; `None` for all other errors.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status()),
            Self::Redirect { status } => Some(*status),
            _ => None,
        }
    }
}

/// Formats a list of set environment variables in parentheses; an empty text if the list is empty.
fn in_parentheses(set: &[String]) -> String {
    match set {
        [] => String::new(),
        set => format!(" ({})", set.join(", ")),
    }
}

/// Reason for a failed connection through a proxy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyProblem {
    /// The proxy itself cannot be reached. Try again later; check its host and port, and that it runs.
    #[error("the proxy cannot be reached")]
    Unreachable(#[source] Box<ConnectError>),
    /// The proxy requires a user and a password, or refuses those of its URL. Correct them.
    #[error("the proxy requires a user and a password, or refuses those of its URL")]
    Authentication,
    /// The proxy refused to connect to the target. Try again later.
    ///
    /// Allow the target's host and port in the proxy. The text is the reason.
    #[error("the proxy refused the connection to this host ({0})")]
    Refused(String),
    /// The server is not a proxy of this kind. Try again later; check the scheme and the port of the URL.
    #[error("the server is not a proxy of this kind")]
    Malformed,
    /// The connection to the proxy broke. Try again later.
    #[error("the connection to the proxy broke")]
    Interrupted(#[source] Box<dyn Error + Send + Sync>),
    /// The proxy did not answer in time. Try again later; check that it runs.
    #[error("the proxy did not answer in time")]
    TimedOut,
    /// The host name of the target cannot be resolved on this machine, as `socks5` requires.
    ///
    /// Try again later, or use `socks5h`.
    #[error("the host name cannot be resolved on this machine")]
    NotResolved(#[source] Box<ConnectError>),
    /// The proxy connected, but TLS to the target failed: see the source.
    ///
    /// A proxy that intercepts TLS presents its own certificate, which is not trusted.
    #[error("TLS to the host failed through the proxy")]
    Target(#[source] Box<ConnectError>),
    /// The URL is `ws://`, and the target or the proxy is not on this machine.
    ///
    /// Use `wss`, or a proxy on this machine.
    #[error("ws:// is allowed through a proxy only if proxy and target are on this machine")]
    Plaintext,
}

impl ProxyProblem {
    fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreachable(error) => match &**error {
                ConnectError::Dns(_) => {
                    "check the spelling of the proxy's host, and this machine's DNS resolver and network"
                }
                ConnectError::NotTls => "check the scheme and the port of the proxy's URL",
                ConnectError::Certificate(_)
                | ConnectError::NoRoots(_)
                | ConnectError::TlsConfiguration(_) => return error.remedy(),
                _ => "check that the proxy runs, and its host and port",
            },
            Self::TimedOut => "check that the proxy runs, and its host and port",
            Self::Authentication => "correct the user and the password in the proxy's URL",
            Self::Refused(_) => "allow the host and its port in the proxy",
            Self::Malformed => "check the scheme and the port of the proxy's URL",
            Self::NotResolved(_) => "use socks5h, so that the proxy resolves the name",
            Self::Target(error) => match &**error {
                ConnectError::Tls(_) => "check that the proxy allows TLS to this host",
                error => return error.remedy(),
            },
            Self::Plaintext => "use wss",
            Self::Interrupted(_) => "check that the proxy runs, and its scheme, host and port",
        })
    }

    fn class(&self) -> ConnectClass {
        match self {
            Self::Unreachable(error) | Self::Target(error) => error.class(),
            Self::Authentication | Self::Plaintext => ConnectClass::Fatal,
            Self::Malformed => ConnectClass::Protocol,
            Self::Refused(_) | Self::Interrupted(_) | Self::TimedOut | Self::NotResolved(_) => {
                ConnectClass::Transient
            }
        }
    }
}

/// What to do after a failed dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectClass {
    /// Dial again after a backoff, with a new token.
    Transient,
    /// Dial again, but only after the time that the server asks to wait.
    Throttled {
        /// How long the server asks to wait; `None` if the server does not say.
        retry_after: Option<Duration>,
    },
    /// Dial again after a backoff: the server did not speak the protocol.
    Protocol,
    /// Stop, because the server's certificate is not trusted.
    ///
    /// If a connection worked before, dial again after a backoff.
    Certificate,
    /// Stop, because the configuration is probably wrong.
    ///
    /// If a connection worked before, dial again after a backoff: a captive portal causes the same errors.
    Fatal,
}

/// The problem with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlProblem {
    /// The URL cannot be parsed: write it as `wss://host:port/path`.
    #[error("it cannot be parsed")]
    Malformed,
    /// The scheme is neither `wss` nor `ws`: use `wss`.
    #[error("the scheme is neither wss nor ws")]
    Scheme,
    /// The host is missing: add it.
    #[error("the host is missing")]
    Host,
    /// The URL contains a user or a password, which could leak: remove both.
    #[error("it contains a user or a password")]
    Userinfo,
    /// The URL has a fragment (`#`), which a WebSocket URL must not have: remove it.
    #[error("it has a fragment")]
    Fragment,
}

/// A stage of dialling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectStage {
    /// Resolving the host name.
    Dns,
    /// Opening the TCP connection.
    Tcp,
    /// Performing the TLS handshake.
    Tls,
    /// Upgrading the HTTP connection to WebSocket.
    Upgrade,
}

impl fmt::Display for ConnectStage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Dns => "resolving the host name",
            Self::Tcp => "the TCP connection",
            Self::Tls => "the TLS handshake",
            Self::Upgrade => "the WebSocket upgrade",
        })
    }
}

/// The problem with the server's reply to the WebSocket upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeProblem {
    /// The reply is not HTTP, or its head has more than 16 KiB or 100 headers.
    #[error("it is not HTTP, or its head is too large")]
    Malformed,
    /// The reply is not HTTP/1.1.
    #[error("it is not HTTP/1.1")]
    Version,
    /// The header `Upgrade` is missing or does not contain `websocket`.
    #[error("the header `Upgrade` is not `websocket`")]
    Upgrade,
    /// The header `Connection` is missing or does not contain `upgrade`.
    #[error("the header `Connection` is not `upgrade`")]
    Connection,
    /// The header `Sec-WebSocket-Accept` is missing, repeated, or does not match the key of the request.
    #[error("the header `Sec-WebSocket-Accept` is missing or wrong")]
    Accept,
    /// The server uses an extension, although none was offered.
    #[error("the server uses an extension that was not requested")]
    Extension,
    /// The server uses a subprotocol, although none was offered.
    #[error("the server uses a subprotocol that was not requested")]
    Subprotocol,
}

/// A server's refusal of the upgrade: status, how long to wait, and the beginning of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeRefusal {
    status: u16,
    retry_after: Option<Duration>,
    excerpt: String,
}

impl UpgradeRefusal {
    /// The maximum length of the excerpt of the body, in bytes.
    pub const MAX_EXCERPT: usize = 256;

    /// Creates a refusal with this HTTP status.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            retry_after: None,
            excerpt: String::new(),
        }
    }

    /// Sets how long the server asks to wait. Default: `None`.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Sets the excerpt: the first 256 bytes of the body, with control characters escaped. Default: empty.
    ///
    /// The caller must remove secrets first.
    #[must_use]
    pub fn with_body(mut self, body: &str) -> Self {
        self.excerpt = escaped_excerpt(body);
        self
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns how long the server asks to wait; `None` if the server does not say.
    ///
    /// The time is from KuCoin's header `gw-ratelimit-reset`, in milliseconds, else from `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the beginning of the body: at most 256 bytes, safe to print.
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }

    fn class(&self) -> ConnectClass {
        match (self.status, self.retry_after) {
            (429, retry_after) => ConnectClass::Throttled { retry_after },
            (503, Some(wait)) => ConnectClass::Throttled {
                retry_after: Some(wait),
            },
            (407, _) => ConnectClass::Fatal,
            (200..=299, _) => ConnectClass::Protocol,
            _ => ConnectClass::Transient,
        }
    }
}

impl fmt::Display for UpgradeRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "status {}", self.status)?;
        if self.excerpt.is_empty() {
            Ok(())
        } else {
            write!(formatter, ": {}", self.excerpt)
        }
    }
}

/// Escapes characters that could control a terminal or change the direction of text.
fn escaped_excerpt(body: &str) -> String {
    let mut excerpt = String::new();
    for character in body.chars() {
        let harmful = character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let before = excerpt.len();
        if harmful {
            excerpt.extend(character.escape_default());
        } else {
            excerpt.push(character);
        }
        if excerpt.len() > UpgradeRefusal::MAX_EXCERPT {
            excerpt.truncate(before);
            break;
        }
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_depends_on_variant_and_status() {
        let check = |error: ConnectError, class: ConnectClass, status: Option<u16>| {
            assert_eq!((error.class(), error.status()), (class, status), "{error}");
        };
        let refused = |status| ConnectError::Refused(UpgradeRefusal::new(status));
        let wait = Duration::from_secs(7);
        let throttled = ConnectClass::Throttled {
            retry_after: Some(wait),
        };
        check(ConnectError::Plaintext, ConnectClass::Fatal, None);
        check(
            ConnectError::Redirect { status: 302 },
            ConnectClass::Fatal,
            Some(302),
        );
        check(
            ConnectError::BadUpgrade(UpgradeProblem::Accept),
            ConnectClass::Protocol,
            None,
        );
        check(
            ConnectError::Timeout {
                stage: ConnectStage::Tls,
            },
            ConnectClass::Transient,
            None,
        );
        check(refused(401), ConnectClass::Transient, Some(401));
        check(refused(407), ConnectClass::Fatal, Some(407));
        check(refused(200), ConnectClass::Protocol, Some(200));
        check(
            refused(429),
            ConnectClass::Throttled { retry_after: None },
            Some(429),
        );
        check(
            ConnectError::Refused(UpgradeRefusal::new(503).with_retry_after(wait)),
            throttled,
            Some(503),
        );
        check(refused(503), ConnectClass::Transient, Some(503));
    }

    #[test]
    fn bad_certificate_and_bad_url_are_not_retryable() {
        assert!(!ConnectError::Certificate("unknown issuer".into()).is_retryable());
        assert!(!ConnectError::InvalidUrl(UrlProblem::Scheme).is_retryable());
        assert!(ConnectError::Refused(UpgradeRefusal::new(429)).is_retryable());
        assert!(ConnectError::BadUpgrade(UpgradeProblem::Accept).is_retryable());
    }

    #[test]
    fn excerpt_is_short_and_escaped() {
        let refusal = UpgradeRefusal::new(400).with_body("a\u{1b}[2Jb\r\n\u{9b}\u{202e}é");
        assert_eq!(refusal.excerpt(), "a\\u{1b}[2Jb\\r\\n\\u{9b}\\u{202e}é");
        let long = UpgradeRefusal::new(400).with_body(&"\u{1b}é".repeat(300));
        assert!(
            long.excerpt().len() <= UpgradeRefusal::MAX_EXCERPT,
            "{}",
            long.excerpt().len()
        );
        assert!(
            long.excerpt().len() > UpgradeRefusal::MAX_EXCERPT - 8,
            "{}",
            long.excerpt().len()
        );
    }
}
