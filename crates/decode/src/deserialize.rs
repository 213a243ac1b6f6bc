//! Deserializes events from their serialized form and from the wire format.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use super::{DecodeError, Record, Scanner, write_string};

/// Deserializes a record from its serialized names or its wire names.
///
/// `wire` has the wire names, and `written` has the serialized names in the same order. The function reads the JSON
/// text, so no digit is lost; it therefore works with the deserializers of `serde_json` only.
///
/// # Errors
/// Returns an error if the JSON text is not a record of this type.
pub fn deserialize<'de, T: Record, D: Deserializer<'de>>(
    deserializer: D,
    wire: &[&str],
    written: &[&str],
) -> Result<T, D::Error> {
    deserialize_by(deserializer, |json| {
        T::read(&mut Scanner::new(&with_wire_names(json, wire, written)?))
    })
}

/// Deserializes a value with a function that reads its JSON text.
///
/// It works with the deserializers of `serde_json` only.
///
/// # Errors
/// Returns the errors of the function and of the deserializer.
pub fn deserialize_by<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, DecodeError>,
) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    read(raw.get()).map_err(D::Error::custom)
}

/// Replaces serialized names by wire names in an object.
///
/// If the object has the wire name too, the serialized name is an unknown field of KuCoin and is not replaced:
/// see [`FieldWriter::field_as`](super::FieldWriter::field_as).
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
