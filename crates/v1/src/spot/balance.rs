//! Balances of spot and margin accounts: /account/balance and /account/snapshotBalance.

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event};

use super::RelationEvent;
use crate::SpotPrivate;
use crate::envelope::{PushContext, PushData};
use crate::topic::topic;

topic! {
    /// Balance changes of all spot and margin accounts: `/account/balance`.
    ///
    /// One topic covers the main, trade, margin and isolated accounts: store balances by account and currency.
    /// KuCoin sends no snapshot at the start, and does not order changes of different accounts.
    pub struct Balances: Balance, on SpotPrivate, at "/account/balance"
}

topic! {
    /// The same changes as [`Balances`], without their order or trade: `/account/snapshotBalance`.
    ///
    /// KuCoin does not document this topic. A capture of 2022 shows the data of [`Balances`] with an empty
    /// [`relation_context`](Balance::relation_context). Prefer [`Balances`].
    pub struct BalanceSnapshots: Balance, on SpotPrivate, at "/account/snapshotBalance"
}

event! {
    /// A change of one currency's balance in one account: subject `account.balance`.
    ///
    /// On [`BalanceSnapshots`] the subject is `account.snapshotBalance`. All amounts are in
    /// [`currency`](Self::currency).
    ///
    /// KuCoin pushes some changes several times; the repeated events have the same
    /// [`dedup_key`](Event::dedup_key).
    pub struct Balance {
        /// Account ID: `accountId`; `None` if KuCoin does not send it, as in older examples.
        pub account_id: Option<Text> = "accountId",
        /// Currency: `currency`.
        pub currency: Text = "currency",
        /// Total balance after the change: `total`.
        pub total: Option<Decimal> = "total",
        /// Available balance after the change: `available`.
        pub available: Option<Decimal> = "available",
        /// Hold balance after the change, held by orders and withdrawals: `hold`.
        pub hold: Option<Decimal> = "hold",
        /// Change of the available balance: `availableChange`.
        pub available_change: Option<Decimal> = "availableChange",
        /// Change of the hold balance: `holdChange`.
        pub hold_change: Option<Decimal> = "holdChange",
        /// Relation event, the account and the reason of the change: `relationEvent`.
        pub relation_event: Option<RelationEvent> = "relationEvent",
        /// Relation event ID: `relationEventId`.
        pub relation_event_id: Option<Text> = "relationEventId",
        /// Relation context, the order or trade of the change: `relationContext`; `None` on frames of 2020.
        pub relation_context: Option<RelationContext> = "relationContext",
        /// Time of the change: `time`, sent in milliseconds as a string.
        pub time: Option<Timestamp> = "time",
    }
}

event! {
    /// The order or trade that changed a balance; all fields are `None` if something else changed it.
    pub struct RelationContext {
        /// Symbol: `symbol`.
        pub symbol: Option<Text> = "symbol",
        /// Order ID: `orderId`.
        pub order_id: Option<Text> = "orderId",
        /// Trade ID: `tradeId`; `None` unless a trade was settled.
        pub trade_id: Option<Text> = "tradeId",
    }
}

impl PushData for Balance {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn from_data(scanner: &mut Scanner<'_>, _: PushContext<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// Dedup key: relation event ID, account ID, currency, time, and the available and hold balance.
///
/// One relation event may change several currencies, and one order may change a currency twice in a millisecond.
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

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}
