//! Logging to stderr: the default, `-v` and `RUST_LOG`; a stalled stderr does not block the command.

use std::process::Stdio;

use kucoin_streams_exchange::{Cut, Effect, Exchange};

use crate::rig::*;
use crate::stalled_output::{flood, full_pipe};

/// The log of a session with one connection loss.
fn logged(args: &[&str], rust_log: Option<&str>) -> String {
    let local = LocalExchange::start(Exchange::builder());
    let all = [
        &["--format", "ndjson", "--no-recover", "--topic", BALANCE],
        args,
    ]
    .concat();
    let mut command = local.watch(&all);
    command.env_remove("RUST_LOG");
    if let Some(given) = rust_log {
        command.env("RUST_LOG", given);
    }
    let mut running = Running::start(command);
    running.until_answered([&BALANCE.to_owned()]);
    local.exchange.inject(Effect::Cut(Cut::Reset));
    running.until("reconnected");
    running.signal("TERM");
    let ran = running.finish();
    assert_eq!(ran.status, Some(0), "{ran:?}");
    // Logging does not change stdout.
    ran.lines();
    let demo = local.exchange.credentials();
    for secret in [&demo.key, &demo.secret, &demo.passphrase] {
        assert!(!ran.stderr.contains(secret.as_str()), "{}", ran.stderr);
    }
    ran.stderr
}

#[track_caller]
fn levels(log: &str, expected: &[&str]) {
    for level in ["ERROR", "WARN", "INFO", "DEBUG"] {
        let is_logged = log.contains(&format!(" {level} connection{{ws_key={SPOT} number=0}}: "));
        assert_eq!(is_logged, expected.contains(&level), "{level}: {log}");
    }
}

#[test]
fn default_log_repeats_no_output() {
    assert_eq!(logged(&[], None), "");
    assert_eq!(logged(&[], Some("")), "");
}

#[test]
fn each_v_adds_a_level() {
    let info = logged(&["-v"], None);
    levels(&info, &["WARN", "INFO"]);
    for words in [
        "connection lost",
        "attempt 1 in",
        "the connection is live",
        "reconnected after",
    ] {
        assert!(info.contains(words), "{words}: {info}");
    }
    let debug = logged(&["-vv"], None);
    levels(&debug, &["WARN", "INFO", "DEBUG"]);
    assert!(debug.contains("websocket open"), "{debug}");
    levels(&logged(&["-vvv"], None), &["WARN", "INFO", "DEBUG"]);
}

#[test]
fn rust_log_is_a_list_of_targets() {
    levels(&logged(&[], Some("kucoin_streams_client=warn")), &["WARN"]);
    levels(&logged(&[], Some("off")), &[]);
    levels(&logged(&["-v"], Some("off")), &["WARN", "INFO"]);
    levels(&logged(&[], Some("trace")), &["WARN", "INFO", "DEBUG"]);
    let wrong = logged(&[], Some("kucoin_streams=loud"));
    assert!(wrong.contains("RUST_LOG is ignored"), "{wrong}");
}

#[test]
fn stalled_log_delays_neither_events_nor_the_end() {
    let local = LocalExchange::start(Exchange::builder().queue_capacity(1_000_000));
    let mut command = local.watch(&["--format", "ndjson", "--topic", BALANCE, "-vvv"]);
    let (reader, writer) = full_pipe();
    command.stderr(writer);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    local.wait(local.exchange.wait_subscribed(BALANCE));
    flood(&local, 1_000);
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stdout));
    let updates = lines
        .by_ref()
        .filter(|line| object(line.as_ref().unwrap())["kind"] == "update");
    assert_eq!(updates.take(1_000).count(), 1_000);
    send("TERM", child.id());
    assert_eq!(ends_soon(&mut child), Some(0));
    drop(reader);
}
