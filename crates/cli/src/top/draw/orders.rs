//! The list of open orders.

use std::cmp::Reverse;

use kucoin_streams::kept::{OrderType, PositionSide};
use kucoin_streams::{AccountOrder, Kept, OrderPhase, Side, Timestamp};

use super::palette::Tone;
use super::table::{Table, TableColumn, TableRow, TextCell, compact};
use crate::top::view::View;

const COLUMNS: &[TableColumn] = &[
    TableColumn::left("", 0),
    TableColumn::left("SIDE", 0),
    TableColumn::left("LEG", 3),
    TableColumn::left("TYPE", 4),
    TableColumn::right("PRICE", 0),
    TableColumn::right("SIZE", 0),
    TableColumn::right("FILLED", 0),
    TableColumn::right("AVERAGE", 2),
    TableColumn::right("STOP", 1),
    TableColumn::right("AGE", 1),
    TableColumn::left("ORDER ID", 5),
];

pub(super) fn table(view: &View) -> Table {
    let orders = view.state.iter().flat_map(|state| state.open_orders());
    let mut orders: Vec<_> = orders.collect();
    // The newest first; orders without a time last.
    orders.sort_by_key(|order| Reverse(order.placed_at));
    Table {
        title: "Orders",
        columns: COLUMNS,
        rows: orders.iter().map(|order| row(*order, view.now)).collect(),
        empty: "no open order",
    }
}

fn row(order: Kept<'_, AccountOrder>, now: Timestamp) -> TableRow {
    let order_type = order.order_type.as_ref().map_or("", OrderType::as_str);
    let price = match order.price {
        Some(price) => compact(price),
        None => "market".to_owned(),
    };
    let size = match (order.size, order.funds) {
        (None, Some(funds)) => format!("for {}", compact(funds)),
        (size, _) => size.map_or_else(|| "?".to_owned(), compact),
    };
    let filled = match order.phase {
        OrderPhase::Waiting => TextCell::new(Tone::Dim, "waiting"),
        _ => TextCell::amount(Some(order.filled_size)),
    };
    let age = order.placed_at.map(|at| age(at, now));
    TableRow {
        is_live: order.is_live(),
        cells: vec![
            TextCell::new(Tone::Bold, &order.symbol),
            side(&order.side),
            leg(order.position_side.as_ref()),
            TextCell::plain(order_type),
            TextCell::plain(&price),
            TextCell::plain(&size),
            filled,
            TextCell::amount(order.average_price()),
            TextCell::amount(order.stop_price),
            TextCell::plain(&age.unwrap_or_default()),
            TextCell::new(Tone::Dim, &order.order_id),
        ],
    }
}

pub(super) fn side(side: &Side) -> TextCell {
    let tone = match side {
        Side::Buy => Tone::Good,
        Side::Sell => Tone::Bad,
        _ => Tone::Plain,
    };
    TextCell::new(tone, side.as_str())
}

/// Returns the leg in hedge mode; empty in one-way mode.
pub(super) fn leg(side: Option<&PositionSide>) -> TextCell {
    match side {
        Some(PositionSide::Both) | None => TextCell::empty(),
        Some(side) => TextCell::plain(&side.as_str().to_lowercase()),
    }
}

/// Formats the time since a moment in one unit, such as `12m`.
pub(super) fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}
