//! Lines of Pro V2 events, in the same columns as V1.

use kucoin_streams::pro::{
    Balance, Execution, ExecutionLite, ExecutionType, Leverage, LiquidationWarning, MarginMode,
    Order, OrderEventType, OrderStatus, OrderType, Position, PositionSide, ProEvent, SizeUnit,
    WarningType,
};
use kucoin_streams::{Decimal, Fill, Liquidity, Side};

use super::balances::{account_cell, booked, changed};
use super::columns::{
    self, format_amount, format_or_unknown, head, head_of_trade, id, id_suffix, labelled, leg,
    name, order_terms, percent, signed,
};
use super::layout::{Cell, Priority, cell};
use super::orders::{filled_of, progress};
use super::paint::{Style, safe};
use super::trades::fee;
use super::{LineContent, positions, unknown};

pub(super) fn event(event: &ProEvent) -> LineContent {
    match event {
        ProEvent::Order(event) => order(event),
        ProEvent::Execution(event) => execution(event),
        ProEvent::ExecutionLite(event) => execution_lite(event),
        ProEvent::Position(event) => position(event),
        ProEvent::Balance(event) => balance(event),
        ProEvent::LiquidationWarning(event) => warning(event),
        ProEvent::Leverage(event) => leverage(event),
        other => unknown(other),
    }
}

fn order(event: &Order) -> LineContent {
    let (style, label) = match &event.event_type {
        Some(OrderEventType::Open) => (Style::Blue, "open"),
        Some(OrderEventType::Update) => (Style::Blue, "update"),
        Some(OrderEventType::Match) => (Style::Magenta, "match"),
        Some(OrderEventType::Fill) => (Style::Green, "filled"),
        Some(OrderEventType::Cancel) => (Style::Yellow, "canceled"),
        Some(OrderEventType::Trigger) => (Style::Yellow, "triggered"),
        Some(_) => (Style::Plain, "order"),
        None => recovered_label(event),
    };
    let unit = Unit::of(event.size_unit.as_ref());
    let market_or_trade = match event.fill() {
        Some(_) => market_of_trade,
        None => market,
    };
    let mut cells = market_or_trade(&event.symbol, &event.side, event.order_type.as_ref());
    cells.extend(match event.fill() {
        Some(fill) => columns::trade(
            &unit.of_trade().write(Some(fill.size)),
            &format_amount(fill.price),
            &liquidity(event.liquidity.as_ref()),
        ),
        None => {
            let price = event.limit_price();
            let price = price.map_or_else(|| "market".to_owned(), format_amount);
            order_terms(&unit.write(event.size), &price)
        }
    });
    cells.push(order_progress(event, unit));
    cells.extend(leg_of(
        event.position_side.as_ref(),
        event.margin_mode.as_ref(),
    ));
    cells.push(id(&event.order_id));
    // The order that it was created from, and why it was canceled.
    cells.extend(event.origin_order_id().map(|origin| {
        let cell = Cell::of(Style::Dim, "of ").append(Style::Dim, id_suffix(origin));
        cell.priority(Priority::Lowest)
    }));
    let reason = event.cancel_reason.as_ref();
    cells.extend(reason.map(|it| Cell::of(Style::Dim, safe(it.as_str())).shortenable()));
    LineContent::new(style, label, cells)
}

/// Returns the label of an order without an event type: REST has none.
fn recovered_label(event: &Order) -> (Style, &'static str) {
    match &event.status {
        _ if event.fill().is_some() => (Style::Magenta, "match"),
        OrderStatus::Filled => (Style::Green, "filled"),
        OrderStatus::Canceled | OrderStatus::PartiallyCanceled => (Style::Yellow, "canceled"),
        OrderStatus::Triggered => (Style::Yellow, "triggered"),
        OrderStatus::Live | OrderStatus::NotTriggered => (Style::Blue, "open"),
        _ => (Style::Plain, "order"),
    }
}

/// Returns position side and margin mode.
fn leg_of(side: Option<&PositionSide>, mode: Option<&MarginMode>) -> Option<Cell> {
    leg(side.map(PositionSide::as_str), mode.map(MarginMode::as_str))
}

/// Returns the fill progress, or the trigger price if the order has not triggered.
fn order_progress(event: &Order, unit: Unit) -> Cell {
    if let (OrderStatus::NotTriggered, Some(price)) = (&event.status, event.trigger_price) {
        return progress(format!("trigger at {}", format_amount(price)));
    }
    match (
        event.filled_size.filter(|filled| !filled.is_zero()),
        event.size,
    ) {
        (None, _) => progress(String::new()),
        // For an order by funds, the size is in the quote currency and the filled size in the base currency.
        (Some(filled), Some(size)) if !event.is_done() && unit != Unit::Funds => {
            filled_of(Some(filled), size)
        }
        (Some(filled), _) => progress(format!("filled {}", format_amount(filled))),
    }
}

fn execution(event: &Execution) -> LineContent {
    let (style, forced) = match &event.execution_type {
        None | Some(ExecutionType::Normal) => (Style::Magenta, None),
        Some(forced) => (Style::Alarm, Some(safe(forced.as_str()))),
    };
    let mut cells = market_of_trade(&event.symbol, &event.side, event.order_type.as_ref());
    cells.extend(fill(event.fill(), event.liquidity.as_ref()));
    let paid = event.fee.map_or_else(String::new, |fee| {
        let currency = safe(event.fee_currency.as_deref().unwrap_or_default());
        format!("fee {} {currency}", format_amount(fee))
    });
    cells.push(fee(paid, 28).priority(Priority::Low));
    cells.extend(leg_of(
        event.position_side.as_ref(),
        event.margin_mode.as_ref(),
    ));
    cells.push(id(event.order_id().map_or("", |id| id)));
    let closed = event.closed_pnl.filter(|profit| !profit.is_zero());
    cells.extend(closed.map(|profit| {
        let (style, amount) = signed(profit);
        cell("closed ").append(style, amount)
    }));
    cells.extend(forced.map(|forced| Cell::of(Style::Red, forced)));
    LineContent::new(style, "fill", cells)
}

fn execution_lite(event: &ExecutionLite) -> LineContent {
    let mut cells = market_of_trade(&event.symbol, &event.side, event.order_type.as_ref());
    cells.extend(fill(event.fill(), event.liquidity.as_ref()));
    cells.push(fee(String::new(), 28));
    cells.extend(leg_of(
        event.position_side.as_ref(),
        event.margin_mode.as_ref(),
    ));
    cells.push(id(event.order_id().map_or("", |id| id)));
    LineContent::new(Style::Dim, "fill", cells)
}

fn position(event: &Position) -> LineContent {
    let position = positions::Position {
        symbol: &event.symbol,
        size: event.size.unwrap_or_default(),
        side: event.position_side.as_ref().map(PositionSide::as_str),
        mode: event
            .margin_mode
            .as_ref()
            .map(|mode| safe(&mode.as_str().to_lowercase())),
        entry: event.entry_price,
        mark: event.mark_price,
        unrealised: event.unrealised_pnl,
        settle_currency: "",
        return_on_margin: None,
        realised: event.realised_pnl,
        leverage: event.leverage,
        liquidation: event.liquidation_price,
    };
    let mut cells = position.cells();
    // A flat position without a side is identified by its ID.
    let is_named = event.position_side.is_some() || !position.size.is_zero();
    let unnamed = event.position_id.as_ref().filter(|_| !is_named);
    cells.extend(unnamed.map(|id| {
        let cell = Cell::of(Style::Dim, "id ").append(Style::Dim, id_suffix(id));
        cell.wide_gap()
    }));
    LineContent::new(Style::Blue, "position", cells)
}

fn balance(event: &Balance) -> LineContent {
    let mut cells = vec![
        name(&event.currency),
        account_cell(safe(event.account.as_str())),
    ];
    if (event.available, event.hold) == (None, None) {
        cells.extend(booked(event.balance, &event.extra));
        return LineContent::new(Style::Cyan, "balance", cells);
    }
    // Pro V2 does not send the change of an amount, unlike V1.
    cells.extend(changed("available", event.available, None));
    cells.extend(changed("hold", event.hold, None));
    let equity = event.equity.filter(|it| Some(*it) != event.balance);
    let rest = [
        ("total", event.balance),
        ("owed", event.liability),
        ("equity", equity),
    ];
    let rest = rest.map(|(label, amount)| labelled(label, amount));
    cells.extend(rest.into_iter().flatten().map(Cell::wide_gap));
    LineContent::new(Style::Cyan, "balance", cells)
}

fn warning(event: &LiquidationWarning) -> LineContent {
    let kind = match &event.warning {
        WarningType::MarginCall => "margin call".to_owned(),
        WarningType::ReduceOnly => "reduce only".to_owned(),
        WarningType::LiquidationWarning => "liquidation is near".to_owned(),
        WarningType::ForceLiquidation => "BEING LIQUIDATED".to_owned(),
        other => safe(other.as_str()),
    };
    let ratio = event.risk_ratio.map_or_else(|| "?".to_owned(), percent);
    let amounts = [
        labelled("equity", event.equity),
        labelled("maintenance margin", event.maint_margin),
        labelled("owed", event.liability),
    ];
    let mut cells = vec![Cell::of(Style::Red, format!("{kind}, risk {ratio}"))];
    cells.extend(amounts.into_iter().flatten().map(Cell::wide_gap));
    LineContent::new(Style::Alarm, "warning", cells)
}

fn leverage(event: &Leverage) -> LineContent {
    let of = event.symbol.as_deref().or(event.currency.as_deref());
    let times = event.leverage.map(|times| format_amount(times.normalize()));
    let mut cells = vec![
        name(of.unwrap_or("?")),
        cell(format!("{}x", times.as_deref().unwrap_or("?"))),
    ];
    cells.extend(leg_of(None, event.margin_mode.as_ref()));
    LineContent::new(Style::Blue, "leverage", cells)
}

/// Returns symbol, side and order type.
fn market(symbol: &str, side: &Side, order_type: Option<&OrderType>) -> Vec<Cell> {
    head(symbol, side, &pricing(order_type))
}

fn market_of_trade(symbol: &str, side: &Side, order_type: Option<&OrderType>) -> Vec<Cell> {
    head_of_trade(symbol, side, &pricing(order_type))
}

fn pricing(order_type: Option<&OrderType>) -> String {
    order_type.map_or_else(String::new, |it| it.as_str().to_lowercase())
}

fn liquidity(liquidity: Option<&Liquidity>) -> String {
    liquidity.map_or_else(String::new, |it| it.as_str().to_lowercase())
}

/// Unit of a size.
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

    /// Returns the unit of an order's fills: the base currency if the order is by funds.
    fn of_trade(self) -> Self {
        match self {
            Self::Funds => Self::Currency,
            unit => unit,
        }
    }

    fn write(self, size: Option<Decimal>) -> String {
        let size = format_or_unknown(size);
        match self {
            Self::Currency => size,
            Self::Funds => format!("for {size}"),
            Self::Contracts => format!("{size} ct"),
        }
    }
}

/// Returns size and price of a fill, without the unit, because executions have no unit.
fn fill(fill: Option<Fill>, of: Option<&Liquidity>) -> Vec<Cell> {
    match fill {
        Some(fill) => columns::trade(
            &format_amount(fill.size),
            &format_amount(fill.price),
            &liquidity(of),
        ),
        None => vec![cell("fill without size or price").shortenable()],
    }
}
