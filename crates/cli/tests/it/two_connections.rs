//! `watch` over the spot and the futures connection together.

use kucoin_streams_exchange::{Cut, Effect, Exchange, Stats};
use serde_json::Value;

use crate::ndjson::check_keys;
use crate::rig::*;

/// Pushes of every kind, one per line.
const PUSHES: &str = include_str!("../fixtures/v1.ndjson");

/// The second token is for the futures connection.
const NO_FUTURES: &str =
    "token 2: token-refuse status=403 code=400007 message=\"futures are not for you\"";

fn of<'l>(lines: &'l [Value], ws_key: &str) -> Vec<&'l Value> {
    let of_it = |line: &&Value| line["wsKey"] == ws_key;
    lines.iter().filter(of_it).collect()
}

fn kinds<'l>(lines: &[&'l Value]) -> Vec<&'l str> {
    lines.iter().map(|line| check_keys(line)).collect()
}

#[test]
fn default_watches_both_connections_with_one_token_each() {
    let local = LocalExchange::start(Exchange::builder());
    let mut running = Running::start(local.watch(&["--format", "ndjson"]));
    running.until_subscribed();
    // Events after the acknowledgements arrive on both connections.
    local.exchange.account().step(200);
    let first = running.until("update");
    while running.until("update")["wsKey"] == first["wsKey"] {}
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    for (ws_key, topics) in account_wide() {
        let lines = of(&lines, ws_key);
        let answered: Vec<&Value> = lines
            .iter()
            .filter(|line| line["kind"] == "response")
            .map(|line| &line["topic"])
            .collect();
        assert_eq!(answered, topics.iter().collect::<Vec<_>>());
        let kinds = kinds(&lines);
        // `open`, the responses, then the events.
        assert_eq!(kinds[0], "open");
        assert!(
            kinds[1..=topics.len()]
                .iter()
                .all(|kind| *kind == "response"),
            "{kinds:?}"
        );
        assert_eq!(kinds.last(), Some(&"close"));
    }
    let opened = |ws_key| lines.iter().position(|line| line["wsKey"] == ws_key);
    assert!(opened(SPOT) < opened(FUTURES), "spot is opened alone");
    assert_eq!(local.exchange.stats().token_requests.len(), 2);
}

#[test]
fn watch_and_decode_print_the_same_data() {
    let local = LocalExchange::start(Exchange::builder());
    let mut topics: Vec<String> = PUSHES
        .lines()
        .map(|frame| object(frame)["topic"].as_str().unwrap().to_owned())
        .collect();
    topics.sort();
    topics.dedup();
    // Includes topics of one contract and of all contracts.
    let args: Vec<&str> = topics.iter().flat_map(|topic| ["--topic", topic]).collect();
    let args = [&["--format", "ndjson"], &args[..]].concat();
    let mut running = Running::start(local.watch(&args));
    for topic in &topics {
        local.wait(local.exchange.wait_subscribed(topic));
    }
    for frame in PUSHES.lines() {
        let topic = object(frame)["topic"].as_str().unwrap().to_owned();
        assert_eq!(local.exchange.push_raw(&topic, frame), 1, "{topic}");
        let update = running.until("update");
        check_keys(&update);
        assert_eq!(update["topic"], topic);
        let decoded = kucoin_streams::v1::decode(frame).unwrap().unwrap();
        let expected = serde_json::to_value(&decoded.event).unwrap();
        assert_eq!(update["data"], expected);
        let ws_key = if topic.starts_with("/contract") {
            FUTURES
        } else {
            SPOT
        };
        assert_eq!(update["wsKey"], ws_key);
    }
    running.signal("TERM");
    running.finish().succeeds();
}

#[test]
fn frame_over_several_lines_is_one_line() {
    let local = LocalExchange::start(Exchange::builder());
    let mut running = Running::start(local.watch(&["--format", "ndjson", "--topic", BALANCE]));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    let frame = format!(
        "{{\n \"topic\": \"{BALANCE}\",\r\n \"type\": \"message\",\n \"data\": {{\n \"currency\": \"KCS\", \"new\": {{\r\n \"a\": [1,\n2]}}}}}}"
    );
    local.exchange.push_raw(BALANCE, &frame);
    let update = running.until("update");
    assert_eq!(update["data"]["new"]["a"], serde_json::json!([1, 2]));
    running.signal("TERM");
    running.finish().succeeds();
}

#[test]
fn only_the_requested_connection_is_opened() {
    for (ws_key, topics) in account_wide() {
        let local = LocalExchange::start(Exchange::builder());
        let args = ["--format", "ndjson", "--ws-key", ws_key];
        let running = Running::start(local.watch(&args));
        for topic in &topics {
            local.wait(local.exchange.wait_subscribed(topic));
        }
        running.signal("TERM");
        let lines = running.finish().succeeds().lines();
        assert_eq!(of(&lines, ws_key).len(), lines.len());
        let connections = local.exchange.stats().connections;
        assert_eq!(connections.len(), 1);
        let asked = |topic: &String| {
            let subscribes = |message: &&String| {
                let message = object(message);
                message["type"] == "subscribe" && message["topic"] == **topic
            };
            connections[0]
                .client_messages
                .iter()
                .filter(subscribes)
                .count()
        };
        assert!(topics.iter().all(|topic| asked(topic) == 1));
    }
}

#[test]
fn count_is_over_all_connections() {
    let local = LocalExchange::start(Exchange::builder());
    let args = [
        "--format", "ndjson", "--count", "2", "--topic", BALANCE, "--topic", WALLET,
    ];
    let mut running = Running::start(local.watch(&args));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    local.wait(local.exchange.wait_subscribed(WALLET));
    let frame = |topic: &str| {
        let is_of = |frame: &&str| object(frame)["topic"] == topic;
        PUSHES.lines().find(is_of).unwrap()
    };
    local.exchange.push_raw(BALANCE, frame(BALANCE));
    running.until("update");
    local.exchange.push_raw(WALLET, frame(WALLET));
    let lines = running.finish().succeeds().lines();
    let updates = |ws_key| {
        of(&lines, ws_key)
            .iter()
            .filter(|line| line["kind"] == "update")
            .count()
    };
    assert_eq!((updates(SPOT), updates(FUTURES)), (1, 1));
}

#[test]
fn refused_default_connection_is_left_out() {
    let faults = NO_FUTURES.parse().unwrap();
    let local = LocalExchange::start(Exchange::builder().event_rate(50.0).faults(faults));
    let mut running = Running::start(local.watch(&["--format", "ndjson"]));
    while running.until("close")["wsKey"] != FUTURES {}
    for _ in 0..20 {
        running.until("update");
    }
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    let futures = of(&lines, FUTURES);
    assert_eq!(kinds(&futures), ["exception", "close"]);
    assert_eq!(
        (&futures[0]["code"], &futures[0]["fatal"]),
        (&"400007".into(), &true.into())
    );
    assert!(kinds(&of(&lines, SPOT)).contains(&"update"));
    assert_eq!(local.exchange.stats().token_requests.len(), 2);
}

#[test]
fn other_connection_continues_if_all_topics_are_refused() {
    let [_, (_, futures)] = account_wide();
    let script: String = futures
        .iter()
        .map(|topic| {
            format!("connection 2: refuse-topic topic={topic} code=403 text=\"no\" times=always\n")
        })
        .collect();
    let local = LocalExchange::start(
        Exchange::builder()
            .event_rate(50.0)
            .faults(script.parse().unwrap()),
    );
    let mut running = Running::start(local.watch(&["--format", "ndjson"]));
    // The connection without topics is closed.
    while running.until("close")["wsKey"] != FUTURES {}
    running.until("update");
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    let refused = |line: &&&Value| line["kind"] == "exception" && line["code"] == "403";
    assert_eq!(
        of(&lines, FUTURES).iter().filter(refused).count(),
        futures.len()
    );
}

/// Asserts this status and one line on stderr with all these words.
#[track_caller]
fn fails(ran: &CommandOutput, status: i32, words: &[&str]) {
    assert_eq!(ran.status, Some(status), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word} is not in {}", ran.stderr);
    }
}

#[test]
fn refused_requested_connection_is_an_error() {
    for wish in [
        &["--ws-key", SPOT, "--ws-key", FUTURES][..],
        &["--topic", BALANCE, "--topic", WALLET],
    ] {
        let faults = NO_FUTURES.parse().unwrap();
        let local = LocalExchange::start(Exchange::builder().faults(faults));
        let ran = run(local.watch(&[&["--format", "ndjson"], wish].concat()));
        fails(&ran, 3, &[FUTURES, "400007"]);
        // Both connections are closed.
        let lines = ran.lines();
        assert_eq!(kinds(&of(&lines, SPOT)).last(), Some(&"close"));
        assert_eq!(kinds(&of(&lines, FUTURES)).last(), Some(&"close"));
    }
}

/// The key is deleted when a lost connection requests another token.
const KEY_GONE: &str = "token 3: token-refuse status=401 code=400003 message=\"the key is gone\"";

#[test]
fn last_connection_lost_after_live_is_an_error() {
    let script = format!("{NO_FUTURES}\n{KEY_GONE}");
    let local = LocalExchange::start(Exchange::builder().faults(script.parse().unwrap()));
    let mut running = Running::start(local.watch(&["--format", "ndjson"]));
    while running.until("close")["wsKey"] != FUTURES {}
    let [(_, spot), _] = account_wide();
    running.until_answered(&spot);
    local.exchange.inject(Effect::Cut(Cut::Eof));
    while running.until("close")["wsKey"] != SPOT {}
    fails(&running.finish(), 1, &[SPOT, "400003"]);
}

#[test]
fn failed_live_connection_is_an_error_if_others_continue() {
    for end in ["signal", "count"] {
        let local = LocalExchange::start(Exchange::builder().faults(KEY_GONE.parse().unwrap()));
        let args: &[&str] = match end {
            "count" => &["--format", "ndjson", "--count", "5"],
            _ => &["--format", "ndjson"],
        };
        let mut running = Running::start(local.watch(args));
        running.until_subscribed();
        // The connection that asks first gets the third token.
        local.exchange.inject(Effect::Cut(Cut::Eof));
        let gone = running.until("close")["wsKey"].clone();
        let lives = |stats: &Stats| {
            let topics = stats.open_connections().flat_map(|open| &open.topics);
            topics.count() > 3
        };
        local.wait(local.exchange.wait_until(lives));
        local.exchange.account().step(100);
        assert_ne!(running.until("update")["wsKey"], gone);
        if end == "signal" {
            running.signal("TERM");
        }
        let ran = running.finish();
        fails(&ran, 1, &[gone.as_str().unwrap(), "400003"]);
    }
}

#[test]
fn connection_not_live_in_time_is_named() {
    let faults = "connection 2: drop-welcome times=always";
    let local = LocalExchange::start(Exchange::builder().faults(faults.parse().unwrap()));
    let args = ["--format", "ndjson", "--connect-timeout", "3s"];
    let ran = run(local.watch(&args));
    fails(&ran, 4, &["3s", FUTURES]);
    let [(_, topics), _] = account_wide();
    let lines = ran.lines();
    let answered = of(&lines, SPOT)
        .iter()
        .filter(|line| line["kind"] == "response")
        .count();
    // On a slow machine, spot may not be live either.
    assert_eq!(
        ran.stderr.contains(SPOT),
        answered < topics.len(),
        "{ran:?}"
    );
}

#[test]
fn topic_of_unrequested_connection_is_wrong_usage() {
    let ran = run(command(&[
        "watch", "--demo", "--ws-key", SPOT, "--topic", WALLET,
    ]));
    fails(&ran, 2, &[WALLET, FUTURES, "--ws-key"]);
    let ran = run(command(&[
        "watch",
        "--demo",
        "--topic",
        "/contract/position:xbtusdtm",
    ]));
    fails(&ran, 2, &["`XBTUSDTM`"]);
}

#[test]
fn help_lists_every_topic() {
    use kucoin_streams::v1::{AnyFuturesTopic, AnySpotTopic};
    let ran = run(command(&["watch", "--help"])).succeeds();
    for pattern in AnySpotTopic::PATTERNS
        .iter()
        .chain(AnyFuturesTopic::PATTERNS)
    {
        let is_it = |line: &&str| line.trim_start_matches([' ', '*']) == *pattern;
        assert_eq!(ran.stdout.lines().filter(is_it).count(), 1, "{pattern}");
    }
}

#[test]
fn heading_names_the_connections() {
    let local = LocalExchange::start(Exchange::builder());
    let mut running = Running::start(local.watch(&["--format", "pretty"]));
    let heading = running.line();
    assert!(
        heading.contains(SPOT) && heading.contains(FUTURES),
        "{heading}"
    );
    for ws_key in [SPOT, FUTURES] {
        while !running.line().contains(&format!("connected   {ws_key}")) {}
    }
    running.signal("TERM");
    running.finish().succeeds();
}
