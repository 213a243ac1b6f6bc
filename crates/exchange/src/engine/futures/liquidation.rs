//! Liquidation: a position whose margin is used up is closed at the price at which it is bankrupt.

use super::super::event::{Liquidity, OrderChange, Side};
use super::event::{CancelReason, MarginMode, PositionChange, TradeType};
use super::order::NewOrder;
use super::{Decimal, Futures};

impl Futures {
    /// Closes what cannot be kept, the greatest loss first, until everything else can be.
    pub(crate) fn liquidate_exhausted(&mut self) {
        while let Some(index) = self.worst_exhausted() {
            if !self.append_margin(index) {
                self.liquidate(index);
            }
        }
    }

    fn worst_exhausted(&self) -> Option<usize> {
        (0..self.positions.len())
            .filter(|index| self.is_exhausted(*index))
            .min_by_key(|index| self.unrealised(*index))
    }

    /// Fills an isolated margin up to what it was, where the owner wants that and can pay for it.
    fn append_margin(&mut self, index: usize) -> bool {
        let position = self.snapshot(index);
        let Some(own) = position.isolated.filter(|own| own.auto_deposit) else {
            return false;
        };
        let left = own.margin + position.unrealised_pnl;
        let missing = position.maintenance_margin - left + position.initial_margin;
        let available = self.wallet(position.settle_currency).available_margin();
        if missing > available || position.initial_margin.is_zero() {
            return false;
        }
        self.positions[index].added += missing;
        self.report_position(index, PositionChange::Margin);
        self.report_wallet(position.settle_currency);
        true
    }

    /// The open orders that use the same margin go first, as they take some of it.
    fn liquidate(&mut self, index: usize) {
        self.cancel_orders(index);
        let contract = &self.contracts[index];
        let quantity = self.positions[index].quantity;
        let price: Decimal = self.bankruptcy_price(index).max(contract.tick);
        let (symbol, currency) = (contract.symbol, contract.settle);
        let new = NewOrder {
            symbol,
            side: if quantity > 0 { Side::Sell } else { Side::Buy },
            price: Some(price),
            size: quantity.abs(),
            client_oid: None,
            origin: None,
        };
        let mut order = self.new_order(index, &new, TradeType::Liquidation);
        self.execute(&mut order, (price, quantity.abs()), Liquidity::Taker);
        self.report(&order, OrderChange::Filled, None, None);
        self.report_wallet(currency);
    }

    fn cancel_orders(&mut self, index: usize) {
        let (settle, mode) = (self.positions[index].settle, self.positions[index].mode);
        let positions = &self.positions;
        let shares_margin = |contract: usize| match mode {
            MarginMode::Isolated => contract == index,
            MarginMode::Cross => {
                positions[contract].mode == MarginMode::Cross
                    && positions[contract].settle == settle
            }
        };
        let (gone, kept) = std::mem::take(&mut self.orders)
            .into_iter()
            .partition(|order| shares_margin(order.contract));
        self.orders = kept;
        self.cancel_all(gone, CancelReason::Liquidation);
        self.report_wallet(settle);
    }

    pub(crate) fn cancel_all(&mut self, orders: Vec<super::Order>, reason: CancelReason) {
        for order in orders {
            self.cancel_rest(order, reason);
        }
    }
}
