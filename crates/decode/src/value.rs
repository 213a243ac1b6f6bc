//! A JSON value as a slice of the frame: its kind and its text, before it is read into a type.

use std::borrow::Cow;
use std::fmt;

use super::number_text::NumberText;
use super::{DecodeError, Raw, Scanner};

/// Kind of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
// As wide as the other fields of a `Value`, since padding makes copies slower.
#[repr(u64)]
pub enum ValueKind {
    /// `null`.
    Null,
    /// `true`.
    True,
    /// `false`.
    False,
    /// A number.
    Number,
    /// A string without escapes.
    String,
    /// A string with escapes.
    EscapedString,
    /// An object.
    Object,
    /// An array.
    Array,
}

/// One valid JSON value in a frame.
#[derive(Clone, Copy)]
pub struct Value<'f> {
    // The whole scanned text, so that 16 bytes can be loaded at the end of a value: see `NumberText`.
    text: &'f str,
    // Start and end, 32 bits each (see `Scanner::new`), in one word, since copying two separately written words is
    // slow.
    span: u64,
    kind: ValueKind,
}

impl<'f> Value<'f> {
    /// Creates a value from `start` to `end` of a text; both must be character boundaries.
    #[inline]
    pub(super) fn new(text: &'f str, start: usize, end: usize, kind: ValueKind) -> Self {
        Self {
            text,
            span: start as u64 | (end as u64) << 32,
            kind,
        }
    }

    /// Returns the kind of the value.
    #[inline]
    pub fn kind(self) -> ValueKind {
        self.kind
    }

    /// Returns the JSON text, byte for byte.
    #[inline]
    pub fn as_str(self) -> &'f str {
        &self.text[self.start()..self.end()]
    }

    /// Returns the position of the value in the frame, in bytes.
    pub fn offset(self) -> usize {
        self.start()
    }

    #[inline]
    fn start(self) -> usize {
        self.span as u32 as usize
    }

    #[inline]
    fn end(self) -> usize {
        (self.span >> 32) as usize
    }

    /// Returns `true` for `null` and for the empty string, which KuCoin sends if a field has no value.
    #[inline]
    pub fn is_null_or_empty(self) -> bool {
        match self.kind {
            ValueKind::Null => true,
            ValueKind::String => self.end() - self.start() == 2,
            _ => false,
        }
    }

    /// Returns the text of a string; `None` if it has an unpaired surrogate or the value is not a string.
    #[inline]
    pub fn text(self) -> Option<Cow<'f, str>> {
        match self.kind {
            ValueKind::String => Some(Cow::Borrowed(self.content())),
            ValueKind::EscapedString => unescaped(self.as_str()).map(Cow::Owned),
            _ => None,
        }
    }

    /// Returns the text of a string, with unpaired surrogates as escapes; `None` if it is not a string.
    ///
    /// An escape is written as `\ud83d`. Different strings stay different, so an ID in this form still identifies its
    /// event.
    #[inline]
    pub fn lossless_text(self) -> Option<Cow<'f, str>> {
        match self.kind {
            ValueKind::String => Some(Cow::Borrowed(self.content())),
            ValueKind::EscapedString => self.unescaped_lossless().map(Cow::Owned),
            _ => None,
        }
    }

    #[cold]
    fn unescaped_lossless(self) -> Option<String> {
        let json = self.as_str();
        unescaped(json).or_else(|| unescaped(&escape_unpaired_surrogates(json)))
    }

    /// Returns `true` if the value is a string with this text.
    #[inline]
    pub fn is(self, text: &str) -> bool {
        match self.kind {
            ValueKind::String => self.content_bytes() == text.as_bytes(),
            ValueKind::EscapedString => self.text().as_deref() == Some(text),
            _ => false,
        }
    }

    /// Returns the text of a number, or of a string without escapes; `None` for all other values.
    ///
    /// The string may contain a number.
    #[inline]
    pub fn digits(self) -> Option<&'f str> {
        match self.kind {
            ValueKind::Number => Some(self.as_str()),
            ValueKind::String => Some(self.content()),
            _ => None,
        }
    }

    /// Returns a scanner over this value.
    pub fn scanner(self) -> Scanner<'f> {
        Scanner::within(&self.text[..self.end()], self.start())
    }

    /// Returns the error of a field that cannot hold this value.
    #[cold]
    pub fn unreadable(self, field: &'static str) -> DecodeError {
        DecodeError::unreadable(field, self.as_str(), self.offset())
    }

    /// Returns the text between the quotes of a string, with its escapes.
    #[inline]
    pub(super) fn content(self) -> &'f str {
        &self.text[self.start() + 1..self.end() - 1]
    }

    #[inline]
    fn content_bytes(self) -> &'f [u8] {
        &self.text.as_bytes()[self.start() + 1..self.end() - 1]
    }

    /// Like [`Value::digits`], for fast number parsing.
    #[inline]
    pub(super) fn number_text(self) -> Option<NumberText<'f>> {
        let quotes = match self.kind {
            ValueKind::Number => 0,
            ValueKind::String => 1,
            _ => return None,
        };
        let (start, end) = (self.start() + quotes, self.end() - quotes);
        Some(NumberText::new(self.text.as_bytes(), start, end))
    }
}

/// Returns the text of a JSON string; `None` if it has an unpaired surrogate.
fn unescaped(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

/// Escapes the backslash of each unpaired surrogate in a JSON string, so that the escape becomes text.
#[cold]
fn escape_unpaired_surrogates(json: &str) -> String {
    let unit = |at: usize| {
        let digits = json.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut escaped = String::with_capacity(json.len() + 8);
    let mut at = 0;
    while let Some(next) = json[at..].find('\\').map(|ahead| at + ahead) {
        escaped.push_str(&json[at..next]);
        at = match (unit(next), unit(next + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => next + 12,
            (Some(surrogate @ 0xD800..=0xDFFF), _) => {
                escaped.push_str(&format!("\\\\u{surrogate:04x}"));
                at = next + 6;
                continue;
            }
            (Some(_), _) => next + 6,
            (None, _) => next + 2,
        };
        escaped.push_str(&json[next..at]);
    }
    escaped.push_str(&json[at..]);
    escaped
}

impl From<Value<'_>> for Raw {
    fn from(value: Value<'_>) -> Self {
        Self::from_valid(value.as_str())
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("raw", &self.as_str())
            .field("offset", &self.offset())
            .field("kind", &self.kind)
            .finish()
    }
}
