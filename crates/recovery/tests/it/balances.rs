//! Balances of spot and of unified accounts.

use crate::bench::{Bench, errors, ms, ns};

const BALANCES: &str = "/account/balance";
const ACCOUNTS: &str = "/api/v1/accounts";
const LEDGER: &str = "/api/v1/hf/accounts/ledgers";
const MAIN: &str = "/api/v1/accounts/ledgers";

fn frame(currency: &str, at: i64, total: &str, change: &str, trade: Option<&str>) -> String {
    let (event, context) = match trade {
        Some(trade) => (
            "trade_hf.setted",
            format!(r#"{{"symbol":"BTC-USDT","orderId":"o1","tradeId":"{trade}"}}"#),
        ),
        None => ("trade_hf.transfer", "{}".to_owned()),
    };
    format!(
        r#"{{"topic":"/account/balance","type":"message","subject":"account.balance","channelType":"private","data":{{"accountId":"548674591753","currency":"{currency}","total":"{total}","available":"{total}","hold":"0","availableChange":"{change}","holdChange":"0","relationEvent":"{event}","relationEventId":"99{at}","relationContext":{context},"time":"{}"}}}}"#,
        ms(at)
    )
}

fn booking(id: &str, at: i64, total: &str, amount: &str, trade: Option<&str>) -> String {
    let (kind, context) = match trade {
        Some(trade) => (
            "TRADE_EXCHANGE",
            format!(r#"{{\"symbol\":\"BTC-USDT\",\"orderId\":\"o1\",\"tradeId\":\"{trade}\"}}"#),
        ),
        None => ("TRANSFER", String::new()),
    };
    format!(
        r#"{{"id":"{id}","currency":"USDT","amount":"{amount}","fee":"0.5","tax":"0","balance":"{total}","accountType":"TRADE_HF","bizType":"{kind}","direction":"out","createdAt":"{}","context":"{context}"}}"#,
        ms(at)
    )
}

fn account(total: &str) -> String {
    format!(
        r#"{{"id":"548674591753","currency":"USDT","type":"trade","balance":"{total}","available":"{total}","holds":"0"}}"#
    )
}

/// A bench with 100 USDT, and an outage from 10 s to 15 s.
fn with_outage() -> Bench {
    let mut bench = Bench::new(&[BALANCES]);
    bench.on(ACCOUNTS, [account("100")]);
    bench.run_until(2_000);
    bench.clear();
    bench.outage(10_000, 15_000);
    bench
}

#[test]
fn bookings_are_events_with_their_totals() {
    let mut bench = with_outage();
    bench.on(
        LEDGER,
        [
            booking("3", 12_000, "70", "20", Some("7")),
            booking("2", 11_000, "90", "10", None),
        ],
    );
    bench.on(ACCOUNTS, [account("70")]);
    bench.run_until(60_000);
    let frames = bench.frames();
    let texts: Vec<_> = frames.iter().map(|(_, frame)| frame.as_str()).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains(r#""total":"90","relationEvent":"trade_hf.transfer""#));
    assert!(texts[0].contains(r#""relationContext":{}"#));
    assert!(texts[1].contains(r#""relationEvent":"trade_hf.setted""#));
    assert!(texts[1].contains(r#""tradeId":"7""#));
    // Holds are not on REST.
    assert!(!texts[1].contains(r#""available""#) && !texts[1].contains(r#""hold""#));
}

#[test]
fn snapshot_follows_the_bookings() {
    let mut bench = with_outage();
    bench.on(LEDGER, [booking("2", 11_000, "90", "10", None)]);
    bench.on(ACCOUNTS, [account("90")]);
    bench.run_until(60_000);
    bench.expect(&[
        "gap",
        "recovered USDT 90",
        "snapshot 548674591753",
        "report",
    ]);
}

#[test]
fn live_booking_wins() {
    let mut bench = with_outage();
    bench.on(
        LEDGER,
        [
            booking("4", 15_100, "60", "10", None),
            booking("3", 12_000, "70", "20", Some("7")),
            booking("2", 11_000, "90", "10", None),
        ],
    );
    bench.on(ACCOUNTS, [account("60")]);
    bench.live(BALANCES, &frame("USDT", 12_000, "70", "-20", Some("7")));
    bench.live(BALANCES, &frame("USDT", 15_100, "60", "-10", None));
    bench.run_until(60_000);
    bench.expect(&[
        "gap",
        "recovered USDT 90",
        "snapshot 548674591753",
        "report",
        "live USDT 70",
        "live USDT 60",
    ]);
}

#[test]
fn trades_of_two_symbols_with_one_trade_id_are_two_events() {
    let mut bench = with_outage();
    let other = booking("2", 11_000, "90", "10", Some("7")).replace("BTC-USDT", "KCS-USDT");
    bench.on(LEDGER, [booking("3", 12_000, "70", "20", Some("7")), other]);
    bench.on(ACCOUNTS, [account("70")]);
    bench.live(BALANCES, &frame("USDT", 12_000, "70", "-20", Some("7")));
    bench.run_until(60_000);
    let lines = bench.lines();
    assert_eq!(lines[1], "recovered USDT 90");
}

#[test]
fn bookings_that_skip_one_are_inconsistent() {
    let mut bench = with_outage();
    bench.on(
        LEDGER,
        [
            booking("4", 12_000, "70", "5", None),
            booking("2", 11_000, "90", "10", None),
        ],
    );
    bench.on(ACCOUNTS, [account("70")]);
    bench.run_until(60_000);
    assert_eq!(bench.missing(), ["changes of USDT (trade): Inconsistent"]);
}

#[test]
fn fee_beside_the_amount_is_consistent() {
    let mut bench = with_outage();
    // 100 - 10 - 0.5 fee, then 89.5 - 20.
    bench.on(
        LEDGER,
        [
            booking("3", 12_000, "69.5", "20", None),
            booking("2", 11_000, "89.5", "10", None),
        ],
    );
    bench.on(ACCOUNTS, [account("69.5")]);
    bench.run_until(60_000);
    assert!(bench.reports()[0].is_complete());
}

#[test]
fn balance_that_no_booking_explains_is_inconsistent() {
    let mut bench = with_outage();
    bench.on(ACCOUNTS, [account("70")]);
    bench.run_until(60_000);
    assert_eq!(bench.missing(), ["changes of USDT (trade): Inconsistent"]);

    let mut bench = with_outage();
    bench.on(LEDGER, [booking("3", 12_000, "70", "20", None)]);
    bench.on(ACCOUNTS, [account("70")]);
    bench.run_until(60_000);
    // The booking begins at 90, but 100 were known.
    assert_eq!(bench.missing(), ["changes of USDT (trade): Inconsistent"]);
}

#[test]
fn funding_account_is_asked_day_by_day() {
    let mut bench = Bench::started(&[BALANCES]);
    let days = 3 * 24 * 3_600_000;
    bench.outage(10_000, days);
    let main = format!(
        r#"{{"id":"5","currency":"KCS","amount":"4","fee":"0","balance":"0","accountType":"MAIN","bizType":"DEPOSIT","direction":"in","createdAt":{},"context":""}}"#,
        ms(12_000)
    );
    let trade = main.replace("MAIN", "TRADE");
    bench.on(MAIN, [main, trade]);
    bench.run_until(days + 60_000);
    // Four periods in each of two sweeps.
    assert_eq!(bench.count(MAIN), 8);
    let frames = bench.frames();
    assert_eq!(frames.len(), 1);
    assert!(frames[0].1.contains(r#""relationEvent":"main.deposit""#));
    assert!(!frames[0].1.contains(r#""total""#));
}

#[test]
fn both_balance_topics_get_their_frames() {
    let topics = [BALANCES, "/account/snapshotBalance"];
    let mut bench = Bench::started(&topics);
    bench.outage(10_000, 15_000);
    bench.on(LEDGER, [booking("2", 11_000, "90", "10", None)]);
    bench.run_until(60_000);
    let frames = bench.frames();
    let of: Vec<_> = frames.iter().map(|(topic, _)| &**topic).collect();
    assert_eq!(of, topics);
    assert!(
        frames[1]
            .1
            .contains(r#""subject":"account.snapshotBalance""#)
    );
    // The queries are the same: each is sent once in a sweep.
    assert_eq!(bench.count(LEDGER), 2);
}

const UNIFIED: &str = "balance?accountType=UNIFIED";
const UA_LEDGER: &str = "/api/ua/v1/account/ledger accountType=UNIFIED";

fn ua_booking(id: &str, at: i64, total: &str) -> String {
    format!(
        r#"{{"accountType":"UNIFIED","id":"{id}","currency":"USDT","direction":"OUT","businessType":"TRANSFER","amount":"1","balance":"{total}","fee":"0","tax":"0","remark":"","ts":{}}}"#,
        ns(at)
    )
}

#[test]
fn unified_bookings_are_totals() {
    let mut bench = Bench::started(&[UNIFIED]);
    let live = |at: i64, total: &str| {
        format!(
            r#"{{"T":"balance.UNIFIED","d":{{"c":"USDT","b":"{total}","a":"{total}","U":{}}}}}"#,
            ns(at)
        )
    };
    bench.run_until(9_000);
    bench.live(UNIFIED, &live(9_000, "99"));
    bench.outage(10_000, 15_000);
    bench.on(
        UA_LEDGER,
        [
            ua_booking("3", 12_000, "97"),
            ua_booking("2", 11_000, "98"),
            ua_booking("1", 9_000, "99"),
        ],
    );
    let state = r#"{"code":"200000","data":{"accountType":"UNIFIED","ts":1,"accounts":[{"currencies":[{"currency":"USDT","balance":"97"}]}]}}"#;
    bench.on_body("/api/ua/v1/unified/account/balance", state);
    bench.run_until(60_000);
    bench.expect(&[
        "live USDT 99",
        "gap",
        "recovered USDT 98",
        "recovered USDT 97",
        "snapshot USDT",
        "report",
    ]);
}

#[test]
fn unified_account_that_is_classic_is_named() {
    let mut bench = Bench::started(&[UNIFIED]);
    bench.on_error(UA_LEDGER, errors::no_permission);
    bench.outage(10_000, 15_000);
    bench.run_until(60_000);
    assert_eq!(bench.missing(), ["ledger: Refused"]);
}

#[test]
fn classic_accounts_have_their_own_ledger_and_state() {
    for (topic, account, has_ledger) in [
        ("balance?accountType=FUNDING", "FUNDING", true),
        ("balance?accountType=SPOT", "SPOT", true),
        ("balance?accountType=FUTURES", "FUTURES", false),
    ] {
        let mut bench = Bench::started(&[topic]);
        bench.outage(10_000, 15_000);
        bench.run_until(60_000);
        let ledger = format!("/api/ua/v1/account/ledger accountType={account}");
        assert_eq!(bench.count(&ledger) > 0, has_ledger, "{topic}");
        let state = format!("/api/ua/v1/account/balance accountType={account}");
        assert_eq!(bench.count(&state), 1);
    }
}

#[test]
fn booking_of_the_funding_account_that_was_live_is_not_repeated() {
    let mut bench = Bench::started(&[BALANCES]);
    let live =
        frame("USDT", 9_000, "50", "-1.5", None).replace("trade_hf.transfer", "main.transfer");
    bench.live(BALANCES, &live);
    bench.outage(10_000, 15_000);
    let row = |id: &str, at: i64| {
        format!(
            r#"{{"id":"{id}","currency":"USDT","amount":"1.5","fee":"0","balance":"0","accountType":"MAIN","bizType":"Transfer","direction":"out","createdAt":{},"context":""}}"#,
            ms(at)
        )
    };
    bench.on(MAIN, [row("2", 12_000), row("1", 9_000)]);
    bench.run_until(30_000);
    assert_eq!(bench.frames().len(), 1);
}
