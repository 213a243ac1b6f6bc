//! Everything that is logged at any level, heard: written down for one test, and judged for all others.

use std::cell::RefCell;
use std::fmt;
use std::sync::Once;

use kucoin_streams_exchange::DemoCredentials;
use kucoin_streams_testkit::independent_exchange::{KEY, PASSPHRASE, SECRET};
use kucoin_streams_testkit::log::{Listener, Log};

thread_local! {
    /// Where the `log` crate's records of this thread go.
    static LISTENING: RefCell<Option<Log>> = const { RefCell::new(None) };
}

pub(crate) fn write(heard: &Log, text: fmt::Arguments<'_>) {
    heard.write(&text.to_string());
}

/// The same for the `log` crate, which the HTTP client writes to.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("log {} {}", record.target(), record.args());
        LISTENING.with_borrow(|heard| match heard {
            Some(heard) => heard.write(&line),
            None => judge(&line),
        });
    }

    fn flush(&self) {}
}

/// From here on everything that any test of this binary logs is judged.
pub(crate) fn everything_is_heard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Logger).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        tracing::subscriber::set_global_default(Listener(judge)).unwrap();
    });
}

/// Listens on this thread until the guard is dropped.
pub(crate) fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    everything_is_heard();
    let heard = Log::default();
    LISTENING.set(Some(heard.clone()));
    let guard = heard.listen();
    (heard, guard)
}

/// A secret that is logged ends all tests: which one it was cannot be told, and none may.
fn judge(line: &str) {
    if let Some(secret) = secret_in(line) {
        eprintln!("{secret} was logged, in a line of {} bytes", line.len());
        std::process::exit(101);
    }
}

/// What of a line is secret: what every exchange here is given, and what has the form of a token or a signature.
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
