//! Executions: an order meets the market, and the money follows to the last digit.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::event::{Fill, Liquidity, OrderChange, Quantity, RelationContext, Side, Text};
use super::ledger::Reason;
use super::order::{Order, unknown};
use super::{Engine, MAKER_FEE, Rejected, TAKER_FEE};

impl Engine {
    /// Somebody else's order meets a resting order of ours: a maker fill at its limit price.
    pub(crate) fn fill_resting(
        &mut self,
        now_ms: u64,
        order_id: &str,
        size: Decimal,
    ) -> Result<(), Rejected> {
        self.advance(now_ms);
        let order = self.orders.get(order_id).ok_or_else(|| unknown(order_id))?;
        let market = &self.markets[order.market];
        market.check_size(size)?;
        let remain = order.remain();
        let Some(price) = order.price.filter(|_| size <= remain) else {
            return Err(Rejected::Size {
                size,
                increment: market.base_increment,
            });
        };
        if size == remain {
            let mut order = self.close(order_id)?;
            self.execute(&mut order, price, size, Liquidity::Maker);
            self.finish_filled(&mut order);
        } else {
            let mut order = order.clone();
            self.execute(&mut order, price, size, Liquidity::Maker);
            self.orders.insert(Arc::clone(&order.id), order);
        }
        Ok(())
    }

    /// Fills, in full, every resting order that the last price went through.
    pub(crate) fn fill_crossed(&mut self, market: usize) {
        let last = self.markets[market].last;
        let crossed: Vec<Text> = self
            .open
            .iter()
            .filter_map(|id| self.orders.get(id))
            .filter(|order| order.market == market)
            .filter(|order| match (order.side, order.price) {
                (Side::Buy, Some(price)) => price > last,
                (Side::Sell, Some(price)) => price < last,
                (_, None) => false,
            })
            .map(|order| Arc::clone(&order.id))
            .collect();
        for id in crossed {
            let remain = self.orders.get(&id).map(Order::remain).unwrap_or_default();
            self.fill_resting(self.now_ms, &id, remain)
                .expect("a resting order fills what is left of it");
        }
    }

    /// A new order meets the book: one to `levels` fills, one tick apart, inside its limit.
    pub(crate) fn take_liquidity(&mut self, order: &mut Order, levels: usize) {
        let fills = self.rng.index(levels) + 1;
        for level in 0..fills {
            let market = &self.markets[order.market];
            let offset = market.price_increment * Decimal::from(level);
            let price = match order.side {
                Side::Buy => market.ask() + offset,
                Side::Sell => market.bid() - offset,
            };
            let inside = match (order.side, order.price) {
                (_, None) => true,
                (Side::Buy, Some(limit)) => price <= limit,
                (Side::Sell, Some(limit)) => price >= limit,
            };
            if !inside || price <= Decimal::ZERO {
                return;
            }
            let all = match order.quantity {
                Quantity::Size { remain, .. } => remain,
                Quantity::Funds { remain, .. } => market.size_for(remain, price),
            };
            let part = if level + 1 == fills {
                100
            } else {
                self.rng.between(20, 80)
            };
            let part = self.markets[order.market].floor_size(all * Decimal::new(part as i64, 2));
            let size = if part.is_zero() { all } else { part };
            if size.is_zero() {
                return;
            }
            self.execute(order, price, size, Liquidity::Taker);
        }
    }

    fn execute(&mut self, order: &mut Order, price: Decimal, size: Decimal, liquidity: Liquidity) {
        let cost = price * size;
        let rate = match liquidity {
            Liquidity::Maker => MAKER_FEE,
            Liquidity::Taker => TAKER_FEE,
        };
        let fee = cost * rate;
        let trade_id = self.ids.trade();
        order.filled += size;
        order.filled_value += cost;
        order.fee += fee;
        match &mut order.quantity {
            Quantity::Size { remain, .. } => *remain -= size,
            Quantity::Funds { remain, .. } => *remain -= cost,
        }
        let fill = Fill {
            price,
            size,
            trade_id: Arc::clone(&trade_id),
            liquidity,
            fee,
            fee_rate: rate,
            fee_currency: self.markets[order.market].quote,
            counter_order_id: self.ids.stranger(self.now_ms),
        };
        self.report(order, OrderChange::Match, Some(fill), None);
        self.settle(order, (cost, fee, size), trade_id);
    }

    fn settle(
        &mut self,
        order: &mut Order,
        (cost, fee, size): (Decimal, Decimal, Decimal),
        trade_id: Text,
    ) {
        let market = &self.markets[order.market];
        let (base, quote) = (market.base, market.quote);
        let context = RelationContext {
            symbol: market.symbol,
            order_id: Arc::clone(&order.id),
            trade_id: Some(trade_id),
        };
        let (base_change, quote_change, held) = match order.side {
            Side::Buy => {
                let paid = cost + fee;
                let held = match order.quantity {
                    Quantity::Size { .. } => order.reserved_per_unit * size,
                    Quantity::Funds { .. } => paid,
                };
                // Held at the limit and at the taker's fee; paid at the fill: the rest comes back.
                ((size, Decimal::ZERO), (held - paid, -held), held)
            }
            Side::Sell => ((Decimal::ZERO, -size), (cost - fee, Decimal::ZERO), size),
        };
        order.reserved -= held;
        for (currency, amounts) in [(quote, quote_change), (base, base_change)] {
            self.change(
                order.wallet,
                currency,
                amounts,
                Reason::Settled,
                Some(context.clone()),
            )
            .expect("the hold of an order covers its settlement");
        }
    }
}
