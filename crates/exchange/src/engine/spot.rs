//! Effects of orders on the spot and margin balances: hold, settlement and release, all exact.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::event::{RelationContext, Side, Text};
use super::ledger::{Reason, Wallet};
use super::market::Market;
use super::order::{BOOK_LEVELS, NewOrder, Order, Terms};
use super::{Engine, Rejected};

/// Taker fee rate, as a fraction of the cost.
pub(crate) const TAKER_FEE: Decimal = Decimal::from_parts(1, 0, 0, false, 3);
/// Maker fee rate, as a fraction of the cost.
pub(crate) const MAKER_FEE: Decimal = Decimal::from_parts(8, 0, 0, false, 4);

impl Engine {
    /// Checks an order as KuCoin does, except for the balance.
    pub(super) fn check_spot_order(
        &self,
        index: usize,
        wallet: Wallet,
        new: &NewOrder<'_>,
    ) -> Result<(), Rejected> {
        let market = &self.markets[index];
        if new.by_funds {
            let funds = new.size;
            market.check_notional(Decimal::ONE, funds)?;
            let too_fine = funds.normalize().scale() > 6;
            if too_fine || funds <= Decimal::ZERO || market.size_for(funds, market.ask()).is_zero()
            {
                return Err(Rejected::Amount { amount: funds });
            }
        } else {
            market.check_notional(new.price.unwrap_or_else(|| market.ask()), new.size)?;
        }
        self.check_trades_in(wallet, index)
    }

    /// Holds the maximum cost of the order.
    pub(super) fn hold(&mut self, order: &mut Order) -> Result<(), Rejected> {
        let market = &self.markets[order.market.index];
        let with_fee = Decimal::ONE + TAKER_FEE;
        let worst = market.ask() + market.tick * Decimal::from(BOOK_LEVELS);
        order.hold_per_unit = match order.side {
            Side::Buy => order.price.unwrap_or(worst) * with_fee,
            Side::Sell => Decimal::ONE,
        };
        order.hold = match order.by_funds {
            true => order.size * with_fee,
            false => order.size * order.hold_per_unit,
        };
        let held = order.hold;
        self.move_hold(order, (-held, held))
    }

    pub(super) fn release(&mut self, order: &Order, amount: Decimal) {
        if !amount.is_zero() {
            self.move_hold(order, (amount, -amount))
                .expect("what is released was held for this order");
        }
    }

    fn move_hold(&mut self, order: &Order, amounts: (Decimal, Decimal)) -> Result<(), Rejected> {
        let currency = held_currency(&self.markets[order.market.index], order.side);
        let Terms::Spot(wallet) = order.terms else {
            return Ok(());
        };
        let context = Some(context(order, None));
        self.change(wallet, currency, amounts, Reason::Hold, context)
    }

    pub(super) fn settle(
        &mut self,
        order: &mut Order,
        (cost, fee, size): (Decimal, Decimal, Decimal),
        trade_id: Text,
    ) {
        let Terms::Spot(wallet) = order.terms else {
            return;
        };
        let market = &self.markets[order.market.index];
        let (base, quote) = (market.base, market.quote);
        let (base_change, quote_change, held) = match order.side {
            Side::Buy => {
                let paid = cost + fee;
                let held = match order.by_funds {
                    true => paid,
                    false => order.hold_per_unit * size,
                };
                // The hold covers limit price and taker fee; the unused part is released.
                ((size, Decimal::ZERO), (held - paid, -held), held)
            }
            Side::Sell => ((Decimal::ZERO, -size), (cost - fee, Decimal::ZERO), size),
        };
        order.hold -= held;
        let context = context(order, Some(trade_id));
        for (currency, amounts) in [(quote, quote_change), (base, base_change)] {
            let context = Some(context.clone());
            self.change(wallet, currency, amounts, Reason::Settled, context)
                .expect("the hold of an order covers its settlement");
        }
    }
}

/// Returns the currency that is held for an order of this side.
pub(super) fn held_currency(market: &Market, side: Side) -> &'static str {
    match side {
        Side::Buy => market.quote,
        Side::Sell => market.base,
    }
}

fn context(order: &Order, trade_id: Option<Text>) -> RelationContext {
    RelationContext {
        symbol: order.symbol,
        order_id: Arc::clone(&order.id),
        trade_id,
    }
}
