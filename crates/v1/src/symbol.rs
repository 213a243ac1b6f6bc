//! Symbols inside of topics, and the error for what is none.

use kucoin_streams_core::{SymbolProblem, SymbolShape};

/// Why a text is no symbol of a topic. Write it as KuCoin's symbol list does: `BTC-USDT` on spot, `XBTUSDTM` on
/// futures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolError {
    /// It has not the shape of one.
    #[error("`{given}` is not a symbol: {flaw}")]
    Shape {
        /// What was given, cut and escaped.
        given: String,
        /// What is wrong with it.
        flaw: SymbolProblem,
    },
    /// The list is longer than KuCoin takes in one request: part it.
    #[error("{count} symbols are too many: one request takes at most {MOST}")]
    TooMany {
        /// How many were given.
        count: usize,
    },
}

/// What a topic takes behind its colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Market {
    /// One spot symbol.
    Spot,
    /// Spot symbols, parted by commas.
    SpotList,
    /// One contract.
    Futures,
}

/// As many symbols as KuCoin takes in one request.
const MOST: usize = 100;

impl Market {
    /// Checks the shape of one symbol, or of each of a list.
    pub(crate) fn check(self, given: &str) -> Result<(), SymbolError> {
        match self {
            Self::Spot => check(SymbolShape::Pair, given),
            Self::Futures => check(SymbolShape::Contract, given),
            Self::SpotList => match given.split(',').count() {
                0..=MOST => given
                    .split(',')
                    .try_for_each(|symbol| check(SymbolShape::Pair, symbol)),
                count => Err(SymbolError::TooMany { count }),
            },
        }
    }
}

fn check(shape: SymbolShape, symbol: &str) -> Result<(), SymbolError> {
    match shape.flaw(symbol) {
        None => Ok(()),
        Some(flaw) => Err(SymbolError::Shape {
            given: symbol
                .chars()
                .take(64)
                .flat_map(char::escape_debug)
                .collect(),
            flaw,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_market_takes_its_own_symbols() {
        assert_eq!(Market::Spot.check("BTC-USDT"), Ok(()));
        assert_eq!(Market::Futures.check("XBTUSDTM"), Ok(()));
        assert!(Market::Spot.check("XBTUSDTM").is_err());
        assert!(Market::Futures.check("BTC-USDT").is_err());
    }

    #[test]
    fn lists_are_taken_where_the_topic_takes_them_up_to_what_a_request_may_name() {
        let list = |count| vec!["A-B"; count].join(",");
        assert_eq!(Market::SpotList.check(&list(100)), Ok(()));
        let told = Market::SpotList.check(&list(101)).unwrap_err().to_string();
        assert!(told.contains("101 symbols"), "{told}");
        assert!(Market::SpotList.check("A-B,,C-D").is_err());
        let told = Market::Spot.check("A-B,C-D").unwrap_err().to_string();
        assert!(told.contains("one symbol"), "{told}");
    }

    #[test]
    fn a_hostile_symbol_is_cut_and_escaped() {
        let hostile = format!("\u{1b}[2J{}", "x".repeat(1000));
        let told = Market::Spot.check(&hostile).unwrap_err().to_string();
        assert!(told.len() < 300 && !told.contains('\u{1b}'), "{told}");
    }
}
