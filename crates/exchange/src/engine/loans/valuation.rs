//! Assets and debts of a margin account, and how much it may borrow against them.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Engine, INTEREST_SCALE};
use crate::engine::{MAX_BALANCE, Rejected, Wallet};

/// Currency of the cross-margin report.
const REPORTING_CURRENCY: &str = "BTC";
/// Decimals of divided sums, which are rounded once, only for reports, and never booked.
const SHOWN_SCALE: u32 = 20;
/// Ratio of an account with debts and no assets: above every limit.
const NO_ASSETS_RATIO: Decimal = Decimal::ONE_THOUSAND;

/// Maximum debt ratio for borrowing: leverage 5 in cross margin, 10 in isolated margin.
fn borrow_limit(wallet: Wallet) -> Decimal {
    match wallet {
        Wallet::Isolated(_) => Decimal::new(9, 1),
        _ => Decimal::new(8, 1),
    }
}

/// Returns the maximum leverage of a margin account: assets divided by equity at its [`borrow_limit`].
pub(crate) fn max_leverage(wallet: Wallet) -> Decimal {
    (Decimal::ONE / (Decimal::ONE - borrow_limit(wallet))).normalize()
}

/// Maximum debt ratio for transfers out of a margin account with debts.
const WITHDRAW_LIMIT: Decimal = Decimal::from_parts(6, 0, 0, false, 1);

/// A margin account's assets and debts, in USDT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Valuation {
    pub(crate) assets: Decimal,
    /// Assets weighted by their collateral coefficient.
    pub(crate) weighted: Decimal,
    pub(crate) debts: Decimal,
}

impl Valuation {
    /// Returns the debt ratio: debts divided by weighted assets.
    ///
    /// The ratio is exact up to the last digits of the division.
    pub(crate) fn ratio(&self) -> Decimal {
        if self.debts.is_zero() {
            return Decimal::ZERO;
        }
        if self.weighted <= Decimal::ZERO {
            return NO_ASSETS_RATIO;
        }
        self.debts
            .checked_div(self.weighted)
            .unwrap_or(NO_ASSETS_RATIO)
    }

    fn check(&self, limit: Decimal) -> Result<(), Rejected> {
        let ratio = self.ratio();
        if ratio > limit {
            // Rounded up, so that the error never shows the limit itself.
            let ratio = ratio.round_dp_with_strategy(4, RoundingStrategy::AwayFromZero);
            return Err(Rejected::InsufficientCollateral { ratio, limit });
        }
        Ok(())
    }
}

/// Collateral coefficient: the fraction of a currency's value that secures debts.
fn coefficient(wallet: Wallet, currency: &str) -> Decimal {
    match (wallet, currency) {
        (Wallet::Isolated(_), _) | (_, "USDT" | "BTC") => Decimal::ONE,
        (_, "ETH") => Decimal::new(95, 2),
        _ => Decimal::new(8, 1),
    }
}

impl Engine {
    pub(crate) fn valuation(&self, wallet: Wallet) -> Valuation {
        let mut valuation = Valuation::default();
        for (owner, currency, balance) in self.ledger.balances() {
            if owner == wallet {
                let assets = balance.total() * self.price_of(currency);
                valuation.assets += assets;
                valuation.weighted += assets * coefficient(wallet, currency);
            }
        }
        for (owner, currency, debt) in self.loans.debts() {
            if owner == wallet {
                valuation.debts += debt.total() * self.price_of(currency);
            }
        }
        valuation
    }

    /// Checks that the collateral still suffices after this loan.
    pub(crate) fn check_borrow(
        &self,
        wallet: Wallet,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        let value = amount * self.price_of(currency);
        let now = self.valuation(wallet);
        let then = Valuation {
            assets: now.assets + value,
            weighted: now.weighted + value * coefficient(wallet, currency),
            debts: now.debts + value,
        };
        then.check(borrow_limit(wallet))
    }

    /// Returns the maximum amount that can be borrowed now, rounded down like interest is rounded up.
    pub(crate) fn max_borrow(&self, wallet: Wallet, currency: &str) -> Decimal {
        let (now, limit) = (self.valuation(wallet), borrow_limit(wallet));
        // A loan adds as much to the assets as to the debts.
        let per_unit = Decimal::ONE - limit * coefficient(wallet, currency);
        let value = (now.weighted * limit - now.debts).checked_div(per_unit);
        let amount = value.and_then(|value| value.checked_div(self.price_of(currency)));
        let held = self.balance(wallet, currency).total();
        let most = MAX_BALANCE - held.max(self.debt(wallet, currency).total());
        let amount = amount.unwrap_or_default().min(most).max(Decimal::ZERO);
        amount.trunc_with_scale(INTEREST_SCALE)
    }

    /// Checks that the collateral still suffices after this transfer out.
    pub(crate) fn check_withdrawal(
        &self,
        wallet: Wallet,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        let value = amount * self.price_of(currency);
        let now = self.valuation(wallet);
        let then = Valuation {
            assets: now.assets - value,
            weighted: now.weighted - value * coefficient(wallet, currency),
            ..now
        };
        then.check(WITHDRAW_LIMIT)
    }

    /// Returns the last price in USDT; 0 for a currency that is not traded here.
    pub(crate) fn price_of(&self, currency: &str) -> Decimal {
        let mut markets = self.markets.iter();
        match markets.find(|market| market.base == currency || market.quote == currency) {
            Some(market) if market.base == currency => market.last,
            Some(_) => Decimal::ONE,
            None => Decimal::ZERO,
        }
    }

    /// Converts a sum in USDT to the currency of the cross-margin report.
    pub(crate) fn in_reporting_currency(&self, amount: Decimal) -> Decimal {
        self.in_currency(amount, REPORTING_CURRENCY)
    }

    /// Converts a sum in USDT to another currency; 0 if the currency is not traded here.
    pub(crate) fn in_currency(&self, amount: Decimal, currency: &str) -> Decimal {
        amount
            .checked_div(self.price_of(currency))
            .unwrap_or_default()
            .round_dp(SHOWN_SCALE)
    }
}
