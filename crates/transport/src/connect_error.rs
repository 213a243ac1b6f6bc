//! How dialling can end: an error by stage and cause, and what to do next decided by variant.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why no connection came about. None of the variants holds the URL or any part of its query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL cannot be dialled. Correct the configuration, or fetch a new token if the exchange gave this URL.
    #[error("the WebSocket URL cannot be used: {0}")]
    InvalidUrl(UrlProblem),
    /// `ws://` was asked for to somewhere else than this machine. Use `wss://`.
    #[error("plaintext (ws) is allowed to this machine only; use wss")]
    Plaintext,
    /// The host name was not resolved. Try again later; check the name when it persists.
    #[error("the host name cannot be resolved")]
    Dns(#[source] io::Error),
    /// No address of the host accepted a TCP connection. Try again later.
    #[error("no TCP connection")]
    Tcp(#[source] io::Error),
    /// No root certificates were found on this machine. Install `ca-certificates`, correct the variables that are set,
    /// such as `SSL_CERT_FILE=/path`, or bring a TLS configuration.
    #[error("TLS cannot be set up: no root certificates found{}", in_parentheses(.0))]
    NoRoots(Vec<String>),
    /// TLS cannot be set up on this machine: no cryptography is compiled in, or the host is no valid server name. Enable
    /// a `tls-*` feature, or bring a TLS configuration.
    #[error("TLS cannot be set up")]
    TlsConfiguration(#[source] Box<dyn Error + Send + Sync>),
    /// The server's certificate was not accepted: unknown authority, expired, or another host. Do not go on: someone
    /// may be listening in. Check the clock, the network (captive portal, proxy), and the root certificates.
    #[error("the certificate of the server is not trusted")]
    Certificate(#[source] Box<dyn Error + Send + Sync>),
    /// What answered the TLS handshake does not speak TLS. Try again later; check the scheme and the port.
    #[error("what answered does not speak TLS")]
    NotTls,
    /// The TLS handshake broke for another reason. Try again later.
    #[error("the TLS handshake failed")]
    Tls(#[source] io::Error),
    /// The server answered the upgrade with another status than 101. See [`UpgradeRefusal::status`]: 401 and 403 mostly mean
    /// that the token is used up or expired, so fetch another; with a 2xx, what answers is no WebSocket server.
    #[error("the server refused the WebSocket upgrade: {0}")]
    Refused(UpgradeRefusal),
    /// The server sent us elsewhere; redirects are never followed, since the token would go along. Correct the URL.
    #[error(
        "the server redirects the WebSocket upgrade (status {status}); redirects are never followed"
    )]
    Redirect {
        /// The HTTP status, 300 to 399.
        status: u16,
    },
    /// The server agreed to the upgrade in a way that RFC 6455 forbids. Try again; when it persists, what answers is
    /// no WebSocket server or something in between meddles.
    #[error("the reply to the WebSocket upgrade is invalid: {0}")]
    BadUpgrade(UpgradeProblem),
    /// The connection broke before the server answered the upgrade. Try again.
    #[error("the connection broke during the WebSocket upgrade")]
    Interrupted(#[source] Box<dyn Error + Send + Sync>),
    /// A stage took longer than its deadline. Try again later.
    #[error("{stage} took too long")]
    Timeout {
        /// The stage that was under way.
        stage: ConnectStage,
    },
    /// The proxy gave no connection to the target; nothing was dialled directly. Check the proxy, and its settings.
    #[error("no connection to {target} through the proxy {proxy}")]
    Proxy {
        /// The proxy's host and port.
        proxy: String,
        /// The host and port to reach.
        target: String,
        /// What went wrong.
        #[source]
        fault: ProxyProblem,
    },
    /// The operating system gave no random bytes. Try again later.
    #[error("the operating system gives no random bytes")]
    Entropy(#[source] Box<dyn Error + Send + Sync>),
    /// A failure of another implementation of the seam, which says itself what to do next.
    #[error("the transport did not connect")]
    Other {
        /// What to do next.
        class: ConnectClass,
        /// The cause; it must not hold the URL.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ConnectError {
    /// What to do next, decided by variant and status, never by text.
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
            Self::Proxy { fault, .. } => fault.class(),
            Self::Other { class, .. } => *class,
            Self::Dns(_)
            | Self::Tcp(_)
            | Self::Tls(_)
            | Self::Interrupted(_)
            | Self::Timeout { .. }
            | Self::Entropy(_) => ConnectClass::Transient,
        }
    }

    /// Whether dialling again, with a fresh token and after a wait, can help without a change by the user.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        !matches!(
            self.class(),
            ConnectClass::Certificate | ConnectClass::Fatal
        )
    }

    /// What the user can do about it, in a few words; `None` if only time helps, or the error or its cause says it.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Dns(_) => {
                "check the spelling of the host, and this machine's DNS resolver and network"
            }
            Self::NoRoots(set) if set.is_empty() => {
                "install the root certificates of the system (package `ca-certificates`), or name a file of them in \
                 SSL_CERT_FILE"
            }
            Self::NoRoots(_) => {
                "correct what is set, or unset it and install the system's root certificates (package \
                 `ca-certificates`)"
            }
            Self::NotTls => "check the scheme and the port of the URL",
            Self::Certificate(_) => {
                "check this machine's clock and root certificates (package `ca-certificates`), and whether a captive \
                 portal or a proxy intercepts TLS"
            }
            Self::Redirect { .. } => {
                "log in if the network has a captive portal; else set the host that is meant"
            }
            Self::Timeout { .. } => "check the network, and whether a firewall drops the packets",
            Self::Refused(refusal) if refusal.status() == 407 => {
                "set a user and a password for the proxy"
            }
            Self::Proxy { fault, .. } => return fault.remedy(),
            _ => return None,
        })
    }

    /// The HTTP status with which the server refused or redirected the upgrade.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status()),
            Self::Redirect { status } => Some(*status),
            _ => None,
        }
    }
}

/// What is set, if anything is.
fn in_parentheses(set: &[String]) -> String {
    match set {
        [] => String::new(),
        set => format!(" ({})", set.join(", ")),
    }
}

/// Why a proxy gave no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyProblem {
    /// No connection to the proxy itself. Try again later; check that it runs, and its host and port.
    #[error("the proxy cannot be reached")]
    Unreachable(#[source] Box<ConnectError>),
    /// The proxy asks for a user and a password, or does not accept those of its URL. Correct them.
    #[error("the proxy asks for a user and a password, or does not accept those of its URL")]
    Authentication,
    /// The proxy does not connect to the target. Try again later; allow the host and its port in the proxy.
    #[error("the proxy does not connect to this host ({0})")]
    Refused(String),
    /// What answered is no proxy of this kind. Try again later; check scheme and port of the URL.
    #[error("what answered is not such a proxy")]
    Malformed,
    /// The connection to the proxy broke. Try again later.
    #[error("the proxy broke the connection")]
    Interrupted(#[source] Box<dyn Error + Send + Sync>),
    /// The proxy did not answer in time. Try again later; check that it runs.
    #[error("the proxy did not answer in time")]
    TimedOut,
    /// The host's name was not resolved on this machine, as `socks5` asks for. Try again later, or use `socks5h`.
    #[error("the host name was not resolved on this machine")]
    UnknownName(#[source] Box<ConnectError>),
    /// The proxy connected, and TLS to the target failed behind it. See the cause; a proxy that reads along shows a
    /// certificate of its own, which is not accepted.
    #[error("tls to the host failed behind the proxy")]
    Beyond(#[source] Box<ConnectError>),
    /// A `ws://` connection would leave this machine. Use `wss`, or a proxy on this machine.
    #[error("plaintext passes a proxy only if proxy and target are on this machine")]
    Plaintext,
}

impl ProxyProblem {
    fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreachable(error) if matches!(**error, ConnectError::NotTls) => {
                "check the scheme and the port of the proxy's URL"
            }
            Self::Unreachable(_) | Self::TimedOut => {
                "check that the proxy runs, and its host and port"
            }
            Self::Authentication => "correct the user and the password in the proxy's URL",
            Self::Refused(_) => "allow the host and its port in the proxy",
            Self::Malformed => "check the scheme and the port of the proxy's URL",
            Self::UnknownName(_) => "use socks5h, with which the proxy resolves it",
            Self::Beyond(error) => return error.remedy(),
            Self::Plaintext => "use wss",
            Self::Interrupted(_) => return None,
        })
    }

    fn class(&self) -> ConnectClass {
        match self {
            Self::Unreachable(error) | Self::Beyond(error) => error.class(),
            Self::Authentication | Self::Plaintext => ConnectClass::Fatal,
            Self::Malformed => ConnectClass::Protocol,
            Self::Refused(_) | Self::Interrupted(_) | Self::TimedOut | Self::UnknownName(_) => {
                ConnectClass::Transient
            }
        }
    }
}

/// What to do after a failed dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectClass {
    /// Dial again after a backoff, with a fresh token.
    Transient,
    /// Dial again, but not before the server allows it.
    Throttled {
        /// How long the server asks to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// Dial again after a backoff: what answered does not speak the protocol.
    Protocol,
    /// The server could not prove who it is: stop, or dial again after a backoff if a connection worked before.
    Certificate,
    /// Stop, since the configuration is probably wrong; or dial again after a backoff if a connection worked before: a
    /// captive portal looks the same.
    Fatal,
}

/// What is wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlProblem {
    /// It cannot be parsed.
    #[error("it is malformed")]
    Malformed,
    /// The scheme is neither `wss` nor `ws`.
    #[error("the scheme is neither wss nor ws")]
    Scheme,
    /// There is no host.
    #[error("there is no host")]
    Host,
    /// It names a user or a password, which would leak and is never needed.
    #[error("it names a user")]
    Userinfo,
    /// It has a `#` part, which WebSocket URLs must not have.
    #[error("it has a fragment")]
    Fragment,
}

/// A stage of dialling, each with a deadline of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectStage {
    /// Resolving the host name.
    Dns,
    /// Opening the TCP connection.
    Tcp,
    /// The TLS handshake.
    Tls,
    /// The HTTP upgrade.
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

/// What is wrong with a server's agreement to speak WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeProblem {
    /// The reply is no HTTP, or its head is larger than 16 KiB or has more than 100 headers.
    #[error("it is not HTTP, or its head is too large")]
    Malformed,
    /// The reply is not HTTP/1.1.
    #[error("it is not HTTP/1.1")]
    Version,
    /// `Upgrade` is missing or does not name `websocket`.
    #[error("the header `Upgrade` is not `websocket`")]
    Upgrade,
    /// `Connection` is missing or does not name `upgrade`.
    #[error("the header `Connection` is not `upgrade`")]
    Connection,
    /// `Sec-WebSocket-Accept` is missing, doubled, or does not answer our key.
    #[error("the header `Sec-WebSocket-Accept` is missing or wrong")]
    Accept,
    /// The server uses an extension that was not offered.
    #[error("the server uses an extension that was not requested")]
    Extension,
    /// The server chose a subprotocol that was not offered.
    #[error("the server uses a subprotocol that was not requested")]
    Subprotocol,
}

/// A server's refusal of the upgrade: its status, its hint when to come back, and the beginning of what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeRefusal {
    status: u16,
    retry_after: Option<Duration>,
    excerpt: String,
}

impl UpgradeRefusal {
    /// The longest excerpt of a body that is kept, in bytes.
    pub const MAX_EXCERPT: usize = 256;

    /// A refusal with this HTTP status.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            retry_after: None,
            excerpt: String::new(),
        }
    }

    /// Sets how long the server asks to wait; default: it does not say.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Keeps the first 256 bytes of the body, with control characters escaped; default: none. The caller removes
    /// secrets first.
    #[must_use]
    pub fn with_body(mut self, body: &str) -> Self {
        self.excerpt = escaped_excerpt(body);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// How long the server asks to wait (`Retry-After` in seconds, or KuCoin's `gw-ratelimit-reset` in ms).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The beginning of the body: at most 256 bytes, safe to print.
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

/// Text from the network must not move the cursor of a terminal or turn its writing around.
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
    fn the_class_follows_the_variant_and_the_status() {
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
    fn a_bad_certificate_and_a_bad_url_are_not_dialled_again() {
        assert!(!ConnectError::Certificate("unknown issuer".into()).is_retryable());
        assert!(!ConnectError::InvalidUrl(UrlProblem::Scheme).is_retryable());
        assert!(ConnectError::Refused(UpgradeRefusal::new(429)).is_retryable());
        assert!(ConnectError::BadUpgrade(UpgradeProblem::Accept).is_retryable());
    }

    #[test]
    fn an_excerpt_is_short_and_cannot_drive_a_terminal() {
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
