//! Kinds of gaps, windows, and events that are held back.

use kucoin_streams_recovery::RecoverySettings;

use crate::bench::spot::{self, ACTIVE, FILLS, ORDERS};
use crate::bench::{Bench, ms};

const BALANCES: &str = "/account/balance";

fn open(id: &str, at: i64) -> String {
    spot::order("open", id, at, r#","size":"1","filledSize":"0""#)
}

#[test]
fn two_losses_in_one_window_are_one_report() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.live(ORDERS, &open("o1", 2_000));
    bench.outage(10_000, 12_000);
    bench.live(ORDERS, &spot::matched("o1", "8", 12_100, "0.2"));
    bench.run_until(14_000);
    bench.lose(&[]);
    bench.run_until(20_000);
    bench.go_live(&[]);
    bench.on(ACTIVE, [spot::row("o1", "open", 2_000, "0.3")]);
    bench.on(
        FILLS,
        [
            spot::fill("o1", "9", 16_000),
            spot::fill("o1", "8", 12_100),
            spot::fill("o1", "7", 11_000),
        ],
    );
    bench.run_until(60_000);
    bench.expect(&[
        "live open o1",
        "gap",
        "gap",
        "recovered match o1 7",
        "live match o1 8",
        "recovered match o1 9",
        "report",
    ]);
}

#[test]
fn window_starts_at_the_oldest_loss_and_not_before_the_subscription() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.outage(5_000, 8_000);
    bench.run_until(20_000);
    let report = bench.reports().pop().unwrap();
    let (from, to) = report.window.unwrap();
    assert_eq!(from.as_millis(), ms(0));
    assert_eq!(to.as_millis(), ms(9_000));
    let outage = report.outage.unwrap();
    assert_eq!(outage.lost_at.as_millis(), ms(5_000));
    assert_eq!(outage.epoch, 2);
    assert_eq!(report.live_at.as_millis(), ms(8_000));
}

#[test]
fn window_starts_ten_seconds_before_the_last_event() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.run_until(60_000);
    bench.live(ORDERS, &open("o1", 60_000));
    bench.on(ACTIVE, [spot::row("o1", "open", 60_000, "0")]);
    bench.outage(3_600_000, 3_605_000);
    bench.run_until(3_620_000);
    let (from, _) = bench.reports().pop().unwrap().window.unwrap();
    assert_eq!(from.as_millis(), ms(50_000));
}

#[test]
fn future_time_of_an_event_does_not_move_the_window() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.run_until(60_000);
    bench.live(ORDERS, &open("o1", 99_000_000));
    bench.outage(70_000, 71_000);
    bench.run_until(90_000);
    let (from, _) = bench.reports().pop().unwrap().window.unwrap();
    assert_eq!(from.as_millis(), ms(50_000));
}

#[test]
fn overflow_recovers_without_a_reconnect() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.live(ORDERS, &open("o1", 2_000));
    bench.on(ACTIVE, [spot::row("o1", "open", 2_000, "0.2")]);
    bench.on(
        FILLS,
        [spot::fill("o1", "7", 4_000), spot::fill("o1", "8", 5_000)],
    );
    bench.run_until(4_500);
    bench.overflow(&[]);
    bench.live(ORDERS, &spot::matched("o1", "8", 5_000, "0.2"));
    bench.run_until(30_000);
    assert!(bench.reports()[0].outage.is_none());
    bench.expect(&[
        "live open o1",
        "gap of a live topic",
        "recovered match o1 7",
        "report",
        "live match o1 8",
    ]);
}

#[test]
fn gap_of_one_topic_does_not_hold_the_others() {
    let mut bench = Bench::started(&[ORDERS, BALANCES]);
    bench.live(ORDERS, &open("o1", 2_000));
    bench.on(ACTIVE, [spot::row("o1", "open", 2_000, "0")]);
    bench.overflow(&[BALANCES]);
    bench.live(
        ORDERS,
        &spot::order("update", "o1", 3_000, r#","size":"0.5","filledSize":"0""#),
    );
    bench.expect(&["live open o1", "gap of a live topic", "live update o1"]);
    bench.run_until(30_000);
    // Nothing of the orders is asked.
    assert_eq!(bench.count(ACTIVE), 0);
    assert_eq!(bench.reports()[0].topics.len(), 1);
}

#[test]
fn refused_topic_is_recovered_once_it_is_live_and_holds_no_other() {
    let mut bench = Bench::started(&[ORDERS, BALANCES]);
    bench.run_until(10_000);
    bench.lose(&[]);
    bench.run_until(11_000);
    bench.refuse(&[BALANCES], true);
    bench.go_live(&[ORDERS]);
    bench.live(ORDERS, &open("o1", 11_500));
    bench.run_until(20_000);
    bench.expect(&["gap", "gap refused", "report", "live open o1"]);
    let ledger = r#"{"id":"1","currency":"BTC","amount":"0.1","balance":"0.1","accountType":"TRADE_HF","bizType":"DEPOSIT","direction":"in","createdAt":"1801000012000","context":""}"#;
    bench.on(spot::LEDGER, [ledger]);
    bench.run_until(40_000);
    bench.go_live(&[BALANCES]);
    bench.run_until(50_000);
    let (from, _) = bench.reports()[0].window.unwrap();
    assert_eq!(from.as_millis(), ms(0));
    bench.expect(&["recovered BTC 0.1", "report"]);
}

#[test]
fn refused_for_good_ends_the_topic_and_the_others_go_on() {
    let mut bench = Bench::started(&[ORDERS, BALANCES]);
    bench.run_until(10_000);
    bench.lose(&[]);
    bench.run_until(11_000);
    bench.go_live(&[ORDERS]);
    bench.live(ORDERS, &open("o1", 11_500));
    bench.expect(&["gap"]);
    bench.refuse(&[BALANCES], false);
    bench.run_until(20_000);
    assert_eq!(bench.reports()[0].topics.len(), 1);
    bench.expect(&["gap refused", "report", "live open o1"]);
    assert_eq!(bench.count("/api/v1/accounts"), 0);
}

#[test]
fn closed_stream_yields_what_was_held() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.outage(10_000, 11_000);
    bench.live(ORDERS, &open("o1", 11_500));
    bench.close();
    bench.expect(&["gap", "live open o1", "gap closed"]);
    bench.run_until(99_000);
    bench.expect(&[]);
}

#[test]
fn events_are_held_for_30_seconds_at_most() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.live(ORDERS, &open("o1", 2_000));
    bench.on(ACTIVE, [spot::row("o1", "open", 2_000, "0.1")]);
    bench.on(FILLS, [spot::fill("o1", "7", 10_500)]);
    bench.is_silent = true;
    bench.outage(10_000, 11_000);
    bench.live(ORDERS, &open("o2", 12_000));
    bench.run_until(40_999);
    bench.expect(&["live open o1", "gap"]);
    bench.run_until(41_000);
    bench.expect(&[
        "report; replies of the REST API that did not come in time: Unreachable",
        "live open o2",
    ]);
    // The live copy of a fill that is found later wins, too.
    bench.is_silent = false;
    bench.reply();
    bench.run_until(60_000);
    bench.expect(&["late recovered match o1 7", "late report"]);
    assert!(!bench.is_recovering());
}

#[test]
fn queries_without_a_reply_are_given_up_and_repeated_at_most_three_times() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.is_silent = true;
    bench.outage(10_000, 11_000);
    bench.run_until(1_000_000);
    let reports = bench.reports();
    assert!(reports.len() >= 2 && reports.last().unwrap().late);
    assert!(
        bench
            .missing()
            .contains(&"open orders (spot): Unreachable".to_owned())
    );
    // Three sweeps and two or three attempts, within five minutes of the report.
    let lists = bench.count(ACTIVE);
    assert!((4..=6).contains(&lists), "{lists}");
    bench.clear();
    bench.run_until(2_000_000);
    assert!(bench.sent.is_empty());
}

#[test]
fn number_of_held_events_is_bounded() {
    let mut settings = RecoverySettings::default();
    settings.max_held_events = 2;
    let mut bench = Bench::with(&[ORDERS], settings);
    bench.run_until(2_000);
    bench.clear();
    bench.outage(10_000, 11_000);
    bench.live(ORDERS, &open("o1", 11_100));
    bench.expect(&["gap"]);
    bench.live(ORDERS, &open("o2", 11_200));
    bench.expect(&[
        "report; replies of the REST API that did not come in time: Unreachable",
        "live open o1",
        "live open o2",
    ]);
    bench.on(
        ACTIVE,
        [
            spot::row("o1", "open", 11_100, "0"),
            spot::row("o2", "open", 11_200, "0"),
        ],
    );
    bench.run_until(30_000);
    bench.expect(&["late report"]);
}

#[test]
fn events_between_losses_are_not_held_longer_than_30_seconds() {
    let mut bench = Bench::started(&[ORDERS, BALANCES]);
    bench.run_until(10_000);
    bench.lose(&[]);
    bench.go_live(&[ORDERS]);
    bench.live(ORDERS, &open("o1", 10_100));
    bench.run_until(39_000);
    bench.expect(&["gap"]);
    // The other topic is still down, so there is no report.
    bench.run_until(41_000);
    bench.expect(&["live open o1"]);
    bench.go_live(&[BALANCES]);
    bench.on(ACTIVE, [spot::row("o1", "open", 10_100, "0")]);
    bench.on(FILLS, [spot::fill("o2", "7", 10_000)]);
    bench.on(spot::DONE, [spot::row("o2", "filled", 9_990, "0.1")]);
    bench.run_until(60_000);
    bench.expect(&[
        "late recovered match o2 7",
        "late recovered filled o2",
        "report",
    ]);
}

#[test]
fn events_of_a_long_outage_are_released_without_a_report() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.outage(10_000, 10_100);
    bench.live(ORDERS, &open("o1", 10_200));
    bench.run_until(10_500);
    bench.lose(&[]);
    bench.on(ACTIVE, [spot::row("o1", "open", 10_200, "0")]);
    bench.run_until(39_900);
    bench.go_live(&[]);
    bench.run_until(40_200);
    bench.expect(&["gap", "gap", "live open o1"]);
    bench.run_until(60_000);
    bench.expect(&["report"]);
}

#[test]
fn sleep_of_eight_days_is_seen_and_named_as_too_old() {
    let mut bench = Bench::started(&[ORDERS, BALANCES]);
    bench.run_until(10_000);
    bench.sleep(8 * 24 * 3_600_000);
    bench.lose(&[]);
    bench.run_until(15_000);
    bench.go_live(&[]);
    bench.run_until(40_000);
    let missing = bench.missing();
    assert_eq!(
        missing,
        [
            "fills and filled orders: TooOld",
            "canceled orders: TooOld",
            "changes of balances: TooOld",
        ]
    );
    let oldest = bench.sent.iter().flat_map(|sent| sent.split(' '));
    let oldest = oldest.filter_map(|part| part.strip_prefix("startAt="));
    let oldest: Vec<i64> = oldest.map(|at| at.parse().unwrap()).collect();
    let week = 7 * 24 * 3_600_000;
    assert!(oldest.iter().all(|at| *at >= ms(bench_now() - week)));
}

/// Exchange time at the end of the sleep, in milliseconds since the start.
fn bench_now() -> i64 {
    8 * 24 * 3_600_000 + 10_000
}

#[test]
fn gap_of_three_days_misses_canceled_orders_only() {
    let mut bench = Bench::started(&[ORDERS]);
    bench.outage(10_000, 3 * 24 * 3_600_000);
    bench.run_until(3 * 24 * 3_600_000 + 30_000);
    bench.expect(&["gap", "report; canceled orders: TooOld"]);
}
