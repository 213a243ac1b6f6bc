//! The kept state at one moment, as a value that never changes.

use std::ops::Deref;
use std::sync::Arc;

use kucoin_streams_core::{Text, Timestamp, WsKey};
use kucoin_streams_rest::PositionSide;
use rpds::RedBlackTreeMapSync;

use crate::trust::TrustTable;
use crate::{
    AccountBalance, AccountFill, AccountMargin, AccountOrder, AccountPart, AccountPosition,
    AccountViolation, Discrepancy, StaleReason, Trust,
};

/// Key of a balance: connection, account, account ID and currency.
pub(crate) type BalanceKey = (WsKey, Text, Option<Text>, Text);
/// Key of a position: connection, symbol, margin mode (its name; empty if unknown) and leg (its name).
pub(crate) type PositionKey = (WsKey, Text, Text, Text);

/// The kept state of an account at one moment.
///
/// It never changes, and a clone is cheap: use one value for one decision. Every row is marked with the trust in its part: see
/// [`Kept`].
#[derive(Clone, Debug, Default)]
pub struct AccountState {
    /// By order ID. An order ID is unique among the connections of an account.
    pub(crate) orders: RedBlackTreeMapSync<Text, Arc<AccountOrder>>,
    /// By number, oldest first.
    pub(crate) fills: RedBlackTreeMapSync<u64, Arc<AccountFill>>,
    pub(crate) balances: RedBlackTreeMapSync<BalanceKey, Arc<AccountBalance>>,
    pub(crate) positions: RedBlackTreeMapSync<PositionKey, Arc<AccountPosition>>,
    pub(crate) margin: Arc<AccountMargin>,
    pub(crate) trust: Arc<TrustTable>,
    pub(crate) violations: RedBlackTreeMapSync<u64, Arc<AccountViolation>>,
    pub(crate) discrepancies: RedBlackTreeMapSync<u64, Arc<Discrepancy>>,
    /// Number of events, recovered events and rows that are in the state.
    pub(crate) applied: u64,
}

/// A kept value, marked with the trust in its part of the account; it dereferences to the value.
#[derive(Debug)]
pub struct Kept<'s, T> {
    value: &'s Arc<T>,
    trust: &'s Trust,
}

impl<T> Clone for Kept<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kept<'_, T> {}

impl<'s, T> Kept<'s, T> {
    /// Returns the value, also after the state is dropped.
    pub fn to_arc(self) -> Arc<T> {
        Arc::clone(self.value)
    }

    /// Returns the trust in the value.
    pub fn trust(self) -> &'s Trust {
        self.trust
    }

    /// Returns `true` if the value is that of KuCoin.
    pub fn is_live(self) -> bool {
        self.trust.is_live()
    }
}

impl<T> Deref for Kept<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

/// The trust in a part that no connection has.
static UNKNOWN: Trust = Trust::Recovering {
    since: Timestamp::from_nanos(0),
};

/// The trust in a row that frames contradict.
static CONTRADICTED: Trust = Trust::Stale {
    since: Timestamp::from_nanos(0),
    reason: StaleReason::Contradiction,
};

impl AccountState {
    /// Returns the trust in a part, the least over its connections; `None` if the part is not kept.
    pub fn trust(&self, part: AccountPart) -> Option<&Trust> {
        self.trust.of_part(part)
    }

    /// Returns the trust in a part on one connection; `None` if the connection does not have the part.
    pub fn trust_on(&self, ws_key: WsKey, part: AccountPart) -> Option<&Trust> {
        self.trust.of(ws_key, part)
    }

    /// Returns the trust in each part on each connection.
    pub fn trusts(&self) -> impl Iterator<Item = (WsKey, AccountPart, &Trust)> {
        let parts = self.trust.parts().into_iter();
        parts.filter_map(|(key, part)| Some((key, part, self.trust.of(key, part)?)))
    }

    /// Returns `true` if these parts are live on every connection. A part that is not kept is not live.
    pub fn is_live(&self, parts: &[AccountPart]) -> bool {
        parts
            .iter()
            .all(|part| self.trust(*part).is_some_and(Trust::is_live))
    }

    /// Returns `true` if every part that is kept is live.
    pub fn is_all_live(&self) -> bool {
        let mut trusts = self.trusts().peekable();
        trusts.peek().is_some() && trusts.all(|(.., trust)| trust.is_live())
    }

    /// Returns an order; `None` if it is unknown, or done and too old to be kept.
    pub fn order(&self, order_id: &str) -> Option<Kept<'_, AccountOrder>> {
        self.orders
            .get(order_id)
            .map(|order| self.kept_order(order))
    }

    /// Returns all kept orders, by order ID.
    pub fn orders(&self) -> impl Iterator<Item = Kept<'_, AccountOrder>> {
        self.orders.values().map(|order| self.kept_order(order))
    }

    /// Returns the orders that are not done, also stop orders that wait for their trigger, by order ID.
    pub fn open_orders(&self) -> impl Iterator<Item = Kept<'_, AccountOrder>> {
        self.orders().filter(|order| order.is_open())
    }

    /// Returns the recent fills, in the order in which they were found.
    pub fn fills(&self) -> impl DoubleEndedIterator<Item = Kept<'_, AccountFill>> {
        let fills = self.fills.values();
        fills.map(|fill| self.kept(fill, fill.ws_key, AccountPart::Fills))
    }

    /// Returns all balances, by connection, account and currency.
    pub fn balances(&self) -> impl Iterator<Item = Kept<'_, AccountBalance>> {
        let balances = self.balances.values();
        balances.map(|balance| self.kept(balance, balance.ws_key, AccountPart::Balances))
    }

    /// Returns the balance of an account in a currency, such as `trade` and `USDT`.
    ///
    /// `None` if KuCoin has not reported it. See [`AccountBalance::account`] for the names.
    pub fn balance(&self, account: &str, currency: &str) -> Option<Kept<'_, AccountBalance>> {
        self.balances()
            .find(|balance| balance.account == account && balance.currency == currency)
    }

    /// Returns all positions, also closed ones, by contract, margin mode and leg.
    pub fn positions(&self) -> impl Iterator<Item = Kept<'_, AccountPosition>> {
        let positions = self.positions.values();
        positions.map(|position| self.kept(position, position.ws_key, AccountPart::Positions))
    }

    /// Returns the position of a contract and leg; `None` if KuCoin has not reported it.
    ///
    /// If the contract had several margin modes, it is the open position.
    pub fn position(&self, symbol: &str, side: &PositionSide) -> Option<Kept<'_, AccountPosition>> {
        let positions = self.positions();
        positions
            .filter(|position| position.symbol == symbol && position.side == *side)
            .max_by_key(|position| (position.is_open(), position.updated_at))
    }

    /// Returns the margin status.
    pub fn margin(&self) -> Kept<'_, AccountMargin> {
        let trust = self.trust.of_part(AccountPart::Margin);
        Kept {
            value: &self.margin,
            trust: trust.unwrap_or(&UNKNOWN),
        }
    }

    /// Returns the most recent contradictions between frames, oldest first.
    pub fn violations(&self) -> impl DoubleEndedIterator<Item = &Arc<AccountViolation>> {
        self.violations.values()
    }

    /// Returns the most recent discrepancies between fills, balances and positions, oldest first.
    pub fn discrepancies(&self) -> impl DoubleEndedIterator<Item = &Arc<Discrepancy>> {
        self.discrepancies.values()
    }

    /// Returns the number of events and rows that are in the state. It grows with each of them.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    fn kept_order<'s>(&'s self, order: &'s Arc<AccountOrder>) -> Kept<'s, AccountOrder> {
        let kept = self.kept(order, order.ws_key, AccountPart::Orders);
        match order.is_contradicted && kept.is_live() {
            true => Kept {
                value: order,
                trust: &CONTRADICTED,
            },
            false => kept,
        }
    }

    fn kept<'s, T>(&'s self, value: &'s Arc<T>, ws_key: WsKey, part: AccountPart) -> Kept<'s, T> {
        Kept {
            value,
            trust: self.trust_on(ws_key, part).unwrap_or(&UNKNOWN),
        }
    }
}
