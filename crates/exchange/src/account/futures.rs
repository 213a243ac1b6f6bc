//! The owner of the futures account from outside: commands that happen at once and are pushed.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::Account;
use crate::clock;
use crate::engine::futures::{
    Direction, Futures, FuturesPosition, FuturesWallet, MarginMode, NewOrder, NewStop,
    SettleCurrency, StopPriceType,
};
use crate::engine::{Rejected, Side};
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
        self.place((symbol, side), (Some(price), size), None)
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
        self.place((symbol, side), (Some(price), size), Some(client_oid))
    }

    /// Places a market order, which fills at once, and returns its id.
    ///
    /// # Errors
    /// As [`FuturesAccount::place_limit`].
    pub fn place_market(&self, symbol: &str, side: Side, size: i64) -> Result<String, Rejected> {
        self.place((symbol, side), (None, size), None)
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
        let stop = NewStop {
            side,
            direction,
            price_type,
            stop_price,
            order_price,
            size,
        };
        self.act(|futures| futures.place_stop(symbol, stop))
            .map(|id| id.to_string())
    }

    /// Cancels an open order.
    ///
    /// # Errors
    /// There is no open order of this id.
    pub fn cancel(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|futures| futures.cancel(order_id))
    }

    /// Cancels a stop order that has not triggered.
    ///
    /// # Errors
    /// There is no such stop order.
    pub fn cancel_stop(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|futures| futures.cancel_stop(order_id))
    }

    /// Cuts the size of an open order by less than what is left of it: an `update`.
    ///
    /// # Errors
    /// There is no open order of this id, or the cut leaves nothing of it.
    pub fn reduce(&self, order_id: &str, by: i64) -> Result<(), Rejected> {
        self.act(|futures| futures.reduce(order_id, by))
    }

    /// Lets somebody else's order meet an open order of ours: a maker fill of this size.
    ///
    /// # Errors
    /// There is no open order of this id, or less than this is left of it.
    pub fn fill(&self, order_id: &str, size: i64) -> Result<(), Rejected> {
        self.act(|futures| futures.fill_resting(order_id, size))
    }

    /// Sets the last price of a contract: open orders that it goes through fill, stops on the last
    /// price trigger. Profits and margins follow the mark price alone.
    ///
    /// # Errors
    /// Unknown contract, or a price off its tick.
    pub fn set_price(&self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        self.act(|futures| futures.set_price(symbol, price))
    }

    /// Sets the mark price of a contract, and its index price, which is the same here: stops on these
    /// trigger, an open position is told its new value, and it is liquidated when its margin no
    /// longer covers the maintenance margin.
    ///
    /// # Errors
    /// Unknown contract, a price with two decimals more than the tick has, or one above 900,000.
    pub fn set_mark_price(&self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        self.act(|futures| futures.set_mark_price(symbol, price))
    }

    /// Sets the leverage of the contract in its margin mode: that of the cross position, or that of
    /// the isolated orders to come, which is told on no topic.
    ///
    /// # Errors
    /// Unknown contract; a leverage below 1 or above what the risk limit allows; in cross mode, a
    /// position or an order that is open.
    pub fn set_leverage(&self, symbol: &str, leverage: Decimal) -> Result<(), Rejected> {
        self.act(|futures| futures.set_leverage(symbol, leverage))
    }

    /// Chooses between cross and isolated margin.
    ///
    /// # Errors
    /// Unknown contract, or a position or an order in it that is open.
    pub fn set_margin_mode(&self, symbol: &str, mode: MarginMode) -> Result<(), Rejected> {
        self.act(|futures| futures.set_margin_mode(symbol, mode))
    }

    /// Lets margin be added by itself before an isolated position is liquidated, or not.
    ///
    /// # Errors
    /// There is no open isolated position in the contract.
    pub fn set_auto_deposit(&self, symbol: &str, on: bool) -> Result<(), Rejected> {
        self.act(|futures| futures.set_auto_deposit(symbol, on))
    }

    /// Adds margin to an isolated position, in its settlement currency.
    ///
    /// # Errors
    /// There is no open isolated position in the contract, or not so much money.
    pub fn add_margin(&self, symbol: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|futures| futures.add_margin(symbol, amount))
    }

    /// Settles the funding of an open position at this rate, from -0.05 to 0.05: above zero, who is
    /// long pays who is short.
    ///
    /// # Errors
    /// There is no open position in the contract, or the rate is out of range.
    pub fn settle_funding(&self, symbol: &str, rate: Decimal) -> Result<(), Rejected> {
        self.act(|futures| futures.settle_funding(symbol, rate))
    }

    /// Asks for a level of the risk limit, from 1. As on KuCoin this cancels the contract's open
    /// orders, and the answer is a push (`position.adjustRiskLimit`), a refusal for the size of the
    /// position or for its leverage included.
    ///
    /// # Errors
    /// Unknown contract, or no such level.
    pub fn adjust_risk_limit(&self, symbol: &str, level: u32) -> Result<(), Rejected> {
        self.act(|futures| futures.adjust_risk_limit(symbol, level))
    }

    /// New money from outside.
    ///
    /// # Errors
    /// The amount is not a positive one that can be kept exactly.
    pub fn deposit(&self, currency: SettleCurrency, amount: Decimal) -> Result<(), Rejected> {
        self.act(|futures| futures.deposit(currency, amount))
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
        self.act(|futures| futures.hold_withdrawal(currency, amount))
    }

    /// Lets money that was set aside leave the account.
    ///
    /// # Errors
    /// As [`FuturesAccount::deposit`]; also when less was set aside.
    pub fn withdraw_held(&self, currency: SettleCurrency, amount: Decimal) -> Result<(), Rejected> {
        self.act(|futures| futures.withdraw_held(currency, amount))
    }

    /// The position in a contract, open or closed, as it is now.
    ///
    /// # Errors
    /// Unknown contract.
    pub fn position(&self, symbol: &str) -> Result<FuturesPosition, Rejected> {
        self.look(|futures| futures.position(symbol))
    }

    /// The account in a settlement currency as it is now.
    #[must_use]
    pub fn wallet(&self, currency: SettleCurrency) -> FuturesWallet {
        self.look(|futures| futures.wallet(currency))
    }

    /// The last price of a contract.
    ///
    /// # Errors
    /// Unknown contract.
    pub fn last_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        self.look(|futures| futures.prices(symbol))
            .map(|prices| prices.0)
    }

    /// The mark price of a contract.
    ///
    /// # Errors
    /// Unknown contract.
    pub fn mark_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        self.look(|futures| futures.prices(symbol))
            .map(|prices| prices.1)
    }

    /// The ids of the open orders, the oldest first.
    #[must_use]
    pub fn open_orders(&self) -> Vec<String> {
        self.look(Futures::open_orders)
    }

    /// The ids of the stop orders that have not triggered.
    #[must_use]
    pub fn open_stops(&self) -> Vec<String> {
        self.look(Futures::open_stops)
    }

    /// Lets the futures account's owner do so many things by the seed, at once.
    pub fn step(&self, steps: usize) {
        for _ in 0..steps {
            self.act(Futures::step);
        }
    }

    fn place(
        &self,
        (symbol, side): (&str, Side),
        (price, size): (Option<Decimal>, i64),
        client_oid: Option<&str>,
    ) -> Result<String, Rejected> {
        let new = NewOrder {
            symbol,
            side,
            price,
            size,
            client_oid: client_oid.map(Arc::from),
            origin: None,
        };
        self.act(|futures| futures.place(new))
            .map(|id| id.to_string())
    }

    fn act<R>(&self, command: impl FnOnce(&mut Futures) -> R) -> R {
        let mut world = lock(&self.shared.world);
        let now_ms = clock::now_ms();
        let result = world.engine.with_futures(now_ms, command);
        world.publish(now_ms);
        result
    }

    fn look<R>(&self, look: impl FnOnce(&Futures) -> R) -> R {
        look(lock(&self.shared.world).engine.futures())
    }
}

impl fmt::Debug for FuturesAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuturesAccount").finish_non_exhaustive()
    }
}
