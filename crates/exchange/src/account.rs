//! The account's owner from outside: commands that happen at once and are pushed to subscribers.

mod futures;

pub use futures::FuturesAccount;

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::clock;
use crate::engine::{
    Debt, Direction, Engine, Host, NewOrder, NewStop, Rejected, Side, StopKind, StopPriceType,
    Trigger, Wallet, WalletBalance,
};
use crate::fault::{LiquidationLevel, MarginStatusType};
use crate::pro::unified_id;
use crate::shared::Shared;
use crate::sync::lock;

/// A handle on the account of an exchange; cheap to clone.
///
/// Every command happens whole before it returns: its pushes are in the truth log and on their way
/// to the subscribers. Prices and sizes must be multiples of the symbol's increments.
#[derive(Clone)]
pub struct Account {
    shared: Arc<Shared>,
    /// Where the orders that it places settle.
    wallet: Wallet,
}

/// The symbol of the orders of a burst: its smallest order holds the least money.
const BURST_SYMBOL: &str = "KCS-USDT";
/// Orders of a burst that are placed without letting anybody else in.
const BURST_SLICE: u64 = 128;

impl Account {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            wallet: Wallet::Trade,
        }
    }

    /// The same account, with a handle whose orders and stop orders settle in this wallet:
    /// [`Wallet::Margin`] for cross margin, [`Wallet::Isolated`] for orders on that symbol only. A
    /// handle is made for [`Wallet::Trade`]. All that is not an order is the same with any handle.
    #[must_use]
    pub fn trading_in(&self, wallet: Wallet) -> Self {
        Self {
            wallet,
            ..self.clone()
        }
    }

    /// Places a limit order and returns its id. What its price crosses fills at once as a taker;
    /// the rest stays open.
    ///
    /// # Errors
    /// What KuCoin would refuse: unknown symbol, price or size off their increments, too little
    /// money, a frozen margin account.
    pub fn place_limit(
        &self,
        symbol: &str,
        side: Side,
        price: Decimal,
        size: Decimal,
    ) -> Result<String, Rejected> {
        self.place(NewOrder {
            price: Some(price),
            ..self.order(symbol, side, size)
        })
    }

    /// As [`Account::place_limit`], with a `clientOid`.
    ///
    /// # Errors
    /// As [`Account::place_limit`].
    pub fn place_limit_as(
        &self,
        client_oid: &str,
        symbol: &str,
        side: Side,
        price: Decimal,
        size: Decimal,
    ) -> Result<String, Rejected> {
        self.place(NewOrder {
            price: Some(price),
            client_oid: Some(Arc::from(client_oid)),
            ..self.order(symbol, side, size)
        })
    }

    /// Places a market order for a size of the base currency, which fills at once, and returns its id.
    ///
    /// # Errors
    /// As [`Account::place_limit`].
    pub fn place_market(
        &self,
        symbol: &str,
        side: Side,
        size: Decimal,
    ) -> Result<String, Rejected> {
        self.place(self.order(symbol, side, size))
    }

    /// Buys for an amount of the quote currency at the market, and returns the order's id. As on
    /// KuCoin such an order ends `canceled`.
    ///
    /// # Errors
    /// As [`Account::place_limit`]; also when the funds do not buy the smallest size.
    pub fn place_market_funds(&self, symbol: &str, funds: Decimal) -> Result<String, Rejected> {
        self.place(NewOrder {
            by_funds: true,
            ..self.order(symbol, Side::Buy, funds)
        })
    }

    /// Places a stop order and returns its id; without an order price it becomes a market order
    /// when it triggers.
    ///
    /// # Errors
    /// As [`Account::place_limit`], but for the money, which is looked at when it triggers.
    pub fn place_stop(
        &self,
        symbol: &str,
        (side, kind): (Side, StopKind),
        (stop_price, order_price): (Decimal, Option<Decimal>),
        size: Decimal,
    ) -> Result<String, Rejected> {
        let direction = match kind {
            StopKind::Loss => Direction::Down,
            StopKind::Entry => Direction::Up,
        };
        let new = NewStop {
            wallet: Some(self.wallet),
            symbol,
            side,
            trigger: Trigger {
                direction,
                price_type: StopPriceType::Trade,
                price: stop_price,
            },
            order_price,
            size,
        };
        self.act(|engine| engine.place_stop(new))
            .map(|id| id.to_string())
    }

    /// Cancels an open order.
    ///
    /// # Errors
    /// There is no open order of this id.
    pub fn cancel(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|engine| engine.cancel(Host::Spot, order_id))
    }

    /// Cancels a stop order that has not triggered.
    ///
    /// # Errors
    /// There is no such stop order.
    pub fn cancel_stop(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|engine| engine.cancel_stop(Host::Spot, order_id))
    }

    /// Cuts the size of an open order by less than what is left of it: an `update`.
    ///
    /// # Errors
    /// There is no open order of this id, or the cut is not a valid size.
    pub fn reduce(&self, order_id: &str, by: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.reduce(Host::Spot, order_id, by))
    }

    /// Fills an open order by the order of another trader: a maker fill of this size.
    ///
    /// # Errors
    /// There is no open order of this id, or the size is not a valid part of what is left of it.
    pub fn fill(&self, order_id: &str, size: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.fill_resting(Host::Spot, order_id, size))
    }

    /// Sets the last price of a symbol: open orders that it goes through fill, stops trigger, and
    /// what the cross-margin account owes is reported at its new worth.
    ///
    /// # Errors
    /// Unknown symbol, or a price off its tick.
    pub fn set_price(&self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.set_price(Host::Spot, symbol, price))
    }

    /// New money from outside, into the funding account.
    ///
    /// # Errors
    /// The amount is not a positive one that can be kept exactly.
    pub fn deposit(&self, currency: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.deposit(currency, amount))
    }

    /// Moves money between two wallets. A margin account that owes something keeps enough of it to
    /// stay at a debt ratio of 0.6.
    ///
    /// # Errors
    /// As [`Account::deposit`]; also when there is too little, when it is needed for a debt, or when
    /// a wallet does not keep the currency.
    pub fn transfer(
        &self,
        from: Wallet,
        to: Wallet,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        self.act(|engine| engine.transfer((from, to), currency, amount))
    }

    /// Borrows into a margin account ([`Wallet::Margin`] or [`Wallet::Isolated`]), as long as its
    /// debt ratio stays at 0.8 at most in cross margin and at 0.9 in isolated margin.
    ///
    /// Pushes the balance and, after it, what is owed: `debt.ratio` on `/margin/position`, or on
    /// `/margin/isolatedPosition:SYMBOL` an `IN_BORROW` before the balance and a `DEBT` after it.
    ///
    /// # Errors
    /// The wallet is not a margin account or does not keep the currency, the amount is not a
    /// positive one that can be kept exactly, or what the account holds does not secure it.
    pub fn borrow(&self, wallet: Wallet, currency: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.borrow(wallet, currency, amount))
    }

    /// Repays out of the margin account that owes it: interest first, then principal.
    ///
    /// Pushes as [`Account::borrow`]; the isolated account says `IN_REPAY`, then `DEBT` or, when it
    /// owes nothing any more, `CLEAR`.
    ///
    /// # Errors
    /// As [`Account::borrow`]; also when more is repaid than is owed or available.
    pub fn repay(&self, wallet: Wallet, currency: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.repay(wallet, currency, amount))
    }

    /// Charges the interest of an hour on every debt, 0.001 % rounded up to 8 decimals: the debts
    /// grow, no balance changes. Nothing happens when nothing is owed.
    pub fn settle_interest(&self) {
        self.act(Engine::settle_interest);
    }

    /// What a margin account owes in one currency.
    #[must_use]
    pub fn debt(&self, wallet: Wallet, currency: &str) -> Debt {
        lock(&self.shared.hub).engine.debt(wallet, currency)
    }

    /// What a margin account owes as a part of what it is secured by, at the last prices; 0 when it
    /// owes nothing.
    ///
    /// From 0.97 on the cross-margin account is frozen (`FROZEN_FL`): no order may be placed in it.
    /// Above 1 it is in liability (`LIABILITY`). It is not liquidated: it recovers (`UNFROZEN_FL`,
    /// `UNLIABILITY`) when it repays, is sent money, or prices move.
    #[must_use]
    pub fn debt_ratio(&self, wallet: Wallet) -> Decimal {
        lock(&self.shared.hub).engine.debt_ratio(wallet)
    }

    /// Warns the account of liquidation, whatever it owes: an `lw` of Pro V2 with its true amounts. Pro V2 must be
    /// spoken already; see [`Exchange::pro_truth`](crate::Exchange::pro_truth).
    pub fn warn_of_liquidation(&self, level: LiquidationLevel) {
        lock(&self.shared.hub).warn(level, clock::now_ms());
    }

    /// Lets the cross-margin account say a status, whatever it owes: `position.status` on `/margin/position`.
    pub fn say_margin_status(&self, status: MarginStatusType) {
        lock(&self.shared.hub).say_status(status, clock::now_ms());
    }

    /// Returns the id of an order as the unified account of Pro V2 has it, in decimal digits. V1 and the classic
    /// accounts have the id that the order was placed with.
    #[must_use]
    pub fn unified_order_id(order_id: &str) -> String {
        unified_id(order_id).into_owned()
    }

    /// Lets the account's owner do this number of things by the seed, at once.
    pub fn step(&self, steps: usize) {
        for _ in 0..steps {
            self.act(Engine::step);
        }
    }

    /// What is in one wallet, in one currency.
    #[must_use]
    pub fn balance(&self, wallet: Wallet, currency: &str) -> WalletBalance {
        lock(&self.shared.hub).engine.balance(wallet, currency)
    }

    /// The last price of a symbol.
    ///
    /// # Errors
    /// Unknown symbol.
    pub fn last_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        lock(&self.shared.hub).engine.last_price(Host::Spot, symbol)
    }

    /// The ids of the open orders, the oldest first.
    #[must_use]
    pub fn open_orders(&self) -> Vec<String> {
        lock(&self.shared.hub).engine.open_orders(Host::Spot)
    }

    /// The ids of the stop orders that have not triggered.
    #[must_use]
    pub fn open_stops(&self) -> Vec<String> {
        lock(&self.shared.hub).engine.open_stops(Host::Spot)
    }

    /// Places this number of small orders that stay open, as fast as the subscribers' sockets take them.
    /// Unlike any other push these wait for a client that reads slowly, and for ever for one that does
    /// not read at all. Each order makes one push on
    /// `/spotMarket/tradeOrders`, two on `/spotMarket/tradeOrdersV2`, and one each on
    /// `/account/balance` and `/account/snapshotBalance`; as Pro V2, one each on `order`,
    /// `orderAll` and `balance`, of `UNIFIED` and of `SPOT`. The orders settle in the trading account,
    /// whatever the handle.
    ///
    /// # Errors
    /// The money for it is not there; some 50 USDT hold 100,000 orders.
    pub async fn burst(&self, orders: u64) -> Result<(), Rejected> {
        let half = self.last_price(BURST_SYMBOL)? / Decimal::TWO;
        let (price, size) = (half.trunc().max(Decimal::ONE), Decimal::new(1, 4));
        let mut left = orders;
        while left > 0 {
            let room = self.shared.room.notified();
            tokio::pin!(room);
            // Registered before the look at the queues, so that no notice in between is missed.
            room.as_mut().enable();
            let placed = self.burst_slice((price, size), left.min(BURST_SLICE))?;
            left -= placed;
            if placed == 0 {
                room.await;
            } else {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    fn burst_slice(&self, (price, size): (Decimal, Decimal), most: u64) -> Result<u64, Rejected> {
        let mut hub = lock(&self.shared.hub);
        let mut placed = 0;
        while placed < most && hub.has_room() {
            let now_ms = clock::now_ms();
            let new = NewOrder {
                price: Some(price),
                ..NewOrder::new(Some(Wallet::Trade), BURST_SYMBOL, Side::Buy, size)
            };
            hub.engine.at(now_ms).place(new)?;
            hub.publish(now_ms);
            placed += 1;
        }
        Ok(placed)
    }

    fn order<'a>(&self, symbol: &'a str, side: Side, size: Decimal) -> NewOrder<'a> {
        NewOrder::new(Some(self.wallet), symbol, side, size)
    }

    fn place(&self, new: NewOrder<'_>) -> Result<String, Rejected> {
        self.act(|engine| engine.place(new))
            .map(|id| id.to_string())
    }

    fn act<R>(&self, command: impl FnOnce(&mut Engine) -> R) -> R {
        act(&self.shared, command)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

/// Lets a command happen now, and pushes what it did.
fn act<R>(shared: &Shared, command: impl FnOnce(&mut Engine) -> R) -> R {
    let mut hub = lock(&shared.hub);
    let now_ms = clock::now_ms();
    let result = command(hub.engine.at(now_ms));
    hub.publish(now_ms);
    result
}
