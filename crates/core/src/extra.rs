//! Unknown fields of events: [`Raw`] JSON values and the list [`Extra`].

use std::fmt;

use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, Serializer};

use serde_json::value::RawValue;

use crate::drift::Findings;
use crate::error::excerpt;
use crate::{DecodeError, Finding, FindingKind, Text};

/// One JSON value, byte for byte as KuCoin sent it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw(Text);

impl Raw {
    /// Parses one JSON value.
    ///
    /// # Errors
    /// Returns [`DecodeError::Syntax`] if the text is not exactly one JSON value or is nested deeper than 127 levels.
    pub fn parse(json: &str) -> Result<Self, DecodeError> {
        match serde_json::from_str::<&RawValue>(json) {
            Ok(value) => match too_deep(value.get()) {
                None => Ok(Self::from_valid(value.get())),
                Some(offset) => Err(DecodeError::Syntax {
                    reason: "nested too deeply",
                    offset,
                }),
            },
            Err(error) => Err(DecodeError::Syntax {
                reason: "not exactly one JSON value",
                offset: offset(json, &error),
            }),
        }
    }

    /// Creates a value from JSON text that must be valid.
    ///
    /// If the text is not valid JSON, serializing the value fails.
    pub fn from_valid(json: &str) -> Self {
        Self(Text::new(json))
    }

    /// Returns the JSON text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Nesting limit of `serde_json`.
const MAX_DEPTH: usize = 127;

/// Returns the byte position at which valid JSON exceeds the nesting limit; `None` if it does not.
fn too_deep(json: &str) -> Option<usize> {
    let (mut depth, mut is_text, mut is_escaped) = (0, false, false);
    json.bytes().position(|byte| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth -= 1,
            _ => {}
        }
        depth > MAX_DEPTH
    })
}

/// Returns the position of an error, in bytes.
fn offset(json: &str, error: &serde_json::Error) -> usize {
    let lines = json
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1)
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

/// Serializes the JSON text unchanged with `serde_json`.
///
/// Other formats get the same output as from `serde_json::value::RawValue`.
impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.as_str()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Unknown fields and unreadable values of an event, by wire name, in the order of the frame.
///
/// A field is in this list if its event type does not know the field, cannot hold its value, or would write the value
/// differently, such as `buy` for `BUY`. An optional field that cannot be read is `None` in the event, and this list
/// has its value as KuCoin sent it. If a name is in this list, serialization writes the value of the list instead of
/// the typed value.
///
/// The list also has the [`findings`](Self::findings) of the decoder, which do not count for equality.
#[derive(Clone, Default)]
// Boxed to take eight bytes if it is empty, as it is for nearly every event.
pub struct Extra(Option<Box<Contents>>);

#[derive(Clone, Default)]
struct Contents {
    entries: Vec<(Text, Raw)>,
    findings: Findings,
}

impl Extra {
    /// Returns `true` if all fields were known and readable.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// Returns the number of values.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    #[inline]
    fn entries(&self) -> &[(Text, Raw)] {
        match &self.0 {
            Some(contents) => &contents.entries,
            None => &[],
        }
    }

    /// Returns the value of a field by its wire name; the last value if the frame repeats the field.
    #[inline]
    pub fn get(&self, name: &str) -> Option<&Raw> {
        self.entries()
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, raw)| raw)
    }

    /// Returns an iterator over all names and values, in the order of the frame.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.entries()
            .iter()
            .map(|(name, raw)| (name.as_str(), raw))
    }

    /// Appends a field.
    pub fn push(&mut self, name: &str, raw: impl Into<Raw>) {
        let contents = self.0.get_or_insert_default();
        contents.entries.push((Text::new(name), raw.into()));
    }

    /// Appends a field that the event type does not have, and its finding.
    #[cold]
    pub fn push_unknown(&mut self, name: &str, raw: impl Into<Raw>) {
        let raw = raw.into();
        self.note(Finding::new(FindingKind::UnknownField, name, raw.as_str()));
        self.push(name, raw);
    }

    /// Returns what the decoder found to differ from the known format, each difference once; usually empty.
    ///
    /// The paths begin in the object that has this list. The list of a push, the envelope, also has the findings of its
    /// event.
    #[inline]
    pub fn findings(&self) -> &[Finding] {
        match &self.0 {
            Some(contents) => contents.findings.as_slice(),
            None => &[],
        }
    }

    /// Adds a finding.
    #[cold]
    pub fn note(&mut self, finding: Finding) {
        self.0.get_or_insert_default().findings.add(finding);
    }

    /// Replaces all findings by one.
    #[cold]
    pub fn replace_findings(&mut self, finding: Finding) {
        self.0.get_or_insert_default().findings = Findings::default();
        self.note(finding);
    }

    /// Adds the findings of an object in the field `name`.
    #[cold]
    pub fn note_all(&mut self, name: &str, inner: &Extra) {
        for finding in inner.findings() {
            self.note(finding.within(name));
        }
    }

    /// Removes all fields after the first `count`.
    #[cold]
    pub fn truncate(&mut self, count: usize) {
        if let Some(contents) = &mut self.0 {
            contents.entries.truncate(count);
        }
        if self.is_empty() && self.findings().is_empty() {
            self.0 = None;
        }
    }

    /// Removes all fields, keeps the findings, and returns the fields.
    #[cold]
    pub fn take_fields(&mut self) -> Vec<(Text, Raw)> {
        match &mut self.0 {
            Some(contents) => std::mem::take(&mut contents.entries),
            None => Vec::new(),
        }
    }

    /// Appends a field with valid JSON, unless the list already has this name with this value.
    pub fn push_if_new(&mut self, name: &str, json: &str) {
        let is_same = |(known, raw): (&str, &Raw)| known == name && raw.as_str() == json;
        if !self.iter().any(is_same) {
            self.push(name, Raw::from_valid(json));
        }
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.entries() == other.entries()
    }
}

impl Eq for Extra {}

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
    use super::*;

    #[test]
    fn empty_extra_takes_eight_bytes() {
        assert_eq!(std::mem::size_of::<Extra>(), 8);
        assert!(Extra::default().is_empty());
    }

    #[test]
    fn order_and_digits_are_kept() {
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
    fn raw_is_exactly_one_value() {
        assert!(Raw::parse("1 2").is_err());
        assert!(matches!(
            Raw::parse("1 x"),
            Err(DecodeError::Syntax { offset: 2, .. })
        ));
        assert!(Raw::parse("").is_err());
        let nested = |levels: usize| ["[".repeat(levels), "]".repeat(levels)].concat();
        assert!(Raw::parse(&nested(127)).is_ok());
        assert!(Raw::parse(&nested(128)).is_err());
        assert!(Raw::parse(&format!("\"\\\"{}\"", "[".repeat(200))).is_ok());
        assert!(Raw::parse(" 1 ").is_ok_and(|raw| raw.as_str() == "1"));
    }
}
