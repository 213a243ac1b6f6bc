//! Symbols inside of topics: their shape is checked before KuCoin is asked, which answers a wrong one with silence.

use std::fmt;

/// Longer than any symbol.
const LONGEST: usize = 40;

/// Why a text is no symbol. Write it as KuCoin's symbol list does: `BTC-USDT` on spot, `XBTUSDTM` on futures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no {market} symbol: {reason}")]
pub struct SymbolError {
    given: String,
    market: &'static str,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Empty,
    List,
    TooLong,
    Case(String),
    Character(char),
    NoDash,
    Dash,
    TooMany,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::List => {
                f.write_str("this topic takes one symbol; subscribe once for each of several")
            }
            Self::TooLong => write!(f, "it has more than {LONGEST} characters"),
            Self::Case(upper) => write!(f, "write it in capitals, `{upper}`"),
            Self::Character(found) => {
                write!(f, "{found:?} stands in no symbol")
            }
            Self::NoDash => {
                f.write_str("base and quote currency are parted by one dash, such as BTC-USDT")
            }
            Self::Dash => f.write_str("a contract has no dash, such as XBTUSDTM"),
            Self::TooMany => write!(f, "one request takes {MOST} symbols at most"),
        }
    }
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
        if self != Self::SpotList {
            return self
                .reason(given)
                .map_or(Ok(()), |reason| Err(self.error(given, reason)));
        }
        if given.split(',').count() > MOST {
            return Err(self.error(given, Reason::TooMany));
        }
        given
            .split(',')
            .try_for_each(|symbol| Self::Spot.check(symbol))
    }

    fn reason(self, symbol: &str) -> Option<Reason> {
        if symbol.is_empty() {
            return Some(Reason::Empty);
        }
        if symbol.contains(',') {
            return Some(Reason::List);
        }
        if symbol.chars().count() > LONGEST {
            return Some(Reason::TooLong);
        }
        // Letters of any script: there are markets that are named in Chinese.
        let stands = |found: char| found.is_alphanumeric() || matches!(found, '-' | '.' | '_');
        if let Some(found) = symbol.chars().find(|found| !stands(*found)) {
            return Some(Reason::Character(found));
        }
        if symbol.chars().any(char::is_lowercase) {
            return Some(Reason::Case(symbol.to_uppercase()));
        }
        match (self, symbol.split_once('-')) {
            (Self::Futures, Some(_)) => Some(Reason::Dash),
            (Self::Futures, None) => None,
            (_, Some((base, quote)))
                if !base.is_empty() && !quote.is_empty() && !quote.contains('-') =>
            {
                None
            }
            (_, _) => Some(Reason::NoDash),
        }
    }

    fn error(self, symbol: &str, reason: Reason) -> SymbolError {
        SymbolError {
            given: symbol
                .chars()
                .take(64)
                .flat_map(char::escape_debug)
                .collect(),
            market: match self {
                Self::Spot | Self::SpotList => "spot",
                Self::Futures => "futures",
            },
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn told(market: Market, symbol: &str) -> String {
        market.check(symbol).unwrap_err().to_string()
    }

    #[test]
    fn symbols_of_the_exchange_are_taken() {
        for symbol in ["BTC-USDT", "1INCH-USDT", "BTC3L-USDT", "币安人生-USDT"] {
            assert_eq!(Market::Spot.check(symbol), Ok(()), "{symbol}");
        }
        for symbol in ["XBTUSDTM", "10PEPEUSDTM", "XBTMU26", "币安人生USDTM"] {
            assert_eq!(Market::Futures.check(symbol), Ok(()), "{symbol}");
        }
    }

    #[test]
    fn what_is_no_symbol_is_told_how_to_be_one() {
        for (symbol, hint) in [
            ("", "empty"),
            ("BTCUSDT", "parted by one dash"),
            ("-USDT", "parted by one dash"),
            ("BTC-USDT-X", "parted by one dash"),
            ("btc-usdt", "`BTC-USDT`"),
            ("BTC-USDT ", "' '"),
            ("BTC-USDT,KCS-USDT", "one symbol"),
        ] {
            let told = told(Market::Spot, symbol);
            assert!(told.contains(hint), "{symbol}: {told}");
        }
        assert!(told(Market::Futures, "XBT-USDTM").contains("no dash"));
        assert!(told(Market::Futures, &"X".repeat(41)).contains("40"));
    }

    #[test]
    fn lists_are_taken_up_to_what_a_request_may_name() {
        let list = |count| vec!["A-B"; count].join(",");
        assert_eq!(Market::SpotList.check(&list(100)), Ok(()));
        assert!(Market::SpotList.check(&list(101)).is_err());
        assert!(Market::SpotList.check("A-B,,C-D").is_err());
    }

    #[test]
    fn a_hostile_symbol_is_cut_and_escaped() {
        let told = told(Market::Spot, &format!("\u{1b}[2J{}", "x".repeat(1000)));
        assert!(told.len() < 300 && !told.contains('\u{1b}'), "{told}");
    }
}
