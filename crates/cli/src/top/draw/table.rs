//! A list with aligned columns. If the terminal is too narrow, the least important columns are left out.

use kucoin_streams::Decimal;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::palette::{Palette, Tone};
use super::put;
use crate::output::{format_amount, safe, shortened};

/// Widest column, except for the last one.
const MAX_WIDTH: usize = 20;

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableColumn {
    title: &'static str,
    is_right: bool,
    /// Columns with the highest number are left out first; columns with 0 never.
    rank: u8,
}

impl TableColumn {
    pub(super) const fn left(title: &'static str, rank: u8) -> Self {
        Self {
            title,
            is_right: false,
            rank,
        }
    }

    pub(super) const fn right(title: &'static str, rank: u8) -> Self {
        Self {
            title,
            is_right: true,
            rank,
        }
    }
}

/// A text with its tone.
#[derive(Clone, Debug)]
pub(super) struct TextCell {
    tone: Tone,
    text: String,
}

impl TextCell {
    /// Creates a cell; control characters in the text are replaced.
    pub(super) fn new(tone: Tone, text: &str) -> Self {
        let text = safe(text);
        Self { tone, text }
    }

    pub(super) fn plain(text: &str) -> Self {
        Self::new(Tone::Plain, text)
    }

    /// Creates an empty cell.
    pub(super) fn empty() -> Self {
        Self::plain("")
    }

    /// Creates a cell with an amount, without trailing zeros; empty if it is unknown.
    pub(super) fn amount(amount: Option<Decimal>) -> Self {
        Self::plain(&amount.map_or_else(String::new, compact))
    }

    /// Creates a cell with a profit: green above zero, red below zero.
    pub(super) fn profit(amount: Option<Decimal>) -> Self {
        let Some(amount) = amount else {
            return Self::empty();
        };
        let (tone, sign) = match amount {
            zero if zero.is_zero() => (Tone::Plain, ""),
            loss if loss.is_sign_negative() => (Tone::Bad, ""),
            _ => (Tone::Good, "+"),
        };
        Self::new(tone, &format!("{sign}{}", compact(amount)))
    }
}

/// Formats an amount with at most 8 decimal places.
pub(super) fn compact(amount: Decimal) -> String {
    format_amount(amount.round_dp(8).normalize())
}

/// A row of a list.
#[derive(Clone, Debug)]
pub(super) struct TableRow {
    /// `false` if the numbers may be old: they are dimmed and marked.
    pub(super) is_live: bool,
    pub(super) cells: Vec<TextCell>,
}

/// How the heading of a list is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    Chosen,
    Plain,
}

/// A list.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) title: &'static str,
    pub(super) columns: &'static [TableColumn],
    pub(super) rows: Vec<TableRow>,
    /// Shown if there is no row.
    pub(super) empty: &'static str,
}

/// Spaces between two columns.
const GAP: usize = 1;

impl Table {
    /// Returns the number of lines that show everything.
    pub(super) fn height(&self) -> u16 {
        u16::try_from(self.rows.len().max(1) + 1).unwrap_or(u16::MAX)
    }

    /// Draws the heading and the rows that fit, from row `first` on.
    pub(super) fn draw(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        first: usize,
        heading: Heading,
        palette: &Palette,
    ) {
        let Some(room) = usize::from(area.height).checked_sub(1) else {
            return;
        };
        let first = first.min(self.rows.len().saturating_sub(room.max(1)));
        let shown = first..self.rows.len().min(first + room);
        let range = (shown.len() < self.rows.len())
            .then(|| format!("{}-{} of {}", first + 1, shown.end, self.rows.len()));
        let widths = self.widths(usize::from(area.width) - 1);
        self.draw_heading(buffer, area, range.as_deref(), &widths, (heading, palette));
        if self.rows.is_empty() {
            let style = palette.style(Tone::Dim);
            put(buffer, area.x + 1, area.y + 1, self.empty, style);
        }
        for (row, y) in self.rows[shown].iter().zip(area.y + 1..area.bottom()) {
            draw_row(buffer, (area.x, y), row, &self.places(&widths), palette);
        }
    }

    fn draw_heading(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        range: Option<&str>,
        widths: &[Option<usize>],
        (heading, palette): (Heading, &Palette),
    ) {
        let style = palette.style(match heading {
            Heading::Chosen => Tone::Chosen,
            Heading::Plain => Tone::Heading,
        });
        let line = Rect::new(area.x, area.y, area.width, 1);
        buffer.set_style(line, style);
        let title = self.title.to_uppercase();
        let mut end = put(buffer, area.x + 1, area.y, &title, style);
        for (x, placed, at) in self.places(widths).into_iter().skip(1) {
            let text = aligned(self.columns[at].title, placed);
            end = put(buffer, area.x + x, area.y, &text, style);
        }
        let Some(range) = range else { return };
        let width = u16::try_from(range.len() + 1).unwrap_or(u16::MAX);
        // Without room, the number of rows is in the line above the lists.
        if let Some(x) = area.right().checked_sub(width).filter(|x| *x > end) {
            put(buffer, x, area.y, range, style);
        }
    }

    /// Returns the column of the screen, the width and the index of each column that is shown.
    fn places(&self, widths: &[Option<usize>]) -> Vec<(u16, Placed, usize)> {
        let mut x = 1;
        let mut places = Vec::new();
        for (at, width) in widths.iter().enumerate() {
            let Some(width) = *width else { continue };
            let is_right = self.columns[at].is_right;
            places.push((
                u16::try_from(x).unwrap_or(u16::MAX),
                Placed { width, is_right },
                at,
            ));
            x += width + GAP;
        }
        places
    }

    /// Returns the width of each column; `None` if it is not shown.
    fn widths(&self, room: usize) -> Vec<Option<usize>> {
        let last = self.columns.len() - 1;
        let width_of = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
            let widest = cells.map(|cell| cell.text.width()).max().unwrap_or(0);
            let is_needed = widest > 0 || self.columns[at].rank == 0;
            let title = match at {
                0 => self.title.len() + 1,
                _ => self.columns[at].title.len(),
            };
            let limit = if at == last { usize::MAX } else { MAX_WIDTH };
            is_needed.then(|| widest.max(title).min(limit))
        };
        let mut widths: Vec<_> = (0..self.columns.len()).map(width_of).collect();
        while total(&widths) > room {
            let shown = (0..widths.len()).filter(|at| widths[*at].is_some());
            let least = shown.max_by_key(|at| (self.columns[*at].rank, *at));
            match least {
                Some(at) if self.columns[at].rank > 0 => widths[at] = None,
                _ => {
                    narrow(&mut widths, room);
                    break;
                }
            }
        }
        widths
    }
}

/// Width and alignment of a column.
#[derive(Clone, Copy)]
struct Placed {
    width: usize,
    is_right: bool,
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    let with_gaps: usize = shown.map(|width| width + GAP).sum();
    with_gaps.saturating_sub(GAP)
}

/// Narrows the widest columns until all fit.
fn narrow(widths: &mut [Option<usize>], room: usize) {
    while total(widths) > room {
        let widest = widths.iter_mut().flatten().max();
        match widest {
            Some(width) if *width > 1 => *width -= 1,
            _ => return,
        }
    }
}

fn draw_row(
    buffer: &mut Buffer,
    (x, y): (u16, u16),
    row: &TableRow,
    places: &[(u16, Placed, usize)],
    palette: &Palette,
) {
    if !row.is_live {
        put(buffer, x, y, "?", palette.style(Tone::Warn));
    }
    for (column, placed, at) in places {
        let Some(cell) = row.cells.get(*at) else {
            continue;
        };
        let tone = match row.is_live {
            true => cell.tone,
            false => Tone::Dim,
        };
        let text = aligned(&cell.text, *placed);
        put(buffer, x + column, y, &text, palette.style(tone));
    }
}

/// Cuts a text to its column, and aligns it.
fn aligned(text: &str, placed: Placed) -> String {
    let text = shortened(text, placed.width);
    let spaces = " ".repeat(placed.width.saturating_sub(text.width()));
    match placed.is_right {
        true => format!("{spaces}{text}"),
        false => format!("{text}{spaces}"),
    }
}
