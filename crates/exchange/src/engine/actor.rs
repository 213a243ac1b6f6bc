//! The demo account's owner: decides, by the seed, what the account does next.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::event::{Side, StopKind, Text};
use super::ledger::Wallet;
use super::{Engine, Futures, Rejected};

/// Above this many resting orders the owner fills and cancels rather than places.
const BUSY: usize = 12;

#[derive(Debug, Clone, Copy)]
enum Action {
    Rest,
    Cross,
    MarketSize,
    MarketFunds,
    FillPart,
    FillAll,
    Cancel,
    Reduce,
    PlaceStop,
    CancelStop,
    Transfer,
    Borrow,
    Repay,
    Interest,
}

/// Where an order goes, and what it wants there.
type Place = (Wallet, &'static str, Side);

/// What the owner does, and how often: parts of the sum of the second column.
const HABITS: &[(Action, u64)] = &[
    (Action::Rest, 30),
    (Action::Cross, 8),
    (Action::MarketSize, 7),
    (Action::MarketFunds, 7),
    (Action::FillPart, 17),
    (Action::FillAll, 9),
    (Action::Cancel, 9),
    (Action::Reduce, 4),
    (Action::PlaceStop, 4),
    (Action::CancelStop, 2),
    (Action::Transfer, 3),
    (Action::Borrow, 3),
    (Action::Repay, 3),
    (Action::Interest, 1),
];

impl Engine {
    /// One thing that happens: a price moves, and the owner or the market does something.
    /// Always leaves at least one event.
    pub(crate) fn step(&mut self, now_ms: u64) {
        self.advance(now_ms);
        if self.futures.has_turn() {
            self.with_futures(now_ms, Futures::step);
            return;
        }
        let before = self.events.len();
        let moved = self.rng.index(self.markets.len());
        let rng = &mut self.rng;
        self.markets[moved].walk(rng);
        self.price_moved(moved);
        self.debts_revalued_again();
        // An action may not be possible now: no order to cancel, no money to spend.
        for _ in 0..16 {
            if self.events.len() > before {
                return;
            }
            let action = self.choose();
            if let Err(rejected) = self.act(action) {
                tracing::trace!(?action, %rejected, "the demo account was refused");
            }
        }
        if self.events.len() == before {
            let topped_up = self.deposit(now_ms, "USDT", Decimal::from(1_000));
            debug_assert!(
                topped_up.is_ok(),
                "a demo account does not reach the limit of a balance"
            );
        }
    }

    fn choose(&mut self) -> Action {
        let sum = HABITS.iter().map(|habit| habit.1).sum();
        let mut draw = self.rng.below(sum);
        let chosen = HABITS.iter().find(|habit| {
            let found = draw < habit.1;
            draw = draw.saturating_sub(habit.1);
            found
        });
        match chosen.map_or(Action::Rest, |habit| habit.0) {
            Action::Rest if self.open.len() >= BUSY => Action::FillAll,
            Action::FillPart | Action::FillAll | Action::Cancel | Action::Reduce
                if self.open.is_empty() =>
            {
                Action::Rest
            }
            Action::Repay | Action::Interest if self.margin.debts().next().is_none() => {
                Action::Borrow
            }
            action => action,
        }
    }

    fn act(&mut self, action: Action) -> Result<(), Rejected> {
        let now = self.now_ms;
        match action {
            Action::Rest => self.rest().map(drop),
            Action::Cross => self.cross().map(drop),
            Action::MarketSize => {
                let (place, size) = self.draw_trade();
                let client_oid = self.draw_client_oid();
                self.place_market(now, place, size, client_oid).map(drop)
            }
            Action::MarketFunds => {
                let ((wallet, symbol, _), _) = self.draw_trade();
                let funds = Decimal::from(self.rng.between(10, 900));
                let client_oid = self.draw_client_oid();
                self.place_market_funds(now, (wallet, symbol), funds, client_oid)
                    .map(drop)
            }
            Action::FillPart => {
                let (id, part) = self.draw_part();
                self.fill_resting(now, &id, part)
            }
            Action::FillAll => {
                let id = self.draw_open();
                let remain = self
                    .orders
                    .get(&id)
                    .map(super::order::Order::remain)
                    .unwrap_or_default();
                self.fill_resting(now, &id, remain)
            }
            Action::Cancel => {
                let id = self.draw_open();
                self.cancel(now, &id)
            }
            Action::Reduce => {
                let (id, part) = self.draw_part();
                self.reduce(now, &id, part)
            }
            Action::PlaceStop => self.place_some_stop().map(drop),
            Action::CancelStop => match self.stops.len() {
                0 => self.place_some_stop().map(drop),
                length => {
                    let id = self.open_stops().swap_remove(self.rng.index(length));
                    self.cancel_stop(now, &id)
                }
            },
            Action::Transfer => self.move_money(),
            Action::Borrow => self.borrow_some(),
            Action::Repay => self.repay_some(),
            Action::Interest => {
                self.settle_interest(now);
                Ok(())
            }
        }
    }

    fn rest(&mut self) -> Result<Text, Rejected> {
        let (place, size) = self.draw_trade();
        let (_, symbol, side) = place;
        let market = &self.markets[self.market(symbol)?];
        // 0.02 % to 0.6 % from the last price: some are reached by the walk soon, some never.
        let distance = market.last * Decimal::new(self.rng.between(2, 60) as i64, 4);
        let price = match side {
            Side::Buy => market.floor_price(market.bid() - distance),
            Side::Sell => market.floor_price(market.ask() + distance),
        };
        let client_oid = self.draw_client_oid();
        self.place_limit(self.now_ms, place, (price, size), client_oid)
    }

    fn cross(&mut self) -> Result<Text, Rejected> {
        let (place, size) = self.draw_trade();
        let (_, symbol, side) = place;
        let market = &self.markets[self.market(symbol)?];
        let ticks = market.price_increment * Decimal::from(self.rng.below(3));
        let price = match side {
            Side::Buy => market.ask() + ticks,
            Side::Sell => market.bid() - ticks,
        };
        let client_oid = self.draw_client_oid();
        self.place_limit(self.now_ms, place, (price, size), client_oid)
    }

    fn place_some_stop(&mut self) -> Result<Text, Rejected> {
        let (place, size) = self.draw_trade();
        let (_, symbol, side) = place;
        let market = &self.markets[self.market(symbol)?];
        let distance = market.last * Decimal::new(self.rng.between(1, 30) as i64, 4);
        let (kind, stop) = match side {
            Side::Sell => (StopKind::Loss, market.floor_price(market.bid() - distance)),
            Side::Buy => (StopKind::Entry, market.floor_price(market.ask() + distance)),
        };
        // The order of a limit stop is worth taking: it stands on the far side of the stop price.
        let slip = market.price_increment * Decimal::from(5);
        let limit = match side {
            Side::Sell => stop - slip,
            Side::Buy => stop + slip,
        };
        let order_price = if self.rng.chance(60) {
            Some(limit)
        } else {
            None
        };
        self.place_stop(self.now_ms, place, kind, (stop, order_price), size)
    }

    fn move_money(&mut self) -> Result<(), Rejected> {
        let amount = Decimal::new(self.rng.between(1_000, 200_000) as i64, 2);
        let (wallet, enough) = match self.rng.below(10) {
            0..3 => return self.deposit(self.now_ms, "USDT", amount),
            3..8 => (Wallet::Trade, 100_000),
            8 => (Wallet::Margin, 20_000),
            _ => (self.draw_isolated(), 2_000),
        };
        let poor = self.balance(wallet, "USDT").available < Decimal::from(enough);
        let way = if poor {
            (Wallet::Main, wallet)
        } else {
            (wallet, Wallet::Main)
        };
        self.transfer(self.now_ms, way, "USDT", amount)
    }

    /// Mostly spot, now and then in a margin account.
    fn draw_trade(&mut self) -> (Place, Decimal) {
        let index = self.rng.index(self.markets.len());
        let worth = Decimal::from(self.rng.between(20, 2_500));
        let side = if self.rng.chance(50) {
            Side::Buy
        } else {
            Side::Sell
        };
        let draw = self.rng.below(10);
        let market = &self.markets[index];
        let wallet = match draw {
            0..8 => Wallet::Trade,
            8 => Wallet::Margin,
            _ => Wallet::Isolated(market.symbol),
        };
        // Some four digits of size, as people type them.
        let size = market
            .size_for(worth, market.last)
            .round_sf(4)
            .unwrap_or_default();
        ((wallet, market.symbol, side), market.floor_size(size))
    }

    fn draw_open(&mut self) -> Text {
        match self.open.len() {
            0 => Arc::from(""),
            length => Arc::clone(&self.open[self.rng.index(length)]),
        }
    }

    /// An open order and a part of what is left of it; a refused zero when it cannot be parted.
    fn draw_part(&mut self) -> (Text, Decimal) {
        let id = self.draw_open();
        let part = Decimal::new(self.rng.between(15, 70) as i64, 2);
        let size = self
            .orders
            .get(&id)
            .map(|order| self.markets[order.market].floor_size(order.remain() * part));
        (id, size.unwrap_or_default())
    }

    /// Orders from the web page have no client id.
    fn draw_client_oid(&mut self) -> Option<Text> {
        if self.rng.chance(80) {
            Some(self.ids.client())
        } else {
            None
        }
    }
}
