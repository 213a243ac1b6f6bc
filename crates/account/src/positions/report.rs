//! What an event or a row says about a position.

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use kucoin_streams_pro as pro;
use kucoin_streams_rest::{
    ClosedPositionRow, FuturesPositionRow, MarginMode, PositionSide, UnifiedClosedPositionRow,
    UnifiedPositionRow,
};
use kucoin_streams_v1 as v1;

use super::AccountPosition;
use crate::FrameInfo;
use crate::stamp::Stamp;

/// A whole position, as an event or a row reports it.
///
/// An amount that it lacks is no longer reported. KuCoin does not send all amounts in each margin mode: for example, no position
/// margin in cross margin on V1. Leverage, margin mode, settlement currency and opening time are not amounts: they are kept.
#[derive(Clone, Debug)]
pub(super) struct PositionReport {
    /// The position, with its own fields only.
    pub(super) position: AccountPosition,
    /// The report has a size.
    pub(super) has_size: bool,
    /// `true` for an event, `false` for a row, which was read later than all events before it.
    pub(super) is_live: bool,
    pub(super) stamp: Stamp,
}

/// The amounts that depend on the mark price, and what a mark price change has besides them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MarkPatch {
    pub(super) mark_price: Option<Decimal>,
    pub(super) mark_value: Option<Decimal>,
    pub(super) unrealised_pnl: Option<Decimal>,
    pub(super) entry_price: Option<Decimal>,
    pub(super) leverage: Option<Decimal>,
}

impl MarkPatch {
    /// Returns a patch of the mark price only.
    pub(super) fn only_price(mark_price: Option<Decimal>) -> Self {
        Self {
            mark_price,
            mark_value: None,
            unrealised_pnl: None,
            entry_price: None,
            leverage: None,
        }
    }
}

/// A position that was closed, from a row.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    pub(super) symbol: Text,
    /// Long or short, also in one-way mode.
    pub(super) side: Option<PositionSide>,
    pub(super) margin_mode: Option<MarginMode>,
    pub(super) realised_pnl: Option<Decimal>,
    /// How the position was closed, in KuCoin's words.
    pub(super) reason: Option<Text>,
    pub(super) opened_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
}

/// Returns a closed position without amounts.
pub(super) fn blank(ws_key: WsKey, symbol: Text, side: PositionSide) -> AccountPosition {
    AccountPosition {
        ws_key,
        symbol,
        side,
        margin_mode: None,
        size: Decimal::ZERO,
        entry_price: None,
        mark_price: None,
        mark_value: None,
        liquidation_price: None,
        bankruptcy_price: None,
        leverage: None,
        margin: None,
        initial_margin: None,
        maintenance_margin: None,
        unrealised_pnl: None,
        realised_pnl: None,
        funding: Decimal::ZERO,
        settle_currency: None,
        last_change: None,
        opened_at: None,
        updated_at: None,
    }
}

/// Returns the leg of a position; `BOTH` if KuCoin names none.
pub(super) fn leg(side: Option<&str>) -> PositionSide {
    side.filter(|side| !side.is_empty())
        .map_or(PositionSide::Both, PositionSide::from)
}

fn margin_mode(mode: Option<&str>, is_cross: Option<bool>) -> Option<MarginMode> {
    let mode = mode.filter(|mode| !mode.is_empty()).map(MarginMode::from);
    mode.or(is_cross.map(|is_cross| match is_cross {
        true => MarginMode::Cross,
        false => MarginMode::Isolated,
    }))
}

/// Reads a full position of V1; `None` if its symbol is unknown.
pub(super) fn of_change(
    info: &FrameInfo,
    change: &v1::FuturesPositionChange,
) -> Option<PositionReport> {
    let side = change.position_side.as_ref();
    let side = leg(side.map(v1::futures::PositionSide::as_str));
    let mode = change.margin_mode.as_ref();
    let reason = change.reason.as_ref();
    let position = AccountPosition {
        margin_mode: margin_mode(mode.map(v1::futures::MarginMode::as_str), change.cross_mode),
        size: change.quantity,
        entry_price: change.average_entry_price,
        mark_price: change.mark_price,
        mark_value: change.mark_value,
        liquidation_price: change.liquidation_price,
        bankruptcy_price: change.bankruptcy_price,
        leverage: change.leverage,
        margin: change.margin,
        initial_margin: change.initial_margin,
        maintenance_margin: change.maintenance,
        unrealised_pnl: change.unrealised_pnl,
        realised_pnl: change.realised_pnl,
        settle_currency: change.settle_currency.clone(),
        last_change: reason.map(|reason| reason.as_str().into()),
        opened_at: change.opened_at,
        updated_at: change.time,
        ..blank(info.ws_key, change.symbol.clone()?, side)
    };
    Some(PositionReport {
        position,
        has_size: true,
        is_live: true,
        stamp: Stamp::at(change.time),
    })
}

/// Reads the fields of a mark price change of V1.
pub(super) fn of_mark_price(change: &v1::FuturesMarkPriceChange) -> MarkPatch {
    MarkPatch {
        mark_price: change.mark_price,
        mark_value: change.mark_value,
        unrealised_pnl: change.unrealised_pnl,
        entry_price: change.average_entry_price,
        leverage: change.leverage,
    }
}

/// Reads a position of Pro V2.
pub(super) fn of_pro(info: &FrameInfo, event: &pro::Position) -> PositionReport {
    let side = event.position_side.as_ref();
    let side = leg(side.map(pro::PositionSide::as_str));
    let mode = event.margin_mode.as_ref();
    let position = AccountPosition {
        margin_mode: margin_mode(mode.map(pro::MarginMode::as_str), None),
        size: event.size.unwrap_or_default(),
        entry_price: event.entry_price,
        mark_price: event.mark_price,
        mark_value: event.position_value,
        liquidation_price: event.liquidation_price,
        bankruptcy_price: event.bankrupt_price,
        leverage: event.leverage,
        margin: event.position_margin,
        initial_margin: event.initial_margin,
        maintenance_margin: event.maint_margin,
        unrealised_pnl: event.unrealised_pnl,
        realised_pnl: event.realised_pnl,
        opened_at: event.created_at,
        updated_at: event.updated_at,
        ..blank(info.ws_key, event.symbol.clone(), side)
    };
    PositionReport {
        position,
        has_size: event.size.is_some(),
        is_live: true,
        stamp: Stamp::pro(info, None, event.updated_at),
    }
}

/// Reads a row of the futures positions. Its time is that of the reply, not of a change.
pub(super) fn of_futures(ws_key: WsKey, row: &FuturesPositionRow) -> PositionReport {
    let side = row.position_side.as_ref().map(PositionSide::as_str);
    let mode = row.margin_mode.as_ref().map(MarginMode::as_str);
    let position = AccountPosition {
        margin_mode: margin_mode(mode, row.cross_mode),
        size: row.quantity,
        entry_price: row.average_entry_price,
        mark_price: row.mark_price,
        mark_value: row.mark_value,
        liquidation_price: row.liquidation_price,
        bankruptcy_price: row.bankruptcy_price,
        leverage: row.leverage,
        margin: row.margin,
        initial_margin: row.initial_margin,
        maintenance_margin: row.maintenance,
        unrealised_pnl: row.unrealised_pnl,
        realised_pnl: row.realised_pnl,
        settle_currency: row.settle_currency.clone(),
        opened_at: row.opened_at,
        ..blank(ws_key, row.symbol.clone(), leg(side))
    };
    of_row(position, true)
}

/// Reads a row of the positions of a unified account.
pub(super) fn of_unified(ws_key: WsKey, row: &UnifiedPositionRow) -> PositionReport {
    let side = row.position_side.as_ref().map(PositionSide::as_str);
    let mode = row.margin_mode.as_ref().map(MarginMode::as_str);
    let position = AccountPosition {
        margin_mode: margin_mode(mode, None),
        size: row.size.unwrap_or_default(),
        entry_price: row.entry_price,
        mark_price: row.mark_price,
        mark_value: row.position_value,
        liquidation_price: row.liquidation_price,
        leverage: row.leverage,
        margin: row.position_margin,
        initial_margin: row.initial_margin,
        maintenance_margin: row.maint_margin,
        unrealised_pnl: row.unrealised_pnl,
        realised_pnl: row.realised_pnl,
        opened_at: row.created_at,
        updated_at: row.updated_at,
        ..blank(ws_key, row.symbol.clone(), leg(side))
    };
    of_row(position, row.size.is_some())
}

fn of_row(position: AccountPosition, has_size: bool) -> PositionReport {
    PositionReport {
        position,
        has_size,
        is_live: false,
        stamp: Stamp::default(),
    }
}

/// Reads a row of a closed futures position.
pub(super) fn of_closed(row: ClosedPositionRow) -> Closing {
    Closing {
        reason: Some(Text::from(row.close_type.as_str())).filter(|reason| !reason.is_empty()),
        symbol: row.symbol,
        side: row.side,
        margin_mode: row.margin_mode,
        realised_pnl: row.pnl,
        opened_at: row.opened_at,
        closed_at: row.closed_at,
    }
}

/// Reads a row of a closed position of a unified account.
pub(super) fn of_unified_closed(row: UnifiedClosedPositionRow) -> Closing {
    Closing {
        symbol: row.symbol,
        side: row.side,
        margin_mode: row.margin_mode,
        realised_pnl: row.realised_pnl,
        reason: None,
        opened_at: row.created_at,
        closed_at: row.closed_at,
    }
}
