//! The JSON reference: a tree with every member and digit, and a comparison of two trees.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::number::Number;

/// The maximum nesting depth of a value, the same as for `serde_json::Value`.
const MAX_DEPTH: u32 = 127;

/// One JSON value: its text and its parsed content.
#[derive(Debug, PartialEq)]
pub(crate) struct Tree<'t> {
    pub(crate) raw: &'t str,
    pub(crate) node: Node<'t>,
}

/// The parsed content of a value. Members are in their original order, including duplicates.
#[derive(Debug, PartialEq)]
pub(crate) enum Node<'t> {
    Null,
    Bool(bool),
    Number,
    Text(String),
    /// A string with an unpaired surrogate, which is shown as its escape.
    Unpaired(String),
    Array(Vec<Tree<'t>>),
    Object(Vec<(String, Tree<'t>)>),
}

impl<'t> Tree<'t> {
    /// Parses exactly one JSON value; `None` if it is not valid or nested too deeply.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        Self::open(raw.get(), MAX_DEPTH)
    }

    /// Parses a frame. The SDK reads the object member by member, so the object itself does not count as a level.
    pub(crate) fn of_frame(text: &'t str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        Self::open(raw.get(), MAX_DEPTH + 1).filter(Self::is_object)
    }

    /// Parses a push. Its data may be read member by member too, depending on its position in the frame.
    pub(crate) fn of_push(text: &'t str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        Self::open(raw.get(), MAX_DEPTH + 2).filter(Self::is_object)
    }

    /// Returns `true` if it is nested no deeper than the maximum of one value.
    pub(crate) fn is_within_depth(&self) -> bool {
        Self::open(self.raw, MAX_DEPTH).is_some()
    }

    fn open(raw: &'t str, depth: u32) -> Option<Self> {
        let node = match raw.as_bytes().first()? {
            b'{' => {
                let depth = depth.checked_sub(1)?;
                let mut members = Vec::new();
                let Members(raw) = serde_json::from_str(raw).ok()?;
                for (name, value) in raw {
                    let name = text(name.get()).or_else(|| lossless_text(name.get()))?;
                    members.push((name, Self::open(value.get(), depth)?));
                }
                Node::Object(members)
            }
            b'[' => {
                let depth = depth.checked_sub(1)?;
                let elements: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
                let elements = elements
                    .into_iter()
                    .map(|value| Self::open(value.get(), depth));
                Node::Array(elements.collect::<Option<_>>()?)
            }
            b'"' => match text(raw) {
                Some(text) => Node::Text(text),
                None => Node::Unpaired(lossless_text(raw)?),
            },
            b'n' => Node::Null,
            b't' => Node::Bool(true),
            b'f' => Node::Bool(false),
            _ => Node::Number,
        };
        Some(Self { raw, node })
    }

    /// Returns the members of an object; empty for all other values.
    pub(crate) fn members(&self) -> &[(String, Self)] {
        match &self.node {
            Node::Object(members) => members,
            _ => &[],
        }
    }

    /// Returns all members with this name.
    pub(crate) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Self> {
        let members = self.members().iter();
        members
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self.node, Node::Object(_))
    }

    /// Returns the content of a string without unpaired surrogates.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the content of a string, with unpaired surrogates as escapes.
    pub(crate) fn lossless_text(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) | Node::Unpaired(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the content of a string, or the text of a number or a boolean.
    pub(crate) fn content(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) => Some(text),
            Node::Number | Node::Bool(_) => Some(self.raw),
            _ => None,
        }
    }

    /// Returns the text of a number, or the content of a string without escapes.
    pub(crate) fn digits(&self) -> Option<&str> {
        match &self.node {
            Node::Number => Some(self.raw),
            Node::Text(text) if !self.raw.contains('\\') => Some(text),
            _ => None,
        }
    }

    /// Returns `true` for null and the empty string, which mean that there is no value.
    pub(crate) fn is_null_or_empty(&self) -> bool {
        matches!(self.raw, "null" | "\"\"")
    }
}

/// The members of an object in their original order; a map would drop duplicates.
struct Members<'t>(Vec<(&'t RawValue, &'t RawValue)>);

/// Returns the content of a string; `None` if it has an unpaired surrogate.
fn text(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// Returns the content of a string, with each unpaired surrogate as its escape.
fn lossless_text(raw: &str) -> Option<String> {
    let mut units = Vec::new();
    let mut chars = raw.strip_prefix('"')?.strip_suffix('"')?.chars();
    while let Some(plain) = chars.next() {
        let unit = match plain {
            '\\' => match chars.next()? {
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    u16::from_str_radix(&digits, 16).ok()?
                }
                'b' => 0x08,
                'f' => 0x0C,
                'n' => 0x0A,
                'r' => 0x0D,
                't' => 0x09,
                itself => u16::try_from(u32::from(itself)).ok()?,
            },
            plain => {
                units.extend_from_slice(plain.encode_utf16(&mut [0; 2]));
                continue;
            }
        };
        units.push(unit);
    }
    let decoded = char::decode_utf16(units).map(|decoded| match decoded {
        Ok(character) => character.to_string(),
        Err(error) => format!("\\u{:04x}", error.unpaired_surrogate()),
    });
    Some(decoded.collect())
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// What the serialization of an event may change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Pairs of wire name and serialized name, all separated by spaces.
    pub(crate) long_names: &'static str,
    /// Wire names of times, which are serialized as strings of nanoseconds.
    pub(crate) times: &'static [&'static str],
}

impl Rules {
    fn long_name(&self, wire: &str) -> Option<&'static str> {
        let mut names = self.long_names.split_whitespace();
        while let (Some(short), Some(long)) = (names.next(), names.next()) {
            if short == wire {
                return Some(long);
            }
        }
        None
    }

    /// Returns the first value of `input` that is not in `output`, including duplicates of a name.
    pub(crate) fn first_lost(&self, input: &Tree<'_>, output: &Tree<'_>) -> Option<String> {
        let lost = input
            .members()
            .iter()
            .find(|(name, value)| !value.is_null_or_empty() && !self.is_in(name, value, output));
        lost.map(|(name, value)| format!("{name}: {}", value.raw))
    }

    fn is_in(&self, name: &str, value: &Tree<'_>, output: &Tree<'_>) -> bool {
        let long = self.long_name(name);
        let mut candidates = output
            .members()
            .iter()
            .filter(|(found, _)| found == name || Some(found.as_str()) == long);
        candidates.any(|(_, found)| self.is_same(name, value, found))
    }

    fn is_same(&self, name: &str, input: &Tree<'_>, output: &Tree<'_>) -> bool {
        if input.raw == output.raw {
            return true;
        }
        if input.is_object() && output.is_object() {
            return self.first_lost(input, output).is_none();
        }
        let is_text = output.text().is_some();
        let (Some(input), Some(output)) = (input.content(), output.content()) else {
            return false;
        };
        if self.times.contains(&name) {
            let number = Number::parse(input).and_then(|number| number.whole());
            let nanos = number.and_then(|number| nanos(number.try_into().ok()?));
            return match nanos {
                Some(nanos) => is_text && output.parse() == Ok(nanos),
                // It is not a time, and must be unchanged.
                None => input == output,
            };
        }
        input == output || Number::same_digits(input, output)
    }
}

/// Converts a time in seconds, milliseconds, microseconds or nanoseconds, by its magnitude, to nanoseconds.
fn nanos(number: i64) -> Option<i64> {
    number.checked_mul(match number.unsigned_abs() {
        ..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        long_names: "oi orderId",
        times: &["ts"],
    };

    fn lost(input: &str, output: &str) -> Option<String> {
        let [input, output] = [input, output].map(|text| Tree::parse(text).expect("valid JSON"));
        RULES.first_lost(&input, &output)
    }

    #[test]
    fn lost_or_changed_value_is_found() {
        for (input, output) in [
            (r#"{"a":"1"}"#, "{}"),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":{"b":1}}"#, r#"{"a":{}}"#),
            (r#"{"a":1.50}"#, r#"{"a":"1.5"}"#),
            (
                r#"{"a":12345678901234567890.12345}"#,
                r#"{"a":"12345678901234567890.12346"}"#,
            ),
            (r#"{"a":"x"}"#, r#"{"a":"y"}"#),
            (r#"{"a":[1]}"#, r#"{"a":[]}"#),
            (r#"{"ts":1752400000123}"#, r#"{"ts":"1752400000123000001"}"#),
            (r#"{"ts":1752400000123}"#, r#"{"ts":1752400000123000000}"#),
            (r#"{"ts":"1.7524E12"}"#, r#"{"ts":"1.7524E12 "}"#),
            (r#"{"a":"\ud83d"}"#, r#"{"a":"\ud83e"}"#),
            (r#"{"as":1752400000123}"#, r#"{"as":"1752400000123000000"}"#),
            (r#"{"a":"1e400"}"#, r#"{"a":"1e401"}"#),
            (r#"{"oi":"1"}"#, r#"{"oid":"1"}"#),
        ] {
            assert!(lost(input, output).is_some(), "{input} {output}");
        }
    }

    #[test]
    fn same_value_in_another_format_is_not_lost() {
        for (input, output) in [
            (r#"{"a":null,"b":""}"#, "{}"),
            (r#"{"a":1.50,"b":"2"}"#, r#"{"b":"2","a":"1.50","c":3}"#),
            (r#"{"a":1E+1}"#, r#"{"a":"10"}"#),
            (r#"{"a":"true"}"#, r#"{"a":true}"#),
            (
                r#"{"ts":"1752400000123"}"#,
                r#"{"ts":"1752400000123000000"}"#,
            ),
            (r#"{"ts":1.7524E12}"#, r#"{"ts":"1752400000000000000"}"#),
            (r#"{"ts":1.5}"#, r#"{"ts":1.5}"#),
            (r#"{"a\uD83D":"\udc00"}"#, r#"{"a\\ud83d":"\udc00"}"#),
            (r#"{"oi":"1"}"#, r#"{"orderId":"1"}"#),
        ] {
            assert_eq!(lost(input, output), None, "{input} {output}");
        }
    }

    #[test]
    fn invalid_or_too_deep_json_is_refused() {
        for text in [
            "",
            "{",
            "1 2",
            "\"\\ud8\"",
            "{\"\\ud8g0\":1}",
            "01",
            "\"\n\"",
        ] {
            assert_eq!(Tree::parse(text), None, "{text}");
        }
        let nest = |depth| "{\"a\":".repeat(depth) + "0" + &"}".repeat(depth);
        assert!(Tree::parse(&nest(127)).is_some() && Tree::parse(&nest(128)).is_none());
        assert!(Tree::of_frame(&nest(128)).is_some() && Tree::of_frame(&nest(129)).is_none());
        assert!(Tree::of_push(&nest(129)).is_some_and(|tree| !tree.is_within_depth()));
        assert!(Tree::of_push("[]").is_none());
    }
}
