//! What the demo account's owner borrows and repays.

use rust_decimal::Decimal;

use super::Engine;
use crate::engine::{Rejected, Wallet};

impl Engine {
    /// Some hundred USDT, in either currency of a market.
    pub(crate) fn borrow_some(&mut self) -> Result<(), Rejected> {
        let index = self.rng.index(self.markets.len());
        let worth = Decimal::from(self.rng.between(50, 500));
        let market = &self.markets[index];
        let quote = market.quote;
        let base = (market.base, market.size_for(worth, market.last));
        let cross = self.rng.chance(60);
        let wallet = if cross {
            Wallet::Margin
        } else {
            Wallet::Isolated(self.markets[index].symbol)
        };
        let (currency, amount) = if self.rng.chance(70) {
            (quote, worth)
        } else {
            base
        };
        self.borrow(self.now_ms, (wallet, currency), amount)
    }

    /// One debt, in full or in part, with what is there for it.
    pub(crate) fn repay_some(&mut self) -> Result<(), Rejected> {
        let debts: Vec<_> = self.margin.debts().collect();
        let chosen = self.rng.index(debts.len());
        let in_full = self.rng.chance(60);
        let Some((wallet, currency, debt)) = debts.get(chosen) else {
            return Ok(());
        };
        let part = if in_full {
            debt.total()
        } else {
            // The cut has the scale of interest, so that what is left can be repaid too.
            (debt.total() / Decimal::TWO).round_dp(super::INTEREST_SCALE)
        };
        let available = self.balance(*wallet, currency).available;
        let amount = part.min(available).trunc_with_scale(super::INTEREST_SCALE);
        self.repay(self.now_ms, (*wallet, currency), amount)
    }

    pub(crate) fn draw_isolated(&mut self) -> Wallet {
        let index = self.rng.index(self.markets.len());
        Wallet::Isolated(self.markets[index].symbol)
    }
}
