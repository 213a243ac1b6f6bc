//! Stop orders: they hold no margin, and become an order under a new id when the price reaches them.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::super::event::{Side, Text};
use super::super::order::unknown;
use super::contract::Contract;
use super::event::{Direction, FuturesEvent, StopChange, StopEvent, StopPriceType};
use super::order::NewOrder;
use super::{Futures, Rejected};

#[derive(Debug, Clone)]
pub(crate) struct StopOrder {
    pub(crate) id: Text,
    contract: usize,
    new: NewStop,
    created_ms: u64,
}

/// What a stop order asks for; an `order_price` of None makes it a market stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewStop {
    pub(crate) side: Side,
    pub(crate) direction: Direction,
    pub(crate) price_type: StopPriceType,
    pub(crate) stop_price: Decimal,
    pub(crate) order_price: Option<Decimal>,
    pub(crate) size: i64,
}

impl Futures {
    pub(crate) fn place_stop(&mut self, symbol: &str, new: NewStop) -> Result<Text, Rejected> {
        let index = self.contract(symbol)?;
        Contract::check_size(new.size)?;
        for price in [Some(new.stop_price), new.order_price]
            .into_iter()
            .flatten()
        {
            self.contracts[index].check_price(price)?;
        }
        let stop = StopOrder {
            id: self.ids.order(),
            contract: index,
            new,
            created_ms: self.now_ms,
        };
        let id = Arc::clone(&stop.id);
        self.report_stop(&stop, StopChange::Open);
        self.stops.push(stop);
        self.trigger_stops(index);
        Ok(id)
    }

    /// Cancels a stop order that has not triggered.
    pub(crate) fn cancel_stop(&mut self, order_id: &str) -> Result<(), Rejected> {
        let place = self.stops.iter().position(|stop| &*stop.id == order_id);
        let stop = self.stops.remove(place.ok_or_else(|| unknown(order_id))?);
        self.report_stop(&stop, StopChange::Cancel);
        Ok(())
    }

    pub(crate) fn trigger_stops(&mut self, index: usize) {
        while let Some(place) = self.stops.iter().position(|stop| {
            let contract = &self.contracts[index];
            let price = match stop.new.price_type {
                StopPriceType::Trade => contract.last,
                StopPriceType::Mark | StopPriceType::Index => contract.mark,
            };
            let reached = match stop.new.direction {
                Direction::Up => price >= stop.new.stop_price,
                Direction::Down => price <= stop.new.stop_price,
            };
            stop.contract == index && reached
        }) {
            let stop = self.stops.remove(place);
            self.trigger(&stop);
        }
    }

    /// The trigger is told first; the order that follows tells about itself under its own id.
    fn trigger(&mut self, stop: &StopOrder) {
        let announced = self.events.len();
        self.report_stop(stop, StopChange::Triggered(Ok(())));
        let placed = self.place(NewOrder {
            symbol: self.contracts[stop.contract].symbol,
            side: stop.new.side,
            price: stop.new.order_price,
            size: stop.new.size,
            client_oid: None,
            origin: Some(Arc::clone(&stop.id)),
        });
        if let (Err(rejected), Some(FuturesEvent::Stop(event))) =
            (placed, self.events.get_mut(announced))
        {
            event.change = StopChange::Triggered(Err(rejected.to_string()));
        }
    }

    fn report_stop(&mut self, stop: &StopOrder, change: StopChange) {
        let event = StopEvent {
            change,
            event_id: self.ids.event(),
            order_id: Arc::clone(&stop.id),
            symbol: self.contracts[stop.contract].symbol,
            settle: self.contracts[stop.contract].settle,
            side: stop.new.side,
            margin_mode: self.positions[stop.contract].mode,
            direction: stop.new.direction,
            price_type: stop.new.price_type,
            stop_price: stop.new.stop_price,
            order_price: stop.new.order_price,
            size: stop.new.size,
            created_ms: stop.created_ms,
            time_ms: self.now_ms,
        };
        self.events.push(FuturesEvent::Stop(event));
    }
}
