//! Findings: what in a frame differs from the format that the SDK knows, described without any value.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{DecodeError, Text};

/// Kind of a difference between a frame and the format that the SDK knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// A field that the event type does not have; its value is in the event's `extra`.
    UnknownField,
    /// A word that the enum of the field does not have; the enum is `Unknown` and keeps the word.
    UnknownWord,
    /// A value that the type of the field cannot hold, or a number instead of a text.
    WrongType,
    /// A field that every frame of this kind should have.
    MissingField,
}

impl FindingKind {
    /// All kinds, in the order of the enum.
    pub const ALL: [Self; 4] = [
        Self::UnknownField,
        Self::UnknownWord,
        Self::WrongType,
        Self::MissingField,
    ];

    /// Returns the kind as text, such as `unknownField`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "unknownField",
            Self::UnknownWord => "unknownWord",
            Self::WrongType => "wrongType",
            Self::MissingField => "missingField",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::UnknownField => "unknown field",
            Self::UnknownWord => "unknown word",
            Self::WrongType => "wrong type",
            Self::MissingField => "missing field",
        })
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One difference between a frame and the format that the SDK knows.
///
/// It contains no value of the frame, except an unknown enum word that is surely a word: at most 32 letters, `_` and
/// `-`, and not an ID. A name in the path that could be an ID is redacted like a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    kind: FindingKind,
    path: Text,
    sample: Text,
    count: u64,
}

impl Finding {
    /// Creates a finding about the field `name`, with the shape of its JSON text as the sample.
    pub fn new(kind: FindingKind, name: &str, json: &str) -> Self {
        Self::with_sample(kind, name, shape(json))
    }

    /// Creates a finding about an unknown enum word.
    ///
    /// The sample is the word if it surely is one, else its shape.
    pub fn unknown_word(name: &str, word: &str) -> Self {
        let sample = match word {
            word if is_word(word) => word.to_owned(),
            // Some enums have numbers as words.
            word if word.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("number({})", word.len())
            }
            word => format!("text({})", word.chars().count()),
        };
        Self::with_sample(FindingKind::UnknownWord, name, sample)
    }

    /// Creates a finding from an error about a required field; `None` if the frame is not JSON.
    pub fn of_error(error: &DecodeError) -> Option<Self> {
        match error {
            DecodeError::Syntax { .. } => None,
            DecodeError::Missing { field } => Some(Self::missing(field)),
            DecodeError::Unreadable { field, found, .. } => {
                Some(Self::new(FindingKind::WrongType, field, found))
            }
        }
    }

    /// Creates a finding about a field that is absent.
    pub fn missing(name: &str) -> Self {
        Self::with_sample(FindingKind::MissingField, name, "absent".to_owned())
    }

    fn with_sample(kind: FindingKind, name: &str, sample: String) -> Self {
        Self {
            kind,
            path: Text::from(shown_name(name)),
            sample: Text::from(sample),
            count: 1,
        }
    }

    /// Returns the finding with the path inside of `field`, such as `data.orderType` inside of `data`.
    #[must_use]
    pub fn within(&self, field: &str) -> Self {
        Self {
            path: Text::from(format!("{}.{}", shown_name(field), self.path)),
            ..self.clone()
        }
    }

    /// Returns the finding with its path inside of the data field, unless it is about that field itself.
    #[must_use]
    pub fn within_data(self, field: &str) -> Self {
        match self.path == *field {
            true => self,
            false => self.within(field),
        }
    }

    /// Returns the kind of the difference.
    pub fn kind(&self) -> FindingKind {
        self.kind
    }

    /// Returns the path of the field in wire names, such as `data.orderType` in a push.
    pub fn path(&self) -> &Text {
        &self.path
    }

    /// Returns the shape of the value, such as `text(24)` or `null`, or the unknown enum word.
    pub fn sample(&self) -> &Text {
        &self.sample
    }

    /// Returns how often the frame has this difference; more than one in a list of objects.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns `true` if both are the same difference: kind and path, and the word of an unknown word.
    pub fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.path == other.path
            && (self.kind != FindingKind::UnknownWord || self.sample == other.sample)
    }
}

/// The findings of one event: each once, at most [`Findings::MAX`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// Maximum number of different findings of one event; a frame can have a hundred thousand unknown fields.
    const MAX: usize = 64;

    pub(crate) fn as_slice(&self) -> &[Finding] {
        &self.list
    }

    /// Adds a finding. The last one stands for all that are too many to be listed.
    pub(crate) fn add(&mut self, finding: Finding) {
        if let Some(known) = self.list.iter_mut().find(|known| known.is_same(&finding)) {
            known.count += finding.count;
        } else if self.list.len() < Self::MAX {
            self.list.push(finding);
        } else if let Some(last) = self.list.last_mut() {
            last.path = Text::from_static("*");
            last.sample = Text::from_static("not listed");
            last.count += finding.count;
        }
    }
}

/// Returns the shape of a JSON value: its kind, and the length of a text or number or the number of elements.
fn shape(json: &str) -> String {
    let json = json.trim();
    // The value of an error is cut.
    let cut = if json.ends_with('…') { "+" } else { "" };
    match json.bytes().next() {
        Some(b'"') => format!("text({}{cut})", text_length(json)),
        Some(b'{') => format!("object({}{cut})", elements(json)),
        Some(b'[') => format!("array({}{cut})", elements(json)),
        Some(b't' | b'f') => "boolean".to_owned(),
        Some(b'n') => "null".to_owned(),
        _ => format!("number({}{cut})", json.len()),
    }
}

/// Returns the number of characters between the quotes; an escape counts as one.
fn text_length(json: &str) -> usize {
    let inner = json.trim_start_matches('"').trim_end_matches(['"', '…']);
    let (mut length, mut rest) = (0, inner.chars());
    while let Some(character) = rest.next() {
        length += 1;
        if character == '\\' && rest.next() == Some('u') {
            rest.nth(3);
        }
    }
    length
}

/// Returns the number of elements of an object or array.
fn elements(json: &str) -> usize {
    let (mut depth, mut commas, mut is_text, mut is_escaped) = (0, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b',' if depth == 1 => commas += 1,
            _ => {}
        }
    }
    let is_empty = json[1..].trim_start().starts_with([']', '}']);
    if is_empty { 0 } else { commas + 1 }
}

/// Returns `true` if a text is surely a word and not an ID: at most 32 letters, `_` and `-`.
fn is_word(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-');
    !text.is_empty() && text.len() <= 32 && text.bytes().all(is_letter) && !looks_random(text)
}

/// Returns a field name as is if it surely is a name; otherwise its shape.
fn shown_name(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    // A list of objects has `[]` after its name, and a map with keys of data has `*`.
    let plain = name.strip_suffix("[]").unwrap_or(name);
    let is_name = plain.len() <= 48 && plain.bytes().all(is_plain) && digits <= 3;
    match is_name && !plain.is_empty() && !looks_random(plain) || name == "*" {
        true => name.to_owned(),
        false => format!("<text({})>", name.chars().count()),
    }
}

/// Returns `true` for letters that look like an ID or a token: 16 hexadecimal letters, or many changes of case.
fn looks_random(text: &str) -> bool {
    let is_hex = |part: &str| part.len() >= 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = text.as_bytes();
    let humps = bytes
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    text.split(['_', '-']).any(is_hex) || humps.count() > 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn sample(json: &str) -> String {
        let finding = Finding::new(FindingKind::UnknownField, "novelty", json);
        finding.sample().to_string()
    }

    #[test]
    fn sample_has_kind_and_size_only() {
        for (json, expected) in [
            (r#""canary""#, "text(6)"),
            (r#""""#, "text(0)"),
            (r#""\u00e4\"ß""#, "text(3)"),
            ("-12.5e3", "number(7)"),
            ("true", "boolean"),
            ("null", "null"),
            ("{}", "object(0)"),
            ("[ ]", "array(0)"),
            (r#"{"canary":"a,b","c":[1,2,3]}"#, "object(2)"),
            (r#"[{"canary":1},2]"#, "array(2)"),
        ] {
            assert_eq!(sample(json), expected, "{json}");
        }
    }

    #[test]
    fn only_a_word_is_shown() {
        let shown = |word: &str| Finding::unknown_word("side", word).sample().to_string();
        for word in ["PAUSED", "post_only", "iceberg-v", "marginLiquidated"] {
            assert_eq!(shown(word), word);
        }
        for (id, expected) in [
            ("66f0demo5c1a2e0001d0c0de", "text(24)"),
            ("abcdefabcdefabcdefabcdef", "text(24)"),
            ("1.5", "text(3)"),
            ("BTC USDT", "text(8)"),
            ("aBcDeFgHiJkLmNoP", "text(16)"),
            ("x\u{1b}[2J", "text(5)"),
        ] {
            assert_eq!(shown(id), expected, "{id}");
        }
        assert_eq!(shown(&"a".repeat(33)), "text(33)");
    }

    #[test]
    fn name_that_could_be_an_id_is_redacted() {
        let path = |name: &str| Finding::new(FindingKind::UnknownField, name, "1").path;
        assert_eq!(path("orderType2"), "orderType2");
        assert_eq!(path("66f0demo5c1a2e0001d0c0de"), "<text(24)>");
        assert_eq!(path("a b"), "<text(3)>");
        assert_eq!(path(""), "<text(0)>");
        let inner = Finding::missing("size").within("list[]").within("data");
        assert_eq!(inner.path(), "data.list[].size");
    }

    #[test]
    fn findings_of_an_event_are_bounded_and_counted() {
        let mut findings = Findings::default();
        for at in 0..1000 {
            let name = format!("f{at}");
            findings.add(Finding::new(FindingKind::UnknownField, &name, "1"));
            findings.add(Finding::new(FindingKind::UnknownField, "f0", "2"));
        }
        let list = findings.as_slice();
        assert_eq!(list.len(), 64);
        assert_eq!(list.iter().map(Finding::count).sum::<u64>(), 2000);
        assert_eq!((list[0].path().as_str(), list[0].count()), ("f0", 1001));
        assert_eq!(list[63].path(), "*");
    }
}
