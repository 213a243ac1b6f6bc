//! Pretty output without a terminal.

use kucoin_streams_exchange::{Cut, Effect, Exchange};

use crate::rig::*;

#[test]
fn piped_output_has_no_escape_codes() {
    let ran = run(command(&[
        "watch", "--demo", "--count", "10", "--format", "pretty",
    ]))
    .succeeds();
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    assert!(ran.stdout.lines().count() > 10, "{}", ran.stdout);
    assert!(!ran.stdout.contains("{\""), "{}", ran.stdout);
}

#[test]
fn server_text_cannot_control_the_terminal() {
    let local = LocalExchange::start(Exchange::builder());
    let mut running =
        Running::start(local.watch(&["--format", "pretty", "--topic", BALANCE, "--count", "1"]));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    let evil = format!(
        r#"{{"topic":"{BALANCE}","type":"message","data":{{"currency":"\u001b[2JUSDT","relationEvent":"main.\u0007other\n"}}}}"#
    );
    local.exchange.push_raw(BALANCE, &evil);
    while !running.line().contains("USDT") {}
    let ran = running.finish().succeeds();
    let control = |letter: char| letter.is_control() && letter != '\n';
    assert!(!ran.stdout.contains(control), "{:?}", ran.stdout);
}

#[test]
fn loss_and_its_end_are_one_line_each() {
    let local = LocalExchange::start(Exchange::builder().event_rate(50.0));
    let mut command = local.watch(&["--format", "pretty", "--no-recover"]);
    command.env("COLUMNS", "1000");
    let mut running = Running::start(command);
    for (_, topics) in account_wide() {
        let live = loop {
            let line = running.line();
            if line.contains(" live: ") {
                break line;
            }
        };
        let is_spot = live.contains("/account/balance");
        let all = &account_wide()[usize::from(!is_spot)].1;
        assert!(all.iter().all(|topic| live.contains(topic)), "{topics:?}");
    }
    local.exchange.inject(Effect::Cut(Cut::Reset));
    for _ in account_wide() {
        while !running.line().contains("  back ") {}
    }
    running.signal("TERM");
    let ran = running.finish().succeeds();
    for (ws_key, topics) in account_wide() {
        let of_it = |word: &str| {
            let lines = ran.stdout.lines();
            let of_it = lines.filter(|line| line.contains(word) && line.contains(ws_key));
            of_it.collect::<Vec<_>>()
        };
        let [lost] = of_it("  lost ")[..] else {
            panic!("{}", ran.stdout);
        };
        let count = format!("{} topics may miss events", topics.len());
        assert!(lost.ends_with(&count), "{lost}");
        let [back] = of_it("  back ")[..] else {
            panic!("{}", ran.stdout);
        };
        let count = format!("{ws_key}: {} topics live after ", topics.len());
        assert!(
            back.contains(&count) && back.ends_with(" may be missing"),
            "{back}"
        );
        let [closed] = of_it("  closed ")[..] else {
            panic!("{}", ran.stdout);
        };
        assert!(closed.ends_with(": stopped by SIGTERM"), "{closed}");
    }
    assert_eq!(ran.stdout.matches(" live: ").count(), account_wide().len());
    assert!(!ran.stdout.contains("reconnected"), "{}", ran.stdout);
}

#[test]
fn refused_topic_is_reported_once() {
    let script = format!(
        "connection 1: refuse-topic topic={ORDERS} code=404 text=\"topic is gone\" times=always"
    );
    let local = LocalExchange::start(Exchange::builder().faults(script.parse().unwrap()));
    let args = ["--format", "pretty", "--topic", ORDERS, "--topic", BALANCE];
    let mut running = Running::start(local.watch(&args));
    while !running.line().contains(" live: ") {}
    running.signal("INT");
    let ran = running.finish().succeeds();
    let refusals = ran.stdout.matches("topic is gone").count();
    assert_eq!(refusals, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains(ORDERS), "{}", ran.stdout);
    assert!(ran.stdout.contains(": stopped by SIGINT"), "{}", ran.stdout);
}

#[test]
fn columns_variable_applies_without_a_terminal() {
    let mut demo = command(&["watch", "--demo", "--count", "12", "--format", "pretty"]);
    demo.env("COLUMNS", "90");
    let ran = run(demo).succeeds();
    let longest = ran.stdout.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(90), "{}", ran.stdout);
}
