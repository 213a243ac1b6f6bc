//! Commands on the demo account: each takes effect at once and is pushed to subscribers.

mod futures;
mod leg;

pub use futures::FuturesAccount;
pub use leg::FuturesLeg;

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::engine::{
    Debt, Direction, Engine, Host, NewOrder, NewStop, Rejected, Side, StopKind, StopPriceType,
    Trigger, Wallet, WalletBalance,
};
use crate::fault::{LiquidationLevel, MarginStatusType};
use crate::pro::unified_id;
use crate::shared::Shared;
use crate::sync::lock;

/// A handle to the demo account of a local exchange; cheap to clone.
///
/// A command is complete when it returns: its pushes are in the truth log and queued for the subscribers. Prices and
/// sizes must be multiples of the symbol's increments.
#[derive(Clone)]
pub struct Account {
    shared: Arc<Shared>,
    /// Wallet that the orders of this handle settle in.
    wallet: Wallet,
}

/// Symbol of burst orders: of all symbols, its smallest order holds the least money.
const BURST_SYMBOL: &str = "KCS-USDT";
/// Number of burst orders to place before the lock of the hub is released.
const BURST_SLICE: u64 = 128;

impl Account {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            wallet: Wallet::Trade,
        }
    }

    /// Returns a handle to the same account whose orders and stop orders settle in `wallet`.
    ///
    /// [`Wallet::Margin`] is for cross margin, [`Wallet::Isolated`] for orders on that symbol only. The default is
    /// [`Wallet::Trade`]. Commands other than orders do not depend on the handle.
    #[must_use]
    pub fn trading_in(&self, wallet: Wallet) -> Self {
        Self {
            wallet,
            ..self.clone()
        }
    }

    /// Places a limit order and returns its ID.
    ///
    /// The part that crosses the market fills at once as a taker; the rest stays open.
    ///
    /// # Errors
    /// Returns an error if KuCoin would refuse the order: unknown symbol, price or size off their increments,
    /// insufficient balance, frozen margin account.
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

    /// Like [`Account::place_limit`], with a `clientOid`.
    ///
    /// # Errors
    /// See [`Account::place_limit`].
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

    /// Places a market order for a size in the base currency and returns its ID. It fills at once.
    ///
    /// # Errors
    /// See [`Account::place_limit`].
    pub fn place_market(
        &self,
        symbol: &str,
        side: Side,
        size: Decimal,
    ) -> Result<String, Rejected> {
        self.place(self.order(symbol, side, size))
    }

    /// Buys for an amount of the quote currency at the market price and returns the order's ID.
    ///
    /// As on KuCoin, such an order ends `canceled`.
    ///
    /// # Errors
    /// See [`Account::place_limit`]; also returns an error if the funds do not buy the smallest size.
    pub fn place_market_funds(&self, symbol: &str, funds: Decimal) -> Result<String, Rejected> {
        self.place(NewOrder {
            by_funds: true,
            ..self.order(symbol, Side::Buy, funds)
        })
    }

    /// Places a stop order and returns its ID.
    ///
    /// Without an order price, the stop order becomes a market order when it triggers.
    ///
    /// # Errors
    /// See [`Account::place_limit`]; the balance is checked only when the stop order triggers.
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
            client_oid: None,
        };
        self.act(|engine| engine.place_stop(new))
            .map(|id| id.to_string())
    }

    /// Cancels an open order.
    ///
    /// # Errors
    /// Returns an error if no open order has this ID.
    pub fn cancel(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|engine| engine.cancel(Host::Spot, order_id))
    }

    /// Cancels a stop order that has not triggered.
    ///
    /// # Errors
    /// Returns an error if no untriggered stop order has this ID.
    pub fn cancel_stop(&self, order_id: &str) -> Result<(), Rejected> {
        self.act(|engine| engine.cancel_stop(Host::Spot, order_id))
    }

    /// Reduces the size of an open order by less than its remaining size: an `update`.
    ///
    /// # Errors
    /// Returns an error if no open order has this ID or `by` is not a valid size.
    pub fn reduce(&self, order_id: &str, by: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.reduce(Host::Spot, order_id, by))
    }

    /// Fills an open order, or a part of it, with another trader's order: a maker fill of this size.
    ///
    /// # Errors
    /// Returns an error if no open order has this ID or the size is invalid or above the remaining size.
    pub fn fill(&self, order_id: &str, size: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.fill_resting(Host::Spot, order_id, size))
    }

    /// Sets the last price of a symbol.
    ///
    /// If the price crosses open orders, they fill; if it reaches stop orders, they trigger. The cross-margin debts are
    /// reported at their new value.
    ///
    /// # Errors
    /// Returns an error if the symbol is unknown or the price is not a multiple of its tick.
    pub fn set_price(&self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.set_price(Host::Spot, symbol, price))
    }

    /// Deposits money into the funding account.
    ///
    /// # Errors
    /// Returns an error if the amount is not positive, has more than 12 decimals, or is too large.
    pub fn deposit(&self, currency: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.deposit(currency, amount))
    }

    /// Transfers money between two wallets.
    ///
    /// A margin account with debts must keep its debt ratio at 0.6 or below.
    ///
    /// # Errors
    /// See [`Account::deposit`]; also returns an error if the available balance is insufficient or needed as
    /// collateral, or if a wallet does not support the currency.
    pub fn transfer(
        &self,
        from: Wallet,
        to: Wallet,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        self.act(|engine| engine.transfer((from, to), currency, amount))
    }

    /// Borrows into a margin account ([`Wallet::Margin`] or [`Wallet::Isolated`]).
    ///
    /// The debt ratio may not exceed 0.8 in cross margin and 0.9 in isolated margin.
    ///
    /// Pushes the balance and then the debt: `debt.ratio` on `/margin/position`, or on
    /// `/margin/isolatedPosition:SYMBOL` an `IN_BORROW` before the balance and a `DEBT` after it.
    ///
    /// # Errors
    /// Returns an error if the wallet is not a margin account or does not support the currency, the amount is
    /// invalid, or the collateral is insufficient.
    pub fn borrow(&self, wallet: Wallet, currency: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.borrow(wallet, currency, amount))
    }

    /// Repays a debt from the margin account that owes it: interest first, then principal.
    ///
    /// Pushes the same messages as [`Account::borrow`]. An isolated account reports `IN_REPAY`, then `DEBT`, or `CLEAR`
    /// if all its debts are repaid.
    ///
    /// # Errors
    /// See [`Account::borrow`]; also returns an error if the amount exceeds the debt or the available balance.
    pub fn repay(&self, wallet: Wallet, currency: &str, amount: Decimal) -> Result<(), Rejected> {
        self.act(|engine| engine.repay(wallet, currency, amount))
    }

    /// Charges one hour of interest on every debt: 0.001 %, rounded up to 8 decimals.
    ///
    /// Each debt grows and no balance changes. If there are no debts, nothing happens.
    pub fn settle_interest(&self) {
        self.act(Engine::settle_interest);
    }

    /// Returns the debt of a margin account in one currency.
    #[must_use]
    pub fn debt(&self, wallet: Wallet, currency: &str) -> Debt {
        lock(&self.shared.hub).engine.debt(wallet, currency)
    }

    /// Returns the debt ratio of a margin account; 0 without debts.
    ///
    /// The debt ratio is the debts divided by the collateral, at the last prices.
    ///
    /// At a ratio of 0.97 or more, the cross-margin account is frozen (`FROZEN_FL`) and accepts no orders. Above 1 the
    /// account is in liability (`LIABILITY`). It is never liquidated. It recovers (`UNFROZEN_FL`, `UNLIABILITY`) after
    /// a repayment, an incoming transfer or a price change.
    #[must_use]
    pub fn debt_ratio(&self, wallet: Wallet) -> Decimal {
        lock(&self.shared.hub).engine.debt_ratio(wallet)
    }

    /// Pushes a liquidation warning at this level, even if the account has no debts.
    ///
    /// The push is an `lw` of Pro V2 with the account's real amounts. It is pushed only if Pro V2 is already in use;
    /// see [`Exchange::pro_truth`](crate::Exchange::pro_truth).
    pub fn push_liquidation_warning(&self, level: LiquidationLevel) {
        lock(&self.shared.hub).push_liquidation_warning(level, self.shared.clock.now_ms());
    }

    /// Pushes this status of the cross-margin account, even if the account has no debts.
    ///
    /// The push is a `position.status` on `/margin/position`.
    pub fn push_margin_status(&self, status: MarginStatusType) {
        lock(&self.shared.hub).push_margin_status(status, self.shared.clock.now_ms());
    }

    /// Returns the ID of an order in the unified account of Pro V2, in decimal digits.
    ///
    /// V1 and the classic accounts of Pro V2 use the ID that the order was placed with.
    #[must_use]
    pub fn unified_order_id(order_id: &str) -> String {
        unified_id(order_id).into_owned()
    }

    /// Runs `steps` random account actions now. The seed determines the actions.
    pub fn step(&self, steps: usize) {
        for _ in 0..steps {
            self.act(Engine::step);
        }
    }

    /// Returns the balance of one wallet in one currency.
    #[must_use]
    pub fn balance(&self, wallet: Wallet, currency: &str) -> WalletBalance {
        lock(&self.shared.hub).engine.balance(wallet, currency)
    }

    /// Returns the last price of a symbol.
    ///
    /// # Errors
    /// Returns an error if the symbol is unknown.
    pub fn last_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        lock(&self.shared.hub).engine.last_price(Host::Spot, symbol)
    }

    /// Returns the IDs of the open orders, oldest first.
    #[must_use]
    pub fn open_orders(&self) -> Vec<String> {
        lock(&self.shared.hub).engine.open_orders(Host::Spot)
    }

    /// Returns the IDs of the stop orders that have not triggered.
    #[must_use]
    pub fn open_stops(&self) -> Vec<String> {
        lock(&self.shared.hub).engine.open_stops(Host::Spot)
    }

    /// Places `orders` small orders that stay open, as fast as the subscribers' sockets accept the pushes.
    ///
    /// Unlike all other pushes, these wait for a client that reads slowly, and forever for one that does not read at
    /// all. Each order makes one push on `/spotMarket/tradeOrders`, two on `/spotMarket/tradeOrdersV2`, and one each
    /// on `/account/balance` and `/account/snapshotBalance`; on Pro V2, one each on `order`, `orderAll` and
    /// `balance`, for `UNIFIED` and for `SPOT`. The orders settle in the trading account, whichever handle is used.
    ///
    /// # Errors
    /// Returns an error if the balance is insufficient; about 50 USDT suffice for 100,000 orders.
    pub async fn burst(&self, orders: u64) -> Result<(), Rejected> {
        let half = self.last_price(BURST_SYMBOL)? / Decimal::TWO;
        let (price, size) = (half.trunc().max(Decimal::ONE), Decimal::new(1, 4));
        let mut left = orders;
        while left > 0 {
            let room = self.shared.room.notified();
            tokio::pin!(room);
            // Registered before the queues are checked, so that no notification in between is missed.
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
            let now_ms = self.shared.clock.now_ms();
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

/// Runs a command now and pushes its events.
fn act<R>(shared: &Shared, command: impl FnOnce(&mut Engine) -> R) -> R {
    let mut hub = lock(&shared.hub);
    let now_ms = shared.clock.now_ms();
    let result = command(hub.engine.at(now_ms));
    hub.publish(now_ms);
    result
}
