//! Differences from the known format, in `decode --drift` and `watch --stats`.

use std::io::Write;
use std::process::Stdio;

use kucoin_streams_exchange::{Effect, Exchange, Mutation};
use serde_json::{Value, json};

use crate::ndjson::check_keys;
use crate::rig::*;

/// Pushes of V1 and Pro V2: two with an unknown field, two with an unknown word, one without its currency.
const FRAMES: [&str; 6] = [
    r#"{"topic":"/account/balance","type":"message","subject":"account.balance","data":{"currency":"KCS","total":"1","canaries":["canary"]}}"#,
    r#"{"topic":"/account/balance","type":"message","subject":"account.balance","data":{"currency":"KCS","total":"2","canaries":"canary"}}"#,
    r#"{"topic":"/account/balance","type":"message","subject":"account.balance","data":{"total":"3"}}"#,
    r#"{"T":"orderAll.UNIFIED","P":1781200000950000000,"d":{"s":"BTC-USDT","oi":"canary1","S":"BUY","oT":"PEGGED","os":3,"q":"1","tT":"SPOT"}}"#,
    r#"{"T":"orderAll.UNIFIED","P":1781200000960000000,"d":{"s":"BTC-USDT","oi":"canary2","S":"BUY","oT":"PEGGED","os":3,"q":"1","tT":"SPOT"}}"#,
    r#"{"id":"1","type":"pong"}"#,
];

fn decode(args: &[&str]) -> CommandOutput {
    let mut command = command(&[&["decode", "--drift"], args].concat());
    command.stdin(Stdio::piped());
    let mut running = Running::start(command);
    let mut stdin = running.stdin();
    let written = stdin.write_all(FRAMES.join("\n").as_bytes());
    drop(stdin);
    let ran = running.finish();
    written.unwrap();
    ran
}

#[test]
fn decode_lists_each_difference_once_without_values() {
    let ran = decode(&[]).succeeds();
    assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
    let line = |topic: &str, finding: &str, path: &str, sample: &str, count: u64| {
        json!({
            "kind": "drift", "topic": topic, "finding": finding, "path": path, "sample": sample, "count": count
        })
    };
    let (balance, orders) = ("/account/balance", "orderAll.UNIFIED");
    assert_eq!(
        ran.lines(),
        [
            line(balance, "unknownField", "data.canaries", "array(1)", 2),
            line(balance, "missingField", "data.currency", "absent", 1),
            line(orders, "unknownWord", "d.oT", "PEGGED", 2),
        ]
    );
}

#[test]
fn strict_counts_undecodable_frames_of_drift_too() {
    let ran = decode(&["--strict"]);
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.lines().len(), 3);
    assert!(ran.stderr.contains("1 undecodable"), "{}", ran.stderr);
}

/// Watches balances until two events, each with an unknown field, are printed.
fn watch(format: &str) -> CommandOutput {
    let local = LocalExchange::start(Exchange::builder());
    let args = [
        "--format", format, "--stats", "--topic", BALANCE, "--count", "2",
    ];
    let running = Running::start(local.watch(&args));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    local.exchange.inject(Effect::MutateFrame {
        mutation: Mutation::ExtraField,
        field: None,
        count: Some(2),
    });
    for _ in 0..2 {
        local.exchange.account().deposit("USDT", 5.into()).unwrap();
    }
    running.finish()
}

#[test]
fn stats_of_watch_list_differences_in_ndjson() {
    let lines = watch("ndjson").lines();
    let drift: Vec<&Value> = lines
        .iter()
        .filter(|line| check_keys(line) == "drift")
        .collect();
    let [line] = drift[..] else {
        panic!("{lines:?}");
    };
    for (key, value) in [
        ("topic", json!(BALANCE)),
        ("wsKey", json!(SPOT)),
        ("finding", json!("unknownField")),
        ("path", json!("data.novelty")),
        ("sample", json!("object(1)")),
        ("count", json!(2)),
        ("pushedTopic", json!(BALANCE)),
    ] {
        assert_eq!(line[key], value, "{line}");
    }
    assert!(line["firstSeen"].is_string(), "{line}");
}

#[test]
fn stats_of_watch_list_differences_in_pretty_output() {
    let shown = watch("pretty").stdout;
    let expected = format!(
        "format of {BALANCE} differs from what is known:\n        2 x unknown field data.novelty: object(1)"
    );
    assert!(shown.contains(&expected), "{shown}");
}
