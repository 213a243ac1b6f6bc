//! Successful ends: status 0, connections closed, nothing on stderr.

use kucoin_streams_exchange::{Ended, Exchange, Stats};

use crate::ndjson::check_keys;
use crate::rig::*;

fn live() -> LocalExchange {
    LocalExchange::start(Exchange::builder().event_rate(50.0))
}

#[test]
fn count_counts_only_updates() {
    let local = live();
    let ran = run(local.watch(&["--format", "ndjson", "--count", "20"])).succeeds();
    let lines = ran.lines();
    assert_eq!(
        lines
            .iter()
            .filter(|line| check_keys(line) == "update")
            .count(),
        20
    );
}

#[test]
fn for_time_ends_a_quiet_watch() {
    let local = LocalExchange::start(Exchange::builder());
    let ran = run(local.watch(&["--format", "ndjson", "--for", "5s"])).succeeds();
    assert_eq!(ran.lines().last().unwrap()["kind"], "close");
}

fn signal_unsubscribes_and_closes(signal: &str) {
    let local = live();
    let mut running = Running::start(local.watch(&["--format", "ndjson"]));
    running.until_subscribed();
    running.until("update");
    running.signal(signal);
    let ran = running.finish().succeeds();
    assert_eq!(ran.lines().last().unwrap()["kind"], "close");
    let ended = |stats: &Stats| stats.open_connections().next().is_none();
    local.wait(local.exchange.wait_until(ended));
    let stats = local.exchange.stats();
    assert_eq!(stats.connections.len(), 2);
    for (connection, (ws_key, topics)) in stats.connections.iter().zip(account_wide()) {
        assert_eq!(
            connection.ended,
            Some(Ended::ClientClosed { code: Some(1000) }),
            "{ws_key}"
        );
        let unsubscribed = connection
            .client_messages
            .iter()
            .filter(|message| message.contains("\"unsubscribe\""));
        assert_eq!(unsubscribed.count(), topics.len(), "{ws_key}");
    }
}

#[test]
fn sigint_unsubscribes_and_closes() {
    signal_unsubscribes_and_closes("INT");
}

#[test]
fn sigterm_unsubscribes_and_closes() {
    signal_unsubscribes_and_closes("TERM");
}

#[test]
fn signal_ends_watch_without_a_connection() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let args = [
        "watch",
        "--format",
        "ndjson",
        "--connect-timeout",
        "5m",
        "--rest-url",
        &url,
    ];
    let mut running = Running::start(authorised(command(&args), "key", "secret", "passphrase"));
    running.until("reconnect");
    running.signal("TERM");
    running.finish().succeeds();
}

#[test]
fn closed_pipe_ends_quietly() {
    for format in ["ndjson", "pretty"] {
        let local = live();
        let mut running = Running::start(local.watch(&["--format", format]));
        running.line();
        running.close_stdout();
        let ran = running.finish();
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{format}");
    }
}

#[test]
fn closed_pipe_ends_a_quiet_watch() {
    for format in ["ndjson", "pretty"] {
        let local = LocalExchange::start(Exchange::builder());
        let mut running = Running::start(local.watch(&["--format", format]));
        let (_, spot) = &account_wide()[0];
        let (_, futures) = &account_wide()[1];
        // Pretty output has the topics of a connection on one line.
        let lines = match format {
            "pretty" => 2,
            _ => spot.len() + futures.len(),
        };
        for _ in 0..lines {
            while !running.line().contains('/') {}
        }
        running.close_stdout();
        running.ends_unread();
        let ran = running.finish();
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{format}");
        let ended = |stats: &Stats| stats.open_connections().next().is_none();
        local.wait(local.exchange.wait_until(ended));
    }
}

#[test]
fn output_to_a_file_is_not_a_closed_pipe() {
    let path = std::env::temp_dir().join(format!("kucoin-streams-{}.ndjson", std::process::id()));
    let local = LocalExchange::start(Exchange::builder());
    let mut command = local.watch(&["--format", "ndjson", "--for", "5s"]);
    command.stdout(std::fs::File::create(&path).unwrap());
    run(command).succeeds();
    let written = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(object(written.lines().last().unwrap())["kind"], "close");
    let mut command = local.watch(&["--format", "ndjson", "--for", "5s"]);
    command.stdout(std::process::Stdio::null());
    run(command).succeeds();
    let ended = local.exchange.stats().connections;
    let in_order = Some(Ended::ClientClosed { code: Some(1000) });
    assert!(ended.iter().all(|connection| connection.ended == in_order));
}

#[test]
fn signal_in_a_flood_loses_no_received_event() {
    let local = LocalExchange::start(Exchange::builder().queue_capacity(1_000_000));
    let args = ["--format", "ndjson", "--stats", "--topic", BALANCE];
    let mut running = Running::start(local.watch(&args));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    crate::stalled_output::flood(&local, 5_000);
    running.until("update");
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    let updates = lines.iter().filter(|line| line["kind"] == "update");
    let stats = lines.last().unwrap();
    assert_eq!(check_keys(stats), "stats");
    assert_eq!(stats["queued"], 0, "{stats}");
    assert_eq!(stats["received"], stats["delivered"], "{stats}");
    assert_eq!(stats["delivered"], updates.count());
}
