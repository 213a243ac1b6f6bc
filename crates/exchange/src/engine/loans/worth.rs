//! What a margin account is worth and owes, and how much debt its assets may secure.

use rust_decimal::{Decimal, RoundingStrategy};

use super::Engine;
use crate::engine::{Rejected, Wallet};

/// The currency in which the cross-margin account is reported.
const REPORTING_CURRENCY: &str = "BTC";
/// Decimals of sums that were divided: rounded once, here, and only shown, never booked.
const SHOWN_SCALE: u32 = 20;
/// A ratio that no limit allows, for a debt without assets.
const HOPELESS: Decimal = Decimal::ONE_THOUSAND;

/// The debt ratio up to which may be borrowed: five times the own money in cross margin, ten times
/// in isolated margin.
fn borrow_limit(wallet: Wallet) -> Decimal {
    match wallet {
        Wallet::Isolated(_) => Decimal::new(9, 1),
        _ => Decimal::new(8, 1),
    }
}

/// The debt ratio up to which money may leave a margin account that owes some.
const WITHDRAW_LIMIT: Decimal = Decimal::from_parts(6, 0, 0, false, 1);

/// A margin account's assets and debts, in USDT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Worth {
    pub(crate) assets: Decimal,
    /// The assets at the part of their worth at which they secure a debt.
    pub(crate) weighted: Decimal,
    pub(crate) debts: Decimal,
}

impl Worth {
    /// What is owed as a part of what it is secured by; exact up to the division's last digits.
    pub(crate) fn ratio(&self) -> Decimal {
        if self.debts.is_zero() {
            return Decimal::ZERO;
        }
        if self.weighted <= Decimal::ZERO {
            return HOPELESS;
        }
        self.debts.checked_div(self.weighted).unwrap_or(HOPELESS)
    }

    fn check(&self, limit: Decimal) -> Result<(), Rejected> {
        let ratio = self.ratio();
        if ratio > limit {
            // Upwards, so that it is never shown as the limit itself.
            let ratio = ratio.round_dp_with_strategy(4, RoundingStrategy::AwayFromZero);
            return Err(Rejected::InsufficientCollateral { ratio, limit });
        }
        Ok(())
    }
}

/// How much of its worth a currency secures.
fn coefficient(wallet: Wallet, currency: &str) -> Decimal {
    match (wallet, currency) {
        (Wallet::Isolated(_), _) | (_, "USDT" | "BTC") => Decimal::ONE,
        (_, "ETH") => Decimal::new(95, 2),
        _ => Decimal::new(8, 1),
    }
}

impl Engine {
    pub(crate) fn worth(&self, wallet: Wallet) -> Worth {
        let mut worth = Worth::default();
        for (owner, currency, balance) in self.ledger.balances() {
            if owner == wallet {
                let assets = balance.total() * self.price_of(currency);
                worth.assets += assets;
                worth.weighted += assets * coefficient(wallet, currency);
            }
        }
        for (owner, currency, debt) in self.loans.debts() {
            if owner == wallet {
                worth.debts += debt.total() * self.price_of(currency);
            }
        }
        worth
    }

    /// Whether the account still secures its debts once it has borrowed this too.
    pub(crate) fn check_borrow(
        &self,
        wallet: Wallet,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        let value = amount * self.price_of(currency);
        let now = self.worth(wallet);
        let then = Worth {
            assets: now.assets + value,
            weighted: now.weighted + value * coefficient(wallet, currency),
            debts: now.debts + value,
        };
        then.check(borrow_limit(wallet))
    }

    /// Whether the account still secures its debts once this has left it.
    pub(crate) fn check_withdrawal(
        &self,
        wallet: Wallet,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        let value = amount * self.price_of(currency);
        let now = self.worth(wallet);
        let then = Worth {
            assets: now.assets - value,
            weighted: now.weighted - value * coefficient(wallet, currency),
            ..now
        };
        then.check(WITHDRAW_LIMIT)
    }

    /// The last price in USDT; a currency that is not traded here is worth nothing.
    pub(crate) fn price_of(&self, currency: &str) -> Decimal {
        let mut markets = self.markets.iter();
        match markets.find(|market| market.base == currency || market.quote == currency) {
            Some(market) if market.base == currency => market.last,
            Some(_) => Decimal::ONE,
            None => Decimal::ZERO,
        }
    }

    /// A sum in USDT as it is reported of the cross-margin account.
    pub(crate) fn in_reporting_currency(&self, amount: Decimal) -> Decimal {
        amount
            .checked_div(self.price_of(REPORTING_CURRENCY))
            .unwrap_or_default()
            .round_dp(SHOWN_SCALE)
    }
}
