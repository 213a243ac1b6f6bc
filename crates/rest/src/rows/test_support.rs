//! Reads literal rows in tests, and checks that nothing of them is lost.

use std::fmt::Debug;

use kucoin_streams_core::{Decimal, DecodeError, Timestamp};
use kucoin_streams_decode::{FromJson, Record, Scanner, Value, ValueKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(in crate::rows) fn dec(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

pub(in crate::rows) fn ms(ms: i64) -> Option<Timestamp> {
    ns(ms * 1_000_000)
}

pub(in crate::rows) fn ns(ns: i64) -> Option<Timestamp> {
    Some(Timestamp::from_nanos(ns))
}

pub(in crate::rows) fn try_read<R: Record>(json: &str) -> Result<R, DecodeError> {
    R::read(&mut Scanner::new(json))
}

/// Reads a row, and checks that it is written under KuCoin's names with all values, and read back.
#[track_caller]
pub(in crate::rows) fn read<R>(json: &str) -> R
where
    R: Record + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let row: R = try_read(json).unwrap();
    let written = serde_json::to_string(&row).unwrap();
    assert_eq!(serde_json::from_str::<R>(&written).unwrap(), row);
    let written = members(&written);
    for (name, sent) in members(json) {
        let found = written.iter().find(|(known, _)| *known == name);
        let is_empty = sent.is_null_or_empty() || sent.as_str() == "[]";
        let is_kept =
            is_empty || found.is_some_and(|(_, written)| have_same_meaning(sent, *written));
        assert!(is_kept, "`{name}`: sent {sent:?}, written {found:?}");
    }
    row
}

/// Returns `true` if two values are the same text, number or time. Lists and objects are not compared.
fn have_same_meaning(sent: Value<'_>, written: Value<'_>) -> bool {
    let is_nested = matches!(sent.kind(), ValueKind::Object | ValueKind::Array);
    let same_text = sent.as_str().trim_matches('"') == written.as_str().trim_matches('"');
    let number = Decimal::from_json(sent);
    let time = Timestamp::from_json(sent);
    is_nested && written.kind() == sent.kind()
        || same_text
        || number.is_some() && number == Decimal::from_json(written)
        || time.is_some() && time == Timestamp::from_json(written)
}

fn members(json: &str) -> Vec<(String, Value<'_>)> {
    let mut scanner = Scanner::new(json);
    let mut object = scanner.object().unwrap();
    let mut members = Vec::new();
    while let Some((name, value)) = object.member().unwrap() {
        members.push((name.to_string(), value));
    }
    members
}
