//! A stalled reader delays no signal, `--for` or ping, and unwritten events are counted.

use std::io::{PipeReader, PipeWriter, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use kucoin_streams_exchange::{Exchange, Stats};
use serde_json::Value;

use crate::ndjson::check_keys;
use crate::rig::*;

/// More than a pipe and the queue of the command hold, but not so much that the queue of a subscription overflows.
const FLOOD: u64 = 9_000;

/// More than a pipe holds, but less than the queue of the command.
const COUNT: u64 = 3_000;

fn local() -> LocalExchange {
    let exchange = Exchange::builder()
        .queue_capacity(1_000_000)
        .ping_interval(Duration::from_millis(200));
    LocalExchange::start(exchange)
}

/// Pushes this number of balances, each with its own number.
pub(crate) fn flood(local: &LocalExchange, count: u64) {
    for number in 0..count {
        let frame = format!(
            r#"{{"topic":"{BALANCE}","type":"message","subject":"account.balance","data":{{"currency":"KCS","number":{number}}}}}"#
        );
        local.exchange.push_raw(BALANCE, &frame);
    }
}

fn start(local: &LocalExchange, args: &[&str]) -> Running {
    let base = ["--format", "ndjson", "--topic", BALANCE, "--no-recover"];
    let args = [&base[..], args].concat();
    let running = Running::start(local.watch(&args));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    running
}

/// A command that received many events while its output is not read.
fn stalled(local: &LocalExchange, args: &[&str]) -> Running {
    let running = start(local, args);
    flood(local, FLOOD);
    let pushed = |stats: &Stats| stats.connections[0].pushed >= FLOOD;
    local.wait(local.exchange.wait_until(pushed));
    wait_for_pings(local);
    running
}

fn wait_for_pings(local: &LocalExchange) {
    let before = local.exchange.stats().connections[0].pings;
    let come = |stats: &Stats| stats.connections[0].pings >= before + 5;
    local.wait(local.exchange.wait_until(come));
    assert_eq!(local.exchange.stats().connections.len(), 1);
}

/// The number of received events, if some were not written.
fn received(ran: &CommandOutput) -> Option<u64> {
    let unwritten: u64 = ran.stderr.split(' ').nth(1)?.parse().ok()?;
    let whole = ran.stdout.rfind('\n').map_or("", |end| &ran.stdout[..end]);
    let written = numbers(&whole.lines().map(object).collect::<Vec<_>>());
    Some(written.len() as u64 + unwritten)
}

/// Asserts status 1 and one line on stderr with the number of unwritten events; the written lines are in order.
#[track_caller]
fn fails_with_a_count(ran: &CommandOutput) {
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    let words: Vec<&str> = ran.stderr.split(' ').collect();
    assert_eq!(words[2..7].join(" "), "events received but not written:");
    let whole = ran.stdout.rfind('\n').map_or("", |end| &ran.stdout[..end]);
    let numbers: Vec<u64> = numbers(&whole.lines().map(object).collect::<Vec<_>>());
    assert!(numbers.iter().copied().eq(0..numbers.len() as u64));
    // The last write may be read only in part.
    let all = received(ran).unwrap();
    assert!((FLOOD..FLOOD + 1_000).contains(&all), "{all} of {FLOOD}");
}

fn numbers(lines: &[Value]) -> Vec<u64> {
    let updates = lines.iter().filter(|line| check_keys(line) == "update");
    let number = |update: &Value| update["data"]["number"].as_u64().unwrap();
    updates.map(number).collect()
}

#[test]
fn signal_ends_watch_and_pings_continue() {
    for signal in ["TERM", "INT"] {
        let local = local();
        let mut running = stalled(&local, &[]);
        wait_for_pings(&local);
        running.signal(signal);
        running.ends_unread();
        fails_with_a_count(&running.finish());
    }
}

#[test]
fn for_time_ends_watch() {
    // On a busy machine the time may elapse before everything is received.
    let ends_stalled = |time: &&str| {
        let local = local();
        let mut running = start(&local, &["--for", time]);
        flood(&local, FLOOD);
        running.ends_unread();
        let ran = running.finish();
        let is_stalled = received(&ran).is_some_and(|all| all >= FLOOD);
        if is_stalled {
            fails_with_a_count(&ran);
        }
        is_stalled
    };
    assert!(["3s", "20s", "60s"].iter().any(ends_stalled));
}

#[test]
fn second_signal_ends_watch_at_once() {
    let local = local();
    let mut running = stalled(&local, &[]);
    // Signals in quick succession are merged by the system.
    let status = loop {
        running.signal("TERM");
        std::thread::sleep(Duration::from_millis(100));
        if let Some(status) = running.ended() {
            break status;
        }
    };
    assert_eq!(status, Some(143));
}

#[test]
fn closed_pipe_ends_stalled_watch_quietly() {
    let local = local();
    let mut running = stalled(&local, &[]);
    running.close_stdout();
    running.ends_unread();
    let ran = running.finish();
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}

/// A command that received its `--count`, closed its connection, and whose output is not read.
fn counted(local: &LocalExchange) -> Running {
    let count = COUNT.to_string();
    let running = start(local, &["--count", &count]);
    flood(local, COUNT);
    let closed = |stats: &Stats| stats.open_connections().next().is_none();
    local.wait(local.exchange.wait_until(closed));
    running
}

#[test]
fn count_waits_for_its_reader() {
    let running = counted(&local());
    // Longer than the time limit of other ends.
    std::thread::sleep(Duration::from_millis(2_500));
    let lines = running.finish().succeeds().lines();
    assert!(numbers(&lines).into_iter().eq(0..COUNT));
    assert_eq!(lines.last().unwrap()["kind"], "close");
}

#[test]
fn count_waiting_for_its_reader_ends_on_a_signal() {
    let mut running = counted(&local());
    running.signal("INT");
    running.ends_unread();
    let ran = running.finish();
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("not written"), "{}", ran.stderr);
}

#[test]
fn resumed_reader_sees_the_gap_in_its_place() {
    let local = local();
    let mut running = stalled(&local, &["--stats"]);
    flood(&local, 3 * FLOOD);
    // The client first stops reading from the socket for up to a second before it drops events.
    for _ in 0..4 {
        wait_for_pings(&local);
    }
    let (mut updates, mut missed) = (0, 0);
    while updates + missed < 4 * FLOOD {
        let line = object(&running.line());
        updates += u64::from(check_keys(&line) == "update");
        missed += line["missed"].as_u64().unwrap_or(0);
    }
    assert!(missed > 0);
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    let stats = lines.last().unwrap();
    assert_eq!(stats["delivered"], updates, "{stats}");
    assert_eq!(stats["overflowed"], missed, "{stats}");
}

/// A pipe that stays full while it is not read.
pub(crate) fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut filler = writer.try_clone().unwrap();
    std::thread::spawn(move || while filler.write_all(&[b'\n'; 4096]).is_ok() {});
    (reader, writer)
}

#[test]
fn stalled_stderr_does_not_delay_the_end() {
    let local = LocalExchange::start(Exchange::builder());
    let demo = local.exchange.credentials();
    let url = local.exchange.rest_url();
    let watch = command(&["watch", "--rest-url", &url]);
    let mut watch = authorised(watch, &demo.key, "wrong", &demo.passphrase);
    let (reader, writer) = full_pipe();
    let mut child = watch.stderr(writer).stdout(Stdio::null()).spawn().unwrap();
    assert_eq!(ends_soon(&mut child), Some(3));
    drop(reader);
}

#[test]
fn signal_ends_exchange_with_stalled_stdout() {
    let (reader, writer) = full_pipe();
    let port = free_port();
    let mut exchange = command(&["exchange", "--rate", "0", "--port", &port.to_string()]);
    let mut child = exchange.stdout(writer).spawn().unwrap();
    // It handles signals before it listens on the port.
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    send("TERM", child.id());
    assert_eq!(ends_soon(&mut child), Some(0));
    drop(reader);
}
