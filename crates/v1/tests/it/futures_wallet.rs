//! The futures wallet: full balances with versions, and the older subjects.

use kucoin_streams_core::{Decimal, Event, Timestamp};
use kucoin_streams_v1::{FuturesWallet, FuturesWalletBalance, FuturesWalletChange};

use crate::{decoded, line, push_of};

const WALLET: &str = include_str!("../fixtures/futures_wallet.ndjson");

fn dec(digits: &str) -> Option<Decimal> {
    Some(digits.parse().unwrap())
}

fn change(number: usize) -> FuturesWalletChange {
    decoded(FuturesWallet, line(WALLET, number)).event
}

fn balance(number: usize) -> FuturesWalletBalance {
    match change(number) {
        FuturesWalletChange::Balance(balance) => *balance,
        other => panic!("{other:?}"),
    }
}

fn decode_data(subject: &str, data: &str) -> FuturesWalletChange {
    decoded(FuturesWallet, &push_of(FuturesWallet, subject, data)).event
}

#[test]
fn wallet_balance_keeps_all_digits() {
    let balance = balance(1);
    assert_eq!(balance.currency, "USDT");
    assert_eq!(
        [
            balance.wallet_balance,
            balance.available_balance,
            balance.equity
        ],
        [
            dec("81.026465693"),
            dec("26.588635523"),
            dec("81.627165693")
        ]
    );
    assert_eq!(
        balance.cross_position_margin.unwrap().to_string(),
        "12.7989733000"
    );
    assert_eq!(
        (balance.available_margin, balance.max_withdraw_amount),
        (None, None)
    );
    assert_eq!(
        balance.time,
        Some(Timestamp::from_nanos(1_752_400_500_123_000_000))
    );
    assert!(balance.extra.is_empty());
}

#[test]
fn undocumented_balances_are_fields() {
    let balance = balance(2);
    assert_eq!(
        (balance.available_margin, balance.max_withdraw_amount),
        (dec("25"), dec("24.4"))
    );
    assert!(balance.extra.is_empty());
}

#[test]
fn version_is_a_number_and_round_trips() {
    for (version, expected) in [
        (r#""1337""#, Some(1337)),
        ("1337", Some(1337)),
        (r#""18446744073709551615""#, Some(u64::MAX)),
        ("9007199254740993", Some(9_007_199_254_740_993)),
        (r#""18446744073709551616""#, None),
        (r#""v12""#, None),
        (r#""""#, None),
        ("null", None),
        ("{}", None),
        (r#""0037""#, Some(37)),
    ] {
        let data = format!(r#"{{"currency":"USDT","version":{version}}}"#);
        let change = decode_data("walletBalance.change", &data);
        let FuturesWalletChange::Balance(balance) = &change else {
            panic!("{change:?}")
        };
        assert_eq!(
            balance.version.map(|version| version.get()),
            expected,
            "{version}"
        );
        let written = serde_json::to_value(&change).unwrap()["version"].to_string();
        match version {
            r#""""# | "null" => assert_eq!(written, "null"),
            "{}" => assert_eq!(written, "{}"),
            _ => assert_eq!(written.trim_matches('"'), version.trim_matches('"')),
        }
    }
}

#[test]
fn versions_are_ordered_as_numbers() {
    let version = |version: &str| {
        let data = format!(r#"{{"currency":"USDT","version":"{version}"}}"#);
        match decode_data("walletBalance.change", &data) {
            FuturesWalletChange::Balance(balance) => balance.version,
            other => panic!("{other:?}"),
        }
    };
    assert!(version("9") < version("10"));
}

#[test]
fn dedup_keys_differ_within_one_version() {
    let (first, second) = (balance(1), balance(2));
    assert_eq!((first.version, first.time), (second.version, second.time));
    assert_ne!(first.dedup_key(), second.dedup_key());
}

#[test]
fn older_subjects_accept_numbers_and_strings() {
    use FuturesWalletChange::{AvailableBalance, OrderMargin, WithdrawHold};
    let [OrderMargin(number), OrderMargin(text)] = [change(3), change(4)] else {
        panic!("not an order margin change")
    };
    assert_eq!(
        (number.order_margin, text.order_margin),
        (dec("6017"), dec("0.5903982244"))
    );
    assert_eq!(
        text.time,
        Some(Timestamp::from_nanos(1_615_333_614_399_000_000))
    );
    let [AvailableBalance(number), AvailableBalance(text)] = [change(5), change(6)] else {
        panic!("not an available balance change")
    };
    assert_eq!(
        (number.available_balance, number.hold_balance),
        (dec("7431.9"), dec("3491"))
    );
    assert_eq!(text.hold_balance.unwrap().to_string(), "71.3113823000");
    let [WithdrawHold(number), WithdrawHold(text)] = [change(7), change(8)] else {
        panic!("not a withdraw hold change")
    };
    assert_eq!(
        (number.withdraw_hold, text.withdraw_hold),
        (dec("6017"), dec("0.00000005"))
    );
}

#[test]
fn unknown_subject_keeps_all_fields() {
    let change = change(9);
    assert!(
        matches!(change, FuturesWalletChange::Other(_)),
        "{change:?}"
    );
    assert_eq!(change.currency(), None);
    let written = serde_json::to_string(&change).unwrap();
    assert!(written.contains(r#""deep":{"a":[1,"x"]}"#), "{written}");
}

#[test]
fn every_change_has_currency_and_own_dedup_key() {
    let currencies: Vec<_> = (1..=8)
        .map(|at| change(at).currency().map(str::to_owned).unwrap())
        .collect();
    assert_eq!(
        currencies,
        ["USDT", "USDT", "USDT", "USDT", "USDT", "XBT", "USDT", "XBT"]
    );
    let mut dedup_keys: Vec<_> = (1..=9).map(|at| change(at).dedup_key()).collect();
    dedup_keys.sort();
    dedup_keys.dedup();
    assert_eq!(dedup_keys.len(), 9);
}
