//! The audit: fills against balance changes against positions.

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use kucoin_streams_pro::ProEvent;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_v1::V1Event;
use serde::Serialize;

use crate::FrameInfo;
use crate::serialize::ws_key_name;

/// Fills, balances and positions that do not add up.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Discrepancy {
    /// Key of the connection.
    #[serde(serialize_with = "ws_key_name")]
    pub ws_key: WsKey,
    /// Start and end of the window, by exchange time.
    pub window: (Timestamp, Timestamp),
    /// What is left unexplained, by currency or contract.
    pub amounts: Vec<UnexplainedAmount>,
    /// What may explain it, the most likely first.
    pub suspects: Vec<Suspect>,
}

/// An amount that nothing explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnexplainedAmount {
    /// Account, as in `AccountBalance::account`; `None` for contracts.
    pub account: Option<Text>,
    /// Currency, or symbol of the contract.
    pub currency: Text,
    /// Amount: what the exchange reports minus what the events explain.
    pub amount: Decimal,
}

/// What may explain a discrepancy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "suspect",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Suspect {
    /// A push was lost.
    LostPush,
}

/// Settings of the audit.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuditSettings {}

#[derive(Debug)]
pub(crate) struct Audit {}

impl Audit {
    pub(crate) fn new(_settings: AuditSettings) -> Self {
        Self {}
    }

    /// Takes an event of V1, live or recovered, in order of arrival.
    pub(crate) fn on_v1(&mut self, _info: &FrameInfo, _event: &V1Event) {}

    /// Takes an event of Pro V2, live or recovered, in order of arrival.
    pub(crate) fn on_pro(&mut self, _info: &FrameInfo, _event: &ProEvent) {}

    /// Takes a row of the state: at the start, and after a gap.
    pub(crate) fn on_snapshot(&mut self, _row: &SnapshotRow) {}

    /// Events of the connection may be missing from here on; of all connections if there is no key.
    pub(crate) fn on_gap(&mut self, _ws_key: Option<WsKey>) {}

    /// What was missed on the connection was fetched, except for some topics if `is_complete` is `false`.
    pub(crate) fn on_live(&mut self, _ws_key: WsKey, _is_complete: bool) {}

    /// Returns the next discrepancy that is certain at this local time.
    pub(crate) fn next(&mut self, _now: Timestamp) -> Option<Discrepancy> {
        None
    }

    /// Returns the local time at which [`next`](Self::next) may return more; `None` if only an event can change that.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        None
    }
}
