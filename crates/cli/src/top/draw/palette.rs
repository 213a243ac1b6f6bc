//! Colours, of the 16 that every terminal has, and weights.

use ratatui_core::style::{Color, Modifier, Style};

/// Meaning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Dim,
    Bold,
    Good,
    Bad,
    Warn,
    /// Needs attention at once.
    Alarm,
    /// The chosen list.
    Chosen,
    /// Heading of a list.
    Heading,
}

/// Turns tones into styles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    is_coloured: bool,
}

impl Palette {
    pub(super) fn new(is_coloured: bool) -> Self {
        Self { is_coloured }
    }

    pub(super) fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        let (color, style) = match tone {
            Tone::Plain => (None, plain),
            Tone::Dim => (None, plain.add_modifier(Modifier::DIM)),
            Tone::Bold => (None, plain.add_modifier(Modifier::BOLD)),
            Tone::Good => (Some(Color::Green), plain),
            Tone::Bad => (Some(Color::Red), plain),
            Tone::Warn => (Some(Color::Yellow), plain),
            Tone::Alarm => (Some(Color::Yellow), plain.add_modifier(Modifier::REVERSED)),
            Tone::Chosen => (Some(Color::Cyan), plain.add_modifier(Modifier::REVERSED)),
            Tone::Heading => (Some(Color::Cyan), plain.add_modifier(Modifier::BOLD)),
        };
        match color.filter(|_| self.is_coloured) {
            Some(color) => style.fg(color),
            None => style,
        }
    }
}
