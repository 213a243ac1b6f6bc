//! Orders: taking them, cancelling them, cutting their size, and what each of it says.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::event::{
    Event, Fill, OrderChange, OrderEvent, OrderTerms, Quantity, RelationContext, Side, Text,
};
use super::ledger::{Reason, Wallet};
use super::{Engine, Rejected, TAKER_FEE};

/// How the levels of the book are spaced for an order that takes: one tick each, this many at most.
const BOOK_LEVELS: usize = 3;

#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: Text,
    pub(crate) client_oid: Option<Text>,
    pub(crate) wallet: Wallet,
    pub(crate) market: usize,
    pub(crate) side: Side,
    /// None for a market order.
    pub(crate) price: Option<Decimal>,
    pub(crate) quantity: Quantity,
    pub(crate) filled: Decimal,
    pub(crate) canceled: Decimal,
    /// The sum of price times size over all fills.
    pub(crate) filled_value: Decimal,
    pub(crate) fee: Decimal,
    /// The stop order that it comes from.
    origin: Option<Text>,
    /// What is still held for this order: quote currency for a buy, base currency for a sell.
    pub(crate) reserved: Decimal,
    /// What is held for one unit of size; not used by orders by funds.
    pub(crate) reserved_per_unit: Decimal,
    created_ms: u64,
    /// Its place in `Engine::open`.
    slot: usize,
}

impl Order {
    pub(crate) fn remain(&self) -> Decimal {
        match self.quantity {
            Quantity::Size { remain, .. } => remain,
            Quantity::Funds { .. } => Decimal::ZERO,
        }
    }
}

/// What an order asks for, before it has an id.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder {
    /// The account that holds and settles the money.
    pub(crate) wallet: Wallet,
    pub(crate) market: usize,
    pub(crate) side: Side,
    pub(crate) price: Option<Decimal>,
    pub(crate) quantity: Quantity,
    pub(crate) client_oid: Option<Text>,
    /// The stop order that it comes from.
    pub(crate) origin: Option<Text>,
}

impl Engine {
    /// A limit order: takes what its price crosses, and rests with what is left.
    pub(crate) fn place_limit(
        &mut self,
        now_ms: u64,
        (wallet, symbol, side): (Wallet, &str, Side),
        (price, size): (Decimal, Decimal),
        client_oid: Option<Text>,
    ) -> Result<Text, Rejected> {
        self.advance(now_ms);
        let index = self.market(symbol)?;
        let market = &self.markets[index];
        market.check_price(price)?;
        market.check_size(size)?;
        market.check_notional(price, size)?;
        let quantity = Quantity::Size {
            origin: size,
            current: size,
            remain: size,
        };
        self.place(NewOrder {
            wallet,
            market: index,
            side,
            price: Some(price),
            quantity,
            client_oid,
            origin: None,
        })
    }

    /// A market order for a size of the base currency.
    pub(crate) fn place_market(
        &mut self,
        now_ms: u64,
        (wallet, symbol, side): (Wallet, &str, Side),
        size: Decimal,
        client_oid: Option<Text>,
    ) -> Result<Text, Rejected> {
        self.advance(now_ms);
        let index = self.market(symbol)?;
        let market = &self.markets[index];
        market.check_size(size)?;
        market.check_notional(market.ask(), size)?;
        let quantity = Quantity::Size {
            origin: size,
            current: size,
            remain: size,
        };
        self.place(NewOrder {
            wallet,
            market: index,
            side,
            price: None,
            quantity,
            client_oid,
            origin: None,
        })
    }

    /// A market buy for an amount of the quote currency. It ends `canceled`, as on KuCoin, because
    /// the funds that buy no further increment are given back.
    pub(crate) fn place_market_funds(
        &mut self,
        now_ms: u64,
        (wallet, symbol): (Wallet, &str),
        funds: Decimal,
        client_oid: Option<Text>,
    ) -> Result<Text, Rejected> {
        self.advance(now_ms);
        let index = self.market(symbol)?;
        let market = &self.markets[index];
        market.check_notional(Decimal::ONE, funds)?;
        let too_fine = funds.normalize().scale() > 6;
        if too_fine || funds <= Decimal::ZERO || market.size_for(funds, market.ask()).is_zero() {
            return Err(Rejected::Amount { amount: funds });
        }
        let quantity = Quantity::Funds {
            funds,
            remain: funds,
        };
        self.place(NewOrder {
            wallet,
            market: index,
            side: Side::Buy,
            price: None,
            quantity,
            client_oid,
            origin: None,
        })
    }

    /// Cancels what is left of an open order and releases its hold.
    pub(crate) fn cancel(&mut self, now_ms: u64, order_id: &str) -> Result<(), Rejected> {
        self.advance(now_ms);
        let mut order = self.close(order_id)?;
        self.cancel_rest(&mut order);
        Ok(())
    }

    /// Cuts the size of an open order by `by`, which must leave something: an `update`.
    pub(crate) fn reduce(
        &mut self,
        now_ms: u64,
        order_id: &str,
        by: Decimal,
    ) -> Result<(), Rejected> {
        self.advance(now_ms);
        let order = self
            .orders
            .get_mut(order_id)
            .ok_or_else(|| unknown(order_id))?;
        let market = &self.markets[order.market];
        market.check_size(by)?;
        let Quantity::Size {
            origin,
            current,
            remain,
        } = order.quantity
        else {
            return Err(unknown(order_id));
        };
        if by >= remain {
            return Err(Rejected::Size {
                size: by,
                increment: market.base_increment,
            });
        }
        order.quantity = Quantity::Size {
            origin,
            current: current - by,
            remain: remain - by,
        };
        order.canceled += by;
        let release = order.reserved_per_unit * by;
        order.reserved -= release;
        let order = order.clone();
        self.report(&order, OrderChange::Update, None, Some(current));
        self.release(&order, release);
        Ok(())
    }

    pub(crate) fn place(&mut self, new: NewOrder) -> Result<Text, Rejected> {
        self.check_trades_in(new.wallet, new.market)?;
        let market = &self.markets[new.market];
        let fee = Decimal::ONE + TAKER_FEE;
        let ticks = market.price_increment * Decimal::from(BOOK_LEVELS);
        let ceiling = new.price.unwrap_or(market.ask() + ticks);
        let per_unit = match new.side {
            Side::Buy => ceiling * fee,
            Side::Sell => Decimal::ONE,
        };
        let (reserved, currency) = match (new.quantity, new.side) {
            (Quantity::Size { origin, .. }, Side::Buy) => (origin * per_unit, market.quote),
            (Quantity::Size { origin, .. }, Side::Sell) => (origin, market.base),
            (Quantity::Funds { funds, .. }, _) => (funds * fee, market.quote),
        };
        let id = self.ids.order(self.now_ms);
        let context = RelationContext {
            symbol: market.symbol,
            order_id: Arc::clone(&id),
            trade_id: None,
        };
        self.change(
            new.wallet,
            currency,
            (-reserved, reserved),
            Reason::Hold,
            Some(context),
        )?;
        let mut order = Order {
            id: Arc::clone(&id),
            client_oid: new.client_oid,
            wallet: new.wallet,
            market: new.market,
            side: new.side,
            price: new.price,
            quantity: new.quantity,
            filled: Decimal::ZERO,
            canceled: Decimal::ZERO,
            filled_value: Decimal::ZERO,
            fee: Decimal::ZERO,
            origin: new.origin,
            reserved,
            reserved_per_unit: per_unit,
            created_ms: self.now_ms,
            slot: 0,
        };
        self.report(&order, OrderChange::Received, None, None);
        self.take_liquidity(&mut order, BOOK_LEVELS);
        self.rest_or_finish(order);
        Ok(id)
    }

    fn rest_or_finish(&mut self, mut order: Order) {
        match order.quantity {
            Quantity::Size { remain, .. } if remain.is_zero() => self.finish_filled(&mut order),
            Quantity::Size { .. } if order.price.is_some() => {
                self.report(&order, OrderChange::Open, None, None);
                order.slot = self.open.len();
                self.open.push(Arc::clone(&order.id));
                self.orders.insert(Arc::clone(&order.id), order);
            }
            _ => self.cancel_rest(&mut order),
        }
    }

    /// The last event of a fully executed order, and the release of what its price limit held too much.
    pub(crate) fn finish_filled(&mut self, order: &mut Order) {
        self.report(order, OrderChange::Filled, None, None);
        let release = std::mem::take(&mut order.reserved);
        self.release(order, release);
    }

    fn cancel_rest(&mut self, order: &mut Order) {
        match &mut order.quantity {
            Quantity::Size { remain, .. } => order.canceled += std::mem::take(remain),
            Quantity::Funds { remain, .. } => *remain = Decimal::ZERO,
        }
        self.report(order, OrderChange::Canceled, None, None);
        let release = std::mem::take(&mut order.reserved);
        self.release(order, release);
    }

    fn release(&mut self, order: &Order, amount: Decimal) {
        if amount.is_zero() {
            return;
        }
        let market = &self.markets[order.market];
        let currency = match order.side {
            Side::Buy => market.quote,
            Side::Sell => market.base,
        };
        let context = RelationContext {
            symbol: market.symbol,
            order_id: Arc::clone(&order.id),
            trade_id: None,
        };
        self.change(
            order.wallet,
            currency,
            (amount, -amount),
            Reason::Hold,
            Some(context),
        )
        .expect("what is released was held for this order");
    }

    /// Takes an order off the book.
    pub(crate) fn close(&mut self, order_id: &str) -> Result<Order, Rejected> {
        let order = self
            .orders
            .remove(order_id)
            .ok_or_else(|| unknown(order_id))?;
        self.open.swap_remove(order.slot);
        if let Some(moved) = self
            .open
            .get(order.slot)
            .and_then(|id| self.orders.get_mut(id))
        {
            moved.slot = order.slot;
        }
        Ok(order)
    }

    pub(crate) fn report(
        &mut self,
        order: &Order,
        change: OrderChange,
        fill: Option<Fill>,
        old_size: Option<Decimal>,
    ) {
        let market = &self.markets[order.market];
        self.events.push(Event::Order(OrderEvent {
            change,
            symbol: market.symbol,
            side: order.side,
            order_id: Arc::clone(&order.id),
            client_oid: order.client_oid.clone(),
            order_time_ms: order.created_ms,
            engine_time_ms: self.now_ms,
            price: order.price,
            quantity: order.quantity,
            filled: order.filled,
            canceled: order.canceled,
            fill,
            old_size,
            terms: OrderTerms {
                wallet: order.wallet,
                filled_value: order.filled_value,
                fee: order.fee,
                fee_currency: market.quote,
                origin: order.origin.clone(),
            },
        }));
    }
}

pub(crate) fn unknown(order_id: &str) -> Rejected {
    Rejected::UnknownOrder {
        order_id: order_id.to_owned(),
    }
}
