//! Converts the truth log of the exchange to the form of events: the same names and digits, decimals as text, times
//! in nanoseconds.

use kucoin_streams::Decimal;
use kucoin_streams_exchange::TruthEntry;
use serde_json::Value;

/// Fields that events have in nanoseconds, whatever their unit and type on the wire.
const TIMES: [&str; 9] = [
    "orderTime",
    "ts",
    "pt",
    "createdAt",
    "time",
    "timestamp",
    "fundingTime",
    "openingTimestamp",
    "currentTimestamp",
];

/// Subjects whose data has no symbol: the event takes it from the topic.
const WITHOUT_SYMBOL: [&str; 2] = ["position.settlement", "position.adjustRiskLimit"];

/// Returns the expected event of an entry.
pub(crate) fn as_event(entry: &TruthEntry) -> Value {
    let mut data: Value = serde_json::from_str(&numbers_as_text(entry.data())).unwrap();
    for name in TIMES {
        if let Some(time) = data.get_mut(name) {
            *time = nanos(time).to_string().into();
        }
    }
    // Empty text means no value on the wire.
    if let Some(members) = data.as_object_mut() {
        members.retain(|_, value| value != "");
    }
    if let (true, Some((_, symbol))) = (
        WITHOUT_SYMBOL.contains(&entry.subject),
        entry.topic.split_once(':'),
    ) {
        data["symbol"] = symbol.into();
    }
    data
}

/// Returns an event as JSON with all numbers as text except times: whether a count is a JSON number does not matter
/// here.
pub(crate) fn as_json<E: serde::Serialize>(event: &E) -> Value {
    let mut json = serde_json::to_value(event).unwrap();
    counts_as_text("", &mut json);
    json
}

fn counts_as_text(name: &str, value: &mut Value) {
    match value {
        Value::Number(number) if !TIMES.contains(&name) => *value = number.to_string().into(),
        Value::Object(members) => {
            for (name, member) in members {
                counts_as_text(name, member);
            }
        }
        _ => {}
    }
}

/// Returns the JSON with every number as text, without exponents. A parser would round numbers.
pub(crate) fn numbers_as_text(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 64);
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '-' | '0'..='9' => {
                let is_digit =
                    |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
                let length = rest.find(|c| !is_digit(c)).unwrap_or(rest.len());
                let number = &rest[..length];
                let exact = Decimal::from_str_exact(number)
                    .or_else(|_| Decimal::from_scientific(number))
                    .unwrap();
                text.push_str(&format!("\"{exact}\""));
                rest = &rest[length..];
                continue;
            }
            other => other.len_utf8(),
        };
        text.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    text
}

/// Returns the length of the string literal at the start of a text, including quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, found)| {
        let ends = !escaped && *found == '"';
        escaped = !escaped && *found == '\\';
        ends
    });
    end.unwrap().0 + 1
}

/// Converts a wire time in any unit to nanoseconds.
fn nanos(time: &Value) -> i64 {
    let number: i64 = time.as_str().unwrap().parse().unwrap();
    match number.to_string().len() {
        0..=14 => number * 1_000_000,
        15..=17 => number * 1_000,
        _ => number,
    }
}

#[test]
fn numbers_become_text_and_strings_are_kept() {
    assert_eq!(
        numbers_as_text(
            r#"{"a":-1.50,"b\"2":"3","c":[1E+1,true,0E-8],"d":12345678901234567890.25}"#
        ),
        r#"{"a":"-1.50","b\"2":"3","c":["10",true,"0.00000000"],"d":"12345678901234567890.25"}"#
    );
}
