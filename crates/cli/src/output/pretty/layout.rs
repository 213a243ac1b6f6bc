//! Layout of a line from cells. If the terminal is too narrow, cells are shortened, then removed, then wrapped.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint::{Painter, Style};

/// Minimum width of a terminal for wide columns.
const WIDE_COLUMNS: usize = 160;

/// Minimum width of a shortened cell.
const MIN_SHORTENED: usize = 8;

/// Priority of a cell: if there is too little room, cells with lower priority are removed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Priority {
    /// Changes of amounts, and IDs of related orders.
    Lowest,
    /// Details, and amounts that other events also show.
    Low,
    Medium,
    /// The cell is never removed.
    Required,
}

/// Alignment and minimum width of a cell, in a wide and in a narrow terminal.
#[derive(Clone, Copy, Debug)]
enum Column {
    None,
    Left(usize, usize),
    Right(usize, usize),
}

/// A cell of a line.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    spans: Vec<(Style, String)>,
    column: Column,
    priority: Priority,
    /// `true` if the cell may be cut with an ellipsis.
    is_shortenable: bool,
    has_wide_gap: bool,
    /// `true` if the cell stays on the same line as the previous one.
    stays_with_previous: bool,
    /// Shorter text to use if there is too little room; `None` if there is no shorter text.
    short: Option<String>,
    /// Minimum room for the whole line; with less room, the cell is not shown.
    min_room: usize,
}

/// Returns a plain cell that is always shown.
pub(super) fn cell(text: impl Into<String>) -> Cell {
    Cell::of(Style::Plain, text)
}

impl Cell {
    pub(super) fn of(style: Style, text: impl Into<String>) -> Self {
        Self {
            spans: vec![(style, text.into())],
            column: Column::None,
            priority: Priority::Required,
            is_shortenable: false,
            has_wide_gap: false,
            stays_with_previous: false,
            short: None,
            min_room: 0,
        }
    }

    /// Appends a text to the cell.
    pub(super) fn append(mut self, style: Style, text: impl Into<String>) -> Self {
        self.spans.push((style, text.into()));
        self
    }

    pub(super) fn priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// Allows cutting the cell with an ellipsis.
    pub(super) fn shortenable(self) -> Self {
        Self {
            is_shortenable: true,
            ..self
        }
    }

    /// Puts two spaces before the cell instead of one.
    pub(super) fn wide_gap(self) -> Self {
        Self {
            has_wide_gap: true,
            ..self
        }
    }

    /// Keeps the cell on the same line as the previous cell, such as a value after its label.
    pub(super) fn with_previous(self) -> Self {
        Self {
            stays_with_previous: true,
            ..self
        }
    }

    /// Sets a shorter text for the cell, used if there is too little room.
    pub(super) fn short_form(self, short: impl Into<String>) -> Self {
        let short = Some(short.into());
        Self { short, ..self }
    }

    /// Shows the cell only if the line has this much room, so that lines of one kind have the same cells.
    pub(super) fn min_room(self, min_room: usize) -> Self {
        Self { min_room, ..self }
    }

    /// Aligns the cell left; `wide` and `narrow` are the widths of its column.
    pub(super) fn left(self, wide: usize, narrow: usize) -> Self {
        let column = Column::Left(wide, narrow);
        Self { column, ..self }
    }

    /// Aligns the cell right; `wide` and `narrow` are the widths of its column.
    pub(super) fn right(self, wide: usize, narrow: usize) -> Self {
        let column = Column::Right(wide, narrow);
        Self { column, ..self }
    }

    /// Removes this many spaces of the narrow column, or all if there are fewer.
    fn narrow_by(&mut self, excess: usize) {
        let own = self.width();
        if let Column::Left(_, narrow) | Column::Right(_, narrow) = &mut self.column {
            *narrow = own + narrow.saturating_sub(own + excess);
        }
    }

    fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }

    /// Cuts the cell to this width, with an ellipsis.
    fn shorten(&mut self, columns: usize) {
        let mut left = columns;
        let mut spans = Vec::new();
        for (style, text) in self.spans.drain(..) {
            let shortened = shortened(&text, left);
            let is_cut = shortened != text;
            left = left.saturating_sub(shortened.width());
            spans.push((style, shortened));
            if is_cut {
                break;
            }
        }
        self.spans = spans;
    }
}

/// Cuts a text to this width, with an ellipsis.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let mut kept = String::new();
    for letter in text.chars() {
        let width = letter.width().unwrap_or_default();
        if width > left {
            break;
        }
        left -= width;
        kept.push(letter);
    }
    let kept = kept.trim_end();
    match columns {
        0 => String::new(),
        _ => format!("{kept}…"),
    }
}

/// Pads a text with spaces to this width.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(spaces))
}

/// Column widths to use: those of a wide terminal, of a narrow terminal, or none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spacing {
    Wide,
    Narrow,
    None,
}

/// Lays out cells in the width that remains after `before` columns.
///
/// `columns` is the maximum width; `None` for no limit. Required cells that do not fit continue on further lines.
pub(super) fn lay_out(
    mut cells: Vec<Cell>,
    columns: Option<usize>,
    before: usize,
    painter: Painter,
) -> Vec<String> {
    let Some(columns) = columns else {
        return vec![render(&cells, Spacing::Wide, painter)];
    };
    let room = columns.saturating_sub(before);
    cells.retain(|cell| cell.min_room <= room);
    let mut spacing = match columns {
        WIDE_COLUMNS.. => Spacing::Wide,
        _ => Spacing::Narrow,
    };
    let is_too_wide = |cells: &[Cell], spacing| width(cells, spacing) > room;
    while is_too_wide(&cells, spacing) && use_short_form(&mut cells) {}
    while is_too_wide(&cells, spacing) && remove_last(&mut cells, Priority::Lowest) {}
    if is_too_wide(&cells, spacing) {
        spacing = Spacing::Narrow;
    }
    if is_too_wide(&cells, spacing) && !is_too_wide(&cells, Spacing::None) {
        // The last columns first, so that the first ones stay aligned.
        for at in (0..cells.len()).rev() {
            let excess = width(&cells, spacing).saturating_sub(room);
            cells[at].narrow_by(excess);
        }
    }
    if is_too_wide(&cells, spacing) {
        spacing = Spacing::None;
    }
    for priority in [Priority::Low, Priority::Medium] {
        while is_too_wide(&cells, spacing) && remove_last(&mut cells, priority) {}
    }
    for at in (1..cells.len()).rev() {
        let excess = width(&cells, spacing).saturating_sub(room);
        if excess > 0 && cells[at].is_shortenable {
            let least = cells[at].width().saturating_sub(excess);
            cells[at].shorten(least.max(MIN_SHORTENED));
        }
    }
    let mut lines = Vec::new();
    let mut line: Vec<Cell> = Vec::new();
    for mut cell in cells {
        cell.shorten(room);
        line.push(cell);
        while line.len() > 1 && is_too_wide(&line, spacing) {
            let mut next = line.split_off(break_index(&line));
            next.retain(|cell| cell.width() > 0);
            lines.push(render(&line, spacing, painter));
            line = next;
        }
    }
    lines.push(render(&line, spacing, painter));
    lines
}

/// Returns the index at which to break a line whose last cell does not fit.
///
/// The break is before all cells that stay with the last cell.
fn break_index(line: &[Cell]) -> usize {
    let first = line
        .iter()
        .rposition(|cell| !cell.stays_with_previous)
        .unwrap_or(0);
    match first {
        // All cells belong together, so they must be separated anyway.
        0 => line.len() - 1,
        first => first,
    }
}

/// Uses the short form of the last cell that has one; returns `false` if no cell has one.
fn use_short_form(cells: &mut [Cell]) -> bool {
    let last = cells.iter_mut().rfind(|cell| cell.short.is_some());
    last.is_some_and(|cell| {
        let style = cell.spans.first().map_or(Style::Plain, |(style, _)| *style);
        cell.spans = Vec::from_iter(cell.short.take().map(|short| (style, short)));
        true
    })
}

/// Removes the last cell with this priority; returns `false` if no cell has it.
fn remove_last(cells: &mut Vec<Cell>, priority: Priority) -> bool {
    let last = cells.iter().rposition(|cell| cell.priority == priority);
    last.map(|at| cells.remove(at)).is_some()
}

fn gap_before(cells: &[Cell], at: usize, spacing: Spacing) -> usize {
    match at {
        0 => 0,
        _ if spacing == Spacing::None && cells[at].width() == 0 => 0,
        _ => 1 + usize::from(cells[at].has_wide_gap && spacing != Spacing::None),
    }
}

fn padded_width(cell: &Cell, spacing: Spacing) -> usize {
    let column = match (cell.column, spacing) {
        (Column::Left(wide, _) | Column::Right(wide, _), Spacing::Wide) => wide,
        (Column::Left(_, narrow) | Column::Right(_, narrow), Spacing::Narrow) => narrow,
        _ => 0,
    };
    cell.width().max(column)
}

/// Returns the width of a line without trailing spaces.
fn width(cells: &[Cell], spacing: Spacing) -> usize {
    let Some(last) = cells.iter().rposition(|cell| cell.width() > 0) else {
        return 0;
    };
    let widths = (0..=last).map(|at| {
        let own = match (at == last, cells[at].column) {
            (true, Column::None | Column::Left(..)) => cells[at].width(),
            _ => padded_width(&cells[at], spacing),
        };
        gap_before(cells, at, spacing) + own
    });
    widths.sum()
}

fn render(cells: &[Cell], spacing: Spacing, painter: Painter) -> String {
    let mut line = String::new();
    // Spaces are written only if text follows, to avoid trailing spaces.
    let mut spaces = 0;
    for (at, cell) in cells.iter().enumerate() {
        spaces += gap_before(cells, at, spacing);
        let padding = padded_width(cell, spacing) - cell.width();
        if let Column::Right(..) = cell.column {
            spaces += padding;
        }
        for (style, text) in &cell.spans {
            if !text.is_empty() {
                line.push_str(&" ".repeat(spaces));
                spaces = 0;
                line.push_str(&painter.paint(*style, text));
            }
        }
        if !matches!(cell.column, Column::Right(..)) {
            spaces += padding;
        }
    }
    line
}

/// Wraps a text at spaces into lines of this width; a longer word is cut.
pub(crate) fn wrapped(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else {
        return vec![text.to_owned()];
    };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let word = shortened(word, room);
        let line = lines.last_mut().expect("there is one from the start");
        if line.is_empty() {
            line.push_str(&word);
        } else if line.width() + 1 + word.width() <= room {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells() -> Vec<Cell> {
        vec![
            cell("XBTUSDTM").left(10, 8),
            cell("12 ct").right(8, 6),
            cell("+3").priority(Priority::Lowest),
            cell("filled 3 of 7")
                .short_form("3/7")
                .priority(Priority::Medium),
            cell("a reason in words").shortenable(),
            cell("…000001"),
        ]
    }

    #[test]
    fn cells_are_shortened_then_removed_then_wrapped() {
        let shown = |room: Option<usize>| {
            let columns = room.map(|room| room + WIDE_COLUMNS);
            lay_out(cells(), columns, WIDE_COLUMNS, Painter::plain()).join("\n")
        };
        let all = "XBTUSDTM      12 ct +3 filled 3 of 7 a reason in words …000001";
        for (room, expected) in [
            (None, all),
            (Some(all.width()), all),
            (
                Some(61),
                "XBTUSDTM      12 ct +3 3/7 a reason in words …000001",
            ),
            (
                Some(51),
                "XBTUSDTM      12 ct 3/7 a reason in words …000001",
            ),
            (Some(48), "XBTUSDTM  12 ct 3/7 a reason in words …000001"),
            (Some(44), "XBTUSDTM 12 ct 3/7 a reason in words …000001"),
            (Some(42), "XBTUSDTM 12 ct a reason in words …000001"),
            (Some(34), "XBTUSDTM 12 ct a reason i… …000001"),
            (Some(15), "XBTUSDTM 12 ct\na reaso…\n…000001"),
            (Some(7), "XBTUSD…\n12 ct\na reas…\n…000001"),
        ] {
            assert_eq!(shown(room), expected, "{room:?}");
            let shown = shown(room);
            let mut lines = shown.lines();
            assert!(lines.all(|line| room.is_none_or(|room| line.width() <= room)));
        }
    }

    #[test]
    fn value_stays_with_its_label() {
        let cells = || {
            vec![
                cell("USDT"),
                cell("available"),
                cell("0.49").with_previous(),
                cell("hold"),
                cell("12.5").with_previous(),
            ]
        };
        for (room, expected) in [
            (29, &["USDT available 0.49 hold 12.5"][..]),
            (28, &["USDT available 0.49", "hold 12.5"]),
            (18, &["USDT", "available 0.49", "hold 12.5"]),
            (13, &["USDT", "available", "0.49", "hold 12.5"]),
        ] {
            let shown = lay_out(
                cells(),
                Some(room + WIDE_COLUMNS),
                WIDE_COLUMNS,
                Painter::plain(),
            );
            assert_eq!(shown, expected, "{room}");
        }
    }

    #[test]
    fn cell_is_shown_from_its_minimum_room() {
        let cells = || vec![cell("a"), cell("b").min_room(100)];
        let shown = |columns| lay_out(cells(), columns, 0, Painter::plain()).join("|");
        assert_eq!(shown(Some(99)), "a");
        assert_eq!(shown(Some(100)), "a b");
        assert_eq!(shown(None), "a b");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(padded("币安人生", 10), "币安人生  ");
        assert_eq!(shortened("币安人生USDTM", 8), "币安人…");
        let wide = vec![cell("币安人生USDTM"), cell("x").right(4, 4)];
        let shown = |room: usize| {
            lay_out(
                wide.clone(),
                Some(room + WIDE_COLUMNS),
                WIDE_COLUMNS,
                Painter::plain(),
            )
        };
        assert_eq!(shown(18), ["币安人生USDTM    x"]);
        assert_eq!(shown(15), ["币安人生USDTM x"]);
    }

    #[test]
    fn text_wraps_at_spaces() {
        assert_eq!(wrapped("one two three", Some(7)), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", Some(5)), ["abcd…", "ij"]);
        assert_eq!(wrapped("one two", None), ["one two"]);
    }
}
