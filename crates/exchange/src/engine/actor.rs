//! Random activity of the demo account, drawn from the seed.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::event::{Direction, Side, StopPriceType, Text};
use super::futures::{MarginMode, PositionId, PositionSide, SettleCurrency};
use super::ledger::Wallet;
use super::loans::INTEREST_SCALE;
use super::order::{NewOrder, NewStop, Trigger};
use super::{Engine, Host, MarketId, Rejected};

/// Maximum number of open orders; at this number, orders are filled instead of placed.
fn max_open_orders(host: Host) -> usize {
    match host {
        Host::Spot => 12,
        Host::Futures => 8,
    }
}

/// Position value in USD above which orders only reduce the position.
const MAX_POSITION_VALUE: Decimal = Decimal::from_parts(15_000, 0, 0, false, 0);

/// An action of the account or the market; it may be rejected.
type Action = fn(&mut Engine, Host) -> Result<(), Rejected>;

/// Actions on a host with their relative frequency.
fn actions(host: Host) -> &'static [(u64, Action)] {
    match host {
        Host::Spot => &[
            (30, Engine::place_resting),
            (8, |engine, host| engine.trade(host, Some(0))),
            (7, |engine, host| engine.trade(host, None)),
            (7, Engine::buy_for_some_funds),
            (17, Engine::fill_part),
            (9, Engine::fill_all),
            (9, Engine::cancel_some),
            (4, Engine::reduce_some),
            (4, Engine::place_some_stop),
            (2, Engine::cancel_some_stop),
            (3, Engine::transfer_some),
            (3, Engine::borrow_some),
            (3, Engine::repay_some),
            (1, Engine::charge_interest),
        ],
        Host::Futures => &[
            (28, Engine::place_resting),
            (8, |engine, host| engine.trade(host, Some(0))),
            (9, |engine, host| engine.trade(host, None)),
            (15, Engine::fill_part),
            (9, Engine::fill_all),
            (7, Engine::cancel_some),
            (4, Engine::reduce_some),
            (4, Engine::place_some_stop),
            (2, Engine::cancel_some_stop),
            (4, Engine::close_some),
            (2, |engine, _| {
                let (symbol, _, amount) = engine.draw_setting();
                let side = engine.draw_side_of(symbol)?;
                engine.add_margin_on((symbol, side), amount / Decimal::from(5))
            }),
            (1, Engine::toggle_auto_deposit),
            (2, |engine, _| {
                let (symbol, ..) = engine.draw_setting();
                let rate = i64::try_from(engine.futures.rng.below(300)).unwrap_or_default() - 100;
                engine.settle_funding(symbol, Decimal::new(rate, 6))
            }),
            (1, |engine, _| {
                let (symbol, ..) = engine.draw_setting();
                let level = engine.futures.rng.between(1, 2);
                engine.adjust_risk_limit(symbol, u32::try_from(level).unwrap_or(1))
            }),
            (2, Engine::change_settings),
            (1, |engine, _| {
                let (_, currency, amount) = engine.draw_setting();
                engine.deposit_futures(currency, amount)
            }),
            (1, |engine, _| {
                let (_, currency, amount) = engine.draw_setting();
                match engine.held(currency) {
                    held if held.is_zero() => engine.hold_withdrawal(currency, amount),
                    held => engine.withdraw_held(currency, held),
                }
            }),
        ],
    }
}

/// Parameters of a random order.
struct Plan {
    market: MarketId,
    wallet: Option<Wallet>,
    symbol: &'static str,
    side: Side,
    /// The position that a futures order changes.
    position_side: PositionSide,
    size: Decimal,
}

impl Plan {
    fn order(&self) -> NewOrder<'static> {
        NewOrder {
            position_side: self.position_side,
            ..NewOrder::new(self.wallet, self.symbol, self.side, self.size)
        }
    }
}

impl Engine {
    /// Runs one step: on the futures host in a third of all cases, otherwise on the spot host.
    pub(crate) fn step(&mut self) {
        let host = match self.futures.rng.below(3) {
            0 => Host::Futures,
            _ => Host::Spot,
        };
        self.step_on(host);
    }

    /// Moves a price, then runs a random action. Always leaves at least one event.
    pub(crate) fn step_on(&mut self, host: Host) {
        let before = self.events.len();
        self.move_price(host);
        // A new mark price alone does not count as an action.
        let acted = match host {
            Host::Spot => before,
            Host::Futures => self.events.len(),
        };
        // An action may be impossible now: no order to cancel, insufficient balance.
        for _ in 0..16 {
            if self.events.len() > acted {
                return;
            }
            if let Err(rejected) = self.draw_action(host)(self, host) {
                tracing::trace!(%rejected, "random action rejected");
            }
        }
        if self.events.len() == before {
            let amount = Decimal::from(1_000);
            let topped_up = match host {
                Host::Spot => self.deposit("USDT", amount),
                Host::Futures => self.deposit_futures(SettleCurrency::Usdt, amount),
            };
            debug_assert!(
                topped_up.is_ok(),
                "random actions never reach the maximum balance"
            );
        }
    }

    fn move_price(&mut self, host: Host) {
        match host {
            Host::Spot => {
                let index = self.spot.rng.index(self.markets.len());
                self.markets[index].walk(&mut self.spot.rng);
                self.last_price_moved(MarketId::spot(index));
                self.prices_moved();
            }
            Host::Futures => {
                let index = self.futures.rng.index(self.contracts.len());
                self.contracts[index].market.walk(&mut self.futures.rng);
                self.last_price_moved(MarketId::futures(index));
                if self.futures.rng.chance(50) {
                    let mark = self.contracts[index].next_mark();
                    self.mark_moved(index, mark);
                }
            }
        }
    }

    fn draw_action(&mut self, host: Host) -> Action {
        let actions = actions(host);
        let sum = actions.iter().map(|action| action.0).sum();
        let mut draw = self.host_mut(host).rng.below(sum);
        let chosen = actions.iter().find(|action| {
            let found = draw < action.0;
            draw = draw.saturating_sub(action.0);
            found
        });
        chosen.map_or(Self::place_resting, |action| action.1)
    }

    fn place_resting(&mut self, host: Host) -> Result<(), Rejected> {
        match self.host(host).orders.len() >= max_open_orders(host) {
            true => self.fill_all(host),
            false => self.trade(host, Some(60)),
        }
    }

    fn buy_for_some_funds(&mut self, host: Host) -> Result<(), Rejected> {
        let plan = self.draw_trade(host);
        let new = NewOrder {
            side: Side::Buy,
            size: Decimal::from(self.spot.rng.between(10, 900)),
            by_funds: true,
            client_oid: self.draw_client_oid(host),
            ..plan.order()
        };
        self.place(new).map(drop)
    }

    fn fill_part(&mut self, host: Host) -> Result<(), Rejected> {
        self.on_some_order(host, |engine, id, part, _| {
            engine.fill_resting(host, id, part)
        })
    }

    fn fill_all(&mut self, host: Host) -> Result<(), Rejected> {
        self.on_some_order(host, |engine, id, _, all| {
            engine.fill_resting(host, id, all)
        })
    }

    fn cancel_some(&mut self, host: Host) -> Result<(), Rejected> {
        self.on_some_order(host, |engine, id, _, _| engine.cancel(host, id))
    }

    fn reduce_some(&mut self, host: Host) -> Result<(), Rejected> {
        self.on_some_order(host, |engine, id, part, _| engine.reduce(host, id, part))
    }

    /// Runs an action on a random open order; places an order if none is open.
    ///
    /// The action gets the order's ID, a part of the remaining size, and the whole remaining size.
    fn on_some_order(
        &mut self,
        host: Host,
        act: impl FnOnce(&mut Self, &str, Decimal, Decimal) -> Result<(), Rejected>,
    ) -> Result<(), Rejected> {
        let state = self.host_mut(host);
        if state.orders.is_empty() {
            return self.place_resting(host);
        }
        let percent = Decimal::from(state.rng.between(15, 70));
        let index = state.rng.index(state.orders.len());
        let order = &self.host(host).orders[index];
        let part = order.remain * percent / Decimal::ONE_HUNDRED;
        let part = self.market(order.market).floor_size(part);
        let (id, all) = (Arc::clone(&order.id), order.remain);
        act(self, &id, part, all)
    }

    fn cancel_some_stop(&mut self, host: Host) -> Result<(), Rejected> {
        let state = self.host_mut(host);
        if state.stops.is_empty() {
            return self.place_some_stop(host);
        }
        let index = state.rng.index(state.stops.len());
        let id = Arc::clone(&state.stops[index].id);
        self.cancel_stop(host, &id)
    }

    /// Places a market order, or a limit order up to `away` basis points from the market.
    ///
    /// The price soon reaches some of the limit orders and never reaches others. An `away` of 0 crosses the market.
    fn trade(&mut self, host: Host, away: Option<u64>) -> Result<(), Rejected> {
        let plan = self.draw_trade(host);
        let far = match away {
            Some(most) if most > 0 => self.host_mut(host).rng.between(2, most),
            _ => 0,
        };
        let market = self.market(plan.market);
        let distance = market.last * Decimal::new(i64::try_from(far).unwrap_or_default(), 4);
        let price = match far {
            0 => market.best_for(plan.side) + plan.side.signed(market.tick * Decimal::TWO),
            _ => market.best_for(plan.side.opposite()) - plan.side.signed(distance),
        };
        let price = away.map(|_| market.floor_price(price));
        let client_oid = self.draw_client_oid(host);
        self.place(NewOrder {
            price,
            client_oid,
            ..plan.order()
        })
        .map(drop)
    }

    fn place_some_stop(&mut self, host: Host) -> Result<(), Rejected> {
        let plan = self.draw_trade(host);
        let rng = &mut self.host_mut(host).rng;
        let far = Decimal::new(i64::try_from(rng.between(1, 30)).unwrap_or(1), 4);
        let price_types = [
            StopPriceType::Trade,
            StopPriceType::Mark,
            StopPriceType::Index,
        ];
        let price_type = match host {
            Host::Spot => StopPriceType::Trade,
            Host::Futures => price_types[rng.index(3)],
        };
        let limited = rng.chance(60);
        let market = self.market(plan.market);
        let distance = plan.side.signed(market.last * far);
        let price = market.floor_price(market.best_for(plan.side) + distance);
        // The limit price is beyond the stop price, so that the order fills.
        let slip = plan.side.signed(market.tick * Decimal::from(5));
        let direction = match plan.side {
            Side::Sell => Direction::Down,
            Side::Buy => Direction::Up,
        };
        let new = NewStop {
            wallet: plan.wallet,
            symbol: plan.symbol,
            side: plan.side,
            trigger: Trigger {
                direction,
                price_type,
                price,
            },
            order_price: limited.then_some(price + slip),
            size: plan.size,
            client_oid: None,
        };
        self.place_stop_on(plan.position_side, new).map(drop)
    }

    fn transfer_some(&mut self, _: Host) -> Result<(), Rejected> {
        let rng = &mut self.spot.rng;
        let amount = Decimal::new(rng.between(1_000, 200_000) as i64, 2);
        let (wallet, enough) = match rng.below(10) {
            0..3 => return self.deposit("USDT", amount),
            3..8 => (Wallet::Trade, 100_000),
            8 => (Wallet::Margin, 20_000),
            _ => {
                let index = rng.index(self.markets.len());
                (Wallet::Isolated(self.markets[index].symbol), 2_000)
            }
        };
        let poor = self.balance(wallet, "USDT").available < Decimal::from(enough);
        let way = match poor {
            true => (Wallet::Main, wallet),
            false => (wallet, Wallet::Main),
        };
        self.transfer(way, "USDT", amount)
    }

    /// Borrows 50 to 500 USDT worth of either currency of a market.
    fn borrow_some(&mut self, _: Host) -> Result<(), Rejected> {
        let rng = &mut self.spot.rng;
        let market = &self.markets[rng.index(self.markets.len())];
        let value = Decimal::from(rng.between(50, 500));
        let wallet = match rng.chance(60) {
            true => Wallet::Margin,
            false => Wallet::Isolated(market.symbol),
        };
        let (currency, amount) = match rng.chance(70) {
            true => (market.quote, value),
            false => (market.base, market.size_for(value, market.last)),
        };
        self.borrow(wallet, currency, amount)
    }

    /// Repays one debt, in full or in part, as far as the available balance allows.
    fn repay_some(&mut self, host: Host) -> Result<(), Rejected> {
        let debts: Vec<_> = self.loans.debts().collect();
        if debts.is_empty() {
            return self.borrow_some(host);
        }
        let chosen = self.spot.rng.index(debts.len());
        let in_full = self.spot.rng.chance(60);
        let Some((wallet, currency, debt)) = debts.get(chosen) else {
            return Ok(());
        };
        let part = match in_full {
            true => debt.total(),
            // Rounded like interest, so that the rest can be repaid too.
            false => (debt.total() / Decimal::TWO).round_dp(INTEREST_SCALE),
        };
        let available = self.balance(*wallet, currency).available;
        let amount = part.min(available).trunc_with_scale(INTEREST_SCALE);
        self.repay(*wallet, currency, amount)
    }

    fn charge_interest(&mut self, host: Host) -> Result<(), Rejected> {
        if self.loans.debts().next().is_none() {
            return self.borrow_some(host);
        }
        self.settle_interest();
        Ok(())
    }

    /// Draws a contract, its settlement currency, and a moderate amount.
    fn draw_setting(&mut self) -> (&'static str, SettleCurrency, Decimal) {
        let rng = &mut self.futures.rng;
        let contract = &self.contracts[rng.index(self.contracts.len())];
        let cents = Decimal::new(i64::try_from(rng.between(500, 50_000)).unwrap_or(500), 2);
        let amount = match contract.settle {
            SettleCurrency::Usdt => cents,
            SettleCurrency::Xbt => cents / Decimal::from(100_000),
        };
        (contract.market.symbol, contract.settle, amount)
    }

    fn toggle_auto_deposit(&mut self, _: Host) -> Result<(), Rejected> {
        let (symbol, ..) = self.draw_setting();
        let side = self.draw_side_of(symbol)?;
        let contract = &self.contracts[self.contract(symbol)?];
        let on = contract.position_of(side).auto_deposit;
        self.set_auto_deposit_on((symbol, side), !on)
    }

    /// Changes the leverage, or sometimes the margin mode.
    fn change_settings(&mut self, _: Host) -> Result<(), Rejected> {
        let (symbol, ..) = self.draw_setting();
        let index = self.contract(symbol)?;
        let mode = self.contracts[index].position.mode;
        let rng = &mut self.futures.rng;
        if !rng.chance(30) {
            let leverage = [3, 5, 8, 10, 12][rng.index(5)];
            return self.set_leverage(symbol, Decimal::from(leverage));
        }
        let other = match mode {
            MarginMode::Cross => MarginMode::Isolated,
            MarginMode::Isolated => MarginMode::Cross,
        };
        let orders = self.futures.orders.iter();
        let orders = orders.filter(|order| order.market.index == index);
        let orders: Vec<Text> = orders.map(|order| Arc::clone(&order.id)).collect();
        for id in orders {
            self.cancel(Host::Futures, &id)?;
        }
        for id in self.open_positions(index) {
            self.close_position(id)?;
        }
        self.set_margin_mode(symbol, other)
    }

    fn close_some(&mut self, _: Host) -> Result<(), Rejected> {
        let index = self.futures.rng.index(self.contracts.len());
        let id = self.draw_position(index);
        self.close_position(id)
    }

    /// Closes a position with a market order, or in hedge mode the part of it that no open order closes.
    fn close_position(&mut self, id: PositionId) -> Result<(), Rejected> {
        let contract = &self.contracts[id.contract];
        let quantity = contract.position_of(id.side).quantity;
        let side = match quantity > Decimal::ZERO {
            true => Side::Sell,
            false => Side::Buy,
        };
        let size = match id.side {
            PositionSide::Both => quantity.abs(),
            PositionSide::Long | PositionSide::Short => self.free_to_close(id, side),
        };
        let new = NewOrder {
            position_side: id.side,
            ..NewOrder::new(None, contract.market.symbol, side, size)
        };
        self.place(new).map(drop)
    }

    /// Draws a position of a contract: in one-way mode its only one.
    fn draw_position(&mut self, index: usize) -> PositionId {
        let contract = &self.contracts[index];
        let short_leg = contract.short_leg.as_ref();
        let short_leg = short_leg.filter(|_| self.futures.rng.chance(50));
        PositionId {
            contract: index,
            side: short_leg.unwrap_or(&contract.position).side,
        }
    }

    fn draw_side_of(&mut self, symbol: &str) -> Result<PositionSide, Rejected> {
        let index = self.contract(symbol)?;
        Ok(self.draw_position(index).side)
    }

    fn draw_trade(&mut self, host: Host) -> Plan {
        match host {
            Host::Spot => self.draw_spot_trade(),
            Host::Futures => self.draw_futures_trade(),
        }
    }

    /// Draws a spot order, mostly in the trading account, sometimes in a margin account.
    fn draw_spot_trade(&mut self) -> Plan {
        let rng = &mut self.spot.rng;
        let index = rng.index(self.markets.len());
        let value = Decimal::from(rng.between(20, 2_500));
        let side = draw_side(rng);
        let market = &self.markets[index];
        let wallet = match rng.below(10) {
            0..8 => Wallet::Trade,
            8 => Wallet::Margin,
            _ => Wallet::Isolated(market.symbol),
        };
        // Four significant digits, as people type them.
        let size = market.size_for(value, market.last).round_sf(4);
        Plan {
            market: MarketId::spot(index),
            wallet: Some(wallet),
            symbol: market.symbol,
            side,
            position_side: PositionSide::Both,
            size: market.floor_size(size.unwrap_or_default()),
        }
    }

    /// Draws a futures order of 50 to 2,000 USD; if the position is large, the order reduces it.
    fn draw_futures_trade(&mut self) -> Plan {
        let rng = &mut self.futures.rng;
        let index = rng.index(self.contracts.len());
        let value = Decimal::from(rng.between(50, 2_000));
        let contract = &self.contracts[index];
        let mut one = contract.value(Decimal::ONE, contract.mark).abs();
        if contract.settle == SettleCurrency::Xbt {
            one *= contract.mark;
        }
        let size = value.checked_div(one).unwrap_or_default().trunc();
        let symbol = contract.market.symbol;
        let id = self.draw_position(index);
        let (side, size) = self.draw_futures_side(id, size.max(Decimal::ONE), one);
        Plan {
            market: MarketId::futures(index),
            wallet: None,
            symbol,
            side,
            position_side: id.side,
            size,
        }
    }

    /// Draws the side of an order of about `size` contracts, each with a value of `one` USD.
    ///
    /// An order that closes a leg closes at most what is open.
    fn draw_futures_side(
        &mut self,
        id: PositionId,
        size: Decimal,
        one: Decimal,
    ) -> (Side, Decimal) {
        let open = self.contracts[id.contract].position_of(id.side).quantity;
        let is_large = one * open.abs() > MAX_POSITION_VALUE;
        let Some(closing) = id.side.closed_by() else {
            let side = match is_large {
                true if open > Decimal::ZERO => Side::Sell,
                true => Side::Buy,
                false => draw_side(&mut self.futures.rng),
            };
            return (side, size);
        };
        let free = self.free_to_close(id, closing);
        let closes = is_large || self.futures.rng.chance(45);
        match closes && !free.is_zero() {
            true => (closing, size.min(free)),
            false => (closing.opposite(), size),
        }
    }

    /// Draws a `clientOid`; `None` imitates an order placed on the web page.
    fn draw_client_oid(&mut self, host: Host) -> Option<Text> {
        let state = self.host_mut(host);
        state.rng.chance(80).then(|| state.ids.client())
    }
}

fn draw_side(rng: &mut crate::rng::Rng) -> Side {
    match rng.chance(50) {
        true => Side::Buy,
        false => Side::Sell,
    }
}
