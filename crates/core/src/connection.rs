//! What is needed for one dial, made fresh for each: the URL with its token, the heartbeat, and any login.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

/// A URL that carries a bearer token in its query: whoever has it reads the account's streams.
///
/// It is never printed whole and is zeroed when dropped.
#[derive(Clone)]
pub struct SecretUrl(Zeroizing<String>);

impl SecretUrl {
    /// Takes the URL, token included.
    pub fn new(url: impl Into<String>) -> Self {
        Self(Zeroizing::new(url.into()))
    }

    /// The whole URL, for the transport that dials it and for nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Scheme, host and path: what may be printed.
    pub fn without_query(&self) -> &str {
        let end = self.0.find(['?', '#']).unwrap_or(self.0.len());
        &self.0[..end]
    }

    /// Returns host and port, which may be printed; a user or a password before them is left out.
    pub fn authority(&self) -> &str {
        let url = self.without_query();
        let beyond = url.split_once("://").map_or(url, |(_, beyond)| beyond);
        let host = beyond.rsplit('@').next().unwrap_or_default();
        host.split('/').next().unwrap_or_default()
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({}?[redacted])", self.without_query())
    }
}

/// How often the client must ping, and how long a pong may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heartbeat {
    /// From one ping to the next; KuCoin asks for 18 s (`pingInterval`, ms).
    pub interval: Duration,
    /// From a ping to the latest pong before the connection counts as dead; 10 s (`pingTimeout`, ms).
    pub timeout: Duration,
}

impl Heartbeat {
    /// A ping every `interval`, and a pong within `timeout`.
    pub const fn new(interval: Duration, timeout: Duration) -> Self {
        Self { interval, timeout }
    }
}

impl Default for Heartbeat {
    /// What KuCoin asks for today: a ping every 18 s, a pong within 10 s.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(18),
            timeout: Duration::from_secs(10),
        }
    }
}

/// A login to send once, after the welcome and before any subscription. It is data: the session sends it as it
/// is and waits for the acknowledgement of its id.
#[derive(Clone)]
#[non_exhaustive]
pub struct Login {
    /// The `id` inside the frame, by which its answer is known.
    pub id: String,
    /// The whole frame. Holds a signature: never printed.
    pub frame: Zeroizing<String>,
}

impl Login {
    /// The login frame, and the `id` inside of it.
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

/// What is needed for one dial. It is made fresh for each dial and never kept for another.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// Where to connect, token included.
    pub url: SecretUrl,
    /// The heartbeat that the server asked for, if it did so before the connection.
    pub heartbeat: Option<Heartbeat>,
    /// What to send after the welcome, where the connection is not authenticated by its URL.
    pub login: Option<Login>,
    /// The id that the URL asks the welcome to bear, where it does: `connectId` of V1. A welcome with another id is of
    /// another connection.
    pub connect_id: Option<String>,
}

impl ConnectionInfo {
    /// A connection that is authenticated by its URL.
    pub fn new(url: SecretUrl) -> Self {
        Self {
            url,
            heartbeat: None,
            login: None,
            connect_id: None,
        }
    }

    /// Sets the heartbeat that the server asked for.
    #[must_use]
    pub fn with_heartbeat(mut self, heartbeat: Heartbeat) -> Self {
        self.heartbeat = Some(heartbeat);
        self
    }

    /// Sets a login to send after the welcome.
    #[must_use]
    pub fn with_login(mut self, login: Login) -> Self {
        self.login = Some(login);
        self
    }

    /// Sets the id that the welcome is to bear.
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
    fn authority_is_host_and_port_alone() {
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
    fn a_token_is_never_printed() {
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
