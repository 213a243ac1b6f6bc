//! The list of balances.

use kucoin_streams::{AccountBalance, Decimal, Kept};

use super::palette::Tone;
use super::table::{Table, TableColumn, TableRow, TextCell};
use crate::top::view::View;

const COLUMNS: &[TableColumn] = &[
    TableColumn::left("", 0),
    TableColumn::left("CURRENCY", 0),
    TableColumn::right("TOTAL", 0),
    TableColumn::right("AVAILABLE", 0),
    TableColumn::right("HOLD", 0),
    TableColumn::right("EQUITY", 1),
    TableColumn::right("LIABILITY", 1),
    TableColumn::right("UNREALISED", 2),
    TableColumn::right("POSITIONS", 3),
    TableColumn::right("ORDERS", 4),
];

/// Balances that are zero are left out.
pub(super) fn table(view: &View) -> Table {
    let balances = view.state.iter().flat_map(|state| state.balances());
    let mut some: Vec<_> = balances.filter(|balance| !is_zero(balance)).collect();
    // Stable: within an account by currency.
    some.sort_by_key(|balance| rank(&balance.account));
    Table {
        title: "Balances",
        columns: COLUMNS,
        rows: some.into_iter().map(row).collect(),
        empty: "no balance that is not zero",
    }
}

/// Returns the order of the accounts: those that trade most come first.
fn rank(account: &str) -> u8 {
    match account {
        "UNIFIED" | "trade" => 0,
        "futures" => 1,
        "margin" => 2,
        account if account.starts_with("isolated") => 3,
        _ => 4,
    }
}

fn is_zero(balance: &AccountBalance) -> bool {
    let amounts = [
        balance.total,
        balance.available,
        balance.hold,
        balance.equity,
        balance.liability,
    ];
    amounts.into_iter().flatten().all(|amount| amount.is_zero())
}

fn row(balance: Kept<'_, AccountBalance>) -> TableRow {
    let unless_zero = |amount: Option<Decimal>| amount.filter(|amount| !amount.is_zero());
    TableRow {
        is_live: balance.is_live(),
        cells: vec![
            TextCell::plain(&balance.account),
            TextCell::new(Tone::Bold, &balance.currency),
            TextCell::amount(balance.total),
            TextCell::amount(balance.available),
            TextCell::amount(balance.hold),
            TextCell::amount(balance.equity),
            TextCell::amount(unless_zero(balance.liability)),
            TextCell::profit(unless_zero(balance.unrealised_pnl)),
            TextCell::amount(unless_zero(balance.position_margin)),
            TextCell::amount(unless_zero(balance.order_margin)),
        ],
    }
}
