//! Balances: exact digits, the account, and the fields of classic futures.

use kucoin_streams_core::{Event as _, Topic};
use kucoin_streams_pro::{AccountType, Balance, Balances, CollateralStatus, ProEvent};

use crate::{dec, decoded, events, nanos, push};

const BALANCES: &str = include_str!("../fixtures/balances.ndjson");

fn balances() -> Vec<Balance> {
    events(BALANCES, |event| match event {
        ProEvent::Balance(balance) => Some(balance),
        _ => None,
    })
}

#[test]
fn amounts_keep_every_digit() {
    let balance = &balances()[0];
    assert_eq!(balance.equity.unwrap().to_string(), "1204.3628156000442103");
    assert_eq!(balance.hold, Some(dec("30.6252")));
    let written = serde_json::to_value(balance).unwrap();
    assert_eq!(written["available"], "1173.7376156000442103");
    assert_eq!(written["liability"], "0.0000000000");
    assert_eq!(written.as_object().unwrap().len(), 8);
}

#[test]
fn account_comes_from_the_topic() {
    let accounts: Vec<_> = balances()
        .iter()
        .map(|balance| balance.account.account_type())
        .collect();
    use AccountType::{Cross, Funding, Futures, Isolated, Spot, Trading, Unified};
    assert_eq!(
        accounts,
        [
            Unified, Unified, Funding, Spot, Trading, Cross, Isolated, Futures
        ]
        .map(Some)
    );
    let late = r#"{"d":{"c":"KCS"},"P":1,"T":"balance.MARS"}"#;
    let ProEvent::Balance(balance) = decoded(late).event else {
        panic!("a balance")
    };
    assert_eq!(
        (balance.account.as_str(), balance.account.account_type()),
        ("MARS", None)
    );
}

#[test]
fn update_time_is_read_in_any_unit_and_format() {
    let balances = balances();
    assert_eq!(balances[0].updated_at, nanos(1_780_975_123_456_000_000));
    assert_eq!(balances[2].updated_at, nanos(1_781_200_000_998_000_000));
}

#[test]
fn missing_null_or_empty_equity_is_none() {
    let balances = balances();
    for at in [1, 2, 3] {
        assert_eq!(balances[at].equity, None);
        assert!(balances[at].extra.is_empty());
    }
}

#[test]
fn collateral_status_is_a_number_or_a_string() {
    let balances = balances();
    assert_eq!(
        balances[0].collateral_status,
        Some(CollateralStatus::Unlimited)
    );
    assert_eq!(
        balances[1].collateral_status,
        Some(CollateralStatus::LimitHit)
    );
    assert_eq!(balances[2].collateral_status, None);
}

#[test]
fn classic_futures_balance_has_margins_and_sequence() {
    let futures = &balances()[7];
    assert_eq!(futures.sequence, Some(9_007_199_254_740_995));
    assert_eq!(futures.total_cross_margin, Some(dec("90.1")));
    assert_eq!(futures.cross_pos_margin, Some(dec("60.1")));
    assert_eq!(futures.cross_order_margin, Some(dec("30")));
    assert_eq!(futures.cross_un_pnl, Some(dec("-2.1234567890123456789")));
    assert_eq!(futures.isolated_pos_margin, Some(dec("9.65")));
    assert_eq!(futures.isolated_order_margin, Some(dec("0")));
    assert_eq!(futures.isolated_un_pnl, Some(dec("14.6264567890")));
    assert_eq!(
        futures.isolated_funding_fee_margin,
        Some(dec("-0.00000000000000000001"))
    );
}

#[test]
fn trading_account_has_two_names() {
    let spot = Balances::new(AccountType::Spot);
    for topic in ["balance.SPOT", "balance.TRADING"] {
        let push = spot
            .decode(&push(topic, r#"{"c":"KCS"}"#))
            .unwrap()
            .unwrap();
        assert_eq!(push.topic, topic);
    }
    assert_eq!(
        spot.decode(&push("balance.FUNDING", r#"{"c":"KCS"}"#)),
        Ok(None)
    );
}

#[test]
fn repeated_push_has_the_same_dedup_key() {
    let frame = BALANCES.lines().next().unwrap();
    let dedup_key = |frame: &str| decoded(frame).event.dedup_key();
    let again = frame
        .replace("\"30.6252\"", "\"30.625200\"")
        .replace("\"P\":1781200000777", "\"P\":1781200000778");
    assert_eq!(dedup_key(&again), dedup_key(frame));
    for (from, to) in [
        ("balance.UNIFIED", "balance.FUNDING"),
        ("\"c\":\"USDT\"", "\"c\":\"USDC\""),
        ("\"a\":\"1173", "\"a\":\"1172"),
        ("\"U\":1780975123456", "\"U\":1780975123457"),
        ("\"cS\":\"1\"", "\"cS\":\"2\""),
    ] {
        let other = frame.replace(from, to);
        assert_ne!(other, frame, "{from}");
        assert_ne!(dedup_key(&other), dedup_key(frame), "{from}");
    }
}
