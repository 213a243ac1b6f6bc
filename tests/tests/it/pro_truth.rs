//! Compares the Pro V2 truth log with events by values only, since events have long names for the wire's short keys.

use kucoin_streams_exchange::TruthEntry;
use serde_json::Value;

use crate::truth::numbers_as_text;

/// Returns all values of a JSON document as text, sorted, whatever their keys.
pub(crate) fn values(json: &Value) -> Vec<String> {
    fn gather(json: &Value, into: &mut Vec<String>) {
        match json {
            Value::Object(members) => members.values().for_each(|member| gather(member, into)),
            Value::Array(items) => items.iter().for_each(|item| gather(item, into)),
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => into.push(text.clone()),
            other => into.push(other.to_string()),
        }
    }
    let mut found = Vec::new();
    gather(json, &mut found);
    found.sort();
    found
}

/// Returns the pushed values as text; times of funding balances, in milliseconds, are converted to nanoseconds.
pub(crate) fn values_of_entry(entry: &TruthEntry) -> Vec<String> {
    let mut data: Value = serde_json::from_str(&numbers_as_text(entry.data())).unwrap();
    if let Some(Value::String(time)) = data.get_mut("U")
        && time.len() == 13
    {
        time.push_str("000000");
    }
    values(&data)
}
