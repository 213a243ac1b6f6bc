//! Decoding is lossless: the serialized event has every value of a frame's data.
//!
//! This module has the common strategies; `check` has the comparison, and the others have the tests by product.

mod check;
mod futures;
mod margin;
mod spot;

use std::collections::BTreeSet;

use kucoin_streams_core::Decimal;
use kucoin_streams_v1::{AnyFuturesTopic, AnySpotTopic, Balances};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use check::{check, compare};

use crate::{decode_any, decoded, fixtures, push};

#[test]
fn recorded_frames_lose_no_value() {
    for (topic, frame) in fixtures() {
        compare(frame, &decode_any(&topic, frame).unwrap().unwrap().event);
    }
}

#[test]
fn every_topic_has_a_recorded_frame() {
    let pattern = |topic: String| match topic.split_once(':') {
        Some((family, _)) => format!("{family}:SYMBOL"),
        None => topic,
    };
    let recorded: BTreeSet<_> = fixtures()
        .map(|(topic, _)| pattern(topic.to_string()))
        .collect();
    let patterns = [AnySpotTopic::PATTERNS, AnyFuturesTopic::PATTERNS].concat();
    assert_eq!(recorded, patterns.into_iter().map(str::to_owned).collect());
}

#[test]
fn decimal_keeps_its_digits() {
    let frame = push(
        Balances,
        r#"{"currency":"KCS","total":"1.500","available":0.10,"hold":"-0.000"}"#,
    );
    let written = serde_json::to_value(decoded(Balances, &frame).event).unwrap();
    assert_eq!(
        (&written["total"], &written["available"]),
        (&json!("1.500"), &json!("0.10"))
    );
    assert!(
        ["0.000", "-0.000"]
            .map(Value::from)
            .contains(&written["hold"])
    );
}

fn decimal() -> impl Strategy<Value = Value> {
    (any::<i64>(), any::<i64>(), 0_u32..=20, any::<bool>()).prop_map(|(high, low, scale, short)| {
        let number = if short {
            i128::from(low % 1_000_000)
        } else {
            i128::from(high) * 1000 + i128::from(low % 1000)
        };
        Value::String(Decimal::from_i128_with_scale(number, scale).to_string())
    })
}

/// A decimal that [`to_json`] writes as a JSON number.
fn bare_decimal() -> impl Strategy<Value = Value> {
    decimal().prop_map(|digits| json!(format!("#{}", digits.as_str().unwrap_or_default())))
}

/// A decimal as a string or a number.
fn amount() -> impl Strategy<Value = Value> {
    prop_oneof![decimal(), bare_decimal()]
}

/// Returns the JSON text of generated data. `serde_json::Value` cannot hold every number, so this inserts them.
fn to_json(data: &Value) -> String {
    let mut json = data.to_string();
    while let Some(start) = json.find("\"#") {
        let end = start + 2 + json[start + 2..].find('"').unwrap();
        let digits = json[start + 2..end].to_owned();
        json.replace_range(start..=end, &digits);
    }
    json
}

fn time_of_day() -> impl Strategy<Value = Value> {
    (
        1_500_000_000_000_i64..2_000_000_000_000,
        0_i64..1_000_000,
        0..3,
    )
        .prop_map(|(ms, ns, form)| match form {
            0 => json!(ms),
            1 => json!(ms * 1_000_000 + ns),
            _ => json!(ms.to_string()),
        })
}

fn id() -> impl Strategy<Value = Value> {
    "[0-9a-zA-Z_.\\-]{1,40}".prop_map(Value::String)
}

fn of(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![4 => prop::sample::select(texts).prop_map(|text| json!(text)), 1 => id()]
}

/// An object with required members, and optional ones that may be absent, null or empty.
fn object(
    required: Vec<(&'static str, BoxedStrategy<Value>)>,
    optional: Vec<(&'static str, BoxedStrategy<Value>)>,
) -> impl Strategy<Value = Value> {
    let optional = optional.into_iter().map(|(name, value)| {
        let value = prop_oneof![
            6 => value.prop_map(Some),
            2 => Just(None),
            1 => Just(Some(Value::Null)),
            1 => Just(Some(json!(""))),
        ];
        (Just(name), value).boxed()
    });
    let required = required
        .into_iter()
        .map(|(name, value)| (Just(name), value.prop_map(Some)).boxed());
    required
        .chain(optional)
        .collect::<Vec<_>>()
        .prop_map(|members| {
            let members = members
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(Map::from_iter(members))
        })
}

/// Any JSON value.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Eighths, which have an exact decimal form.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        "\\PC{0,30}".prop_map(Value::from),
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Data with the members of `fixed`, arbitrary values in all others, and unknown members.
fn with_arbitrary_values(
    fixed: impl Strategy<Value = Value>,
    names: &'static [&'static str],
) -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        6 => prop::sample::select(names).prop_map(str::to_owned),
        1 => "[a-zA-Z]{1,20}",
        1 => "\\PC{1,8}",
    ];
    (fixed, prop::collection::vec((name, anything()), 0..12)).prop_map(|(fixed, members)| {
        let mut object = Map::from_iter(members);
        object.extend(fixed.as_object().cloned().unwrap_or_default());
        Value::Object(object)
    })
}
