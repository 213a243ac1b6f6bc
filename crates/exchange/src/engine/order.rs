//! Orders of all accounts: placing, filling, reducing and cancelling them.
//!
//! Their effect on balances and positions is in `spot` and in `futures`.

mod stops;

use std::sync::Arc;

use rust_decimal::Decimal;

use super::event::{CancelReason, Event, Fill, Liquidity, OrderChange, OrderEvent, Side, Text};
use super::futures::{MarginMode, PositionId, PositionSide, Traded};
use super::ledger::Wallet;
use super::{Engine, Host, MarketId, Rejected, futures, spot};

pub(crate) use stops::{NewStop, StopOrder, Trigger};

/// Maximum number of order book levels that one order fills; the levels are one tick apart.
pub(crate) const BOOK_LEVELS: usize = 3;

/// State of an order after its latest change.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: Text,
    pub(crate) client_oid: Option<Text>,
    pub(crate) market: MarketId,
    pub(crate) symbol: &'static str,
    pub(crate) side: Side,
    /// Limit price; `None` for a market order.
    pub(crate) price: Option<Decimal>,
    /// `true` for a market buy by funds; `size` and `remain` are then in quote currency.
    pub(crate) by_funds: bool,
    /// Size when placed, in base currency or contracts.
    pub(crate) size: Decimal,
    /// Total reduction of the size by updates.
    pub(crate) reduced: Decimal,
    pub(crate) remain: Decimal,
    pub(crate) filled: Decimal,
    pub(crate) canceled: Decimal,
    /// The sum of price times size over all fills.
    pub(crate) filled_value: Decimal,
    /// The sum of the values of all fills; differs from `filled_value` only in futures.
    pub(crate) deal_value: Decimal,
    /// The sum of the fees of all fills.
    pub(crate) fee: Decimal,
    pub(crate) fee_currency: &'static str,
    pub(crate) created_ns: u64,
    /// ID of the stop order that became this order; `None` if placed directly.
    pub(crate) origin: Option<Text>,
    /// Trigger condition of that stop order.
    pub(crate) trigger: Option<Trigger>,
    pub(crate) cancel_reason: Option<CancelReason>,
    pub(crate) terms: Terms,
    /// Spot only: amount held for the order, in quote currency for a buy, base currency for a sell.
    pub(crate) hold: Decimal,
    /// Amount held per unit of size; unused if `by_funds`.
    pub(crate) hold_per_unit: Decimal,
}

impl Order {
    /// Returns the order ID in the classic accounts: a triggered futures order keeps the ID of its stop order.
    pub(crate) fn classic_id(&self) -> &Text {
        match &self.origin {
            Some(stop_id) if self.market.host == Host::Futures => stop_id,
            _ => &self.id,
        }
    }

    /// Returns the position that a futures order changes; `None` for a spot order.
    pub(crate) fn position_id(&self) -> Option<PositionId> {
        Some(PositionId {
            contract: self.market.index,
            side: self.terms.position_side()?,
        })
    }
}

/// Settlement terms of an order, by account.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Terms {
    /// The wallet that the order settles in.
    Spot(Wallet),
    Futures {
        margin_mode: MarginMode,
        /// The leg that the order changes; `BOTH` in one-way mode.
        position_side: PositionSide,
        /// Leverage when the order was placed.
        leverage: Decimal,
        /// The order liquidates a position.
        liquidation: bool,
    },
}

impl Terms {
    /// Returns the side of the position that a futures order changes; `None` for a spot order.
    pub(crate) fn position_side(self) -> Option<PositionSide> {
        match self {
            Self::Futures { position_side, .. } => Some(position_side),
            Self::Spot(_) => None,
        }
    }

    /// Returns the leverage of a futures order, and whether it liquidates a position; `None` for a spot order.
    pub(crate) fn margin(self) -> Option<(Decimal, bool)> {
        match self {
            Self::Futures {
                leverage,
                liquidation,
                ..
            } => Some((leverage, liquidation)),
            Self::Spot(_) => None,
        }
    }

    /// Returns the wire value of the leg that a futures order changes; `None` in one-way mode and for a spot order.
    pub(crate) fn leg(self) -> Option<&'static str> {
        self.position_side().and_then(PositionSide::of_leg)
    }
}

/// Parameters of a new order.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder<'a> {
    /// Wallet that a spot order settles in; `None` for a futures order.
    pub(crate) wallet: Option<Wallet>,
    pub(crate) symbol: &'a str,
    pub(crate) side: Side,
    /// The position that a futures order changes; unused in spot.
    pub(crate) position_side: PositionSide,
    /// Limit price; `None` for a market order.
    pub(crate) price: Option<Decimal>,
    pub(crate) size: Decimal,
    /// `true` for a market buy by funds: `size` is the amount of quote currency to spend.
    pub(crate) by_funds: bool,
    pub(crate) client_oid: Option<Text>,
    /// The stop order that became this order; `None` if placed directly.
    pub(crate) origin: Option<&'a StopOrder>,
}

impl<'a> NewOrder<'a> {
    /// Creates a market order; a futures order is in one-way mode.
    pub(crate) fn new(
        wallet: Option<Wallet>,
        symbol: &'a str,
        side: Side,
        size: Decimal,
    ) -> NewOrder<'a> {
        NewOrder {
            wallet,
            symbol,
            side,
            position_side: PositionSide::Both,
            price: None,
            size,
            by_funds: false,
            client_oid: None,
            origin: None,
        }
    }

    fn host(&self) -> Host {
        host_of(self.wallet)
    }
}

fn host_of(wallet: Option<Wallet>) -> Host {
    match wallet {
        Some(_) => Host::Spot,
        None => Host::Futures,
    }
}

impl Engine {
    /// Places an order, which takes liquidity up to its limit price.
    ///
    /// The rest of a limit order goes into the book. A market buy by funds ends `canceled`, as on KuCoin, because funds
    /// that do not buy a further increment are released.
    pub(crate) fn place(&mut self, new: NewOrder<'_>) -> Result<Text, Rejected> {
        let id = self.find_market(new.host(), new.symbol)?;
        let market = self.market(id);
        if !new.by_funds {
            market.check_size(new.size)?;
        }
        if let Some(price) = new.price {
            market.check_price(price)?;
        }
        match new.wallet {
            Some(wallet) => self.check_spot_order(id.index, wallet, &new)?,
            None => self.check_futures_order(id.index, &new)?,
        }
        let mut order = self.new_order(id, &new);
        let order_id = Arc::clone(&order.id);
        if id.host == Host::Spot {
            self.hold(&mut order)?;
            self.report(&order, OrderChange::Received, None, None);
        }
        self.take_liquidity(&mut order);
        if order.remain.is_zero() && !order.by_funds {
            self.finish(order);
        } else if order.price.is_some() {
            self.report(&order, OrderChange::Open, None, None);
            self.host_mut(id.host).orders.push(order);
        } else {
            self.cancel_rest(order, CancelReason::Market);
        }
        self.after_fill(id);
        Ok(order_id)
    }

    pub(crate) fn new_order(&mut self, id: MarketId, new: &NewOrder<'_>) -> Order {
        let (market, now_ms) = (self.market(id), self.now_ms);
        let (symbol, fee_currency) = (market.symbol, market.quote);
        let terms = self.terms(id, new.wallet, new.position_side);
        let ids = &mut self.host_mut(id.host).ids;
        Order {
            id: ids.order(now_ms),
            client_oid: new.client_oid.clone(),
            market: id,
            symbol,
            side: new.side,
            price: new.price,
            by_funds: new.by_funds,
            size: new.size,
            reduced: Decimal::ZERO,
            remain: new.size,
            filled: Decimal::ZERO,
            canceled: Decimal::ZERO,
            filled_value: Decimal::ZERO,
            deal_value: Decimal::ZERO,
            fee: Decimal::ZERO,
            fee_currency,
            created_ns: ids.order_time_ns(now_ms),
            origin: new.origin.map(|stop| Arc::clone(&stop.id)),
            trigger: new.origin.map(|stop| stop.trigger),
            cancel_reason: None,
            terms,
            hold: Decimal::ZERO,
            hold_per_unit: Decimal::ZERO,
        }
    }

    fn terms(&self, id: MarketId, wallet: Option<Wallet>, position_side: PositionSide) -> Terms {
        let Some(wallet) = wallet else {
            let position = &self.contracts[id.index].position;
            return Terms::Futures {
                margin_mode: position.mode,
                position_side,
                leverage: position.order_leverage(),
                liquidation: false,
            };
        };
        Terms::Spot(wallet)
    }

    /// Cancels the rest of an open order and releases its hold.
    pub(crate) fn cancel(&mut self, host: Host, order_id: &str) -> Result<(), Rejected> {
        let index = self.find(host, order_id)?;
        let order = self.host_mut(host).orders.remove(index);
        let market = order.market;
        self.cancel_rest(order, CancelReason::User);
        self.report_margin(market);
        Ok(())
    }

    /// Reduces the size of an open order by `by`, less than the remaining size: an `update`.
    pub(crate) fn reduce(
        &mut self,
        host: Host,
        order_id: &str,
        by: Decimal,
    ) -> Result<(), Rejected> {
        let index = self.find(host, order_id)?;
        let order = &self.host(host).orders[index];
        let market = self.market(order.market);
        market.check_size(by)?;
        if by >= order.remain {
            return Err(market.invalid_size(by));
        }
        let old_size = match host {
            Host::Spot => order.size - order.reduced,
            Host::Futures => order.remain,
        };
        let order = &mut self.host_mut(host).orders[index];
        order.remain -= by;
        order.reduced += by;
        order.canceled += by;
        let release = order.hold_per_unit * by;
        order.hold -= release;
        let order = order.clone();
        self.report(&order, OrderChange::Update, None, Some(old_size));
        self.release(&order, release);
        self.report_margin(order.market);
        Ok(())
    }

    /// Fills a resting order with another trader's order: a maker fill at its limit price.
    pub(crate) fn fill_resting(
        &mut self,
        host: Host,
        order_id: &str,
        size: Decimal,
    ) -> Result<(), Rejected> {
        let index = self.find(host, order_id)?;
        let order = &self.host(host).orders[index];
        let (id, remain) = (order.market, order.remain);
        let market = self.market(id);
        market.check_size(size)?;
        let Some(price) = order.price.filter(|_| size <= remain) else {
            return Err(market.invalid_size(size));
        };
        let orders = &mut self.host_mut(host).orders;
        if size == remain {
            let mut order = orders.remove(index);
            self.execute(&mut order, (price, size), Liquidity::Maker);
            self.finish(order);
        } else {
            let mut order = orders[index].clone();
            // Filled contracts need no order margin when the fill is reported.
            orders[index].remain -= size;
            self.execute(&mut order, (price, size), Liquidity::Maker);
            self.host_mut(host).orders[index] = order;
        }
        self.after_fill(id);
        Ok(())
    }

    /// Fills, in full, every resting order that the last price crossed.
    fn fill_crossed(&mut self, id: MarketId) {
        let last = self.market(id).last;
        let orders = self.host(id.host).orders.iter();
        let crossed: Vec<Text> = orders
            .filter(|order| order.market == id)
            .filter(|order| match (order.side, order.price) {
                (Side::Buy, Some(price)) => price > last,
                (Side::Sell, Some(price)) => price < last,
                (_, None) => false,
            })
            .map(|order| Arc::clone(&order.id))
            .collect();
        for order_id in crossed {
            // A fill may lead to a liquidation, which cancels other orders.
            if let Ok(index) = self.find(id.host, &order_id) {
                let remain = self.host(id.host).orders[index].remain;
                self.fill_resting(id.host, &order_id, remain)
                    .expect("a resting order fills what is left of it");
            }
        }
    }

    /// Matches a new order with the book: one to three fills, one tick apart, within the order's limit.
    fn take_liquidity(&mut self, order: &mut Order) {
        let host = order.market.host;
        let fills = self.host_mut(host).rng.index(BOOK_LEVELS) + 1;
        for level in 0..fills {
            let market = self.market(order.market);
            let offset = order.side.signed(market.tick * Decimal::from(level));
            let price = market.best_for(order.side) + offset;
            let inside = match (order.side, order.price) {
                (_, None) => true,
                (Side::Buy, Some(limit)) => price <= limit,
                (Side::Sell, Some(limit)) => price >= limit,
            };
            let all = match order.by_funds {
                true => market.size_for(order.remain, price),
                false => order.remain,
            };
            if !inside || price <= Decimal::ZERO || all.is_zero() {
                return;
            }
            let percent = if level + 1 == fills {
                100
            } else {
                self.host_mut(host).rng.between(20, 80)
            };
            let part = all * Decimal::from(percent) / Decimal::ONE_HUNDRED;
            let part = self.market(order.market).floor_size(part);
            let size = if part.is_zero() { all } else { part };
            self.execute(order, (price, size), Liquidity::Taker);
        }
    }

    /// Executes one fill: reports the order first, then the balances or the position that the fill changes.
    pub(crate) fn execute(
        &mut self,
        order: &mut Order,
        (price, size): (Decimal, Decimal),
        liquidity: Liquidity,
    ) {
        let host = order.market.host;
        let fee_rate = match (host, liquidity) {
            (Host::Spot, Liquidity::Maker) => spot::MAKER_FEE,
            (Host::Spot, Liquidity::Taker) => spot::TAKER_FEE,
            (Host::Futures, Liquidity::Maker) => futures::MAKER_FEE,
            (Host::Futures, Liquidity::Taker) => futures::TAKER_FEE,
        };
        let cost = price * size;
        order.filled += size;
        order.filled_value += cost;
        order.remain -= if order.by_funds { cost } else { size };
        let mut positions = Vec::new();
        let traded = match host {
            Host::Spot => Traded {
                value: cost,
                fee: cost * fee_rate,
                ..Traded::default()
            },
            Host::Futures => self.trade_contracts(order, price, size, fee_rate, &mut positions),
        };
        let fee = traded.fee;
        order.deal_value += traded.value;
        order.fee += fee;
        let now_ms = self.now_ms;
        let ids = &mut self.host_mut(host).ids;
        let trade_id = ids.trade();
        let fill = Fill {
            price,
            size,
            value: traded.value,
            trade_id: Arc::clone(&trade_id),
            liquidity,
            fee,
            closing_fee: traded.closing_fee,
            fee_rate,
            counter_order_id: (host == Host::Spot).then(|| ids.counter_order(now_ms)),
            closed_pnl: (host == Host::Futures).then_some(traded.profit),
        };
        self.report(order, OrderChange::Match, Some(fill), None);
        match host {
            Host::Spot => self.settle(order, (cost, fee, size), trade_id),
            Host::Futures => {
                self.events.append(&mut positions);
                self.report_margin(order.market);
            }
        }
    }

    /// Reports a fully executed order as filled and releases its unused hold.
    pub(crate) fn finish(&mut self, mut order: Order) {
        self.report(&order, OrderChange::Filled, None, None);
        let release = std::mem::take(&mut order.hold);
        self.release(&order, release);
    }

    pub(crate) fn cancel_rest(&mut self, mut order: Order, reason: CancelReason) {
        order.cancel_reason = Some(reason);
        let rest = std::mem::take(&mut order.remain);
        if !order.by_funds {
            order.canceled += rest;
        }
        self.report(&order, OrderChange::Canceled, None, None);
        let release = std::mem::take(&mut order.hold);
        self.release(&order, release);
    }

    /// Removes the matching orders from the book and cancels them.
    pub(crate) fn cancel_all(
        &mut self,
        host: Host,
        reason: CancelReason,
        matches: impl Fn(&Order) -> bool,
    ) {
        let orders = &mut self.host_mut(host).orders;
        let canceled: Vec<Order> = orders.extract_if(.., |order| matches(order)).collect();
        for order in canceled {
            self.cancel_rest(order, reason);
        }
    }

    pub(super) fn find(&self, host: Host, order_id: &str) -> Result<usize, Rejected> {
        let mut orders = self.host(host).orders.iter();
        let index = orders.position(|order| {
            [&order.id, order.classic_id()]
                .map(|id| &**id)
                .contains(&order_id)
        });
        index.ok_or_else(|| unknown(order_id))
    }

    pub(crate) fn report(
        &mut self,
        order: &Order,
        change: OrderChange,
        fill: Option<Fill>,
        old_size: Option<Decimal>,
    ) {
        self.events.push(Event::Order(OrderEvent {
            change,
            order: order.clone(),
            fill,
            old_size,
            time_ms: self.now_ms,
        }));
    }

    /// Reacts to a new last price: fills crossed orders and triggers stop orders.
    pub(crate) fn last_price_moved(&mut self, id: MarketId) {
        self.fill_crossed(id);
        self.trigger_stops(id);
    }
}

fn unknown(order_id: &str) -> Rejected {
    Rejected::UnknownOrder {
        order_id: order_id.to_owned(),
    }
}
