//! The owner of the futures account from outside: commands that happen at once and are pushed.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::{Account, act};
use crate::engine::futures::{FuturesBalance, MarginMode, PositionState, SettleCurrency};
use crate::engine::{
    Direction, Engine, Host, NewOrder, NewStop, Rejected, Side, StopPriceType, Trigger,
};
use crate::shared::Shared;
use crate::sync::lock;

/// A handle on the futures account of an exchange; cheap to clone. See [`Account::futures`].
///
/// As on [`Account`], every command happens whole before it returns. Sizes are contracts, prices
/// multiples of the contract's tick; [`crate::CONTRACTS`] lists the contracts. Positions are one-way:
/// an order against a position closes it, and what is more than that opens the other side.
#[derive(Clone)]
pub struct FuturesAccount {
    shared: Arc<Shared>,
}

impl Account {
    /// The futures side of the account. It has money of its own.
    #[must_use]
    pub fn futures(&self) -> FuturesAccount {
        FuturesAccount {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl FuturesAccount {
    /// Places a limit order and returns its id. What its price crosses fills at once as a taker;
    /// the rest stays open.
    ///
    /// # Errors
    /// What KuCoin would refuse: unknown contract, a size that is no positive number of contracts, a
    /// price off its tick, too little margin, or more than the risk limit allows.
    pub fn place_limit(
        &self,
        symbol: &str,
        side: Side,
        price: Decimal,
        size: i64,
    ) -> Result<String, Rejected> {
        self.place(NewOrder {
            price: Some(price),
            ..order(symbol, side, size)
        })
    }

    /// As [`FuturesAccount::place_limit`], with a `clientOid`.
    ///
    /// # Errors
    /// As [`FuturesAccount::place_limit`].
    pub fn place_limit_as(
        &self,
        client_oid: &str,
        symbol: &str,
        side: Side,
        price: Decimal,
        size: i64,
    ) -> Result<String, Rejected> {
        self.place(NewOrder {
            price: Some(price),
            client_oid: Some(Arc::from(client_oid)),
            ..order(symbol, side, size)
        })
    }

    /// Places a market order, which fills at once, and returns its id.
    ///
    /// # Errors
    /// As [`FuturesAccount::place_limit`].
    pub fn place_market(&self, symbol: &str, side: Side, size: i64) -> Result<String, Rejected> {
        self.place(order(symbol, side, size))
    }

    /// Places a stop order that triggers when the price goes in this direction to the stop price,
    /// and returns its id; without an order price it becomes a market order then. The order that
    /// follows has an id of its own.
    ///
    /// # Errors
    /// As [`FuturesAccount::place_limit`], but for margin and risk limit, which are looked at when it
    /// triggers.
    pub fn place_stop(
        &self,
        symbol: &str,
        (side, direction, price_type): (Side, Direction, StopPriceType),
        (stop_price, order_price): (Decimal, Option<Decimal>),
        size: i64,
    ) -> Result<String, Rejected> {
        let new = NewStop {
            wallet: None,
            symbol,
            side,
            trigger: Trigger {
                direction,
                price_type,
                price: stop_price,
            },
            order_price,
            size: Decimal::from(size),
        };
        self.act(|engine| engine.place_stop(new))
            .map(|id| id.to_string())
    }

    /// Cancels an open order.
    ///
    /// # Errors
    /// There is no open order of this id.
    pub fn cancel(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|engine| engine.cancel(Host::Futures, order_id))
    }

    /// Cancels a stop order that has not triggered.
    ///
    /// # Errors
    /// There is no such stop order.
    pub fn cancel_stop(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|engine| engine.cancel_stop(Host::Futures, order_id))
    }

    /// Cuts the size of an open order by less than what is left of it: an `update`.
    ///
    /// # Errors
    /// There is no open order of this id, or the cut leaves nothing of it.
    pub fn reduce(&self, order_id: &str, by: i64) -> Result<(), Rejected> {
        self.act(|engine| engine.reduce(Host::Futures, order_id, Decimal::from(by)))
    }

    /// Fills an open order by the order of another trader: a maker fill of this size.
    ///
    /// # Errors
    /// There is no open order of this id, or less than this is left of it.
    pub fn fill(&self, order_id: &str, size: i64) -> Result<(), Rejected> {
        self.act(|engine| engine.fill_resting(Host::Futures, order_id, Decimal::from(size)))
    }

    /// Sets the last price of a contract: open orders that it goes through fill, stops on the last
    /// price trigger. Profits and margins follow the mark price alone.
    ///
    /// # Errors
    /// Unknown contract, or a price off its tick.
    pub fn set_price(&self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.set_price(Host::Futures, symbol, price))
    }

    /// Sets the mark price of a contract, and its index price, which is the same here: stops on these
    /// trigger, an open position is reported at its new value, and liquidated if its margin no
    /// longer covers the maintenance margin.
    ///
    /// # Errors
    /// Unknown contract, a price with two decimals more than the tick has, or one above 900,000.
    pub fn set_mark_price(&self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.set_mark_price(symbol, price))
    }

    /// Sets the leverage of the contract in its margin mode: that of the cross position, or that of
    /// the isolated orders to come, which is pushed on no topic of V1.
    ///
    /// # Errors
    /// Unknown contract; a leverage below 1 or above what the risk limit allows; in cross mode, a
    /// position or an order that is open.
    pub fn set_leverage(&self, symbol: &str, leverage: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.set_leverage(symbol, leverage))
    }

    /// Chooses between cross and isolated margin.
    ///
    /// # Errors
    /// Unknown contract, or a position or an order in it that is open.
    pub fn set_margin_mode(&self, symbol: &str, mode: MarginMode) -> Result<(), Rejected> {
        self.act(|engine| engine.set_margin_mode(symbol, mode))
    }

    /// Lets margin be added by itself before an isolated position is liquidated, or not.
    ///
    /// # Errors
    /// There is no open isolated position in the contract.
    pub fn set_auto_deposit(&self, symbol: &str, on: bool) -> Result<(), Rejected> {
        self.act(|engine| engine.set_auto_deposit(symbol, on))
    }

    /// Adds margin to an isolated position, in its settlement currency.
    ///
    /// # Errors
    /// There is no open isolated position in the contract, or not so much money.
    pub fn add_margin(&self, symbol: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.add_margin(symbol, amount))
    }

    /// Settles the funding of an open position at this rate, from -0.05 to 0.05: above zero, who is
    /// long pays who is short.
    ///
    /// # Errors
    /// There is no open position in the contract, or the rate is out of range.
    pub fn settle_funding(&self, symbol: &str, rate: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.settle_funding(symbol, rate))
    }

    /// Asks for a level of the risk limit, from 1. As on KuCoin this cancels the contract's open
    /// orders, and the answer is a push (`position.adjustRiskLimit`), a refusal for the size of the
    /// position or for its leverage included.
    ///
    /// # Errors
    /// Unknown contract, or no such level.
    pub fn adjust_risk_limit(&self, symbol: &str, level: u32) -> Result<(), Rejected> {
        self.act(|engine| engine.adjust_risk_limit(symbol, level))
    }

    /// New money from outside.
    ///
    /// # Errors
    /// The amount is not a positive one that can be kept exactly.
    pub fn deposit(&self, currency: SettleCurrency, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.deposit_futures(currency, amount))
    }

    /// Sets money aside for a withdrawal (`holdBalance`).
    ///
    /// # Errors
    /// As [`FuturesAccount::deposit`]; also when it is more than may be withdrawn.
    pub fn hold_withdrawal(
        &self,
        currency: SettleCurrency,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        self.act(|engine| engine.hold_withdrawal(currency, amount))
    }

    /// Lets money that was set aside leave the account.
    ///
    /// # Errors
    /// As [`FuturesAccount::deposit`]; also when less was set aside.
    pub fn withdraw_held(&self, currency: SettleCurrency, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.withdraw_held(currency, amount))
    }

    /// The position in a contract, open or closed, as it is now.
    ///
    /// # Errors
    /// Unknown contract.
    pub fn position(&self, symbol: &str) -> Result<PositionState, Rejected> {
        self.look(|engine| engine.position(symbol))
    }

    /// The account in a settlement currency as it is now.
    #[must_use]
    pub fn wallet(&self, currency: SettleCurrency) -> FuturesBalance {
        self.look(|engine| engine.futures_wallet(currency))
    }

    /// The last price of a contract.
    ///
    /// # Errors
    /// Unknown contract.
    pub fn last_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        self.look(|engine| engine.last_price(Host::Futures, symbol))
    }

    /// The mark price of a contract.
    ///
    /// # Errors
    /// Unknown contract.
    pub fn mark_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        self.look(|engine| engine.mark_price(symbol))
    }

    /// The ids of the open orders, the oldest first.
    #[must_use]
    pub fn open_orders(&self) -> Vec<String> {
        self.look(|engine| engine.open_orders(Host::Futures))
    }

    /// The ids of the stop orders that have not triggered.
    #[must_use]
    pub fn open_stops(&self) -> Vec<String> {
        self.look(|engine| engine.open_stops(Host::Futures))
    }

    /// Lets the owner of the futures account do this number of things by the seed, at once.
    pub fn step(&self, steps: usize) {
        for _ in 0..steps {
            self.act(|engine| engine.step_on(Host::Futures));
        }
    }

    fn place(&self, new: NewOrder<'_>) -> Result<String, Rejected> {
        self.act(|engine| engine.place(new))
            .map(|id| id.to_string())
    }

    fn act<R>(&self, command: impl FnOnce(&mut Engine) -> R) -> R {
        act(&self.shared, command)
    }

    fn look<R>(&self, look: impl FnOnce(&Engine) -> R) -> R {
        look(&lock(&self.shared.hub).engine)
    }
}

fn order(symbol: &str, side: Side, size: i64) -> NewOrder<'_> {
    NewOrder::new(None, symbol, side, Decimal::from(size))
}

impl fmt::Debug for FuturesAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuturesAccount").finish_non_exhaustive()
    }
}
