//! Logging to stderr, without blocking if stderr is not read.

use std::io;
use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::exit::Stderr;

/// Prefix of the log targets of the SDK.
const SDK_TARGETS: &str = "kucoin_streams";

/// Log target that is off by default.
///
/// `watch` prints the warnings and errors of this target as gaps and lifecycle events.
const CLIENT_TARGET: &str = "kucoin_streams_client";

/// Starts logging to stderr.
///
/// The level is from `-v`, else from `RUST_LOG`, else only warnings are logged that `watch` does not print itself.
pub(crate) fn start(verbosity: u8, stderr: &Stderr) {
    let given = std::env::var("RUST_LOG").unwrap_or_default();
    let targets = targets(verbosity, &given).unwrap_or_else(|error| {
        stderr.line(&format!(
            "RUST_LOG is ignored: {error}; expected a list such as `warn,kucoin_streams_client=debug`"
        ));
        default_targets()
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(LogWriter(stderr.clone()));
    let registry = tracing_subscriber::registry().with(targets).with(lines);
    // Fails only if a subscriber is already set.
    let _ = registry.try_init();
}

fn targets(verbosity: u8, given: &str) -> Result<Targets, <Targets as FromStr>::Err> {
    let level = match verbosity {
        0 if given.trim().is_empty() => return Ok(default_targets()),
        0 => return given.parse(),
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    Ok(Targets::new()
        .with_default(Level::WARN)
        .with_target(SDK_TARGETS, level))
}

fn default_targets() -> Targets {
    Targets::new()
        .with_default(Level::WARN)
        .with_target(CLIENT_TARGET, tracing_subscriber::filter::LevelFilter::OFF)
}

/// Writes log lines to [`Stderr`].
struct LogWriter(Stderr);

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a LogWriter;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// `tracing_subscriber` writes one whole line at a time.
impl io::Write for &LogWriter {
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

    /// Checks whether the client, the token source and another crate log at this level.
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
    fn default_logs_warnings_of_other_crates() {
        check(0, "", Level::WARN, [false, true, true]);
        check(0, " ", Level::ERROR, [false, true, true]);
        check(0, "", Level::INFO, [false, false, false]);
    }

    #[test]
    fn each_v_adds_a_level() {
        check(1, "", Level::INFO, [true, true, false]);
        check(1, "", Level::DEBUG, [false, false, false]);
        check(2, "", Level::DEBUG, [true, true, false]);
        check(3, "", Level::TRACE, [true, true, false]);
        check(9, "", Level::TRACE, [true, true, false]);
        check(3, "", Level::WARN, [true, true, true]);
    }

    #[test]
    fn rust_log_applies_without_v() {
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
