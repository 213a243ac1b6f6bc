//! The cross-margin account: debt ratios and status changes, distinguished by their data.

use kucoin_streams_core::{Decimal, Event, Timestamp};
use kucoin_streams_v1::{
    MarginDebtRatio, MarginPosition, MarginPositions, MarginStatus, MarginStatusChange,
};

use crate::{decoded, line, push_of};

const POSITIONS: &str = include_str!("../fixtures/margin_positions.ndjson");

fn position(number: usize) -> MarginPosition {
    decoded(MarginPositions, line(POSITIONS, number)).event
}

#[track_caller]
fn debt_ratio(position: MarginPosition) -> MarginDebtRatio {
    match position {
        MarginPosition::DebtRatio(ratio) => ratio,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn status_change(position: MarginPosition) -> MarginStatusChange {
    match position {
        MarginPosition::Status(change) => change,
        other => panic!("{other:?}"),
    }
}

fn decode_data(subject: &str, data: &str) -> MarginPosition {
    decoded(MarginPositions, &push_of(MarginPositions, subject, data)).event
}

fn dec(digits: &str) -> Decimal {
    digits.parse().unwrap()
}

#[test]
fn debt_ratio_totals_may_be_numbers_or_strings() {
    let ratio = debt_ratio(position(1));
    assert_eq!(
        (ratio.debt_ratio, ratio.total_debt),
        (Some(dec("0.6408")), Some(dec("0.0004568292912")))
    );
    assert_eq!(
        ratio.total_asset.unwrap().to_string(),
        "0.00071290468812730000000"
    );
    assert_eq!(
        ratio.margin_coefficient_total_asset,
        Some(dec("0.0007051023"))
    );
    assert_eq!(
        ratio.time,
        Some(Timestamp::from_nanos(1_752_400_400_000_000_000))
    );
    assert!(ratio.extra.is_empty());
}

#[test]
fn assets_and_debts_are_keyed_by_currency() {
    let ratio = debt_ratio(position(1));
    let assets = ratio.asset_list.unwrap();
    assert_eq!(
        assets.get("USDT").unwrap().available,
        Some(dec("30.23188558"))
    );
    assert_eq!(
        assets
            .iter()
            .map(|(currency, _)| currency)
            .collect::<Vec<_>>(),
        ["BTC", "USDT"]
    );
    let debts = ratio.debt_list.unwrap();
    assert_eq!(debts.get("USDT").unwrap().to_string(), "29.3861204500");
    assert_eq!(debts.get("KCS"), None);
}

#[test]
fn older_debt_ratio_lacks_newer_fields() {
    let frame_of_2022 = debt_ratio(position(2));
    assert_eq!(
        (frame_of_2022.debt_ratio, frame_of_2022.asset_list),
        (Some(Decimal::ZERO), None)
    );
    assert!(
        frame_of_2022.total_asset.is_some()
            && frame_of_2022.margin_coefficient_total_asset.is_none()
    );
    let frame_of_docs = debt_ratio(position(3));
    assert_eq!(
        (
            frame_of_docs.total_asset,
            frame_of_docs.debt_list.map(|list| list.len())
        ),
        (None, Some(3))
    );
}

#[test]
fn status_change_is_decoded_under_both_subjects() {
    assert_eq!(
        status_change(position(4)).status,
        MarginStatus::FrozenForLiquidation
    );
    let push = decoded(MarginPositions, line(POSITIONS, 5));
    assert_eq!(push.subject.as_deref(), Some("debt.ratio"));
    assert_eq!(
        status_change(push.event).status,
        MarginStatus::UnfrozenFromLiquidation
    );
}

#[test]
fn debt_ratio_is_decoded_under_any_subject() {
    let ratio = debt_ratio(position(6));
    assert_eq!(
        (ratio.debt_ratio, &ratio.status),
        (Some(dec("1.02")), &Some(MarginStatus::Liability))
    );
    let written = serde_json::to_value(&ratio).unwrap();
    assert_eq!(written["type"], "LIABILITY");
    for subject in ["position.status", "debt.ratio", "new.subject"] {
        debt_ratio(decode_data(
            subject,
            r#"{"type":"FROZEN_FL","debtRatio":"0.5"}"#,
        ));
    }
}

#[test]
fn subject_decides_if_data_is_ambiguous() {
    let nothing = r#"{"debtRatio":null,"type":"","timestamp":1752400404000}"#;
    debt_ratio(decode_data("debt.ratio", nothing));
    let change = status_change(decode_data("position.status", nothing));
    assert_eq!(change.status, MarginStatus::Unknown("".into()));
    assert!(matches!(
        decode_data("new.subject", nothing),
        MarginPosition::Other(_)
    ));
}

#[test]
fn subject_after_data_decides_too() {
    let data = r#"{"totalDebt":"3","timestamp":1752400404000}"#;
    let frame = format!(
        r#"{{"topic":"/margin/position","data":{data},"type":"message","subject":"debt.ratio"}}"#
    );
    let ratio = debt_ratio(decoded(MarginPositions, &frame).event);
    assert_eq!(ratio.total_debt, Some(dec("3")));
}

#[test]
fn unknown_subject_keeps_all_fields() {
    let MarginPosition::Other(other) = position(13) else {
        panic!("{:?}", position(13));
    };
    let extra = |name| other.extra.get(name).unwrap().as_str();
    assert_eq!(
        (extra("currency"), extra("interest")),
        ("\"USDT\"", "0.000000000000000000010")
    );
}

#[test]
fn statuses_are_decoded() {
    use MarginStatus::*;
    let statuses: Vec<_> = [4, 5, 9, 10, 11, 12]
        .map(|at| status_change(position(at)).status)
        .to_vec();
    let unknown = Unknown("THAWED".into());
    assert_eq!(
        statuses,
        [
            FrozenForLiquidation,
            UnfrozenFromLiquidation,
            FrozenForRenewal,
            UnfrozenFromRenewal,
            LiabilityCleared,
            unknown
        ]
    );
    assert_eq!(
        status_change(position(12))
            .extra
            .get("level")
            .unwrap()
            .as_str(),
        "3"
    );
}

#[test]
fn timestamp_with_14_digits_stays_raw() {
    for number in [3, 5] {
        assert_eq!(position(number).time(), None);
        let written = serde_json::to_value(position(number)).unwrap();
        assert_eq!(written["timestamp"], 15_524_008_211_900_i64);
    }
    assert!(position(4).time().is_some());
}

#[test]
fn ratio_with_too_many_digits_stays_raw() {
    let ratio = debt_ratio(position(7));
    assert_eq!(ratio.debt_ratio, None);
    let raw = ratio.extra.get("debtRatio").unwrap();
    assert_eq!(raw.as_str(), "0.6666666666666666666666666666666666");
}

#[test]
fn only_repeated_push_has_same_dedup_key() {
    let mut dedup_keys: Vec<_> = (1..=13).map(|at| position(at).dedup_key()).collect();
    dedup_keys.sort();
    dedup_keys.dedup();
    assert_eq!(dedup_keys.len(), 13);
    let again = line(POSITIONS, 1).replace("0.6408", "0.64080");
    let again = decoded(MarginPositions, &again).event;
    assert_eq!(position(1).dedup_key(), again.dedup_key());
    let later = line(POSITIONS, 3).replace("15524008211900", "15524008211901");
    let later = decoded(MarginPositions, &later).event;
    assert_ne!(position(3).dedup_key(), later.dedup_key());
}
