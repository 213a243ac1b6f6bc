//! Orders in contracts: taking them, cancelling them, cutting their size, and what each of it says.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::super::event::{OrderChange, Side, Text};
use super::super::order::unknown;
use super::contract::Contract;
use super::event::{CancelReason, FuturesEvent, FuturesFill, OrderEvent, OrderTerms, TradeType};
use super::{Futures, Rejected, insufficient};

/// The levels of the book are one tick apart; an order takes this many at most.
pub(crate) const BOOK_LEVELS: usize = 3;

#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: Text,
    pub(crate) client_oid: Option<Text>,
    pub(crate) contract: usize,
    pub(crate) side: Side,
    /// None for a market order.
    pub(crate) price: Option<Decimal>,
    pub(crate) trade_type: TradeType,
    /// That of its placing: later changes are for later orders.
    pub(crate) leverage: Decimal,
    pub(crate) size: i64,
    pub(crate) remain: i64,
    pub(crate) filled: i64,
    pub(crate) canceled: i64,
    /// The sum of price times size over all fills.
    pub(crate) filled_value: Decimal,
    pub(crate) fee: Decimal,
    pub(crate) created_ns: u64,
    /// The stop order that it comes from.
    pub(crate) origin: Option<Text>,
    pub(crate) cancel_reason: Option<CancelReason>,
}

/// What an order asks for, before it has an id.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder<'a> {
    pub(crate) symbol: &'a str,
    pub(crate) side: Side,
    /// None for a market order.
    pub(crate) price: Option<Decimal>,
    pub(crate) size: i64,
    pub(crate) client_oid: Option<Text>,
    /// The stop order that it comes from.
    pub(crate) origin: Option<Text>,
}

/// 1 for a buy, -1 for a sale.
pub(crate) fn sign(side: Side) -> i64 {
    match side {
        Side::Buy => 1,
        Side::Sell => -1,
    }
}

impl Futures {
    /// Takes what the price crosses, all of it at the market, and lets a limit order rest with what
    /// is left.
    pub(crate) fn place(&mut self, new: NewOrder<'_>) -> Result<Text, Rejected> {
        let index = self.check(&new)?;
        let mut order = self.new_order(index, &new, TradeType::Trade);
        let id = Arc::clone(&order.id);
        self.take_liquidity(&mut order, BOOK_LEVELS);
        if order.remain == 0 {
            self.report(&order, OrderChange::Filled, None, None);
        } else if order.price.is_some() {
            self.report(&order, OrderChange::Open, None, None);
            self.orders.push(order);
        } else {
            self.cancel_rest(order, CancelReason::Market);
        }
        self.report_wallet(self.contracts[index].settle);
        self.liquidate_exhausted();
        Ok(id)
    }

    /// Cancels what is left of an open order and frees its margin.
    pub(crate) fn cancel(&mut self, order_id: &str) -> Result<(), Rejected> {
        let order = self.orders.remove(self.find(order_id)?);
        let currency = self.contracts[order.contract].settle;
        self.cancel_rest(order, CancelReason::User);
        self.report_wallet(currency);
        Ok(())
    }

    /// Cuts the size of an open order by `by`, which must leave something: an `update`.
    pub(crate) fn reduce(&mut self, order_id: &str, by: i64) -> Result<(), Rejected> {
        let place = self.find(order_id)?;
        let order = &mut self.orders[place];
        if by <= 0 || by >= order.remain {
            return Err(Rejected::Size {
                size: by.into(),
                increment: Decimal::ONE,
            });
        }
        let before = order.remain;
        order.remain -= by;
        order.canceled += by;
        let order = order.clone();
        self.report(&order, OrderChange::Update, None, Some(before));
        self.report_wallet(self.contracts[order.contract].settle);
        Ok(())
    }

    pub(crate) fn find(&self, order_id: &str) -> Result<usize, Rejected> {
        self.orders
            .iter()
            .position(|order| &*order.id == order_id)
            .ok_or_else(|| unknown(order_id))
    }

    /// What KuCoin looks at before it takes an order.
    fn check(&self, new: &NewOrder<'_>) -> Result<usize, Rejected> {
        let index = self.contract(new.symbol)?;
        Contract::check_size(new.size)?;
        let (contract, position) = (&self.contracts[index], &self.positions[index]);
        if let Some(price) = new.price {
            contract.check_price(price)?;
        }
        let price = contract.margin_price(new.side, new.price, BOOK_LEVELS);
        let waiting = self.waiting(index, new.side);
        let exposure = position.quantity * sign(new.side) + waiting + new.size;
        let limit = Decimal::from(contract.levels[position.risk_level].limit);
        if contract.value(exposure.max(0), price).abs() > limit {
            return Err(Rejected::RiskLimit {
                symbol: contract.symbol.to_owned(),
                limit,
            });
        }
        let opening = self.would_open(index, new.side, new.size);
        let margin = self.order_margin(index, (opening, price), position.order_leverage());
        if opening > 0 && margin > self.wallet(contract.settle).available_margin() {
            return Err(insufficient(contract.settle));
        }
        Ok(index)
    }

    pub(crate) fn new_order(
        &mut self,
        index: usize,
        new: &NewOrder<'_>,
        trade_type: TradeType,
    ) -> Order {
        Order {
            id: self.ids.order(),
            client_oid: new.client_oid.clone(),
            contract: index,
            side: new.side,
            price: new.price,
            trade_type,
            leverage: self.positions[index].order_leverage(),
            size: new.size,
            remain: new.size,
            filled: 0,
            canceled: 0,
            filled_value: Decimal::ZERO,
            fee: Decimal::ZERO,
            // It came in the millisecond before the engine took it: no event is older than its order.
            created_ns: self.now_ms.saturating_sub(1).saturating_mul(1_000_000)
                + self.ids.nanoseconds(),
            origin: new.origin.clone(),
            cancel_reason: None,
        }
    }

    pub(crate) fn cancel_rest(&mut self, mut order: Order, reason: CancelReason) {
        order.cancel_reason = Some(reason);
        order.canceled += std::mem::take(&mut order.remain);
        self.report(&order, OrderChange::Canceled, None, None);
    }

    pub(crate) fn report(
        &mut self,
        order: &Order,
        change: OrderChange,
        fill: Option<FuturesFill>,
        old_size: Option<i64>,
    ) {
        let contract = &self.contracts[order.contract];
        self.events.push(FuturesEvent::Order(OrderEvent {
            change,
            symbol: contract.symbol,
            side: order.side,
            order_id: Arc::clone(&order.id),
            client_oid: order.client_oid.clone(),
            order_time_ns: order.created_ns,
            engine_time_ms: self.now_ms,
            price: order.price,
            trade_type: order.trade_type,
            margin_mode: self.positions[order.contract].mode,
            terms: OrderTerms {
                leverage: order.leverage,
                filled_value: order.filled_value,
                fee: order.fee,
                settle: contract.settle,
                origin: order.origin.clone(),
                cancel_reason: order.cancel_reason,
            },
            size: order.size,
            filled: order.filled,
            remain: order.remain,
            canceled: order.canceled,
            fill,
            old_size,
        }));
    }
}
