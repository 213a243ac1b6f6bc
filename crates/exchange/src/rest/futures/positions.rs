//! Futures positions now, and closed positions.

use rust_decimal::Decimal;

use super::{ANY_TIME, Answer, currency, required_contract, symbol};
use crate::engine::Side;
use crate::engine::futures::{
    IsolatedMargin, MarginMode, PositionSide, PositionState, SettleCurrency, ratio,
};
use crate::json::{Number, Object, OrNull, Raw, Stripped};
use crate::rest::history::{ClosedPosition, Row};
use crate::rest::paging::{Numbered, Window};
use crate::rest::{Ask, NULL, list};

const CLOSED_PAGES: Numbered = Numbered {
    number: "pageId",
    size: "limit",
    default: 10,
    sizes: (1, 200),
};
const CLOSED_TIME: Window = Window {
    names: ("from", "to"),
    ..ANY_TIME
};

pub(super) fn positions(ask: &Ask<'_>) -> Answer {
    let currency = currency(ask.query)?;
    let states = ask.engine.positions().filter(|state| {
        let is_wanted = currency.is_none_or(|wanted| wanted == state.settle_currency);
        // A contract, or in hedge mode a leg, is listed from its first position on, even if that is closed.
        is_wanted && state.opened_ms > 0
    });
    Ok(list(states.map(|state| write(ask, state))))
}

/// Writes the position of a contract; in hedge mode the long leg, or the short leg if only that is open.
pub(super) fn position(ask: &Ask<'_>) -> Answer {
    let symbol = required_contract(ask)?.market.symbol;
    let legs = || ask.engine.positions().filter(|it| it.symbol == symbol);
    let open = legs().find(|state| state.quantity != 0);
    open.or_else(|| legs().next())
        .map(|state| write(ask, state))
        .ok_or_else(|| super::invalid("symbol", "does not exist"))
}

/// Returns a position without the amounts that its pushes keep after it is closed.
fn cleared(state: PositionState) -> PositionState {
    if state.quantity != 0 {
        return state;
    }
    PositionState {
        average_entry: Decimal::ZERO,
        current_cost: Decimal::ZERO,
        realised_gross_cost: Decimal::ZERO,
        fees: Decimal::ZERO,
        funding: Decimal::ZERO,
        ..state
    }
}

/// Writes a position in JSON numbers. A cross position has no fields about its own margin.
fn write(ask: &Ask<'_>, state: PositionState) -> String {
    let state = cleared(state);
    let own = state.isolated.as_ref();
    let amount = |of: fn(&IsolatedMargin) -> Decimal| own.map(|own| Number(of(own)));
    let rate = own.map(|_| Number(state.maintenance_rate));
    let margin = own.map_or(state.initial_margin, |own| own.margin);
    let realised_cost = state.realised_gross_cost + state.commission();
    Object::new()
        .field("id", position_id(ask, &state))
        .field("symbol", state.symbol)
        .field("autoDeposit", own.map(|own| own.auto_deposit))
        .field("crossMode", state.margin_mode == MarginMode::Cross)
        .field("maintMarginReq", rate)
        .field("riskLimit", own.map(|own| own.risk_limit))
        .field("realLeverage", own.map(|_| Number(state.leverage)))
        .field("delevPercentage", Number(state.deleverage))
        .field(
            "openingTimestamp",
            (state.opened_ms > 0).then_some(state.opened_ms),
        )
        .field("currentTimestamp", ask.now_ms)
        .field("currentQty", state.quantity)
        .field("currentCost", Number(state.current_cost))
        .field("currentComm", Number(state.commission()))
        .field("unrealisedCost", Number(state.open_cost))
        .field("realisedGrossCost", Number(state.realised_gross_cost))
        .field("realisedCost", Number(realised_cost))
        .field("isOpen", state.quantity != 0)
        .field("markPrice", Number(state.mark_price))
        .field("markValue", Number(state.mark_value))
        .field("posCost", Number(state.open_cost))
        .field("posCross", amount(|own| own.added))
        .field("posCrossMargin", amount(|own| own.added))
        .field("posInit", Number(state.initial_margin))
        .field("posComm", amount(|own| own.closing_fee))
        .field("posCommCommon", amount(|own| own.closing_fee))
        .field("posLoss", amount(|own| own.funding_paid))
        .field("posMargin", Number(margin))
        .field("posFunding", amount(|own| own.funding_received))
        .field("posMaint", own.map(|_| Number(state.maintenance_margin)))
        .field(
            "maintMargin",
            own.map(|own| Number(own.margin + state.unrealised_pnl)),
        )
        .field("realisedGrossPnl", Number(state.realised_gross_pnl()))
        .field("realisedPnl", Number(state.realised_pnl()))
        .field("unrealisedPnl", Number(state.unrealised_pnl))
        .field(
            "unrealisedPnlPcnt",
            Number(ratio(state.unrealised_pnl, state.open_cost)),
        )
        .field(
            "unrealisedRoePcnt",
            Number(ratio(state.unrealised_pnl, state.initial_margin)),
        )
        .field("avgEntryPrice", Number(state.average_entry))
        .field("liquidationPrice", Number(state.liquidation_price))
        .field("bankruptPrice", Number(state.bankruptcy_price))
        .field("settleCurrency", state.settle_currency.as_str())
        .field("isInverse", state.settle_currency == SettleCurrency::Xbt)
        .field(
            "maintainMargin",
            own.map(|_| Number(state.maintenance_rate)),
        )
        .field("marginMode", state.margin_mode.as_str())
        .field("positionSide", state.position_side.as_str())
        .field("leverage", Stripped(state.leverage))
        .end()
}

/// Returns the ID of the position in a contract, or of one of its legs: the same for all that follow it.
fn position_id(ask: &Ask<'_>, state: &PositionState) -> String {
    let contracts = ask.engine.contracts().iter();
    let before = contracts.take_while(|contract| contract.market.symbol != state.symbol);
    let leg = match state.position_side {
        PositionSide::Both => 0,
        PositionSide::Long => 1,
        PositionSide::Short => 2,
    };
    (500_000_000_000_988_255 + 58_175 * before.count() + leg).to_string()
}

pub(super) fn closed(ask: &Ask<'_>) -> Answer {
    let symbol = symbol(ask)?;
    let window = CLOSED_TIME.read(ask)?;
    let rows = ask.history.closed.newest(ask.now_ms);
    let wanted = rows.filter(|row| {
        let is_wanted = symbol.is_none_or(|wanted| wanted == row.value.state.symbol);
        is_wanted && window.contains(&row.time_ms)
    });
    let page = CLOSED_PAGES.page(ask, wanted)?;
    Ok(page.write("currentPage", |row| closed_row(ask, row)))
}

fn closed_row(ask: &Ask<'_>, row: &Row<ClosedPosition>) -> String {
    let ClosedPosition {
        state,
        side,
        average_close,
        liquidated,
        ..
    } = &row.value;
    let (side, close_type) = match (side, liquidated) {
        (Side::Buy, false) => ("LONG", "CLOSE_LONG"),
        (Side::Sell, false) => ("SHORT", "CLOSE_SHORT"),
        (Side::Buy, true) => ("LONG", "LIQUID_LONG"),
        (Side::Sell, true) => ("SHORT", "LIQUID_SHORT"),
    };
    Object::new()
        .field("closeId", format!("5{:017}", row.id))
        .field("userId", ask.user.id)
        .field("symbol", state.symbol)
        .field("settleCurrency", state.settle_currency.as_str())
        .field("leverage", format!("{:.1}", state.leverage))
        .field("type", close_type)
        .field("pnl", state.realised_pnl())
        .field("realisedGrossCost", state.realised_gross_cost)
        .field("realisedGrossCostNew", state.realised_gross_cost)
        .field("withdrawPnl", "0.0")
        .field("tradeFee", state.fees)
        .field("fundingFee", state.funding)
        .field("openTime", state.opened_ms)
        .field("closeTime", row.time_ms)
        .field("openPrice", state.average_entry)
        .field("closePrice", *average_close)
        .field("marginMode", state.margin_mode.as_str())
        .field("tax", "0.0")
        .field("roe", Raw(NULL))
        .field("liquidAmount", Raw(NULL))
        .field("liquidPrice", OrNull(liquidated.then_some(*average_close)))
        .field("side", side)
        .end()
}
