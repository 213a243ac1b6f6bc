//! The account's owner from outside: borrowing and repaying.

use rust_decimal::Decimal;

use super::Account;
use crate::engine::{Debt, Engine, Rejected, Wallet};
use crate::sync::lock;

impl Account {
    /// Borrows into a margin account ([`Wallet::Margin`] or [`Wallet::Isolated`]), as long as its
    /// debt ratio stays at 0.8 at most in cross margin and at 0.9 in isolated margin.
    ///
    /// Pushes the balance and, after it, what is owed: `debt.ratio` on `/margin/position`, or on
    /// `/margin/isolatedPosition:SYMBOL` an `IN_BORROW` before the balance and a `DEBT` after it.
    ///
    /// # Errors
    /// The wallet is not a margin account or does not keep the currency, the amount is not a
    /// positive one that can be kept exactly, or what the account holds does not secure it.
    pub fn borrow(&self, wallet: Wallet, currency: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.borrow(wallet, currency, amount))
    }

    /// Repays out of the margin account that owes it: interest first, then principal.
    ///
    /// Pushes as [`Account::borrow`]; the isolated account says `IN_REPAY`, then `DEBT` or, when it
    /// owes nothing any more, `CLEAR`.
    ///
    /// # Errors
    /// As [`Account::borrow`]; also when more is repaid than is owed or available.
    pub fn repay(&self, wallet: Wallet, currency: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.repay(wallet, currency, amount))
    }

    /// Charges the interest of an hour on every debt, 0.001 % rounded up to 8 decimals: the debts
    /// grow, no balance changes. Nothing happens when nothing is owed.
    pub fn settle_interest(&self) {
        self.act(Engine::settle_interest);
    }

    /// What a margin account owes in one currency.
    #[must_use]
    pub fn debt(&self, wallet: Wallet, currency: &str) -> Debt {
        lock(&self.shared.hub).engine.debt(wallet, currency)
    }

    /// What a margin account owes as a part of what it is secured by, at the last prices; 0 when it
    /// owes nothing.
    ///
    /// From 0.97 on the cross-margin account is frozen (`FROZEN_FL`): no order may be placed in it.
    /// Above 1 it is in liability (`LIABILITY`). It is not liquidated: it recovers (`UNFROZEN_FL`,
    /// `UNLIABILITY`) when it repays, is sent money, or prices move.
    #[must_use]
    pub fn debt_ratio(&self, wallet: Wallet) -> Decimal {
        lock(&self.shared.hub).engine.debt_ratio(wallet)
    }
}
