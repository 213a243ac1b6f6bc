//! The list of open positions.

use kucoin_streams::kept::{MarginMode, PositionSide};
use kucoin_streams::{AccountPosition, Kept};

use super::palette::Tone;
use super::table::{Table, TableColumn, TableRow, TextCell, compact};
use crate::top::view::View;

const COLUMNS: &[TableColumn] = &[
    TableColumn::left("", 0),
    TableColumn::left("LEG", 0),
    TableColumn::right("SIZE", 0),
    TableColumn::right("ENTRY", 0),
    TableColumn::right("MARK", 0),
    TableColumn::right("LIQ", 1),
    TableColumn::right("UNREALISED", 0),
    TableColumn::right("REALISED", 2),
    TableColumn::left("CURR", 3),
    TableColumn::right("LEVER", 4),
    TableColumn::left("MODE", 5),
];

pub(super) fn table(view: &View) -> Table {
    let positions = view.state.iter().flat_map(|state| state.positions());
    let open = positions.filter(|position| position.is_open());
    Table {
        title: "Positions",
        columns: COLUMNS,
        rows: open.map(row).collect(),
        empty: "no open position",
    }
}

fn row(position: Kept<'_, AccountPosition>) -> TableRow {
    let (tone, direction) = match (&position.side, position.size.is_sign_negative()) {
        (PositionSide::Short, _) => (Tone::Bad, "SHORT"),
        (PositionSide::Long, _) => (Tone::Good, "LONG"),
        (_, true) => (Tone::Bad, "short"),
        (_, false) => (Tone::Good, "long"),
    };
    let liquidation = position.liquidation_price;
    let leverage = position.leverage.map(|times| times.round_dp(2));
    let leverage = leverage.map_or_else(String::new, |times| format!("{}x", compact(times)));
    let mode = position.margin_mode.as_ref().map(MarginMode::as_str);
    let currency = position.settle_currency.as_deref().unwrap_or_default();
    TableRow {
        is_live: position.is_live(),
        cells: vec![
            TextCell::new(Tone::Bold, &position.symbol),
            TextCell::new(tone, direction),
            TextCell::amount(Some(position.size)),
            TextCell::amount(position.entry_price),
            TextCell::amount(position.mark_price),
            TextCell::amount(liquidation.filter(|price| !price.is_zero())),
            TextCell::profit(position.unrealised_pnl),
            TextCell::profit(position.realised_pnl),
            TextCell::plain(currency),
            TextCell::plain(&leverage),
            TextCell::plain(&mode.unwrap_or_default().to_lowercase()),
        ],
    }
}
