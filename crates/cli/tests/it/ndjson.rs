//! The NDJSON contract, line by line: kinds, keys, values and order.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_exchange::{Cut, Effect, Exchange, TruthEntry};
use serde_json::Value;

use crate::rig::*;
use crate::truth::as_event;

/// The keys of each kind: those that are always there, and those that may be.
fn keys(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        "open" => (&[], &[]),
        "response" => (&["topic", "ok"], &[]),
        "update" => (
            &["topic", "receivedAt", "epoch", "data"],
            &["subject", "id", "userId", "envelope"],
        ),
        "gap" => (
            &["topic", "reason"],
            &[
                "lastEventAt",
                "lostAt",
                "liveAt",
                "epoch",
                "missed",
                "error",
                "raw",
            ],
        ),
        "reconnect" => (&["cause", "stage", "attempt", "delayMs"], &["code"]),
        "reconnected" => (&["downMs", "refused"], &[]),
        "exception" => (&["message", "fatal"], &["topic", "code"]),
        "close" => (&["reason"], &[]),
        other => panic!("an unknown kind: {other}"),
    }
}

/// Checks the form of a line, and gives its kind.
#[track_caller]
pub(crate) fn check_form(line: &Value) -> &str {
    let kind = line["kind"].as_str().unwrap();
    assert_eq!(line["wsKey"], "spotPrivateV1", "{line}");
    let present: BTreeSet<&str> = line
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let (always, sometimes) = keys(kind);
    for key in always {
        assert!(present.contains(key), "{key} is missing in {line}");
    }
    let known: BTreeSet<&str> = ["kind", "wsKey"]
        .iter()
        .chain(always)
        .chain(sometimes)
        .copied()
        .collect();
    let strange: Vec<&&str> = present.difference(&known).collect();
    assert!(strange.is_empty(), "{strange:?} in {line}");
    for time in ["receivedAt", "lastEventAt", "lostAt", "liveAt"] {
        if let Some(value) = line.get(time) {
            let nanos = value
                .as_i64()
                .unwrap_or_else(|| panic!("{time} is no integer: {line}"));
            assert!(
                nanos > 1_700_000_000_000_000_000,
                "{time} is not in nanoseconds: {line}"
            );
        }
    }
    kind
}

fn kinds(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(check_form).collect()
}

#[test]
fn the_demo_shows_events_with_no_account_and_ends_at_the_count() {
    let ran = run(command(&[
        "watch", "--demo", "--count", "5", "--format", "ndjson",
    ]))
    .succeeds();
    let lines = ran.lines();
    let kinds = kinds(&lines);
    assert_eq!(kinds[0], "open");
    assert_eq!(kinds.iter().filter(|kind| **kind == "update").count(), 5);
    assert_eq!(kinds.iter().filter(|kind| **kind == "response").count(), 3);
    assert_eq!(kinds.last(), Some(&"close"));
    assert_eq!(lines.last().unwrap()["reason"], "closed by the user");
    let topics = |kind: &str| -> BTreeSet<&str> {
        lines
            .iter()
            .filter(|line| line["kind"] == kind)
            .filter_map(|line| line["topic"].as_str())
            .collect()
    };
    assert_eq!(topics("response"), BTreeSet::from([ORDERS, BALANCE, STOPS]));
    assert!(topics("update").is_subset(&topics("response")));
}

#[test]
fn without_a_format_a_pipe_gets_ndjson() {
    let ran = run(command(&["watch", "--demo", "--count", "1"])).succeeds();
    kinds(&ran.lines());
}

#[test]
fn updates_are_the_truth_in_arrival_order_to_the_last_digit() {
    let local = Local::start(Exchange::builder().seed(61));
    // Every update of the account, and one more to see that nothing else comes.
    let mut running = Running::start(local.watch(&["--format", "ndjson"]));
    local.wait_for_all_topics();
    local.exchange.account().step(300);
    let truth: Vec<TruthEntry> = local.exchange.truth().snapshot();
    let truth: Vec<TruthEntry> = truth
        .into_iter()
        .filter(|entry| entry.topic != "/spotMarket/tradeOrders")
        .collect();
    assert!(truth.len() > 600, "{}", truth.len());
    for entry in &truth {
        let update = running.until("update");
        check_form(&update);
        let frame: Value = serde_json::from_str(&entry.frame).unwrap();
        assert_eq!(update["topic"], entry.topic);
        assert_eq!(update["subject"], entry.subject);
        assert_eq!(
            (&update["userId"], &update["id"]),
            (&frame["userId"], &frame["id"])
        );
        assert_eq!(update["data"], as_event(entry));
        assert_eq!(update["epoch"], 1);
    }
    running.signal("TERM");
    let ran = running.finish().succeeds();
    assert_eq!(
        ran.lines()
            .iter()
            .filter(|line| line["kind"] == "update")
            .count(),
        truth.len()
    );
}

#[test]
fn a_loss_is_told_in_its_place() {
    let local = Local::start(Exchange::builder().seed(62));
    let mut running = Running::start(local.watch(&["--format", "ndjson"]));
    local.wait_for_all_topics();
    local.exchange.account().step(50);
    running.until("update");
    local.exchange.inject(Effect::Cut(Cut::Reset));
    running.until("reconnected");
    local.exchange.account().step(50);
    running.until("update");
    running.signal("INT");
    let lines = running.finish().succeeds().lines();
    kinds(&lines);
    let place =
        |wanted: &dyn Fn(&Value) -> bool| lines.iter().position(wanted).expect("it is told");
    let lost = place(&|line| line["kind"] == "reconnect");
    let back = place(&|line| line["kind"] == "reconnected");
    assert!(lost < back);
    assert_eq!(
        (&lines[lost]["attempt"], &lines[lost]["stage"]),
        (&1.into(), &"live".into())
    );
    assert!(lines[lost]["delayMs"].is_u64() && lines[back]["downMs"].is_u64());
    let mut epochs: BTreeMap<&str, u64> = BTreeMap::new();
    let mut gaps = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let topic = line["topic"].as_str().unwrap_or_default();
        match line["kind"].as_str().unwrap() {
            "update" => {
                let epoch = epochs
                    .insert(topic, line["epoch"].as_u64().unwrap())
                    .unwrap_or(1);
                let passed = gaps.contains(&topic);
                assert_eq!(
                    line["epoch"],
                    if passed { 2 } else { 1 },
                    "{topic} after epoch {epoch}"
                );
            }
            "gap" => {
                assert!(at < back, "a gap after the reconnection was told");
                assert_eq!(
                    (&line["reason"], &line["epoch"]),
                    (&"reconnected".into(), &2.into())
                );
                assert!(line["lostAt"].as_i64() <= line["liveAt"].as_i64());
                gaps.push(topic);
            }
            "response" if at > lost => {
                assert!(at < back, "a topic is live only after the reconnection")
            }
            _ => {}
        }
    }
    assert_eq!(
        gaps.iter().copied().collect::<BTreeSet<_>>(),
        BTreeSet::from([ORDERS, BALANCE, STOPS])
    );
    assert_eq!(gaps.len(), 3, "one gap for each topic");
}

#[test]
fn a_frame_that_cannot_be_read_is_a_gap_that_shows_it() {
    let local = Local::start(Exchange::builder());
    let mut running = Running::start(local.watch(&["--format", "ndjson", "--topic", BALANCE]));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    let poor = format!(r#"{{"topic":"{BALANCE}","type":"message","data":{{"total":"\u0031"}}}}"#);
    local.exchange.push_raw(BALANCE, &poor);
    let gap = running.until("gap");
    check_form(&gap);
    assert_eq!(
        (&gap["reason"], &gap["raw"]),
        (&"undecodable".into(), &poor.into())
    );
    assert!(gap["error"].as_str().unwrap().contains("currency"), "{gap}");
    running.signal("TERM");
    running.finish().succeeds();
}

#[test]
fn a_topic_that_is_refused_is_told_and_the_others_go_on() {
    let script = format!(
        "connection 1: refuse-topic topic={ORDERS} code=404 text=\"topic is gone\" times=always"
    );
    let local = Local::start(Exchange::builder().faults(script.parse().unwrap()));
    let args = [
        "--format", "ndjson", "--topic", ORDERS, "--topic", BALANCE, "--count", "1",
    ];
    let running = Running::start(local.watch(&args));
    // One topic is refused; the other is subscribed to once and stays.
    local.wait(local.exchange.wait_until(|stats| {
        stats.connections.iter().any(|connection| {
            connection.refusals > 0 && connection.topics == [BALANCE] && connection.acks >= 1
        })
    }));
    let lines = {
        let mut running = running;
        while object(&running.line())["kind"] != "exception" {}
        local.exchange.account().deposit("USDT", 1.into()).unwrap();
        running.finish().succeeds().lines()
    };
    kinds(&lines);
    let exception = lines
        .iter()
        .find(|line| line["kind"] == "exception")
        .unwrap();
    assert_eq!(
        (
            &exception["topic"],
            &exception["code"],
            &exception["message"],
            &exception["fatal"]
        ),
        (
            &ORDERS.into(),
            &"404".into(),
            &"topic is gone".into(),
            &false.into()
        )
    );
    let update = lines.iter().find(|line| line["kind"] == "update").unwrap();
    assert_eq!(update["topic"], BALANCE);
}
