//! Futures fills.

use super::{Answer, Filters, PAGES, RECENT, display_type, margin_terms, order_type, symbol};
use crate::engine::{Liquidity, Terms};
use crate::json::{Object, Plain, Raw};
use crate::rest::history::{DAY_MS, FillRow, Row};
use crate::rest::paging::Window;
use crate::rest::{Ask, NULL, list};

/// Times of a fill list: with one time, the list has the fills of 24 hours.
const DAY_OF_WEEK: Window = Window {
    default_ms: DAY_MS,
    ..super::WEEK
};
/// Time from a fill to its `createdAt`.
const CREATED_AFTER_MS: u64 = 172;

pub(super) fn recent(ask: &Ask<'_>) -> Answer {
    let symbol = symbol(ask)?;
    let since = ask.now_ms.saturating_sub(RECENT.0);
    let rows = ask.history.futures.fills.newest(ask.now_ms);
    let recent = rows.filter(|row| {
        let is_wanted = symbol.is_none_or(|wanted| wanted == row.value.symbol);
        is_wanted && row.time_ms >= since
    });
    Ok(list(recent.take(RECENT.1).map(fill)))
}

pub(super) fn fills(ask: &Ask<'_>) -> Answer {
    let of_order = ask.query.get("orderId");
    // With an order ID, the other filters are ignored.
    let filters = match of_order {
        Some(_) => None,
        None => Some((Filters::read(ask)?, DAY_OF_WEEK.read(ask)?)),
    };
    let rows = ask.history.futures.fills.newest(ask.now_ms);
    let wanted = rows.filter(|row| {
        let fill = &row.value;
        let included = filters.as_ref().is_none_or(|(filters, window)| {
            let kinds = (
                fill.symbol,
                fill.side.as_str(),
                fill.at_market,
                is_stop(fill),
            );
            window.contains(&row.time_ms)
                && filters.include(kinds)
                && ask.query.lists("tradeTypes", trade_type(fill.terms))
        });
        included && of_order.is_none_or(|order_id| order_id == &*fill.classic_id)
    });
    let page = PAGES.page(ask, wanted)?;
    Ok(page.write("currentPage", |row| fill(row)))
}

/// Returns `true` for a fill of an order that was a stop order.
fn is_stop(fill: &FillRow) -> bool {
    fill.classic_id != fill.order_id
}

fn trade_type(terms: Terms) -> &'static str {
    match terms {
        Terms::Futures {
            liquidation: true, ..
        } => "liquid",
        _ => "trade",
    }
}

fn fill(row: &Row<FillRow>) -> String {
    let order = &row.value;
    let fill = &order.fill;
    let liquidity = match fill.liquidity {
        Liquidity::Maker => "maker",
        Liquidity::Taker => "taker",
    };
    let margin_mode = margin_terms(order.terms).map(|(mode, _)| mode.as_str());
    Object::new()
        .field("symbol", order.symbol)
        .field("tradeId", &*fill.trade_id)
        .field("orderId", &*order.classic_id)
        .field("side", order.side.as_str())
        .field("liquidity", liquidity)
        .field("forceTaker", false)
        .field("price", fill.price)
        .field("size", Plain(fill.size))
        .field("value", fill.value)
        .field("openFeePay", fill.fee - fill.closing_fee)
        .field("closeFeePay", fill.closing_fee)
        .field("stop", "")
        .field("feeRate", format!("{:.5}", fill.fee_rate))
        .field("fixFee", "0")
        .field("feeCurrency", order.fee_currency)
        .field("subTradeType", Raw(NULL))
        .field("marginMode", margin_mode)
        .field("positionSide", order.terms.leg())
        .field("openFeeTaxPay", "0")
        .field("closeFeeTaxPay", "0")
        .field("displayType", display_type(order.at_market, is_stop(order)))
        .field("fee", fill.fee)
        .field("settleCurrency", order.fee_currency)
        .field("orderType", order_type(order.at_market))
        .field("tradeType", trade_type(order.terms))
        .field("tradeTime", row.time_ms.saturating_mul(1_000_000))
        .field("createdAt", row.time_ms.saturating_add(CREATED_AFTER_MS))
        .end()
}
