//! Captures the log of one test at every level, and checks the log of all other tests for secrets.

use std::cell::RefCell;
use std::fmt;
use std::sync::Once;

use kucoin_streams_exchange::DemoCredentials;
use kucoin_streams_testkit::independent_exchange::{KEY, PASSPHRASE, SECRET};
use kucoin_streams_testkit::log::{Listener, Log};

thread_local! {
    /// Receives the `log` crate's records of this thread.
    static LISTENING: RefCell<Option<Log>> = const { RefCell::new(None) };
}

pub(crate) fn write(log: &Log, text: fmt::Arguments<'_>) {
    log.write(&text.to_string());
}

/// Logger for the `log` crate, which the HTTP client uses.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("log {} {}", record.target(), record.args());
        LISTENING.with_borrow(|log| match log {
            Some(log) => log.write(&line),
            None => check_line(&line),
        });
    }

    fn flush(&self) {}
}

/// Checks everything that any test of this binary logs from now on.
pub(crate) fn check_logs_for_secrets() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Logger).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        tracing::subscriber::set_global_default(Listener(check_line)).unwrap();
    });
}

/// Captures the log of this thread until the guard is dropped.
pub(crate) fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    check_logs_for_secrets();
    let log = Log::default();
    LISTENING.set(Some(log.clone()));
    let guard = log.listen();
    (log, guard)
}

/// Ends the process if a line has a secret. The log does not show which test wrote the line.
fn check_line(line: &str) {
    if let Some(secret) = secret_in(line) {
        eprintln!("{secret} was logged, in a line of {} bytes", line.len());
        std::process::exit(101);
    }
}

/// Returns the kind of secret in a line: known credentials, or the format of a token or signature.
fn secret_in(line: &str) -> Option<&'static str> {
    let demo = DemoCredentials::default();
    let given = [
        (demo.key.as_str(), "the key"),
        (&demo.secret, "the secret"),
        (&demo.passphrase, "the passphrase"),
        (KEY, "the key"),
        (SECRET, "the secret"),
        (PASSPHRASE, "the passphrase"),
        ("2neAiuYvAU", "a token"),
    ];
    let found = given.iter().find(|(secret, _)| line.contains(secret));
    found.map(|(_, what)| *what).or_else(|| {
        // Base64 of 32 bytes.
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        let mut words = line.split(|c| !is_base64(c));
        let is_signature = |word: &str| word.len() == 44 && word.ends_with('=');
        words.any(is_signature).then_some("a signature")
    })
}

#[test]
fn secrets_are_detected_by_value_and_by_format() {
    let signature = "3jPjCKHhnGhQ7WkBRJC3cNN9aCgvw5jGcRR0ZrwZt4o=";
    let demo = DemoCredentials::default();
    for (line, secret) in [
        (format!("secret={}", demo.secret), Some("the secret")),
        (format!("shown {PASSPHRASE}"), Some("the passphrase")),
        ("dial ?token=2neAiuYvAUabc%3D".to_owned(), Some("a token")),
        (format!("KC-API-SIGN: {signature}"), Some("a signature")),
        ("connected to 127.0.0.1:4000".to_owned(), None),
    ] {
        assert_eq!(secret_in(&line), secret, "{line}");
    }
}
