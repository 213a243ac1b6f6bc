//! The list of recent fills and of orders that are done, the latest first.

use std::cmp::Reverse;

use kucoin_streams::{
    AccountFill, AccountOrder, AccountState, Kept, Liquidity, OrderOutcome, OrderPhase, Timestamp,
};

use super::orders::side;
use super::palette::Tone;
use super::table::{Table, TableColumn, TableRow, TextCell, compact};
use crate::output::{outcome_name, time_of_day};
use crate::top::view::View;

/// Number of entries that are shown.
const MAX_ROWS: usize = 200;

const COLUMNS: &[TableColumn] = &[
    TableColumn::left("", 0),
    TableColumn::left("EVENT", 0),
    TableColumn::left("SYMBOL", 0),
    TableColumn::left("SIDE", 0),
    TableColumn::right("SIZE", 0),
    TableColumn::right("PRICE", 0),
    TableColumn::right("FEE", 1),
    TableColumn::left("CURR", 1),
    TableColumn::left("ROLE", 2),
    TableColumn::left("NOTE", 3),
];

pub(super) fn table(view: &View) -> Table {
    let rows = view.state.as_deref().map(rows).unwrap_or_default();
    Table {
        title: "History",
        columns: COLUMNS,
        rows,
        empty: "no fill and no order that is done",
    }
}

fn rows(state: &AccountState) -> Vec<TableRow> {
    let done = state
        .orders()
        .filter(|order| order.phase == OrderPhase::Done);
    let done = done.map(|order| {
        let at = order.ended_at.or(order.updated_at);
        (at, order_row(order, at))
    });
    let fills = state.fills().rev().take(MAX_ROWS);
    let fills = fills.map(|fill| (fill.fill.time, fill_row(fill)));
    // An order comes before its last fill, which has the same time.
    let mut rows: Vec<_> = done.chain(fills).collect();
    // Stable: the latest first, what has no time last.
    rows.sort_by_key(|(at, _)| Reverse(*at));
    rows.truncate(MAX_ROWS);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn time(at: Option<Timestamp>) -> TextCell {
    let mut time = at.map_or_else(|| "--:--:--".to_owned(), time_of_day);
    time.truncate("00:00:00".len());
    TextCell::new(Tone::Dim, &time)
}

fn fill_row(fill: Kept<'_, AccountFill>) -> TableRow {
    let trade = &fill.fill;
    let mut notes = Vec::new();
    notes.extend(
        fill.forced
            .map(|forced| format!("{forced:?}").to_lowercase()),
    );
    notes.extend(fill.is_self_trade.then(|| "self-trade".to_owned()));
    notes.extend(fill.is_recovered.then(|| "recovered".to_owned()));
    TableRow {
        is_live: fill.is_live(),
        cells: vec![
            time(trade.time),
            TextCell::plain("fill"),
            TextCell::new(Tone::Bold, &trade.symbol),
            side(&trade.side),
            TextCell::plain(&compact(trade.size)),
            TextCell::plain(&compact(trade.price)),
            TextCell::amount(trade.fee),
            TextCell::plain(trade.fee_currency.as_deref().unwrap_or_default()),
            TextCell::plain(trade.liquidity.as_ref().map_or("", Liquidity::as_str)),
            TextCell::new(Tone::Dim, &notes.join(", ")),
        ],
    }
}

fn order_row(order: Kept<'_, AccountOrder>, at: Option<Timestamp>) -> TableRow {
    let outcome = order.outcome.map_or("done", outcome_name);
    let tone = match order.outcome {
        Some(OrderOutcome::Filled) => Tone::Good,
        Some(OrderOutcome::Failed | OrderOutcome::Vanished) => Tone::Warn,
        _ => Tone::Plain,
    };
    let price = order.average_price().or(order.price);
    let why = order.cancel_reason.as_deref().unwrap_or_default();
    let filled = compact(order.filled_size);
    let size = match order.size {
        Some(size) if size != order.filled_size => format!("{filled}/{}", compact(size)),
        _ => filled,
    };
    TableRow {
        is_live: order.is_live(),
        cells: vec![
            time(at),
            TextCell::new(tone, outcome),
            TextCell::new(Tone::Bold, &order.symbol),
            side(&order.side),
            TextCell::plain(&size),
            TextCell::amount(price),
            TextCell::empty(),
            TextCell::empty(),
            TextCell::empty(),
            TextCell::new(Tone::Dim, why),
        ],
    }
}
