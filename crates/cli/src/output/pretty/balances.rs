//! Lines of balances: spot accounts and the futures account.

use kucoin_streams::Decimal;
use kucoin_streams::core::Extra;
use kucoin_streams::v1::{Balance, FuturesWalletBalance, FuturesWalletChange};

use super::columns::{format_or_unknown, labelled, name, signed};
use super::layout::{Cell, Priority, cell};
use super::paint::{Style, safe};
use super::{LineContent, unknown};

pub(super) fn spot(balance: &Balance) -> LineContent {
    let reason = balance
        .relation_event
        .as_ref()
        .map_or_else(String::new, |event| safe(&event.to_string()));
    let account = reason.split('.').next().unwrap_or_default().to_owned();
    let mut cells = vec![
        name(&balance.currency),
        account_cell(reason).short_form(account),
    ];
    if (balance.available, balance.hold) == (None, None) {
        cells.extend(booked(balance.total, &balance.extra));
        return LineContent::new(Style::Cyan, "balance", cells);
    }
    cells.extend(changed(
        "available",
        balance.available,
        balance.available_change,
    ));
    cells.extend(changed("hold", balance.hold, balance.hold_change));
    LineContent::new(Style::Cyan, "balance", cells)
}

/// Returns the total after a booking and its change, as cells in columns.
///
/// Recovered balances have these instead of the available balance, because they come from a ledger.
pub(super) fn booked(total: Option<Decimal>, booking: &Extra) -> [Cell; 3] {
    let text = |name| {
        let raw = booking.get(name)?;
        Some(raw.as_str().trim_matches('"'))
    };
    let amount: Option<Decimal> = text("amount").and_then(|amount| amount.parse().ok());
    let change = match text("direction") {
        Some("in" | "IN") => amount,
        Some("out" | "OUT") => amount.map(|amount| -amount.abs()),
        _ => None,
    };
    changed("total", total, change)
}

/// Returns the account of a balance, and the cause of the change if known.
///
/// This cell is always shown, because it distinguishes the accounts.
pub(super) fn account_cell(account: String) -> Cell {
    Cell::of(Style::Dim, account).left(24, 14)
}

/// Returns an amount and its change, as cells in columns.
pub(super) fn changed(label: &str, amount: Option<Decimal>, change: Option<Decimal>) -> [Cell; 3] {
    let (style, change) = match change {
        Some(change) if !change.is_zero() => signed(change),
        _ => (Style::Plain, String::new()),
    };
    [
        cell(label),
        cell(format_or_unknown(amount))
            .right(18, 10)
            .with_previous(),
        Cell::of(style, change)
            .left(17, 0)
            .priority(Priority::Lowest),
    ]
}

pub(super) fn futures(change: &FuturesWalletChange) -> LineContent {
    let Some(currency) = change.currency() else {
        return unknown(change);
    };
    let mut cells = vec![name(currency)];
    match change {
        FuturesWalletChange::Balance(balance) => cells.extend(whole(balance)),
        FuturesWalletChange::OrderMargin(margin) => {
            cells.extend(one("order margin", margin.order_margin));
        }
        FuturesWalletChange::AvailableBalance(balance) => {
            cells.extend(one("available", balance.available_balance));
            cells.extend(one("hold", balance.hold_balance));
        }
        FuturesWalletChange::WithdrawHold(hold) => {
            cells.extend(one("withdraw hold", hold.withdraw_hold));
        }
        _ => return unknown(change),
    }
    LineContent::new(Style::Cyan, "wallet", cells)
}

pub(super) fn one(label: &str, amount: Option<Decimal>) -> [Cell; 2] {
    let amount = cell(format_or_unknown(amount)).right(18, 10);
    [cell(label), amount.with_previous()]
}

/// Returns equity, available balance, and every other amount that is not zero.
fn whole(balance: &FuturesWalletBalance) -> impl Iterator<Item = Cell> {
    let profit = [
        ("cross profit", balance.cross_unrealised_pnl),
        ("isolated profit", balance.isolated_unrealised_pnl),
    ];
    let profit = profit.into_iter().filter_map(|(label, amount)| {
        let (style, amount) = signed(amount.filter(|amount| !amount.is_zero())?);
        let cell = Cell::of(Style::Dim, label).append(Style::Plain, " ");
        Some(cell.append(style, amount).priority(Priority::Low))
    });
    let margins = [
        ("cross positions", balance.cross_position_margin),
        ("cross orders", balance.cross_order_margin),
        ("isolated positions", balance.isolated_position_margin),
        ("isolated orders", balance.isolated_order_margin),
        ("isolated funding", balance.isolated_funding_fee_margin),
        ("hold", balance.hold_balance),
    ];
    let margins = margins
        .into_iter()
        .filter_map(|(label, amount)| labelled(label, amount));
    let amounts = one("equity", balance.equity)
        .into_iter()
        .chain(one("available", balance.available_balance));
    amounts.chain(profit.chain(margins).map(Cell::wide_gap))
}
