//! From typed values back to JSON: the exchange's names and digits, and strings for requests.

use rust_decimal::Decimal;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Extra, Raw};
use crate::{Text, Timestamp};

/// How a field of an event is written: decimals as strings with the exchange's digits, times as strings of
/// nanoseconds, enums by their wire text.
pub trait ToJson {
    /// Writes the value.
    ///
    /// # Errors
    /// What the serializer gives.
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// True where the field is not written at all.
    fn is_omitted(&self) -> bool {
        false
    }
}

/// A value to serialize by its [`ToJson`].
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

macro_rules! as_serde_writes {
    ($($plain:ty),*) => {$(
        impl ToJson for $plain {
            fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        }
    )*};
}

as_serde_writes!(Text, Timestamp, Raw, bool, i64, u64, i32, u32);

/// Writes the fields of one event: typed ones by their wire names, and then those that its type does not know.
#[derive(Debug)]
pub struct FieldWriter<'e, M> {
    map: M,
    extra: &'e Extra,
    /// FieldTable of the wire that are written as others, of those in `extra`.
    written_as: Vec<(&'static str, &'static str)>,
}

impl<'e, M: SerializeMap> FieldWriter<'e, M> {
    /// Begins to write into a map.
    pub fn new(map: M, extra: &'e Extra) -> Self {
        Self {
            map,
            extra,
            written_as: Vec::new(),
        }
    }

    /// Writes one field, unless it has no value or its value is kept as it came.
    ///
    /// # Errors
    /// What the serializer gives.
    pub fn field<T: ToJson>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        if value.is_omitted() || self.extra.get(name).is_some() {
            return Ok(());
        }
        self.map.serialize_entry(name, &AsJson(value))
    }

    /// As [`field`](Self::field), for a field that the wire calls `wire` and we write as `name`.
    ///
    /// # Errors
    /// What the serializer gives.
    pub fn field_as<T: ToJson>(
        &mut self,
        wire: &'static str,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        // A frame may have a field of its own under the name that we would write.
        let is_taken = self.extra.get(name).is_some();
        if self.extra.get(wire).is_some() {
            if !is_taken {
                self.written_as.push((wire, name));
            }
            return Ok(());
        }
        match (value.is_omitted(), is_taken) {
            (true, false) => Ok(()),
            // Without it, the other field would be read back as ours.
            (true, true) => self.map.serialize_entry(wire, ""),
            (false, true) => self.map.serialize_entry(wire, &AsJson(value)),
            (false, false) => self.map.serialize_entry(name, &AsJson(value)),
        }
    }

    /// Writes what is kept as it came, and ends.
    ///
    /// # Errors
    /// What the serializer gives.
    pub fn end(mut self) -> Result<M::Ok, M::Error> {
        for (name, raw) in self.extra.iter() {
            let written_as = self.written_as.iter().find(|(wire, _)| *wire == name);
            let name = written_as.map_or(name, |(_, name)| name);
            self.map.serialize_entry(name, raw)?;
        }
        self.map.end()
    }
}

/// Appends a text as a JSON string, quotes included.
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
        fn a_full_parser_reads_back_what_was_written(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut json = String::new();
            write_string(&mut json, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
