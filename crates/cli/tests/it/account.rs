//! `watch --account`: the kept state as lines.

use kucoin_streams_exchange::{Cut, Decimal, Effect, Exchange, Side, Stats};
use serde_json::Value;

use crate::rig::*;

const SYMBOL: &str = "KCS-USDT";
const CONTRACT: &str = "XBTUSDTM";

fn quiet() -> LocalExchange {
    LocalExchange::start(Exchange::builder().event_rate(0.0))
}

/// `watch --account` of these connections, after the state at the start.
fn started(local: &LocalExchange, ws_keys: &[&str], args: &[&str]) -> Running {
    let mut all = vec!["--account", "--format", "ndjson"];
    all.extend(ws_keys.iter().flat_map(|key| ["--ws-key", key]));
    all.extend(args);
    let mut running = Running::start(local.watch(&all));
    for key in ws_keys {
        loop {
            let trust = running.until("trust");
            // The last part of each connection.
            if trust["wsKey"] == *key && trust["part"] == "margin" {
                break;
            }
        }
    }
    running
}

/// Places an order below the market and returns its ID.
fn place(local: &LocalExchange, size: u32) -> String {
    let account = local.exchange.account();
    let price = account.last_price(SYMBOL).unwrap() - Decimal::ONE;
    account
        .place_limit(SYMBOL, Side::Buy, price, size.into())
        .unwrap()
}

/// Reads until an order line satisfies a condition.
fn order_until(running: &mut Running, is_reached: impl Fn(&Value) -> bool) -> Value {
    loop {
        let order = running.until("order");
        if is_reached(&order) {
            return order;
        }
    }
}

#[test]
fn spot_order_is_printed_until_it_is_filled() {
    let local = quiet();
    let before = place(&local, 5);
    let mut running =
        Running::start(local.watch(&["--account", "--format", "ndjson", "--ws-key", SPOT]));
    let known = running.until("order");
    assert_eq!(
        (&known["orderId"], &known["trust"]),
        (&before.clone().into(), &"live".into())
    );
    running.until("trust");
    let id = place(&local, 7);
    let order = order_until(&mut running, |order| order["phase"] == "open");
    assert_eq!(order["orderId"], id);
    assert_eq!(
        (&order["wsKey"], &order["trust"]),
        (&SPOT.into(), &"live".into())
    );
    assert_eq!(
        (&order["size"], &order["filledSize"]),
        (&"7".into(), &"0".into())
    );
    assert!(order["placedAt"].as_str().unwrap().len() >= 19, "{order}");
    local.exchange.account().fill(&id, 7.into()).unwrap();
    let fill = running.until("fill");
    assert_eq!(
        (&fill["orderId"], &fill["size"]),
        (&id.clone().into(), &"7".into())
    );
    assert_eq!(
        (&fill["wsKey"], &fill["trust"]),
        (&SPOT.into(), &"live".into())
    );
    let filled = order_until(&mut running, |order| order["phase"] == "done");
    assert_eq!(
        (&filled["outcome"], &filled["filledSize"]),
        (&"filled".into(), &"7".into())
    );
    running.signal("TERM");
    let output = running.finish().succeeds();
    assert!(output.lines().iter().all(|line| line["wsKey"].is_string()));
}

#[test]
fn futures_orders_and_fills_are_printed() {
    let local = quiet();
    let mut running = started(&local, &[FUTURES], &["--times", "rfc3339"]);
    let futures = local.exchange.account();
    futures
        .futures()
        .place_market(CONTRACT, Side::Buy, 2)
        .unwrap();
    let fill = running.until("fill");
    assert_eq!(
        (&fill["wsKey"], &fill["symbol"]),
        (&FUTURES.into(), &CONTRACT.into())
    );
    assert!(fill["time"].as_str().unwrap().ends_with('Z'), "{fill}");
    let order = order_until(&mut running, |order| order["phase"] == "done");
    assert_eq!(
        (&order["outcome"], &order["trust"]),
        (&"filled".into(), &"live".into())
    );
    running.signal("INT");
    running.finish().succeeds();
}

#[test]
fn unified_account_is_printed_from_pro_v2() {
    let local = quiet();
    let mut running = started(&local, &[UNIFIED], &["--symbol", SYMBOL]);
    // Pro V2 has IDs of its own.
    place(&local, 3);
    let order = order_until(&mut running, |order| order["phase"] == "open");
    assert_eq!(order["wsKey"], UNIFIED);
    assert_eq!(
        (&order["symbol"], &order["size"]),
        (&SYMBOL.into(), &"3".into())
    );
    running.signal("TERM");
    running.finish().succeeds();
}

#[test]
fn lost_connection_is_stale_until_it_is_recovered() {
    let local = quiet();
    let mut running = started(&local, &[SPOT], &[]);
    local.exchange.inject(Effect::Cut(Cut::Reset));
    let stale = running.until("trust");
    assert_eq!(stale["trust"], "stale");
    assert!(
        stale["reason"].as_str().unwrap().contains("disconnected"),
        "{stale}"
    );
    let missed = place(&local, 9);
    let order = order_until(&mut running, |order| order["orderId"] == *missed);
    assert_eq!(order["symbol"], SYMBOL);
    while running.until("trust")["trust"] != "live" {}
    running.signal("TERM");
    let output = running.finish().succeeds();
    for kind in ["reconnect", "reconnected", "close"] {
        assert!(
            output.lines().iter().any(|line| line["kind"] == kind),
            "{kind}"
        );
    }
}

#[test]
fn count_ends_after_this_number_of_changes() {
    let local = LocalExchange::start(Exchange::builder().event_rate(50.0));
    let args = [
        "--account",
        "--ws-key",
        SPOT,
        "--format",
        "ndjson",
        "--count",
        "5",
    ];
    let output = run(local.watch(&args)).succeeds();
    let lines = output.lines();
    let is_change = |line: &&Value| {
        let changes = ["order", "fill", "balance", "position", "margin", "trust"];
        changes.iter().any(|kind| line["kind"] == *kind)
    };
    // The state at the start ends with the trust in the last part.
    let start = lines
        .iter()
        .position(|line| line["part"] == "margin")
        .unwrap();
    assert_eq!(lines[start + 1..].iter().filter(is_change).count(), 5);
}

#[test]
fn slow_reader_gets_the_number_of_missed_changes_and_the_state() {
    let local = LocalExchange::start(Exchange::builder().event_rate(4_000.0));
    let args = ["--account", "--ws-key", SPOT, "--format", "ndjson"];
    let mut running = Running::start(local.watch(&args));
    running.until("trust");
    // More than the pipe, the queue of lines and the queue of changes hold.
    let pushed = |stats: &Stats| stats.connections[0].pushed >= 20_000;
    local.wait(local.exchange.wait_until(pushed));
    let lagged = running.until("lagged");
    assert!(lagged["missed"].as_u64().unwrap() > 0, "{lagged}");
    assert!(running.until("order")["trust"].is_string());
    while running.until("trust")["part"] != "margin" {}
    running.signal("TERM");
    running.finish();
}

#[test]
fn pretty_lines_say_what_changed() {
    let local = quiet();
    let args = ["--account", "--ws-key", SPOT, "--format", "pretty"];
    let mut running = Running::start(local.watch(&args));
    while !running.line().contains("margin of spotPrivateV1 live") {}
    let id = place(&local, 7);
    let suffix = &id[id.len() - 6..];
    let mut line = running.line();
    while !line.contains(suffix) {
        line = running.line();
    }
    assert!(
        line.contains("open") && line.contains("KCS-USDT buy  limit"),
        "{line}"
    );
    running.signal("TERM");
    running.finish().succeeds();
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for (args, words) in [
        (
            &["--account", "--topic", BALANCE][..],
            ["--account", "--topic"],
        ),
        (
            &["--account", "--no-recover"],
            ["--account", "--no-recover"],
        ),
    ] {
        let output = run(command(&[&["watch", "--demo"], args].concat()));
        assert_eq!(output.status, Some(2), "{}", output.stderr);
        assert!(
            words.iter().all(|word| output.stderr.contains(word)),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn wrong_credentials_are_refused() {
    let local = quiet();
    let url = local.exchange.rest_url();
    let args = ["watch", "--account", "--rest-url", &url, "--ws-key", SPOT];
    let demo = local.exchange.credentials();
    let wrong = authorised(
        command(&args),
        &demo.key,
        "b1b2c3d4-demo-4e5f-8a6b-7c8d9e0f1a2b",
        &demo.passphrase,
    );
    let output = run(wrong);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
}
