//! The lines for people, where no person's terminal is at the other end.

use kucoin_streams_exchange::{Cut, Effect, Exchange};

use crate::rig::*;

#[test]
fn what_is_piped_has_no_escape_codes() {
    let ran = run(command(&[
        "watch", "--demo", "--count", "10", "--format", "pretty",
    ]))
    .succeeds();
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    assert!(ran.stdout.lines().count() > 10, "{}", ran.stdout);
    assert!(!ran.stdout.contains("{\""), "{}", ran.stdout);
}

#[test]
fn a_server_cannot_drive_the_terminal() {
    let local = Local::start(Exchange::builder());
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
fn a_loss_and_the_way_back_are_told() {
    let local = Local::start(Exchange::builder().event_rate(50.0));
    let mut running = Running::start(local.watch(&["--format", "pretty"]));
    let topics: Vec<String> = account_wide()
        .into_iter()
        .flat_map(|(_, topics)| topics)
        .collect();
    for _ in &topics {
        while !running.line().contains("is live") {}
    }
    local.exchange.inject(Effect::Cut(Cut::Reset));
    for _ in account_wide() {
        while !running.line().contains("reconnected") {}
    }
    running.signal("TERM");
    let ran = running.finish().succeeds();
    let lines = |word: &str| {
        let lines = ran.stdout.lines();
        lines.filter(|line| line.contains(word)).collect::<Vec<_>>()
    };
    let gaps = lines("  gap ");
    assert_eq!(gaps.len(), account_wide().len(), "{}", ran.stdout);
    for ((_, topics), gap) in account_wide().iter().zip(gaps) {
        assert!(gap.contains("may be missing"), "{gap}");
        assert!(
            gap.contains(" more: connection lost: "),
            "{topics:?}: {gap}"
        );
    }
    assert_eq!(lines("; compare the last ").len(), account_wide().len());
}
