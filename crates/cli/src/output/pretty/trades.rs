//! Trades of spot beside those that orders tell, as lines: the tape of a market, and own fills with their fees.

use kucoin_streams::v1::{MarketMatch, SpotTradeFill};

use super::Told;
use super::columns::{head, percent, shown, shown_or_untold, tail, terms};
use super::paint::{Ink, Paint, safe};

pub(super) fn market_match(paint: Paint, trade: &MarketMatch) -> Told {
    let head = head(paint, &trade.symbol, &trade.side);
    let what = terms(&shown_or_untold(trade.size), &shown_or_untold(trade.price));
    let id = |id: &Option<_>| tail(paint, id.as_deref().unwrap_or("?"));
    let taker = id(&trade.taker_order_id);
    let maker = id(&trade.maker_order_id);
    let text = format!("{head}        {what}  taker {taker}  maker {maker}");
    (Ink::Magenta, "trade", text)
}

pub(super) fn spot_fill(paint: Paint, fill: &SpotTradeFill) -> Told {
    let head = head(paint, &fill.symbol, &fill.side);
    let what = terms(&shown_or_untold(fill.size), &shown_or_untold(fill.price));
    let rate = fill
        .fee_rate
        .map_or_else(String::new, |rate| format!(" ({})", percent(rate)));
    let fee = fill.fee.map_or_else(String::new, |fee| {
        let currency = safe(fill.fee_currency.as_deref().unwrap_or_default());
        format!("fee {} {currency}{rate}", shown(fee))
    });
    let order_type = safe(fill.order_type.as_str());
    let id = tail(paint, &fill.order_id);
    let text = format!("{head} {order_type:<6} {what}  {fee:<31} {id}");
    (Ink::Magenta, "fill", text)
}
