//! The check itself: the JSON that went in against the JSON that came out, number by number in their digits.

use std::collections::BTreeMap;

use kucoin_streams_core::{Decimal, Event, Timestamp, Topic};
use serde::Serialize;
use serde_json::value::RawValue;

/// Fields that come out as strings of nanoseconds, whatever unit and dress they came in.
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

/// Every value in the data of the frame comes out of the topic's event.
#[track_caller]
pub(super) fn check<E: Event + Serialize>(topic: &impl Topic<Event = E>, frame: &str) {
    compare(frame, &topic.decode(frame).unwrap().unwrap().event);
}

/// Every value in the data of the frame stands in what the event is written as.
#[track_caller]
pub(super) fn compare(frame: &str, event: &impl Serialize) {
    let frame = members(frame).unwrap();
    let gone = serde_json::to_string(event).unwrap();
    check_value("data", frame["data"].get(), &gone);
}

#[track_caller]
fn check_value(name: &str, came: &str, gone: &str) {
    if let (Some(came), Some(gone)) = (members(came), members(gone)) {
        for (name, value) in came {
            match (value.get(), gone.get(&name)) {
                // Each of these says that there is no value.
                ("null" | "\"\"", _) => {}
                (came, Some(gone)) => check_value(&name, came, gone.get()),
                (came, None) => panic!("{name}: {came} is lost"),
            }
        }
        return;
    }
    let text = |json: &str| serde_json::from_str::<String>(json).ok();
    if came == gone || (text(came).is_some() && text(came) == text(gone)) {
        return;
    }
    if TIMES.contains(&name) {
        let nanos = text(gone).and_then(|gone| gone.parse().ok());
        assert!(nanos.is_some(), "{name}: {came} became {gone}");
        assert_eq!(time(came), nanos, "{name}: {came}");
        return;
    }
    assert!(number(came).is_some(), "{name}: {came} became {gone}");
    assert_eq!(number(came), number(gone), "{name}: {came} became {gone}");
    if !came.contains(['e', 'E']) {
        let scale = |json| number(json).map(|number| number.scale());
        assert_eq!(scale(came), scale(gone), "{name}: {came} became {gone}");
    }
}

/// The members of an object, each value as it is written.
fn members(json: &str) -> Option<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(json).ok()
}

/// The exact value of a number, or of a string that holds one.
fn number(json: &str) -> Option<Decimal> {
    let digits = json.trim_matches('"');
    Decimal::from_str_exact(digits)
        .ok()
        .or_else(|| Decimal::from_scientific(digits).ok())
        .or_else(|| zero(digits))
}

/// Nothing is nothing, whatever its exponent, also where a `Decimal` takes no such exponent.
fn zero(digits: &str) -> Option<Decimal> {
    let (mantissa, _) = digits.split_once(['e', 'E'])?;
    let is_zero = mantissa.contains('0') && mantissa.trim_matches(['-', '0', '.']).is_empty();
    is_zero.then_some(Decimal::ZERO)
}

fn time(json: &str) -> Option<i64> {
    let number = whole(json.trim_matches('"'))?;
    Timestamp::from_wire(number).map(Timestamp::as_nanos)
}

/// The whole number that the digits write, exponent and all; `None` if they are not whole or do not fit.
fn whole(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (number, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (before, behind) = number.split_once('.').unwrap_or((number, ""));
    let all = format!("{before}{behind}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let cut = all.trim_end_matches('0');
    if cut.is_empty() {
        return Some(0);
    }
    let exponent: i64 = exponent.parse().ok()?;
    let length = |text: &str| i64::try_from(text.len()).unwrap();
    let zeros = exponent + length(&all) - length(cut) - length(behind);
    let zeros = usize::try_from(zeros).ok().filter(|zeros| *zeros < 20)?;
    format!("{sign}{cut}{}", "0".repeat(zeros)).parse().ok()
}

#[test]
fn a_lost_or_changed_value_is_found() {
    let found = |came: &str, gone: &str| {
        let (came, gone) = (came.to_owned(), gone.to_owned());
        let quiet = std::panic::AssertUnwindSafe(|| check_value("data", &came, &gone));
        std::panic::catch_unwind(quiet).is_err()
    };
    for (came, gone) in [
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
        assert!(found(came, gone), "{came} {gone}");
    }
    for (came, gone) in [
        (r#"{"a":null,"b":""}"#, "{}"),
        (r#"{"a":1.50,"b":"2"}"#, r#"{"b":"2","a":"1.50","c":3}"#),
        (r#"{"a":1E+1}"#, r#"{"a":"10"}"#),
        (r#"{"a":-0e337}"#, r#"{"a":"0"}"#),
        (
            r#"{"ts":"1.752400000123e12"}"#,
            r#"{"ts":"1752400000123000000"}"#,
        ),
    ] {
        assert!(!found(came, gone), "{came} {gone}");
    }
}
