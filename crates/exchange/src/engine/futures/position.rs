//! One position: exact effects of trades, margin changes and funding, independent of prices.
//!
//! An opening trade adds its cost, a closing one removes its share of the cost. A partial share is a division,
//! rounded once by [`SettleCurrency::round`]; a full share needs none.

use rust_decimal::Decimal;

use super::{MarginMode, PositionSide, SettleCurrency};
use crate::engine::event::Side;

/// A trade that does not take the position through zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trade {
    /// Contracts, negative for a sell.
    pub(crate) quantity: Decimal,
    /// Value at the trade price.
    pub(crate) cost: Decimal,
    pub(crate) fee: Decimal,
    pub(crate) leverage: Decimal,
    pub(crate) time_ms: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Position {
    settle: SettleCurrency,
    pub(crate) side: PositionSide,
    pub(crate) mode: MarginMode,
    pub(crate) cross_leverage: Decimal,
    /// Leverage of future isolated orders; an open position keeps the margin it was opened with.
    pub(crate) isolated_leverage: Decimal,
    /// Index of the current level in the contract's risk limit levels.
    pub(crate) risk_level: usize,
    pub(crate) auto_deposit: bool,
    /// Contracts, negative for a short position.
    pub(crate) quantity: Decimal,
    pub(crate) opened_ms: u64,
    /// Average entry price; kept after the position is closed.
    pub(crate) average_entry: Decimal,
    pub(crate) open_cost: Decimal,
    pub(crate) current_cost: Decimal,
    pub(crate) realised_gross_cost: Decimal,
    pub(crate) fees: Decimal,
    /// Funding since the opening, positive if received.
    pub(crate) funding: Decimal,
    pub(crate) initial_margin: Decimal,
    pub(crate) added: Decimal,
    pub(crate) funding_paid: Decimal,
    pub(crate) funding_received: Decimal,
}

impl Position {
    pub(crate) fn new(settle: SettleCurrency, mode: MarginMode, leverage: i64) -> Self {
        let leverage = Decimal::from(leverage);
        Self {
            settle,
            side: PositionSide::Both,
            mode,
            cross_leverage: leverage,
            isolated_leverage: leverage,
            risk_level: 0,
            auto_deposit: false,
            quantity: Decimal::ZERO,
            opened_ms: 0,
            average_entry: Decimal::ZERO,
            open_cost: Decimal::ZERO,
            current_cost: Decimal::ZERO,
            realised_gross_cost: Decimal::ZERO,
            fees: Decimal::ZERO,
            funding: Decimal::ZERO,
            initial_margin: Decimal::ZERO,
            added: Decimal::ZERO,
            funding_paid: Decimal::ZERO,
            funding_received: Decimal::ZERO,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.quantity.is_zero()
    }

    /// Returns the leverage of a new order.
    pub(crate) fn order_leverage(&self) -> Decimal {
        match self.mode {
            MarginMode::Cross => self.cross_leverage,
            MarginMode::Isolated => self.isolated_leverage,
        }
    }

    /// Returns the margin of an isolated position, without the closing fee reserve.
    pub(crate) fn own_margin(&self) -> Decimal {
        self.initial_margin + self.added + self.funding_received - self.funding_paid
    }

    /// Returns the number of contracts that orders of this side close before they open any.
    pub(crate) fn closable(&self, side: Side) -> Decimal {
        side.opposite().signed(self.quantity).max(Decimal::ZERO)
    }

    /// Returns how many of `quantity` contracts close the position; the others open.
    pub(crate) fn closing(&self, quantity: Decimal) -> Decimal {
        let side = if quantity > Decimal::ZERO {
            Side::Buy
        } else {
            Side::Sell
        };
        self.closable(side).min(quantity.abs())
    }

    /// Applies a trade that only opens or only closes; returns the realised PnL before the fee.
    pub(crate) fn apply(&mut self, trade: Trade) -> Decimal {
        if !self.closing(trade.quantity).is_zero() {
            return self.close(trade);
        }
        if !self.is_open() {
            self.begin(trade.time_ms);
        }
        self.quantity += trade.quantity;
        self.open_cost += trade.cost;
        self.current_cost += trade.cost;
        self.fees += trade.fee;
        self.initial_margin += self.settle.round(trade.cost.abs() / trade.leverage);
        Decimal::ZERO
    }

    /// Starts a new position and resets the realised amounts, which belong to the previous one.
    fn begin(&mut self, time_ms: u64) {
        *self = Self {
            side: self.side,
            cross_leverage: self.cross_leverage,
            isolated_leverage: self.isolated_leverage,
            risk_level: self.risk_level,
            auto_deposit: self.auto_deposit,
            opened_ms: time_ms,
            ..Self::new(self.settle, self.mode, 1)
        };
    }

    fn close(&mut self, trade: Trade) -> Decimal {
        let (of, all) = (trade.quantity.abs(), self.quantity.abs());
        let settle = self.settle;
        let share = |amount: Decimal| match of == all {
            true => amount,
            false => settle.round(amount * of / all),
        };
        let released = share(self.open_cost);
        self.initial_margin -= share(self.initial_margin);
        self.added -= share(self.added);
        self.funding_paid -= share(self.funding_paid);
        self.funding_received -= share(self.funding_received);
        self.quantity += trade.quantity;
        self.open_cost -= released;
        self.current_cost += trade.cost;
        // The closing cost has the opposite sign, so a positive sum is a loss.
        let realised = released + trade.cost;
        self.realised_gross_cost += realised;
        self.fees += trade.fee;
        -realised
    }

    pub(crate) fn settle_funding(&mut self, fee: Decimal) {
        self.funding += fee;
        match self.mode {
            MarginMode::Cross => {}
            MarginMode::Isolated if fee.is_sign_negative() => self.funding_paid -= fee,
            MarginMode::Isolated => self.funding_received += fee,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_share_is_rounded_once_and_sums_stay_exact() {
        let trade = |quantity: i64| Trade {
            quantity: Decimal::from(quantity),
            cost: Decimal::from(quantity * 100),
            fee: Decimal::new(1, 1),
            leverage: Decimal::from(10),
            time_ms: 7,
        };
        let mut position = Position::new(SettleCurrency::Usdt, MarginMode::Isolated, 10);
        position.apply(trade(3));
        position.settle_funding(Decimal::from(-2));
        position.settle_funding(Decimal::ONE);
        assert_eq!(position.own_margin(), Decimal::from(29));
        position.open_cost += Decimal::ONE;
        position.current_cost += Decimal::ONE;
        let mut profit = Decimal::ZERO;
        for _ in 0..3 {
            profit += position.apply(trade(-1));
            assert_eq!(
                position.current_cost - position.realised_gross_cost,
                position.open_cost
            );
        }
        assert_eq!(profit, Decimal::from(-1));
        assert_eq!(
            (position.open_cost, position.own_margin()),
            (Decimal::ZERO, Decimal::ZERO)
        );
        position.apply(trade(1));
        assert_eq!(position.funding, Decimal::ZERO);
    }
}
