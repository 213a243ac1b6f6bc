//! JSON objects whose keys are data, such as currencies or symbols.

use serde::ser::{SerializeMap, Serializer};

use super::{AsJson, Extra, FromJson, ToJson, Value, ValueKind};
use crate::Text;

/// Entries of a JSON object whose keys are data, such as currencies, in the order of the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries<T>(Vec<(Text, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Entries<T> {
    /// Returns the value of a key; the last value if the frame repeats the key.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0
            .iter()
            .rev()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value)
    }

    /// Returns an iterator over all keys and values, in the order of the frame.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> FromIterator<(Text, T)> for Entries<T> {
    fn from_iter<I: IntoIterator<Item = (Text, T)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// Reads an object. If one of its values is unreadable, the whole field is unreadable.
impl<T: FromJson> FromJson for Entries<T> {
    fn from_json(value: Value<'_>) -> Option<Self> {
        if value.kind() != ValueKind::Object {
            return None;
        }
        let mut scanner = value.scanner();
        let mut object = scanner.object().ok()?;
        let mut entries = Vec::new();
        while let Some(key) = object.key().ok()? {
            let value = object.value().ok()?;
            entries.push((Text::new(&key), T::from_json(value)?));
        }
        Some(Self(entries))
    }

    fn round_trips(&self, value: Value<'_>) -> bool {
        let mut scanner = value.scanner();
        let Ok(mut object) = scanner.object() else {
            return false;
        };
        self.0.iter().all(|(_, entry)| {
            matches!(object.key(), Ok(Some(_)))
                && object.value().is_ok_and(|value| entry.round_trips(value))
        })
    }

    fn is_known(&self) -> bool {
        self.0.iter().all(|(_, entry)| entry.is_known())
    }

    /// The keys are data, so they are not part of the path.
    fn note(&self, name: &str, extra: &mut Extra) {
        let mut inner = Extra::default();
        for (_, entry) in self.0.iter().filter(|(_, entry)| !entry.is_known()) {
            entry.note("*", &mut inner);
        }
        extra.note_all(name, &inner);
    }
}

impl<T: ToJson> ToJson for Entries<T> {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, &AsJson(value))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::Scanner;

    fn read(json: &str) -> Option<Entries<Decimal>> {
        Entries::from_json(Scanner::new(json).value().unwrap())
    }

    #[test]
    fn entries_keep_their_order_and_digits() {
        let entries = read(r#"{"USDT":"1.50","BTC":0E-8}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&AsJson(&entries)).unwrap(),
            r#"{"USDT":"1.50","BTC":"0.00000000"}"#
        );
        assert_eq!(entries.get("USDT"), Some(&Decimal::new(150, 2)));
    }

    #[test]
    fn one_unreadable_value_makes_the_field_unreadable() {
        assert_eq!(read(r#"{"USDT":"1.50","BTC":[]}"#), None);
        assert_eq!(read("[]"), None);
    }
}
