//! Kept futures positions, by contract, margin mode and leg.

use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use kucoin_streams_pro::ProEvent;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest::{MarginMode, PositionSide};
use kucoin_streams_v1::V1Event;
use rpds::RedBlackTreeMapSync;
use serde::Serialize;

use crate::FrameInfo;
use crate::effects::Effects;
use crate::state::PositionKey;

use crate::serialize::ws_key_name;

/// A kept futures position: one contract, margin mode and leg.
///
/// Amounts are in the settlement currency and as KuCoin reports them, prices in the quote currency, sizes in contracts. A closed
/// position is kept with size 0 until the contract is traded again. A field is `None` if KuCoin does not report it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountPosition {
    /// Key of the connection.
    #[serde(serialize_with = "ws_key_name")]
    pub ws_key: WsKey,
    /// Symbol of the contract, such as `XBTUSDTM`.
    pub symbol: Text,
    /// Leg: `BOTH` in one-way mode, `LONG` or `SHORT` in hedge mode.
    pub side: PositionSide,
    /// Margin mode.
    pub margin_mode: Option<MarginMode>,
    /// Size, in contracts, negative if short; 0 if closed.
    pub size: Decimal,
    /// Average entry price.
    pub entry_price: Option<Decimal>,
    /// Mark price.
    pub mark_price: Option<Decimal>,
    /// Value at the mark price.
    pub mark_value: Option<Decimal>,
    /// Liquidation price.
    pub liquidation_price: Option<Decimal>,
    /// Bankruptcy price.
    pub bankruptcy_price: Option<Decimal>,
    /// Leverage.
    pub leverage: Option<Decimal>,
    /// Margin of the position.
    pub margin: Option<Decimal>,
    /// Initial margin.
    pub initial_margin: Option<Decimal>,
    /// Maintenance margin.
    pub maintenance_margin: Option<Decimal>,
    /// Unrealised profit and loss, at the mark price.
    pub unrealised_pnl: Option<Decimal>,
    /// Realised profit and loss since the position was opened, with fees and funding.
    pub realised_pnl: Option<Decimal>,
    /// Funding fees that were settled while the position was followed, negative if paid.
    pub funding: Decimal,
    /// Settlement currency.
    pub settle_currency: Option<Text>,
    /// Reason of the last change, in KuCoin's words, such as `liquidation`.
    pub last_change: Option<Text>,
    /// Exchange time when the position was opened.
    pub opened_at: Option<Timestamp>,
    /// Exchange time of the last change, also of the mark price.
    pub updated_at: Option<Timestamp>,
}

impl AccountPosition {
    /// Returns `true` if the position is open: its size is not 0.
    pub fn is_open(&self) -> bool {
        !self.size.is_zero()
    }
}

/// The positions, and what decides which of two reports is newer.
#[derive(Debug, Default)]
pub(crate) struct PositionLedger {
    rows: RedBlackTreeMapSync<PositionKey, Arc<AccountPosition>>,
}

impl PositionLedger {
    pub(crate) fn rows(&self) -> &RedBlackTreeMapSync<PositionKey, Arc<AccountPosition>> {
        &self.rows
    }

    pub(crate) fn on_v1(&mut self, _info: &FrameInfo, _event: &V1Event, _effects: &mut Effects) {}

    pub(crate) fn on_pro(&mut self, _info: &FrameInfo, _event: &ProEvent, _effects: &mut Effects) {}

    pub(crate) fn on_snapshot(&mut self, _row: &SnapshotRow, _effects: &mut Effects) {}
}
