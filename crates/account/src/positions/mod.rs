//! Kept futures positions, by contract, margin mode and leg.

mod funding;
mod report;
mod slot;

use std::collections::BTreeMap;
use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use kucoin_streams_pro::ProEvent;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest as rest;
use kucoin_streams_rest::{MarginMode, PositionSide};
use kucoin_streams_v1::{
    FuturesEvent, FuturesFundingSettlement, FuturesMarkPriceChange, FuturesPosition, V1Event,
};
use rpds::RedBlackTreeMapSync;
use serde::Serialize;

use crate::effects::Effects;
use crate::serialize::ws_key_name;
use crate::stamp::{Stamp, is_from};
use crate::state::PositionKey;
use crate::{AccountChange, FrameInfo};
use funding::ContractFunding;
use report::{Closing, MarkPatch, PositionReport};
use slot::PositionSlot;

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
    ///
    /// KuCoin names no contract in the settlements of `/contract/positionAll`. One is counted if exactly one open position has its
    /// size, settlement currency and about its mark price; after a gap, settlements are fetched by contract.
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
///
/// A report without a margin mode belongs to the only position of its contract and leg; if there are two, to the open one.
#[derive(Debug, Default)]
pub(crate) struct PositionLedger {
    rows: RedBlackTreeMapSync<PositionKey, Arc<AccountPosition>>,
    contracts: BTreeMap<(WsKey, Text), Contract>,
}

/// The positions of one contract.
#[derive(Debug, Default)]
struct Contract {
    slots: Vec<PositionSlot>,
    funding: ContractFunding,
}

impl PositionLedger {
    pub(crate) fn rows(&self) -> &RedBlackTreeMapSync<PositionKey, Arc<AccountPosition>> {
        &self.rows
    }

    pub(crate) fn on_v1(&mut self, info: &FrameInfo, event: &V1Event, effects: &mut Effects) {
        let V1Event::Futures(FuturesEvent::Position(event)) = event else {
            return;
        };
        match event {
            FuturesPosition::Change(change) => {
                if let Some(report) = report::of_change(info, change) {
                    self.apply(&report, effects);
                }
            }
            FuturesPosition::MarkPrice(change) => self.patch(info.ws_key, change, effects),
            FuturesPosition::Settlement(settlement) => {
                self.settle(info.ws_key, settlement, effects);
            }
            _ => {}
        }
    }

    pub(crate) fn on_pro(&mut self, info: &FrameInfo, event: &ProEvent, effects: &mut Effects) {
        if let ProEvent::Position(position) = event {
            self.apply(&report::of_pro(info, position), effects);
        }
    }

    pub(crate) fn on_snapshot(&mut self, row: &SnapshotRow, effects: &mut Effects) {
        if is_from::<rest::FuturesOpenPositions>(row) {
            // The topics of the settings have the same rows, which may be older than an event of the position topic.
            let is_of_positions = row.topic.starts_with("/contract/position");
            if let Ok(position) = row.read()
                && is_of_positions
            {
                self.apply(&report::of_futures(row.ws_key, &position), effects);
            }
        } else if is_from::<rest::UnifiedPositions>(row) {
            if let Ok(position) = row.read() {
                self.apply(&report::of_unified(row.ws_key, &position), effects);
            }
        } else if is_from::<rest::FuturesClosedPositions>(row) {
            if let Ok(closed) = row.read() {
                self.close(row.ws_key, &report::of_closed(closed), effects);
            }
        } else if is_from::<rest::UnifiedPositionHistory>(row)
            && let Ok(closed) = row.read()
        {
            self.close(row.ws_key, &report::of_unified_closed(closed), effects);
        }
    }

    fn apply(&mut self, report: &PositionReport, effects: &mut Effects) {
        let position = &report.position;
        let key = (position.ws_key, position.symbol.clone());
        let contract = self.contracts.entry(key).or_default();
        let at = contract.find(position).unwrap_or_else(|| {
            contract.slots.push(PositionSlot::new(position));
            contract.slots.len() - 1
        });
        let Some(row) = contract.slots[at].take(report) else {
            return;
        };
        contract.publish(at, row, &mut self.rows, effects);
        for other in 0..contract.slots.len() {
            let slot = &mut contract.slots[other];
            if other != at
                && slot.row.side == position.side
                && let Some(row) = slot.supersede(report)
            {
                contract.publish(other, row, &mut self.rows, effects);
            }
        }
    }

    fn patch(&mut self, ws_key: WsKey, change: &FuturesMarkPriceChange, effects: &mut Effects) {
        let Some(symbol) = &change.symbol else {
            return;
        };
        let Some(contract) = self.contracts.get_mut(&(ws_key, symbol.clone())) else {
            return;
        };
        let stamp = Stamp::at(change.time);
        let whole = report::of_mark_price(change);
        let (positions, is_certain) = contract.marked(change);
        let patch = match is_certain {
            true => whole,
            false => MarkPatch::only_price(whole.mark_price),
        };
        for at in positions {
            if let Some(row) = contract.slots[at].patch(stamp, &patch) {
                contract.publish(at, row, &mut self.rows, effects);
            }
        }
    }

    fn settle(
        &mut self,
        ws_key: WsKey,
        settlement: &FuturesFundingSettlement,
        effects: &mut Effects,
    ) {
        let symbol = settlement.symbol.clone();
        let symbol = symbol.or_else(|| self.settled_contract(ws_key, settlement));
        let (Some(symbol), Some(time), Some(fee)) =
            (symbol, settlement.funding_time, settlement.funding_fee)
        else {
            return;
        };
        let contract = self.contracts.entry((ws_key, symbol)).or_default();
        let leg = contract.leg_of(settlement);
        contract.funding.settle(leg.as_str(), time, fee);
        for at in 0..contract.slots.len() {
            if contract.slots[at].row.side == leg {
                let row = AccountPosition::clone(&contract.slots[at].row);
                contract.publish(at, row, &mut self.rows, effects);
            }
        }
    }

    /// Returns the contract of a settlement without a symbol, as KuCoin sends it on `/contract/positionAll`.
    ///
    /// It is the only open position with the size and the settlement currency, and with a similar mark price; `None` if there is
    /// none, or more than one.
    fn settled_contract(
        &self,
        ws_key: WsKey,
        settlement: &FuturesFundingSettlement,
    ) -> Option<Text> {
        let (quantity, price) = (settlement.quantity?, settlement.mark_price?);
        let mut settled = self.contracts.iter().filter(|((key, _), contract)| {
            let mut slots = contract.slots.iter().map(|slot| &slot.row);
            *key == ws_key
                && slots.any(|row| {
                    row.is_open()
                        && row.size == quantity
                        && row.settle_currency == settlement.settle_currency
                        && row.mark_price.is_some_and(|mark| is_similar(mark, price))
                })
        });
        match (settled.next(), settled.next()) {
            (Some(((_, symbol), _)), None) => Some(symbol.clone()),
            _ => None,
        }
    }

    fn close(&mut self, ws_key: WsKey, closing: &Closing, effects: &mut Effects) {
        let key = (ws_key, closing.symbol.clone());
        let Some(contract) = self.contracts.get_mut(&key) else {
            return;
        };
        for at in 0..contract.slots.len() {
            if let Some(row) = contract.slots[at].close(closing) {
                contract.publish(at, row, &mut self.rows, effects);
            }
        }
    }
}

impl Contract {
    /// Returns the index of the position that a report is about; `None` if there is none yet.
    fn find(&self, position: &AccountPosition) -> Option<usize> {
        let slots = self.slots.iter().enumerate();
        let legs = slots.filter(|(_, slot)| slot.row.side == position.side);
        let fitting = legs.filter(|(_, slot)| slot.fits(position.margin_mode.as_ref()));
        let best = fitting.max_by_key(|(_, slot)| {
            let has_mode = slot.row.margin_mode == position.margin_mode;
            (has_mode, slot.row.is_open(), slot.row.updated_at)
        });
        best.map(|(at, _)| at)
    }

    /// Returns the indexes of the positions that a mark price change can be about, and `true` if it is certain.
    ///
    /// In hedge mode, KuCoin may not name the leg: the sign of the mark value tells the legs apart.
    fn marked(&self, change: &FuturesMarkPriceChange) -> (Vec<usize>, bool) {
        let mode = change.margin_mode.as_ref();
        let mode = mode.map(|mode| MarginMode::from(mode.as_str()));
        let side = change.position_side.as_ref();
        let side = side.map(|side| report::leg(Some(side.as_str())));
        let slots = self.slots.iter().enumerate();
        let fitting = slots.filter(|(_, slot)| {
            slot.fits(mode.as_ref()) && side.as_ref().is_none_or(|side| slot.row.side == *side)
        });
        let (open, closed): (Vec<_>, Vec<_>) = fitting.partition(|(_, slot)| slot.row.is_open());
        let candidates = if open.is_empty() { closed } else { open };
        let value = change.mark_value.filter(|value| !value.is_zero());
        let has_sign = |slot: &PositionSlot| value.is_none_or(|value| slot.has_sign(value));
        let signed = candidates.iter().filter(|(_, slot)| has_sign(slot));
        let signed: Vec<_> = signed.map(|(at, _)| *at).collect();
        match (&candidates[..], &signed[..]) {
            (_, [at]) => (vec![*at], true),
            ([(at, slot)], _) => {
                let is_named = side.is_some() || slot.row.side == PositionSide::Both;
                (vec![*at], is_named)
            }
            _ => (candidates.iter().map(|(at, _)| *at).collect(), false),
        }
    }

    /// Returns the leg of a settlement: by its sign in hedge mode, if KuCoin does not name it.
    fn leg_of(&self, settlement: &FuturesFundingSettlement) -> PositionSide {
        let side = settlement.position_side.as_ref();
        let side = report::leg(side.map(kucoin_streams_v1::futures::PositionSide::as_str));
        let is_leg = |side: &PositionSide| *side != PositionSide::Both;
        let has_legs = self.slots.iter().any(|slot| is_leg(&slot.row.side));
        let is_one_way = |slot: &PositionSlot| !is_leg(&slot.row.side) && slot.row.is_open();
        let quantity = settlement.quantity.filter(|quantity| !quantity.is_zero());
        match quantity {
            Some(quantity) if !is_leg(&side) && has_legs && !self.slots.iter().any(is_one_way) => {
                match quantity.is_sign_negative() {
                    true => PositionSide::Short,
                    false => PositionSide::Long,
                }
            }
            _ => side,
        }
    }

    /// Keeps a row with its funding, and publishes it if it has changed.
    fn publish(
        &mut self,
        at: usize,
        mut row: AccountPosition,
        rows: &mut RedBlackTreeMapSync<PositionKey, Arc<AccountPosition>>,
        effects: &mut Effects,
    ) {
        let slot = &mut self.slots[at];
        let leg = row.side.as_str();
        if row.is_open()
            && let Some(opened_at) = row.opened_at
            && row.opened_at != slot.row.opened_at
        {
            self.funding.forget(leg, opened_at);
        }
        row.funding = self.funding.sum(leg, row.opened_at, slot.closed_at);
        let (key, old_key) = (key_of(&row), key_of(&slot.row));
        if row == *slot.row && rows.contains_key(&key) {
            return;
        }
        let row = Arc::new(row);
        slot.row = Arc::clone(&row);
        if key != old_key {
            rows.remove_mut(&old_key);
        }
        rows.insert_mut(key, Arc::clone(&row));
        effects.change(AccountChange::Position(row));
    }
}

/// Returns `true` if two prices differ by at most a fifth of the second.
fn is_similar(price: Decimal, other: Decimal) -> bool {
    let difference = price.checked_sub(other).map(|difference| difference.abs());
    let limit = other.checked_div(Decimal::from(5));
    difference.is_some() && difference <= limit
}

fn key_of(row: &AccountPosition) -> PositionKey {
    let mode = row.margin_mode.as_ref().map_or("", MarginMode::as_str);
    let side = row.side.as_str();
    (row.ws_key, row.symbol.clone(), mode.into(), side.into())
}
