//! Lines of spot trades: public market matches, and own fills with fees.

use kucoin_streams::v1::{MarketMatch, SpotTradeFill};

use super::LineContent;
use super::columns::{
    format_amount, format_or_unknown, head, head_of_trade, id, id_suffix, percent, size_and_price,
};
use super::layout::{Cell, Priority, cell};
use super::paint::{Style, safe};

pub(super) fn market_match(trade: &MarketMatch) -> LineContent {
    let mut cells = head(&trade.symbol, &trade.side, "");
    cells.extend(size_and_price(
        &format_or_unknown(trade.size),
        &format_or_unknown(trade.price),
    ));
    for (label, order_id) in [
        ("taker", &trade.taker_order_id),
        ("maker", &trade.maker_order_id),
    ] {
        let id = id_suffix(order_id.as_deref().unwrap_or("?"));
        let cell = cell(format!("{label} ")).append(Style::Dim, id);
        cells.push(cell.priority(Priority::Lowest).wide_gap());
    }
    LineContent::new(Style::Magenta, "trade", cells)
}

pub(super) fn spot_fill(fill: &SpotTradeFill) -> LineContent {
    let mut cells = head_of_trade(&fill.symbol, &fill.side, fill.order_type.as_str());
    cells.extend(size_and_price(
        &format_or_unknown(fill.size),
        &format_or_unknown(fill.price),
    ));
    if let Some(amount) = fill.fee {
        let currency = safe(fill.fee_currency.as_deref().unwrap_or_default());
        cells.push(fee(format!("fee {} {currency}", format_amount(amount)), 23));
        let rate = fill.fee_rate.map(|rate| format!("({})", percent(rate)));
        cells.extend(rate.map(|rate| cell(rate).priority(Priority::Lowest)));
    }
    cells.push(id(&fill.order_id));
    LineContent::new(Style::Magenta, "fill", cells)
}

pub(super) fn fee(text: String, column: usize) -> Cell {
    cell(text).left(column, 0).wide_gap()
}
