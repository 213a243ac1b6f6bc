//! How many columns a line may have.

/// A terminal is taken to have this many columns at least.
const LEAST: usize = 80;

/// Where the number of columns comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Width {
    /// The terminal at stdout, asked for each line, as it may be resized.
    OfStdout,
    #[cfg(test)]
    Of(Option<usize>),
}

impl Width {
    /// `None` if lines have no end: stdout is no terminal, and `COLUMNS` is not set.
    pub(super) fn columns(self) -> Option<usize> {
        match self {
            Self::OfStdout => of_stdout().map(|columns| columns.max(LEAST)),
            #[cfg(test)]
            Self::Of(columns) => columns,
        }
    }
}

fn of_stdout() -> Option<usize> {
    use std::io::IsTerminal;

    if !std::io::stdout().is_terminal() {
        return of_environment();
    }
    // A terminal that does not know its size says 0.
    let columns = of_terminal().filter(|columns| *columns > 0);
    columns.or_else(of_environment).or(Some(LEAST))
}

fn of_environment() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

#[cfg(unix)]
fn of_terminal() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn of_terminal() -> Option<usize> {
    None
}
