//! What the unified connection tells, as lines: in the columns of V1, which may tell the same beside it.

use kucoin_streams::Decimal;
use kucoin_streams::pro::{
    Balance, Event, Execution, ExecutionLite, ExecutionType, Fill, Leverage, LiquidationWarning,
    Liquidity, Order, OrderEventType, OrderStatus, OrderType, Position, Side, SizeUnit,
    WarningType,
};
use kucoin_streams::v1;

use super::columns::{
    self, head, labelled, name, no_trade, percent, shown, shown_or_untold, signed, tail, terms,
    trade,
};
use super::paint::{Ink, Paint, safe};
use super::{Told, unknown};

pub(super) fn event(paint: Paint, event: &Event) -> Told {
    match event {
        Event::Order(event) => order(paint, event),
        Event::Execution(event) => execution(paint, event),
        Event::ExecutionLite(event) => execution_lite(paint, event),
        Event::Position(event) => position(paint, event),
        Event::Balance(event) => balance(paint, event),
        Event::LiquidationWarning(event) => warning(paint, event),
        Event::Leverage(event) => leverage(paint, event),
        other => unknown(other),
    }
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
        Some(fill) => {
            let liquidity = liquidity(event.liquidity.as_ref());
            trade(
                &unit.of_trade().write(Some(fill.size)),
                &shown(fill.price),
                &liquidity,
            )
        }
        None => {
            let price = event.limit_price();
            let price = price.map_or_else(|| "market".to_owned(), shown);
            no_trade(&unit.write(event.size), &price)
        }
    };
    let what = format!("{what}  {}", progress(event, unit));
    // Which order it comes from, and why it ended.
    let origin = event.origin_order_id();
    let origin = origin.map(|id| format!("{} {}", paint.ink(Ink::Dim, "of"), tail(paint, id)));
    let reason = event.cancel_reason.as_ref();
    let reason = reason.map(|reason| paint.ink(Ink::Dim, &safe(reason.as_str())));
    let notes: Vec<String> = [origin, reason].into_iter().flatten().collect();
    let head = market(paint, &event.symbol, &event.side);
    let order_type = order_type(event.order_type.as_ref());
    let line = columns::order(
        paint,
        (&head, &order_type),
        &what,
        &event.order_id,
        &notes.join("  "),
    );
    (ink, sort, line)
}

/// What was filled, of what; or what the order waits for.
fn progress(event: &Order, unit: Unit) -> String {
    if let (OrderStatus::NotTriggered, Some(price)) = (&event.status, event.trigger_price) {
        return format!("waits for {}", shown(price));
    }
    match (
        event.filled_size.filter(|filled| !filled.is_zero()),
        event.size,
    ) {
        (None, _) => String::new(),
        // What was filled of funds is told in the base currency.
        (Some(filled), Some(size)) if !event.is_done() && unit != Unit::Funds => {
            format!("filled {} of {}", shown(filled), shown(size))
        }
        (Some(filled), _) => format!("filled {}", shown(filled)),
    }
}

fn execution(paint: Paint, event: &Execution) -> Told {
    let (ink, forced) = match &event.execution_type {
        None | Some(ExecutionType::Normal) => (Ink::Magenta, None),
        Some(forced) => (Ink::Alarm, Some(safe(forced.as_str()))),
    };
    let fee = event.fee.map_or_else(String::new, |fee| {
        let currency = safe(event.fee_currency.as_deref().unwrap_or_default());
        format!("fee {} {currency}", shown(fee))
    });
    let closed = event.closed_pnl.filter(|profit| !profit.is_zero());
    let closed = closed.map(|profit| format!("closed {}", signed(paint, profit)));
    let forced = forced.map(|forced| paint.ink(Ink::Red, &forced));
    let notes: Vec<String> = [closed, forced].into_iter().flatten().collect();
    let what = fill(event.fill(), event.liquidity.as_ref());
    let head = market(paint, &event.symbol, &event.side);
    let order_type = order_type(event.order_type.as_ref());
    let line = columns::order(
        paint,
        (&head, &order_type),
        &format!("{what}  {fee}"),
        event.order_id().map_or("", |id| id),
        &notes.join("  "),
    );
    (ink, "fill", line)
}

fn execution_lite(paint: Paint, event: &ExecutionLite) -> Told {
    let what = fill(event.fill(), event.liquidity.as_ref());
    let head = market(paint, &event.symbol, &event.side);
    let order_type = order_type(event.order_type.as_ref());
    let id = event.order_id().map_or("", |id| id);
    let line = columns::order(paint, (&head, &order_type), &what, id, "");
    (Ink::Dim, "fill", line)
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
    let what = match size.is_zero() {
        true => format!("{:<27}", ""),
        false => {
            let entry = shown_or_untold(event.entry_price);
            terms(&format!("{} ct", shown(size.abs())), &entry)
        }
    };
    let mut parts = vec![what];
    if !size.is_zero() {
        parts.push(format!("mark {}", shown_or_untold(event.mark_price)));
        let unrealised = event.unrealised_pnl;
        parts.extend(unrealised.map(|it| format!("unrealised {}", signed(paint, it))));
    }
    let realised = event.realised_pnl;
    parts.extend(realised.map(|it| format!("realised {}", signed(paint, it))));
    if !size.is_zero() {
        let times = event
            .leverage
            .map(|times| format!("{}x", shown(times.normalize())));
        let mode = event.margin_mode.as_ref();
        let mode = mode.map(|mode| safe(&mode.as_str().to_lowercase()));
        let told: Vec<String> = [times, mode].into_iter().flatten().collect();
        parts.extend((!told.is_empty()).then(|| told.join(" ")));
    }
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
    let account = paint.ink(Ink::Dim, &format!("{:<24}", safe(event.account.as_str())));
    let rest = [
        ("total", event.balance),
        ("owed", event.liability),
        (
            "equity",
            event.equity.filter(|it| Some(*it) != event.balance),
        ),
    ];
    let rest = rest.map(|(label, amount)| labelled(paint, label, amount));
    let rest: Vec<String> = rest.into_iter().flatten().collect();
    // Where V1 says by how much an amount changed, there is nothing to say here.
    let text = format!(
        "{currency} {account} available {:>18} {:<17} hold {:>18}  {}",
        shown_or_untold(event.available),
        "",
        shown_or_untold(event.hold),
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

fn order_type(order_type: Option<&OrderType>) -> String {
    order_type.map_or_else(String::new, |it| it.as_str().to_lowercase())
}

fn liquidity(liquidity: Option<&Liquidity>) -> String {
    liquidity.map_or_else(String::new, |it| it.as_str().to_lowercase())
}

/// What sizes are counted in.
#[derive(Clone, Copy, PartialEq, Eq)]
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

    /// That of the trades of an order: they are told in the base currency where the order is by funds.
    fn of_trade(self) -> Self {
        match self {
            Self::Funds => Self::Currency,
            unit => unit,
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

/// A trade of which it is not told what its size is counted in.
fn fill(fill: Option<Fill>, of: Option<&Liquidity>) -> String {
    fill.map_or_else(
        || "a trade whose terms are not told".to_owned(),
        |fill| trade(&shown(fill.size), &shown(fill.price), &liquidity(of)),
    )
}
