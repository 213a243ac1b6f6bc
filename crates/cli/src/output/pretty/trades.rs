//! Trades of spot beside those that orders tell, as lines: the tape of a market, and own fills with their fees.

use kucoin_streams::v1::{MarketMatch, SpotTradeFill};

use super::Told;
use super::columns::{head, head_of_trade, id, percent, shown, shown_or_untold, tail, terms};
use super::layout::{Part, Rank, part};
use super::paint::{Ink, safe};

pub(super) fn market_match(trade: &MarketMatch) -> Told {
    let mut parts = head(&trade.symbol, &trade.side, "");
    parts.extend(terms(
        &shown_or_untold(trade.size),
        &shown_or_untold(trade.price),
    ));
    for (label, order_id) in [
        ("taker", &trade.taker_order_id),
        ("maker", &trade.maker_order_id),
    ] {
        let id = tail(order_id.as_deref().unwrap_or("?"));
        let part = part(format!("{label} ")).and(Ink::Dim, id);
        parts.push(part.rank(Rank::Delta).apart());
    }
    Told::new(Ink::Magenta, "trade", parts)
}

pub(super) fn spot_fill(fill: &SpotTradeFill) -> Told {
    let mut parts = head_of_trade(&fill.symbol, &fill.side, fill.order_type.as_str());
    parts.extend(terms(
        &shown_or_untold(fill.size),
        &shown_or_untold(fill.price),
    ));
    if let Some(amount) = fill.fee {
        let currency = safe(fill.fee_currency.as_deref().unwrap_or_default());
        parts.push(fee(format!("fee {} {currency}", shown(amount)), 23));
        let rate = fill.fee_rate.map(|rate| format!("({})", percent(rate)));
        parts.extend(rate.map(|rate| part(rate).rank(Rank::Delta)));
    }
    parts.push(id(&fill.order_id));
    Told::new(Ink::Magenta, "fill", parts)
}

pub(super) fn fee(text: String, column: usize) -> Part {
    part(text).left(column, 0).apart()
}
