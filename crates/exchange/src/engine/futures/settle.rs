//! Executions: an order meets the market; position and balance follow to the last digit.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::super::event::{Liquidity, OrderChange, Side, Text};
use super::contract::Contract;
use super::event::{FuturesEvent, FuturesFill, PositionChange, TradeType};
use super::order::{Order, sign};
use super::position::Part;
use super::{Futures, MAKER_FEE, Rejected, TAKER_FEE};

impl Futures {
    /// Somebody else's order meets a resting order of ours: a maker fill at its limit price.
    pub(crate) fn fill_resting(&mut self, order_id: &str, size: i64) -> Result<(), Rejected> {
        let place = self.find(order_id)?;
        let remain = self.orders[place].remain;
        Contract::check_size(size)?;
        let Some(price) = self.orders[place].price.filter(|_| size <= remain) else {
            return Err(Rejected::Size {
                size: size.into(),
                increment: Decimal::ONE,
            });
        };
        let currency = self.contracts[self.orders[place].contract].settle;
        if size == remain {
            let mut order = self.orders.remove(place);
            self.execute(&mut order, (price, size), Liquidity::Maker);
            self.report(&order, OrderChange::Filled, None, None);
        } else {
            let mut order = self.orders[place].clone();
            // What is filled has no order margin any more when the fill is told.
            self.orders[place].remain -= size;
            self.execute(&mut order, (price, size), Liquidity::Maker);
            self.orders[place] = order;
        }
        self.report_wallet(currency);
        self.liquidate_exhausted();
        Ok(())
    }

    /// Fills, in full, every resting order that the last price went through.
    pub(crate) fn fill_crossed(&mut self, index: usize) {
        let last = self.contracts[index].last;
        let crossed: Vec<Text> = self
            .orders
            .iter()
            .filter(|order| order.contract == index)
            .filter(|order| match (order.side, order.price) {
                (Side::Buy, Some(price)) => price > last,
                (Side::Sell, Some(price)) => price < last,
                (_, None) => false,
            })
            .map(|order| Arc::clone(&order.id))
            .collect();
        for id in crossed {
            // A fill may have led to a liquidation that cancelled the orders after it.
            if let Ok(place) = self.find(&id) {
                let remain = self.orders[place].remain;
                self.fill_resting(&id, remain)
                    .expect("a resting order fills what is left of it");
            }
        }
    }

    /// A new order meets the book: one to `levels` fills, one tick apart, inside its limit.
    pub(crate) fn take_liquidity(&mut self, order: &mut Order, levels: usize) {
        let fills = self.rng.index(levels) + 1;
        for level in 0..fills {
            let contract = &self.contracts[order.contract];
            let offset = contract.tick * Decimal::from(level);
            let price = match order.side {
                Side::Buy => contract.ask() + offset,
                Side::Sell => contract.bid() - offset,
            };
            let inside = match (order.side, order.price) {
                (_, None) => true,
                (Side::Buy, Some(limit)) => price <= limit,
                (Side::Sell, Some(limit)) => price >= limit,
            };
            if !inside || price <= Decimal::ZERO || order.remain == 0 {
                return;
            }
            let part = if level + 1 == fills {
                100
            } else {
                i64::try_from(self.rng.between(20, 80)).unwrap_or(100)
            };
            let size = (order.remain * part / 100).max(1);
            self.execute(order, (price, size), Liquidity::Taker);
        }
    }

    /// One fill: told by the order, then by the position, then by the wallet.
    pub(crate) fn execute(
        &mut self,
        order: &mut Order,
        (price, size): (Decimal, i64),
        liquidity: Liquidity,
    ) {
        let index = order.contract;
        order.filled += size;
        order.remain -= size;
        order.filled_value += price * Decimal::from(size);
        let closing = self.positions[index].closing(sign(order.side) * size);
        let change = match order.trade_type {
            TradeType::Trade => PositionChange::Trade,
            TradeType::Liquidation => PositionChange::Liquidation,
        };
        let mut told = Vec::with_capacity(2);
        let (mut fee, mut closed_pnl) = (Decimal::ZERO, Decimal::ZERO);
        // A fill through zero is two: it closes one position and opens another.
        for size in [closing, size - closing] {
            if size > 0 {
                let (part_fee, profit) = self.apply(order, (price, size), liquidity);
                fee += part_fee;
                closed_pnl += profit;
                told.push(FuturesEvent::Position(change, self.snapshot(index)));
            }
        }
        order.fee += fee;
        let fill = FuturesFill {
            price,
            size,
            trade_id: self.ids.trade(),
            liquidity,
            fee,
            closed_pnl,
        };
        self.report(order, OrderChange::Match, Some(fill), None);
        self.events.append(&mut told);
        self.report_wallet(self.contracts[index].settle);
    }

    /// Moves position and balance; returns the fee and the profit before it.
    fn apply(
        &mut self,
        order: &Order,
        (price, size): (Decimal, i64),
        liquidity: Liquidity,
    ) -> (Decimal, Decimal) {
        let rate = match liquidity {
            Liquidity::Maker => MAKER_FEE,
            Liquidity::Taker => TAKER_FEE,
        };
        let quantity = sign(order.side) * size;
        let contract = &self.contracts[order.contract];
        let cost = contract.value(quantity, price);
        let fee = contract.settle.round(cost.abs() * rate);
        let position = &mut self.positions[order.contract];
        let opens = position.closing(quantity) == 0;
        let profit = position.apply(Part {
            quantity,
            cost,
            fee,
            leverage: order.leverage,
            time_ms: self.now_ms,
        });
        if opens {
            // Told only: the ledger keeps the cost. Three decimals more than the tick has.
            let entry = contract.price_of(position.quantity, position.open_cost);
            let entry = entry.unwrap_or(price).round_dp(contract.tick.scale() + 3);
            position.average_entry = entry.normalize();
        }
        let currency = contract.settle;
        self.purse_mut(currency).balance += profit - fee;
        (fee, profit)
    }
}
