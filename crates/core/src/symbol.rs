//! The shapes of KuCoin's symbols: checked before the exchange is asked, which answers a wrong one with silence.

/// Longer than any symbol, in bytes.
const LONGEST: usize = 64;

/// Why a text is no symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolProblem {
    /// There is nothing. Write the symbol.
    #[error("it is empty")]
    Empty,
    /// It is a list. Subscribe once for each symbol, or to the topic of all.
    #[error("expected one symbol; subscribe once for each of several")]
    List,
    /// No symbol is so long.
    #[error("it has more than {LONGEST} bytes")]
    TooLong,
    /// It has small letters, and symbols have none.
    #[error("write it in capitals, `{capitals}`")]
    Case {
        /// The same in capitals.
        capitals: String,
    },
    /// It holds a character that stands in no symbol.
    #[error("{found:?} is not a character of symbols")]
    Character {
        /// The first such character.
        found: char,
    },
    /// A symbol of spot and margin is two currencies with one dash between them.
    #[error("expected base and quote currency with one dash between them, such as BTC-USDT")]
    NoPair,
    /// A symbol of futures is one word.
    #[error("expected a contract, which has no dash, such as XBTUSDTM")]
    NoContract,
}

/// Which symbols a topic takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolShape {
    /// Two currencies, of spot and margin: `BTC-USDT`.
    Pair,
    /// A contract, of futures: `XBTUSDTM`.
    Contract,
    /// Either, as of a unified account.
    Any,
}

impl SymbolShape {
    /// What keeps a text from being such a symbol; `None` where it is one by its shape, whether or not the exchange
    /// trades it.
    pub fn flaw(self, symbol: &str) -> Option<SymbolProblem> {
        if symbol.is_empty() {
            return Some(SymbolProblem::Empty);
        }
        if symbol.len() > LONGEST {
            return Some(SymbolProblem::TooLong);
        }
        if symbol.contains(',') {
            return Some(SymbolProblem::List);
        }
        // Letters of any script: there are markets that are named in Chinese.
        let stands =
            |found: char| found.is_alphanumeric() || matches!(found, '-' | '_' | '.' | '/');
        if let Some(found) = symbol.chars().find(|found| !stands(*found)) {
            return Some(SymbolProblem::Character { found });
        }
        if symbol.chars().any(char::is_lowercase) {
            let capitals = symbol.to_uppercase();
            return Some(SymbolProblem::Case { capitals });
        }
        match (self, symbol.split_once('-')) {
            (Self::Contract, Some(_)) => Some(SymbolProblem::NoContract),
            (Self::Contract | Self::Any, None) => None,
            (_, Some((base, quote)))
                if !base.is_empty() && !quote.is_empty() && !quote.contains('-') =>
            {
                None
            }
            _ => Some(SymbolProblem::NoPair),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_the_exchange_are_taken() {
        for symbol in ["BTC-USDT", "1INCH-USDT", "BTC3L-USDT", "币安人生-USDT"] {
            assert_eq!(SymbolShape::Pair.flaw(symbol), None, "{symbol}");
            assert_eq!(SymbolShape::Any.flaw(symbol), None, "{symbol}");
        }
        for symbol in ["XBTUSDTM", "10PEPEUSDTM", "XBTMU26", "币安人生USDTM"] {
            assert_eq!(SymbolShape::Contract.flaw(symbol), None, "{symbol}");
            assert_eq!(SymbolShape::Any.flaw(symbol), None, "{symbol}");
        }
    }

    #[test]
    fn what_is_no_symbol_is_told_how_to_be_one() {
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
            let told = shape.flaw(symbol).unwrap().to_string();
            assert!(told.contains(hint), "{symbol}: {told}");
        }
        assert_eq!(
            SymbolShape::Any.flaw(&"X".repeat(65)),
            Some(SymbolProblem::TooLong)
        );
    }
}
