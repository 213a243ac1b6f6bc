//! The judge of JSON: a tree of every member and every digit by `serde_json`, and which value keeps which.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::number::Number;

/// How deep the SDK opens a value: as deep as `serde_json` opens one into its own tree.
const MAX_DEPTH: u32 = 127;

/// One JSON value: its text, and what is in it.
#[derive(Debug, PartialEq)]
pub(crate) struct Tree<'t> {
    pub(crate) raw: &'t str,
    pub(crate) node: Node<'t>,
}

/// What a value is. Members stand in their order, repeated ones included.
#[derive(Debug, PartialEq)]
pub(crate) enum Node<'t> {
    Null,
    Bool(bool),
    Number,
    Text(String),
    /// A string with half of a surrogate pair, which is no text, and how it is spelled.
    Half(String),
    Array(Vec<Tree<'t>>),
    Object(Vec<(String, Tree<'t>)>),
}

impl<'t> Tree<'t> {
    /// Reads exactly one JSON value; `None` where it is none, or one that is nested too deep.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        Self::open(raw.get(), MAX_DEPTH)
    }

    /// Reads a frame: an object that is walked member by member, so that it does not count for the depth of its
    /// members.
    pub(crate) fn of_frame(text: &'t str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        Self::open(raw.get(), MAX_DEPTH + 1).filter(Self::is_object)
    }

    /// Reads a push: its data may be walked like the frame, or be scanned as one value, as its place in the frame asks.
    pub(crate) fn of_push(text: &'t str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        Self::open(raw.get(), MAX_DEPTH + 2).filter(Self::is_object)
    }

    /// Whether it is nested no deeper than one value may be.
    pub(crate) fn is_flat_enough(&self) -> bool {
        Self::open(self.raw, MAX_DEPTH).is_some()
    }

    fn open(raw: &'t str, depth: u32) -> Option<Self> {
        let node = match raw.as_bytes().first()? {
            b'{' => {
                let depth = depth.checked_sub(1)?;
                let mut members = Vec::new();
                let Members(raw) = serde_json::from_str(raw).ok()?;
                for (name, value) in raw {
                    let name = text(name.get()).or_else(|| spelled(name.get()))?;
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
                None => Node::Half(spelled(raw)?),
            },
            b'n' => Node::Null,
            b't' => Node::Bool(true),
            b'f' => Node::Bool(false),
            _ => Node::Number,
        };
        Some(Self { raw, node })
    }

    /// The members of an object; none where it is another value.
    pub(crate) fn members(&self) -> &[(String, Self)] {
        match &self.node {
            Node::Object(members) => members,
            _ => &[],
        }
    }

    /// Every value of this name.
    pub(crate) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Self> {
        let members = self.members().iter();
        members
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self.node, Node::Object(_))
    }

    /// The content of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The content of a string, each half of a surrogate pair spelled.
    pub(crate) fn spelled(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) | Node::Half(text) => Some(text),
            _ => None,
        }
    }

    /// The content of a string, or the text of a number or of a word.
    pub(crate) fn content(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) => Some(text),
            Node::Number | Node::Bool(_) => Some(self.raw),
            _ => None,
        }
    }

    /// The digits of a number, or a string that is written without escapes.
    pub(crate) fn digits(&self) -> Option<&str> {
        match &self.node {
            Node::Number => Some(self.raw),
            Node::Text(text) if !self.raw.contains('\\') => Some(text),
            _ => None,
        }
    }

    /// Null and the empty string say that there is no value.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self.raw, "null" | "\"\"")
    }
}

/// The members of an object in their order; a map would keep one of several alike.
struct Members<'t>(Vec<(&'t RawValue, &'t RawValue)>);

/// The text of a string; `None` if it has half of a surrogate pair.
fn text(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// The text of a string, unit by unit of UTF-16, with each half of a surrogate pair as its escape.
fn spelled(raw: &str) -> Option<String> {
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
    let spelled = char::decode_utf16(units).map(|decoded| match decoded {
        Ok(letter) => letter.to_string(),
        Err(half) => format!("\\u{:04x}", half.unpaired_surrogate()),
    });
    Some(spelled.collect())
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Gather;

        impl<'de> Visitor<'de> for Gather {
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

        deserializer.deserialize_map(Gather)
    }
}

/// What the writer of an event may change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Names that are written in full: of the wire, and long, by turns.
    pub(crate) long_names: &'static str,
    /// Names of times, which are written as strings of nanoseconds.
    pub(crate) times: &'static [&'static str],
}

impl Rules {
    fn long_name(&self, wire: &str) -> Option<&'static str> {
        let mut words = self.long_names.split_whitespace();
        while let (Some(short), Some(long)) = (words.next(), words.next()) {
            if short == wire {
                return Some(long);
            }
        }
        None
    }

    /// Finds a value of `came` that is not in `gone`, every repetition of a name included.
    pub(crate) fn first_lost(&self, came: &Tree<'_>, gone: &Tree<'_>) -> Option<String> {
        let lost = came
            .members()
            .iter()
            .find(|(name, value)| !value.is_nothing() && !self.is_in(name, value, gone));
        lost.map(|(name, value)| format!("{name}: {}", value.raw))
    }

    fn is_in(&self, name: &str, value: &Tree<'_>, gone: &Tree<'_>) -> bool {
        let long = self.long_name(name);
        let mut candidates = gone
            .members()
            .iter()
            .filter(|(found, _)| found == name || Some(found.as_str()) == long);
        candidates.any(|(_, found)| self.keeps(name, value, found))
    }

    fn keeps(&self, name: &str, came: &Tree<'_>, gone: &Tree<'_>) -> bool {
        if came.raw == gone.raw {
            return true;
        }
        if came.is_object() && gone.is_object() {
            return self.first_lost(came, gone).is_none();
        }
        let is_text = gone.text().is_some();
        let (Some(came), Some(gone)) = (came.content(), gone.content()) else {
            return false;
        };
        if self.times.contains(&name) {
            let number = Number::parse(came).and_then(|number| number.whole());
            let nanos = number.and_then(|number| nanos(number.try_into().ok()?));
            return match nanos {
                Some(nanos) => is_text && gone.parse() == Ok(nanos),
                // It is no time, and stays what it is.
                None => came == gone,
            };
        }
        came == gone || Number::same_digits(came, gone)
    }
}

/// Nanoseconds of a time in seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude.
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

    fn lost(came: &str, gone: &str) -> Option<String> {
        let [came, gone] = [came, gone].map(|text| Tree::parse(text).expect("JSON of this test"));
        RULES.first_lost(&came, &gone)
    }

    #[test]
    fn a_lost_or_changed_value_is_found() {
        for (came, gone) in [
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
            assert!(lost(came, gone).is_some(), "{came} {gone}");
        }
    }

    #[test]
    fn another_dress_of_the_same_value_is_none_lost() {
        for (came, gone) in [
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
            assert_eq!(lost(came, gone), None, "{came} {gone}");
        }
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_refused() {
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
        assert!(Tree::of_push(&nest(129)).is_some_and(|tree| !tree.is_flat_enough()));
        assert!(Tree::of_push("[]").is_none());
    }
}
