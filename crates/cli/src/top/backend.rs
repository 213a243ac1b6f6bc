//! Writes the cells of a screen to the terminal, one write for each frame.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{Clear, ClearType as AnsiClear};
use ratatui_core::backend::{Backend, ClearType, WindowSize};
use ratatui_core::buffer::Cell;
use ratatui_core::layout::{Position, Size};
use ratatui_core::style::{Color, Modifier};

use crate::output::{terminal_size, write_fully};

/// Size of a terminal that does not know its own.
const DEFAULT_SIZE: Size = Size {
    width: 80,
    height: 24,
};

/// Returns the size of the terminal at stdout.
pub(super) fn size() -> Size {
    let known = terminal_size().filter(|(columns, rows)| *columns > 0 && *rows > 0);
    known.map_or(DEFAULT_SIZE, |(width, height)| Size { width, height })
}

/// The terminal at stdout.
///
/// The one of ratatui-crossterm would add ten crates, and it asks the terminal for the cursor, which takes its answer from the
/// thread that reads the keys.
pub(super) struct StdoutBackend {
    frame: Vec<u8>,
    out: io::Stdout,
}

impl StdoutBackend {
    pub(super) fn new() -> Self {
        Self {
            frame: Vec::new(),
            out: io::stdout(),
        }
    }

    /// Writes the style of a cell: weights, and one of the eight colours that every terminal has.
    fn set_style(&mut self, color: Color, modifier: Modifier) -> io::Result<()> {
        let mut codes = "0".to_owned();
        for (flag, code) in [
            (Modifier::BOLD, ";1"),
            (Modifier::DIM, ";2"),
            (Modifier::REVERSED, ";7"),
        ] {
            if modifier.contains(flag) {
                codes.push_str(code);
            }
        }
        codes.push_str(match color {
            Color::Red => ";31",
            Color::Green => ";32",
            Color::Yellow => ";33",
            Color::Cyan => ";36",
            _ => "",
        });
        write!(self.frame, "\x1b[{codes}m")
    }
}

impl Backend for StdoutBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut style = None;
        let mut next = None;
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                queue!(self.frame, MoveTo(x, y))?;
            }
            if style != Some((cell.fg, cell.modifier)) {
                self.set_style(cell.fg, cell.modifier)?;
                style = Some((cell.fg, cell.modifier));
            }
            queue!(self.frame, Print(cell.symbol()))?;
            // After a wide character, the cursor is moved: terminals do not agree on its width.
            next = cell.symbol().is_ascii().then_some((x + 1, y));
        }
        self.set_style(Color::Reset, Modifier::empty())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        queue!(self.frame, Hide)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        queue!(self.frame, Show)
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        queue!(self.frame, MoveTo(x, y))
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        let region = match region {
            ClearType::All => AnsiClear::All,
            ClearType::AfterCursor => AnsiClear::FromCursorDown,
            ClearType::BeforeCursor => AnsiClear::FromCursorUp,
            ClearType::CurrentLine => AnsiClear::CurrentLine,
            ClearType::UntilNewLine => AnsiClear::UntilNewLine,
        };
        queue!(self.frame, Clear(region))
    }

    fn size(&self) -> io::Result<Size> {
        Ok(size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: size(),
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = write_fully(&mut self.out, &self.frame);
        self.frame.clear();
        written?;
        self.out.flush()
    }
}
