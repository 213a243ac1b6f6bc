//! The NDJSON format of `watch`: kinds, keys, values and order.

use std::collections::BTreeSet;

use kucoin_streams_exchange::{Cut, Effect, Exchange, TruthEntry};
use serde_json::Value;

use crate::rig::*;
use crate::truth::{as_event, as_json};

/// The required and the optional keys of each kind.
fn keys(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        "open" | "authenticated" => (&[], &[]),
        "response" => (&["topic", "ok"], &[]),
        "update" => (
            &["topic", "receivedAt", "epoch", "data"],
            &["subject", "id", "userId", "pushedAt", "envelope"],
        ),
        "gap" => (
            &["topics", "reason"],
            &[
                "cause",
                "stage",
                "code",
                "lastEventAt",
                "lastHeardAt",
                "lostAt",
                "missed",
                "error",
                "raw",
                "message",
                "retrying",
            ],
        ),
        "recovered" => (
            &["topic", "receivedAt", "epoch", "source", "exact", "data"],
            &["subject", "id", "userId", "pushedAt", "late", "envelope"],
        ),
        "snapshot" => (&["topic", "source", "takenAt", "data"], &[]),
        "vanished" => (&["topic", "symbol", "orderId"], &["filledSize"]),
        "live" => (
            &["topics", "liveAt"],
            &[
                "lastEventAt",
                "lastHeardAt",
                "lostAt",
                "epoch",
                "window",
                "complete",
                "missing",
                "requests",
                "weight",
                "late",
            ],
        ),
        "reconnect" => (
            &["cause", "stage", "attempt", "delayMs"],
            &["code", "remedy"],
        ),
        "reconnected" => (&["downMs", "refused"], &[]),
        "rotated" => (&["tookMs"], &[]),
        "exception" => (&["message", "fatal"], &["topic", "code"]),
        "close" => (&["reason"], &[]),
        "stats" => (
            &[
                "topic",
                "received",
                "delivered",
                "duplicates",
                "undecodable",
                "other",
                "queued",
                "overflowed",
                "consistent",
            ],
            &[],
        ),
        "drift" => (
            &["topic", "finding", "count"],
            &["path", "sample", "pushedTopic", "firstSeen"],
        ),
        other => panic!("an unknown kind: {other}"),
    }
}

#[test]
fn help_lists_every_kind_with_its_fields() {
    let help = run(command(&["watch", "--help"])).succeeds().stdout;
    let (_, table) = help.split_once("Lines of --format ndjson").unwrap();
    for kind in [
        "response",
        "update",
        "snapshot",
        "vanished",
        "gap",
        "live",
        "reconnect",
        "reconnected",
        "rotated",
        "exception",
        "close",
        "stats",
        "drift",
    ] {
        let (_, row) = table.split_once(&format!("\n  {kind} ")).unwrap();
        // Fields by the reason of a gap are in rows with more indentation.
        let end = row.find("\n  ").map_or(row.len(), |mut end| {
            while row[end..].starts_with("\n    ") {
                end += 1 + row[end + 1..].find('\n').unwrap();
            }
            end
        });
        let words: Vec<&str> = row[..end]
            .split_whitespace()
            .map(|word| word.trim_end_matches(['?', ',', ']', '[']))
            .collect();
        let (always, sometimes) = keys(kind);
        for key in always.iter().chain(sometimes) {
            assert!(words.contains(key), "{key} of {kind} in {words:?}");
        }
    }
    // `recovered` has the fields of `update` and three more.
    for kind in [
        "open",
        "authenticated",
        "recovered",
        "source",
        "exact",
        "late",
    ] {
        assert!(table.contains(kind));
    }
}

/// Checks the keys and times of a line, and returns its kind.
#[track_caller]
pub(crate) fn check_keys(line: &Value) -> &str {
    let kind = line["kind"].as_str().unwrap();
    let ws_keys = [SPOT, FUTURES, UNIFIED];
    assert!(ws_keys.iter().any(|key| line["wsKey"] == *key), "{line}");
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
    let known: BTreeSet<&str> = ["kind", "wsKey", "connection"]
        .iter()
        .chain(always)
        .chain(sometimes)
        .copied()
        .collect();
    let strange: Vec<&&str> = present.difference(&known).collect();
    assert!(strange.is_empty(), "{strange:?} in {line}");
    for time in [
        "receivedAt",
        "pushedAt",
        "lastEventAt",
        "lastHeardAt",
        "lostAt",
        "liveAt",
    ] {
        if line.get(time).is_some() {
            assert!(
                nanos(line, time) > 1_700_000_000_000_000_000,
                "{time} is not in nanoseconds: {line}"
            );
        }
    }
    kind
}

/// Parses a time of a line.
#[track_caller]
fn nanos(line: &Value, time: &str) -> i64 {
    let text = line[time].as_str();
    let nanos = text.and_then(|text| text.parse().ok());
    nanos.unwrap_or_else(|| panic!("{time} is no string of nanoseconds: {line}"))
}

fn kinds(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(check_keys).collect()
}

#[test]
fn demo_needs_no_account_and_ends_at_the_count() {
    let ran = run(command(&[
        "watch", "--demo", "--count", "5", "--format", "ndjson",
    ]))
    .succeeds();
    let lines = ran.lines();
    let kinds = kinds(&lines);
    assert_eq!(kinds[0], "open");
    assert_eq!(kinds.iter().filter(|kind| **kind == "update").count(), 5);
    assert_eq!(kinds.last(), Some(&"close"));
    assert_eq!(lines.last().unwrap()["reason"], "--count reached");
    let topics = |kind: &str| -> BTreeSet<&str> {
        lines
            .iter()
            .filter(|line| line["kind"] == kind)
            .filter_map(|line| line["topic"].as_str())
            .collect()
    };
    // The count may be reached before the other connection is live.
    let [(_, spot), (_, futures)] = account_wide();
    let all = spot.iter().chain(&futures);
    let all = all.map(String::as_str).collect();
    assert!(
        spot.iter()
            .all(|topic| topics("response").contains(topic.as_str()))
    );
    assert!(topics("response").is_subset(&all));
    assert!(topics("update").is_subset(&topics("response")));
}

#[test]
fn default_format_of_a_pipe_is_ndjson() {
    let ran = run(command(&["watch", "--demo", "--count", "1"])).succeeds();
    kinds(&ran.lines());
}

#[test]
fn updates_match_the_truth_log_in_order() {
    let local = LocalExchange::start(Exchange::builder().seed(61));
    // Reads every update of the account; the end shows that there are no more.
    let mut running = Running::start(local.watch(&["--format", "ndjson", "--no-recover"]));
    running.until_subscribed();
    local.exchange.account().step(300);
    let truth: Vec<TruthEntry> = local.exchange.truth().snapshot();
    let truth = account_wide().map(|(ws_key, topics)| {
        let is_watched = |entry: &&TruthEntry| topics.iter().any(|topic| topic == entry.topic);
        let entries: Vec<TruthEntry> = truth.iter().filter(is_watched).cloned().collect();
        assert!(entries.len() > 100, "{ws_key}: {}", entries.len());
        (ws_key, entries)
    });
    let wanted: usize = truth.iter().map(|(_, entries)| entries.len()).sum();
    let updates: Vec<Value> = (0..wanted).map(|_| running.until("update")).collect();
    for (ws_key, entries) in &truth {
        let updates: Vec<&Value> = updates
            .iter()
            .filter(|update| update["wsKey"] == *ws_key)
            .collect();
        assert_eq!(updates.len(), entries.len(), "{ws_key}");
        for (update, entry) in updates.into_iter().zip(entries) {
            check_update(update, entry);
        }
    }
    running.signal("TERM");
    let ran = running.finish().succeeds();
    let updates = |line: &&Value| line["kind"] == "update";
    assert_eq!(ran.lines().iter().filter(updates).count(), wanted);
}

#[test]
fn stats_account_for_every_frame() {
    let local = LocalExchange::start(Exchange::builder().seed(66));
    let args = ["--format", "ndjson", "--stats", "--no-recover"];
    let mut running = Running::start(local.watch(&args));
    running.until_subscribed();
    local.exchange.account().step(100);
    let truth: Vec<TruthEntry> = local.exchange.truth().snapshot();
    let pushed = |topic: &str| truth.iter().filter(|entry| entry.topic == topic).count();
    let watched = account_wide();
    let topics = watched.iter().flat_map(|(_, topics)| topics);
    let wanted: usize = topics.clone().map(|topic| pushed(topic)).sum();
    for _ in 0..wanted {
        running.until("update");
    }
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    let stats: Vec<&Value> = lines
        .iter()
        .filter(|line| check_keys(line) == "stats")
        .collect();
    assert_eq!(stats.len(), topics.clone().count());
    for topic in topics {
        let line = stats.iter().find(|line| line["topic"] == **topic).unwrap();
        assert_eq!(line["received"], pushed(topic), "{line}");
        assert_eq!(line["delivered"], pushed(topic), "{line}");
        assert_eq!(line["consistent"], true, "{line}");
    }
    assert_eq!(lines.last().unwrap()["kind"], "stats");
}

fn check_update(update: &Value, entry: &TruthEntry) {
    check_keys(update);
    let frame: Value = serde_json::from_str(&entry.frame).unwrap();
    assert_eq!(update["topic"], entry.topic);
    assert_eq!(update["subject"], entry.subject);
    assert_eq!(
        (&update["userId"], &update["id"]),
        (&frame["userId"], &frame["id"])
    );
    assert_eq!(as_json(&update["data"]), as_event(entry));
    assert_eq!(update["epoch"], 1);
}

#[test]
fn loss_is_reported_in_its_place() {
    let local = LocalExchange::start(Exchange::builder().seed(62));
    let mut running = Running::start(local.watch(&["--format", "ndjson", "--no-recover"]));
    running.until_subscribed();
    local.exchange.account().step(50);
    running.until("update");
    local.exchange.inject(Effect::Cut(Cut::Reset));
    for _ in account_wide() {
        running.until("reconnected");
    }
    local.exchange.account().step(50);
    running.until("update");
    running.signal("INT");
    let lines = running.finish().succeeds().lines();
    kinds(&lines);
    for (ws_key, topics) in account_wide() {
        let of_it: Vec<&Value> = lines
            .iter()
            .filter(|line| line["wsKey"] == ws_key)
            .collect();
        check_loss(&of_it, &topics);
    }
}

/// Checks that the lines of one connection report one loss, in order.
fn check_loss(lines: &[&Value], topics: &[String]) {
    let place = |kind: &str| {
        let place = lines.iter().position(|line| line["kind"] == kind);
        place.expect("the kind is present")
    };
    let (lost, back) = (place("reconnect"), place("reconnected"));
    assert!(lost < back);
    assert_eq!(
        (&lines[lost]["attempt"], &lines[lost]["stage"]),
        (&1.into(), &"live".into())
    );
    assert!(lines[lost]["delayMs"].is_u64() && lines[back]["downMs"].is_u64());
    let (gap, live) = (place("gap"), place("live"));
    assert!(gap < live && live < back);
    assert_eq!(lines[gap]["reason"], "lost");
    assert_eq!(lines[live]["epoch"], 2);
    for at in [gap, live] {
        assert_eq!(
            lines[at]["topics"],
            serde_json::json!(topics),
            "all topics in one item"
        );
        assert!(nanos(lines[at], "lastHeardAt") <= nanos(lines[at], "lostAt"));
    }
    assert_eq!(lines[gap]["lostAt"], lines[live]["lostAt"]);
    assert!(nanos(lines[live], "lostAt") <= nanos(lines[live], "liveAt"));
    for (at, line) in lines.iter().enumerate() {
        match line["kind"].as_str().unwrap() {
            "update" => {
                let epoch = if at > gap { 2 } else { 1 };
                assert_eq!(line["epoch"], epoch, "{line}");
            }
            "gap" | "live" => assert!([gap, live].contains(&at), "one loss: {line}"),
            "response" if at > lost => {
                assert!(at < back, "a topic is live only after the reconnection")
            }
            _ => {}
        }
    }
}

#[test]
fn undecodable_frame_is_a_gap_with_the_frame() {
    let local = LocalExchange::start(Exchange::builder());
    let mut running = Running::start(local.watch(&["--format", "ndjson", "--topic", BALANCE]));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    let poor = format!(r#"{{"topic":"{BALANCE}","type":"message","data":{{"total":"\u0031"}}}}"#);
    local.exchange.push_raw(BALANCE, &poor);
    let gap = running.until("gap");
    check_keys(&gap);
    assert_eq!(
        (&gap["reason"], &gap["raw"]),
        (&"undecodable".into(), &poor.into())
    );
    assert!(gap["error"].as_str().unwrap().contains("currency"), "{gap}");
    running.until("live");
    running.signal("TERM");
    running.finish().succeeds();
}

#[test]
fn refused_topic_is_reported_and_others_continue() {
    let script = format!(
        "connection 1: refuse-topic topic={ORDERS} code=404 text=\"topic is gone\" times=always"
    );
    let local = LocalExchange::start(Exchange::builder().faults(script.parse().unwrap()));
    let args = [
        "--format", "ndjson", "--topic", ORDERS, "--topic", BALANCE, "--count", "1",
    ];
    let running = Running::start(local.watch(&args));
    // One topic is refused; the other stays subscribed.
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
