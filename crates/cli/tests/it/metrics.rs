//! `--metrics-addr`: the metrics over HTTP, their format, and the errors.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use kucoin_streams_exchange::{Cut, Effect, Exchange};

use crate::rig::{BALANCE, CommandOutput, LocalExchange, Running, free_port};

fn quiet() -> LocalExchange {
    LocalExchange::start(Exchange::builder())
}

/// Stops the command by a signal.
fn stop(watch: Running) -> CommandOutput {
    watch.signal("INT");
    watch.finish()
}

/// Sends a request, and returns the status line and the body.
fn request(port: u16, line: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// Parses the text format of Prometheus strictly; returns the samples, and the type of each metric.
fn scrape(port: u16) -> (BTreeMap<String, f64>, BTreeMap<String, String>) {
    let (status, body) = request(port, "GET /metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(body.ends_with('\n'));
    let (mut samples, mut types) = (BTreeMap::new(), BTreeMap::new());
    let mut current = String::new();
    for line in body.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            current = help.split_once(' ').unwrap().0.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, current, "TYPE follows HELP");
            assert!(matches!(kind, "counter" | "gauge"), "{line}");
            assert!(
                types.insert(name.to_owned(), kind.to_owned()).is_none(),
                "{name} twice"
            );
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            assert_eq!(name, current, "the samples of a metric are together");
            let is_name = |name: &str| {
                !name.is_empty()
                    && name
                        .chars()
                        .all(|letter| letter.is_ascii_lowercase() || letter == '_')
            };
            assert!(is_name(name), "{line}");
            let labels = labels.strip_suffix('}').unwrap();
            for label in labels.split(',').filter(|label| !label.is_empty()) {
                let (label, value) = label.split_once('=').unwrap();
                assert!(is_name(label), "{line}");
                assert!(
                    value.starts_with('"') && value.ends_with('"') && value.len() >= 2,
                    "{line}"
                );
            }
            let value: f64 = value.parse().unwrap();
            assert!(value.is_finite(), "{line}");
            assert!(
                samples.insert(series.to_owned(), value).is_none(),
                "{series} twice"
            );
        }
    }
    (samples, types)
}

fn spot(name: &str) -> String {
    format!("kucoin_streams_{name}{{ws_key=\"spotPrivateV1\"}}")
}

/// Starts `watch` with metrics at this address.
fn watch(local: &LocalExchange, address: &str) -> Running {
    let args = [
        "--format",
        "ndjson",
        "--no-recover",
        "--topic",
        BALANCE,
        "--metrics-addr",
        address,
    ];
    Running::start(local.watch(&args))
}

#[test]
fn counters_grow_over_a_reconnect_and_agree_with_the_exchange() {
    let local = quiet();
    let port = free_port();
    let mut watch = watch(&local, &port.to_string());
    watch.until_answered([&BALANCE.to_owned()]);
    let account = local.exchange.account();
    account.deposit("USDT", 5.into()).unwrap();
    watch.until("update");
    let (before, types) = scrape(port);
    assert_eq!(before[&spot("live")], 1.0);
    assert_eq!(before[&spot("events_total")], 1.0);
    assert_eq!(
        (before[&spot("dials_total")], before[&spot("gaps_total")]),
        (1.0, 0.0)
    );

    local.exchange.inject(Effect::Cut(Cut::Reset));
    watch.until("reconnected");
    account.deposit("USDT", 5.into()).unwrap();
    watch.until("update");
    let (after, _) = scrape(port);
    assert_eq!(after[&spot("events_total")], 2.0);
    assert_eq!(
        (after[&spot("reconnects_total")], after[&spot("gaps_total")]),
        (1.0, 1.0)
    );
    assert_eq!(after[&spot("epoch")], 2.0);
    let dials = local.exchange.stats().token_requests.len();
    assert_eq!(after[&spot("dials_total")], dials as f64);
    for (series, value) in &before {
        let name = series.split('{').next().unwrap();
        if types[name] == "counter" {
            assert!(
                after[series] >= *value,
                "{series} went from {value} to {}",
                after[series]
            );
        }
    }
    let output = stop(watch);
    let served = format!("kucoin-streams: metrics are served at http://127.0.0.1:{port}/metrics\n");
    assert!(output.stderr.starts_with(&served), "{}", output.stderr);
    assert!(!output.stderr.contains("warning"), "{}", output.stderr);
}

#[test]
fn other_paths_and_methods_are_refused() {
    let local = quiet();
    let port = free_port();
    let mut watch = watch(&local, &format!("127.0.0.1:{port}"));
    watch.until("open");
    assert_eq!(request(port, "GET /other").0, "HTTP/1.1 404 Not Found");
    assert_eq!(
        request(port, "POST /metrics").0,
        "HTTP/1.1 405 Method Not Allowed"
    );
    assert_eq!(request(port, "nonsense").0, "HTTP/1.1 400 Bad Request");
    assert_eq!(
        request(port, "HEAD /metrics"),
        ("HTTP/1.1 200 OK".to_owned(), String::new())
    );
}

#[test]
fn taken_port_is_named() {
    let local = quiet();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = watch(&local, &address).finish();
    assert_eq!(output.status, Some(1));
    let start = format!("kucoin-streams: cannot serve metrics at {address}: ");
    assert!(output.stderr.starts_with(&start), "{}", output.stderr);
    let remedy = "another program listens there; choose another port with --metrics-addr\n";
    assert!(output.stderr.ends_with(remedy), "{}", output.stderr);
    assert_eq!(local.exchange.stats().token_requests, []);
}

#[test]
fn address_that_others_can_reach_gets_a_warning() {
    let local = quiet();
    let port = free_port();
    let mut watch = watch(&local, &format!("0.0.0.0:{port}"));
    watch.until("open");
    assert!(!scrape(port).0.is_empty());
    let output = stop(watch);
    let warning = format!(
        "kucoin-streams: warning: everyone who can reach 0.0.0.0:{port} can read the metrics"
    );
    assert!(output.stderr.starts_with(&warning), "{}", output.stderr);
}
