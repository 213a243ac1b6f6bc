//! Futures positions: full changes, mark price changes, settlements, risk limits, and their symbols.

use kucoin_streams_core::{Decimal, Event, Timestamp, Topic};
use kucoin_streams_v1::{
    FuturesPosition, FuturesPositionChange, FuturesPositionChangeReason, FuturesPositions,
    FuturesSymbolPosition, MarginMode, PositionSide,
};

use crate::{decode, decoded, line, push_of};

const POSITIONS: &str = include_str!("../fixtures/futures_positions.ndjson");
const CHANGE: &str = "position.change";

fn dec(digits: &str) -> Option<Decimal> {
    Some(digits.parse().unwrap())
}

fn of(symbol: &str) -> FuturesSymbolPosition {
    FuturesSymbolPosition::new(symbol).unwrap()
}

/// Decodes a line with the topic for all positions, which accepts both topics.
fn position(number: usize) -> FuturesPosition {
    decoded(FuturesPositions, line(POSITIONS, number)).event
}

fn change(number: usize) -> FuturesPositionChange {
    match position(number) {
        FuturesPosition::Change(change) => *change,
        other => panic!("{other:?}"),
    }
}

fn decode_data(subject: &str, data: &str) -> FuturesPosition {
    decoded(FuturesPositions, &push_of(FuturesPositions, subject, data)).event
}

#[test]
fn isolated_position_has_all_fields() {
    let change = change(1);
    assert_eq!(change.symbol.as_deref(), Some("XBTUSDTM"));
    assert_eq!(
        change.reason,
        Some(FuturesPositionChangeReason::ChangeRiskLimit)
    );
    assert_eq!(
        (change.quantity, change.leverage),
        (Decimal::NEGATIVE_ONE, dec("12.37"))
    );
    assert_eq!(
        (change.direction(), change.position_side.as_ref()),
        (Some(PositionSide::Short), Some(&PositionSide::Short))
    );
    assert_eq!(
        (change.risk_limit, change.risk_limit_level),
        (dec("50000000"), Some(5))
    );
    assert_eq!(
        change.time,
        Some(Timestamp::from_nanos(1_752_400_600_362_000_000))
    );
    assert!(change.margin.is_some() && change.auto_deposit == Some(false));
    assert!(change.extra.is_empty(), "{:?}", change.extra);
}

#[test]
fn closed_cross_position_is_a_full_change() {
    let change = change(2);
    assert_eq!((change.margin, change.is_open), (None, Some(false)));
    assert_eq!((change.is_flat(), change.direction()), (true, None));
    assert_eq!(change.margin_mode, Some(MarginMode::Cross));
    assert_eq!(change.average_entry_price, dec("63605.1"));
    assert!(change.extra.is_empty(), "{:?}", change.extra);
}

#[test]
fn leverage_with_exponent_is_exact() {
    let change = change(2);
    assert_eq!(change.leverage, dec("10"));
    assert_eq!(serde_json::to_value(&change).unwrap()["leverage"], "10");
}

#[test]
fn change_reasons_are_decoded_without_other_fields() {
    use FuturesPositionChangeReason::*;
    let reasons: Vec<_> = (15..=20).map(|at| change(at).reason.unwrap()).collect();
    assert_eq!(
        reasons,
        [
            PositionChange,
            MarginChange,
            Liquidation,
            AutoAppendMarginStatusChange,
            AutoDeleveraging,
            ChangeRiskLimit
        ]
    );
    let bare = decode_data(CHANGE, r#"{"currentQty":3}"#);
    assert!(matches!(bare, FuturesPosition::Change(_)), "{bare:?}");
}

#[test]
fn change_without_quantity_is_a_mark_price_change() {
    for number in [5, 6, 7] {
        let position = position(number);
        let FuturesPosition::MarkPrice(patch) = &position else {
            panic!("{position:?}")
        };
        assert!(patch.mark_price.is_some() && patch.extra.is_empty());
    }
    for quantity in [r#""currentQty":null,"#, r#""currentQty":"","#, ""] {
        let data = format!(r#"{{{quantity}"symbol":"A","markPrice":1.5}}"#);
        let patch = decode_data(CHANGE, &data);
        assert!(matches!(patch, FuturesPosition::MarkPrice(_)), "{patch:?}");
    }
    let strange = decode_data(
        CHANGE,
        r#"{"symbol":"A","currentQty":{"x":1},"posMargin":2}"#,
    );
    assert_eq!(
        serde_json::to_string(&strange).unwrap(),
        r#"{"symbol":"A","currentQty":{"x":1},"posMargin":2}"#
    );
}

#[test]
fn mark_price_change_with_quantity_is_a_full_change() {
    let data =
        r#"{"symbol":"A","currentQty":"-2","markPrice":1.5,"changeReason":"markPriceChange"}"#;
    let position = decode_data(CHANGE, data);
    let FuturesPosition::Change(change) = &position else {
        panic!("{position:?}")
    };
    assert_eq!(change.quantity, Decimal::from(-2));
    assert_eq!(
        change.reason,
        Some(FuturesPositionChangeReason::MarkPriceChange)
    );
}

#[test]
fn apply_updates_position_with_mark_price_change() {
    let mut position_now = change(1);
    let before = position_now.clone();
    let FuturesPosition::MarkPrice(patch) = position(5) else {
        panic!("not a mark price change")
    };
    position_now.apply(&patch);
    assert_eq!(
        (position_now.mark_price, position_now.time),
        (patch.mark_price, patch.time)
    );
    assert_eq!(position_now.unrealised_pnl, dec("-0.5365"));
    assert_eq!(
        (
            position_now.quantity,
            position_now.margin,
            &position_now.reason
        ),
        (before.quantity, before.margin, &before.reason)
    );
    let FuturesPosition::MarkPrice(nothing) = decode_data(CHANGE, "{}") else {
        panic!("not a mark price change")
    };
    let patched = position_now.clone();
    position_now.apply(&nothing);
    assert_eq!(position_now, patched);
}

#[test]
fn missing_symbol_is_taken_from_topic() {
    for (number, symbol) in [
        (4, Some("XBTUSDM")),
        (6, Some("XBTUSDM")),
        (8, Some("XBTUSDTM")),
        (9, Some("XBTUSDM")),
        (11, Some("ADAUSDTM")),
        (13, Some("XBTUSDM")),
        (7, None),
        (10, None),
        (12, None),
    ] {
        let position = position(number);
        assert_eq!(position.symbol(), symbol, "{number}");
        let written = serde_json::to_value(&position).unwrap();
        assert_eq!(
            written.get("symbol").and_then(|symbol| symbol.as_str()),
            symbol
        );
    }
    let suffixed = "/contract/position:XBTUSDTM:privateChannel:60f1b2";
    let frame = push_of(suffixed, "position.settlement", r#"{"qty":1,"symbol":""}"#);
    assert_eq!(
        decoded(of("XBTUSDTM"), &frame).event.symbol(),
        Some("XBTUSDTM")
    );
}

#[test]
fn symbol_in_data_precedes_symbol_of_topic() {
    for subject in [
        CHANGE,
        "position.settlement",
        "position.adjustRiskLimit",
        "new",
    ] {
        let frame = push_of(of("XBTUSDTM"), subject, r#"{"symbol":"XBTUSDM","qty":1}"#);
        let position = decoded(FuturesPositions, &frame).event;
        assert_eq!(position.symbol(), Some("XBTUSDM"), "{subject}");
    }
}

#[test]
fn position_pushes_may_use_either_topic() {
    let under_symbol = push_of(
        of("XBTUSDTM"),
        CHANGE,
        r#"{"symbol":"XBTUSDTM","currentQty":1}"#,
    );
    let under_all = push_of(
        FuturesPositions,
        CHANGE,
        r#"{"symbol":"XBTUSDTM","currentQty":1}"#,
    );
    for frame in [&under_symbol, &under_all] {
        assert_eq!(
            decoded(FuturesPositions, frame).event.symbol(),
            Some("XBTUSDTM")
        );
        assert_eq!(
            decoded(of("XBTUSDTM"), frame).event.symbol(),
            Some("XBTUSDTM")
        );
        assert_eq!(decode(of("ETHUSDTM"), frame), Ok(None));
    }
}

#[test]
fn symbol_topic_accepts_account_wide_push_without_symbol() {
    for number in [7, 10, 12] {
        let position = decoded(of("XBTUSDTM"), line(POSITIONS, number)).event;
        assert_eq!(position.symbol(), None);
    }
    let other = push_of(FuturesPositions, "new.subject", r#"{"symbol":"ETHUSDTM"}"#);
    assert_eq!(decode(of("XBTUSDTM"), &other), Ok(None));
    assert_eq!(
        decoded(of("ETHUSDTM"), &other).event.symbol(),
        Some("ETHUSDTM")
    );
}

#[test]
fn settlement_has_both_times_and_exact_rate() {
    let FuturesPosition::Settlement(settlement) = position(8) else {
        panic!("not a settlement")
    };
    let at = |nanos| Some(Timestamp::from_nanos(nanos));
    assert_eq!(settlement.funding_time, at(1_752_408_000_000_000_000));
    assert_eq!(settlement.time, at(1_752_408_000_782_040_768));
    assert_eq!(settlement.funding_rate, dec("-0.000027"));
    assert_eq!(
        (settlement.quantity, settlement.funding_fee),
        (dec("-2"), dec("-0.00302661"))
    );
    assert_eq!(settlement.position_side, Some(PositionSide::Short));
}

#[test]
fn risk_limit_adjustment_may_be_empty() {
    let results = [11, 12, 13].map(|number| match position(number) {
        FuturesPosition::RiskLimit(limit) => (limit.success, limit.risk_limit_level, limit.message),
        other => panic!("{other:?}"),
    });
    assert_eq!(results[0], (Some(true), Some(1), None));
    assert_eq!((results[1].0, results[1].1), (Some(false), Some(2)));
    assert_eq!(results[1].2.as_deref(), Some("the position is too large"));
    assert_eq!(results[2], (None, None, None));
}

#[test]
fn unknown_subject_keeps_all_fields() {
    let position = position(14);
    assert!(
        matches!(position, FuturesPosition::Other(_)),
        "{position:?}"
    );
    assert_eq!(position.symbol(), Some("XBTUSDTM"));
    assert_eq!(
        serde_json::to_string(&position).unwrap(),
        r#"{"symbol":"XBTUSDTM","what":{"x":1.9},"currentTimestamp":1752400601000}"#
    );
}

#[test]
fn data_may_precede_topic_and_subject() {
    for number in [1, 5, 8, 11] {
        let usual = line(POSITIONS, number);
        let json: serde_json::Value = serde_json::from_str(usual).unwrap();
        let (topic, subject) = (&json["topic"], &json["subject"]);
        let data = usual.split_once(r#""data":"#).unwrap().1;
        let data = &data[..data.rfind('}').unwrap()];
        let frame = format!(r#"{{"data":{data},"subject":{subject},"topic":{topic}}}"#);
        let between = format!(r#"{{"topic":{topic},"data":{data},"subject":{subject}}}"#);
        for frame in [frame, between] {
            assert_eq!(
                decoded(FuturesPositions, &frame).event,
                position(number),
                "{frame}"
            );
        }
    }
}

#[test]
fn numbers_keep_all_digits() {
    for (came, written) in [
        ("9007199254740993", "9007199254740993"),
        ("-0.12345678901234567890", "-0.12345678901234567890"),
        (
            "12345678901234567890.12345678",
            "12345678901234567890.12345678",
        ),
        ("0E-8", "0.00000000"),
        ("1E+1", "10"),
        ("-2.3e-05", "-0.000023"),
        (r#""1.2300""#, "1.2300"),
    ] {
        for name in ["currentQty", "realisedPnl", "riskLimit", "markValue"] {
            let data = format!(r#"{{"currentQty":1,"symbol":"A","{name}":{came}}}"#);
            let data = data.replace(
                r#""currentQty":1,"symbol":"A","currentQty""#,
                r#""currentQty""#,
            );
            let event = serde_json::to_value(decode_data(CHANGE, &data)).unwrap();
            assert_eq!(event[name], written, "{name}");
        }
    }
    let beyond = "0.1234567890123456789012345678901234567890";
    let event = decode_data(CHANGE, &format!(r#"{{"currentQty":1,"posCost":{beyond}}}"#));
    assert!(
        serde_json::to_string(&event)
            .unwrap()
            .contains(&format!(r#""posCost":{beyond}"#))
    );
}

#[test]
fn dedup_keys_differ_and_are_equal_on_both_topics() {
    for number in [1, 5, 10] {
        let frame = line(POSITIONS, number);
        let symbol = frame.replace("/positionAll", "/position:XBTUSDTM");
        let all = frame.replace("/position:XBTUSDTM", "/positionAll");
        let dedup_key = |frame: &str| decoded(FuturesPositions, frame).event.dedup_key();
        assert_eq!(dedup_key(&all), dedup_key(&symbol));
    }
    // Lines 9 and 10 are the same settlement on both topics.
    assert_eq!(position(9).dedup_key(), position(10).dedup_key());
    let others = (1..=20).filter(|number| *number != 10);
    let mut dedup_keys: Vec<_> = others.map(|at| position(at).dedup_key()).collect();
    dedup_keys.sort();
    dedup_keys.dedup();
    assert_eq!(dedup_keys.len(), 19);
}

#[test]
fn list_of_symbol_topics_decodes_each_symbol() {
    let topics = vec![of("XBTUSDTM"), of("ADAUSDTM")];
    assert_eq!(topics.requests().len(), 2);
    let push = topics.decode(line(POSITIONS, 11)).unwrap().unwrap();
    assert_eq!(push.event.symbol(), Some("ADAUSDTM"));
}
