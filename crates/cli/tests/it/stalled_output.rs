//! A reader that does not read: it delays no signal, no `--for` and no ping, and what it misses is counted.

use std::io::{PipeReader, PipeWriter, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use kucoin_streams_exchange::{Exchange, Stats};
use serde_json::Value;

use crate::ndjson::check_form;
use crate::rig::*;

/// More than a pipe and the queue of the command hold, and less than the queue of a subscription has room for beside
/// them.
const FLOOD: u64 = 9_000;

/// More than a pipe holds, and less than the queue of the command.
const COUNT: u64 = 3_000;

fn local() -> Local {
    let exchange = Exchange::builder()
        .queue_capacity(1_000_000)
        .ping_interval(Duration::from_millis(200));
    Local::start(exchange)
}

/// Pushes this number of balances, each with its own number.
pub(crate) fn flood(local: &Local, count: u64) {
    for number in 0..count {
        let frame = format!(
            r#"{{"topic":"{BALANCE}","type":"message","subject":"account.balance","data":{{"currency":"KCS","number":{number}}}}}"#
        );
        local.exchange.push_raw(BALANCE, &frame);
    }
}

fn start(local: &Local, args: &[&str]) -> Running {
    let args = [&["--format", "ndjson", "--topic", BALANCE], args].concat();
    let running = Running::start(local.watch(&args));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    running
}

/// A command that received a flood which is not read.
fn stalled(local: &Local, args: &[&str]) -> Running {
    let running = start(local, args);
    flood(local, FLOOD);
    let pushed = |stats: &Stats| stats.connections[0].pushed >= FLOOD;
    local.wait(local.exchange.wait_until(pushed));
    wait_for_pings(local);
    running
}

fn wait_for_pings(local: &Local) {
    let before = local.exchange.stats().connections[0].pings;
    let come = |stats: &Stats| stats.connections[0].pings >= before + 5;
    local.wait(local.exchange.wait_until(come));
    assert_eq!(local.exchange.stats().connections.len(), 1);
}

/// The number of events that were received, if some of them were not written.
fn received(ran: &Ran) -> Option<u64> {
    let unwritten: u64 = ran.stderr.split(' ').nth(1)?.parse().ok()?;
    let whole = ran.stdout.rfind('\n').map_or("", |end| &ran.stdout[..end]);
    let written = numbers(&whole.lines().map(object).collect::<Vec<_>>());
    Some(written.len() as u64 + unwritten)
}

/// Fails with one line on stderr that counts what was not written; every whole line before is in order.
#[track_caller]
fn fails_with_a_count(ran: &Ran) {
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    let words: Vec<&str> = ran.stderr.split(' ').collect();
    assert_eq!(words[2..7].join(" "), "events received but not written:");
    let whole = ran.stdout.rfind('\n').map_or("", |end| &ran.stdout[..end]);
    let numbers: Vec<u64> = numbers(&whole.lines().map(object).collect::<Vec<_>>());
    assert!(numbers.iter().copied().eq(0..numbers.len() as u64));
    // The last write may have been partly read.
    let all = received(ran).unwrap();
    assert!((FLOOD..FLOOD + 1_000).contains(&all), "{all} of {FLOOD}");
}

fn numbers(lines: &[Value]) -> Vec<u64> {
    let updates = lines.iter().filter(|line| check_form(line) == "update");
    let number = |update: &Value| update["data"]["number"].as_u64().unwrap();
    updates.map(number).collect()
}

#[test]
fn signal_ends_it_and_pings_go_on() {
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
fn time_of_for_ends_it() {
    // On a busy machine the time may be over before everything was received.
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
fn second_signal_ends_it_at_once() {
    let local = local();
    let mut running = stalled(&local, &[]);
    // One that comes too soon after the first is the same signal to the system.
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
fn reader_that_goes_ends_it_in_silence() {
    let local = local();
    let mut running = stalled(&local, &[]);
    running.close_stdout();
    running.ends_unread();
    let ran = running.finish();
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}

/// A command that received its count, which is not read, and has closed its connection.
fn counted(local: &Local) -> Running {
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
    // The limit of other ends passes.
    std::thread::sleep(Duration::from_millis(2_500));
    let lines = running.finish().succeeds().lines();
    assert!(numbers(&lines).into_iter().eq(0..COUNT));
    assert_eq!(lines.last().unwrap()["kind"], "close");
}

#[test]
fn count_that_waits_for_its_reader_ends_by_a_signal() {
    let mut running = counted(&local());
    running.signal("INT");
    running.ends_unread();
    let ran = running.finish();
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("not written"), "{}", ran.stderr);
}

#[test]
fn reader_that_comes_back_sees_the_gap_in_its_place() {
    let local = local();
    let mut running = stalled(&local, &["--stats"]);
    flood(&local, 3 * FLOOD);
    // The client first stops reading for up to a second; only then it gives events up.
    for _ in 0..4 {
        wait_for_pings(&local);
    }
    let (mut updates, mut missed) = (0, 0);
    while updates + missed < 4 * FLOOD {
        let line = object(&running.line());
        updates += u64::from(check_form(&line) == "update");
        missed += line["missed"].as_u64().unwrap_or(0);
    }
    assert!(missed > 0);
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    let stats = lines.last().unwrap();
    assert_eq!(stats["delivered"], updates, "{stats}");
    assert_eq!(stats["overflowed"], missed, "{stats}");
}

/// A pipe that is full, as long as it is not read.
pub(crate) fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut filler = writer.try_clone().unwrap();
    std::thread::spawn(move || while filler.write_all(&[b'\n'; 4096]).is_ok() {});
    (reader, writer)
}

#[test]
fn stderr_that_is_not_read_delays_no_end() {
    let local = Local::start(Exchange::builder());
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
fn exchange_ends_by_a_signal_too() {
    let (reader, writer) = full_pipe();
    let port = free_port();
    let mut exchange = command(&["exchange", "--rate", "0", "--port", &port.to_string()]);
    let mut child = exchange.stdout(writer).spawn().unwrap();
    // It handles signals before it listens.
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    send("TERM", child.id());
    assert_eq!(ends_soon(&mut child), Some(0));
    drop(reader);
}
