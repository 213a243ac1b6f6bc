//! The symbols that topics accept, and the error for an invalid symbol.

use kucoin_streams_core::{SymbolProblem, SymbolShape};

/// Error of a topic with an invalid symbol or too many symbols.
///
/// Write symbols as KuCoin's symbol list does: `BTC-USDT` on spot, `XBTUSDTM` on futures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolError {
    /// The text does not have the form of a symbol.
    #[error("invalid symbol `{given}`: {problem}")]
    Invalid {
        /// The given text, shortened and escaped.
        given: String,
        /// Reason why the symbol is invalid, and how to write it.
        problem: SymbolProblem,
    },
    /// The list has more than 100 symbols, KuCoin's limit for one request: split the list.
    #[error("topic has {count} symbols; split it into topics of at most {MAX_SYMBOLS}")]
    TooMany {
        /// Number of symbols in the list.
        count: usize,
    },
}

/// The symbols that a topic accepts after its colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SymbolParam {
    /// One spot symbol.
    Spot,
    /// Spot symbols, separated by commas.
    SpotList,
    /// One contract.
    Futures,
}

/// Maximum number of symbols in one request: KuCoin's limit.
const MAX_SYMBOLS: usize = 100;

impl SymbolParam {
    /// Checks the form of one symbol, or of each symbol of a list.
    pub(crate) fn check(self, given: &str) -> Result<(), SymbolError> {
        match self {
            Self::Spot => check(SymbolShape::Pair, given),
            Self::Futures => check(SymbolShape::Contract, given),
            Self::SpotList => match given.split(',').count() {
                0..=MAX_SYMBOLS => given
                    .split(',')
                    .try_for_each(|symbol| check(SymbolShape::Pair, symbol)),
                count => Err(SymbolError::TooMany { count }),
            },
        }
    }
}

fn check(shape: SymbolShape, symbol: &str) -> Result<(), SymbolError> {
    shape.check(symbol).map_err(|problem| SymbolError::Invalid {
        given: symbol
            .chars()
            .take(64)
            .flat_map(char::escape_debug)
            .collect(),
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn market_accepts_only_its_own_symbols() {
        assert_eq!(SymbolParam::Spot.check("BTC-USDT"), Ok(()));
        assert_eq!(SymbolParam::Futures.check("XBTUSDTM"), Ok(()));
        assert!(SymbolParam::Spot.check("XBTUSDTM").is_err());
        assert!(SymbolParam::Futures.check("BTC-USDT").is_err());
    }

    #[test]
    fn only_spot_list_accepts_up_to_100_symbols() {
        let list = |count| vec!["A-B"; count].join(",");
        assert_eq!(SymbolParam::SpotList.check(&list(100)), Ok(()));
        let error = SymbolParam::SpotList
            .check(&list(101))
            .unwrap_err()
            .to_string();
        assert!(error.contains("101 symbols"), "{error}");
        assert!(SymbolParam::SpotList.check("A-B,,C-D").is_err());
        let error = SymbolParam::Spot.check("A-B,C-D").unwrap_err().to_string();
        assert!(error.contains("one symbol"), "{error}");
    }

    #[test]
    fn hostile_symbol_is_shortened_and_escaped() {
        let hostile = format!("\u{1b}[2J{}", "x".repeat(1000));
        let error = SymbolParam::Spot.check(&hostile).unwrap_err().to_string();
        assert!(error.len() < 300 && !error.contains('\u{1b}'), "{error}");
    }
}
