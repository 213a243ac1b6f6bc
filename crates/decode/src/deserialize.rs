//! Events from their own JSON: what serialization wrote is read back, and what the exchange writes is read too.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use super::{DecodeError, Record, Scanner, write_string};

/// Deserializes a record. `wire` and `written` are its names in pairs: as the exchange writes them, and as we do.
///
/// It reads the text of the JSON, so that no digit is lost: it works with the deserializers of `serde_json` alone.
pub fn deserialize<'de, T: Record, D: Deserializer<'de>>(
    deserializer: D,
    wire: &[&str],
    written: &[&str],
) -> Result<T, D::Error> {
    deserialize_by(deserializer, |json| {
        T::read(&mut Scanner::new(&with_wire_names(json, wire, written)?))
    })
}

/// Deserializes by a function that reads the text of the JSON. It works with the deserializers of `serde_json` alone.
pub fn deserialize_by<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, DecodeError>,
) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    read(raw.get()).map_err(D::Error::custom)
}

/// Puts the wire names into an object that serialization wrote.
///
/// If a wire name is present, the long name is a field of the exchange's own: [`FieldWriter`](super::FieldWriter) writes no
/// field by its long name then.
fn with_wire_names<'j>(
    json: &'j str,
    wire: &[&str],
    written: &[&str],
) -> Result<Cow<'j, str>, DecodeError> {
    if wire == written {
        return Ok(Cow::Borrowed(json));
    }
    let mut scanner = Scanner::new(json);
    let mut object = scanner.object()?;
    let mut members = Vec::new();
    while let Some(member) = object.member()? {
        members.push(member);
    }
    let is_absent = |name: &str| members.iter().all(|(key, _)| key != name);
    let renamed_to: Vec<_> = wire
        .iter()
        .map(|name| is_absent(name).then_some(*name))
        .collect();
    let wire_name = |key: &str| {
        let at = written.iter().position(|name| *name == key)?;
        renamed_to[at]
    };
    let mut renamed = String::with_capacity(json.len());
    for (key, value) in &members {
        renamed.push(if renamed.is_empty() { '{' } else { ',' });
        write_string(&mut renamed, wire_name(key).unwrap_or(key));
        renamed.push(':');
        renamed.push_str(value.as_str());
    }
    renamed.push_str(if members.is_empty() { "{}" } else { "}" });
    Ok(Cow::Owned(renamed))
}
