//! Spot events as lines that a trader reads at a glance.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{Balance, OrderKind, OrderStatus, Side, SpotOrder, SpotStopOrder};

use super::paint::{Ink, Paint, grouped, safe};

/// The ink of the sort, the sort, and the rest of the line.
pub(super) type Told = (Ink, &'static str, String);

pub(super) fn order(paint: Paint, order: &SpotOrder) -> Told {
    let (ink, sort) = match &order.kind {
        OrderKind::Received => (Ink::Dim, "received"),
        OrderKind::Open => (Ink::Blue, "open"),
        OrderKind::Match(_) => (Ink::Magenta, "match"),
        OrderKind::Update(_) => (Ink::Blue, "update"),
        OrderKind::Filled => (Ink::Green, "filled"),
        OrderKind::Canceled => (Ink::Yellow, "canceled"),
        _ => (Ink::Plain, "order"),
    };
    let what = match &order.kind {
        OrderKind::Match(fill) => {
            let liquidity = fill.liquidity.as_str();
            let trade = terms(Some(fill.size), Some(fill.price));
            format!("{trade}  {liquidity:<5}  {}", progress(order))
        }
        OrderKind::Filled | OrderKind::Canceled => {
            format!(
                "{}         {}",
                terms(whole(order), order.price),
                progress(order)
            )
        }
        OrderKind::Update(update) => {
            let old = update.old_size.map_or_else(|| "?".to_owned(), shown);
            format!("{}         was {old}", terms(whole(order), order.price))
        }
        _ => terms(whole(order), order.price),
    };
    let head = head(paint, &order.symbol, &order.side);
    let id = paint.ink(Ink::Dim, &tail(&order.order_id));
    let text = format!("{head} {:<6} {what:<60} {id}", order.order_type);
    (ink, sort, text)
}

pub(super) fn balance(paint: Paint, balance: &Balance) -> Told {
    let currency = paint.ink(Ink::Bold, &format!("{:<10}", safe(&balance.currency)));
    let available = amount(paint, balance.available, balance.available_change);
    let hold = amount(paint, balance.hold, balance.hold_change);
    let reason = balance
        .relation_event
        .as_ref()
        .map_or_else(String::new, |event| safe(&event.to_string()));
    let reason = paint.ink(Ink::Dim, &format!("{reason:<14}"));
    let text = format!("{currency} {reason} available {available} hold {hold}");
    (Ink::Cyan, "balance", text)
}

/// An amount and by how much it changed, in columns.
fn amount(paint: Paint, amount: Option<Decimal>, change: Option<Decimal>) -> String {
    let amount = amount.map_or_else(|| "?".to_owned(), shown);
    let (ink, change) = match change {
        Some(change) if change.is_zero() => (Ink::Plain, String::new()),
        Some(change) if change.is_sign_negative() => (Ink::Red, shown(change)),
        Some(change) => (Ink::Green, format!("+{}", shown(change))),
        None => (Ink::Plain, String::new()),
    };
    format!("{amount:>18} {}", paint.ink(ink, &format!("{change:<17}")))
}

pub(super) fn stop_order(paint: Paint, stop: &SpotStopOrder) -> Told {
    let head = head(paint, &stop.symbol, &stop.side);
    let trigger = stop.stop_price.map_or_else(|| "?".to_owned(), shown);
    let terms = terms(stop.size, stop.order_price);
    let failed = match (stop.trigger_success, &stop.error) {
        (Some(false), Some(error)) => paint.ink(Ink::Red, &format!(" failed: {}", safe(error))),
        _ => String::new(),
    };
    let kind = safe(stop.kind.as_str());
    let what = format!("{terms}  {} at {trigger}", safe(stop.stop.as_str()));
    let id = paint.ink(Ink::Dim, &tail(&stop.order_id));
    let text = format!("{head} {kind:<9} {what:<57} {id}{failed}");
    (Ink::Yellow, "stop", text)
}

/// Symbol and side.
fn head(paint: Paint, symbol: &str, side: &Side) -> String {
    let ink = match side {
        Side::Buy => Ink::Green,
        Side::Sell => Ink::Red,
        _ => Ink::Plain,
    };
    let symbol = paint.ink(Ink::Bold, &format!("{:<10}", safe(symbol)));
    let side = paint.ink(ink, &format!("{:<4}", safe(side.as_str())));
    format!("{symbol} {side}")
}

/// The size that the order was placed with, or its funds.
fn whole(order: &SpotOrder) -> Option<Decimal> {
    order.size.or(order.origin_size)
}

/// How much at what price, in columns.
fn terms(size: Option<Decimal>, price: Option<Decimal>) -> String {
    let size = size.map_or_else(|| "by funds".to_owned(), shown);
    let price = price.map_or_else(|| "market".to_owned(), shown);
    format!("{size:>12} @ {price:<12}")
}

/// What was filled, of what.
fn progress(order: &SpotOrder) -> String {
    let filled = order.filled_size.map_or_else(|| "?".to_owned(), shown);
    match whole(order) {
        Some(size) if order.status != OrderStatus::Done => {
            format!("filled {filled} of {}", shown(size))
        }
        _ => format!("filled {filled}"),
    }
}

fn shown(amount: Decimal) -> String {
    grouped(&amount.to_string())
}

/// The end of an id, which is where ids differ.
fn tail(id: &str) -> String {
    let id = safe(id);
    let skipped = id.chars().count().saturating_sub(8);
    match skipped {
        0 => id,
        _ => format!("…{}", id.chars().skip(skipped).collect::<String>()),
    }
}
