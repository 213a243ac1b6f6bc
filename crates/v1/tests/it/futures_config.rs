//! Margin modes and leverages: objects with contracts as keys.

use kucoin_streams_core::{Decimal, Event as _};
use kucoin_streams_v1::{
    FuturesCrossLeverageChange, FuturesCrossLeverages, FuturesEvent, FuturesMarginModeChange,
    FuturesMarginModes, MarginMode, V1Event,
};

use crate::{decode, decoded, line, push, push_of};

const CONFIG: &str = include_str!("../fixtures/futures_config.ndjson");

fn modes(data: &str) -> FuturesMarginModeChange {
    decoded(FuturesMarginModes, &push(FuturesMarginModes, data)).event
}

fn leverages(data: &str) -> FuturesCrossLeverageChange {
    decoded(FuturesCrossLeverages, &push(FuturesCrossLeverages, data)).event
}

fn written(event: &impl serde::Serialize) -> String {
    serde_json::to_string(event).unwrap()
}

#[test]
fn margin_modes_are_keyed_by_contract() {
    let change = decoded(FuturesMarginModes, line(CONFIG, 2)).event;
    let all: Vec<_> = change.modes.iter().collect();
    assert_eq!(
        all,
        [
            ("ETHUSDTM", &MarginMode::Isolated),
            ("SOLUSDTM", &MarginMode::Cross)
        ]
    );
    assert_eq!(
        written(&change),
        r#"{"ETHUSDTM":"ISOLATED","SOLUSDTM":"CROSS"}"#
    );
}

#[test]
fn leverage_may_be_string_number_or_exponent() {
    let eight = decoded(FuturesCrossLeverages, line(CONFIG, 3)).event;
    let leverage = eight.leverages.get("ETHUSDTM").unwrap();
    assert_eq!(leverage.leverage, Some(Decimal::from(8)));
    let two = decoded(FuturesCrossLeverages, line(CONFIG, 4)).event;
    let leverage = |symbol| two.leverages.get(symbol).unwrap().leverage;
    assert_eq!(
        (leverage("XBTUSDTM"), leverage("SOLUSDTM")),
        (Some(Decimal::from(5)), Some(Decimal::from(10)))
    );
}

#[test]
fn topic_decides_if_subject_is_shared() {
    let data = r#"{"XBTUSDTM":"CROSS"}"#;
    let frame = push_of(FuturesMarginModes, "user.config", data);
    assert_eq!(decode(FuturesCrossLeverages, &frame), Ok(None));
    for (number, is_mode) in [(1, true), (3, false)] {
        let push = kucoin_streams_v1::decode(line(CONFIG, number))
            .unwrap()
            .unwrap();
        assert_eq!(push.subject.as_deref(), Some("user.config"));
        assert_eq!(
            matches!(push.event, V1Event::Futures(FuturesEvent::MarginMode(_))),
            is_mode
        );
        assert_eq!(
            matches!(push.event, V1Event::Futures(FuturesEvent::CrossLeverage(_))),
            !is_mode
        );
    }
}

#[test]
fn members_that_are_not_a_mode_round_trip() {
    let data =
        r#"{"XBTUSDTM":"CROSS","A":"cross","B":"HEDGED","C":null,"D":{"x":1.50},"E":7,"":"CROSS"}"#;
    let change = modes(data);
    assert_eq!(change.modes.get("A"), Some(&MarginMode::Cross));
    assert_eq!(
        change.modes.get("B"),
        Some(&MarginMode::Unknown("HEDGED".into()))
    );
    for key in ["C", "D", "E"] {
        assert_eq!(change.modes.get(key), None);
    }
    let original: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(serde_json::to_value(&change).unwrap(), original);
    assert!(written(&change).contains(r#""D":{"x":1.50}"#));
}

#[test]
fn members_that_are_not_a_leverage_round_trip() {
    let data = r#"{"XBTUSDTM":{"leverage":"8.0","more":[1]},"A":{"leverage":{}},"B":{},"C":12,"D":"x","E":null}"#;
    let change = leverages(data);
    assert_eq!(change.leverages.len(), 3);
    assert_eq!(change.leverages.get("A").unwrap().leverage, None);
    let original: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(serde_json::to_value(&change).unwrap(), original);
}

#[test]
fn last_of_repeated_contract_counts_and_all_round_trip() {
    let data = r#"{"A":"CROSS","B":"CROSS","A":"ISOLATED","C":"CROSS","C":7}"#;
    let change = modes(data);
    assert_eq!(change.modes.get("A"), Some(&MarginMode::Isolated));
    assert_eq!(change.modes.get("C"), None);
    assert_eq!(
        written(&change),
        r#"{"B":"CROSS","A":"CROSS","A":"ISOLATED","C":"CROSS","C":7}"#
    );
}

#[test]
fn empty_object_is_an_event() {
    assert!(modes("{}").modes.is_empty());
    assert!(leverages("{}").leverages.is_empty());
    assert!(decode(FuturesMarginModes, &push(FuturesMarginModes, "[]")).is_err());
}

#[test]
fn dedup_key_has_all_entries() {
    let dedup_key = |data| modes(data).dedup_key();
    assert_eq!(
        dedup_key(r#"{"A":"CROSS"}"#),
        dedup_key(r#" { "A" : "CROSS" } "#)
    );
    assert_ne!(
        dedup_key(r#"{"A":"CROSS"}"#),
        dedup_key(r#"{"A":"ISOLATED"}"#)
    );
    assert_ne!(dedup_key(r#"{"A":"CROSS"}"#), dedup_key(r#"{"B":"CROSS"}"#));
    let dedup_key = |data| leverages(data).dedup_key();
    assert_eq!(
        dedup_key(r#"{"A":{"leverage":"8"}}"#),
        dedup_key(r#"{"A":{"leverage":8.0}}"#)
    );
    assert_ne!(
        dedup_key(r#"{"A":{"leverage":"8"}}"#),
        dedup_key(r#"{"A":{"leverage":"9"}}"#)
    );
}
