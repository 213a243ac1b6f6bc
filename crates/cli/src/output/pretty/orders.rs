//! Orders and stop orders, of spot and of futures, as lines.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{
    FuturesOrder, FuturesOrderKind, FuturesStopOrder, FuturesStopPriceType, FuturesTradeType,
    Liquidity, OrderKind, OrderStatus, OrderType, Side, SpotOrder, SpotStopOrder, StopOrderType,
};

use super::columns::{self, head, no_trade, shown, shown_or_untold, tail, terms};
use super::paint::{Ink, Paint, safe};
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
}

/// How sizes are written.
#[derive(Clone, Copy)]
enum Amounts {
    /// In the base currency; where there is no size, the order is by funds.
    Base,
    Contracts,
}

impl Amounts {
    fn write(self, size: Option<Decimal>) -> String {
        match (self, size) {
            (Self::Base, Some(size)) => shown(size),
            (Self::Base, None) => "by funds".to_owned(),
            (Self::Contracts, size) => format!("{} ct", shown_or_untold(size)),
        }
    }
}

impl Order<'_> {
    /// The whole line; `note` stands at its end.
    fn line(&self, paint: Paint, what: &str, note: &str) -> String {
        let head = head(paint, self.symbol, self.side);
        let order_type = self.order_type.map_or("", OrderType::as_str);
        columns::order(paint, (&head, order_type), what, self.order_id, note)
    }

    /// The size that the order was placed with, at its limit.
    fn terms(&self) -> String {
        let price = self.price.map_or_else(|| "market".to_owned(), shown);
        no_trade(&self.amounts.write(self.size), &price)
    }

    fn trade(&self, size: Decimal, price: Decimal, liquidity: &str) -> String {
        let size = self.amounts.write(Some(size));
        let trade = columns::trade(&size, &shown(price), liquidity);
        format!("{trade}  {}", self.progress())
    }

    fn cut(&self, old: Option<Decimal>) -> String {
        format!("{}  was {}", self.terms(), shown_or_untold(old))
    }

    fn end(&self) -> String {
        format!("{}  {}", self.terms(), self.progress())
    }

    /// What was filled, of what.
    fn progress(&self) -> String {
        let filled = shown_or_untold(self.filled);
        match self.size {
            Some(size) if *self.status != OrderStatus::Done => {
                format!("filled {filled} of {}", shown(size))
            }
            _ => format!("filled {filled}"),
        }
    }
}

pub(super) fn spot(paint: Paint, event: &SpotOrder) -> Told {
    let order = Order {
        symbol: &event.symbol,
        side: &event.side,
        order_type: Some(&event.order_type),
        order_id: &event.order_id,
        status: &event.status,
        size: event.size.or(event.origin_size),
        price: event.price,
        filled: event.filled_size,
        amounts: Amounts::Base,
    };
    let (ink, sort, what) = match &event.kind {
        OrderKind::Received => (Ink::Dim, "received", order.terms()),
        OrderKind::Open => (Ink::Blue, "open", order.terms()),
        OrderKind::Match(fill) => {
            let what = order.trade(fill.size, fill.price, fill.liquidity.as_str());
            (Ink::Magenta, "match", what)
        }
        OrderKind::Update(update) => (Ink::Blue, "update", order.cut(update.old_size)),
        OrderKind::Filled => (Ink::Green, "filled", order.end()),
        OrderKind::Canceled => (Ink::Yellow, "canceled", order.end()),
        _ => return unknown(event),
    };
    (ink, sort, order.line(paint, &what, ""))
}

pub(super) fn futures(paint: Paint, event: &FuturesOrder) -> Told {
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
    };
    let liquidity = event.liquidity.as_ref().map_or("", Liquidity::as_str);
    let (ink, sort, what) = match &event.kind {
        FuturesOrderKind::Open => (Ink::Blue, "open", order.terms()),
        FuturesOrderKind::Match(fill) => {
            let what = order.trade(fill.size, fill.price, liquidity);
            (Ink::Magenta, "match", what)
        }
        FuturesOrderKind::MatchUntold => (Ink::Magenta, "match", order.end()),
        FuturesOrderKind::Update(update) => (Ink::Blue, "update", order.cut(update.old_size)),
        FuturesOrderKind::Filled => (Ink::Green, "filled", order.end()),
        FuturesOrderKind::Canceled => (Ink::Yellow, "canceled", order.end()),
        _ => return unknown(event),
    };
    // What the user did not ask for stands out.
    let (ink, note) = match &event.trade_type {
        Some(FuturesTradeType::Liquidation) => (Ink::Alarm, "LIQUIDATION"),
        Some(FuturesTradeType::AutoDeleveraging) => (Ink::Alarm, "DELEVERAGING"),
        Some(FuturesTradeType::Settlement) => (ink, "settlement of the contract"),
        _ => (ink, ""),
    };
    let line = order.line(paint, &what, &paint.ink(Ink::Red, note));
    (ink, sort, line)
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
    success: Option<bool>,
    error: Option<&'o str>,
}

impl Stop<'_> {
    fn told(self, paint: Paint) -> Told {
        let head = head(paint, self.symbol, self.side);
        let kind = safe(self.kind.as_str());
        let price = self.price.map_or_else(|| "market".to_owned(), shown);
        let what = format!("{}  {}", terms(&self.size, &price), self.trigger);
        let id = tail(paint, self.order_id);
        let failed = match (self.success, self.error) {
            (Some(false), Some(error)) => paint.ink(Ink::Red, &format!(" failed: {}", safe(error))),
            (Some(false), None) => paint.ink(Ink::Red, " failed"),
            _ => String::new(),
        };
        let text = format!("{head} {kind:<9} {what:<61} {id}{failed}");
        (Ink::Yellow, "stop", text)
    }
}

pub(super) fn spot_stop(paint: Paint, event: &SpotStopOrder) -> Told {
    let stop = Stop {
        symbol: &event.symbol,
        side: &event.side,
        kind: &event.kind,
        order_id: &event.order_id,
        size: Amounts::Base.write(event.size),
        price: event.order_price,
        trigger: trigger(event.stop.as_str(), event.stop_price),
        success: event.trigger_success,
        error: event.error.as_deref(),
    };
    stop.told(paint)
}

pub(super) fn futures_stop(paint: Paint, event: &FuturesStopOrder) -> Told {
    let of = match &event.stop_price_type {
        FuturesStopPriceType::Trade => " (last price)",
        FuturesStopPriceType::Mark => " (mark price)",
        FuturesStopPriceType::Index => " (index price)",
        _ => "",
    };
    let stop = Stop {
        symbol: &event.symbol,
        side: &event.side,
        kind: &event.kind,
        order_id: &event.order_id,
        size: Amounts::Contracts.write(event.size),
        price: event.order_price,
        trigger: trigger(event.stop.as_str(), event.stop_price) + of,
        success: event.trigger_success,
        error: event.error.as_deref(),
    };
    stop.told(paint)
}

fn trigger(stop: &str, price: Option<Decimal>) -> String {
    format!("{} at {}", safe(stop), shown_or_untold(price))
}
