//! What the unified connection tells, as lines: in the columns of V1, which may tell the same beside it.

use kucoin_streams::pro::{
    Balance, Execution, ExecutionLite, ExecutionType, Leverage, LiquidationWarning, MarginMode,
    Order, OrderEventType, OrderStatus, OrderType, Position, PositionSide, ProEvent, SizeUnit,
    WarningType,
};
use kucoin_streams::{Decimal, Fill, Liquidity, Side};

use super::balances::{account_part, changed};
use super::columns::{
    self, head, head_of_trade, id, labelled, leg, name, no_trade, percent, shown, shown_or_untold,
    signed, tail,
};
use super::layout::{Part, Rank, part};
use super::orders::{filled_of, progress};
use super::paint::{Ink, safe};
use super::trades::fee;
use super::{Told, positions, unknown};

pub(super) fn event(event: &ProEvent) -> Told {
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

fn order(event: &Order) -> Told {
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
    let market_or_trade = match event.fill() {
        Some(_) => market_of_trade,
        None => market,
    };
    let mut parts = market_or_trade(&event.symbol, &event.side, event.order_type.as_ref());
    parts.extend(match event.fill() {
        Some(fill) => columns::trade(
            &unit.of_trade().write(Some(fill.size)),
            &shown(fill.price),
            &liquidity(event.liquidity.as_ref()),
        ),
        None => {
            let price = event.limit_price();
            let price = price.map_or_else(|| "market".to_owned(), shown);
            no_trade(&unit.write(event.size), &price)
        }
    });
    parts.push(how_far(event, unit));
    parts.extend(leg_of(
        event.position_side.as_ref(),
        event.margin_mode.as_ref(),
    ));
    parts.push(id(&event.order_id));
    // Which order it comes from, and why it ended.
    parts.extend(event.origin_order_id().map(|origin| {
        let part = Part::of(Ink::Dim, "of ").and(Ink::Dim, tail(origin));
        part.rank(Rank::Delta)
    }));
    let reason = event.cancel_reason.as_ref();
    parts.extend(reason.map(|it| Part::of(Ink::Dim, safe(it.as_str())).words()));
    Told::new(ink, sort, parts)
}

/// Which of a contract's positions it is about.
fn leg_of(side: Option<&PositionSide>, mode: Option<&MarginMode>) -> Option<Part> {
    leg(side.map(PositionSide::as_str), mode.map(MarginMode::as_str))
}

/// What was filled, of what; or what the order waits for.
fn how_far(event: &Order, unit: Unit) -> Part {
    if let (OrderStatus::NotTriggered, Some(price)) = (&event.status, event.trigger_price) {
        return progress(format!("waits for {}", shown(price)));
    }
    match (
        event.filled_size.filter(|filled| !filled.is_zero()),
        event.size,
    ) {
        (None, _) => progress(String::new()),
        // What was filled of funds is told in the base currency.
        (Some(filled), Some(size)) if !event.is_done() && unit != Unit::Funds => {
            filled_of(shown(filled), shown(size))
        }
        (Some(filled), _) => progress(format!("filled {}", shown(filled))),
    }
}

fn execution(event: &Execution) -> Told {
    let (ink, forced) = match &event.execution_type {
        None | Some(ExecutionType::Normal) => (Ink::Magenta, None),
        Some(forced) => (Ink::Alarm, Some(safe(forced.as_str()))),
    };
    let mut parts = market_of_trade(&event.symbol, &event.side, event.order_type.as_ref());
    parts.extend(fill(event.fill(), event.liquidity.as_ref()));
    let paid = event.fee.map_or_else(String::new, |fee| {
        let currency = safe(event.fee_currency.as_deref().unwrap_or_default());
        format!("fee {} {currency}", shown(fee))
    });
    parts.push(fee(paid, 28).rank(Rank::Minor));
    parts.extend(leg_of(
        event.position_side.as_ref(),
        event.margin_mode.as_ref(),
    ));
    parts.push(id(event.order_id().map_or("", |id| id)));
    let closed = event.closed_pnl.filter(|profit| !profit.is_zero());
    parts.extend(closed.map(|profit| {
        let (ink, amount) = signed(profit);
        part("closed ").and(ink, amount)
    }));
    parts.extend(forced.map(|forced| Part::of(Ink::Red, forced)));
    Told::new(ink, "fill", parts)
}

fn execution_lite(event: &ExecutionLite) -> Told {
    let mut parts = market_of_trade(&event.symbol, &event.side, event.order_type.as_ref());
    parts.extend(fill(event.fill(), event.liquidity.as_ref()));
    parts.push(fee(String::new(), 28));
    parts.extend(leg_of(
        event.position_side.as_ref(),
        event.margin_mode.as_ref(),
    ));
    parts.push(id(event.order_id().map_or("", |id| id)));
    Told::new(Ink::Dim, "fill", parts)
}

fn position(event: &Position) -> Told {
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
        share: None,
        realised: event.realised_pnl,
        leverage: event.leverage,
        liquidation: event.liquidation_price,
    };
    let mut parts = position.parts();
    // Where nothing else says which of several positions is flat, its id does.
    let is_named = event.position_side.is_some() || !position.size.is_zero();
    let unnamed = event.position_id.as_ref().filter(|_| !is_named);
    parts.extend(unnamed.map(|id| {
        let part = Part::of(Ink::Dim, "id ").and(Ink::Dim, tail(id));
        part.apart()
    }));
    Told::new(Ink::Blue, "position", parts)
}

fn balance(event: &Balance) -> Told {
    let mut parts = vec![
        name(&event.currency),
        account_part(safe(event.account.as_str())),
    ];
    // Where V1 says by how much an amount changed, there is nothing to say here.
    parts.extend(changed("available", event.available, None));
    parts.extend(changed("hold", event.hold, None));
    let equity = event.equity.filter(|it| Some(*it) != event.balance);
    let rest = [
        ("total", event.balance),
        ("owed", event.liability),
        ("equity", equity),
    ];
    let rest = rest.map(|(label, amount)| labelled(label, amount));
    parts.extend(rest.into_iter().flatten().map(Part::apart));
    Told::new(Ink::Cyan, "balance", parts)
}

fn warning(event: &LiquidationWarning) -> Told {
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
    let mut parts = vec![Part::of(Ink::Red, format!("{kind}, risk {ratio}"))];
    parts.extend(amounts.into_iter().flatten().map(Part::apart));
    Told::new(Ink::Alarm, "warning", parts)
}

fn leverage(event: &Leverage) -> Told {
    let of = event.symbol.as_deref().or(event.currency.as_deref());
    let times = event.leverage.map(|times| shown(times.normalize()));
    let mut parts = vec![
        name(of.unwrap_or("?")),
        part(format!("{}x", times.as_deref().unwrap_or("?"))),
    ];
    parts.extend(leg_of(None, event.margin_mode.as_ref()));
    Told::new(Ink::Blue, "leverage", parts)
}

/// Symbol, side and type, the latter two as on the other connections.
fn market(symbol: &str, side: &Side, order_type: Option<&OrderType>) -> Vec<Part> {
    head(symbol, side, &pricing(order_type))
}

fn market_of_trade(symbol: &str, side: &Side, order_type: Option<&OrderType>) -> Vec<Part> {
    head_of_trade(symbol, side, &pricing(order_type))
}

fn pricing(order_type: Option<&OrderType>) -> String {
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
fn fill(fill: Option<Fill>, of: Option<&Liquidity>) -> Vec<Part> {
    match fill {
        Some(fill) => columns::trade(&shown(fill.size), &shown(fill.price), &liquidity(of)),
        None => vec![part("a trade whose terms are not told").words()],
    }
}
