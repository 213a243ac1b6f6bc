//! `watch` with recovery: the state at the start, and gaps that are filled over REST.

use std::time::{Duration, Instant};

use kucoin_streams_exchange::{
    Cut, Decimal, Effect, Exchange, ExchangeBuilder, Faults, KeyPermissions, RestFault, Side, Stats,
};
use serde_json::Value;

use crate::ndjson::check_keys;
use crate::rig::*;
use crate::stalled_output::flood;

const FILLS: &str = "/api/v1/hf/fills";
const OVERVIEW: &str = "/api/v1/account-overview";

/// How long a connection is away: the second one opens late.
const AWAY_FOR: Duration = Duration::from_secs(1);

fn with_late_reconnect(builder: ExchangeBuilder) -> LocalExchange {
    let late = Effect::DelayWelcome { by: AWAY_FOR };
    LocalExchange::start(builder.faults(Faults::new().on_connection(2_u64, late)))
}

/// An exchange whose clients wait for the first reply of REST for a minute.
fn with_stalled_rest(builder: ExchangeBuilder) -> LocalExchange {
    let stalled = RestFault::Slow {
        by: Duration::from_secs(60),
    };
    let faults = Faults::new().on_rest_query("", 1_u64, Effect::Rest(stalled));
    let faults = faults.always();
    LocalExchange::start(builder.faults(faults))
}

fn of<'l>(lines: &'l [Value], kind: &str) -> Vec<&'l Value> {
    let of_it = lines.iter().filter(|line| check_keys(line) == kind);
    of_it.collect()
}

/// Places a buy order far below the price, so that it rests.
fn place(local: &LocalExchange, size: i64) -> String {
    let account = local.exchange.account();
    let price = account.last_price("KCS-USDT").unwrap() - Decimal::ONE;
    account
        .place_limit("KCS-USDT", Side::Buy, price, size.into())
        .unwrap()
}

/// Cuts the connection and waits until it is down.
fn cut(local: &LocalExchange) {
    local.exchange.inject(Effect::Cut(Cut::Reset));
    let is_down = |stats: &Stats| stats.connections[0].ended.is_some();
    local.wait(local.exchange.wait_until(is_down));
}

/// The trade IDs of own fills in the truth log, in order.
fn traded(local: &LocalExchange) -> Vec<String> {
    let truth = local.exchange.truth().snapshot();
    let orders = truth.iter().filter(|entry| entry.topic == ORDERS);
    let trade_id = |data: Value| data["tradeId"].as_str().map(str::to_owned);
    orders
        .filter_map(|entry| trade_id(object(entry.data())))
        .collect()
}

#[test]
fn state_comes_before_the_first_events() {
    for times in ["ns", "rfc3339"] {
        let local = LocalExchange::start(Exchange::builder());
        let order = place(&local, 10);
        let args = [
            "--format", "ndjson", "--topic", ORDERS, "--topic", BALANCE, "--times", times,
        ];
        let mut running = Running::start(local.watch(&args));
        let live = running.until("live");
        let second = place(&local, 20);
        while running.until("update")["data"]["orderId"] != second.as_str() {}
        running.signal("TERM");
        let lines = running.finish().succeeds().lines();

        assert_eq!(live["topics"], serde_json::json!([ORDERS, BALANCE]));
        assert_eq!(
            (&live["complete"], &live["missing"]),
            (&true.into(), &serde_json::json!([]))
        );
        assert!(
            live.get("lostAt").is_none() && live.get("epoch").is_none(),
            "{live}"
        );
        let at = |wanted: &Value| lines.iter().position(|line| line == wanted).unwrap();
        let rows: Vec<&Value> = lines
            .iter()
            .filter(|line| line["kind"] == "snapshot")
            .collect();
        assert!(rows.iter().all(|row| at(row) < at(&live)));
        let is_order =
            |row: &&&Value| row["topic"] == ORDERS && row["data"]["id"] == order.as_str();
        assert_eq!(rows.iter().filter(is_order).count(), 1, "{rows:?}");
        let is_balance =
            |row: &&Value| row["topic"] == BALANCE && row["source"] == "/api/v1/accounts";
        assert!(rows.iter().any(is_balance), "{rows:?}");
        for row in rows {
            let [from, to] = [0, 1].map(|at| row["takenAt"][at].as_str().unwrap());
            let is_time = |time: &str| match times {
                "ns" => time.parse::<u64>().is_ok(),
                _ => time.ends_with('Z') && time.starts_with("20"),
            };
            assert!(is_time(from) && is_time(to) && from <= to, "{row}");
        }
    }
}

#[test]
fn missed_fills_are_recovered_with_the_ids_of_the_truth() {
    let local = with_late_reconnect(Exchange::builder());
    let args = ["--format", "ndjson", "--topic", ORDERS];
    let mut running = Running::start(local.watch(&args));
    running.until("live");
    let account = local.exchange.account();
    let order = place(&local, 30);
    account.fill(&order, 5.into()).unwrap();
    while running.until("update")["data"]["type"] != "match" {}
    cut(&local);
    account.fill(&order, 12.into()).unwrap();
    account
        .place_market("BTC-USDT", Side::Buy, "0.002".parse().unwrap())
        .unwrap();
    local.wait(local.exchange.wait_subscribed(ORDERS));
    account.fill(&order, 13.into()).unwrap();
    let live = running.until("live");
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();

    let events = lines
        .iter()
        .filter(|line| ["update", "recovered"].contains(&check_keys(line)));
    let printed: Vec<&str> = events
        .filter_map(|line| line["data"]["tradeId"].as_str())
        .collect();
    assert_eq!(printed, traded(&local), "each fill once, in order");
    let recovered = of(&lines, "recovered");
    let fills: Vec<&&Value> = recovered
        .iter()
        .filter(|line| line["source"] == FILLS)
        .collect();
    assert!(fills.len() >= 2, "{recovered:?}");
    assert!(
        fills
            .iter()
            .all(|fill| fill["exact"] == true && fill["topic"] == ORDERS)
    );

    let at = |wanted: &Value| lines.iter().position(|line| line == wanted).unwrap();
    let gaps = of(&lines, "gap");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(
        recovered
            .iter()
            .all(|line| at(gaps[0]) < at(line) && at(line) < at(&live))
    );
    assert_eq!(
        (&live["complete"], &live["epoch"]),
        (&true.into(), &2.into())
    );
    assert_eq!(live["lostAt"], gaps[0]["lostAt"]);
    assert!(
        live["requests"].as_u64() > Some(0) && live["window"].is_array(),
        "{live}"
    );
    // The fill after the reconnection waited for the recovered ones.
    let is_last =
        |line: &&Value| line["data"]["filledSize"] == "30" && line["data"]["type"] == "match";
    let last = lines.iter().find(is_last).unwrap();
    assert_eq!(
        (&last["kind"], &last["epoch"]),
        (&"update".into(), &2.into())
    );
    assert!(at(&live) < at(last));
}

#[test]
fn count_includes_recovered_events() {
    let local = with_late_reconnect(Exchange::builder());
    let args = ["--format", "ndjson", "--topic", ORDERS, "--count", "4"];
    let mut running = Running::start(local.watch(&args));
    running.until("live");
    // `received` and `open`.
    let order = place(&local, 30);
    running.until("update");
    running.until("update");
    cut(&local);
    local.exchange.account().fill(&order, 30.into()).unwrap();
    let lines = running.finish().succeeds().lines();
    let counts = ["update", "recovered"].map(|kind| of(&lines, kind).len());
    assert_eq!(counts, [2, 2]);
}

#[test]
fn no_recover_only_reports_gaps() {
    let local = LocalExchange::start(Exchange::builder());
    let args = [
        "--format",
        "ndjson",
        "--topic",
        ORDERS,
        "--recover",
        "--no-recover",
    ];
    let mut running = Running::start(local.watch(&args));
    running.until("response");
    local.exchange.inject(Effect::Cut(Cut::Reset));
    let live = running.until("live");
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    for kind in ["snapshot", "recovered", "vanished"] {
        assert!(of(&lines, kind).is_empty(), "{kind}");
    }
    assert!(
        live["lastHeardAt"].is_string() && live.get("complete").is_none(),
        "{live}"
    );
    assert_eq!(local.exchange.stats().rest_queries, []);
}

#[test]
fn refused_permission_is_missing_once() {
    for format in ["ndjson", "pretty"] {
        let builder = Exchange::builder().key_permissions(KeyPermissions::General);
        let local = LocalExchange::start(builder);
        let args = ["--format", format, "--topic", WALLET];
        let mut running = Running::start(local.watch(&args));
        match format {
            "pretty" => while !running.line().contains("  missing ") {},
            _ => drop(running.until("live")),
        }
        running.signal("TERM");
        let ran = running.finish().succeeds();
        // One query for each currency, without a retry.
        let queries = local.exchange.stats().rest_queries;
        let refused = queries.iter().filter(|query| query.path == OVERVIEW);
        assert!(
            refused.clone().all(|query| query.code == "400007"),
            "{queries:?}"
        );
        assert_eq!(refused.count(), 2);
        if format == "pretty" {
            let words: Vec<&str> = ran.stdout.split_whitespace().collect();
            let text = words.join(" ");
            let (_, missing) = text.split_once(" missing ").unwrap();
            assert_eq!(missing.matches("400007").count(), 1, "{missing}");
            for named in ["USDT", "XBT", WALLET, "`Futures`"] {
                assert!(missing.contains(named), "{missing}");
            }
            continue;
        }
        let lines = ran.lines();
        let [live] = of(&lines, "live")[..] else {
            panic!("{}", ran.stdout);
        };
        assert_eq!(live["complete"], false);
        let missing = live["missing"].as_array().unwrap();
        assert_eq!(missing.len(), 2, "{live}");
        for part in missing {
            assert_eq!(part["topic"], WALLET);
            assert_eq!(
                (&part["reason"], &part["code"]),
                (&"Refused".into(), &"400007".into())
            );
            assert!(part["what"].is_string(), "{part}");
        }
    }
}

#[test]
fn topics_keep_the_text_of_the_user() {
    let given = "position?symbol=XBTUSDTM&tradeType=FUTURES";
    let local = LocalExchange::start(Exchange::builder());
    let futures = local.exchange.account().futures();
    futures.place_market("XBTUSDTM", Side::Buy, 2).unwrap();
    let mut running = Running::start(local.watch(&["--format", "ndjson", "--topic", given]));
    let row = running.until("snapshot");
    let live = running.until("live");
    local.exchange.inject(Effect::Cut(Cut::Reset));
    let gap = running.until("gap");
    let again = running.until("live");
    running.signal("TERM");
    running.finish().succeeds();
    assert_eq!(row["topic"], given);
    for line in [live, gap, again] {
        assert_eq!(line["topics"], serde_json::json!([given]));
    }
}

/// Waits until the client has received everything that was pushed.
fn wait_for_pings(local: &LocalExchange) {
    let open = |stats: &Stats| stats.open_connections().next().map(|open| open.pings);
    let before = open(&local.exchange.stats()).unwrap_or(0);
    let come = |stats: &Stats| open(stats) >= Some(before + 3);
    local.wait(local.exchange.wait_until(come));
}

#[test]
fn stop_during_recovery_prints_the_waiting_events_at_once() {
    let local = with_stalled_rest(Exchange::builder().ping_interval(Duration::from_millis(200)));
    let args = ["--format", "ndjson", "--stats", "--topic", BALANCE];
    let running = Running::start(local.watch(&args));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    flood(&local, 100);
    wait_for_pings(&local);
    running.signal("TERM");
    let began = Instant::now();
    // Nothing was missed at the start, so stderr is empty.
    let lines = running.finish().succeeds().lines();
    // The recovery would wait for half a minute. The rest is for a busy machine: the command limits itself to 2 s.
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert!(
        of(&lines, "live").is_empty(),
        "the recovery was not complete"
    );
    let updates = of(&lines, "update");
    let numbers = updates
        .iter()
        .map(|update| update["data"]["number"].as_u64());
    assert!(numbers.eq((0..100).map(Some)));
    assert_eq!(lines.last().unwrap()["delivered"], 100);
}

#[test]
fn stop_before_the_missed_events_are_fetched_is_reported() {
    for format in ["ndjson", "pretty"] {
        let local = with_late_reconnect(Exchange::builder());
        let args = ["--format", format, "--topic", ORDERS];
        let mut running = Running::start(local.watch(&args));
        while !running.line().contains("live") {}
        place(&local, 10);
        while !running.line().contains("KCS-USDT") {}
        cut(&local);
        while !running.line().contains("lost") {}
        running.signal("TERM");
        let ran = running.finish();
        assert_eq!(ran.status, Some(0));
        let stderr = ran.stderr;
        let lines: Vec<&str> = stderr.lines().collect();
        let [line] = lines[..] else {
            panic!("{format}: {stderr}");
        };
        let start = "spotPrivateV1: stopped before the missed events were fetched; events from ";
        assert!(line.contains(start), "{line}");
        assert!(line.ends_with(" UTC to now may be missing"), "{line}");
    }
}

#[test]
fn waiting_events_that_cannot_be_written_are_counted() {
    const FLOOD: u64 = 9_000;
    let builder = Exchange::builder()
        .queue_capacity(1_000_000)
        .ping_interval(Duration::from_millis(200));
    let local = with_stalled_rest(builder);
    let args = ["--format", "ndjson", "--topic", BALANCE];
    let mut running = Running::start(local.watch(&args));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    flood(&local, FLOOD);
    let pushed = |stats: &Stats| stats.connections[0].pushed >= FLOOD;
    local.wait(local.exchange.wait_until(pushed));
    wait_for_pings(&local);
    running.signal("TERM");
    running.ends_unread();
    let ran = running.finish();
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let unwritten: u64 = ran.stderr.split(' ').nth(1).unwrap().parse().unwrap();
    let whole = ran.stdout.rfind('\n').map_or("", |end| &ran.stdout[..end]);
    let lines: Vec<Value> = whole.lines().map(object).collect();
    let written = of(&lines, "update").len() as u64;
    // The last write may be read only in part.
    let all = written + unwritten;
    assert!(
        (FLOOD..FLOOD + 100).contains(&all),
        "{written} + {unwritten}"
    );
}

#[test]
fn pretty_gap_is_a_few_lines_and_marked_events() {
    let local = with_late_reconnect(Exchange::builder());
    let orders: Vec<String> = (0..8).map(|_| place(&local, 10)).collect();
    let args = ["--format", "pretty", "--topic", ORDERS];
    let mut command = local.watch(&args);
    command.env("COLUMNS", "80");
    let mut running = Running::start(command);
    while !running.line().contains(" state of ") {}
    cut(&local);
    local
        .exchange
        .account()
        .fill(&orders[0], 10.into())
        .unwrap();
    let live = loop {
        let line = running.line();
        if line.contains(" live ") {
            break line;
        }
    };
    running.signal("TERM");
    let stdout = running.finish().succeeds().stdout;
    assert!(
        live.contains("2 events recovered in ") && live.contains(" requests)"),
        "{live}"
    );
    let begins = |mark: &str, label: &str| {
        let start = format!("{mark}{label} ");
        let lines = stdout
            .lines()
            .filter(|line| line.get(8..).is_some_and(|rest| rest.starts_with(&start)));
        lines.count()
    };
    // Five orders and the number of the others.
    assert_eq!(begins("=", "open"), 6, "{stdout}");
    assert!(stdout.contains("… 3 more of "), "{stdout}");
    assert_eq!(
        (begins("~", "match"), begins("~", "filled")),
        (1, 1),
        "{stdout}"
    );
    for label in ["lost", "back"] {
        assert_eq!(begins(" ", label), 1, "{label}: {stdout}");
    }
    assert!(
        stdout.lines().all(|line| line.chars().count() <= 80),
        "{stdout}"
    );
}

#[test]
fn unanswered_close_loses_no_waiting_event() {
    let local = with_stalled_rest(Exchange::builder().ping_interval(Duration::from_millis(200)));
    let args = ["--format", "ndjson", "--topic", BALANCE];
    let running = Running::start(local.watch(&args));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    flood(&local, 100);
    wait_for_pings(&local);
    local.exchange.inject(Effect::HalfOpen);
    running.signal("TERM");
    let lines = running.finish().succeeds().lines();
    assert_eq!(of(&lines, "update").len(), 100);
}

#[test]
fn incomplete_recovery_does_not_say_that_nothing_was_missed() {
    let builder = Exchange::builder().key_permissions(KeyPermissions::General);
    let local = with_late_reconnect(builder);
    let mut running = Running::start(local.watch(&["--format", "pretty", "--topic", WALLET]));
    while !running.line().contains("  missing ") {}
    cut(&local);
    let live = loop {
        let line = running.line();
        if line.contains("  live  ") {
            break line;
        }
    };
    let missing = running.line();
    running.signal("TERM");
    running.finish().succeeds();
    assert!(live.contains("no event recovered in "), "{live}");
    assert!(missing.ends_with("the same as before\n"), "{missing}");
}
