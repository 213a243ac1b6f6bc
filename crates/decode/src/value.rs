//! One JSON value as a slice of the frame: its kind and its text, nothing read into a type yet.

use std::borrow::Cow;
use std::fmt;

use super::number_text::NumberText;
use super::{DecodeError, Raw, Scanner};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
// As wide as what stands before it in a `Value`: padding would be copied with it, piece by piece.
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
    /// A string without escapes: its content is its text.
    String,
    /// A string with escapes.
    EscapedString,
    /// An object.
    Object,
    /// An array.
    Array,
}

/// One JSON value that the scanner has passed and found well formed.
#[derive(Clone, Copy)]
pub struct Value<'f> {
    // All that was scanned, so that what stands behind a value can be read with it: see `NumberText`.
    text: &'f str,
    // Where it begins and ends, of 32 bits each, as no text is longer: see `Scanner::new`. In one word, since two that
    // are written apart and moved together keep the processor waiting.
    span: u64,
    kind: ValueKind,
}

impl<'f> Value<'f> {
    /// The part from `start` to `end` of a text, which both are boundaries of characters.
    #[inline]
    pub(super) fn new(text: &'f str, start: usize, end: usize, kind: ValueKind) -> Self {
        Self {
            text,
            span: start as u64 | (end as u64) << 32,
            kind,
        }
    }

    /// What it is.
    #[inline]
    pub fn kind(self) -> ValueKind {
        self.kind
    }

    /// The JSON text, byte for byte.
    #[inline]
    pub fn as_str(self) -> &'f str {
        &self.text[self.start()..self.end()]
    }

    /// Where it begins in the frame, in bytes.
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

    /// True for null and for the empty string, which KuCoin writes where a field has no value.
    #[inline]
    pub fn is_null_or_empty(self) -> bool {
        match self.kind {
            ValueKind::Null => true,
            ValueKind::String => self.end() - self.start() == 2,
            _ => false,
        }
    }

    /// Returns the text of a string; `None` for any other value, and for half of a surrogate pair, which is no text.
    #[inline]
    pub fn text(self) -> Option<Cow<'f, str>> {
        match self.kind {
            ValueKind::String => Some(Cow::Borrowed(self.content())),
            ValueKind::EscapedString => unescaped(self.as_str()).map(Cow::Owned),
            _ => None,
        }
    }

    /// Returns the text of a string with each half of a surrogate pair spelled as its escape, such as `\ud83d`.
    ///
    /// Different strings stay different, so an id of this form still tells one event from another. `None` for any value
    /// that is not a string.
    #[inline]
    pub fn lossless_text(self) -> Option<Cow<'f, str>> {
        match self.kind {
            ValueKind::String => Some(Cow::Borrowed(self.content())),
            ValueKind::EscapedString => self.unescaped_or_spelled().map(Cow::Owned),
            _ => None,
        }
    }

    #[cold]
    fn unescaped_or_spelled(self) -> Option<String> {
        let json = self.as_str();
        unescaped(json).or_else(|| unescaped(&halves_spelled(json)))
    }

    /// True for a string of just this text.
    #[inline]
    pub fn is(self, text: &str) -> bool {
        match self.kind {
            ValueKind::String => self.content_bytes() == text.as_bytes(),
            ValueKind::EscapedString => self.text().as_deref() == Some(text),
            _ => false,
        }
    }

    /// The digits of a number, or the content of a string without escapes, which may hold one.
    #[inline]
    pub fn digits(self) -> Option<&'f str> {
        match self.kind {
            ValueKind::Number => Some(self.as_str()),
            ValueKind::String => Some(self.content()),
            _ => None,
        }
    }

    /// A scanner over this value alone.
    pub fn scanner(self) -> Scanner<'f> {
        Scanner::within(&self.text[..self.end()], self.start())
    }

    /// The error of a field that cannot be this value.
    #[cold]
    pub fn unreadable(self, field: &'static str) -> DecodeError {
        DecodeError::unreadable(field, self.as_str(), self.offset())
    }

    /// What stands between the quotes of a string, escapes not resolved.
    #[inline]
    pub(super) fn content(self) -> &'f str {
        &self.text[self.start() + 1..self.end() - 1]
    }

    #[inline]
    fn content_bytes(self) -> &'f [u8] {
        &self.text.as_bytes()[self.start() + 1..self.end() - 1]
    }

    /// What [`Value::digits`] gives, for those who read digits.
    #[inline]
    pub(super) fn numeral(self) -> Option<NumberText<'f>> {
        let quotes = match self.kind {
            ValueKind::Number => 0,
            ValueKind::String => 1,
            _ => return None,
        };
        let (start, end) = (self.start() + quotes, self.end() - quotes);
        Some(NumberText::new(self.text.as_bytes(), start, end))
    }
}

/// The text of a JSON string; `None` if it has half of a surrogate pair.
fn unescaped(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

/// A JSON string in which the backslash of each half of a surrogate pair is escaped, so that the half is spelled.
#[cold]
fn halves_spelled(json: &str) -> String {
    let unit = |at: usize| {
        let digits = json.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut spelled = String::with_capacity(json.len() + 8);
    let mut at = 0;
    while let Some(next) = json[at..].find('\\').map(|ahead| at + ahead) {
        spelled.push_str(&json[at..next]);
        at = match (unit(next), unit(next + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => next + 12,
            (Some(half @ 0xD800..=0xDFFF), _) => {
                spelled.push_str(&format!("\\\\u{half:04x}"));
                at = next + 6;
                continue;
            }
            (Some(_), _) => next + 6,
            (None, _) => next + 2,
        };
        spelled.push_str(&json[next..at]);
    }
    spelled.push_str(&json[at..]);
    spelled
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
