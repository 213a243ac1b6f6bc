//! `watch` over Pro V2 against a second local exchange, which shares no code with the crate `exchange`.

use std::collections::HashMap;

use serde_json::Value;

use crate::ndjson::check_keys;
use crate::rig::*;
use kucoin_streams_testkit::independent_exchange::{
    Api, Behaviour, IndependentExchange, KEY, PASSPHRASE, Refusal, SECRET, Seen,
};

const ALL: &str = "orderAll?tradeType=UNIFIED";
const XBT: &str = "position?tradeType=FUTURES&symbol=XBTUSDTM";
const ETH: &str = "position?tradeType=FUTURES&symbol=ETHUSDTM";
/// The topic `ETH` with its parameters in another order.
const ETH_ASKED: &str = "position?symbol=ETHUSDTM&tradeType=FUTURES";

fn position(symbol: &str, size: &str) -> String {
    format!(
        r#"{{"T":"position.FUTURES", "P":1772116784703673441, "d":{{"pi":"30000000000084351","s":"{symbol}","mM":"CROSS","q":"{size}","eP":"1916.25000000000000000001","U":1772116784703000000}}}}"#
    )
}

fn order(id: u64) -> String {
    format!(
        r#"{{"T":"orderAll.UNIFIED","P":1772116784703673440,"d":{{"oi":"{id}","ci":"","os":2,"eT":"OPEN","tT":"SPOT","s":"KCS-USDT","S":"BUY","oT":"LIMIT","p":"11.2000","q":"3.10","qU":"BASECCY","fS":"0","O":1772116784703000001,"U":1772116784703000001}}}}"#
    )
}

fn pushes() -> HashMap<String, Vec<String>> {
    HashMap::from([
        (ALL.to_owned(), vec![order(9_007_199_254_740_993), order(2)]),
        (XBT.to_owned(), vec![position("XBTUSDTM", "-3")]),
        (ETH.to_owned(), vec![position("ETHUSDTM", "12")]),
    ])
}

fn start(server: &IndependentExchange, args: &[&str]) -> Running {
    let hosts = [
        "--rest-url",
        &server.rest_url,
        "--pro-ws-url",
        &server.ws_url,
    ];
    // The server has no REST queries.
    let watch = ["watch", "--format", "ndjson", "--no-recover"];
    let args = [&watch[..], &hosts, args].concat();
    Running::start(authorised(command(&args), KEY, SECRET, PASSPHRASE))
}

fn count(lines: &[Value], kind: &str) -> usize {
    lines.iter().filter(|line| check_keys(line) == kind).count()
}

#[track_caller]
fn shows_no_secret(seen: &Seen, ran: &CommandOutput) {
    let own = [KEY, SECRET, PASSPHRASE];
    for secret in seen.secrets.iter().map(String::as_str).chain(own) {
        let is_shown = ran.stdout.contains(secret) || ran.stderr.contains(secret);
        assert!(!is_shown, "{secret} is shown");
    }
}

#[test]
fn watch_follows_the_pro_v2_protocol() {
    let runtime = runtime();
    let behaviour = Behaviour {
        pushes: pushes(),
        drops_after_topics: Some(3),
        ..Behaviour::default()
    };
    let server = runtime.block_on(IndependentExchange::start(Api::Pro, behaviour));
    let asked = [ALL, XBT, ETH_ASKED];
    let args = asked.map(|topic| ["--topic", topic]).concat();
    let mut running = start(&server, &args);
    let updates: Vec<Value> = (0..8).map(|_| running.until("update")).collect();
    runtime.block_on(server.until(|seen| seen.pings.get(1).is_some_and(|pings| pings.len() >= 2)));
    running.signal("INT");
    let ran = running.finish().succeeds();

    let lines = ran.lines();
    for (kind, times) in [
        ("open", 1),
        ("response", 6),
        ("update", 8),
        ("gap", 1),
        ("live", 1),
        ("reconnect", 1),
        ("reconnected", 1),
        ("close", 1),
    ] {
        assert_eq!(count(&lines, kind), times, "{kind} in {}", ran.stdout);
    }
    for line in &lines {
        assert_eq!(line["wsKey"], UNIFIED);
        let topic = line["topic"].as_str();
        assert!(topic.is_none_or(|topic| asked.contains(&topic)), "{line}");
    }
    for update in &updates {
        let expected = match update["data"]["symbol"].as_str() {
            Some("XBTUSDTM") => XBT,
            Some("ETHUSDTM") => ETH_ASKED,
            _ => ALL,
        };
        assert_eq!(update["topic"], expected, "{update}");
    }
    let of = |topic: &str| -> Vec<&Value> {
        let of_it = updates.iter().filter(|update| update["topic"] == topic);
        of_it.collect()
    };
    assert_eq!(asked.map(|topic| of(topic).len()), [4, 2, 2]);
    let first = of(ALL)[0];
    assert_eq!(first["pushedAt"], "1772116784703673440");
    assert_eq!(first["data"]["orderId"], "9007199254740993");
    assert_eq!(first["data"]["size"], "3.10");
    let entry = &of(ETH_ASKED)[0]["data"]["entryPrice"];
    assert_eq!(entry, "1916.25000000000000000001");

    runtime.block_on(server.until(|seen| seen.closed_in_order == 1));
    let seen = server.seen();
    assert_eq!(seen.violations, Vec::<String>::new());
    assert_eq!((&seen.tokens, seen.tokens.len()), (&seen.used, 2));
    let subscribed = [ALL, XBT, ETH].map(|topic| format!("subscribe {topic}"));
    assert_eq!(seen.requests[0], subscribed);
    assert_eq!(seen.requests[1][..3], subscribed);
    let mut left = seen.requests[1][3..].to_vec();
    let mut unsubscribed = [ALL, XBT, ETH].map(|topic| format!("unsubscribe {topic}"));
    left.sort();
    unsubscribed.sort();
    assert_eq!(left, unsubscribed);
    shows_no_secret(&seen, &ran);
}

#[test]
fn login_replaces_the_token() {
    let runtime = runtime();
    let behaviour = Behaviour {
        pushes: pushes(),
        ..Behaviour::default()
    };
    let server = runtime.block_on(IndependentExchange::start(Api::Pro, behaviour));
    let args = ["--pro-auth", "login", "--topic", XBT, "--count", "1"];
    let ran = start(&server, &args).finish().succeeds();
    let lines = ran.lines();
    assert_eq!(count(&lines, "authenticated"), 1);
    assert_eq!(count(&lines, "update"), 1);
    let seen = server.seen();
    assert_eq!(seen.violations, Vec::<String>::new());
    assert_eq!((seen.logins, seen.tokens.len()), (1, 0));
    shows_no_secret(&seen, &ran);
}

#[test]
fn refused_topic_is_reported_as_it_was_given() {
    let runtime = runtime();
    let reason = "topic position is not for you";
    let behaviour = Behaviour {
        pushes: pushes(),
        refuses: Some(Refusal {
            message: reason.to_owned(),
            ..Refusal::not_found(ETH)
        }),
        ..Behaviour::default()
    };
    let server = runtime.block_on(IndependentExchange::start(Api::Pro, behaviour));
    let args = ["--topic", XBT, "--topic", ETH_ASKED, "--count", "1"];
    let lines = start(&server, &args).finish().succeeds().lines();
    let of_it = |kind: &str| {
        let mut lines = lines.iter().filter(|line| line["topic"] == ETH_ASKED);
        lines.find(|line| line["kind"] == kind).unwrap()
    };
    assert_eq!(of_it("response")["ok"], false);
    let reported = of_it("exception")["message"].as_str().unwrap();
    assert!(reported.contains(reason), "{reported}");
    assert_eq!(lines.iter().filter(|line| line["topic"] == ETH).count(), 0);
    assert_eq!(server.seen().violations, Vec::<String>::new());
}
