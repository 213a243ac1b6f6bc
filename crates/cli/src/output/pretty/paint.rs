//! Colours, where the terminal wants them, and texts that are safe to show there.

use std::io::IsTerminal;

/// A colour or weight of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
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

/// Puts ink on texts, or leaves them plain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    coloured: bool,
}

impl Paint {
    /// Coloured where stdout is a terminal that does not object (`NO_COLOR`, `TERM=dumb`).
    pub(super) fn for_stdout() -> Self {
        let objects = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            coloured: std::io::stdout().is_terminal() && !objects,
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

    pub(super) fn ink(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Plain => "",
            Ink::Dim => "2",
            Ink::Bold => "1",
            Ink::Green => "32",
            Ink::Red => "31",
            Ink::Yellow => "33",
            Ink::Cyan => "36",
            Ink::Blue => "34",
            Ink::Magenta => "35",
            Ink::Alarm => "1;30;43",
        };
        if !self.coloured || code.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        // Blanks around a text align it; they stay without ink.
        let word = text.trim();
        let start = text.len() - text.trim_start().len();
        let (before, after) = (&text[..start], &text[start + word.len()..]);
        format!("{before}\x1b[{code}m{word}\x1b[0m{after}")
    }
}

/// A foreign text without anything that could drive the terminal.
pub(super) fn safe(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_control() {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}

/// An amount with its thousands set apart, every digit kept.
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
    fn thousands_are_set_apart_and_no_digit_is_lost() {
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
    fn ink_leaves_the_blanks_that_align() {
        let paint = Paint { coloured: true };
        assert_eq!(paint.ink(Ink::Red, "  a b "), "  \x1b[31ma b\x1b[0m ");
        assert_eq!(Paint::plain().ink(Ink::Red, "a"), "a");
    }

    #[test]
    fn a_foreign_text_cannot_drive_the_terminal() {
        assert!(!safe("\u{1b}[2J\u{9b}1m\n").contains(char::is_control));
    }
}
