//! What the unified connection tells, as lines. Each begins with a mark, for V1 may tell the same beside it.

use kucoin_streams::Decimal;
use kucoin_streams::pro::{
    Balance, Event, Execution, ExecutionLite, ExecutionType, Fill, Leverage, LiquidationWarning,
    Liquidity, Order, OrderEventType, OrderStatus, Position, Side, SizeUnit, WarningType,
};
use kucoin_streams::v1;

use super::columns::{head, labelled, name, percent, shown, shown_or_untold, signed, tail, terms};
use super::paint::{Ink, Paint, safe};
use super::{Told, unknown};

/// The mark of the connection.
const MARK: &str = "pro";

pub(super) fn event(paint: Paint, event: &Event) -> Told {
    let (ink, sort, text) = match event {
        Event::Order(event) => order(paint, event),
        Event::Execution(event) => execution(paint, event),
        Event::ExecutionLite(event) => execution_lite(paint, event),
        Event::Position(event) => position(paint, event),
        Event::Balance(event) => balance(paint, event),
        Event::LiquidationWarning(event) => warning(paint, event),
        Event::Leverage(event) => leverage(paint, event),
        other => return unknown(other),
    };
    (ink, sort, format!("{} {text}", paint.ink(Ink::Dim, MARK)))
}

fn order(paint: Paint, event: &Order) -> Told {
    let (ink, sort) = match &event.event_type {
        Some(OrderEventType::Open) => (Ink::Blue, "open"),
        Some(OrderEventType::Update) => (Ink::Blue, "update"),
        Some(OrderEventType::Match) => (Ink::Magenta, "match"),
        Some(OrderEventType::Fill) => (Ink::Green, "filled"),
        Some(OrderEventType::Cancel) => (Ink::Yellow, "canceled"),
        Some(OrderEventType::Trigger) => (Ink::Yellow, "triggered"),
        _ => (Ink::Plain, "order"),
    };
    let unit = Unit::of(event.size_unit.as_ref());
    let what = match event.fill() {
        Some(fill) => trade(&fill, unit, event.liquidity.as_ref()),
        None => {
            let price = event.limit_price();
            let price = price.map_or_else(|| "market".to_owned(), shown);
            format!("{}        ", terms(&unit.write(event.size), &price))
        }
    };
    let mut notes = vec![tail(paint, &event.order_id)];
    if let Some(filled) = event.filled_size.filter(|filled| !filled.is_zero()) {
        notes.insert(0, format!("filled {}", shown(filled)));
    }
    if let (OrderStatus::NotTriggered, Some(price)) = (&event.status, event.trigger_price) {
        notes.insert(
            0,
            paint.ink(Ink::Yellow, &format!("waits for {}", shown(price))),
        );
    }
    if let Some(origin) = event.origin_order_id() {
        notes.push(format!(
            "{} {}",
            paint.ink(Ink::Dim, "of"),
            tail(paint, origin)
        ));
    }
    if let Some(reason) = &event.cancel_reason {
        notes.push(paint.ink(Ink::Dim, &safe(reason.as_str())));
    }
    let order_type = event.order_type.as_ref().map_or("", |it| it.as_str());
    let order_type = safe(&order_type.to_lowercase());
    let head = market(paint, &event.symbol, &event.side);
    (
        ink,
        sort,
        format!("{head} {order_type:<6} {what}  {}", notes.join("  ")),
    )
}

fn execution(paint: Paint, event: &Execution) -> Told {
    let (ink, forced) = match &event.execution_type {
        None | Some(ExecutionType::Normal) => (Ink::Magenta, None),
        Some(forced) => (Ink::Alarm, Some(safe(forced.as_str()))),
    };
    let fee = event.fee.map(|fee| {
        let currency = safe(event.fee_currency.as_deref().unwrap_or_default());
        format!("fee {} {currency}", shown(fee))
    });
    let closed = event.closed_pnl.filter(|profit| !profit.is_zero());
    let closed = closed.map(|profit| format!("closed {}", signed(paint, profit)));
    let forced = forced.map(|forced| paint.ink(Ink::Red, &forced));
    let id = event.order_id().map(|id| tail(paint, id));
    let notes: Vec<String> = [fee, closed, forced, id].into_iter().flatten().collect();
    let what = fill(event.fill(), event.liquidity.as_ref());
    let head = market(paint, &event.symbol, &event.side);
    (
        ink,
        "fill",
        format!("{head}        {what}  {}", notes.join("  ")),
    )
}

fn execution_lite(paint: Paint, event: &ExecutionLite) -> Told {
    let what = fill(event.fill(), event.liquidity.as_ref());
    let id = event
        .order_id()
        .map_or_else(String::new, |id| tail(paint, id));
    let head = market(paint, &event.symbol, &event.side);
    (Ink::Dim, "fill", format!("{head}        {what}  {id}"))
}

fn position(paint: Paint, event: &Position) -> Told {
    let symbol = name(paint, &event.symbol);
    let size = event.size.unwrap_or_default();
    let (ink, direction) = match size {
        size if size.is_zero() => (Ink::Dim, "flat"),
        size if size.is_sign_negative() => (Ink::Red, "short"),
        _ => (Ink::Green, "long"),
    };
    let direction = paint.ink(ink, &format!("{direction:<5}"));
    let mut parts = Vec::new();
    if !size.is_zero() {
        let entry = shown_or_untold(event.entry_price);
        parts.push(terms(&format!("{} ct", shown(size.abs())), &entry));
        parts.push(format!("mark {}", shown_or_untold(event.mark_price)));
        parts.extend(
            event
                .unrealised_pnl
                .map(|it| format!("unrealised {}", signed(paint, it))),
        );
    }
    parts.extend(
        event
            .realised_pnl
            .map(|it| format!("realised {}", signed(paint, it))),
    );
    let liquidation = event
        .liquidation_price
        .filter(|price| !size.is_zero() && !price.is_zero());
    parts.extend(
        liquidation.map(|price| paint.ink(Ink::Yellow, &format!("liquidation {}", shown(price)))),
    );
    (
        Ink::Blue,
        "position",
        format!("{symbol} {direction} {}", parts.join("  ")),
    )
}

fn balance(paint: Paint, event: &Balance) -> Told {
    let currency = name(paint, &event.currency);
    let account = paint.ink(Ink::Dim, &format!("{:<9}", safe(event.account.as_str())));
    let rest = [
        labelled(paint, "hold", event.hold),
        labelled(paint, "owed", event.liability),
        labelled(
            paint,
            "equity",
            event.equity.filter(|it| Some(*it) != event.balance),
        ),
    ];
    let rest: Vec<String> = rest.into_iter().flatten().collect();
    let text = format!(
        "{currency} {account} total {:>18} available {:>18}  {}",
        shown_or_untold(event.balance),
        shown_or_untold(event.available),
        rest.join("  ")
    );
    (Ink::Cyan, "balance", text)
}

fn warning(paint: Paint, event: &LiquidationWarning) -> Told {
    let kind = match &event.warning {
        WarningType::MarginCall => "margin call".to_owned(),
        WarningType::ReduceOnly => "reduce only".to_owned(),
        WarningType::LiquidationWarning => "liquidation is near".to_owned(),
        WarningType::ForceLiquidation => "BEING LIQUIDATED".to_owned(),
        other => safe(other.as_str()),
    };
    let ratio = event.risk_ratio.map_or_else(|| "?".to_owned(), percent);
    let parts = [
        labelled(paint, "equity", event.equity),
        labelled(paint, "maintenance margin", event.maint_margin),
        labelled(paint, "owed", event.liability),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let told = paint.ink(Ink::Red, &format!("{kind}, risk {ratio}"));
    (
        Ink::Alarm,
        "warning",
        format!("{told}  {}", parts.join("  ")),
    )
}

fn leverage(paint: Paint, event: &Leverage) -> Told {
    let of = event.symbol.as_deref().or(event.currency.as_deref());
    let of = name(paint, of.unwrap_or("?"));
    let times = event.leverage.map(|times| shown(times.normalize()));
    let mode = event.margin_mode.as_ref().map_or("", |mode| mode.as_str());
    let text = format!(
        "{of} {}x {}",
        times.as_deref().unwrap_or("?"),
        safe(&mode.to_lowercase())
    );
    (Ink::Blue, "leverage", text)
}

/// Symbol and side, the latter as on the other connections.
fn market(paint: Paint, symbol: &str, side: &Side) -> String {
    let side = match side {
        Side::Buy => v1::Side::Buy,
        Side::Sell => v1::Side::Sell,
        other => v1::Side::Unknown(other.as_str().into()),
    };
    head(paint, symbol, &side)
}

/// What sizes are counted in.
#[derive(Clone, Copy)]
enum Unit {
    Currency,
    Funds,
    Contracts,
}

impl Unit {
    fn of(unit: Option<&SizeUnit>) -> Self {
        match unit {
            Some(SizeUnit::Contracts) => Self::Contracts,
            Some(SizeUnit::QuoteCurrency) => Self::Funds,
            _ => Self::Currency,
        }
    }

    fn write(self, size: Option<Decimal>) -> String {
        let size = shown_or_untold(size);
        match self {
            Self::Currency => size,
            Self::Funds => format!("for {size}"),
            Self::Contracts => format!("{size} ct"),
        }
    }
}

fn trade(fill: &Fill, unit: Unit, liquidity: Option<&Liquidity>) -> String {
    let unit = match unit {
        // A trade is told in the base currency.
        Unit::Funds => Unit::Currency,
        unit => unit,
    };
    let terms = terms(&unit.write(Some(fill.size)), &shown(fill.price));
    let liquidity = liquidity.map_or("", |it| it.as_str()).to_lowercase();
    format!("{terms}  {:<6}", safe(&liquidity))
}

fn fill(fill: Option<Fill>, liquidity: Option<&Liquidity>) -> String {
    fill.map_or_else(
        || "a trade whose terms are not told".to_owned(),
        |fill| trade(&fill, Unit::Currency, liquidity),
    )
}
