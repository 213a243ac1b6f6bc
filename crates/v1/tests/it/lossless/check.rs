//! The check: compares the JSON of a frame with the JSON of its event, and numbers by their digits.

use std::collections::BTreeMap;

use kucoin_streams_core::{Decimal, Event, Timestamp, Topic};
use serde::Serialize;
use serde_json::value::RawValue;

/// Fields that are serialized as strings of nanoseconds, whatever their unit and type in the frame.
const TIMES: [&str; 9] = [
    "orderTime",
    "ts",
    "pt",
    "time",
    "createdAt",
    "timestamp",
    "fundingTime",
    "openingTimestamp",
    "currentTimestamp",
];

/// Checks that the decoded event has every value of the frame's data.
#[track_caller]
pub(super) fn check<E: Event + Serialize>(topic: &impl Topic<Event = E>, frame: &str) {
    compare(frame, &topic.decode(frame).unwrap().unwrap().event);
}

/// Checks that the serialized event has every value of the frame's data.
#[track_caller]
pub(super) fn compare(frame: &str, event: &impl Serialize) {
    let frame = members(frame).unwrap();
    let output = serde_json::to_string(event).unwrap();
    check_value("data", frame["data"].get(), &output);
}

#[track_caller]
fn check_value(name: &str, input: &str, output: &str) {
    if let (Some(input), Some(output)) = (members(input), members(output)) {
        for (name, value) in input {
            match (value.get(), output.get(&name)) {
                // Null and the empty text mean that there is no value.
                ("null" | "\"\"", _) => {}
                (input, Some(output)) => check_value(&name, input, output.get()),
                (input, None) => panic!("{name}: {input} is lost"),
            }
        }
        return;
    }
    let text = |json: &str| serde_json::from_str::<String>(json).ok();
    if input == output || (text(input).is_some() && text(input) == text(output)) {
        return;
    }
    if TIMES.contains(&name) {
        let nanos = text(output).and_then(|output| output.parse().ok());
        assert!(nanos.is_some(), "{name}: {input} became {output}");
        assert_eq!(time(input), nanos, "{name}: {input}");
        return;
    }
    assert!(number(input).is_some(), "{name}: {input} became {output}");
    assert_eq!(
        number(input),
        number(output),
        "{name}: {input} became {output}"
    );
    if !input.contains(['e', 'E']) {
        let scale = |json| number(json).map(|number| number.scale());
        assert_eq!(
            scale(input),
            scale(output),
            "{name}: {input} became {output}"
        );
    }
}

/// Returns the members of an object, each value as its JSON text.
fn members(json: &str) -> Option<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(json).ok()
}

/// Returns the exact value of a number, or of a string with a number.
fn number(json: &str) -> Option<Decimal> {
    let digits = json.trim_matches('"');
    Decimal::from_str_exact(digits)
        .ok()
        .or_else(|| Decimal::from_scientific(digits).ok())
        .or_else(|| zero(digits))
}

/// Returns zero for a zero with an exponent that `Decimal` does not accept.
fn zero(digits: &str) -> Option<Decimal> {
    let (mantissa, _) = digits.split_once(['e', 'E'])?;
    let is_zero = mantissa.contains('0') && mantissa.trim_matches(['-', '0', '.']).is_empty();
    is_zero.then_some(Decimal::ZERO)
}

fn time(json: &str) -> Option<i64> {
    let number = integer(json.trim_matches('"'))?;
    Timestamp::from_wire(number).map(Timestamp::as_nanos)
}

/// Returns the integer value, with its exponent; `None` if it is not an integer or does not fit.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (number, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (before, after) = number.split_once('.').unwrap_or((number, ""));
    let all = format!("{before}{after}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let cut = all.trim_end_matches('0');
    if cut.is_empty() {
        return Some(0);
    }
    let exponent: i64 = exponent.parse().ok()?;
    let length = |text: &str| i64::try_from(text.len()).unwrap();
    let zeros = exponent + length(&all) - length(cut) - length(after);
    let zeros = usize::try_from(zeros).ok().filter(|zeros| *zeros < 20)?;
    format!("{sign}{cut}{}", "0".repeat(zeros)).parse().ok()
}

#[test]
fn check_finds_lost_or_changed_values() {
    let found = |input: &str, output: &str| {
        let (input, output) = (input.to_owned(), output.to_owned());
        let quiet = std::panic::AssertUnwindSafe(|| check_value("data", &input, &output));
        std::panic::catch_unwind(quiet).is_err()
    };
    for (input, output) in [
        (r#"{"a":"1"}"#, "{}"),
        (r#"{"a":{"b":1}}"#, r#"{"a":{}}"#),
        (r#"{"a":1.50}"#, r#"{"a":"1.5"}"#),
        (
            r#"{"a":12345678901234567890.12345}"#,
            r#"{"a":"12345678901234567890.12346"}"#,
        ),
        (r#"{"a":"x"}"#, r#"{"a":"y"}"#),
        (r#"{"a":[1]}"#, r#"{"a":[]}"#),
        (r#"{"ts":1752400000123}"#, r#"{"ts":"1752400000123000001"}"#),
        (r#"{"ts":1752400000123}"#, r#"{"ts":1752400000123000000}"#),
    ] {
        assert!(found(input, output), "{input} {output}");
    }
    for (input, output) in [
        (r#"{"a":null,"b":""}"#, "{}"),
        (r#"{"a":1.50,"b":"2"}"#, r#"{"b":"2","a":"1.50","c":3}"#),
        (r#"{"a":1E+1}"#, r#"{"a":"10"}"#),
        (r#"{"a":-0e337}"#, r#"{"a":"0"}"#),
        (
            r#"{"ts":"1.752400000123e12"}"#,
            r#"{"ts":"1752400000123000000"}"#,
        ),
    ] {
        assert!(!found(input, output), "{input} {output}");
    }
}
