//! Balances of all accounts: /account/balance and /account/snapshotBalance.

use kucoin_streams_core::{Decimal, DecodeError, Event, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event};

use super::RelationEvent;
use crate::SpotPrivate;
use crate::envelope::{Around, Data};
use crate::topic::topic;

topic! {
    /// Every change of every balance of the user: `/account/balance`.
    ///
    /// One topic covers the main, trade, margin and isolated accounts, so keep balances by account and currency.
    /// No snapshot comes at the start, and nothing orders the changes of different accounts.
    pub struct Balances: Balance, on SpotPrivate, at "/account/balance"
}

topic! {
    /// The same under another name, without what a change came from: `/account/snapshotBalance`.
    ///
    /// KuCoin does not document this topic. A capture of 2022 shows the data of [`Balances`] with an empty
    /// [`relation_context`](Balance::relation_context); take [`Balances`] unless you know why not.
    pub struct BalanceSnapshots: Balance, on SpotPrivate, at "/account/snapshotBalance"
}

event! {
    /// A change of one currency in one account: subject `account.balance`, or `account.snapshotBalance` on
    /// [`BalanceSnapshots`].
    ///
    /// KuCoin pushes some changes several times; the repetitions have equal identities.
    pub struct Balance {
        /// The account's id: `accountId`.
        pub account_id: Option<Text> = "accountId",
        /// The currency: `currency`.
        pub currency: Text = "currency",
        /// All there is after the change, in the currency: `total`.
        pub total: Option<Decimal> = "total",
        /// What can be used: `available`.
        pub available: Option<Decimal> = "available",
        /// What orders and withdrawals hold: `hold`.
        pub hold: Option<Decimal> = "hold",
        /// By how much `available` changed: `availableChange`.
        pub available_change: Option<Decimal> = "availableChange",
        /// By how much `hold` changed: `holdChange`.
        pub hold_change: Option<Decimal> = "holdChange",
        /// Which account it is and why it changed: `relationEvent`.
        pub relation_event: Option<RelationEvent> = "relationEvent",
        /// The id of what changed it: `relationEventId`.
        pub relation_event_id: Option<Text> = "relationEventId",
        /// The order or trade that changed it: `relationContext`. Not on frames of 2020.
        pub relation_context: Option<RelationContext> = "relationContext",
        /// When it changed: `time`, sent in milliseconds.
        pub time: Option<Timestamp> = "time",
    }
}

event! {
    /// What a change of balance came from; nothing where it came from no order.
    pub struct RelationContext {
        /// The market: `symbol`.
        pub symbol: Option<Text> = "symbol",
        /// The order: `orderId`.
        pub order_id: Option<Text> = "orderId",
        /// The trade, where it was settled: `tradeId`.
        pub trade_id: Option<Text> = "tradeId",
    }
}

impl Data for Balance {
    fn from_data(scanner: &mut Scanner<'_>, _: Around<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// Event id, account id, currency, time and the balance reached: one event id may change several currencies, and
/// one order may change a currency twice within a millisecond.
impl Event for Balance {
    fn dedup_key(&self) -> String {
        let id = |id: &Option<Text>| id.clone().unwrap_or_default();
        let amount = |amount: Option<Decimal>| amount.unwrap_or_default().normalize();
        format!(
            "{}:{}:{}:{}:{}:{}",
            id(&self.relation_event_id),
            id(&self.account_id),
            self.currency,
            self.time.unwrap_or_default(),
            amount(self.available),
            amount(self.hold),
        )
    }
}
