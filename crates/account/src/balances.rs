//! Kept balances of all account types.

use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use kucoin_streams_pro::ProEvent;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_v1::V1Event;
use rpds::RedBlackTreeMapSync;
use serde::Serialize;

use crate::FrameInfo;
use crate::effects::Effects;
use crate::state::BalanceKey;

use crate::serialize::ws_key_name;

/// A kept balance: one currency of one account. All amounts are in that currency.
///
/// A field is `None` if KuCoin does not report it for this account.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountBalance {
    /// Key of the connection.
    #[serde(serialize_with = "ws_key_name")]
    pub ws_key: WsKey,
    /// Account: `main`, `trade`, `margin`, `isolated_BTC-USDT`, `futures`; on Pro V2 the account type, such as `UNIFIED`.
    ///
    /// The names of the older and the high-frequency accounts are one: `trade_hf` is `trade`, `marginV2` is `margin`.
    pub account: Text,
    /// Account ID; `None` if KuCoin does not send it.
    pub account_id: Option<Text>,
    /// Currency.
    pub currency: Text,
    /// Total balance; without unrealised profit and loss in a futures account.
    pub total: Option<Decimal>,
    /// Available balance.
    pub available: Option<Decimal>,
    /// Hold balance, held by orders and withdrawals.
    pub hold: Option<Decimal>,
    /// Equity: the total balance with unrealised profit and loss.
    pub equity: Option<Decimal>,
    /// Liability, borrowed and not repaid, with interest.
    pub liability: Option<Decimal>,
    /// Margin of futures positions, cross and isolated.
    pub position_margin: Option<Decimal>,
    /// Margin of futures orders, cross and isolated.
    pub order_margin: Option<Decimal>,
    /// Unrealised profit and loss of futures positions, cross and isolated.
    pub unrealised_pnl: Option<Decimal>,
    /// Exchange time of the last change; `None` if unknown.
    pub updated_at: Option<Timestamp>,
}

/// The balances, and what decides which of two reports is newer.
#[derive(Debug, Default)]
pub(crate) struct BalanceLedger {
    rows: RedBlackTreeMapSync<BalanceKey, Arc<AccountBalance>>,
}

impl BalanceLedger {
    pub(crate) fn rows(&self) -> &RedBlackTreeMapSync<BalanceKey, Arc<AccountBalance>> {
        &self.rows
    }

    pub(crate) fn on_v1(&mut self, _info: &FrameInfo, _event: &V1Event, _effects: &mut Effects) {}

    pub(crate) fn on_pro(&mut self, _info: &FrameInfo, _event: &ProEvent, _effects: &mut Effects) {}

    pub(crate) fn on_snapshot(&mut self, _row: &SnapshotRow, _effects: &mut Effects) {}
}
