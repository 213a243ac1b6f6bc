//! Why a text is no topic, and which topic was meant.

use std::fmt;

use kucoin_streams_core::{WsKey, nearest};

use crate::futures::AnyFuturesTopic;
use crate::spot::AnySpotTopic;
use crate::symbol::SymbolError;

/// Why a text is no topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseTopicError {
    /// No topic is written so: take the one that it names, or another of
    /// [`AnySpotTopic::PATTERNS`] or [`AnyFuturesTopic::PATTERNS`].
    #[error("unknown V1 topic `{given}`; {}", Expected(.nearest))]
    Unknown {
        /// What was given, cut and escaped.
        given: String,
        /// The topic whose spelling is nearest, if one is near; `SYMBOL` stands for a market's.
        nearest: Option<&'static str>,
    },
    /// It is a topic of another connection: subscribe to it there.
    #[error("`{given}` is a topic of {ws_key}, not of {asked}; subscribe to it there")]
    Elsewhere {
        /// What was given, cut and escaped.
        given: String,
        /// The connection that was asked.
        asked: WsKey,
        /// The connection that has it.
        ws_key: WsKey,
    },
    /// What stands behind the colon is no symbol: write it as the exchange does.
    #[error("`{given}` is not a V1 topic: {reason}")]
    Symbol {
        /// What was given, cut and escaped.
        given: String,
        /// What is wrong with the symbol.
        reason: SymbolError,
    },
}

impl ParseTopicError {
    /// The topic whose spelling is nearest to an unknown one, if one is near.
    pub fn nearest(&self) -> Option<&'static str> {
        match self {
            Self::Unknown { nearest, .. } => *nearest,
            _ => None,
        }
    }

    /// No topic of `asked` is written so.
    pub(crate) fn not_on(asked: WsKey, given: &str) -> Self {
        let elsewhere = match asked {
            WsKey::SpotPrivateV1 if AnyFuturesTopic::knows(given) => WsKey::FuturesPrivateV1,
            WsKey::FuturesPrivateV1 if AnySpotTopic::knows(given) => WsKey::SpotPrivateV1,
            WsKey::SpotPrivateV1 => return Self::unknown(given, &[AnySpotTopic::PATTERNS]),
            _ => return Self::unknown(given, &[AnyFuturesTopic::PATTERNS]),
        };
        Self::Elsewhere {
            given: quoted(given),
            asked,
            ws_key: elsewhere,
        }
    }

    /// No topic of these is written so.
    pub(crate) fn unknown(given: &str, patterns: &[&[&'static str]]) -> Self {
        let patterns = || patterns.iter().copied().flatten().copied();
        let families: Vec<&'static str> = patterns().map(family).collect();
        let nearest = nearest(family(given), &families).map(|nearest| {
            let alike = || patterns().filter(|pattern| family(pattern) == nearest);
            // Some families have a topic for all and one for a symbol.
            alike()
                .find(|pattern| pattern.contains(':') == given.contains(':'))
                .or_else(|| alike().next())
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

/// What an unknown topic should be: the nearest, or examples.
struct Expected<'a>(&'a Option<&'static str>);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, "did you mean `{nearest}`?"),
            None => f.write_str(
                "expected a topic such as `/account/balance`, `/spotMarket/tradeOrdersV2` or \
                 `/contractMarket/tradeOrders:XBTUSDTM`",
            ),
        }
    }
}

/// A topic without its symbol.
fn family(topic: &str) -> &str {
    topic.split_once(':').map_or(topic, |(family, _)| family)
}

/// What a stranger wrote, fit to be shown.
fn quoted(given: &str) -> String {
    given
        .chars()
        .take(64)
        .flat_map(char::escape_debug)
        .collect()
}
