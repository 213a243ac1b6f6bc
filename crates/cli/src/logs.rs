//! What is logged, at which level, and how it reaches stderr without ever making a connection wait.

use std::io;
use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::exit::Stderr;

/// The crates of the SDK begin so.
const OURS: &str = "kucoin_streams";

/// Its warnings and errors are the gaps and lifecycle events that `watch` shows anyway.
const SHOWN_ANYWAY: &str = "kucoin_streams_client";

/// Starts to log to stderr, as `-v` says, or else `RUST_LOG`, or else warnings that nothing else shows.
pub(crate) fn start(verbosity: u8, stderr: &Stderr) {
    let given = std::env::var("RUST_LOG").unwrap_or_default();
    let targets = targets(verbosity, &given).unwrap_or_else(|error| {
        stderr.line(&format!(
            "RUST_LOG is ignored: {error}; expected a list such as `warn,kucoin_streams_client=debug`"
        ));
        by_default()
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Lines(stderr.clone()));
    let registry = tracing_subscriber::registry().with(targets).with(lines);
    // It fails only if this process logs already.
    let _ = registry.try_init();
}

fn targets(verbosity: u8, given: &str) -> Result<Targets, <Targets as FromStr>::Err> {
    let level = match verbosity {
        0 if given.trim().is_empty() => return Ok(by_default()),
        0 => return given.parse(),
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    Ok(Targets::new()
        .with_default(Level::WARN)
        .with_target(OURS, level))
}

fn by_default() -> Targets {
    Targets::new()
        .with_default(Level::WARN)
        .with_target(SHOWN_ANYWAY, tracing_subscriber::filter::LevelFilter::OFF)
}

/// Makes the writer of one line.
struct Lines(Stderr);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Lines;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Each write is a whole line.
impl io::Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.log(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the client, the token source and another crate log at this level.
    #[track_caller]
    fn check(verbosity: u8, given: &str, level: Level, expected: [bool; 3]) {
        let targets = targets(verbosity, given).unwrap();
        let of = [
            "kucoin_streams_client::queue",
            "kucoin_streams_auth::rest",
            "hyper",
        ];
        assert_eq!(
            of.map(|target| targets.would_enable(target, &level)),
            expected
        );
    }

    #[test]
    fn default_is_warnings_that_watch_does_not_show() {
        check(0, "", Level::WARN, [false, true, true]);
        check(0, " ", Level::ERROR, [false, true, true]);
        check(0, "", Level::INFO, [false, false, false]);
    }

    #[test]
    fn each_v_adds_a_level_of_the_sdk() {
        check(1, "", Level::INFO, [true, true, false]);
        check(1, "", Level::DEBUG, [false, false, false]);
        check(2, "", Level::DEBUG, [true, true, false]);
        check(3, "", Level::TRACE, [true, true, false]);
        check(9, "", Level::TRACE, [true, true, false]);
        check(3, "", Level::WARN, [true, true, true]);
    }

    #[test]
    fn rust_log_decides_unless_v_is_given() {
        check(0, "error", Level::ERROR, [true, true, true]);
        check(0, "error", Level::WARN, [false, false, false]);
        check(
            0,
            "off,kucoin_streams_client=debug",
            Level::DEBUG,
            [true, false, false],
        );
        check(1, "off", Level::INFO, [true, true, false]);
        assert!(targets(0, "kucoin_streams=loud").is_err());
    }
}
