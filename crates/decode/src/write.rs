//! Writes typed values as JSON, and strings for request frames.

use rust_decimal::Decimal;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Extra, Raw};
use crate::{Text, Timestamp};

/// A type that can be written as a field of an event.
///
/// Implement it, and [`FromJson`](crate::FromJson), to use a type of your own in [`event!`](crate::event).
///
/// Decimals are written as strings with all digits, times as strings of nanoseconds, enums as their wire text.
pub trait ToJson {
    /// Writes the value.
    ///
    /// # Errors
    /// Returns the errors of the serializer.
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Returns `true` if a field with this value is left out when the event is written.
    fn is_omitted(&self) -> bool {
        false
    }
}

/// Serializes a value with its [`ToJson`] implementation.
#[derive(Clone, Copy, Debug)]
pub struct AsJson<'v, T>(pub &'v T);

impl<T: ToJson> Serialize for AsJson<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_json(serializer)
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.to_json(serializer),
            None => serializer.serialize_none(),
        }
    }

    fn is_omitted(&self) -> bool {
        self.as_ref().is_none_or(ToJson::is_omitted)
    }
}

impl ToJson for Decimal {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

macro_rules! to_json_with_serde {
    ($($type:ty),*) => {$(
        impl ToJson for $type {
            fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        }
    )*};
}

to_json_with_serde!(Text, Timestamp, Raw, bool, i64, u64, i32, u32);

/// Writes the fields of an event: first the typed fields, then the fields in `extra`.
#[derive(Debug)]
pub struct FieldWriter<'e, M> {
    map: M,
    extra: &'e Extra,
    /// Wire names of fields in `extra` that are written under their serialized names.
    written_as: Vec<(&'static str, &'static str)>,
}

impl<'e, M: SerializeMap> FieldWriter<'e, M> {
    /// Creates a writer that writes the fields into a map.
    pub fn new(map: M, extra: &'e Extra) -> Self {
        Self {
            map,
            extra,
            written_as: Vec::new(),
        }
    }

    /// Writes one field, unless it has no value or its JSON is in `extra`.
    ///
    /// # Errors
    /// Returns the errors of the serializer.
    pub fn field<T: ToJson>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        if value.is_omitted() || self.extra.get(name).is_some() {
            return Ok(());
        }
        self.map.serialize_entry(name, &AsJson(value))
    }

    /// Like [`field`](Self::field), for a field with the wire name `wire` and the serialized name `name`.
    ///
    /// # Errors
    /// Returns the errors of the serializer.
    pub fn field_as<T: ToJson>(
        &mut self,
        wire: &'static str,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        // An unknown field of the frame can have the same name.
        let is_taken = self.extra.get(name).is_some();
        if self.extra.get(wire).is_some() {
            if !is_taken {
                self.written_as.push((wire, name));
            }
            return Ok(());
        }
        match (value.is_omitted(), is_taken) {
            (true, false) => Ok(()),
            // Without an empty wire field, the unknown field would be read back as the typed field.
            (true, true) => self.map.serialize_entry(wire, ""),
            (false, true) => self.map.serialize_entry(wire, &AsJson(value)),
            (false, false) => self.map.serialize_entry(name, &AsJson(value)),
        }
    }

    /// Writes the fields in `extra` and ends the map.
    ///
    /// # Errors
    /// Returns the errors of the serializer.
    pub fn end(mut self) -> Result<M::Ok, M::Error> {
        for (name, raw) in self.extra.iter() {
            let written_as = self.written_as.iter().find(|(wire, _)| *wire == name);
            let name = written_as.map_or(name, |(_, name)| name);
            self.map.serialize_entry(name, raw)?;
        }
        self.map.end()
    }
}

/// Appends a text as a JSON string, with quotes.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + 1;
        if escaped.is_empty() {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.push_str("\\u00");
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        } else {
            out.push_str(escaped);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn written_string_parses_back(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut json = String::new();
            write_string(&mut json, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
