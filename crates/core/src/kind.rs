//! The kinds of connection, and the keys by which users know them.

use std::fmt;
use std::str::FromStr;

use crate::Protocol;

/// The key of a connection: the name by which a client, its logs and its events know it.
///
/// The SDK has three. A [`ConnectionKind`] of your own has its own: [`WsKey::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WsKey(&'static str);

// Named like the variants of an enum, which they are in the SDK of KuCoin's JavaScript users.
#[allow(non_upper_case_globals)]
impl WsKey {
    /// V1 connection of the spot host: spot and margin topics.
    pub const SpotPrivateV1: WsKey = WsKey("spotPrivateV1");
    /// V1 connection of the futures host.
    pub const FuturesPrivateV1: WsKey = WsKey("futuresPrivateV1");
    /// Pro V2: one connection for spot and futures, requests with a `tradeType`.
    pub const PrivateProV2: WsKey = WsKey("privateProV2");

    /// The keys of the SDK's connections, in the order in which they are documented.
    pub const ALL: [WsKey; 3] = [
        WsKey::SpotPrivateV1,
        WsKey::FuturesPrivateV1,
        WsKey::PrivateProV2,
    ];

    /// Returns a key of your own, for a connection that the SDK does not have.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The key as users write it, such as `spotPrivateV1`.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for WsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no connection.
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
                // Safe for a terminal, which may show it.
                given: given
                    .chars()
                    .take(64)
                    .flat_map(char::escape_debug)
                    .collect(),
            })
    }
}

/// A connection kind as a type: it ties topics to the connection that serves them.
///
/// A topic names its kind, so that a futures topic on a spot connection does not compile. Implement it for a
/// new connection of KuCoin's; the layers above need no change.
pub trait ConnectionKind: Send + Sync + 'static {
    /// The protocol spoken on it.
    type Protocol: Protocol;
    /// The key under which users and logs know it.
    const WS_KEY: WsKey;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_parses_from_its_own_name_in_any_case() {
        for key in WsKey::ALL {
            assert_eq!(key.as_str().parse::<WsKey>().unwrap(), key);
            assert_eq!(key.as_str().to_uppercase().parse::<WsKey>().unwrap(), key);
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_choices() {
        let error = "spotV1".parse::<WsKey>().unwrap_err();
        assert!(error.to_string().contains("spotPrivateV1"));
    }

    #[test]
    fn a_foreign_key_is_cut_and_cannot_move_the_cursor() {
        let given = format!("\u{1b}[2J{}", "x".repeat(1000));
        let shown = given.parse::<WsKey>().unwrap_err().to_string();
        assert!(!shown.contains('\u{1b}') && shown.len() < 200, "{shown}");
    }
}
