//! Isolated margin: one market, what it has and owes, and why it changed.

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
fn a_position_has_what_each_changed_currency_came_to() {
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
fn the_reason_and_the_changed_assets_may_be_missing() {
    assert_eq!(position(2).reason, None);
    assert_eq!(
        (position(4).change_assets, position(5).change_assets),
        (None, None)
    );
    assert!(position(3).change_assets.unwrap().is_empty());
    assert_eq!(position(6).accumulated_principal, None);
}

#[test]
fn every_status_and_reason_has_its_word_and_a_new_one_keeps_its_own() {
    use IsolatedMarginReason as Reason;
    use IsolatedMarginStatus::*;
    let told = |at| (position(at).status, position(at).reason.unwrap());
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
        assert_eq!(told(at), (status, reason), "line {at}");
    }
}

#[test]
fn a_currency_keeps_what_its_type_does_not_know() {
    let written = serde_json::to_value(position(12)).unwrap();
    assert_eq!(written["changeAssets"]["KCS"]["frozen"], "0.5");
    assert_eq!(written["changeAssets"]["USDT"]["total"], "2");
}

#[test]
fn a_position_without_a_market_has_that_of_its_topic() {
    assert_eq!(position(13).symbol.as_deref(), Some("KCS-USDT"));
    let elsewhere = push(topic("KCS-USDT"), r#"{"tag":"BTC-USDT","status":"CLEAR"}"#);
    let elsewhere = decoded(topic("KCS-USDT"), &elsewhere).event;
    assert_eq!(elsewhere.symbol.as_deref(), Some("BTC-USDT"));
}

#[test]
fn assets_of_an_unreadable_form_come_out_as_they_came() {
    let position = position(13);
    assert_eq!(position.change_assets, None);
    let written = serde_json::to_value(&position).unwrap();
    assert_eq!(written["changeAssets"]["USDT"], "2");
    assert_eq!(written["changeAssets"]["KCS"]["total"], "1");
}

#[test]
fn a_topic_takes_the_pushes_of_its_market_only() {
    assert_eq!(decode(topic("KCS-USDT"), line(POSITIONS, 1)), Ok(None));
    assert!(
        decode(topic("BTC-USDT"), line(POSITIONS, 1))
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_topic_takes_one_market() {
    let error = IsolatedMarginPositions::new("BTC-USDT,ETH-USDT").unwrap_err();
    assert!(error.to_string().contains("one symbol"), "{error}");
    assert!(IsolatedMarginPositions::new("BTCUSDT").is_err());
    assert_eq!(
        topic("BTC-USDT").to_string(),
        "/margin/isolatedPosition:BTC-USDT"
    );
}

#[test]
fn every_change_has_an_identity_of_its_own_and_a_repeated_push_the_same() {
    let mut identities: Vec<_> = (1..=13).map(|at| position(at).dedup_key()).collect();
    // Two changes of one millisecond that differ in what a currency came to.
    let other = line(POSITIONS, 1).replace("1.07731405", "1.07731406");
    identities.push(decoded(topic("BTC-USDT"), &other).event.dedup_key());
    identities.sort();
    identities.dedup();
    assert_eq!(identities.len(), 14);
    let again = line(POSITIONS, 1).replace("6.030", "6.03");
    let again = decoded(topic("BTC-USDT"), &again).event;
    assert_eq!(position(1).dedup_key(), again.dedup_key());
}
