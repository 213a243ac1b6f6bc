//! Stop orders: they hold no money, and become an order under a new id when the price reaches them.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::event::{Event, Quantity, Side, StopChange, StopEvent, StopKind, Text};
use super::ledger::Wallet;
use super::order::{NewOrder, unknown};
use super::{Engine, Rejected};

#[derive(Debug, Clone)]
pub(crate) struct StopOrder {
    id: Text,
    wallet: Wallet,
    market: usize,
    side: Side,
    kind: StopKind,
    stop_price: Decimal,
    /// None for a market stop.
    order_price: Option<Decimal>,
    size: Decimal,
    created_ms: u64,
}

impl Engine {
    /// A stop order; `order_price` of None makes it a market stop.
    pub(crate) fn place_stop(
        &mut self,
        now_ms: u64,
        (wallet, symbol, side): (Wallet, &str, Side),
        kind: StopKind,
        (stop_price, order_price): (Decimal, Option<Decimal>),
        size: Decimal,
    ) -> Result<Text, Rejected> {
        self.advance(now_ms);
        let index = self.market(symbol)?;
        self.check_settles_in(wallet, index)?;
        let market = &self.markets[index];
        market.check_size(size)?;
        for price in [Some(stop_price), order_price].into_iter().flatten() {
            market.check_price(price)?;
            market.check_notional(price, size)?;
        }
        let stop = StopOrder {
            id: self.ids.stop_order(),
            wallet,
            market: index,
            side,
            kind,
            stop_price,
            order_price,
            size,
            created_ms: self.now_ms,
        };
        let id = Arc::clone(&stop.id);
        self.report_stop(&stop, StopChange::Open);
        self.stops.push(stop);
        self.trigger_stops(index);
        Ok(id)
    }

    /// Cancels a stop order that has not triggered.
    pub(crate) fn cancel_stop(&mut self, now_ms: u64, order_id: &str) -> Result<(), Rejected> {
        self.advance(now_ms);
        let place = self.stops.iter().position(|stop| &*stop.id == order_id);
        let stop = self.stops.remove(place.ok_or_else(|| unknown(order_id))?);
        self.report_stop(&stop, StopChange::Cancel);
        Ok(())
    }

    pub(crate) fn open_stops(&self) -> Vec<String> {
        self.stops.iter().map(|stop| stop.id.to_string()).collect()
    }

    pub(crate) fn trigger_stops(&mut self, market: usize) {
        let last = self.markets[market].last;
        let reached = |stop: &StopOrder| match stop.kind {
            StopKind::Loss => last <= stop.stop_price,
            StopKind::Entry => last >= stop.stop_price,
        };
        while let Some(place) = self
            .stops
            .iter()
            .position(|stop| stop.market == market && reached(stop))
        {
            let stop = self.stops.remove(place);
            self.trigger(&stop);
        }
    }

    /// The trigger is told first; the order that follows tells about itself under its own id.
    fn trigger(&mut self, stop: &StopOrder) {
        let announced = self.events.len();
        self.report_stop(stop, StopChange::Triggered(Ok(())));
        let quantity = Quantity::Size {
            origin: stop.size,
            current: stop.size,
            remain: stop.size,
        };
        let order = NewOrder {
            wallet: stop.wallet,
            market: stop.market,
            side: stop.side,
            price: stop.order_price,
            quantity,
            client_oid: None,
            origin: Some(Arc::clone(&stop.id)),
        };
        let worst = stop
            .order_price
            .unwrap_or_else(|| self.markets[stop.market].ask());
        let placed = self.markets[stop.market]
            .check_notional(worst, stop.size)
            .and_then(|()| self.place(order));
        if let (Err(rejected), Some(Event::Stop(event))) = (placed, self.events.get_mut(announced))
        {
            event.change = StopChange::Triggered(Err(rejected.to_string()));
        }
    }

    fn report_stop(&mut self, stop: &StopOrder, change: StopChange) {
        let market = &self.markets[stop.market];
        self.events.push(Event::Stop(StopEvent {
            change,
            order_id: Arc::clone(&stop.id),
            wallet: stop.wallet,
            symbol: market.symbol,
            fee_currency: market.quote,
            side: stop.side,
            kind: stop.kind,
            stop_price: stop.stop_price,
            order_price: stop.order_price,
            size: stop.size,
            created_ms: stop.created_ms,
            time_ms: self.now_ms,
        }));
    }
}
