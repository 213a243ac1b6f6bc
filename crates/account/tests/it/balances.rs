//! Balances of all account types.

use kucoin_streams_account::{AccountBalance, Contradiction};
use kucoin_streams_core::{Decimal, WsKey};
use kucoin_streams_recovery::SnapshotRow;
use proptest::prelude::*;

use crate::keeper::{FUTURES, Item, Keeper, PRO, SPOT, ms, row, shuffled, sorted, time};

const ACCOUNTS: &str = "/api/v1/accounts";
const CROSS: &str = "/api/v3/margin/accounts";
const ISOLATED: &str = "/api/v3/isolated/accounts";
const WALLET: &str = "/api/v1/account-overview";
const UNIFIED: &str = "/api/ua/{v}/unified/account/balance";

fn dec(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

/// A frame of the balance topic: account and reason, account ID, currency, total, hold, and time.
fn frame(event: &str, id: &str, currency: &str, (total, hold): (&str, &str), at: i64) -> String {
    let id = match id {
        "" => String::new(),
        id => format!(r#""accountId":"{id}","#),
    };
    let available = dec(total).unwrap() - dec(hold).unwrap();
    format!(
        r#"{{"topic":"/account/balance","type":"message","subject":"account.balance","channelType":"private","data":{{{id}"currency":"{currency}","total":"{total}","available":"{available}","hold":"{hold}","availableChange":"1","holdChange":"0","relationContext":{{}},"relationEvent":"{event}","relationEventId":"{at}","time":"{}"}}}}"#,
        ms(at)
    )
}

fn booking(event: &str, currency: &str, total: &str, at: i64) -> String {
    format!(
        r#"{{"topic":"/account/balance","type":"message","subject":"account.balance","data":{{"currency":"{currency}","total":"{total}","relationEvent":"{event}","relationEventId":"9","relationContext":{{}},"time":"{}"}}}}"#,
        ms(at)
    )
}

fn account(id: &str, kind: &str, currency: &str, total: &str) -> SnapshotRow {
    let data = format!(
        r#"{{"id":"{id}","currency":"{currency}","type":"{kind}","balance":"{total}","available":"{total}","holds":"0"}}"#
    );
    row(SPOT, "/account/balance", ACCOUNTS, &data)
}

fn wallet(total: &str, available: &str, version: u64, at: i64) -> String {
    format!(
        r#"{{"topic":"/contractAccount/wallet","type":"message","subject":"walletBalance.change","data":{{"crossPosMargin":"12.5","isolatedOrderMargin":"18","holdBalance":"1","equity":"81.6","version":"{version}","availableBalance":"{available}","isolatedPosMargin":"36.3","walletBalance":"{total}","isolatedFundingFeeMargin":"0","crossUnPnl":"-0.1","totalCrossMargin":"26","currency":"USDT","isolatedUnPnl":"0.7","crossOrderMargin":"2","timestamp":"{}"}}}}"#,
        ms(at)
    )
}

fn legacy(subject: &str, amounts: &str, at: i64) -> String {
    format!(
        r#"{{"topic":"/contractAccount/wallet","subject":"{subject}","data":{{{amounts},"currency":"USDT","timestamp":{}}}}}"#,
        ms(at)
    )
}

fn pro(account: &str, amounts: &str, updated_at: i64, pushed_at: i64) -> String {
    let (updated, pushed) = (ms(updated_at) * 1_000_000, ms(pushed_at) * 1_000_000);
    format!(
        r#"{{"T":"balance.{account}","P":{pushed},"d":{{"c":"USDT",{amounts},"U":{updated}}}}}"#
    )
}

#[track_caller]
fn balance(keeper: &Keeper, account: &str, currency: &str) -> AccountBalance {
    let state = keeper.state();
    let balance = state.balance(account, currency);
    AccountBalance::clone(&balance.unwrap().to_arc())
}

#[track_caller]
fn total(keeper: &Keeper, account: &str, currency: &str) -> Decimal {
    balance(keeper, account, currency).total.unwrap()
}

#[test]
fn frame_is_a_balance() {
    let mut keeper = Keeper::new();
    let changes = keeper.v1(&frame("trade_hf.hold", "817", "USDT", ("10", "2"), 5));
    let balance = balance(&keeper, "trade", "USDT");
    assert_eq!(*changes.balances[0], balance);
    assert_eq!(balance.ws_key, SPOT);
    assert_eq!(balance.account_id.as_deref(), Some("817"));
    assert_eq!(
        (balance.total, balance.available, balance.hold),
        (dec("10"), dec("8"), dec("2"))
    );
    assert_eq!((balance.equity, balance.updated_at), (None, time(5)));
}

#[test]
fn older_and_newer_account_names_are_one() {
    let names = [
        ("trade_hf.hold", "trade"),
        ("trade.hold", "trade"),
        ("marginV2.transfer", "margin"),
        ("isolatedV2_BTC-USDT.hold", "isolated_BTC-USDT"),
        ("isolated_BTC-USDT.hold", "isolated_BTC-USDT"),
        ("main.deposit", "main"),
        ("vault.v2.staked", "vault.v2"),
    ];
    for (event, account) in names {
        let mut keeper = Keeper::new();
        keeper.v1(&frame(event, "1", "USDT", ("3", "0"), 1));
        assert_eq!(total(&keeper, account, "USDT"), dec("3").unwrap());
    }
    for (kind, name) in [
        ("trade_hf", "trade"),
        ("margin_v2", "margin"),
        ("main", "main"),
    ] {
        let mut keeper = Keeper::new();
        keeper.row(account("1", kind, "USDT", "3"));
        assert_eq!(total(&keeper, name, "USDT"), dec("3").unwrap());
    }
}

#[test]
fn older_frame_changes_nothing() {
    let mut keeper = Keeper::new();
    keeper.v1(&frame("trade.hold", "1", "USDT", ("10", "0"), 5));
    let older = frame("trade.hold", "1", "USDT", ("20", "0"), 4);
    keeper.v1(&older).is_nothing();
    assert_eq!(total(&keeper, "trade", "USDT"), dec("10").unwrap());
}

#[test]
fn later_frame_of_the_same_time_wins() {
    let mut keeper = Keeper::new();
    keeper.v1(&frame("trade.hold", "1", "USDT", ("10", "0"), 5));
    keeper.v1(&frame("trade.hold", "1", "USDT", ("10", "4"), 5));
    assert_eq!(balance(&keeper, "trade", "USDT").hold, dec("4"));
}

#[test]
fn repeated_frame_emits_nothing() {
    let mut keeper = Keeper::new();
    let first = frame("trade.hold", "1", "USDT", ("10", "0"), 5);
    let second = frame("trade.hold", "1", "USDT", ("10", "4"), 5);
    keeper.v1(&first);
    keeper.v1(&second);
    for again in [&second, &first, &first, &second] {
        keeper.v1(again).is_nothing();
    }
    assert_eq!(balance(&keeper, "trade", "USDT").hold, dec("4"));
}

#[test]
fn accounts_with_two_ids_are_two_balances() {
    let mut keeper = Keeper::new();
    keeper.v1(&frame("trade.hold", "60f1", "USDT", ("1", "0"), 5));
    keeper.v1(&frame("trade_hf.hold", "817", "USDT", ("2", "0"), 4));
    let state = keeper.state();
    let totals = state.balances().map(|row| row.total);
    assert_eq!(totals.collect::<Vec<_>>(), [dec("1"), dec("2")]);
    // It is unknown which of the two this is.
    let unclear = frame("trade.hold", "", "USDT", ("9", "0"), 9);
    keeper.v1(&unclear).is_nothing();
}

#[test]
fn report_without_id_goes_to_the_only_balance() {
    let with_id = frame("trade.hold", "1", "USDT", ("1", "0"), 5);
    let without_id = frame("trade.hold", "", "USDT", ("2", "0"), 6);
    for frames in [[&with_id, &without_id], [&without_id, &with_id]] {
        let mut keeper = Keeper::new();
        for frame in frames {
            keeper.v1(frame);
        }
        assert_eq!(keeper.state().balances().count(), 1);
        let balance = balance(&keeper, "trade", "USDT");
        assert_eq!(balance.account_id.as_deref(), Some("1"));
        assert_eq!(balance.total, dec("2"));
    }
}

#[test]
fn report_without_account_is_found_by_its_id() {
    let mut keeper = Keeper::new();
    keeper
        .v1(&frame("other", "1", "KCS", ("1", "0"), 4))
        .is_nothing();
    keeper.row(account("1", "main", "USDT", "7"));
    keeper.v1(&frame("other", "1", "KCS", ("2", "0"), 5));
    assert_eq!(total(&keeper, "main", "KCS"), dec("2").unwrap());
}

#[test]
fn isolated_booking_without_a_market_changes_nothing() {
    let mut keeper = Keeper::new();
    for event in ["isolated.transfer", "isolatedV2.transfer"] {
        keeper
            .recovered(&booking(event, "USDT", "9", 6))
            .is_nothing();
    }
    keeper
        .row(account("5", "isolated_v2", "USDT", "1"))
        .is_nothing();
    keeper.v1(&frame(
        "isolatedV2_BTC-USDT.hold",
        "5",
        "BTC",
        ("1", "0"),
        5,
    ));
    keeper.row(account("5", "isolated_v2", "USDT", "1"));
    assert_eq!(total(&keeper, "isolated_BTC-USDT", "USDT"), Decimal::ONE);
}

#[test]
fn row_overwrites_and_live_frame_wins_after_it() {
    let mut keeper = Keeper::new();
    keeper.v1(&frame("trade.hold", "1", "USDT", ("10", "3"), 5));
    let changes = keeper.row(account("1", "trade", "USDT", "20"));
    assert_eq!(changes.balances[0].total, dec("20"));
    assert_eq!(changes.balances[0].hold, dec("0"));
    keeper.row(account("1", "trade", "USDT", "20")).is_nothing();
    keeper
        .v1(&frame("trade.hold", "1", "USDT", ("11", "0"), 4))
        .is_nothing();
    keeper.v1(&frame("trade.hold", "1", "USDT", ("12", "0"), 5));
    assert_eq!(total(&keeper, "trade", "USDT"), dec("12").unwrap());
}

#[test]
fn booking_sets_the_total_only() {
    let mut keeper = Keeper::new();
    keeper.v1(&frame("trade_hf.hold", "817", "USDT", ("10", "3"), 5));
    keeper.recovered(&booking("trade_hf.setted", "USDT", "9", 6));
    let kept = balance(&keeper, "trade", "USDT");
    assert_eq!(
        (kept.total, kept.available, kept.hold),
        (dec("9"), dec("7"), dec("3"))
    );
    assert_eq!(keeper.state().balances().count(), 1);
    let late = booking("trade_hf.setted", "USDT", "8", 5);
    keeper.recovered(&late).is_nothing();
    // A frame between the two has the newer holds, and an older total.
    keeper.v1(&frame("trade_hf.hold", "817", "USDT", ("10", "4"), 5));
    let kept = balance(&keeper, "trade", "USDT");
    assert_eq!((kept.total, kept.hold), (dec("9"), dec("4")));
    keeper.v1(&frame("trade_hf.hold", "817", "USDT", ("9.5", "0"), 6));
    assert_eq!(total(&keeper, "trade", "USDT"), dec("9.5").unwrap());
}

#[test]
fn booking_of_before_a_row_changes_nothing() {
    let mut keeper = Keeper::new();
    keeper.row(account("1", "trade", "USDT", "20"));
    keeper
        .recovered(&booking("trade_hf.setted", "USDT", "9", 6))
        .is_nothing();
}

#[test]
fn wallet_is_ordered_by_version_then_time() {
    let mut keeper = Keeper::new();
    keeper.v1(&wallet("80", "26", 7, 5));
    let kept = balance(&keeper, "futures", "USDT");
    assert_eq!((kept.ws_key, kept.account_id), (FUTURES, None));
    assert_eq!((kept.total, kept.available), (dec("80"), dec("26")));
    assert_eq!((kept.hold, kept.equity), (dec("1"), dec("81.6")));
    assert_eq!(
        (kept.position_margin, kept.order_margin),
        (dec("48.8"), dec("20"))
    );
    assert_eq!(kept.unrealised_pnl, dec("0.6"));
    keeper.v1(&wallet("70", "25", 6, 9)).is_nothing();
    keeper.v1(&wallet("80", "24", 7, 4)).is_nothing();
    keeper.v1(&wallet("80", "23", 7, 5));
    assert_eq!(balance(&keeper, "futures", "USDT").available, dec("23"));
    keeper.v1(&wallet("60", "22", 8, 3));
    assert_eq!(total(&keeper, "futures", "USDT"), dec("60").unwrap());
}

#[test]
fn older_wallet_subjects_change_their_fields_in_any_order() {
    let frames = [
        legacy("orderMargin.change", r#""orderMargin":6017"#, 7),
        legacy(
            "availableBalance.change",
            r#""availableBalance":"11.5","holdBalance":"0.5""#,
            6,
        ),
        legacy("withdrawHold.change", r#""withdrawHold":3"#, 8),
        wallet("80", "26", 7, 5),
    ];
    for first in 0..frames.len() {
        let mut keeper = Keeper::new();
        frames[first..]
            .iter()
            .chain(&frames[..first])
            .for_each(|frame| {
                keeper.v1(frame);
            });
        let kept = balance(&keeper, "futures", "USDT");
        assert_eq!((kept.total, kept.equity), (dec("80"), dec("81.6")));
        assert_eq!(
            (kept.order_margin, kept.available),
            (dec("6017"), dec("11.5"))
        );
        assert_eq!((kept.hold, kept.updated_at), (dec("3"), time(8)));
    }
}

#[test]
fn futures_row_has_the_margins() {
    let mut keeper = Keeper::new();
    keeper.row(row(
        FUTURES,
        "/contractAccount/wallet",
        WALLET,
        r#"{"currency":"XBT","accountEquity":48.9,"unrealisedPNL":-1.1,"marginBalance":50,"positionMargin":5,"orderMargin":2,"frozenFunds":0.5,"availableBalance":41.4}"#,
    ));
    let kept = balance(&keeper, "futures", "XBT");
    assert_eq!((kept.total, kept.equity), (dec("50"), dec("48.9")));
    assert_eq!((kept.hold, kept.available), (dec("0.5"), dec("41.4")));
    assert_eq!(
        (kept.position_margin, kept.order_margin),
        (dec("5"), dec("2"))
    );
    assert_eq!(kept.unrealised_pnl, dec("-1.1"));
}

#[test]
fn unified_balance_is_ordered_by_time_then_push_time() {
    let mut keeper = Keeper::new();
    keeper.pro(&pro(
        "UNIFIED",
        r#""e":"12","b":"10","a":"9","h":"1","l":"0.5""#,
        5,
        100,
    ));
    let kept = balance(&keeper, "UNIFIED", "USDT");
    assert_eq!((kept.ws_key, kept.account_id), (PRO, None));
    assert_eq!((kept.equity, kept.liability), (dec("12"), dec("0.5")));
    keeper
        .pro(&pro("UNIFIED", r#""b":"11""#, 4, 101))
        .is_nothing();
    keeper
        .pro(&pro("UNIFIED", r#""e":"13","b":"10""#, 5, 99))
        .is_nothing();
    keeper.pro(&pro(
        "UNIFIED",
        r#""e":"14","b":"10","a":"9","h":"1""#,
        5,
        102,
    ));
    let kept = balance(&keeper, "UNIFIED", "USDT");
    // A pushed balance is complete: the liability is no longer reported.
    assert_eq!((kept.equity, kept.liability), (dec("14"), None));
}

#[test]
fn sequence_comes_before_the_time() {
    let mut keeper = Keeper::new();
    keeper.pro(&pro(
        "FUTURES",
        r#""b":"10","E":8,"cPM":"1.5","iPM":"2""#,
        5,
        5,
    ));
    keeper
        .pro(&pro("FUTURES", r#""b":"11","E":7"#, 6, 6))
        .is_nothing();
    let kept = balance(&keeper, "FUTURES", "USDT");
    assert_eq!((kept.total, kept.position_margin), (dec("10"), dec("3.5")));
    keeper.pro(&pro("FUTURES", r#""b":"12","E":9"#, 4, 4));
    assert_eq!(total(&keeper, "FUTURES", "USDT"), dec("12").unwrap());
}

#[test]
fn unified_booking_and_row_are_of_the_pushed_account() {
    let mut keeper = Keeper::new();
    keeper.pro(&pro("TRADING", r#""b":"10","a":"9","h":"1""#, 5, 5));
    let booking = r#"{"T":"balance.SPOT","d":{"c":"USDT","b":"8","U":1752400000006000000}}"#;
    keeper.recovered(booking);
    let kept = balance(&keeper, "SPOT", "USDT");
    assert_eq!((kept.total, kept.hold), (dec("8"), dec("1")));
    let classic = r#"{"currency":"USDT","balance":"7","available":"7","hold":"0"}"#;
    keeper.row(row(
        PRO,
        "balance?accountType=SPOT",
        "/api/ua/{v}/account/balance",
        classic,
    ));
    assert_eq!(total(&keeper, "SPOT", "USDT"), dec("7").unwrap());
    let unified = r#"{"accountType":"UNIFIED","currency":"USDT","balance":"-3"}"#;
    let changes = keeper.row(row(PRO, "balance?accountType=UNIFIED", UNIFIED, unified));
    assert!(changes.violations.is_empty());
    assert_eq!(total(&keeper, "UNIFIED", "USDT"), dec("-3").unwrap());
    assert_eq!(keeper.state().balances().count(), 2);
}

#[test]
fn cross_margin_row_has_liabilities() {
    let mut keeper = Keeper::new();
    keeper.v1(&frame("marginV2.hold", "44", "KCS", ("10", "1"), 5));
    let changes = keeper.row(row(
        SPOT,
        "/account/balance",
        CROSS,
        r#"{"debtRatio":0,"status":"EFFECTIVE","accounts":[{"currency":"KCS","total":"12","available":"11","hold":"1","liability":"0.3"},{"currency":"DOGE","total":"0","liability":"0"},{"currency":"BTC","total":"0","liabilityPrincipal":"1","liabilityInterest":"0.01"}]}"#,
    ));
    assert_eq!(changes.balances.len(), 2);
    let kcs = balance(&keeper, "margin", "KCS");
    assert_eq!(kcs.account_id.as_deref(), Some("44"));
    assert_eq!((kcs.total, kcs.liability), (dec("12"), dec("0.3")));
    assert_eq!(balance(&keeper, "margin", "BTC").liability, dec("1.01"));
    // A frame of the balance has no liability, and leaves it.
    keeper.v1(&frame("marginV2.hold", "44", "KCS", ("9", "1"), 6));
    assert_eq!(balance(&keeper, "margin", "KCS").liability, dec("0.3"));
}

#[test]
fn debt_list_sets_liabilities() {
    let mut keeper = Keeper::new();
    let debts = |usdt: &str, at: i64| {
        format!(
            r#"{{"topic":"/margin/position","subject":"debt.ratio","type":"message","data":{{"debtRatio":0.6,"totalDebt":"0.1","debtList":{{"BTC":"0","USDT":"{usdt}"}},"timestamp":{}}}}}"#,
            ms(at)
        )
    };
    keeper.v1(&debts("29.38", 5));
    keeper.v1(&debts("30", 4)).is_nothing();
    assert_eq!(balance(&keeper, "margin", "USDT").liability, dec("29.38"));
    assert_eq!(keeper.state().balances().count(), 1);
    keeper.v1(&debts("0", 6));
    assert_eq!(balance(&keeper, "margin", "USDT").liability, dec("0"));
}

#[test]
fn isolated_margin_changes_its_balances() {
    let mut keeper = Keeper::new();
    keeper.row(row(
        SPOT,
        "/account/balance",
        ISOLATED,
        r#"{"symbol":"BTC-USDT","status":"DEBT","debtRatio":"0.1","baseAsset":{"currency":"BTC","total":"0","available":"0","hold":"0","liability":"0"},"quoteAsset":{"currency":"USDT","total":"50","available":"40","hold":"10","liability":"5"}}"#,
    ));
    let kept = balance(&keeper, "isolated_BTC-USDT", "USDT");
    assert_eq!((kept.available, kept.liability), (dec("40"), dec("5")));
    assert_eq!(keeper.state().balances().count(), 1);
    let change = format!(
        r#"{{"topic":"/margin/isolatedPosition:BTC-USDT","subject":"positionChange","type":"message","data":{{"tag":"BTC-USDT","status":"DEBT","changeAssets":{{"USDT":{{"total":"60","hold":"15","liabilityPrincipal":"15","liabilityInterest":"0.1"}}}},"timestamp":{}}}}}"#,
        ms(5)
    );
    keeper.v1(&change);
    let kept = balance(&keeper, "isolated_BTC-USDT", "USDT");
    assert_eq!((kept.total, kept.hold), (dec("60"), dec("15")));
    assert_eq!((kept.available, kept.liability), (dec("45"), dec("15.1")));
}

#[test]
fn negative_balance_is_reported_once() {
    let mut keeper = Keeper::new();
    let changes = keeper.v1(&frame("trade.hold", "1", "USDT", ("-1", "0"), 5));
    let [violation] = &changes.violations[..] else {
        panic!("{changes:?}");
    };
    assert_eq!(violation.symbol, "USDT");
    let contradiction = Contradiction::NegativeBalance {
        currency: "USDT".into(),
        amount: dec("-1").unwrap(),
    };
    assert_eq!(violation.contradiction, contradiction);
    assert_eq!(violation.frames[0].event, "trade.hold");
    assert_eq!(violation.frames[0].time, time(5));
    let again = keeper.v1(&frame("trade.hold", "1", "USDT", ("-2", "0"), 6));
    assert_eq!((again.balances.len(), again.violations.len()), (1, 0));
    keeper.v1(&frame("trade.hold", "1", "USDT", ("0", "0"), 7));
    let again = keeper.row(account("1", "trade", "USDT", "-3"));
    assert_eq!(again.violations[0].frames[0].source, Some(ACCOUNTS));
    // The available balance counts too.
    let changes = keeper.v1(&frame("main.hold", "2", "USDT", ("1", "2"), 7));
    assert_eq!(changes.violations.len(), 1);
}

#[test]
fn accounts_with_debts_may_be_negative() {
    let mut keeper = Keeper::new();
    let frames = [
        frame("marginV2.hold", "1", "USDT", ("-1", "0"), 5),
        frame("isolated_BTC-USDT.hold", "1", "USDT", ("-1", "0"), 5),
        wallet("-80", "-26", 7, 5),
    ];
    for frame in &frames {
        assert!(keeper.v1(frame).violations.is_empty());
    }
    let unified = pro("UNIFIED", r#""b":"-10""#, 5, 5);
    assert!(keeper.pro(&unified).violations.is_empty());
    let funding = pro("FUNDING", r#""b":"-10""#, 5, 5);
    assert_eq!(keeper.pro(&funding).violations.len(), 1);
}

#[test]
fn balances_of_two_connections_are_two() {
    let mut keeper = Keeper::new();
    keeper.v1(&wallet("80", "26", 7, 5));
    keeper.pro(&pro("FUTURES", r#""b":"80""#, 5, 5));
    let state = keeper.state();
    let keys: Vec<WsKey> = state.balances().map(|row| row.ws_key).collect();
    assert_eq!(keys.len(), 2);
}

/// One frame: row, time, and what makes it differ from all others.
fn item(row: usize, at: i64, number: usize, hold: &str) -> Item {
    let total = format!("{}.5", number + 2);
    let event_id = format!(r#""relationEventId":"{number}""#);
    let spot = |currency: &str| {
        let frame = frame("trade_hf.hold", "817", currency, (&total, hold), at);
        frame.replace(&format!(r#""relationEventId":"{at}""#), &event_id)
    };
    let booked = || {
        let booking = booking("trade_hf.setted", "USDT", &total, at);
        booking.replace(r#""relationEventId":"9""#, &event_id)
    };
    match (row, number % 3) {
        (0, 0) => Item::Recovered(booked()),
        (0, _) => Item::V1(spot("USDT")),
        (1, _) => Item::V1(spot("KCS")),
        // The time may be the same for two versions.
        (2, _) => Item::V1(wallet(&total, hold, at as u64, at / 2)),
        (3, 0) => {
            let amounts = format!(r#""availableBalance":{total},"holdBalance":{hold}"#);
            let frame = legacy("availableBalance.change", &amounts, at);
            Item::V1(frame.replace("USDT", "XBT"))
        }
        (3, 1) => {
            let frame = legacy(
                "orderMargin.change",
                &format!(r#""orderMargin":{total}"#),
                at,
            );
            Item::V1(frame.replace("USDT", "XBT"))
        }
        (3, _) => {
            let frame = wallet(&total, hold, 7, at).replace("USDT", "XBT");
            Item::V1(frame.replace(r#""version":"7","#, ""))
        }
        _ => {
            let amounts = format!(r#""b":"{total}","h":"{hold}""#);
            Item::Pro(pro("UNIFIED", &amounts, at / 2, at))
        }
    }
}

/// Frames of several rows with few different times, so that many are equal.
fn frames() -> impl Strategy<Value = Vec<(String, i64, Item)>> {
    let one = (0..5_usize, 0..6_i64, 0..2_u32);
    proptest::collection::vec(one, 1..32).prop_map(|picked| {
        let items = picked.into_iter().enumerate();
        let items = items.map(|(number, (row, at, hold))| {
            (
                row.to_string(),
                at,
                item(row, at, number, &hold.to_string()),
            )
        });
        items.collect()
    })
}

fn kept(items: &[Item]) -> Vec<AccountBalance> {
    let mut keeper = Keeper::new();
    for item in items {
        keeper.take(item);
    }
    let state = keeper.state();
    let rows = state.balances();
    rows.map(|row| AccountBalance::clone(&row.to_arc()))
        .collect()
}

proptest! {
    #[test]
    fn order_of_frames_does_not_matter(
        frames in frames(),
        picks in proptest::collection::vec(any::<u16>(), 40),
    ) {
        prop_assert_eq!(kept(&shuffled(&frames, &picks)), kept(&sorted(&frames)));
    }
}
