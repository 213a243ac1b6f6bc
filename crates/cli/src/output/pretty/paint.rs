//! Colours, and text that is safe to print on a terminal.

use std::io::IsTerminal;

/// Colour or weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Dim,
    Bold,
    Green,
    Red,
    Yellow,
    Cyan,
    Blue,
    Magenta,
    Alarm,
}

/// Adds escape codes to texts, or leaves them plain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Painter {
    coloured: bool,
}

impl Painter {
    /// Creates a painter that colours if stdout is a terminal, unless `NO_COLOR` or `TERM=dumb` is set.
    pub(super) fn for_stdout() -> Self {
        Self {
            coloured: is_coloured(),
        }
    }

    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Self { coloured: false }
    }

    #[cfg(test)]
    pub(super) fn coloured() -> Self {
        Self { coloured: true }
    }

    pub(super) fn paint(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Plain => "",
            Style::Dim => "2",
            Style::Bold => "1",
            Style::Green => "32",
            Style::Red => "31",
            Style::Yellow => "33",
            Style::Cyan => "36",
            Style::Blue => "34",
            Style::Magenta => "35",
            Style::Alarm => "1;30;43",
        };
        if !self.coloured || code.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        // Spaces around the text are for alignment and stay plain.
        let word = text.trim();
        let start = text.len() - text.trim_start().len();
        let (before, after) = (&text[..start], &text[start + word.len()..]);
        format!("{before}\x1b[{code}m{word}\x1b[0m{after}")
    }
}

/// Returns `true` if stdout is a terminal that shows colours, unless `NO_COLOR` or `TERM=dumb` is set.
pub(crate) fn is_coloured() -> bool {
    let is_disabled = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && !is_disabled
}

/// Replaces control characters, because they could control the terminal, and characters that are invisible or change the
/// direction of the text.
pub(crate) fn safe(text: &str) -> String {
    text.replace(is_unsafe, "\u{fffd}")
}

fn is_unsafe(letter: char) -> bool {
    let is_format = matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    letter.is_control() || is_format
}

/// Formats a decimal number with thousands separators.
pub(super) fn grouped(number: &str) -> String {
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut grouped = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated_and_digits_kept() {
        for (number, shown) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567.8900", "-1,234,567.8900"),
            ("0.00000001", "0.00000001"),
        ] {
            assert_eq!(grouped(number), shown);
        }
    }

    #[test]
    fn spaces_for_alignment_stay_plain() {
        let painter = Painter { coloured: true };
        assert_eq!(painter.paint(Style::Red, "  a b "), "  \x1b[31ma b\x1b[0m ");
        assert_eq!(Painter::plain().paint(Style::Red, "a"), "a");
    }

    #[test]
    fn control_characters_are_replaced() {
        assert!(!safe("\u{1b}[2J\u{9b}1m\n").contains(char::is_control));
        assert_eq!(safe("a\u{202e}b\u{200d}c"), "a\u{fffd}b\u{fffd}c");
    }
}
