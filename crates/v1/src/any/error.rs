//! The error of an invalid topic, with the most similar topic.

use std::fmt;

use kucoin_streams_core::{WsKey, nearest};

use crate::futures::AnyFuturesTopic;
use crate::spot::AnySpotTopic;
use crate::symbol::SymbolError;

/// Error of parsing a V1 topic from its path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseTopicError {
    /// The topic does not exist.
    ///
    /// Use the suggested topic, or one of [`AnySpotTopic::PATTERNS`] or [`AnyFuturesTopic::PATTERNS`].
    #[error("unknown V1 topic `{given}`; {}", Expected(.nearest))]
    Unknown {
        /// The given text, shortened and escaped.
        given: String,
        /// The topic with the most similar spelling; `None` if no topic is similar. `SYMBOL` is a placeholder.
        nearest: Option<&'static str>,
    },
    /// The topic belongs to another connection: subscribe on the connection `actual`.
    #[error("topic `{given}` belongs to {actual}, not to {expected}; subscribe on {actual}")]
    WrongConnection {
        /// The given text, shortened and escaped.
        given: String,
        /// The connection that the topic was parsed for.
        expected: WsKey,
        /// The connection that the topic belongs to.
        actual: WsKey,
    },
    /// The symbol after the colon is invalid: write it as KuCoin does.
    #[error("invalid V1 topic `{given}`: {reason}")]
    Symbol {
        /// The given text, shortened and escaped.
        given: String,
        /// Reason why the symbol is invalid.
        reason: SymbolError,
    },
}

impl ParseTopicError {
    /// Returns the topic with the most similar spelling.
    ///
    /// Returns `None` if no topic is similar, or if the error is not [`Unknown`](Self::Unknown).
    pub fn nearest(&self) -> Option<&'static str> {
        match self {
            Self::Unknown { nearest, .. } => *nearest,
            _ => None,
        }
    }

    /// Returns the error for a text that is not a topic of the connection `expected`.
    pub(crate) fn not_on(expected: WsKey, given: &str) -> Self {
        let actual = match expected {
            WsKey::SpotPrivateV1 if AnyFuturesTopic::knows(given) => WsKey::FuturesPrivateV1,
            WsKey::FuturesPrivateV1 if AnySpotTopic::knows(given) => WsKey::SpotPrivateV1,
            WsKey::SpotPrivateV1 => return Self::unknown(given, &[AnySpotTopic::PATTERNS]),
            _ => return Self::unknown(given, &[AnyFuturesTopic::PATTERNS]),
        };
        Self::WrongConnection {
            given: quoted(given),
            expected,
            actual,
        }
    }

    /// Returns the error for a text that matches none of the given patterns.
    pub(crate) fn unknown(given: &str, patterns: &[&[&'static str]]) -> Self {
        let patterns = || patterns.iter().copied().flatten().copied();
        let base_paths: Vec<&'static str> = patterns().map(base_path).collect();
        let nearest = nearest(base_path(given), &base_paths).map(|nearest| {
            let candidates = || patterns().filter(|pattern| base_path(pattern) == nearest);
            // Some paths exist both with and without a symbol.
            candidates()
                .find(|pattern| pattern.contains(':') == given.contains(':'))
                .or_else(|| candidates().next())
                .unwrap_or(nearest)
        });
        Self::Unknown {
            given: quoted(given),
            nearest,
        }
    }

    pub(crate) fn symbol(given: &str, reason: SymbolError) -> Self {
        Self::Symbol {
            given: quoted(given),
            reason,
        }
    }
}

/// The advice for an unknown topic: the most similar topic, or examples.
struct Expected<'a>(&'a Option<&'static str>);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(
                f,
                "did you mean `{nearest}`? this SDK has private topics only"
            ),
            None => f.write_str(
                "this SDK has private topics only, such as `/account/balance`, `/spotMarket/tradeOrdersV2` or \
                 `/contractMarket/tradeOrders:XBTUSDTM`",
            ),
        }
    }
}

/// Returns the topic path without its symbol.
fn base_path(topic: &str) -> &str {
    topic.split_once(':').map_or(topic, |(base, _)| base)
}

/// Shortens and escapes an untrusted text for an error message.
fn quoted(given: &str) -> String {
    given
        .chars()
        .take(64)
        .flat_map(char::escape_debug)
        .collect()
}
