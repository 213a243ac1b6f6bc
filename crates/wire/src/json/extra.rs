//! What an event type does not know, kept as it came: [`Raw`] JSON and the ordered list [`Extra`] of it.

use std::fmt;

use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, Serializer};

use super::error::excerpt;
use super::{DecodeError, Scanner, Value};
use crate::Text;

/// One JSON value, byte for byte as the exchange wrote it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw(Text);

impl Raw {
    /// Takes one JSON text.
    ///
    /// # Errors
    /// [`DecodeError::Syntax`] where it is not exactly one JSON value.
    pub fn parse(json: &str) -> Result<Self, DecodeError> {
        let mut scanner = Scanner::new(json);
        let value = scanner.value()?;
        scanner.finish()?;
        Ok(Self::from(value))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The value as a tree that can be walked by name.
    ///
    /// Numbers in it are `f64`, `i64` or `u64`; for their exact digits take [`Raw::as_str`].
    ///
    /// # Errors
    /// [`DecodeError::Syntax`] if a number fits none of the three, or a text has half of a surrogate pair.
    pub fn to_value(&self) -> Result<simd_json::OwnedValue, DecodeError> {
        let mut bytes = self.0.as_bytes().to_vec();
        simd_json::to_owned_value(&mut bytes).map_err(|error| DecodeError::Syntax {
            reason: "a number or a text beyond a tree's reach",
            offset: error.index(),
        })
    }
}

impl From<Value<'_>> for Raw {
    fn from(value: Value<'_>) -> Self {
        Self(Text::new(value.as_str()))
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&excerpt(self.as_str()))
    }
}

/// Writes the very same JSON into JSON; other formats receive what `serde_json::value::RawValue` gives them.
impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &serde_json::value::RawValue =
            serde_json::from_str(self.as_str()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Fields that an event type does not know, or whose value its type could not hold or would not write the same
/// way again: by name, in the order in which they came.
///
/// A field that could not be read is `None` in the event and stands here as the exchange wrote it, so that
/// nothing is lost. Where a name stands here, serialization writes this value and not the typed one.
#[derive(Clone, Default, PartialEq, Eq)]
// Boxed twice over: nearly every event has none, and then it costs eight bytes.
pub struct Extra(#[allow(clippy::box_collection)] Option<Box<Vec<(Text, Raw)>>>);

impl Extra {
    /// True where every field was known and could be read.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |entries| entries.len())
    }

    /// The value of a field, by its wire name; the last one where the frame repeated it.
    pub fn get(&self, name: &str) -> Option<&Raw> {
        let entries = self.0.as_ref()?;
        entries
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, raw)| raw)
    }

    /// Every name and value, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.0
            .iter()
            .flat_map(|entries| entries.iter())
            .map(|(name, raw)| (name.as_str(), raw))
    }

    /// Adds a field.
    pub fn push(&mut self, name: &str, raw: impl Into<Raw>) {
        self.0
            .get_or_insert_default()
            .push((Text::new(name), raw.into()));
    }

    /// Forgets all but the first fields.
    #[cold]
    pub(super) fn truncate(&mut self, count: usize) {
        if let Some(entries) = &mut self.0 {
            entries.truncate(count);
        }
        if count == 0 {
            self.0 = None;
        }
    }

    /// Adds a field, unless the very same stands here already.
    pub(super) fn keep(&mut self, name: &str, value: Value<'_>) {
        if !self
            .iter()
            .any(|(known, raw)| known == name && raw.as_str() == value.as_str())
        {
            self.push(name, value);
        }
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, raw) in self.iter() {
            map.serialize_entry(name, raw)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use simd_json::prelude::*;

    use super::*;

    #[test]
    fn nothing_unknown_costs_eight_bytes() {
        assert_eq!(std::mem::size_of::<Extra>(), 8);
        assert!(Extra::default().is_empty());
    }

    #[test]
    fn the_order_and_the_digits_are_kept() {
        let mut extra = Extra::default();
        extra.push(
            "z",
            Raw::parse("0.10000000000000000000000000000001").unwrap(),
        );
        extra.push("a", Raw::parse("{\"b\" : 1E+400}").unwrap());
        let names: Vec<_> = extra.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["z", "a"]);
        assert_eq!(
            serde_json::to_string(&extra).unwrap(),
            "{\"z\":0.10000000000000000000000000000001,\"a\":{\"b\" : 1E+400}}"
        );
    }

    #[test]
    fn a_value_opens_into_a_tree() {
        let tree = Raw::parse("{\"a\":[1,\"x\"]}").unwrap().to_value().unwrap();
        assert_eq!(tree["a"][0].as_u64(), Some(1));
        assert_eq!(tree["a"][1].as_str(), Some("x"));
        assert!(Raw::parse("[1e999]").unwrap().to_value().is_err());
    }

    #[test]
    fn only_one_whole_value_is_raw_json() {
        assert!(Raw::parse("1 2").is_err());
        assert!(Raw::parse("").is_err());
        assert!(Raw::parse(" 1 ").is_ok_and(|raw| raw.as_str() == "1"));
    }
}
