//! Positions of the unified account: open, closed, their funding and their margin modes.

use super::super::history::{ClosedPosition, DAY_MS, Row};
use super::super::paging::Window;
use super::super::{Ask, list};
use super::{Answer, PAGES, ROWS, WEEK, contract, page};
use crate::CONTRACTS;
use crate::engine::futures::PositionState;
use crate::engine::{FundingEvent, Side};
use crate::json::{Object, Raw};
use crate::pro::order::nanoseconds;
use crate::pro::render::account::{position_id, position_margin};

const FUNDING_WINDOW: Window = Window {
    default_ms: 7 * DAY_MS,
    ..Window::up_to(90 * DAY_MS)
};

/// Writes open positions as they were last pushed, as an array without page numbers.
pub(super) fn open_list(ask: &Ask<'_>) -> Answer {
    let symbol = contract(ask.query)?;
    let wanted = |known: &&&str| symbol.is_none_or(|symbol| symbol == **known);
    let reported = CONTRACTS.iter().filter(wanted);
    let reported = reported.flat_map(|symbol| ask.history.positions(symbol));
    let page = PAGES.page(ask, reported.filter(|position| position.quantity != 0))?;
    Ok(page.items(|position| open(position)))
}

fn open(position: &PositionState) -> String {
    Object::new()
        .field("symbol", position.symbol)
        .field("id", position_id(position).to_string())
        .field("marginMode", position.margin_mode.as_str())
        .field("positionSide", position.position_side.of_leg())
        .field("size", position.quantity.to_string())
        .field("entryPrice", position.average_entry)
        .field("positionValue", position.mark_value)
        .field("positionMargin", position_margin(position))
        .field("markPrice", position.mark_price)
        .field("leverage", position.leverage)
        .field("unrealizedPnL", position.unrealised_pnl)
        .field("realizedPnL", position.realised_pnl())
        .field("initialMargin", position.initial_margin)
        .field("mmr", position.maintenance_rate)
        .field("maintenanceMargin", position.maintenance_margin)
        .field("liquidationPrice", position.liquidation_price)
        .field("riskRatio", position.risk_ratio)
        .field("adlPercentage", position.deleverage)
        .field("creationTime", nanoseconds(position.opened_ms))
        .field("updateTime", nanoseconds(position.time_ms))
        .end()
}

pub(super) fn history(ask: &Ask<'_>) -> Answer {
    let (symbol, window) = (contract(ask.query)?, WEEK.read(ask)?);
    let rows = ask.history.closed.newest(ask.now_ms).filter(|row| {
        let of_symbol = symbol.is_none_or(|symbol| symbol == row.value.state.symbol);
        of_symbol && window.contains(&row.time_ms)
    });
    let rows = ROWS.page(ask.query, rows, |row| row.id)?;
    Ok(page(None, &rows, |row| closed(row)))
}

fn closed(row: &Row<ClosedPosition>) -> String {
    let ClosedPosition { state, side, .. } = &row.value;
    let side = match side {
        Side::Buy => "LONG",
        Side::Sell => "SHORT",
    };
    Object::new()
        .field("symbol", state.symbol)
        .field("closeId", row.id.to_string())
        .field("marginMode", state.margin_mode.as_str())
        .field("side", side)
        .field("entryPrice", state.average_entry)
        .field("closePrice", row.value.close_price)
        .field("maxSize", row.value.max_size.to_string())
        .field("avgClosePrice", row.value.average_close)
        .field("leverage", state.leverage)
        .field("realizedPnL", state.realised_pnl())
        .field("fee", state.fees)
        .field("tax", "0")
        .field("fundingFee", state.funding)
        .field("closingTime", nanoseconds(state.time_ms))
        .field("creationTime", nanoseconds(state.opened_ms))
        .end()
}

pub(super) fn funding(ask: &Ask<'_>) -> Answer {
    let (symbol, window) = (contract(ask.query)?, FUNDING_WINDOW.read(ask)?);
    let rows = ask.history.funding.newest(ask.now_ms).filter(|row| {
        let of_symbol = symbol.is_none_or(|symbol| symbol == row.value.symbol);
        of_symbol && window.contains(&row.time_ms)
    });
    let rows = ROWS.page(ask.query, rows, |row| row.id)?;
    Ok(page(None, &rows, |row| settled(ask, &row.value)))
}

/// Writes a funding settlement, whose time is in milliseconds.
fn settled(ask: &Ask<'_>, funding: &FundingEvent) -> String {
    let (symbol, size) = (funding.symbol, funding.quantity);
    let value = ask
        .engine
        .contract_value(symbol, size.into(), funding.mark_price);
    Object::new()
        .field("symbol", symbol)
        .field("marginMode", funding.margin_mode.as_str())
        .field("fundingRate", funding.rate)
        .field("markPrice", funding.mark_price)
        .field("size", size.to_string())
        .field("positionValue", value.unwrap_or_default())
        .field("fundingFee", funding.fee)
        .field("settleCurrency", funding.settle.as_str())
        .field("settlementTime", funding.time_ms)
        .end()
}

pub(super) fn margin_mode(ask: &Ask<'_>) -> Answer {
    let symbol = contract(ask.query)?;
    let wanted = |known: &&&str| symbol.is_none_or(|symbol| symbol == **known);
    let contracts = ask.engine.contracts().iter();
    let items = contracts
        .filter(|contract| wanted(&&contract.market.symbol))
        .map(|contract| {
            Object::new()
                .field("symbol", contract.market.symbol)
                .field("marginMode", contract.position.mode.as_str())
                .end()
        });
    Ok(Object::new()
        .field("ts", ask.now_ms)
        .field("items", Raw(&list(items)))
        .end())
}
