//! Isolated-margin accounts: assets, liabilities, status and reason.

use kucoin_streams_core::{Decimal, Event, Timestamp};
use kucoin_streams_v1::{
    IsolatedMarginPosition, IsolatedMarginPositions, IsolatedMarginReason, IsolatedMarginStatus,
};

use crate::{decode, decoded, line, push};

const POSITIONS: &str = include_str!("../fixtures/isolated_margin.ndjson");

fn topic(symbol: &str) -> IsolatedMarginPositions {
    IsolatedMarginPositions::new(symbol).unwrap()
}

fn position(number: usize) -> IsolatedMarginPosition {
    let symbol = if number < 3 { "BTC-USDT" } else { "KCS-USDT" };
    decoded(topic(symbol), line(POSITIONS, number)).event
}

#[test]
fn position_has_amounts_of_changed_currencies() {
    let position = position(1);
    assert_eq!(position.symbol.as_deref(), Some("BTC-USDT"));
    assert_eq!(position.status, IsolatedMarginStatus::Debt);
    assert_eq!(position.reason, Some(IsolatedMarginReason::DefaultDebt));
    assert_eq!(position.accumulated_principal.unwrap().to_string(), "6.030");
    assert_eq!(
        position.time,
        Some(Timestamp::from_nanos(1_752_400_500_000_000_000))
    );
    let assets = position.change_assets.unwrap();
    let usdt = assets.get("USDT").unwrap();
    assert_eq!(usdt.liability_principal, Some(Decimal::from(26)));
    assert_eq!(usdt.liability_interest.unwrap().to_string(), "0.00031207");
    assert_eq!(usdt.hold.unwrap().to_string(), "0.00000000");
    assert!(position.extra.is_empty());
}

#[test]
fn reason_and_changed_assets_may_be_missing() {
    assert_eq!(position(2).reason, None);
    assert_eq!(
        (position(4).change_assets, position(5).change_assets),
        (None, None)
    );
    assert!(position(3).change_assets.unwrap().is_empty());
    assert_eq!(position(6).accumulated_principal, None);
}

#[test]
fn statuses_and_reasons_are_decoded() {
    use IsolatedMarginReason as Reason;
    use IsolatedMarginStatus::*;
    let decoded_at = |at| (position(at).status, position(at).reason.unwrap());
    let expected = [
        (1, Debt, Reason::DefaultDebt),
        (3, Borrowing, Reason::UserBorrow),
        (4, Debt, Reason::TradeAutoBorrow),
        (5, Repaying, Reason::UserRepay),
        (6, Clear, Reason::AutoRepay),
        (7, Clear, Reason::DefaultClear),
        (8, Liquidating, Reason::ForcedLiquidation),
        (9, Liquidating, Reason::OneClickLiquidation),
        (10, Liquidating, Reason::InterestLiquidation),
        (11, Liquidating, Reason::AirdropLiquidation),
        (12, Renewing, Reason::Unknown("RENEWED_BY_HAND".into())),
    ];
    for (at, status, reason) in expected {
        assert_eq!(decoded_at(at), (status, reason), "line {at}");
    }
}

#[test]
fn unknown_fields_of_a_currency_are_kept() {
    let written = serde_json::to_value(position(12)).unwrap();
    assert_eq!(written["changeAssets"]["KCS"]["frozen"], "0.5");
    assert_eq!(written["changeAssets"]["USDT"]["total"], "2");
}

#[test]
fn missing_symbol_is_taken_from_topic() {
    assert_eq!(position(13).symbol.as_deref(), Some("KCS-USDT"));
    let other = push(topic("KCS-USDT"), r#"{"tag":"BTC-USDT","status":"CLEAR"}"#);
    let other = decoded(topic("KCS-USDT"), &other).event;
    assert_eq!(other.symbol.as_deref(), Some("BTC-USDT"));
}

#[test]
fn unreadable_assets_round_trip() {
    let position = position(13);
    assert_eq!(position.change_assets, None);
    let written = serde_json::to_value(&position).unwrap();
    assert_eq!(written["changeAssets"]["USDT"], "2");
    assert_eq!(written["changeAssets"]["KCS"]["total"], "1");
}

#[test]
fn topic_decodes_only_its_symbol() {
    assert_eq!(decode(topic("KCS-USDT"), line(POSITIONS, 1)), Ok(None));
    assert!(
        decode(topic("BTC-USDT"), line(POSITIONS, 1))
            .unwrap()
            .is_some()
    );
}

#[test]
fn topic_accepts_one_symbol() {
    let error = IsolatedMarginPositions::new("BTC-USDT,ETH-USDT").unwrap_err();
    assert!(error.to_string().contains("one symbol"), "{error}");
    assert!(IsolatedMarginPositions::new("BTCUSDT").is_err());
    assert_eq!(
        topic("BTC-USDT").to_string(),
        "/margin/isolatedPosition:BTC-USDT"
    );
}

#[test]
fn only_repeated_push_has_same_dedup_key() {
    let mut dedup_keys: Vec<_> = (1..=13).map(|at| position(at).dedup_key()).collect();
    // Another change in the same millisecond, which differs only in an amount.
    let other = line(POSITIONS, 1).replace("1.07731405", "1.07731406");
    dedup_keys.push(decoded(topic("BTC-USDT"), &other).event.dedup_key());
    dedup_keys.sort();
    dedup_keys.dedup();
    assert_eq!(dedup_keys.len(), 14);
    let again = line(POSITIONS, 1).replace("6.030", "6.03");
    let again = decoded(topic("BTC-USDT"), &again).event;
    assert_eq!(position(1).dedup_key(), again.dedup_key());
}
