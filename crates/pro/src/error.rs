//! Why a channel request cannot be made, in words that say what can.

use std::fmt;

use kucoin_streams_core::{SymbolProblem, nearest};

use crate::{Channel, TradeType};

/// Why there is no such channel request. Nothing was sent.
///
/// No variant is worth another try with the same text: each says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A name that Pro V2 does not have, or not in this case. Write the nearest, or another of the valid ones.
    #[error("unknown {what} `{given}` of Pro V2; {}expected one of {}", Nearest(.nearest), .valid.join(", "))]
    UnknownName {
        /// What was named: `channel`, `tradeType` or `accountType`.
        what: &'static str,
        /// The beginning of what was given, with control characters escaped.
        given: String,
        /// The valid name whose spelling is nearest, if one is near.
        nearest: Option<&'static str>,
        /// Every valid name.
        valid: &'static [&'static str],
    },
    /// The channel lacks a parameter. Add it as the example shows.
    #[error("`{channel}` needs `{parameter}`, as in `{}`", .channel.example())]
    MissingParameter {
        /// The channel.
        channel: Channel,
        /// The parameter.
        parameter: &'static str,
    },
    /// The channel takes no such parameter. Leave it out, or choose the channel that takes it: `order` and
    /// `position` are of one symbol, `balance` takes an `accountType`.
    #[error("`{channel}` takes no `{given}`; write it as in `{}`", .channel.example())]
    UnknownParameter {
        /// The channel.
        channel: Channel,
        /// The beginning of the parameter's name, with control characters escaped.
        given: String,
    },
    /// A parameter is given twice. Keep one, and subscribe once more for the other.
    #[error("`{parameter}` is given twice; subscribe once for each")]
    RepeatedParameter {
        /// The parameter.
        parameter: &'static str,
    },
    /// The exchange documents no such trade type for the channel. Choose one of [`Channel::trade_types`].
    #[error(
        "`{channel}` has no tradeType `{trade_type}`; expected one of {}",
        .channel.trade_types().iter().map(|valid| valid.as_str()).collect::<Vec<_>>().join(", ")
    )]
    TradeTypeNotOffered {
        /// The channel.
        channel: Channel,
        /// The trade type.
        trade_type: TradeType,
    },
    /// The text cannot be a symbol of the channel. Write one symbol as the exchange's symbol list does: `BTC-USDT`
    /// of spot and margin, `XBTUSDTM` of futures.
    #[error("`{given}` is not a symbol of this channel: {flaw}")]
    InvalidSymbol {
        /// The beginning of what was given, with control characters escaped.
        given: String,
        /// What is wrong with it, and how to write it.
        flaw: SymbolProblem,
    },
}

impl RequestError {
    /// False: the same request is wrong again.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::UnknownName { .. }
            | Self::MissingParameter { .. }
            | Self::UnknownParameter { .. }
            | Self::RepeatedParameter { .. }
            | Self::TradeTypeNotOffered { .. }
            | Self::InvalidSymbol { .. } => false,
        }
    }

    pub(crate) fn unknown(what: &'static str, given: &str, valid: &'static [&'static str]) -> Self {
        Self::UnknownName {
            what,
            given: excerpt(given),
            nearest: nearest(given, valid),
            valid,
        }
    }

    pub(crate) fn unknown_parameter(channel: Channel, given: &str) -> Self {
        Self::UnknownParameter {
            channel,
            given: excerpt(given),
        }
    }

    pub(crate) fn invalid_symbol(given: &str, flaw: SymbolProblem) -> Self {
        Self::InvalidSymbol {
            given: excerpt(given),
            flaw,
        }
    }
}

/// A suggestion, if there is one.
struct Nearest<'a>(&'a Option<&'static str>);

impl fmt::Display for Nearest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, "did you mean `{nearest}`? "),
            None => Ok(()),
        }
    }
}

/// The beginning of a foreign text, safe for a terminal.
fn excerpt(given: &str) -> String {
    const LONGEST: usize = 64;
    given
        .chars()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_says_what_to_write() {
        let table = [
            (
                "orderall".parse::<Channel>().unwrap_err(),
                "unknown channel `orderall` of Pro V2; did you mean `orderAll`? expected one of order, orderAll, \
                 execution, execution.lite, position, positionAll, balance, lw, leverage",
            ),
            (
                "".parse::<Channel>().unwrap_err(),
                "unknown channel `` of Pro V2; expected one of order, orderAll, execution, execution.lite, position, \
                 positionAll, balance, lw, leverage",
            ),
            (
                RequestError::MissingParameter {
                    channel: Channel::Order,
                    parameter: "symbol",
                },
                "`order` needs `symbol`, as in `order?tradeType=UNIFIED&symbol=BTC-USDT`",
            ),
            (
                RequestError::unknown_parameter(Channel::Balance, "tradeType"),
                "`balance` takes no `tradeType`; write it as in `balance?accountType=UNIFIED`",
            ),
            (
                RequestError::TradeTypeNotOffered {
                    channel: Channel::Position,
                    trade_type: TradeType::Spot,
                },
                "`position` has no tradeType `SPOT`; expected one of UNIFIED, FUTURES",
            ),
            (
                RequestError::invalid_symbol(
                    "btc-usdt",
                    SymbolProblem::Case {
                        capitals: "BTC-USDT".into(),
                    },
                ),
                "`btc-usdt` is not a symbol of this channel: write it in capitals, `BTC-USDT`",
            ),
        ];
        for (error, text) in table {
            assert_eq!(error.to_string(), text);
            assert!(!error.is_retryable());
        }
    }

    #[test]
    fn a_foreign_text_is_cut_and_cannot_move_the_cursor() {
        let given = format!("\u{1b}[2J{}", "x".repeat(1000));
        for error in [
            given.parse::<Channel>().unwrap_err(),
            RequestError::unknown_parameter(Channel::Order, &given),
            RequestError::invalid_symbol(&given, SymbolProblem::TooLong),
        ] {
            let shown = error.to_string();
            assert!(!shown.contains('\u{1b}'), "{shown}");
            assert!(shown.len() < 300, "{shown}");
        }
    }
}
