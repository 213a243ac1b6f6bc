//! Stop orders of all accounts: placing, cancelling and triggering them.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::{NewOrder, Terms, host_of, unknown};
use crate::engine::event::{Direction, Event, Side, StopChange, StopEvent, StopPriceType, Text};
use crate::engine::futures::PositionSide;
use crate::engine::ledger::Wallet;
use crate::engine::{Engine, Host, MarketId, Rejected};

/// An untriggered stop order.
///
/// A stop order holds no money. When it triggers, a new order with its own ID is placed; see [`Order::classic_id`].
#[derive(Debug, Clone)]
pub(crate) struct StopOrder {
    pub(crate) id: Text,
    pub(crate) client_oid: Option<Text>,
    pub(crate) market: MarketId,
    pub(crate) symbol: &'static str,
    pub(crate) fee_currency: &'static str,
    pub(crate) side: Side,
    pub(crate) trigger: Trigger,
    /// Limit price of the resulting order; `None` for a stop-market order.
    pub(crate) order_price: Option<Decimal>,
    pub(crate) size: Decimal,
    pub(crate) terms: Terms,
    pub(crate) created_ms: u64,
}

/// The trigger condition of a stop order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trigger {
    pub(crate) direction: Direction,
    pub(crate) price_type: StopPriceType,
    pub(crate) price: Decimal,
}

/// Parameters of a new stop order.
#[derive(Debug, Clone)]
pub(crate) struct NewStop<'a> {
    /// Wallet that the spot order settles in; `None` for a futures order.
    pub(crate) wallet: Option<Wallet>,
    pub(crate) symbol: &'a str,
    pub(crate) side: Side,
    pub(crate) trigger: Trigger,
    /// Limit price of the resulting order; `None` for a stop-market order.
    pub(crate) order_price: Option<Decimal>,
    pub(crate) size: Decimal,
    pub(crate) client_oid: Option<Text>,
}

impl Engine {
    /// Places a stop order; a futures order is in one-way mode.
    pub(crate) fn place_stop(&mut self, new: NewStop<'_>) -> Result<Text, Rejected> {
        self.place_stop_on(PositionSide::Both, new)
    }

    /// Places a stop order, whose resulting futures order changes the position with this side.
    pub(crate) fn place_stop_on(
        &mut self,
        position_side: PositionSide,
        new: NewStop<'_>,
    ) -> Result<Text, Rejected> {
        let host = host_of(new.wallet);
        let id = self.find_market(host, new.symbol)?;
        let market = self.market(id);
        match new.wallet {
            Some(wallet) => self.check_settles_in(wallet, id.index)?,
            None => drop(self.position_id(id.index, position_side)?),
        }
        market.check_size(new.size)?;
        for price in [Some(new.trigger.price), new.order_price]
            .into_iter()
            .flatten()
        {
            market.check_price(price)?;
            if host == Host::Spot {
                market.check_notional(price, new.size)?;
            }
        }
        let (symbol, fee_currency) = (market.symbol, market.quote);
        let now_ms = self.now_ms;
        let stop = StopOrder {
            id: self.host_mut(host).ids.stop_order(now_ms),
            client_oid: new.client_oid,
            market: id,
            symbol,
            fee_currency,
            side: new.side,
            trigger: new.trigger,
            order_price: new.order_price,
            size: new.size,
            terms: self.terms(id, new.wallet, position_side),
            created_ms: now_ms,
        };
        let stop_id = Arc::clone(&stop.id);
        self.report_stop(&stop, StopChange::Open);
        self.host_mut(host).stops.push(stop);
        self.trigger_stops(id);
        Ok(stop_id)
    }

    /// Cancels a stop order that has not triggered.
    pub(crate) fn cancel_stop(&mut self, host: Host, order_id: &str) -> Result<(), Rejected> {
        let stops = &mut self.host_mut(host).stops;
        let index = stops.iter().position(|stop| &*stop.id == order_id);
        let stop = stops.remove(index.ok_or_else(|| unknown(order_id))?);
        self.report_stop(&stop, StopChange::Cancel);
        Ok(())
    }

    pub(crate) fn trigger_stops(&mut self, id: MarketId) {
        let reached = |engine: &Self, stop: &StopOrder| {
            let price = match stop.trigger.price_type {
                StopPriceType::Trade => engine.market(id).last,
                StopPriceType::Mark | StopPriceType::Index => engine.contracts[id.index].mark,
            };
            match stop.trigger.direction {
                Direction::Up => price >= stop.trigger.price,
                Direction::Down => price <= stop.trigger.price,
            }
        };
        let next = |engine: &Self| {
            let mut stops = engine.host(id.host).stops.iter();
            stops.position(|stop| stop.market == id && reached(engine, stop))
        };
        while let Some(index) = next(self) {
            let stop = self.host_mut(id.host).stops.remove(index);
            self.trigger(&stop);
        }
    }

    /// Reports the trigger, then places the resulting order.
    fn trigger(&mut self, stop: &StopOrder) {
        let announced = self.events.len();
        self.report_stop(stop, StopChange::Triggered(Ok(())));
        let wallet = match stop.terms {
            Terms::Spot(wallet) => Some(wallet),
            Terms::Futures { .. } => None,
        };
        let placed = self.place(NewOrder {
            price: stop.order_price,
            client_oid: match stop.market.host {
                Host::Spot => None,
                Host::Futures => stop.client_oid.clone(),
            },
            position_side: stop.terms.position_side().unwrap_or(PositionSide::Both),
            origin: Some(stop),
            ..NewOrder::new(wallet, stop.symbol, stop.side, stop.size)
        });
        if let (Err(rejected), Some(Event::Stop(event))) = (placed, self.events.get_mut(announced))
        {
            event.change = StopChange::Triggered(Err(rejected.to_string()));
        }
    }

    fn report_stop(&mut self, stop: &StopOrder, change: StopChange) {
        let mut stop = stop.clone();
        let mut event_id = None;
        if let Terms::Futures { margin_mode, .. } = &mut stop.terms {
            *margin_mode = self.contracts[stop.market.index].position.mode;
            event_id = Some(self.futures.ids.event());
        }
        self.events.push(Event::Stop(StopEvent {
            change,
            stop,
            event_id,
            time_ms: self.now_ms,
        }));
    }
}
