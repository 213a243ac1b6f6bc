//! What the exchange's truth log says in the form that events have: the same names and digits, another unit of time.

use kucoin_streams_exchange::TruthEntry;
use serde_json::Value;

/// What an entry must be as an event.
pub(crate) fn as_event(entry: &TruthEntry) -> Value {
    let mut data: Value = serde_json::from_str(entry.data()).unwrap();
    for name in ["orderTime", "ts", "pt", "createdAt", "time"] {
        if let Some(time) = data.get_mut(name) {
            *time = nanos(time).into();
        }
    }
    data
}

/// A time of the wire, a number or the text of one, in whatever unit.
fn nanos(time: &Value) -> i64 {
    let number = time
        .as_i64()
        .or_else(|| time.as_str()?.parse().ok())
        .unwrap();
    match number.to_string().len() {
        0..=14 => number * 1_000_000,
        15..=17 => number * 1_000,
        _ => number,
    }
}
