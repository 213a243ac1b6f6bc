//! The symbols that a venue is queried for.

use std::collections::{BTreeSet, VecDeque};

use kucoin_streams_core::Text;
use kucoin_streams_decode::{Record, Scanner};
use kucoin_streams_rest::{UnifiedBalanceRow, UnifiedLedgerRow};

/// Number of symbols of past events that are queried after a gap.
const RECENT_SYMBOLS: usize = 50;
/// Quote currency of the symbols that are guessed from the currencies of trades.
const QUOTE: &str = "USDT";
/// Words of bookings of a unified account that are no trades on spot or margin.
const OTHER_BOOKINGS: [&str; 6] = [
    "FUTURES", "TRANSFER", "DEPOSIT", "WITHDRAW", "FUNDING", "INTEREST",
];

/// The symbols of the latest events.
#[derive(Debug, Default)]
pub(super) struct RecentSymbols(VecDeque<Text>);

impl RecentSymbols {
    pub(super) fn note(&mut self, symbol: &Text) {
        if self.0.back() == Some(symbol) {
            return;
        }
        self.0.retain(|known| known != symbol);
        if self.0.len() == RECENT_SYMBOLS {
            self.0.pop_front();
        }
        self.0.push_back(symbol.clone());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Text> {
        self.0.iter()
    }
}

/// The currencies of trades whose symbols are not known.
///
/// A unified account has no list of the symbols that traded, and the ledgers of classic accounts can lack the symbol.
#[derive(Debug, Default)]
pub(super) struct TradedCurrencies {
    /// Currencies that open orders hold.
    held: BTreeSet<Text>,
    /// Currencies with bookings of trades in the window.
    booked: BTreeSet<Text>,
}

impl TradedCurrencies {
    /// Takes a row of the balances; returns `false` if it is not readable.
    pub(super) fn take_balance(&mut self, raw: &str) -> bool {
        let row = UnifiedBalanceRow::read(&mut Scanner::new(raw));
        if let Ok(row) = &row
            && row.hold.is_some_and(|hold| !hold.is_zero())
        {
            self.held.insert(row.currency.clone());
        }
        row.is_ok()
    }

    /// Takes a row of the ledger; returns `false` if it is not readable.
    pub(super) fn take_booking(&mut self, raw: &str) -> bool {
        let row = UnifiedLedgerRow::read(&mut Scanner::new(raw));
        if let Ok(row) = &row {
            let reason = row.reason.as_deref().unwrap_or_default();
            let reason = reason.to_ascii_uppercase();
            if !OTHER_BOOKINGS.iter().any(|word| reason.contains(word)) {
                self.booked.insert(row.currency.clone());
            }
        }
        row.is_ok()
    }

    /// Takes the currency of a trade whose symbol is not known.
    pub(super) fn take_trade(&mut self, currency: Text) {
        self.booked.insert(currency);
    }

    /// Returns the symbols that open orders can have: a sell order holds its base currency.
    pub(super) fn open_symbols(&self) -> impl Iterator<Item = Text> {
        symbols(&self.held)
    }

    /// Returns the symbols that can have traded in the window.
    pub(super) fn traded_symbols(&self) -> impl Iterator<Item = Text> {
        symbols(&self.booked)
    }

    /// Returns the currencies whose bookings no fill of these symbols explains.
    pub(super) fn unexplained<'c>(
        &'c self,
        filled: &'c BTreeSet<Text>,
    ) -> impl Iterator<Item = &'c Text> {
        let explains = |symbol: &Text, currency: &str| match symbol.split_once('-') {
            Some((base, quote)) => base == currency || quote == currency,
            // A contract is settled in its quote currency or its base currency.
            None => symbol.contains(currency),
        };
        let booked = self.booked.iter();
        booked.filter(move |currency| !filled.iter().any(|symbol| explains(symbol, currency)))
    }
}

fn symbols(currencies: &BTreeSet<Text>) -> impl Iterator<Item = Text> {
    let currencies = currencies.iter().filter(|currency| *currency != QUOTE);
    currencies.map(|currency| format!("{currency}-{QUOTE}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_symbols_are_bounded_and_the_oldest_goes() {
        let mut recent = RecentSymbols::default();
        for number in 0..60 {
            recent.note(&format!("S{number}-USDT").into());
            recent.note(&"BTC-USDT".into());
        }
        assert_eq!(recent.iter().count(), RECENT_SYMBOLS);
        assert!(recent.iter().any(|symbol| symbol == "BTC-USDT"));
        assert!(!recent.iter().any(|symbol| symbol == "S5-USDT"));
    }

    #[test]
    fn currencies_are_candidates_until_a_fill_explains_them() {
        let mut currencies = TradedCurrencies::default();
        assert!(currencies.take_balance(r#"{"currency":"SOL","hold":"2"}"#));
        assert!(currencies.take_balance(r#"{"currency":"ETH","hold":"0"}"#));
        let booking = |currency: &str, reason: &str| {
            format!(
                r#"{{"id":"1","currency":"{currency}","direction":"IN","businessType":"{reason}","amount":"1"}}"#
            )
        };
        assert!(currencies.take_booking(&booking("KCS", "TRADE_EXCHANGE")));
        assert!(currencies.take_booking(&booking("USDT", "TRADE_EXCHANGE")));
        assert!(currencies.take_booking(&booking("XRP", "FUTURES_EXCHANGE_OPEN")));
        assert!(!currencies.take_booking("{}"));
        assert_eq!(currencies.open_symbols().collect::<Vec<_>>(), ["SOL-USDT"]);
        assert_eq!(
            currencies.traded_symbols().collect::<Vec<_>>(),
            ["KCS-USDT"]
        );
        let filled = BTreeSet::from(["BTC-USDT".into()]);
        assert_eq!(currencies.unexplained(&filled).collect::<Vec<_>>(), ["KCS"]);
    }
}
