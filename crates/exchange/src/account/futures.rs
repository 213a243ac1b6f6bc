//! Commands on the futures account: each takes effect at once and is pushed to subscribers.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::leg::FuturesLeg;
use super::{Account, act};
use crate::engine::futures::{
    FuturesBalance, MarginMode, PositionSide, PositionState, SettleCurrency,
};
use crate::engine::{Direction, Engine, Host, Rejected, Side, StopPriceType};
use crate::shared::Shared;
use crate::sync::lock;

/// A handle to the futures account of a local exchange; cheap to clone. See [`Account::futures`].
///
/// As on [`Account`], a command is complete when it returns. Sizes are in contracts, prices are multiples of the
/// contract's tick; [`crate::CONTRACTS`] lists the contracts.
///
/// By default, positions are in one-way mode: an order against a position closes it, and the excess opens a position on
/// the other side. In [hedge mode](crate::ExchangeBuilder::hedge_mode), each contract has a long and a short leg: use
/// [`FuturesAccount::leg`] for orders and margin, and [`FuturesAccount::position_of`] to read a leg. Prices, settings,
/// funding, balances and commands on existing orders are the same in both modes.
#[derive(Clone)]
pub struct FuturesAccount {
    shared: Arc<Shared>,
}

impl Account {
    /// Returns a handle to the futures account, which has its own balances.
    #[must_use]
    pub fn futures(&self) -> FuturesAccount {
        FuturesAccount {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl FuturesAccount {
    /// Places a limit order and returns its ID.
    ///
    /// The part that crosses the market fills at once as a taker; the rest stays open.
    ///
    /// # Errors
    /// Returns an error if KuCoin would refuse the order: unknown contract, a size that is not a positive number of
    /// contracts, a price off its tick, insufficient margin, or an exceeded risk limit.
    pub fn place_limit(
        &self,
        symbol: &str,
        side: Side,
        price: Decimal,
        size: i64,
    ) -> Result<String, Rejected> {
        self.one_way().place_limit(symbol, side, price, size)
    }

    /// Like [`FuturesAccount::place_limit`], with a `clientOid`.
    ///
    /// # Errors
    /// See [`FuturesAccount::place_limit`].
    pub fn place_limit_as(
        &self,
        client_oid: &str,
        symbol: &str,
        side: Side,
        price: Decimal,
        size: i64,
    ) -> Result<String, Rejected> {
        self.one_way()
            .place_limit_as(client_oid, symbol, side, price, size)
    }

    /// Places a market order and returns its ID. It fills at once.
    ///
    /// # Errors
    /// See [`FuturesAccount::place_limit`].
    pub fn place_market(&self, symbol: &str, side: Side, size: i64) -> Result<String, Rejected> {
        self.one_way().place_market(symbol, side, size)
    }

    /// Places a stop order, triggered if the price moves in `direction` to the stop price; returns its ID.
    ///
    /// If the stop order has no order price, it places a market order. The order that it places keeps the ID, except in
    /// the unified account of Pro V2, where it has its own.
    ///
    /// # Errors
    /// See [`FuturesAccount::place_limit`]; margin and risk limit are checked only when the stop order triggers.
    pub fn place_stop(
        &self,
        symbol: &str,
        terms: (Side, Direction, StopPriceType),
        prices: (Decimal, Option<Decimal>),
        size: i64,
    ) -> Result<String, Rejected> {
        self.one_way().place_stop(symbol, terms, prices, size)
    }

    /// Like [`FuturesAccount::place_stop`], with a `clientOid`.
    ///
    /// # Errors
    /// See [`FuturesAccount::place_stop`].
    pub fn place_stop_as(
        &self,
        client_oid: &str,
        symbol: &str,
        terms: (Side, Direction, StopPriceType),
        prices: (Decimal, Option<Decimal>),
        size: i64,
    ) -> Result<String, Rejected> {
        self.one_way()
            .place_stop_as(client_oid, symbol, terms, prices, size)
    }

    /// Cancels an open order.
    ///
    /// # Errors
    /// Returns an error if no open order has this ID.
    pub fn cancel(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|engine| engine.cancel(Host::Futures, order_id))
    }

    /// Cancels a stop order that has not triggered.
    ///
    /// # Errors
    /// Returns an error if no untriggered stop order has this ID.
    pub fn cancel_stop(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|engine| engine.cancel_stop(Host::Futures, order_id))
    }

    /// Reduces the size of an open order by less than its remaining size: an `update`.
    ///
    /// # Errors
    /// Returns an error if no open order has this ID or `by` is not below the remaining size.
    pub fn reduce(&self, order_id: &str, by: i64) -> Result<(), Rejected> {
        self.act(|engine| engine.reduce(Host::Futures, order_id, Decimal::from(by)))
    }

    /// Fills an open order, or a part of it, with another trader's order: a maker fill of this size.
    ///
    /// # Errors
    /// Returns an error if no open order has this ID or the size is above the remaining size.
    pub fn fill(&self, order_id: &str, size: i64) -> Result<(), Rejected> {
        self.act(|engine| engine.fill_resting(Host::Futures, order_id, Decimal::from(size)))
    }

    /// Sets the last price of a contract.
    ///
    /// If the price crosses open orders, they fill; stop orders on the last price trigger. Profits and margins depend
    /// only on the mark price.
    ///
    /// # Errors
    /// Returns an error if the contract is unknown or the price is not a multiple of its tick.
    pub fn set_price(&self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.set_price(Host::Futures, symbol, price))
    }

    /// Sets the mark price and the index price of a contract, which are equal on the local exchange.
    ///
    /// Stop orders on these prices trigger. An open position, or each open leg, is reported at its new value. It is
    /// liquidated if its margin, including the unrealised PnL, is at or below the maintenance margin.
    ///
    /// # Errors
    /// Returns an error if the contract is unknown, or if the price is above 900,000, not positive, or has more than
    /// one decimal more than the tick.
    pub fn set_mark_price(&self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.set_mark_price(symbol, price))
    }

    /// Sets the leverage of the contract in its current margin mode.
    ///
    /// In cross mode the leverage applies to the position, in isolated mode to future orders. V1 has no push for a
    /// change in isolated mode.
    ///
    /// # Errors
    /// Returns an error if the contract is unknown, the leverage is below 1 or above the maximum of the risk limit
    /// level, or, in cross mode, a position or an order is open.
    pub fn set_leverage(&self, symbol: &str, leverage: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.set_leverage(symbol, leverage))
    }

    /// Sets the margin mode of a contract.
    ///
    /// # Errors
    /// Returns an error if the contract is unknown or has an open position or order.
    pub fn set_margin_mode(&self, symbol: &str, mode: MarginMode) -> Result<(), Rejected> {
        self.act(|engine| engine.set_margin_mode(symbol, mode))
    }

    /// Turns automatic margin deposits on or off.
    ///
    /// If on, margin is added to an isolated position before it would be liquidated.
    ///
    /// # Errors
    /// Returns an error if the contract has no open isolated position.
    pub fn set_auto_deposit(&self, symbol: &str, on: bool) -> Result<(), Rejected> {
        self.act(|engine| engine.set_auto_deposit(symbol, on))
    }

    /// Adds margin to an isolated position, in its settlement currency.
    ///
    /// # Errors
    /// Returns an error if the contract has no open isolated position or the available margin is insufficient.
    pub fn add_margin(&self, symbol: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.add_margin(symbol, amount))
    }

    /// Settles the funding of an open position, or of each open leg, at this rate, from -0.05 to 0.05.
    ///
    /// At a positive rate, longs pay shorts.
    ///
    /// # Errors
    /// Returns an error if the contract has no open position or the rate is out of range.
    pub fn settle_funding(&self, symbol: &str, rate: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.settle_funding(symbol, rate))
    }

    /// Requests a risk limit level, from 1.
    ///
    /// As on KuCoin, this cancels the contract's open orders. A push (`position.adjustRiskLimit`) reports the result,
    /// even if the level is refused because of the position's size or leverage.
    ///
    /// # Errors
    /// Returns an error if the contract or the level does not exist.
    pub fn adjust_risk_limit(&self, symbol: &str, level: u32) -> Result<(), Rejected> {
        self.act(|engine| engine.adjust_risk_limit(symbol, level))
    }

    /// Deposits money into the futures account.
    ///
    /// # Errors
    /// Returns an error if the amount is not positive, has more than 12 decimals, or is too large.
    pub fn deposit(&self, currency: SettleCurrency, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.deposit_futures(currency, amount))
    }

    /// Holds money for a withdrawal (`holdBalance`).
    ///
    /// # Errors
    /// See [`FuturesAccount::deposit`]; also returns an error if the amount exceeds the withdrawable balance.
    pub fn hold_withdrawal(
        &self,
        currency: SettleCurrency,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        self.act(|engine| engine.hold_withdrawal(currency, amount))
    }

    /// Withdraws money that is held for a withdrawal.
    ///
    /// # Errors
    /// See [`FuturesAccount::deposit`]; also returns an error if the amount exceeds the held balance.
    pub fn withdraw_held(&self, currency: SettleCurrency, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.withdraw_held(currency, amount))
    }

    /// Returns the current position in a contract, open or closed.
    ///
    /// # Errors
    /// Returns an error if the contract is unknown or the account is in hedge mode: use
    /// [`FuturesAccount::position_of`].
    pub fn position(&self, symbol: &str) -> Result<PositionState, Rejected> {
        self.read(|engine| engine.position(symbol))
    }

    /// Returns the current position of a contract with this side, open or closed: a leg in hedge mode.
    ///
    /// # Errors
    /// Returns an error if the contract is unknown or the side does not exist in the account's position mode.
    pub fn position_of(&self, symbol: &str, side: PositionSide) -> Result<PositionState, Rejected> {
        self.read(|engine| engine.position_on(symbol, side))
    }

    /// Returns the current balance in a settlement currency.
    #[must_use]
    pub fn wallet(&self, currency: SettleCurrency) -> FuturesBalance {
        self.read(|engine| engine.futures_wallet(currency))
    }

    /// Returns the last price of a contract.
    ///
    /// # Errors
    /// Returns an error if the contract is unknown.
    pub fn last_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        self.read(|engine| engine.last_price(Host::Futures, symbol))
    }

    /// Returns the mark price of a contract.
    ///
    /// # Errors
    /// Returns an error if the contract is unknown.
    pub fn mark_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        self.read(|engine| engine.mark_price(symbol))
    }

    /// Returns the IDs of the open orders, oldest first.
    #[must_use]
    pub fn open_orders(&self) -> Vec<String> {
        self.read(|engine| engine.open_orders(Host::Futures))
    }

    /// Returns the IDs of the stop orders that have not triggered.
    #[must_use]
    pub fn open_stops(&self) -> Vec<String> {
        self.read(|engine| engine.open_stops(Host::Futures))
    }

    /// Runs `steps` random futures account actions now. The seed determines the actions.
    pub fn step(&self, steps: usize) {
        for _ in 0..steps {
            self.act(|engine| engine.step_on(Host::Futures));
        }
    }

    fn one_way(&self) -> FuturesLeg {
        self.leg(PositionSide::Both)
    }

    pub(super) fn act<R>(&self, command: impl FnOnce(&mut Engine) -> R) -> R {
        act(&self.shared, command)
    }

    fn read<R>(&self, read: impl FnOnce(&Engine) -> R) -> R {
        read(&lock(&self.shared.hub).engine)
    }
}

impl fmt::Debug for FuturesAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuturesAccount").finish_non_exhaustive()
    }
}
