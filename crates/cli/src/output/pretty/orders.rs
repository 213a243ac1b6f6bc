//! Orders and stop orders, of spot and of futures, as lines.

use kucoin_streams::v1::{
    FuturesOrder, FuturesOrderKind, FuturesStopOrder, FuturesStopPriceType, FuturesTradeType,
    MarginMode, OrderKind, OrderStatus, OrderType, PositionSide, SpotOrder, SpotStopOrder,
    StopOrderType,
};
use kucoin_streams::{Decimal, Liquidity, Side};

use super::columns::{self, head, head_of_trade, id, leg, no_trade, shown, shown_or_untold, terms};
use super::layout::{Part, Rank, part};
use super::paint::{Ink, safe};
use super::{Told, unknown};

/// What an order's line shows, of spot or of futures.
struct Order<'o> {
    symbol: &'o str,
    side: &'o Side,
    order_type: Option<&'o OrderType>,
    order_id: &'o str,
    status: &'o OrderStatus,
    /// The size that the order was placed with.
    size: Option<Decimal>,
    price: Option<Decimal>,
    filled: Option<Decimal>,
    amounts: Amounts,
    /// Which of a contract's positions it changes.
    leg: Option<Part>,
}

/// How sizes are written.
#[derive(Clone, Copy)]
enum Amounts {
    /// In the base currency; if there is no size, the order is by these funds in the quote currency.
    Base {
        funds: Option<Decimal>,
    },
    Contracts,
}

impl Amounts {
    fn write(self, size: Option<Decimal>) -> String {
        match (self, size) {
            (Self::Base { .. }, Some(size)) => shown(size),
            (Self::Base { funds: Some(funds) }, None) => format!("for {}", shown(funds)),
            (Self::Base { funds: None }, None) => "by funds".to_owned(),
            (Self::Contracts, size) => format!("{} ct", shown_or_untold(size)),
        }
    }
}

impl Order<'_> {
    /// The whole line; `note` stands at its end.
    fn line(&self, sort: &str, what: Vec<Part>, note: Option<Part>) -> Vec<Part> {
        let order_type = self.order_type.map_or("", OrderType::as_str);
        let mut parts = match sort {
            "match" => head_of_trade(self.symbol, self.side, order_type),
            _ => head(self.symbol, self.side, order_type),
        };
        parts.extend(what);
        parts.extend(self.leg.clone());
        parts.push(id(self.order_id));
        parts.extend(note);
        parts
    }

    /// The size that the order was placed with, at its limit.
    fn terms(&self) -> Vec<Part> {
        let price = self.price.map_or_else(|| "market".to_owned(), shown);
        no_trade(&self.amounts.write(self.size), &price)
    }

    fn open(&self) -> Vec<Part> {
        self.with(progress(String::new()))
    }

    /// As its terms are those of `received` before it, it says that it is on the book now.
    fn open_after_received(&self) -> Vec<Part> {
        self.with(progress("resting".to_owned()).rank(Rank::Detail))
    }

    fn trade(&self, size: Decimal, price: Decimal, liquidity: &str) -> Vec<Part> {
        let size = self.amounts.write(Some(size));
        let mut parts = columns::trade(&size, &shown(price), liquidity);
        parts.push(self.progress());
        parts
    }

    fn cut(&self, old: Option<Decimal>) -> Vec<Part> {
        self.with(progress(format!("was {}", shown_or_untold(old))))
    }

    fn end(&self) -> Vec<Part> {
        self.with(self.progress())
    }

    fn with(&self, how_far: Part) -> Vec<Part> {
        let mut parts = self.terms();
        parts.push(how_far);
        parts
    }

    /// What was filled, of what.
    fn progress(&self) -> Part {
        let filled = shown_or_untold(self.filled);
        match self.size {
            Some(size) if *self.status != OrderStatus::Done => filled_of(self.filled, size),
            _ => progress(format!("filled {filled}")),
        }
    }
}

/// Fill progress of an open order: the filled size of its size, or in percent if there is little room.
pub(super) fn filled_of(filled: Option<Decimal>, size: Decimal) -> Part {
    let text = format!("filled {} of {}", shown_or_untold(filled), shown(size));
    match filled.and_then(|filled| filled_percent(filled, size)) {
        Some(percent) => progress(text).or(format!("{percent} % filled")),
        None => progress(text),
    }
}

/// Rounds down, so that only a filled order has 100 %.
fn filled_percent(filled: Decimal, size: Decimal) -> Option<Decimal> {
    let percent = filled.checked_mul(Decimal::ONE_HUNDRED)?;
    Some(percent.checked_div(size)?.floor())
}

/// How far an order is, in a column of its own.
pub(super) fn progress(how_far: String) -> Part {
    part(how_far).left(28, 0).apart()
}

pub(super) fn spot(event: &SpotOrder) -> Told {
    let order = Order {
        symbol: &event.symbol,
        side: &event.side,
        order_type: Some(&event.order_type),
        order_id: &event.order_id,
        status: &event.status,
        size: event.size.or(event.origin_size),
        price: event.price,
        filled: event.filled_size,
        amounts: Amounts::Base {
            funds: event.origin_funds.or(event.funds),
        },
        leg: None,
    };
    let (ink, sort, what) = match &event.kind {
        OrderKind::Received => (Ink::Dim, "received", order.open()),
        OrderKind::Open => (Ink::Blue, "open", order.open_after_received()),
        OrderKind::Match(fill) => {
            let what = order.trade(fill.size, fill.price, fill.liquidity.as_str());
            (Ink::Magenta, "match", what)
        }
        OrderKind::IncompleteMatch => (Ink::Magenta, "match", order.end()),
        OrderKind::Update(update) => (Ink::Blue, "update", order.cut(update.old_size)),
        OrderKind::Filled => (Ink::Green, "filled", order.end()),
        OrderKind::Canceled if is_spent(event) => (Ink::Green, "filled", order.end()),
        OrderKind::Canceled => (Ink::Yellow, "canceled", order.end()),
        _ => return unknown(event),
    };
    let unspent = event.canceled_funds.or(event.remain_funds);
    let unspent = unspent.filter(|funds| sort == "canceled" && !funds.is_zero());
    let note = unspent.map(|funds| part(format!("{} unspent", shown(funds))));
    Told::new(ink, sort, order.line(sort, what, note))
}

/// Whether an order by funds has bought for all of them: it ends as cancelled, for its last dust is released.
fn is_spent(event: &SpotOrder) -> bool {
    let is_zero = |amount: Option<Decimal>| amount.is_none_or(|amount| amount.is_zero());
    event.size.or(event.origin_size).is_none()
        && !is_zero(event.filled_size)
        && event.funds.or(event.origin_funds).is_some()
        && is_zero(event.remain_funds)
        && is_zero(event.canceled_funds)
}

pub(super) fn futures(event: &FuturesOrder) -> Told {
    let order = Order {
        symbol: &event.symbol,
        side: &event.side,
        order_type: event.order_type.as_ref(),
        order_id: &event.order_id,
        status: &event.status,
        size: event.size,
        price: event.limit_price(),
        filled: event.filled_size,
        amounts: Amounts::Contracts,
        leg: leg(
            event.position_side.as_ref().map(PositionSide::as_str),
            event.margin_mode.as_ref().map(MarginMode::as_str),
        ),
    };
    let liquidity = event.liquidity.as_ref().map_or("", Liquidity::as_str);
    let (ink, sort, what) = match &event.kind {
        FuturesOrderKind::Open => (Ink::Blue, "open", order.open()),
        FuturesOrderKind::Match(fill) => {
            let what = order.trade(fill.size, fill.price, liquidity);
            (Ink::Magenta, "match", what)
        }
        FuturesOrderKind::IncompleteMatch => (Ink::Magenta, "match", order.end()),
        FuturesOrderKind::Update(update) => (Ink::Blue, "update", order.cut(update.old_size)),
        FuturesOrderKind::Filled => (Ink::Green, "filled", order.end()),
        FuturesOrderKind::Canceled => (Ink::Yellow, "canceled", order.end()),
        _ => return unknown(event),
    };
    // What the user did not ask for stands out.
    let (ink, note) = match &event.trade_type {
        Some(FuturesTradeType::Liquidation) => (Ink::Alarm, Some("LIQUIDATION")),
        Some(FuturesTradeType::AutoDeleveraging) => (Ink::Alarm, Some("DELEVERAGING")),
        Some(FuturesTradeType::Settlement) => (ink, Some("settlement of the contract")),
        _ => (ink, None),
    };
    let note = note.map(|note| Part::of(Ink::Red, note).words());
    Told::new(ink, sort, order.line(sort, what, note))
}

/// What a stop order's line shows, of spot or of futures.
struct Stop<'o> {
    symbol: &'o str,
    side: &'o Side,
    kind: &'o StopOrderType,
    order_id: &'o str,
    size: String,
    price: Option<Decimal>,
    trigger: String,
    /// The price that triggers it.
    of: Option<&'static str>,
    leg: Option<Part>,
    success: Option<bool>,
    error: Option<&'o str>,
}

impl Stop<'_> {
    fn told(self) -> Told {
        let mut parts = head(self.symbol, self.side, "");
        // The kind of a stop is longer than the type of an order.
        parts.truncate(2);
        parts.push(part(safe(self.kind.as_str())).left(9, 9));
        let price = self.price.map_or_else(|| "market".to_owned(), shown);
        parts.extend(terms(&self.size, &price));
        parts.push(part(self.trigger).left(32, 0).apart());
        parts.extend(self.of.map(|of| part(of).rank(Rank::Detail)));
        parts.extend(self.leg);
        parts.push(id(self.order_id));
        let failed = match (self.success, self.error) {
            (Some(false), Some(error)) => Some(format!("failed: {}", safe(error))),
            (Some(false), None) => Some("failed".to_owned()),
            _ => None,
        };
        parts.extend(failed.map(|failed| Part::of(Ink::Red, failed).words()));
        Told::new(Ink::Yellow, "stop", parts)
    }
}

pub(super) fn spot_stop(event: &SpotStopOrder) -> Told {
    let stop = Stop {
        symbol: &event.symbol,
        side: &event.side,
        kind: &event.kind,
        order_id: &event.order_id,
        size: Amounts::Base { funds: None }.write(event.size),
        price: event.order_price,
        trigger: trigger(event.stop.as_str(), event.stop_price),
        of: None,
        leg: None,
        success: event.trigger_success,
        error: event.error.as_deref(),
    };
    stop.told()
}

pub(super) fn futures_stop(event: &FuturesStopOrder) -> Told {
    let of = match &event.stop_price_type {
        FuturesStopPriceType::Trade => Some("(last price)"),
        FuturesStopPriceType::Mark => Some("(mark price)"),
        FuturesStopPriceType::Index => Some("(index price)"),
        _ => None,
    };
    let stop = Stop {
        symbol: &event.symbol,
        side: &event.side,
        kind: &event.kind,
        order_id: &event.order_id,
        size: Amounts::Contracts.write(event.size),
        price: event.order_price,
        trigger: trigger(event.stop.as_str(), event.stop_price),
        of,
        leg: leg(
            event.position_side.as_ref().map(PositionSide::as_str),
            event.margin_mode.as_ref().map(MarginMode::as_str),
        ),
        success: event.trigger_success,
        error: event.error.as_deref(),
    };
    stop.told()
}

fn trigger(stop: &str, price: Option<Decimal>) -> String {
    format!("{} at {}", safe(stop), shown_or_untold(price))
}
