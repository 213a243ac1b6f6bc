//! Shapes of KuCoin's symbols, which are checked before subscribing.
//!
//! KuCoin does not refuse an unknown symbol.

/// Maximum length in bytes, longer than any symbol.
const MAX_BYTES: usize = 64;

/// Reason why a text cannot be a KuCoin symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolProblem {
    /// The symbol is empty.
    #[error("it is empty")]
    Empty,
    /// The text is a list. Subscribe once for each symbol, or to the topic of all symbols.
    #[error("expected one symbol; subscribe once for each symbol")]
    List,
    /// The text is longer than any symbol.
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLong,
    /// The symbol has lower-case letters.
    #[error("write it in upper case, `{uppercase}`")]
    Lowercase {
        /// The symbol in upper case.
        uppercase: String,
    },
    /// The text has a character that symbols cannot have.
    #[error("symbols cannot contain {found:?}")]
    Character {
        /// First invalid character.
        found: char,
    },
    /// Not a pair: a spot or margin symbol is two currencies with one dash between them.
    #[error("expected base and quote currency with one dash between them, such as BTC-USDT")]
    NotAPair,
    /// Not a contract: a futures symbol has no dash.
    #[error("expected a contract, which has no dash, such as XBTUSDTM")]
    NotAContract,
}

/// Shape of the symbols that a topic takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolShape {
    /// Spot or margin pair, such as `BTC-USDT`.
    Pair,
    /// Futures contract, such as `XBTUSDTM`.
    Contract,
    /// Either shape, as in a unified account.
    Any,
}

impl SymbolShape {
    /// Checks that a symbol has this shape.
    ///
    /// It does not check whether KuCoin has the symbol.
    ///
    /// # Errors
    /// Returns the first problem if the text does not have this shape.
    pub fn check(self, symbol: &str) -> Result<(), SymbolProblem> {
        if symbol.is_empty() {
            return Err(SymbolProblem::Empty);
        }
        if symbol.len() > MAX_BYTES {
            return Err(SymbolProblem::TooLong);
        }
        if symbol.contains(',') {
            return Err(SymbolProblem::List);
        }
        // Letters of any script: some markets have Chinese names.
        let is_valid =
            |found: char| found.is_alphanumeric() || matches!(found, '-' | '_' | '.' | '/');
        if let Some(found) = symbol.chars().find(|found| !is_valid(*found)) {
            return Err(SymbolProblem::Character { found });
        }
        if symbol.chars().any(char::is_lowercase) {
            let uppercase = symbol.to_uppercase();
            return Err(SymbolProblem::Lowercase { uppercase });
        }
        match (self, symbol.split_once('-')) {
            (Self::Contract, Some(_)) => Err(SymbolProblem::NotAContract),
            (Self::Contract | Self::Any, None) => Ok(()),
            (_, Some((base, quote)))
                if !base.is_empty() && !quote.is_empty() && !quote.contains('-') =>
            {
                Ok(())
            }
            _ => Err(SymbolProblem::NotAPair),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_kucoin_are_valid() {
        for symbol in ["BTC-USDT", "1INCH-USDT", "BTC3L-USDT", "币安人生-USDT"] {
            assert_eq!(SymbolShape::Pair.check(symbol), Ok(()), "{symbol}");
            assert_eq!(SymbolShape::Any.check(symbol), Ok(()), "{symbol}");
        }
        for symbol in ["XBTUSDTM", "10PEPEUSDTM", "XBTMU26", "币安人生USDTM"] {
            assert_eq!(SymbolShape::Contract.check(symbol), Ok(()), "{symbol}");
            assert_eq!(SymbolShape::Any.check(symbol), Ok(()), "{symbol}");
        }
    }

    #[test]
    fn problem_says_how_to_write_the_symbol() {
        for (shape, symbol, hint) in [
            (SymbolShape::Any, "", "empty"),
            (SymbolShape::Pair, "BTCUSDT", "one dash"),
            (SymbolShape::Any, "-USDT", "one dash"),
            (SymbolShape::Pair, "BTC-USDT-X", "one dash"),
            (SymbolShape::Contract, "XBT-USDTM", "no dash"),
            (SymbolShape::Contract, "xbtusdtm", "`XBTUSDTM`"),
            (SymbolShape::Any, "btc-usdt", "`BTC-USDT`"),
            (SymbolShape::Any, "BTC-USDT ", "' '"),
            (SymbolShape::Any, "A\u{1b}", "'\\u{1b}'"),
            (SymbolShape::Any, "BTC-USDT,KCS-USDT", "one symbol"),
        ] {
            let problem = shape.check(symbol).unwrap_err().to_string();
            assert!(problem.contains(hint), "{symbol}: {problem}");
        }
        assert_eq!(
            SymbolShape::Any.check(&"X".repeat(65)),
            Err(SymbolProblem::TooLong)
        );
    }
}
