//! The error type of channel requests.

use std::fmt;

use kucoin_streams_core::{SymbolProblem, nearest};

use crate::{Channel, TradeType};

/// Error of an invalid channel request. Nothing was sent.
///
/// No variant is retryable: each says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Unknown name of a channel, trade type or account type.
    ///
    /// Names are case-sensitive: use one of the valid names.
    #[error(
        "unknown {what} `{given}` of Pro V2; {}expected one of {}{}",
        Suggestion(.nearest),
        valid_names_label(.what),
        .valid.join(", ")
    )]
    UnknownName {
        /// Kind of name: `channel`, `tradeType` or `accountType`.
        what: &'static str,
        /// Given name, cut to 64 characters, with control characters escaped.
        given: String,
        /// Valid name with the most similar spelling; `None` if none is similar.
        nearest: Option<&'static str>,
        /// All valid names.
        valid: &'static [&'static str],
    },
    /// Missing parameter. Add it, as in [`Channel::example`].
    #[error("`{channel}` needs `{parameter}`, for example `{}`", .channel.example())]
    MissingParameter {
        /// Channel of the request.
        channel: Channel,
        /// Name of the missing parameter.
        parameter: &'static str,
    },
    /// Parameter that the channel does not take.
    ///
    /// Leave it out, or choose another channel: `order` and `position` take a `symbol`, `balance` takes an
    /// `accountType`.
    #[error("`{channel}` takes no `{given}`; expected a request such as `{}`", .channel.example())]
    UnknownParameter {
        /// Channel of the request.
        channel: Channel,
        /// Name of the parameter, cut to 64 characters, with control characters escaped.
        given: String,
    },
    /// Repeated parameter. Use one request for each value.
    #[error("`{parameter}` is given twice; subscribe once for each value")]
    RepeatedParameter {
        /// Name of the repeated parameter.
        parameter: &'static str,
    },
    /// Trade type that KuCoin does not document for the channel. Choose one of [`Channel::trade_types`].
    #[error(
        "`{channel}` has no tradeType `{trade_type}`; expected one of {}",
        .channel.trade_types().iter().map(|valid| valid.as_str()).collect::<Vec<_>>().join(", ")
    )]
    TradeTypeNotOffered {
        /// Channel of the request.
        channel: Channel,
        /// Given trade type.
        trade_type: TradeType,
    },
    /// Text that cannot be a symbol of the channel.
    ///
    /// Write one symbol as in KuCoin's symbol list: `BTC-USDT` for spot and margin, `XBTUSDTM` for futures.
    #[error("`{given}` is not a symbol of this channel: {problem}")]
    InvalidSymbol {
        /// Given symbol, cut to 64 characters, with control characters escaped.
        given: String,
        /// Reason why the symbol is invalid, and how to write it.
        problem: SymbolProblem,
    },
}

/// Returns the text before the valid names.
///
/// For channels the text says `private`, since an unknown channel may be a public one, which this SDK does not have.
fn valid_names_label(what: &str) -> &'static str {
    match what {
        "channel" => "the private channels ",
        _ => "",
    }
}

impl RequestError {
    /// Returns `false`: the same request always fails.
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

    pub(crate) fn invalid_symbol(given: &str, problem: SymbolProblem) -> Self {
        Self::InvalidSymbol {
            given: excerpt(given),
            problem,
        }
    }
}

/// Displays `did you mean`, or nothing if there is no similar name.
struct Suggestion<'a>(&'a Option<&'static str>);

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, "did you mean `{nearest}`? "),
            None => Ok(()),
        }
    }
}

/// Returns the beginning of a text, safe for a terminal.
fn excerpt(given: &str) -> String {
    const MAX_CHARS: usize = 64;
    given
        .chars()
        .take(MAX_CHARS)
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_says_what_to_write() {
        let table = [
            (
                "orderall".parse::<Channel>().unwrap_err(),
                "unknown channel `orderall` of Pro V2; did you mean `orderAll`? expected one of the private channels \
                 order, orderAll, execution, execution.lite, position, positionAll, balance, lw, leverage",
            ),
            (
                "".parse::<Channel>().unwrap_err(),
                "unknown channel `` of Pro V2; expected one of the private channels order, orderAll, execution, \
                 execution.lite, position, positionAll, balance, lw, leverage",
            ),
            (
                RequestError::MissingParameter {
                    channel: Channel::Order,
                    parameter: "symbol",
                },
                "`order` needs `symbol`, for example `order?tradeType=UNIFIED&symbol=BTC-USDT`",
            ),
            (
                RequestError::unknown_parameter(Channel::Balance, "tradeType"),
                "`balance` takes no `tradeType`; expected a request such as `balance?accountType=UNIFIED`",
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
                    SymbolProblem::Lowercase {
                        uppercase: "BTC-USDT".into(),
                    },
                ),
                "`btc-usdt` is not a symbol of this channel: write it in upper case, `BTC-USDT`",
            ),
        ];
        for (error, text) in table {
            assert_eq!(error.to_string(), text);
            assert!(!error.is_retryable());
        }
    }

    #[test]
    fn foreign_text_is_cut_and_escaped() {
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
