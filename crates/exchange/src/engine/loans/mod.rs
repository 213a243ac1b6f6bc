//! Borrowed money: who owes what, what may be borrowed on what is there, and what is reported of it.
//!
//! A cross-margin account borrows on all that it holds; an isolated one belongs to one symbol. What
//! is borrowed comes into the account and what is repaid leaves it, so that what an account holds
//! less what it owes changes by neither. Nothing is ever liquidated: an account that owes too much
//! says so, may only repay and be sent money, and recovers when it owes less.

#[cfg(test)]
mod tests;
mod worth;

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::ledger::Reason;
use super::{Engine, Event, Host, MAX_BALANCE, Rejected, Wallet, WalletBalance, check_amount};
use crate::fault::MarginStatusType;
pub(crate) use worth::Worth;

/// The interest of an hour, as a part of what is owed.
const HOURLY_RATE: Decimal = Decimal::from_parts(1, 0, 0, false, 5);
/// Decimals to which interest is rounded up, so that a debt can always be repaid in full.
pub(crate) const INTEREST_SCALE: u32 = 8;
/// The debt ratio from which the cross-margin account is frozen.
const FROZEN_FROM: Decimal = Decimal::from_parts(97, 0, 0, false, 2);
/// While the account lives by itself its debts are reported this often, by engine time.
const REPORT_EVERY_MS: u64 = 4_000;
/// Decimals of the debt ratio as it is reported.
const RATIO_SCALE: u32 = 8;

/// What a margin account owes in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Debt {
    /// What was borrowed and not repaid.
    pub principal: Decimal,
    /// The interest on it that was not paid.
    pub interest: Decimal,
}

impl Debt {
    /// Principal and interest together.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.principal + self.interest
    }
}

#[derive(Debug, Default)]
pub(crate) struct Loans {
    debts: BTreeMap<(Wallet, &'static str), Debt>,
    /// Limits that the cross-margin account is over now.
    frozen: bool,
    in_liability: bool,
    /// When the cross-margin account was reported last.
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

    /// All that is owed, by account and currency; nothing that is repaid.
    pub(crate) fn debts(&self) -> impl Iterator<Item = (Wallet, &'static str, Debt)> {
        self.debts.iter().map(|(key, debt)| (key.0, key.1, *debt))
    }

    pub(crate) fn owes(&self, wallet: Wallet) -> bool {
        self.debts.keys().any(|key| key.0 == wallet)
    }
}

/// The cross-margin account at one moment, its sums in BTC.
#[derive(Debug, Clone)]
pub(crate) struct CrossMargin {
    /// What is owed as a part of what it is secured by.
    pub(crate) debt_ratio: Decimal,
    pub(crate) total_asset: Decimal,
    /// The assets at the part of their worth at which they secure a debt.
    pub(crate) weighted_asset: Decimal,
    pub(crate) total_debt: Decimal,
    /// The same three sums in USDT.
    pub(crate) worth: Worth,
    /// Every currency that was ever held, so that it shows when a debt is gone.
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

/// The cross-margin account went over one of its limits, or came back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrossStatus {
    pub(crate) change: MarginStatusType,
    pub(crate) time_ms: u64,
}

/// An isolated-margin account at the moment when its debt changed, or was about to.
#[derive(Debug, Clone)]
pub(crate) struct IsolatedLoan {
    pub(crate) symbol: &'static str,
    pub(crate) phase: LoanPhase,
    /// What is owed without interest, in quote currency.
    pub(crate) principal: Decimal,
    /// The base currency, then the quote currency.
    pub(crate) currencies: [CurrencyState; 2],
    pub(crate) time_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoanPhase {
    /// The owner borrows; nothing moved yet.
    Borrowing,
    /// The owner repays; nothing moved yet.
    Repaying,
    /// Something is owed.
    Owing,
    /// Nothing is owed any more.
    Clear,
}

impl Engine {
    pub(crate) fn debt(&self, wallet: Wallet, currency: &str) -> Debt {
        self.loans.debt(wallet, currency)
    }

    /// The debt ratio of a margin account; 0 for one that owes nothing.
    pub(crate) fn debt_ratio(&self, wallet: Wallet) -> Decimal {
        self.worth(wallet).ratio()
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

    /// Repays out of the same margin account: interest first, then principal.
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

    /// Charges the interest of an hour on every debt.
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

    /// Whether a currency is kept in an account at all.
    pub(crate) fn check_kept(&self, wallet: Wallet, currency: &str) -> Result<(), Rejected> {
        match wallet {
            Wallet::Main | Wallet::Trade => Ok(()),
            Wallet::Margin | Wallet::Isolated(_) => self.loan_currency(wallet, currency).map(drop),
        }
    }

    /// Whether orders on a market settle in this account.
    pub(crate) fn check_settles_in(&self, wallet: Wallet, market: usize) -> Result<(), Rejected> {
        match wallet {
            Wallet::Trade | Wallet::Margin => Ok(()),
            Wallet::Isolated(symbol) if self.markets[market].symbol == symbol => Ok(()),
            Wallet::Main | Wallet::Isolated(_) => Err(Rejected::WrongWallet { wallet }),
        }
    }

    /// Whether an order may be placed in this account now.
    pub(crate) fn check_trades_in(&self, wallet: Wallet, market: usize) -> Result<(), Rejected> {
        if wallet == Wallet::Margin && self.loans.frozen {
            return Err(Rejected::AccountFrozen);
        }
        self.check_settles_in(wallet, market)
    }

    /// Money moved into the account or out of it, or a price was set: debts are secured by more or less now.
    pub(crate) fn collateral_moved(&mut self, wallet: Wallet) {
        if wallet == Wallet::Margin && self.loans.owes(wallet) {
            self.report_cross();
        }
    }

    /// Prices move all the time: debts are reported when a limit was crossed, and otherwise now and then.
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

    /// The currency, when the account is a margin account that keeps it.
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

    fn report_cross(&mut self) {
        let worth = self.worth(Wallet::Margin);
        let ratio = worth.ratio();
        self.loans.reported_ms = self.now_ms;
        self.events.push(Event::CrossMargin(CrossMargin {
            debt_ratio: ratio.round_dp(RATIO_SCALE),
            total_asset: self.in_reporting_currency(worth.assets),
            weighted_asset: self.in_reporting_currency(worth.weighted),
            total_debt: self.in_reporting_currency(worth.debts),
            worth,
            currencies: self.cross_currencies(),
            time_ms: self.now_ms,
        }));
        let (frozen, in_liability) = over_limits(ratio);
        let was_frozen = std::mem::replace(&mut self.loans.frozen, frozen);
        let was_in_liability = std::mem::replace(&mut self.loans.in_liability, in_liability);
        // On the way down it is the other way round: a frozen account may be in liability or not.
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

    /// Reports a status of the cross-margin account, whatever it owes.
    pub(crate) fn report_margin_status(&mut self, change: MarginStatusType) {
        let time_ms = self.now_ms;
        let status = CrossStatus { change, time_ms };
        self.events.push(Event::CrossStatus(status));
    }

    fn cross_currencies(&self) -> Vec<CurrencyState> {
        let mut known: Vec<&'static str> = self
            .markets
            .iter()
            .flat_map(|market| [market.base, market.quote])
            .collect();
        known.sort_unstable();
        known.dedup();
        known
            .into_iter()
            .filter(|currency| self.ledger.knows(Wallet::Margin, currency))
            .map(|currency| self.currency_state(Wallet::Margin, currency))
            .collect()
    }

    /// Tells of an isolated account; nothing for any other.
    fn report_isolated(&mut self, wallet: Wallet, phase: LoanPhase) {
        let Wallet::Isolated(symbol) = wallet else {
            return;
        };
        let Some(market) = self.markets.iter().find(|market| market.symbol == symbol) else {
            return;
        };
        let state = |currency| self.currency_state(wallet, currency);
        let currencies = [state(market.base), state(market.quote)];
        let [base, quote] = &currencies;
        let event = IsolatedLoan {
            symbol: market.symbol,
            phase,
            principal: base.debt.principal * market.last + quote.debt.principal,
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

/// Whether an account with this debt ratio is frozen, and in liability.
fn over_limits(ratio: Decimal) -> (bool, bool) {
    (ratio >= FROZEN_FROM, ratio > Decimal::ONE)
}
