//! The balances of the spot and margin accounts, by account and currency.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::Rejected;
use super::event::{BalanceEvent, RelationContext, Text};
use super::ids::Ids;

/// An account of a KuCoin user that the local exchange keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Wallet {
    /// The funding account (`main`).
    Main,
    /// The spot trading account (`trade`).
    Trade,
    /// The cross-margin account (`margin`); everything in it is collateral.
    Margin,
    /// The isolated-margin account of one of [`SYMBOLS`](crate::SYMBOLS) (`isolated_BTC-USDT`).
    ///
    /// It holds and borrows the two currencies of its symbol.
    Isolated(&'static str),
}

/// The account name as KuCoin writes it.
impl fmt::Display for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => f.write_str("main"),
            Self::Trade => f.write_str("trade"),
            Self::Margin => f.write_str("margin"),
            Self::Isolated(symbol) => write!(f, "isolated_{symbol}"),
        }
    }
}

/// Balance of one wallet in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WalletBalance {
    /// Available balance.
    pub available: Decimal,
    /// Hold balance: reserved for open orders.
    pub hold: Decimal,
}

impl WalletBalance {
    /// Returns the total balance: available plus hold.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.available + self.hold
    }
}

/// Why a balance changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Deposit,
    Transfer,
    Hold,
    Settled,
    Borrow,
    Repay,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: BTreeMap<(Wallet, Text), (Text, WalletBalance)>,
}

impl Ledger {
    pub(crate) fn balance(&self, wallet: Wallet, currency: &str) -> WalletBalance {
        let key = (wallet, Arc::from(currency));
        self.entries
            .get(&key)
            .map(|entry| entry.1)
            .unwrap_or_default()
    }

    /// Returns `true` if the account ever held this currency.
    pub(crate) fn ever_held(&self, wallet: Wallet, currency: &str) -> bool {
        self.balances()
            .any(|(owner, known, _)| owner == wallet && known == currency)
    }

    pub(crate) fn balances(&self) -> impl Iterator<Item = (Wallet, &str, WalletBalance)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key.0, &*key.1, entry.1))
    }

    /// Returns the wallet, currency, account ID and balance of every account.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = (Wallet, &str, &str, WalletBalance)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key.0, &*key.1, &*entry.0, entry.1))
    }

    /// Changes one balance by exactly these amounts; on an error nothing changes.
    pub(crate) fn apply(
        &mut self,
        ids: &mut Ids,
        time_ms: u64,
        (wallet, currency): (Wallet, &str),
        (available_change, hold_change): (Decimal, Decimal),
        (reason, context): (Reason, Option<RelationContext>),
    ) -> Result<BalanceEvent, Rejected> {
        let key: (Wallet, Text) = (wallet, Arc::from(currency));
        let before = self
            .entries
            .get(&key)
            .map(|entry| entry.1)
            .unwrap_or_default();
        let (available, hold) = (
            before.available + available_change,
            before.hold + hold_change,
        );
        if available < Decimal::ZERO || hold < Decimal::ZERO {
            return Err(Rejected::InsufficientFunds {
                currency: currency.to_owned(),
            });
        }
        let after = WalletBalance { available, hold };
        let currency = Arc::clone(&key.1);
        let entry = self
            .entries
            .entry(key)
            .or_insert_with(|| (ids.account(wallet, time_ms), WalletBalance::default()));
        entry.1 = after;
        Ok(BalanceEvent {
            account_id: Arc::clone(&entry.0),
            currency,
            available,
            hold,
            available_change,
            hold_change,
            wallet,
            reason,
            relation_event_id: ids.event(),
            context,
            time_ms,
        })
    }
}
