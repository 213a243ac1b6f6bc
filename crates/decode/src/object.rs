//! Reads an object member by member, with a fast path for members without spaces and escapes.

use std::borrow::Cow;

use super::bytes::{number_ends, plain_string_end};
use super::field_table::{FieldCursor, FieldTable};
use super::{DecodeError, Scanner, Value, ValueKind};

/// A key of an object, after its lookup in a [`FieldTable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key<'f> {
    /// A known name, as its index in the table.
    Known(usize),
    /// Unknown name.
    Other(Cow<'f, str>),
}

/// Reader of an object, member by member.
///
/// Read a key, then its value with [`value`](Object::value) or [`scanner`](Object::scanner).
#[derive(Debug)]
pub struct Object<'s, 'f> {
    scanner: &'s mut Scanner<'f>,
    first: bool,
}

impl<'s, 'f> Object<'s, 'f> {
    /// Creates a reader. The scanner must be right after the opening brace.
    #[inline]
    pub(super) fn entered(scanner: &'s mut Scanner<'f>) -> Self {
        Self {
            scanner,
            first: true,
        }
    }

    /// Returns `true` if no key has been read yet.
    pub(super) fn is_at_first(&self) -> bool {
        self.first
    }

    /// Returns the next key; `None` after the last one. Read the key's value before the next key.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON.
    #[inline]
    pub fn key(&mut self) -> Result<Option<Cow<'f, str>>, DecodeError> {
        match self.plain_key() {
            Some((start, end)) => Ok(Some(Cow::Borrowed(&self.scanner.text[start..end]))),
            None => self.any_key(),
        }
    }

    /// Returns the next key, looked up in `names`; `None` after the last one.
    ///
    /// Read the value of a key before the next key. Pass the same `cursor` for each key of an object; begin with
    /// `FieldCursor::default()`.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON.
    #[inline(always)]
    pub fn key_among<'n, const N: usize>(
        &mut self,
        names: &'n FieldTable<N>,
        cursor: &mut FieldCursor<'n>,
    ) -> Result<Option<Key<'f>>, DecodeError> {
        match self.expected_key(names, cursor) {
            Some(at) => Ok(Some(Key::Known(at))),
            None if self.closes() => Ok(None),
            None => self.unexpected_key(names, cursor),
        }
    }

    /// Skips a closing brace at the current position. Returns `false` if there is none.
    #[inline(always)]
    fn closes(&mut self) -> bool {
        let closes = self.scanner.text.as_bytes().get(self.scanner.at) == Some(&b'}');
        self.scanner.at += usize::from(closes);
        closes
    }

    /// Returns the index of the next key if it is a hinted name. Otherwise consumes nothing.
    #[inline(always)]
    pub(super) fn expected_key<'n, const N: usize>(
        &mut self,
        names: &'n FieldTable<N>,
        cursor: &mut FieldCursor<'n>,
    ) -> Option<usize> {
        let text = self.scanner.text.as_bytes();
        let start = self.key_start()?;
        let (at, value) = names.expected(cursor, text, start)?;
        self.first = false;
        self.scanner.at = value;
        Some(at)
    }

    /// Looks up a key that was not hinted.
    #[inline(never)]
    fn unexpected_key<'n, const N: usize>(
        &mut self,
        names: &'n FieldTable<N>,
        cursor: &mut FieldCursor<'n>,
    ) -> Result<Option<Key<'f>>, DecodeError> {
        let Some(key) = self.key()? else {
            return Ok(None);
        };
        Ok(Some(match names.find(cursor, &key) {
            Some(at) => Key::Known(at),
            None => Key::Other(key),
        }))
    }

    /// Returns the value of the last key.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON.
    #[inline(always)]
    pub fn value(&mut self) -> Result<Value<'f>, DecodeError> {
        match self.plain_value() {
            Some(value) => Ok(value),
            None => self.scanner.value(),
        }
    }

    /// Returns the next key with its value; `None` after the last one.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON.
    #[inline]
    pub fn member(&mut self) -> Result<Option<(Cow<'f, str>, Value<'f>)>, DecodeError> {
        let Some(key) = self.key()? else {
            return Ok(None);
        };
        Ok(Some((key, self.value()?)))
    }

    /// Returns the scanner, to read the value of the last key. Read exactly one value.
    pub fn scanner(&mut self) -> &mut Scanner<'f> {
        self.scanner
    }

    /// Skips the next member if the fast path can read its key and value. Otherwise consumes nothing.
    pub(super) fn skip_plain_member(&mut self) -> bool {
        let before = (self.scanner.at, self.first);
        if self.plain_key().is_some() && self.plain_value().is_some() {
            return true;
        }
        (self.scanner.at, self.first) = before;
        false
    }

    /// Reads a key with any spaces and escapes.
    fn any_key(&mut self) -> Result<Option<Cow<'f, str>>, DecodeError> {
        match self.scanner.next_token() {
            Some(b'}') => {
                self.scanner.at += 1;
                return Ok(None);
            }
            Some(b',') if !self.first => self.scanner.at += 1,
            Some(_) if self.first => {}
            _ => return Err(self.scanner.error("expected `,` or `}`")),
        }
        self.first = false;
        self.scanner.key().map(Some)
    }

    /// Returns the position of the next key's quote, if no space comes before it.
    #[inline]
    fn key_start(&self) -> Option<usize> {
        let at = self.scanner.at;
        if self.first {
            return Some(at);
        }
        (self.scanner.text.as_bytes().get(at) == Some(&b',')).then_some(at + 1)
    }

    /// Fast path: returns the range of a key without spaces and escapes, right before its colon.
    ///
    /// `None` if the next key is different; nothing is then consumed.
    #[inline]
    fn plain_key(&mut self) -> Option<(usize, usize)> {
        let bytes = self.scanner.text.as_bytes();
        let quote = self.key_start()?;
        if bytes.get(quote) != Some(&b'"') {
            return None;
        }
        let end = plain_string_end(bytes, quote + 1)?;
        if bytes.get(end + 1) != Some(&b':') {
            return None;
        }
        self.first = false;
        self.scanner.at = end + 2;
        Some((quote + 1, end))
    }

    /// Fast path: returns a string, number or literal that comes right after the colon.
    ///
    /// `None` if the value has escapes or an exponent, or is of another kind; nothing is then consumed.
    #[inline(always)]
    fn plain_value(&mut self) -> Option<Value<'f>> {
        let (text, start) = (self.scanner.text, self.scanner.at);
        let bytes = text.as_bytes();
        let (end, kind) = if bytes.get(start) == Some(&b'"') {
            (plain_string_end(bytes, start + 1)? + 1, ValueKind::String)
        } else {
            plain_scalar(bytes, start)?
        };
        self.scanner.at = end;
        Some(Value::new(text, start, end, kind))
    }

    /// Like [`Object::value`], but writes to `slot` directly, which saves a slow move.
    #[inline(always)]
    pub(super) fn value_into(&mut self, slot: &mut Option<Value<'f>>) -> Result<(), DecodeError> {
        match self.plain_value() {
            Some(value) => *slot = Some(value),
            None => *slot = Some(self.scanner.value()?),
        }
        Ok(())
    }
}

/// Returns the end and the kind of a number or literal; `None` for any other value.
fn plain_scalar(bytes: &[u8], start: usize) -> Option<(usize, ValueKind)> {
    let (literal, kind): (&[u8], _) = match bytes.get(start)? {
        b'-' | b'0'..=b'9' => return Some((plain_number_end(bytes, start)?, ValueKind::Number)),
        b't' => (b"true", ValueKind::True),
        b'f' => (b"false", ValueKind::False),
        b'n' => (b"null", ValueKind::Null),
        _ => return None,
    };
    let end = start + literal.len();
    (bytes.get(start..end)? == literal).then_some((end, kind))
}

/// Returns the end of a number without exponent; `None` if no comma or closing brace is right after it.
#[inline]
fn plain_number_end(bytes: &[u8], start: usize) -> Option<usize> {
    let at = start + usize::from(bytes.get(start) == Some(&b'-'));
    let (whole, fraction) = number_ends(bytes, at);
    let has_leading_zero = bytes.get(at) == Some(&b'0') && whole > at + 1;
    // A decimal point needs digits on both sides.
    let is_number = whole > at && fraction != whole + 1 && !has_leading_zero;
    (is_number && matches!(bytes.get(fraction)?, b',' | b'}')).then_some(fraction)
}
