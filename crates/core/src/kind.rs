//! Connection kinds and their keys.

use std::fmt;
use std::str::FromStr;

use crate::Protocol;

/// Key of a connection: its name in the API, in logs and in events.
///
/// The SDK has three keys. For a [`ConnectionKind`] of your own, create one with [`WsKey::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WsKey(&'static str);

// Named like enum variants, since they are used like an enum.
#[allow(non_upper_case_globals)]
impl WsKey {
    /// V1 connection to the spot host: spot and margin topics.
    pub const SpotPrivateV1: WsKey = WsKey("spotPrivateV1");
    /// V1 connection to the futures host: futures topics.
    pub const FuturesPrivateV1: WsKey = WsKey("futuresPrivateV1");
    /// Pro V2 connection: spot, margin and futures on one connection, by `tradeType`.
    pub const PrivateProV2: WsKey = WsKey("privateProV2");

    /// The keys of the SDK's connections.
    pub const ALL: [WsKey; 3] = [
        WsKey::SpotPrivateV1,
        WsKey::FuturesPrivateV1,
        WsKey::PrivateProV2,
    ];

    /// Creates a key for a connection that the SDK does not have.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the key as text, such as `spotPrivateV1`.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for WsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Error for a text that is not one of the SDK's connection keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown connection `{given}`; expected one of spotPrivateV1, futuresPrivateV1, privateProV2"
)]
pub struct ParseWsKeyError {
    given: String,
}

impl FromStr for WsKey {
    type Err = ParseWsKeyError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        WsKey::ALL
            .into_iter()
            .find(|key| key.as_str().eq_ignore_ascii_case(given))
            .ok_or_else(|| ParseWsKeyError {
                // Escaped, since a terminal may show it.
                given: given
                    .chars()
                    .take(64)
                    .flat_map(char::escape_debug)
                    .collect(),
            })
    }
}

/// Kind of a connection, as a type: its protocol and its key.
///
/// Implement it for a connection that the SDK does not have; the other layers need no change. A client opens the
/// connections of each kind separately, and a [`Topic`](crate::Topic) can only be subscribed on its own kind.
pub trait ConnectionKind: Send + Sync + 'static {
    /// Protocol of the connection.
    type Protocol: Protocol;
    /// Key of the connection. Each kind needs its own, since dial limits are counted by key.
    const WS_KEY: WsKey;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_parses_from_its_name_in_any_case() {
        for key in WsKey::ALL {
            assert_eq!(key.as_str().parse::<WsKey>().unwrap(), key);
            assert_eq!(key.as_str().to_uppercase().parse::<WsKey>().unwrap(), key);
        }
    }

    #[test]
    fn unknown_key_error_lists_the_keys() {
        let error = "spotV1".parse::<WsKey>().unwrap_err();
        assert!(error.to_string().contains("spotPrivateV1"));
    }

    #[test]
    fn foreign_key_is_cut_and_escaped() {
        let given = format!("\u{1b}[2J{}", "x".repeat(1000));
        let shown = given.parse::<WsKey>().unwrap_err().to_string();
        assert!(!shown.contains('\u{1b}') && shown.len() < 200, "{shown}");
    }
}
