//! The demo account's owner on the futures side: decides, by the seed, what happens next.

use rust_decimal::Decimal;

use super::super::event::{Side, Text};
use super::contract::SettleCurrency;
use super::event::{Direction, MarginMode, StopPriceType};
use super::{Futures, NewOrder, NewStop, Rejected};

/// Above this many resting orders the owner fills and cancels rather than places.
const BUSY: usize = 8;
/// A position worth more than this in USD is made smaller, not greater.
const GREAT: Decimal = Decimal::from_parts(15_000, 0, 0, false, 0);

#[derive(Debug, Clone, Copy)]
enum Action {
    Rest,
    Cross,
    Market,
    FillPart,
    FillAll,
    Cancel,
    Reduce,
    PlaceStop,
    CancelStop,
    Close,
    AddMargin,
    AutoDeposit,
    Funding,
    RiskLimit,
    Settings,
    Deposit,
    Withdraw,
}

/// What the owner does, and how often: parts of the sum of the second column.
const HABITS: &[(Action, u64)] = &[
    (Action::Rest, 28),
    (Action::Cross, 8),
    (Action::Market, 9),
    (Action::FillPart, 15),
    (Action::FillAll, 9),
    (Action::Cancel, 7),
    (Action::Reduce, 4),
    (Action::PlaceStop, 4),
    (Action::CancelStop, 2),
    (Action::Close, 4),
    (Action::AddMargin, 2),
    (Action::AutoDeposit, 1),
    (Action::Funding, 2),
    (Action::RiskLimit, 1),
    (Action::Settings, 2),
    (Action::Deposit, 1),
    (Action::Withdraw, 1),
];

impl Futures {
    /// Whether it is the futures account in which something happens next: in a third of all cases.
    pub(crate) fn has_turn(&mut self) -> bool {
        self.rng.below(3) == 0
    }

    /// One thing that happens: a price moves, and the owner or the market does something.
    /// Always leaves at least one event.
    pub(crate) fn step(&mut self) {
        let before = self.events.len();
        let moved = self.rng.index(self.contracts.len());
        let rng = &mut self.rng;
        self.contracts[moved].walk(rng);
        self.last_moved(moved);
        if self.rng.chance(50) {
            let mark = self.contracts[moved].next_mark();
            self.mark_moved(moved, mark);
        }
        // An action may not be possible now: no order to cancel, no position to close.
        let acted = self.events.len();
        for _ in 0..16 {
            if self.events.len() > acted {
                return;
            }
            let action = self.choose();
            if let Err(rejected) = self.act(action) {
                tracing::trace!(?action, %rejected, "the demo account was refused");
            }
        }
        if self.events.len() == before {
            let topped_up = self.deposit(SettleCurrency::Usdt, Decimal::from(1_000));
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
            Action::Rest if self.orders.len() >= BUSY => Action::FillAll,
            Action::FillPart | Action::FillAll | Action::Cancel | Action::Reduce
                if self.orders.is_empty() =>
            {
                Action::Rest
            }
            action => action,
        }
    }

    fn act(&mut self, action: Action) -> Result<(), Rejected> {
        match action {
            Action::Rest => self.trade(Some(60)),
            Action::Cross => self.trade(Some(0)),
            Action::Market => self.trade(None),
            Action::FillPart => {
                let (id, part, _) = self.draw_order();
                self.fill_resting(&id, part)
            }
            Action::FillAll => {
                let (id, _, remain) = self.draw_order();
                self.fill_resting(&id, remain)
            }
            Action::Cancel => {
                let (id, ..) = self.draw_order();
                self.cancel(&id)
            }
            Action::Reduce => {
                let (id, part, _) = self.draw_order();
                self.reduce(&id, part)
            }
            Action::PlaceStop => self.place_some_stop(),
            Action::CancelStop => match self.stops.len() {
                0 => self.place_some_stop(),
                length => {
                    let id = self.stops[self.rng.index(length)].id.clone();
                    self.cancel_stop(&id)
                }
            },
            Action::Close => self.close_some(),
            _ => self.set_something(action),
        }
    }

    fn set_something(&mut self, action: Action) -> Result<(), Rejected> {
        let index = self.rng.index(self.contracts.len());
        let symbol = self.contracts[index].symbol;
        let currency = self.contracts[index].settle;
        let cents = Decimal::new(
            i64::try_from(self.rng.between(500, 50_000)).unwrap_or(500),
            2,
        );
        let amount = match currency {
            SettleCurrency::Usdt => cents,
            SettleCurrency::Xbt => cents / Decimal::from(100_000),
        };
        match action {
            Action::AddMargin => self.add_margin(symbol, amount / Decimal::from(5)),
            Action::AutoDeposit => {
                let on = self.positions[index].auto_deposit;
                self.set_auto_deposit(symbol, !on)
            }
            Action::Funding => {
                let rate = i64::try_from(self.rng.below(300)).unwrap_or_default() - 100;
                self.settle_funding(symbol, Decimal::new(rate, 6))
            }
            Action::RiskLimit => {
                let level = self.rng.between(1, 2);
                self.adjust_risk_limit(symbol, u32::try_from(level).unwrap_or(1))
            }
            Action::Withdraw if self.purse(currency).hold.is_zero() => {
                self.hold_withdrawal(currency, amount)
            }
            Action::Withdraw => self.withdraw_held(currency, self.purse(currency).hold),
            Action::Settings => self.change_settings(index),
            _ => self.deposit(currency, amount),
        }
    }

    /// Leverage, or now and then the margin mode.
    fn change_settings(&mut self, index: usize) -> Result<(), Rejected> {
        let symbol = self.contracts[index].symbol;
        if self.rng.chance(30) {
            let other = match self.positions[index].mode {
                MarginMode::Cross => MarginMode::Isolated,
                MarginMode::Isolated => MarginMode::Cross,
            };
            self.flatten(index)?;
            return self.set_margin_mode(symbol, other);
        }
        let leverage = [3, 5, 8, 10, 12][self.rng.index(5)];
        self.set_leverage(symbol, Decimal::from(leverage))
    }

    /// An order at the market, or at a limit up to so many hundredths of a percent from it.
    fn trade(&mut self, away: Option<u64>) -> Result<(), Rejected> {
        let (index, side, size) = self.draw_trade();
        let contract = &self.contracts[index];
        let price = away.map(|most| {
            let far = if most > 0 {
                self.rng.between(2, most)
            } else {
                0
            };
            let distance = contract.last * Decimal::new(i64::try_from(far).unwrap_or_default(), 4);
            let ticks = contract.tick * Decimal::from(2);
            let (better, worse) = match side {
                Side::Sell => (contract.ask() + distance, contract.bid() - ticks),
                Side::Buy => (contract.bid() - distance, contract.ask() + ticks),
            };
            contract.floor_price(if far > 0 { better } else { worse })
        });
        let client_oid = self.draw_client_oid();
        let new = NewOrder {
            symbol: self.contracts[index].symbol,
            side,
            price,
            size,
            client_oid,
            origin: None,
        };
        self.place(new).map(drop)
    }

    /// Cancels and closes all that is open in a contract.
    fn flatten(&mut self, index: usize) -> Result<(), Rejected> {
        let orders = self.orders.iter().filter(|order| order.contract == index);
        let orders: Vec<Text> = orders.map(|order| order.id.clone()).collect();
        for id in orders {
            self.cancel(&id)?;
        }
        if self.positions[index].is_open() {
            self.close_all(index)?;
        }
        Ok(())
    }

    fn close_some(&mut self) -> Result<(), Rejected> {
        let index = self.rng.index(self.contracts.len());
        self.close_all(index)
    }

    fn close_all(&mut self, index: usize) -> Result<(), Rejected> {
        let quantity = self.positions[index].quantity;
        let new = NewOrder {
            symbol: self.contracts[index].symbol,
            side: if quantity > 0 { Side::Sell } else { Side::Buy },
            price: None,
            size: quantity.abs(),
            client_oid: None,
            origin: None,
        };
        self.place(new).map(drop)
    }

    fn place_some_stop(&mut self) -> Result<(), Rejected> {
        let (index, side, size) = self.draw_trade();
        let contract = &self.contracts[index];
        let far = Decimal::new(i64::try_from(self.rng.between(1, 30)).unwrap_or(1), 4);
        let distance = contract.last * far;
        let (direction, stop_price) = match side {
            Side::Sell => (Direction::Down, contract.bid() - distance),
            Side::Buy => (Direction::Up, contract.ask() + distance),
        };
        let stop_price = contract.floor_price(stop_price);
        let price_types = [
            StopPriceType::Trade,
            StopPriceType::Mark,
            StopPriceType::Index,
        ];
        let price_type = price_types[self.rng.index(3)];
        // The order of a limit stop is worth taking: it stands on the far side of the stop price.
        let slip = contract.tick * Decimal::from(5) * Decimal::from(super::order::sign(side));
        let order_price = self.rng.chance(60).then_some(stop_price + slip);
        let symbol = contract.symbol;
        let stop = NewStop {
            side,
            direction,
            price_type,
            stop_price,
            order_price,
            size,
        };
        self.place_stop(symbol, stop).map(drop)
    }

    /// Some 50 to 2,000 USD; against the position when that is great.
    fn draw_trade(&mut self) -> (usize, Side, i64) {
        let index = self.rng.index(self.contracts.len());
        let worth = Decimal::from(self.rng.between(50, 2_000));
        let contract = &self.contracts[index];
        let mut one = contract.value(1, contract.mark).abs();
        if contract.settle == SettleCurrency::Xbt {
            one *= contract.mark;
        }
        let size = worth.checked_div(one).unwrap_or_default().trunc();
        let size = i64::try_from(size.mantissa()).unwrap_or(1).max(1);
        let open = self.positions[index].quantity;
        let side = if one * Decimal::from(open.abs()) > GREAT {
            if open > 0 { Side::Sell } else { Side::Buy }
        } else if self.rng.chance(50) {
            Side::Buy
        } else {
            Side::Sell
        };
        (index, side, size)
    }

    /// An open order, a part of what is left of it, and all of it; refused when there is none.
    fn draw_order(&mut self) -> (Text, i64, i64) {
        let part = i64::try_from(self.rng.between(15, 70)).unwrap_or(15);
        match self.orders.len() {
            0 => (Text::from(""), 0, 0),
            length => {
                let order = &self.orders[self.rng.index(length)];
                (order.id.clone(), order.remain * part / 100, order.remain)
            }
        }
    }

    /// Orders from the web page have no client id.
    fn draw_client_oid(&mut self) -> Option<Text> {
        let named = self.rng.chance(80);
        named.then(|| self.ids.client())
    }
}
