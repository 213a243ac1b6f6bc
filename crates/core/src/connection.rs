//! Connection information for one dial: URL with token, heartbeat and login.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

/// URL with a connection token in its query. Anyone who has it can read the account's streams.
///
/// `Debug` hides the query, and the URL is overwritten with zeros when dropped.
#[derive(Clone)]
pub struct SecretUrl(Zeroizing<String>);

impl SecretUrl {
    /// Creates a secret URL. `url` contains the token.
    pub fn new(url: impl Into<String>) -> Self {
        Self(Zeroizing::new(url.into()))
    }

    /// Returns the whole URL with its token. Only the transport needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns scheme, host and path, without the query. They contain no token and can be logged.
    pub fn without_query(&self) -> &str {
        let end = self.0.find(['?', '#']).unwrap_or(self.0.len());
        &self.0[..end]
    }

    /// Returns host and port, which can be logged. A user name or password in the URL is left out.
    pub fn authority(&self) -> &str {
        let url = self.without_query();
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = after_scheme.rsplit('@').next().unwrap_or_default();
        host.split('/').next().unwrap_or_default()
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({}?[redacted])", self.without_query())
    }
}

/// Heartbeat of a connection: ping interval and pong timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heartbeat {
    /// Ping interval: `pingInterval`, in milliseconds on the wire. KuCoin requests 18 s.
    pub interval: Duration,
    /// Pong timeout: `pingTimeout`, in milliseconds on the wire. KuCoin requests 10 s.
    ///
    /// Without a pong in this time, the connection counts as lost.
    pub timeout: Duration,
}

impl Heartbeat {
    /// Creates a heartbeat: a ping every `interval`, and a pong within `timeout` of each ping.
    pub const fn new(interval: Duration, timeout: Duration) -> Self {
        Self { interval, timeout }
    }
}

impl Default for Heartbeat {
    /// Returns KuCoin's current heartbeat: a ping every 18 s, a pong within 10 s.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(18),
            timeout: Duration::from_secs(10),
        }
    }
}

/// Login frame, sent once after the welcome and before any subscription.
///
/// The session sends the frame unchanged and waits for the acknowledgement with its ID.
#[derive(Clone)]
#[non_exhaustive]
pub struct Login {
    /// ID of the frame; KuCoin repeats the ID in the acknowledgement.
    pub id: String,
    /// Complete login frame. The frame contains a signature, so `Debug` hides it.
    pub frame: Zeroizing<String>,
}

impl Login {
    /// Creates a login from a frame and its `id`, which the frame must contain.
    pub fn new(id: impl Into<String>, frame: Zeroizing<String>) -> Self {
        let id = id.into();
        Self { id, frame }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Connection information for one dial: URL, heartbeat and login.
///
/// Each dial needs new connection information.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// URL to connect to, with the token.
    pub url: SecretUrl,
    /// Heartbeat that KuCoin requested together with the token; `None` to use the session's default.
    pub heartbeat: Option<Heartbeat>,
    /// Login to send after the welcome; `None` if the URL authenticates the connection.
    pub login: Option<Login>,
    /// ID that the welcome must have: V1 `connectId` in the URL; `None` if the URL has none.
    ///
    /// A welcome with another ID is for another connection, so the session reconnects. A welcome without an ID is
    /// accepted.
    pub connect_id: Option<String>,
}

impl ConnectionInfo {
    /// Creates connection information with a URL that authenticates the connection, without a login.
    pub fn new(url: SecretUrl) -> Self {
        Self {
            url,
            heartbeat: None,
            login: None,
            connect_id: None,
        }
    }

    /// Sets the heartbeat that KuCoin requested.
    #[must_use]
    pub fn with_heartbeat(mut self, heartbeat: Heartbeat) -> Self {
        self.heartbeat = Some(heartbeat);
        self
    }

    /// Sets the login to send after the welcome.
    #[must_use]
    pub fn with_login(mut self, login: Login) -> Self {
        self.login = Some(login);
        self
    }

    /// Sets the ID that the welcome must have.
    #[must_use]
    pub fn with_connect_id(mut self, connect_id: impl Into<String>) -> Self {
        self.connect_id = Some(connect_id.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authority_is_host_and_port_only() {
        for (url, authority) in [
            (
                "wss://ws-api.kucoin.com/endpoint?token=canary",
                "ws-api.kucoin.com",
            ),
            ("ws://127.0.0.1:4000/?token=canary", "127.0.0.1:4000"),
            ("wss://[::1]:1#canary", "[::1]:1"),
            ("wss://canary:canary@host/", "host"),
            ("wss://canary:can/ary@host", "host"),
            ("", ""),
        ] {
            assert_eq!(SecretUrl::new(url).authority(), authority, "{url}");
        }
    }

    #[test]
    fn debug_hides_the_token() {
        let url = SecretUrl::new("wss://host/endpoint?token=canary&connectId=1");
        let info = ConnectionInfo::new(url).with_login(Login {
            id: "1".into(),
            frame: Zeroizing::new("canary".into()),
        });
        let printed = format!("{info:?}");
        assert!(!printed.contains("canary"), "{printed}");
        assert!(printed.contains("wss://host/endpoint"), "{printed}");
    }
}
