//! Lines of orders and stop orders, spot and futures.

use kucoin_streams::v1::{
    FuturesOrder, FuturesOrderKind, FuturesStopOrder, FuturesTradeType, MarginMode, OrderKind,
    OrderStatus, OrderType, PositionSide, SpotOrder, SpotStopOrder,
};
use kucoin_streams::{Decimal, Liquidity, Side};

use super::columns::{
    self, format_amount, format_or_unknown, head, head_of_trade, id, leg, order_terms,
    size_and_price,
};
use super::layout::{Cell, Priority, cell};
use super::paint::{Style, safe};
use super::{LineContent, unknown};

/// An order, spot or futures, from an event or a row.
pub(super) struct Order<'o> {
    pub(super) symbol: &'o str,
    pub(super) side: &'o Side,
    pub(super) order_type: &'o str,
    pub(super) order_id: &'o str,
    pub(super) is_done: bool,
    /// Order size.
    pub(super) size: Option<Decimal>,
    pub(super) price: Option<Decimal>,
    pub(super) filled: Option<Decimal>,
    pub(super) amounts: Amounts,
    /// Position side and margin mode.
    pub(super) leg: Option<Cell>,
}

/// Unit of the sizes of an order.
#[derive(Clone, Copy)]
pub(super) enum Amounts {
    /// Base currency. An order without a size is by `funds`, which are in the quote currency.
    Base {
        funds: Option<Decimal>,
    },
    Contracts,
}

impl Amounts {
    pub(super) fn write(self, size: Option<Decimal>) -> String {
        match (self, size) {
            (Self::Base { .. }, Some(size)) => format_amount(size),
            (Self::Base { funds: Some(funds) }, None) => format!("for {}", format_amount(funds)),
            (Self::Base { funds: None }, None) => "by funds".to_owned(),
            (Self::Contracts, size) => format!("{} ct", format_or_unknown(size)),
        }
    }
}

impl Order<'_> {
    /// Returns the cells of the whole line, with `note` at the end.
    fn line(&self, label: &str, what: Vec<Cell>, note: Option<Cell>) -> Vec<Cell> {
        let mut cells = match label {
            "match" => head_of_trade(self.symbol, self.side, self.order_type),
            _ => head(self.symbol, self.side, self.order_type),
        };
        cells.extend(what);
        cells.extend(self.leg.clone());
        cells.push(id(self.order_id));
        cells.extend(note);
        cells
    }

    /// Returns size and limit price.
    fn terms(&self) -> Vec<Cell> {
        let price = self
            .price
            .map_or_else(|| "market".to_owned(), format_amount);
        order_terms(&self.amounts.write(self.size), &price)
    }

    fn open(&self) -> Vec<Cell> {
        self.with_progress(progress(String::new()))
    }

    /// Returns the line of an order that is open, with its fill progress.
    pub(super) fn state(&self) -> LineContent {
        let what = match self.filled.filter(|filled| !filled.is_zero()) {
            Some(_) => self.with_progress(self.progress()),
            None => self.open(),
        };
        LineContent::new(Style::Blue, "open", self.line("open", what, None))
    }

    /// Returns the cells of an `open` after `received`.
    ///
    /// They repeat the cells of `received`, and add that the order is in the book.
    fn open_after_received(&self) -> Vec<Cell> {
        self.with_progress(progress("resting".to_owned()).priority(Priority::Medium))
    }

    fn trade(&self, size: Decimal, price: Decimal, liquidity: &str) -> Vec<Cell> {
        let size = self.amounts.write(Some(size));
        let mut cells = columns::trade(&size, &format_amount(price), liquidity);
        cells.push(self.progress());
        cells
    }

    fn reduced(&self, old: Option<Decimal>) -> Vec<Cell> {
        self.with_progress(progress(format!("was {}", format_or_unknown(old))))
    }

    fn end(&self) -> Vec<Cell> {
        self.with_progress(self.progress())
    }

    fn with_progress(&self, progress: Cell) -> Vec<Cell> {
        let mut cells = self.terms();
        cells.push(progress);
        cells
    }

    /// Returns the fill progress.
    fn progress(&self) -> Cell {
        let filled = format_or_unknown(self.filled);
        match self.size {
            Some(size) if !self.is_done => filled_of(self.filled, size),
            _ => progress(format!("filled {filled}")),
        }
    }
}

/// Returns the fill progress of an open order: filled size and size.
///
/// If there is little room, the progress is a percentage.
pub(super) fn filled_of(filled: Option<Decimal>, size: Decimal) -> Cell {
    let text = format!(
        "filled {} of {}",
        format_or_unknown(filled),
        format_amount(size)
    );
    match filled.and_then(|filled| filled_percent(filled, size)) {
        Some(percent) => progress(text).short_form(format!("{percent} % filled")),
        None => progress(text),
    }
}

/// Returns the filled percentage, rounded down, so that only a filled order has 100 %.
fn filled_percent(filled: Decimal, size: Decimal) -> Option<Decimal> {
    let percent = filled.checked_mul(Decimal::ONE_HUNDRED)?;
    Some(percent.checked_div(size)?.floor())
}

/// Returns the progress of an order, in its column.
pub(super) fn progress(text: String) -> Cell {
    cell(text).left(28, 0).wide_gap()
}

pub(super) fn spot(event: &SpotOrder) -> LineContent {
    let order = Order {
        symbol: &event.symbol,
        side: &event.side,
        order_type: event.order_type.as_str(),
        order_id: &event.order_id,
        is_done: event.status == OrderStatus::Done,
        size: event.size.or(event.origin_size),
        price: event.price,
        filled: event.filled_size,
        amounts: Amounts::Base {
            funds: event.origin_funds.or(event.funds),
        },
        leg: None,
    };
    let (style, label, what) = match &event.kind {
        OrderKind::Received => (Style::Dim, "received", order.open()),
        OrderKind::Open => (Style::Blue, "open", order.open_after_received()),
        OrderKind::Match(fill) => {
            let what = order.trade(fill.size, fill.price, fill.liquidity.as_str());
            (Style::Magenta, "match", what)
        }
        OrderKind::IncompleteMatch => (Style::Magenta, "match", order.end()),
        OrderKind::Update(update) => (Style::Blue, "update", order.reduced(update.old_size)),
        OrderKind::Filled => (Style::Green, "filled", order.end()),
        OrderKind::Canceled if is_spent(event) => (Style::Green, "filled", order.end()),
        OrderKind::Canceled => (Style::Yellow, "canceled", order.end()),
        _ => return unknown(event),
    };
    let unspent = event.canceled_funds.or(event.remain_funds);
    let unspent = unspent.filter(|funds| label == "canceled" && !funds.is_zero());
    let note = unspent.map(|funds| cell(format!("{} unspent", format_amount(funds))));
    LineContent::new(style, label, order.line(label, what, note))
}

/// Returns `true` if an order by funds has used all its funds.
///
/// KuCoin reports such an order as canceled, because a remainder is released.
fn is_spent(event: &SpotOrder) -> bool {
    let is_zero = |amount: Option<Decimal>| amount.is_none_or(|amount| amount.is_zero());
    event.size.or(event.origin_size).is_none()
        && !is_zero(event.filled_size)
        && event.funds.or(event.origin_funds).is_some()
        && is_zero(event.remain_funds)
        && is_zero(event.canceled_funds)
}

pub(super) fn futures(event: &FuturesOrder) -> LineContent {
    let order = Order {
        symbol: &event.symbol,
        side: &event.side,
        order_type: event.order_type.as_ref().map_or("", OrderType::as_str),
        order_id: &event.order_id,
        is_done: event.status == OrderStatus::Done,
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
    let (style, label, what) = match &event.kind {
        FuturesOrderKind::Open => (Style::Blue, "open", order.open()),
        FuturesOrderKind::Match(fill) => {
            let what = order.trade(fill.size, fill.price, liquidity);
            (Style::Magenta, "match", what)
        }
        FuturesOrderKind::IncompleteMatch => (Style::Magenta, "match", order.end()),
        FuturesOrderKind::Update(update) => (Style::Blue, "update", order.reduced(update.old_size)),
        FuturesOrderKind::Filled => (Style::Green, "filled", order.end()),
        FuturesOrderKind::Canceled => (Style::Yellow, "canceled", order.end()),
        _ => return unknown(event),
    };
    // Forced trades are highlighted.
    let (style, note) = match &event.trade_type {
        Some(FuturesTradeType::Liquidation) => (Style::Alarm, Some("LIQUIDATION")),
        Some(FuturesTradeType::AutoDeleveraging) => (Style::Alarm, Some("DELEVERAGING")),
        Some(FuturesTradeType::Settlement) => (style, Some("settlement of the contract")),
        _ => (style, None),
    };
    let note = note.map(|note| Cell::of(Style::Red, note).shortenable());
    LineContent::new(style, label, order.line(label, what, note))
}

/// A stop order, spot or futures.
pub(super) struct StopOrder<'o> {
    pub(super) symbol: &'o str,
    pub(super) side: &'o Side,
    pub(super) kind: &'o str,
    pub(super) order_id: &'o str,
    pub(super) size: String,
    pub(super) price: Option<Decimal>,
    pub(super) trigger: String,
    /// Kind of price that triggers the stop order.
    pub(super) of: Option<&'static str>,
    pub(super) leg: Option<Cell>,
    pub(super) success: Option<bool>,
    pub(super) error: Option<&'o str>,
}

impl StopOrder<'_> {
    pub(super) fn line(self) -> LineContent {
        let mut cells = head(self.symbol, self.side, "");
        // The kind of a stop order is longer than an order type, so it has its own column.
        cells.truncate(2);
        cells.push(cell(safe(self.kind)).left(9, 9));
        let price = self
            .price
            .map_or_else(|| "market".to_owned(), format_amount);
        cells.extend(size_and_price(&self.size, &price));
        cells.push(cell(self.trigger).left(32, 0).wide_gap());
        cells.extend(self.of.map(|of| cell(of).priority(Priority::Medium)));
        cells.extend(self.leg);
        cells.push(id(self.order_id));
        let failed = match (self.success, self.error) {
            (Some(false), Some(error)) => Some(format!("failed: {}", safe(error))),
            (Some(false), None) => Some("failed".to_owned()),
            _ => None,
        };
        cells.extend(failed.map(|failed| Cell::of(Style::Red, failed).shortenable()));
        LineContent::new(Style::Yellow, "stop", cells)
    }
}

pub(super) fn spot_stop(event: &SpotStopOrder) -> LineContent {
    let stop = StopOrder {
        symbol: &event.symbol,
        side: &event.side,
        kind: event.kind.as_str(),
        order_id: &event.order_id,
        size: Amounts::Base { funds: None }.write(event.size),
        price: event.order_price,
        trigger: trigger(event.stop.as_str(), event.stop_price),
        of: None,
        leg: None,
        success: event.trigger_success,
        error: event.error.as_deref(),
    };
    stop.line()
}

pub(super) fn futures_stop(event: &FuturesStopOrder) -> LineContent {
    let of = price_kind(event.stop_price_type.as_str());
    let stop = StopOrder {
        symbol: &event.symbol,
        side: &event.side,
        kind: event.kind.as_str(),
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
    stop.line()
}

/// Names the price that triggers a futures stop order.
pub(super) fn price_kind(stop_price_type: &str) -> Option<&'static str> {
    match stop_price_type {
        "TP" => Some("(last price)"),
        "MP" => Some("(mark price)"),
        "IP" => Some("(index price)"),
        _ => None,
    }
}

pub(super) fn trigger(stop: &str, price: Option<Decimal>) -> String {
    format!("{} at {}", safe(stop), format_or_unknown(price))
}
