//! Margin loans: debts, collateral checks and their reports.
//!
//! A cross-margin account borrows against all its assets; an isolated account belongs to one symbol. A loan increases
//! balance and debt by the same amount, and a repayment reduces both, so neither changes assets minus debts. Accounts
//! are never liquidated: an account with too much debt reports its status, may only repay and receive money, and
//! recovers when it owes less.

#[cfg(test)]
mod tests;
mod valuation;

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::ledger::Reason;
use super::{Engine, Event, Host, MAX_BALANCE, Rejected, Wallet, WalletBalance, check_amount};
use crate::fault::MarginStatusType;
pub(crate) use valuation::{Valuation, max_leverage};

/// Hourly interest rate, as a fraction of the debt.
const HOURLY_RATE: Decimal = Decimal::from_parts(1, 0, 0, false, 5);
/// Decimals that interest is rounded up to, so that a debt can always be repaid in full.
pub(crate) const INTEREST_SCALE: u32 = 8;
/// The debt ratio from which the cross-margin account is frozen.
const FROZEN_FROM: Decimal = Decimal::from_parts(97, 0, 0, false, 2);
/// Interval between reports of unchanged debts while prices move, in engine time.
const REPORT_EVERY_MS: u64 = 4_000;
/// Decimals of the reported debt ratio.
pub(crate) const RATIO_SCALE: u32 = 8;

/// Debt of a margin account in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Debt {
    /// Principal: borrowed and not repaid.
    pub principal: Decimal,
    /// Unpaid interest.
    pub interest: Decimal,
}

impl Debt {
    /// Returns principal plus interest.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.principal + self.interest
    }
}

#[derive(Debug, Default)]
pub(crate) struct Loans {
    debts: BTreeMap<(Wallet, &'static str), Debt>,
    /// `true` if the debt ratio of the cross-margin account has reached [`FROZEN_FROM`].
    frozen: bool,
    in_liability: bool,
    /// Time of the last report of the cross-margin account.
    reported_ms: u64,
}

impl Loans {
    pub(crate) fn debt(&self, wallet: Wallet, currency: &str) -> Debt {
        let mut debts = self.debts.iter();
        debts
            .find(|(key, _)| **key == (wallet, currency))
            .map(|entry| *entry.1)
            .unwrap_or_default()
    }

    /// Returns the open debts by account and currency.
    pub(crate) fn debts(&self) -> impl Iterator<Item = (Wallet, &'static str, Debt)> {
        self.debts.iter().map(|(key, debt)| (key.0, key.1, *debt))
    }

    pub(crate) fn owes(&self, wallet: Wallet) -> bool {
        self.debts.keys().any(|key| key.0 == wallet)
    }
}

/// State of the cross-margin account, with sums in BTC.
#[derive(Debug, Clone)]
pub(crate) struct CrossMargin {
    /// Debts divided by weighted assets.
    pub(crate) debt_ratio: Decimal,
    pub(crate) total_asset: Decimal,
    /// Assets weighted by their collateral coefficient.
    pub(crate) weighted_asset: Decimal,
    pub(crate) total_debt: Decimal,
    /// The same three sums in USDT.
    pub(crate) valuation: Valuation,
    /// Every currency that was ever held, so that a repaid debt shows as zero.
    pub(crate) currencies: Vec<CurrencyState>,
    pub(crate) time_ms: u64,
}

/// One currency of a margin account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CurrencyState {
    pub(crate) currency: &'static str,
    pub(crate) balance: WalletBalance,
    pub(crate) debt: Debt,
}

/// A status change of the cross-margin account: a debt ratio limit was crossed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrossStatus {
    pub(crate) change: MarginStatusType,
    pub(crate) time_ms: u64,
}

/// State of an isolated-margin account before or after its debt changes.
#[derive(Debug, Clone)]
pub(crate) struct IsolatedLoan {
    pub(crate) symbol: &'static str,
    pub(crate) phase: LoanPhase,
    /// Principal of both currencies, in quote currency.
    pub(crate) principal: Decimal,
    /// The base currency, then the quote currency.
    pub(crate) currencies: [CurrencyState; 2],
    pub(crate) time_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoanPhase {
    /// A loan begins; no balance changed yet.
    Borrowing,
    /// A repayment begins; no balance changed yet.
    Repaying,
    /// The account has debts.
    Owing,
    /// All debts are repaid.
    Clear,
}

impl Engine {
    pub(crate) fn debt(&self, wallet: Wallet, currency: &str) -> Debt {
        self.loans.debt(wallet, currency)
    }

    /// Returns the debt ratio of a margin account; 0 without debts.
    pub(crate) fn debt_ratio(&self, wallet: Wallet) -> Decimal {
        self.valuation(wallet).ratio()
    }

    /// Borrows into a margin account.
    pub(crate) fn borrow(
        &mut self,
        wallet: Wallet,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        let currency = self.loan_currency(wallet, currency)?;
        let mut debt = self.loans.debt(wallet, currency);
        let most = self.balance(wallet, currency).total().max(debt.total());
        if most + amount > MAX_BALANCE {
            return Err(Rejected::TooLarge { limit: MAX_BALANCE });
        }
        self.check_borrow(wallet, currency, amount)?;
        self.report_isolated(wallet, LoanPhase::Borrowing);
        debt.principal += amount;
        self.loans.debts.insert((wallet, currency), debt);
        self.add(wallet, currency, amount, Reason::Borrow)?;
        self.report_debt(wallet);
        Ok(())
    }

    /// Repays from the same margin account: interest first, then principal.
    pub(crate) fn repay(
        &mut self,
        wallet: Wallet,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        let currency = self.loan_currency(wallet, currency)?;
        let mut debt = self.loans.debt(wallet, currency);
        if amount > debt.total() {
            return Err(Rejected::ExceedsDebt {
                currency: currency.to_owned(),
                owed: debt.total(),
            });
        }
        if amount > self.balance(wallet, currency).available {
            return Err(Rejected::InsufficientFunds {
                currency: currency.to_owned(),
            });
        }
        self.report_isolated(wallet, LoanPhase::Repaying);
        let interest = amount.min(debt.interest);
        debt.interest -= interest;
        debt.principal -= amount - interest;
        if debt.total().is_zero() {
            self.loans.debts.remove(&(wallet, currency));
        } else {
            self.loans.debts.insert((wallet, currency), debt);
        }
        self.add(wallet, currency, -amount, Reason::Repay)?;
        self.report_debt(wallet);
        Ok(())
    }

    /// Charges one hour of interest on every debt.
    pub(crate) fn settle_interest(&mut self) {
        for debt in self.loans.debts.values_mut() {
            debt.interest += (debt.total() * HOURLY_RATE)
                .round_dp_with_strategy(INTEREST_SCALE, RoundingStrategy::AwayFromZero);
        }
        let mut owing: Vec<Wallet> = self.loans.debts.keys().map(|key| key.0).collect();
        owing.dedup();
        for wallet in owing {
            self.report_debt(wallet);
        }
    }

    /// Checks that the account supports the currency.
    pub(crate) fn check_currency(&self, wallet: Wallet, currency: &str) -> Result<(), Rejected> {
        match wallet {
            Wallet::Main | Wallet::Trade => Ok(()),
            Wallet::Margin | Wallet::Isolated(_) => self.loan_currency(wallet, currency).map(drop),
        }
    }

    /// Checks that orders on a market can settle in this account.
    pub(crate) fn check_settles_in(&self, wallet: Wallet, market: usize) -> Result<(), Rejected> {
        match wallet {
            Wallet::Trade | Wallet::Margin => Ok(()),
            Wallet::Isolated(symbol) if self.markets[market].symbol == symbol => Ok(()),
            Wallet::Main | Wallet::Isolated(_) => Err(Rejected::WrongWallet { wallet }),
        }
    }

    /// Checks that an order may be placed in this account now.
    pub(crate) fn check_trades_in(&self, wallet: Wallet, market: usize) -> Result<(), Rejected> {
        if wallet == Wallet::Margin && self.loans.frozen {
            return Err(Rejected::AccountFrozen);
        }
        self.check_settles_in(wallet, market)
    }

    /// Reports cross-margin debts after a transfer or a price change, because the collateral has changed.
    pub(crate) fn collateral_changed(&mut self, wallet: Wallet) {
        if wallet == Wallet::Margin && self.loans.owes(wallet) {
            self.report_cross();
        }
    }

    /// Reports debts after a random price move only if a limit was crossed or a report is due.
    pub(crate) fn prices_moved(&mut self) {
        if !self.loans.owes(Wallet::Margin) {
            return;
        }
        let due = self.now_ms >= self.loans.reported_ms.saturating_add(REPORT_EVERY_MS);
        let over = over_limits(self.debt_ratio(Wallet::Margin));
        if due || over != (self.loans.frozen, self.loans.in_liability) {
            self.report_cross();
        }
    }

    /// Returns the currency if the account is a margin account that supports it.
    fn loan_currency(&self, wallet: Wallet, currency: &str) -> Result<&'static str, Rejected> {
        let of_symbol = match wallet {
            Wallet::Main | Wallet::Trade => return Err(Rejected::WrongWallet { wallet }),
            Wallet::Margin => None,
            Wallet::Isolated(symbol) => Some(self.find_market(Host::Spot, symbol)?.index),
        };
        let markets = self.markets.iter().enumerate();
        markets
            .filter(|(index, _)| of_symbol.is_none_or(|market| market == *index))
            .flat_map(|(_, market)| [market.base, market.quote])
            .find(|known| *known == currency)
            .ok_or_else(|| Rejected::UnknownCurrency {
                currency: currency.to_owned(),
            })
    }

    fn report_debt(&mut self, wallet: Wallet) {
        match wallet {
            Wallet::Margin => self.report_cross(),
            wallet => {
                let phase = if self.loans.owes(wallet) {
                    LoanPhase::Owing
                } else {
                    LoanPhase::Clear
                };
                self.report_isolated(wallet, phase);
            }
        }
    }

    /// Returns the current state of the cross-margin account.
    pub(crate) fn cross_margin(&self) -> CrossMargin {
        let valuation = self.valuation(Wallet::Margin);
        CrossMargin {
            debt_ratio: valuation.ratio().round_dp(RATIO_SCALE),
            total_asset: self.in_reporting_currency(valuation.assets),
            weighted_asset: self.in_reporting_currency(valuation.weighted),
            total_debt: self.in_reporting_currency(valuation.debts),
            valuation,
            currencies: self.cross_currencies(),
            time_ms: self.now_ms,
        }
    }

    fn report_cross(&mut self) {
        let state = self.cross_margin();
        let ratio = state.valuation.ratio();
        self.loans.reported_ms = self.now_ms;
        self.events.push(Event::CrossMargin(state));
        let (frozen, in_liability) = over_limits(ratio);
        let was_frozen = std::mem::replace(&mut self.loans.frozen, frozen);
        let was_in_liability = std::mem::replace(&mut self.loans.in_liability, in_liability);
        // A falling ratio leaves liability first: a frozen account may be in liability or not.
        let crossed = [
            (!was_frozen && frozen, MarginStatusType::Frozen),
            (
                !was_in_liability && in_liability,
                MarginStatusType::Liability,
            ),
            (
                was_in_liability && !in_liability,
                MarginStatusType::LiabilityCleared,
            ),
            (was_frozen && !frozen, MarginStatusType::Unfrozen),
        ];
        for (_, change) in crossed.into_iter().filter(|(crossed, _)| *crossed) {
            self.report_margin_status(change);
        }
    }

    /// Reports a status of the cross-margin account regardless of its debts.
    pub(crate) fn report_margin_status(&mut self, change: MarginStatusType) {
        let time_ms = self.now_ms;
        let status = CrossStatus { change, time_ms };
        self.events.push(Event::CrossStatus(status));
    }

    pub(crate) fn cross_currencies(&self) -> Vec<CurrencyState> {
        let mut known: Vec<&'static str> = self
            .markets
            .iter()
            .flat_map(|market| [market.base, market.quote])
            .collect();
        known.sort_unstable();
        known.dedup();
        known
            .into_iter()
            .filter(|currency| self.ledger.ever_held(Wallet::Margin, currency))
            .map(|currency| self.currency_state(Wallet::Margin, currency))
            .collect()
    }

    /// Returns the base and the quote currency of an isolated account; `None` for an unknown symbol.
    pub(crate) fn isolated_currencies(&self, symbol: &'static str) -> Option<[CurrencyState; 2]> {
        let mut markets = self.markets.iter();
        let market = markets.find(|market| market.symbol == symbol)?;
        let state = |currency| self.currency_state(Wallet::Isolated(symbol), currency);
        Some([state(market.base), state(market.quote)])
    }

    /// Returns whether the cross-margin account is frozen, and whether it is in liability.
    pub(crate) fn cross_limits_crossed(&self) -> (bool, bool) {
        (self.loans.frozen, self.loans.in_liability)
    }

    /// Reports an isolated account; does nothing for other wallets.
    fn report_isolated(&mut self, wallet: Wallet, phase: LoanPhase) {
        let Wallet::Isolated(symbol) = wallet else {
            return;
        };
        let Some(currencies) = self.isolated_currencies(symbol) else {
            return;
        };
        let [base, quote] = &currencies;
        let price = self.price_of(base.currency);
        let event = IsolatedLoan {
            symbol,
            phase,
            principal: base.debt.principal * price + quote.debt.principal,
            currencies,
            time_ms: self.now_ms,
        };
        self.events.push(Event::IsolatedLoan(event));
    }

    fn currency_state(&self, wallet: Wallet, currency: &'static str) -> CurrencyState {
        CurrencyState {
            currency,
            balance: self.balance(wallet, currency),
            debt: self.loans.debt(wallet, currency),
        }
    }
}

/// Returns whether an account with this debt ratio is frozen, and whether the account is in liability.
fn over_limits(ratio: Decimal) -> (bool, bool) {
    (ratio >= FROZEN_FROM, ratio > Decimal::ONE)
}
