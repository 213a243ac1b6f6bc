//! Positions, their funding and their risk limits as V1 data: numbers are JSON numbers.

use super::super::nanoseconds;
use crate::engine::futures::{
    FundingEvent, FuturesPosition, MarginMode, PositionChange, RiskLimitEvent, ratio,
};
use crate::json::Object;

/// The whole position. A cross position has no margin of its own and none of the fields about it.
pub(super) fn position(change: PositionChange, position: &FuturesPosition) -> String {
    let own = position.isolated.as_ref();
    let mut data = Object::new()
        .word("symbol", position.symbol)
        .number("maintMarginReq", position.maintenance_rate);
    if let Some(own) = own {
        data = data
            .bare("riskLimit", own.risk_limit)
            .number("realLeverage", position.leverage);
    }
    data = data
        .bare("crossMode", position.margin_mode == MarginMode::Cross)
        .number("delevPercentage", position.deleverage)
        .bare("openingTimestamp", position.opened_ms);
    if let Some(own) = own {
        data = data.bare("autoDeposit", own.auto_deposit);
    }
    data = data
        .bare("currentTimestamp", position.time_ms)
        .bare("currentQty", position.quantity)
        .number("currentCost", position.current_cost)
        .number("currentComm", position.commission())
        .number("unrealisedCost", position.open_cost)
        .number(
            "realisedCost",
            position.realised_gross_cost + position.commission(),
        )
        .bare("isOpen", position.quantity != 0)
        .number("markPrice", position.mark_price)
        .number("markValue", position.mark_value)
        .number("posCost", position.open_cost);
    data = margins(data, position)
        .number("avgEntryPrice", position.average_entry)
        .number("liquidationPrice", position.liquidation_price)
        .number("bankruptPrice", position.bankruptcy_price)
        .word("settleCurrency", position.settle_currency.as_str())
        .word("changeReason", reason(change));
    if let Some(own) = own {
        data = data.bare("riskLimitLevel", own.risk_level);
    }
    data.number("realisedGrossCost", position.realised_gross_cost)
        .number("realisedGrossPnl", position.realised_gross_pnl())
        .number("realisedPnl", position.realised_pnl())
        .number("unrealisedPnl", position.unrealised_pnl)
        .number("unrealisedPnlPcnt", return_on_cost(position))
        .number("unrealisedRoePcnt", return_on_margin(position))
        .stripped("leverage", position.leverage)
        .word("marginMode", position.margin_mode.as_str())
        .word("positionSide", "BOTH")
        // Only some countries' users are taxed; this account is not.
        .bare("tax", 0)
        .number("dealComm", -position.fees)
        .number("fundingFee", position.funding)
        .end()
}

fn margins(data: Object, position: &FuturesPosition) -> Object {
    let Some(own) = &position.isolated else {
        return data
            .number("posInit", position.initial_margin)
            .number("posMaint", position.maintenance_margin);
    };
    data.number("posCross", own.added)
        .number("posInit", position.initial_margin)
        .number("posComm", own.closing_fee)
        .number("posLoss", own.funding_paid)
        .number("posMargin", own.margin)
        .number("posFunding", own.funding_received)
        .number("posMaint", position.maintenance_margin)
        .number("maintMargin", own.margin + position.unrealised_pnl)
}

/// The patch of a position whose mark price moved: without its quantity and its costs.
pub(super) fn mark_price(position: &FuturesPosition) -> String {
    let mut data = Object::new()
        .word("symbol", position.symbol)
        .number("markPrice", position.mark_price)
        .number("markValue", position.mark_value);
    if let Some(own) = &position.isolated {
        data = data
            .number("maintMargin", own.margin + position.unrealised_pnl)
            .number("realLeverage", position.leverage);
    }
    data.number("unrealisedPnl", position.unrealised_pnl)
        .number("unrealisedRoePcnt", return_on_margin(position))
        .number("unrealisedPnlPcnt", return_on_cost(position))
        .number("delevPercentage", position.deleverage)
        .bare("currentTimestamp", position.time_ms)
        .word("settleCurrency", position.settle_currency.as_str())
        .word("changeReason", reason(PositionChange::MarkPrice))
        .end()
}

fn return_on_cost(position: &FuturesPosition) -> crate::Decimal {
    ratio(position.unrealised_pnl, position.open_cost)
}

fn return_on_margin(position: &FuturesPosition) -> crate::Decimal {
    ratio(position.unrealised_pnl, position.initial_margin)
}

fn reason(change: PositionChange) -> &'static str {
    match change {
        PositionChange::Trade => "positionChange",
        PositionChange::Margin => "marginChange",
        PositionChange::RiskLimit => "changeRiskLimit",
        PositionChange::AutoDeposit => "autoAppendMarginStatusChange",
        PositionChange::Liquidation => "liquidation",
        PositionChange::MarkPrice => "markPriceChange",
    }
}

/// Without a symbol, as on the wire: on `/contract/positionAll` nobody can tell whose it is.
pub(super) fn settlement(funding: &FundingEvent) -> String {
    Object::new()
        .number("markPrice", funding.mark_price)
        .bare("qty", funding.quantity)
        .word("positionSide", "BOTH")
        .word("settleCurrency", funding.settle.as_str())
        .bare("fundingTime", funding.time_ms)
        .word("marginMode", funding.margin_mode.as_str())
        .number("fundingFee", funding.fee)
        .number("fundingRate", funding.rate)
        .bare("ts", nanoseconds(funding.time_ms))
        .end()
}

/// Without a symbol as well.
pub(super) fn risk_limit(limit: &RiskLimitEvent) -> String {
    Object::new()
        .bare("success", limit.outcome.is_ok())
        .bare("riskLimitLevel", limit.level)
        .string(
            "msg",
            limit.outcome.as_ref().err().map_or("", String::as_str),
        )
        .end()
}
