//! One JSON value as a slice of the frame: its kind and its text, nothing read into a type yet.

use std::borrow::Cow;

use super::error::excerpt;
use super::{DecodeError, Scanner};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
#[derive(Clone, Copy, Debug)]
pub struct Value<'f> {
    raw: &'f str,
    // A frame is at most a few megabytes; 32 bits keep a value at 24 bytes.
    offset: u32,
    kind: ValueKind,
}

impl<'f> Value<'f> {
    #[inline]
    pub(super) fn new(raw: &'f str, kind: ValueKind, offset: usize) -> Self {
        Self {
            raw,
            kind,
            offset: offset as u32,
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
        self.raw
    }

    /// Where it begins in the frame, in bytes.
    pub fn offset(self) -> usize {
        self.offset as usize
    }

    /// True for null and for the empty string, which KuCoin writes where a field has no value.
    #[inline]
    pub fn is_nothing(self) -> bool {
        match self.kind {
            ValueKind::Null => true,
            ValueKind::String => self.raw.len() == 2,
            _ => false,
        }
    }

    /// The text of a string; `None` for any other value.
    #[inline]
    pub fn text(self) -> Option<Cow<'f, str>> {
        match self.kind {
            ValueKind::String => Some(Cow::Borrowed(self.content())),
            // The scanner has checked every escape, so the full parser cannot refuse.
            ValueKind::EscapedString => serde_json::from_str::<String>(self.raw)
                .ok()
                .map(Cow::Owned),
            _ => None,
        }
    }

    /// The digits of a number, or the content of a string without escapes, which may hold one.
    #[inline]
    pub fn digits(self) -> Option<&'f str> {
        match self.kind {
            ValueKind::Number => Some(self.raw),
            ValueKind::String => Some(self.content()),
            _ => None,
        }
    }

    /// A scanner over this value alone.
    pub fn scanner(self) -> Scanner<'f> {
        Scanner::within(self.raw, self.offset())
    }

    /// The error of a field that cannot be this value.
    #[cold]
    pub fn unreadable(self, field: &'static str) -> DecodeError {
        DecodeError::Unreadable {
            field,
            found: excerpt(self.raw),
            offset: self.offset(),
        }
    }

    /// What stands between the quotes of a string, escapes not resolved.
    #[inline]
    pub(super) fn content(self) -> &'f str {
        &self.raw[1..self.raw.len() - 1]
    }
}
