//! Shorthand commands for tests.

use rust_decimal::Decimal;

use super::event::{Direction, Side, StopPriceType, Text};
use super::futures::PositionSide;
use super::order::{NewOrder, NewStop, Trigger};
use super::{Engine, Host, Rejected, Wallet};

/// Wallet, symbol and side of an order; no wallet for a futures order.
pub(crate) type OrderTarget = (Option<Wallet>, &'static str, Side);

pub(crate) const BUY_BTC: OrderTarget = (Some(Wallet::Trade), "BTC-USDT", Side::Buy);

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn market((wallet, symbol, side): OrderTarget, size: &str) -> NewOrder<'static> {
    NewOrder::new(wallet, symbol, side, decimal(size))
}

impl Engine {
    pub(crate) fn market_order(
        &mut self,
        target: OrderTarget,
        size: &str,
    ) -> Result<Text, Rejected> {
        self.place(market(target, size))
    }

    pub(crate) fn buy_for_funds(&mut self, symbol: &'static str, funds: &str) -> Text {
        let target = (Some(Wallet::Trade), symbol, Side::Buy);
        self.place(NewOrder {
            by_funds: true,
            ..market(target, funds)
        })
        .unwrap()
    }

    /// Places a limit order with the `clientOid` `mine`.
    pub(crate) fn limit(
        &mut self,
        target: OrderTarget,
        price: &str,
        size: &str,
    ) -> Result<Text, Rejected> {
        self.place(NewOrder {
            price: Some(decimal(price)),
            client_oid: Some("mine".into()),
            ..market(target, size)
        })
    }

    /// Places a limit order on a leg in hedge mode.
    pub(crate) fn limit_on(
        &mut self,
        position_side: PositionSide,
        target: OrderTarget,
        price: &str,
        size: &str,
    ) -> Result<Text, Rejected> {
        self.place(NewOrder {
            price: Some(decimal(price)),
            position_side,
            ..market(target, size)
        })
    }

    /// Places a limit order on a leg, away from the market, and fills it as a maker; returns its ID.
    pub(crate) fn trade_on(
        &mut self,
        position_side: PositionSide,
        target: OrderTarget,
        price: &str,
        size: &str,
    ) -> Text {
        let id = self.limit_on(position_side, target, price, size).unwrap();
        self.fill(&id, size);
        id
    }

    /// Places a stop order on a leg that becomes a market order if the mark price falls to this price.
    pub(crate) fn stop_on(
        &mut self,
        position_side: PositionSide,
        (wallet, symbol, side): OrderTarget,
        price: &str,
        size: &str,
    ) -> Result<Text, Rejected> {
        let new = NewStop {
            wallet,
            symbol,
            side,
            trigger: Trigger {
                direction: Direction::Down,
                price_type: StopPriceType::Mark,
                price: decimal(price),
            },
            order_price: None,
            size: decimal(size),
            client_oid: None,
        };
        self.place_stop_on(position_side, new)
    }

    pub(crate) fn stop(
        &mut self,
        (wallet, symbol, side): OrderTarget,
        (direction, price_type, price): (Direction, StopPriceType, &str),
        order_price: Option<&str>,
        size: &str,
    ) -> Result<Text, Rejected> {
        self.place_stop(NewStop {
            wallet,
            symbol,
            side,
            trigger: Trigger {
                direction,
                price_type,
                price: decimal(price),
            },
            order_price: order_price.map(decimal),
            size: decimal(size),
            client_oid: None,
        })
    }

    /// Fills an order as a maker.
    pub(crate) fn fill(&mut self, order_id: &str, size: &str) {
        let host = self.host_of(order_id);
        self.fill_resting(host, order_id, decimal(size)).unwrap();
    }

    pub(crate) fn reduce_order(&mut self, order_id: &str, by: &str) {
        let host = self.host_of(order_id);
        self.reduce(host, order_id, decimal(by)).unwrap();
    }

    /// Sets the last price of a spot market.
    pub(crate) fn price(&mut self, symbol: &str, price: &str) {
        self.set_price(Host::Spot, symbol, decimal(price)).unwrap();
    }

    /// Sets the mark price of a contract.
    pub(crate) fn mark(&mut self, symbol: &str, price: &str) {
        self.set_mark_price(symbol, decimal(price)).unwrap();
    }

    fn host_of(&self, order_id: &str) -> Host {
        match self.find(Host::Spot, order_id) {
            Ok(_) => Host::Spot,
            Err(_) => Host::Futures,
        }
    }
}
