//! Lines of the kept state of an account: orders, fills, balances, positions, margin, trust.

use kucoin_streams::kept::{AccountMargin, Discrepancy, MarginMode, PositionSide};
use kucoin_streams::{
    AccountBalance, AccountChange, AccountFill, AccountOrder, AccountPart, AccountPosition,
    Decimal, Liquidity, OrderOutcome, OrderPhase, Trust, WsKey,
};

use super::columns::{
    self, format_amount, format_or_unknown, head, id, labelled, leg, order_terms, percent,
};
use super::layout::{Cell, Priority};
use super::orders::{filled_of, progress};
use super::paint::{Style, safe};
use super::positions::Position;
use super::{LineContent, balances};
use crate::output::{AccountFact, AccountLine};

/// Returns the content of a line of the kept state.
pub(super) fn content(line: &AccountLine) -> LineContent {
    let mut content = match &line.fact {
        AccountFact::Trust(part, trust) => return trust_of(line.ws_key, *part, trust),
        AccountFact::Change(change) => change_line(change),
    };
    if let Some(trust) = line.trust.as_ref().filter(|trust| !trust.is_live()) {
        let mark = Cell::of(Style::Yellow, format!("?{}", trust.as_str()));
        content.cells.push(mark.wide_gap());
    }
    content
}

fn change_line(change: &AccountChange) -> LineContent {
    match change {
        AccountChange::Order(order) => self::order(order),
        AccountChange::Fill(fill) => self::fill(fill),
        AccountChange::Balance(balance) => self::balance(balance),
        AccountChange::Position(position) => self::position(position),
        AccountChange::Margin(margin) => self::margin(margin),
        AccountChange::Violation(violation) => alarm("violation", &violation.to_string()),
        AccountChange::Discrepancy(discrepancy) => alarm("unexplained", &unexplained(discrepancy)),
        other => super::unknown(other),
    }
}

fn alarm(label: &'static str, text: &str) -> LineContent {
    LineContent::text(Style::Alarm, label, Style::Yellow, safe(text))
}

fn trust_of(ws_key: WsKey, part: AccountPart, trust: &Trust) -> LineContent {
    let style = match trust {
        Trust::Live { .. } => Style::Green,
        _ => Style::Yellow,
    };
    let text = format!("{part} of {ws_key} {trust}");
    LineContent::text(style, "trust", style, safe(&text))
}

fn order(order: &AccountOrder) -> LineContent {
    let (style, label) = label_of(order);
    let order_type = order.order_type.as_ref().map_or("", |it| it.as_str());
    let mut cells = head(&order.symbol, &order.side, order_type);
    let size = match (order.size, order.funds) {
        (None, Some(funds)) => format!("for {}", format_amount(funds)),
        (size, _) => format_or_unknown(size),
    };
    let price = order
        .price
        .map_or_else(|| "market".to_owned(), format_amount);
    cells.extend(order_terms(&size, &price));
    cells.push(match order.size {
        _ if order.filled_size.is_zero() => progress(String::new()),
        Some(size) if order.is_open() => filled_of(Some(order.filled_size), size),
        _ => progress(format!("filled {}", format_amount(order.filled_size))),
    });
    let average = order.average_price();
    cells.extend(labelled(
        "average",
        average.map(|price| price.round_dp(8).normalize()),
    ));
    cells.extend(labelled("stop", order.stop_price));
    cells.extend(leg_of(
        order.position_side.as_ref(),
        order.margin_mode.as_ref(),
    ));
    cells.push(id(&order.order_id));
    let why = order.cancel_reason.as_deref().map(safe);
    cells.extend(why.map(|why| {
        Cell::of(Style::Dim, why)
            .shortenable()
            .priority(Priority::Low)
    }));
    LineContent::new(style, label, cells)
}

fn label_of(order: &AccountOrder) -> (Style, &'static str) {
    match (order.phase, order.outcome) {
        (OrderPhase::Waiting, _) => (Style::Blue, "waiting"),
        (OrderPhase::Open, _) => (Style::Blue, "open"),
        (_, Some(outcome)) => (Style::Plain, outcome_name(outcome)),
        (_, None) => (Style::Plain, "done"),
    }
}

/// Returns how an order ended, in one word.
pub(crate) fn outcome_name(outcome: OrderOutcome) -> &'static str {
    match outcome {
        OrderOutcome::Filled => "filled",
        OrderOutcome::PartlyFilled => "part fill",
        OrderOutcome::Canceled => "canceled",
        OrderOutcome::Triggered => "triggered",
        OrderOutcome::Failed => "failed",
        OrderOutcome::Vanished => "vanished",
        _ => "done",
    }
}

fn fill(fill: &AccountFill) -> LineContent {
    let trade = &fill.fill;
    let mut cells = head(&trade.symbol, &trade.side, "");
    let liquidity = trade.liquidity.as_ref().map_or("", Liquidity::as_str);
    let (size, price) = (format_amount(trade.size), format_amount(trade.price));
    cells.extend(columns::trade(&size, &price, liquidity));
    if let Some(fee) = trade.fee {
        let currency = safe(trade.fee_currency.as_deref().unwrap_or_default());
        cells.push(progress(format!("fee {} {currency}", format_amount(fee))));
    }
    cells.extend(trade.order_id.as_deref().map(id));
    LineContent::new(Style::Magenta, "fill", cells)
}

fn balance(balance: &AccountBalance) -> LineContent {
    let mut cells = vec![
        columns::name(&balance.currency),
        balances::account_cell(safe(&balance.account)),
    ];
    let first = match (balance.available, balance.total) {
        (Some(available), _) => ("available", Some(available)),
        (None, total) => ("total", total),
    };
    cells.extend(balances::one(first.0, first.1));
    cells.extend(balances::one("hold", balance.hold.or(Some(Decimal::ZERO))));
    let amounts = [
        ("equity", balance.equity),
        ("liability", balance.liability),
        ("position margin", balance.position_margin),
        ("order margin", balance.order_margin),
        ("unrealised", balance.unrealised_pnl),
    ];
    let others = amounts
        .into_iter()
        .filter_map(|(label, amount)| labelled(label, amount));
    cells.extend(others.map(Cell::wide_gap));
    LineContent::new(Style::Cyan, "balance", cells)
}

fn position(position: &AccountPosition) -> LineContent {
    let mode = position.margin_mode.as_ref().map(MarginMode::as_str);
    let shown = Position {
        symbol: &position.symbol,
        size: position.size,
        side: Some(position.side.as_str()),
        mode: mode.map(|mode| safe(&mode.to_lowercase())),
        entry: position.entry_price,
        mark: position.mark_price,
        unrealised: position.unrealised_pnl,
        settle_currency: position.settle_currency.as_deref().unwrap_or_default(),
        return_on_margin: None,
        realised: position.realised_pnl,
        leverage: position.leverage,
        liquidation: position.liquidation_price,
    };
    LineContent::new(Style::Cyan, "position", shown.cells())
}

fn leg_of(side: Option<&PositionSide>, mode: Option<&MarginMode>) -> Option<Cell> {
    leg(side.map(PositionSide::as_str), mode.map(MarginMode::as_str))
}

fn margin(margin: &AccountMargin) -> LineContent {
    LineContent::text(Style::Cyan, "margin", Style::Plain, margin_text(margin))
}

/// Returns the debts, the risk and the settings of an account in one line.
pub(crate) fn margin_text(margin: &AccountMargin) -> String {
    let mut facts = Vec::new();
    let ratio = |ratio: Option<Decimal>| ratio.map_or_else(|| "?".to_owned(), percent);
    if let Some(cross) = &margin.cross {
        let status = cross.status.as_deref().unwrap_or_default();
        facts.push(format!("cross debt {} {status}", ratio(cross.debt_ratio)));
    }
    for one in &margin.isolated {
        let status = one.status.as_deref().unwrap_or_default();
        let debt = ratio(one.debt_ratio);
        facts.push(format!("{} debt {debt} {status}", one.symbol));
    }
    if let Some(risk) = &margin.unified {
        let warning = risk.warning.as_deref().unwrap_or_default();
        let equity = format_or_unknown(risk.equity);
        facts.push(format!(
            "risk {} equity {equity} {warning}",
            ratio(risk.risk_ratio)
        ));
    }
    for setting in &margin.settings {
        let mode = setting.margin_mode.as_ref().map_or("", |it| it.as_str());
        let times = setting.cross_leverage;
        let times = times.map_or_else(String::new, |times| format!("{}x", format_amount(times)));
        facts.push(format!("{} {} {times}", setting.name, mode.to_lowercase()));
    }
    let facts = facts.iter().map(|fact| {
        let words: Vec<&str> = fact.split_whitespace().collect();
        words.join(" ")
    });
    safe(&facts.collect::<Vec<_>>().join(", "))
}

/// Returns what a discrepancy leaves unexplained.
pub(crate) fn unexplained(discrepancy: &Discrepancy) -> String {
    let amounts = discrepancy.amounts.iter().map(|one| {
        let account = one.account.as_deref().unwrap_or_default();
        format!("{} {} {account}", format_amount(one.amount), one.currency)
            .trim_end()
            .to_owned()
    });
    let amounts: Vec<String> = amounts.collect();
    format!("nothing explains {}", amounts.join(", "))
}
