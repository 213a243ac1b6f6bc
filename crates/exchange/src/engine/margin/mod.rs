//! Borrowed money: who owes what, what may be borrowed on what is there, and what is told of it.
//!
//! A cross-margin account borrows on all that it holds; an isolated one belongs to one symbol. What
//! is borrowed comes into the account and what is repaid leaves it, so that what an account holds
//! less what it owes changes by neither. Nothing is ever liquidated: an account that owes too much
//! says so, may only repay and be sent money, and recovers when it owes less.

mod event;
mod habits;
#[cfg(test)]
mod tests;
mod worth;

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

pub(crate) use event::{
    CrossMargin, CrossStatus, CurrencyState, IsolatedMargin, LoanPhase, MarginEvent,
};

use super::ledger::Reason;
use super::{Engine, Event, MAX_BALANCE, Rejected, Wallet, check_amount};
use crate::fault::MarginStatusType;
pub(crate) use worth::Worth;

/// The interest of an hour, as a part of what is owed.
const HOURLY_RATE: Decimal = Decimal::from_parts(1, 0, 0, false, 5);
/// Decimals to which interest is rounded up, so that a debt can always be repaid in full.
const INTEREST_SCALE: u32 = 8;
/// The debt ratio from which the cross-margin account is frozen.
const FROZEN_FROM: Decimal = Decimal::from_parts(97, 0, 0, false, 2);
/// While the account lives by itself its debts are told this often, by engine time.
const TELL_EVERY_MS: u64 = 4_000;
/// Decimals of the debt ratio as it is told.
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
pub(crate) struct Margin {
    debts: BTreeMap<(Wallet, &'static str), Debt>,
    /// Limits that the cross-margin account is over now.
    frozen: bool,
    in_liability: bool,
    /// When the cross-margin account was told last.
    told_ms: u64,
}

impl Margin {
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

impl Engine {
    pub(crate) fn debt(&self, wallet: Wallet, currency: &str) -> Debt {
        self.margin.debt(wallet, currency)
    }

    /// The debt ratio of a margin account; 0 for one that owes nothing.
    pub(crate) fn debt_ratio(&self, wallet: Wallet) -> Decimal {
        self.worth(wallet).ratio()
    }

    /// Borrows into a margin account.
    pub(crate) fn borrow(
        &mut self,
        now_ms: u64,
        (wallet, currency): (Wallet, &str),
        amount: Decimal,
    ) -> Result<(), Rejected> {
        self.advance(now_ms);
        check_amount(amount)?;
        let currency = self.loan_currency(wallet, currency)?;
        let mut debt = self.margin.debt(wallet, currency);
        let most = self.balance(wallet, currency).total().max(debt.total());
        if most + amount > MAX_BALANCE {
            return Err(Rejected::TooLarge { limit: MAX_BALANCE });
        }
        self.check_borrow(wallet, currency, amount)?;
        self.tell_isolated(wallet, LoanPhase::Borrowing);
        debt.principal += amount;
        self.margin.debts.insert((wallet, currency), debt);
        let amounts = (amount, Decimal::ZERO);
        self.change(wallet, currency, amounts, Reason::Borrow, None)?;
        self.tell_debt(wallet);
        Ok(())
    }

    /// Repays out of the same margin account: interest first, then principal.
    pub(crate) fn repay(
        &mut self,
        now_ms: u64,
        (wallet, currency): (Wallet, &str),
        amount: Decimal,
    ) -> Result<(), Rejected> {
        self.advance(now_ms);
        check_amount(amount)?;
        let currency = self.loan_currency(wallet, currency)?;
        let mut debt = self.margin.debt(wallet, currency);
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
        self.tell_isolated(wallet, LoanPhase::Repaying);
        let interest = amount.min(debt.interest);
        debt.interest -= interest;
        debt.principal -= amount - interest;
        if debt.total().is_zero() {
            self.margin.debts.remove(&(wallet, currency));
        } else {
            self.margin.debts.insert((wallet, currency), debt);
        }
        let amounts = (-amount, Decimal::ZERO);
        self.change(wallet, currency, amounts, Reason::Repay, None)?;
        self.tell_debt(wallet);
        Ok(())
    }

    /// Charges the interest of an hour on every debt.
    pub(crate) fn settle_interest(&mut self, now_ms: u64) {
        self.advance(now_ms);
        for debt in self.margin.debts.values_mut() {
            debt.interest += (debt.total() * HOURLY_RATE)
                .round_dp_with_strategy(INTEREST_SCALE, RoundingStrategy::AwayFromZero);
        }
        let mut owing: Vec<Wallet> = self.margin.debts.keys().map(|key| key.0).collect();
        owing.dedup();
        for wallet in owing {
            self.tell_debt(wallet);
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
        if wallet == Wallet::Margin && self.margin.frozen {
            return Err(Rejected::AccountFrozen);
        }
        self.check_settles_in(wallet, market)
    }

    /// Money moved into the account or out of it: its debts are secured by more or less now.
    pub(crate) fn collateral_moved(&mut self, wallet: Wallet) {
        if wallet == Wallet::Margin && self.margin.owes(wallet) {
            self.tell_cross();
        }
    }

    /// A price was set: what is owed is worth more or less now.
    pub(crate) fn debts_revalued(&mut self) {
        if self.margin.owes(Wallet::Margin) {
            self.tell_cross();
        }
    }

    /// As [`Engine::debts_revalued`], for prices that move all the time: told when a limit was
    /// crossed, and otherwise now and then.
    pub(crate) fn debts_revalued_again(&mut self) {
        if !self.margin.owes(Wallet::Margin) {
            return;
        }
        let due = self.now_ms >= self.margin.told_ms.saturating_add(TELL_EVERY_MS);
        let over = over_limits(self.debt_ratio(Wallet::Margin));
        if due || over != (self.margin.frozen, self.margin.in_liability) {
            self.tell_cross();
        }
    }

    /// The currency, when the account is a margin account that keeps it.
    fn loan_currency(&self, wallet: Wallet, currency: &str) -> Result<&'static str, Rejected> {
        let of_symbol = match wallet {
            Wallet::Main | Wallet::Trade => return Err(Rejected::WrongWallet { wallet }),
            Wallet::Margin => None,
            Wallet::Isolated(symbol) => Some(self.market(symbol)?),
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

    fn tell_debt(&mut self, wallet: Wallet) {
        match wallet {
            Wallet::Margin => self.tell_cross(),
            wallet => {
                let phase = if self.margin.owes(wallet) {
                    LoanPhase::Owing
                } else {
                    LoanPhase::Clear
                };
                self.tell_isolated(wallet, phase);
            }
        }
    }

    fn tell_cross(&mut self) {
        let worth = self.worth(Wallet::Margin);
        let ratio = worth.ratio();
        self.margin.told_ms = self.now_ms;
        self.events
            .push(Event::Margin(MarginEvent::Cross(CrossMargin {
                debt_ratio: ratio.round_dp(RATIO_SCALE),
                total_asset: self.in_reporting_currency(worth.assets),
                weighted_asset: self.in_reporting_currency(worth.weighted),
                total_debt: self.in_reporting_currency(worth.debts),
                worth,
                currencies: self.cross_currencies(),
                time_ms: self.now_ms,
            })));
        let (frozen, in_liability) = over_limits(ratio);
        let was_frozen = std::mem::replace(&mut self.margin.frozen, frozen);
        let was_in_liability = std::mem::replace(&mut self.margin.in_liability, in_liability);
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
            let time_ms = self.now_ms;
            self.events
                .push(Event::Margin(MarginEvent::Status(CrossStatus {
                    change,
                    time_ms,
                })));
        }
    }

    /// Lets the cross-margin account say a status, whatever it owes.
    pub(crate) fn say_margin_status(&mut self, now_ms: u64, change: MarginStatusType) {
        self.advance(now_ms);
        let time_ms = self.now_ms;
        let status = CrossStatus { change, time_ms };
        self.events.push(Event::Margin(MarginEvent::Status(status)));
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
    fn tell_isolated(&mut self, wallet: Wallet, phase: LoanPhase) {
        let Wallet::Isolated(symbol) = wallet else {
            return;
        };
        let Some(market) = self.markets.iter().find(|market| market.symbol == symbol) else {
            return;
        };
        let state = |currency| self.currency_state(wallet, currency);
        let currencies = [state(market.base), state(market.quote)];
        let [base, quote] = &currencies;
        self.events
            .push(Event::Margin(MarginEvent::Isolated(IsolatedMargin {
                symbol: market.symbol,
                phase,
                principal: base.debt.principal * market.last + quote.debt.principal,
                currencies,
                time_ms: self.now_ms,
            })));
    }

    fn currency_state(&self, wallet: Wallet, currency: &'static str) -> CurrencyState {
        CurrencyState {
            currency,
            balance: self.balance(wallet, currency),
            debt: self.margin.debt(wallet, currency),
        }
    }
}

/// Whether an account with this debt ratio is frozen, and in liability.
fn over_limits(ratio: Decimal) -> (bool, bool) {
    (ratio >= FROZEN_FROM, ratio > Decimal::ONE)
}
