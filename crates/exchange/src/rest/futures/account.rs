//! The futures account in one currency, funding settlements, and settings of contracts.

use rust_decimal::Decimal;

use super::{Answer, currency, required_contract};
use crate::engine::FundingEvent;
use crate::engine::futures::{Contract, MarginMode, SettleCurrency};
use crate::json::{Number, Object, Raw};
use crate::rest::history::{DAY_MS, Row};
use crate::rest::paging::{Offset, Window};
use crate::rest::{Ask, list};

/// Writes the account; in XBT without a currency.
pub(super) fn overview(ask: &Ask<'_>) -> Answer {
    let currency = currency(ask.query)?.unwrap_or(SettleCurrency::Xbt);
    let wallet = ask.engine.futures_wallet(currency);
    let unrealised = wallet.cross_unrealised_pnl + wallet.isolated_unrealised_pnl;
    let position_margin = wallet.cross_position_margin
        + wallet.isolated_position_margin
        + wallet.isolated_funding_margin;
    let order_margin = wallet.cross_order_margin + wallet.isolated_order_margin;
    Ok(Object::new()
        .field("accountEquity", Number(wallet.equity()))
        .field("unrealisedPNL", Number(unrealised))
        .field("marginBalance", Number(wallet.balance))
        .field("positionMargin", Number(position_margin))
        .field("orderMargin", Number(order_margin))
        .field("frozenFunds", Number(wallet.hold))
        .field("availableBalance", Number(wallet.available()))
        .field("availableMargin", Number(wallet.available_margin()))
        .field("currency", currency.as_str())
        .field("riskRatio", Number(cross_risk(ask, currency)))
        .field("maxWithdrawAmount", Number(wallet.max_withdraw()))
        .end())
}

/// Returns the risk ratio that all cross positions in a currency share; 0 without a position.
fn cross_risk(ask: &Ask<'_>, currency: SettleCurrency) -> Decimal {
    let mut cross = ask.engine.positions().filter(|it| {
        let is_cross = it.margin_mode == MarginMode::Cross;
        it.settle_currency == currency && is_cross && it.quantity != 0
    });
    cross.next().map_or(Decimal::ZERO, |it| it.risk_ratio)
}

const FUNDING_PAGES: Offset = Offset {
    default: 10,
    most: 100,
};
const THREE_MONTHS: Window = Window::up_to(90 * DAY_MS);

pub(super) fn funding(ask: &Ask<'_>) -> Answer {
    let contract = required_contract(ask)?;
    let window = THREE_MONTHS.read(ask)?;
    let rows = ask.history.funding.newest(ask.now_ms);
    let wanted = rows
        .filter(|row| row.value.symbol == contract.market.symbol && window.contains(&row.time_ms));
    let (rows, has_more) = FUNDING_PAGES.page(ask.query, wanted, |row| row.id)?;
    let rows = list(rows.into_iter().map(|row| settlement(contract, row)));
    Ok(Object::new()
        .field("dataList", Raw(&rows))
        .field("hasMore", has_more)
        .end())
}

fn settlement(contract: &Contract, row: &Row<FundingEvent>) -> String {
    let funding = &row.value;
    let mode = funding.margin_mode.as_str();
    let side = funding.position_side.as_str();
    let cost = contract.value(funding.quantity.into(), funding.mark_price);
    Object::new()
        .field("id", row.id)
        .field("symbol", funding.symbol)
        .field("timePoint", funding.time_ms)
        .field("fundingRate", Number(funding.rate))
        .field("markPrice", Number(funding.mark_price))
        .field("positionQty", funding.quantity)
        .field("positionCost", Number(cost))
        .field("funding", Number(funding.fee))
        .field("settleCurrency", funding.settle.as_str())
        .field(
            "context",
            format!(r#"{{"marginMode": "{mode}", "positionSide": "{side}"}}"#),
        )
        .field("marginMode", mode)
        .end()
}

pub(super) fn margin_mode(ask: &Ask<'_>) -> Answer {
    let contract = required_contract(ask)?;
    Ok(Object::new()
        .field("symbol", contract.market.symbol)
        .field("marginMode", contract.position.mode.as_str())
        .end())
}

/// Writes the leverage of cross mode, even if the contract is in isolated mode.
pub(super) fn cross_leverage(ask: &Ask<'_>) -> Answer {
    let contract = required_contract(ask)?;
    Ok(Object::new()
        .field("symbol", contract.market.symbol)
        .field("leverage", contract.position.cross_leverage)
        .end())
}
