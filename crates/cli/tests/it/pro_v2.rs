//! `watch` and `decode` of Pro V2.

use std::io::Write;
use std::process::Stdio;

use kucoin_streams_exchange::{Account, Cut, Effect, Exchange, Side};
use serde_json::Value;

use crate::ndjson::check_keys;
use crate::rig::*;

/// Pushes of every kind, one per line.
const PUSHES: &str = include_str!("../fixtures/pro.ndjson");

const XBT: &str = "position?tradeType=FUTURES&symbol=XBTUSDTM";
const ETH: &str = "position?tradeType=FUTURES&symbol=ETHUSDTM";

fn decode(args: &[&str], input: String) -> CommandOutput {
    let mut command = command(&[&["decode", "--protocol", "pro"], args].concat());
    command.stdin(Stdio::piped());
    let mut running = Running::start(command);
    let mut stdin = running.stdin();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let ran = running.finish();
    writer.join().unwrap().unwrap();
    ran
}

#[test]
fn every_channel_is_decoded_with_long_names() {
    let lines = decode(&["--strict"], PUSHES.to_owned()).succeeds().lines();
    for (frame, line) in PUSHES.lines().zip(&lines) {
        let frame = object(frame);
        assert_eq!(
            (&line["kind"], &line["topic"]),
            (&"update".into(), &frame["T"])
        );
        assert_eq!(line["pushedAt"], frame["P"].to_string());
        let data = line["data"].as_object().unwrap();
        assert!(data.keys().all(|name| name.len() > 2), "{line}");
    }
    assert_eq!(lines.len(), PUSHES.lines().count());
    assert_eq!(lines[1]["data"]["lastFillPrice"], "151.20");
}

#[test]
fn control_frames_are_classified_and_kept_whole() {
    let frames = [
        (
            r#"{"sessionId":"s","message":"welcome","pingInterval":18000}"#,
            "welcome",
        ),
        (r#"{"id":"1","result":true}"#, "ack"),
        (r#"{"id":"2","result":"true"}"#, "ack"),
        (
            r#"{"id":"3","result":false,"reason":"missing `symbol`"}"#,
            "refused",
        ),
        (
            r#"{"id":"4","type":"pong","ts":1790113111261396000}"#,
            "pong",
        ),
        (
            r#"{"id":"5","op":"pong","timestamp":1790113111261}"#,
            "pong",
        ),
        (r#"{"T":"obu.SPOT","P":1,"d":{}}"#, "other"),
    ];
    let input: Vec<&str> = frames.iter().map(|(frame, _)| *frame).collect();
    let lines = decode(&[], input.join("\n")).succeeds().lines();
    for ((frame, kind), line) in frames.iter().zip(&lines) {
        assert_eq!(line["kind"], *kind, "{line}");
        assert_eq!(line["frame"], object(frame));
    }
    assert_eq!(lines[3]["message"], "missing `symbol`");
    let broken = decode(
        &["--strict"],
        "{\"T\":\"orderAll.SPOT\",\"P\":1}\n".to_owned(),
    );
    assert_eq!(broken.status, Some(1));
    assert_eq!(broken.lines()[0]["kind"], "undecodable");
}

fn updates(lines: &[Value]) -> Vec<&Value> {
    let updates = lines.iter().filter(|line| check_keys(line) == "update");
    updates.collect()
}

#[test]
fn pro_v2_account_is_watched_again_after_a_loss() {
    let local = LocalExchange::start(Exchange::builder());
    let mut running = Running::start(local.watch(&["--format", "ndjson", "--ws-key", UNIFIED]));
    let topics = unified();
    for topic in &topics {
        local.wait(local.exchange.wait_subscribed(topic));
    }
    let account = local.exchange.account();
    let order = account
        .place_market("KCS-USDT", Side::Buy, 10.into())
        .unwrap();
    let order = Account::unified_order_id(&order);
    while running.until("update")["data"]["orderId"] != order.as_str() {}
    local.exchange.inject(Effect::Cut(Cut::Reset));
    running.until("reconnected");
    let order = account
        .futures()
        .place_market("XBTUSDTM", Side::Buy, 2)
        .unwrap();
    while running.until("update")["data"]["orderId"] != order.as_str() {}
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    assert!(lines.iter().all(|line| line["wsKey"] == UNIFIED));
    assert!(
        updates(&lines)
            .iter()
            .all(|update| topics.iter().any(|topic| update["topic"] == **topic))
    );
    let gap = lines.iter().find(|line| line["kind"] == "gap").unwrap();
    assert_eq!(gap["topics"].as_array().unwrap().len(), topics.len());
    assert_eq!(local.exchange.stats().token_requests.len(), 2);
}

#[test]
fn event_has_the_topic_of_its_symbol() {
    let local = LocalExchange::start(Exchange::builder());
    let args = [
        "--format", "ndjson", "--topic", XBT, "--topic", ETH, "--count", "2",
    ];
    let mut running = Running::start(local.watch(&args));
    // An event before the snapshot would be dropped as older than its row.
    running.until("live");
    let futures = local.exchange.account().futures();
    let price = futures.last_price("ETHUSDTM").unwrap();
    for contract in ["ETHUSDTM", "XBTUSDTM"] {
        let price = futures.last_price(contract).unwrap_or(price);
        // One fill causes one position change.
        let order = futures.place_limit(
            contract,
            Side::Buy,
            (price / kucoin_streams_exchange::Decimal::TWO).trunc(),
            1,
        );
        futures.fill(&order.unwrap(), 1).unwrap();
    }
    let lines = running.finish().succeeds().lines();
    let named: Vec<(&Value, &Value)> = updates(&lines)
        .iter()
        .map(|update| (&update["topic"], &update["data"]["symbol"]))
        .collect();
    for (topic, symbol) in &named {
        assert!(
            topic.as_str().unwrap().ends_with(symbol.as_str().unwrap()),
            "{named:?}"
        );
    }
}

#[test]
fn wrong_credentials_end_pro_v2_after_one_request() {
    let local = LocalExchange::start(Exchange::builder());
    let url = local.exchange.rest_url();
    let args = [
        "watch",
        "--rest-url",
        &url,
        "--ws-key",
        UNIFIED,
        "--format",
        "ndjson",
    ];
    let key = &local.exchange.credentials().key;
    let ran = run(authorised(command(&args), key, "wrong", "wrong"));
    assert_eq!(ran.status, Some(3), "{ran:?}");
    assert_eq!(local.exchange.stats().token_requests.len(), 1);
}
