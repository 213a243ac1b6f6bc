//! A line as parts, and what is left of it if the terminal is too narrow: what is said shorter, then what is left out.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint::{Ink, Paint};

/// Terminals of this many columns and more have room for wide columns.
const ROOMY: usize = 160;

/// Words are not shortened below this number of columns.
const SHORTEST: usize = 8;

/// What is left out first if there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// How an amount changed, and ids of other orders.
    Delta,
    /// Words and amounts that other events say too.
    Minor,
    Detail,
    Keep,
}

/// Where a part ends at the least, in a roomy terminal and in a narrow one.
#[derive(Clone, Copy, Debug)]
enum Column {
    None,
    Left(usize, usize),
    Right(usize, usize),
}

/// A part of a line.
#[derive(Clone, Debug)]
pub(super) struct Part {
    spans: Vec<(Ink, String)>,
    column: Column,
    rank: Rank,
    /// Whether it is words, which say something if they are shortened, too.
    is_words: bool,
    is_apart: bool,
    /// Whether it stays in one line with the part before it.
    is_bound: bool,
    /// What says nearly the same in less columns.
    short: Option<String>,
    /// The columns from which on it is shown.
    from: usize,
}

/// A part without ink that is never left out.
pub(super) fn part(text: impl Into<String>) -> Part {
    Part::of(Ink::Plain, text)
}

impl Part {
    pub(super) fn of(ink: Ink, text: impl Into<String>) -> Self {
        Self {
            spans: vec![(ink, text.into())],
            column: Column::None,
            rank: Rank::Keep,
            is_words: false,
            is_apart: false,
            is_bound: false,
            short: None,
            from: 0,
        }
    }

    /// Adds text right after what there is.
    pub(super) fn and(mut self, ink: Ink, text: impl Into<String>) -> Self {
        self.spans.push((ink, text.into()));
        self
    }

    pub(super) fn rank(self, rank: Rank) -> Self {
        Self { rank, ..self }
    }

    /// May be shortened.
    pub(super) fn words(self) -> Self {
        Self {
            is_words: true,
            ..self
        }
    }

    /// Two blanks before it instead of one.
    pub(super) fn apart(self) -> Self {
        Self {
            is_apart: true,
            ..self
        }
    }

    /// Stays in one line with the part before it, such as a value with its label.
    pub(super) fn bound(self) -> Self {
        Self {
            is_bound: true,
            ..self
        }
    }

    /// What it says if there is too little room.
    pub(super) fn or(self, short: impl Into<String>) -> Self {
        let short = Some(short.into());
        Self { short, ..self }
    }

    /// Is shown in terminals of this many columns and more, whatever else the line says.
    pub(super) fn from(self, from: usize) -> Self {
        Self { from, ..self }
    }

    /// Fills a column from its left.
    pub(super) fn left(self, roomy: usize, narrow: usize) -> Self {
        let column = Column::Left(roomy, narrow);
        Self { column, ..self }
    }

    /// Fills a column from its right.
    pub(super) fn right(self, roomy: usize, narrow: usize) -> Self {
        let column = Column::Right(roomy, narrow);
        Self { column, ..self }
    }

    fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }

    /// Cuts it to this number of columns, with an ellipsis.
    fn shorten(&mut self, columns: usize) {
        let mut left = columns;
        let mut spans = Vec::new();
        for (ink, text) in self.spans.drain(..) {
            let shortened = shortened(&text, left);
            let is_cut = shortened != text;
            left = left.saturating_sub(shortened.width());
            spans.push((ink, shortened));
            if is_cut {
                break;
            }
        }
        self.spans = spans;
    }
}

/// Returns the beginning of a text that fits this number of columns, with an ellipsis if it is cut.
pub(super) fn shortened(text: &str, columns: usize) -> String {
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

/// A text filled up with blanks to a column.
pub(super) fn filled(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(blanks))
}

/// How wide columns are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Roomy,
    Narrow,
    None,
}

/// Lays out parts in the columns that `before` leaves of a line; `None` has no end. What must not be left out goes on in
/// another line.
pub(super) fn lay(
    mut parts: Vec<Part>,
    columns: Option<usize>,
    before: usize,
    paint: Paint,
) -> Vec<String> {
    let Some(columns) = columns else {
        return vec![render(&parts, Fill::Roomy, paint)];
    };
    let room = columns.saturating_sub(before);
    parts.retain(|part| part.from <= columns);
    let mut fill = match columns {
        ROOMY.. => Fill::Roomy,
        _ => Fill::Narrow,
    };
    let is_too_wide = |parts: &[Part], fill| width(parts, fill) > room;
    while is_too_wide(&parts, fill) && say_shorter(&mut parts) {}
    while is_too_wide(&parts, fill) && leave_out(&mut parts, Rank::Delta) {}
    for narrower in [Fill::Narrow, Fill::None] {
        if is_too_wide(&parts, fill) {
            fill = narrower;
        }
    }
    for rank in [Rank::Minor, Rank::Detail] {
        while is_too_wide(&parts, fill) && leave_out(&mut parts, rank) {}
    }
    for at in (1..parts.len()).rev() {
        let excess = width(&parts, fill).saturating_sub(room);
        if excess > 0 && parts[at].is_words {
            let least = parts[at].width().saturating_sub(excess);
            parts[at].shorten(least.max(SHORTEST));
        }
    }
    let mut lines = Vec::new();
    let mut line: Vec<Part> = Vec::new();
    for mut part in parts {
        part.shorten(room);
        line.push(part);
        while line.len() > 1 && is_too_wide(&line, fill) {
            let next = line.split_off(break_of(&line));
            lines.push(render(&line, fill, paint));
            line = next;
        }
    }
    lines.push(render(&line, fill, paint));
    lines
}

/// Where a line that is too wide by its last part is broken: before the parts that must stay with the last.
fn break_of(line: &[Part]) -> usize {
    let first = line.iter().rposition(|part| !part.is_bound).unwrap_or(0);
    match first {
        // All of it must stay together, and cannot.
        0 => line.len() - 1,
        first => first,
    }
}

/// Says the last part shorter that can be; false if there is none.
fn say_shorter(parts: &mut [Part]) -> bool {
    let last = parts.iter_mut().rfind(|part| part.short.is_some());
    last.is_some_and(|part| {
        let ink = part.spans.first().map_or(Ink::Plain, |(ink, _)| *ink);
        part.spans = Vec::from_iter(part.short.take().map(|short| (ink, short)));
        true
    })
}

/// Leaves out the last part of a rank; false if there is none.
fn leave_out(parts: &mut Vec<Part>, rank: Rank) -> bool {
    let last = parts.iter().rposition(|part| part.rank == rank);
    last.map(|at| parts.remove(at)).is_some()
}

fn gap(parts: &[Part], at: usize, fill: Fill) -> usize {
    match at {
        0 => 0,
        _ if fill == Fill::None && parts[at].width() == 0 => 0,
        _ => 1 + usize::from(parts[at].is_apart && fill != Fill::None),
    }
}

fn filled_width(part: &Part, fill: Fill) -> usize {
    let column = match (part.column, fill) {
        (Column::Left(roomy, _) | Column::Right(roomy, _), Fill::Roomy) => roomy,
        (Column::Left(_, narrow) | Column::Right(_, narrow), Fill::Narrow) => narrow,
        _ => 0,
    };
    part.width().max(column)
}

/// The width of a line, blanks at its end not counted.
fn width(parts: &[Part], fill: Fill) -> usize {
    let Some(last) = parts.iter().rposition(|part| part.width() > 0) else {
        return 0;
    };
    let widths = (0..=last).map(|at| {
        let own = match (at == last, parts[at].column) {
            (true, Column::None | Column::Left(..)) => parts[at].width(),
            _ => filled_width(&parts[at], fill),
        };
        gap(parts, at, fill) + own
    });
    widths.sum()
}

fn render(parts: &[Part], fill: Fill, paint: Paint) -> String {
    let mut line = String::new();
    // Blanks are written once something follows them.
    let mut blanks = 0;
    for (at, part) in parts.iter().enumerate() {
        blanks += gap(parts, at, fill);
        let padding = filled_width(part, fill) - part.width();
        if let Column::Right(..) = part.column {
            blanks += padding;
        }
        for (ink, text) in &part.spans {
            if !text.is_empty() {
                line.push_str(&" ".repeat(blanks));
                blanks = 0;
                line.push_str(&paint.ink(*ink, text));
            }
        }
        if !matches!(part.column, Column::Right(..)) {
            blanks += padding;
        }
    }
    line
}

/// Breaks a text between words into lines of this number of columns; a longer word is shortened.
pub(super) fn folded(text: &str, room: Option<usize>) -> Vec<String> {
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

    fn parts() -> Vec<Part> {
        vec![
            part("XBTUSDTM").left(10, 8),
            part("12 ct").right(8, 6),
            part("+3").rank(Rank::Delta),
            part("filled 3 of 7").or("3/7").rank(Rank::Detail),
            part("a reason in words").words(),
            part("…000001"),
        ]
    }

    #[test]
    fn texts_are_said_shorter_then_deltas_go_then_details_and_words_are_shortened() {
        let shown = |room: Option<usize>| {
            let columns = room.map(|room| room + ROOMY);
            lay(parts(), columns, ROOMY, Paint::plain()).join("\n")
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
        let parts = || {
            vec![
                part("USDT"),
                part("available"),
                part("0.49").bound(),
                part("hold"),
                part("12.5").bound(),
            ]
        };
        for (room, expected) in [
            (29, &["USDT available 0.49 hold 12.5"][..]),
            (28, &["USDT available 0.49", "hold 12.5"]),
            (18, &["USDT", "available 0.49", "hold 12.5"]),
            (13, &["USDT", "available", "0.49", "hold 12.5"]),
        ] {
            let shown = lay(parts(), Some(room + ROOMY), ROOMY, Paint::plain());
            assert_eq!(shown, expected, "{room}");
        }
    }

    #[test]
    fn part_is_shown_from_its_columns_on() {
        let parts = || vec![part("a"), part("b").from(100)];
        let shown = |columns| lay(parts(), columns, 0, Paint::plain()).join("|");
        assert_eq!(shown(Some(99)), "a");
        assert_eq!(shown(Some(100)), "a b");
        assert_eq!(shown(None), "a b");
    }

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!(filled("币安人生", 10), "币安人生  ");
        assert_eq!(shortened("币安人生USDTM", 8), "币安人…");
        let wide = vec![part("币安人生USDTM"), part("x").right(4, 4)];
        let shown = |room: usize| lay(wide.clone(), Some(room + ROOMY), ROOMY, Paint::plain());
        assert_eq!(shown(18), ["币安人生USDTM    x"]);
        assert_eq!(shown(15), ["币安人生USDTM x"]);
    }

    #[test]
    fn words_are_folded_at_blanks() {
        assert_eq!(folded("one two three", Some(7)), ["one two", "three"]);
        assert_eq!(folded("abcdefgh ij", Some(5)), ["abcd…", "ij"]);
        assert_eq!(folded("one two", None), ["one two"]);
    }
}
