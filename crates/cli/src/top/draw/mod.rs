//! Draws a view. Nothing here reads a clock, a terminal or the account.

mod balances;
mod events;
mod header;
mod help;
mod history;
mod orders;
mod palette;
mod positions;
mod table;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Rect, Size};
use ratatui_core::style::Style;

use super::view::{Pane, View};
use crate::output::shortened;
use palette::{Palette, Tone};
use table::{Heading, Table};

/// Smallest terminal that the screen fits.
const MIN_COLUMNS: u16 = 80;
const MIN_ROWS: u16 = 24;

/// Rows of the lists from which on four lists are shown at once instead of two.
const TALL: u16 = 28;

/// Draws the whole screen.
pub(super) fn screen(buffer: &mut Buffer, view: &View) {
    let area = buffer.area;
    let palette = Palette::new(view.is_coloured);
    if is_too_small(area.as_size()) {
        too_small(buffer, &palette);
        return;
    }
    header::draw(buffer, view, &palette);
    let at = header::height(view);
    let footer = area.height - 1;
    if view.choice.is_help_shown {
        help::draw(buffer, at + 1, footer, &palette);
    } else if view.state.is_none() {
        let text = "Reading the state of the account ...";
        put(buffer, 2, at + 1, text, palette.style(Tone::Dim));
    } else {
        draw_lists(buffer, at, view, &palette);
    }
    let keys = " q quit   Tab, 1-5 list   Up, Down, PgUp, PgDn scroll   ? help";
    put(buffer, 0, footer, keys, palette.style(Tone::Dim));
}

/// Returns the highest first row of the chosen list with which the list is still full.
pub(super) fn last_first_row(view: &View, size: Size) -> usize {
    if is_too_small(size) {
        return 0;
    }
    let lists = Lists::new(view, Rect::new(0, 0, size.width, size.height));
    let (table, height) = (&lists.tables[lists.chosen], lists.heights[lists.chosen]);
    let shown = usize::from(height.saturating_sub(1));
    table.rows.len().saturating_sub(shown)
}

fn is_too_small(size: Size) -> bool {
    size.width < MIN_COLUMNS || size.height < MIN_ROWS
}

fn too_small(buffer: &mut Buffer, palette: &Palette) {
    let Rect { width, height, .. } = buffer.area;
    let text = format!("terminal too small: {width}x{height}, at least {MIN_COLUMNS}x{MIN_ROWS}");
    let style = palette.style(Tone::Warn);
    let columns = usize::from(width);
    for (at, line) in crate::output::wrapped(&text, Some(columns.max(1)))
        .iter()
        .enumerate()
        .take(usize::from(height))
    {
        put(buffer, 0, u16::try_from(at).unwrap_or(0), line, style);
    }
}

/// Writes a text that is cut at the right edge of the screen; returns the column after it.
fn put(buffer: &mut Buffer, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = buffer.area;
    if x >= area.width || y >= area.height {
        return x;
    }
    let room = usize::from(area.width - x);
    buffer
        .set_stringn(x, y, shortened(text, room), room, style)
        .0
}

fn draw_lists(buffer: &mut Buffer, at: u16, view: &View, palette: &Palette) {
    tabs(buffer, at, view, palette);
    let lists = Lists::new(view, buffer.area);
    let mut y = at + 1;
    for (index, (table, height)) in lists.tables.iter().zip(&lists.heights).enumerate() {
        let area = Rect::new(0, y, buffer.area.width, *height);
        let heading = match index == lists.chosen {
            true => Heading::Chosen,
            false => Heading::Plain,
        };
        let first = view.choice.scroll[lists.panes[index] as usize];
        table.draw(buffer, area, first, heading, palette);
        y += height;
    }
}

/// Draws the names of the lists, with the number of rows of each.
fn tabs(buffer: &mut Buffer, y: u16, view: &View, palette: &Palette) {
    let mut x = 1;
    for (at, pane) in Pane::ALL.into_iter().enumerate() {
        let count = match pane {
            Pane::Events => String::new(),
            _ => format!("{} ", table(view, pane, MIN_COLUMNS).rows.len()),
        };
        let text = format!(" {} {} {count}", at + 1, pane.title());
        let tone = match pane == view.choice.pane {
            true => Tone::Chosen,
            false => Tone::Plain,
        };
        x = put(buffer, x, y, &text, palette.style(tone)) + 1;
    }
}

/// The lists on the screen: two, or four in a tall terminal. The chosen one is among them.
struct Lists {
    panes: Vec<Pane>,
    tables: Vec<Table>,
    heights: Vec<u16>,
    /// Index of the chosen list.
    chosen: usize,
}

impl Lists {
    fn new(view: &View, area: Rect) -> Self {
        // The header, the names of the lists, and the keys.
        let rows = area.height.saturating_sub(header::height(view) + 2);
        let panes = panes(view.choice.pane, rows >= TALL);
        let tables = panes.iter().map(|pane| table(view, *pane, area.width));
        let tables: Vec<Table> = tables.collect();
        let chosen = panes.iter().position(|pane| *pane == view.choice.pane);
        let chosen = chosen.unwrap_or(0);
        let wanted: Vec<u16> = tables.iter().map(Table::height).collect();
        Self {
            heights: shares(rows, &wanted, chosen),
            panes,
            tables,
            chosen,
        }
    }
}

fn panes(chosen: Pane, is_tall: bool) -> Vec<Pane> {
    match (is_tall, chosen) {
        (true, Pane::Events) => vec![Pane::Orders, Pane::Positions, Pane::Balances, Pane::Events],
        (true, _) => vec![Pane::Orders, Pane::Positions, Pane::Balances, Pane::History],
        (false, Pane::Orders) => vec![Pane::Orders, Pane::Positions],
        (false, chosen) => vec![Pane::Orders, chosen],
    }
}

/// Divides the rows of the screen: each list gets what it wants up to an equal share, then the chosen one what it wants, then
/// the others, and the last one the rest.
fn shares(rows: u16, wanted: &[u16], chosen: usize) -> Vec<u16> {
    let count = u16::try_from(wanted.len()).unwrap_or(1).max(1);
    let share = rows / count;
    let mut heights: Vec<u16> = wanted.iter().map(|want| (*want).min(share)).collect();
    let mut left = rows.saturating_sub(heights.iter().sum());
    let order = std::iter::once(chosen).chain(0..wanted.len());
    for at in order {
        let more = (wanted[at] - heights[at]).min(left);
        heights[at] += more;
        left -= more;
    }
    if let Some(last) = heights.last_mut() {
        *last += left;
    }
    heights
}

fn table(view: &View, pane: Pane, columns: u16) -> Table {
    match pane {
        Pane::Orders => orders::table(view),
        Pane::Positions => positions::table(view),
        Pane::Balances => balances::table(view),
        Pane::History => history::table(view),
        Pane::Events => events::table(view, columns),
    }
}

#[cfg(test)]
mod tests;
