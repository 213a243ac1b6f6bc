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
use ratatui_core::layout::Rect;
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
    if area.width < MIN_COLUMNS || area.height < MIN_ROWS {
        too_small(buffer, &palette);
        return;
    }
    let mut at = header::draw(buffer, view, &palette);
    let footer = area.height - 1;
    if view.choice.is_help_shown {
        help::draw(buffer, at + 1, footer, &palette);
    } else if view.state.is_none() {
        let text = "Reading the state of the account ...";
        put(buffer, 2, at + 1, text, palette.style(Tone::Dim));
    } else {
        tabs(buffer, at, view, &palette);
        at += 1;
        let body = Rect::new(0, at, area.width, footer - at);
        lists(buffer, body, view, &palette);
    }
    let keys = " q quit   Tab, 1-5 list   Up, Down, PgUp, PgDn scroll   ? help";
    put(buffer, 0, footer, keys, palette.style(Tone::Dim));
}

/// Returns the number of rows of the chosen list.
pub(super) fn row_count(view: &View) -> usize {
    table(view, view.choice.pane).rows.len()
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

/// Draws the names of the lists, with the number of rows of each.
fn tabs(buffer: &mut Buffer, y: u16, view: &View, palette: &Palette) {
    let mut x = 1;
    for (at, pane) in Pane::ALL.into_iter().enumerate() {
        let rows = match pane {
            Pane::Events => view.gaps.len(),
            _ => table(view, pane).rows.len(),
        };
        let text = match pane {
            Pane::Events => format!(" {} {} ", at + 1, pane.title()),
            _ => format!(" {} {} {rows} ", at + 1, pane.title()),
        };
        let tone = match pane == view.choice.pane {
            true => Tone::Chosen,
            false => Tone::Plain,
        };
        x = put(buffer, x, y, &text, palette.style(tone)) + 1;
    }
}

/// Draws as many lists as fit: two, or four in a tall terminal. The chosen one is among them.
fn lists(buffer: &mut Buffer, area: Rect, view: &View, palette: &Palette) {
    let panes = panes(view.choice.pane, area.height >= TALL);
    let tables: Vec<Table> = panes.iter().map(|pane| table(view, *pane)).collect();
    let chosen = panes.iter().position(|pane| *pane == view.choice.pane);
    let wanted: Vec<u16> = tables.iter().map(|table| table.height()).collect();
    let heights = shares(area.height, &wanted, chosen.unwrap_or(0));
    let mut y = area.y;
    for (at, (table, height)) in tables.into_iter().zip(heights).enumerate() {
        let area = Rect::new(area.x, y, area.width, height);
        let heading = match Some(at) == chosen {
            true => Heading::Chosen,
            false => Heading::Plain,
        };
        let first = view.choice.scroll[panes[at] as usize];
        table.draw(buffer, area, first, heading, palette);
        y += height;
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

fn table(view: &View, pane: Pane) -> Table {
    match pane {
        Pane::Orders => orders::table(view),
        Pane::Positions => positions::table(view),
        Pane::Balances => balances::table(view),
        Pane::History => history::table(view),
        Pane::Events => events::table(view),
    }
}

#[cfg(test)]
mod tests;
