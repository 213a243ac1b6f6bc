//! Maximum width of a line.

/// Minimum width in columns; narrower terminals are treated as this wide.
const MIN_COLUMNS: usize = 80;

/// Width if stdout is not a terminal.
const FILE_COLUMNS: usize = 120;

/// Source of the width.
#[derive(Clone, Copy, Debug)]
pub(super) enum Width {
    /// The width of the terminal at stdout, queried for each line because the terminal may be resized.
    Stdout,
    #[cfg(test)]
    Fixed(Option<usize>),
}

impl Width {
    /// Returns the number of columns; `None` for no limit.
    ///
    /// If stdout is not a terminal, the width is `COLUMNS`, or 120 if it is not set.
    pub(super) fn columns(self) -> Option<usize> {
        match self {
            Self::Stdout => stdout_columns().map(|columns| columns.max(MIN_COLUMNS)),
            #[cfg(test)]
            Self::Fixed(columns) => columns,
        }
    }
}

fn stdout_columns() -> Option<usize> {
    use std::io::IsTerminal;

    if !std::io::stdout().is_terminal() {
        return env_columns().or(Some(FILE_COLUMNS));
    }
    // A terminal that does not know its size reports 0.
    let columns = terminal_columns().filter(|columns| *columns > 0);
    columns.or_else(env_columns).or(Some(MIN_COLUMNS))
}

fn env_columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

fn terminal_columns() -> Option<usize> {
    terminal_size().map(|(columns, _)| usize::from(columns))
}

/// Returns the columns and rows of the terminal at stdout; `None` if they are not known.
#[cfg(unix)]
pub(crate) fn terminal_size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some((size.ws_col, size.ws_row))
}

#[cfg(not(unix))]
pub(crate) fn terminal_size() -> Option<(u16, u16)> {
    crossterm::terminal::size().ok()
}
