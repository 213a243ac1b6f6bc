//! Walking an object member by member, with a fast lane for the members that KuCoin writes nearly always.

use std::borrow::Cow;

use super::bytes::{number_ends, plain_string_end};
use super::field_table::{FieldCursor, FieldTable};
use super::{DecodeError, Scanner, Value, ValueKind};

/// A key of an object, looked up among the names that are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key<'f> {
    /// One of the names, by its place among them.
    Known(usize),
    /// None of them.
    Other(Cow<'f, str>),
}

/// An object that is being walked: ask for a key, then take its value from [`Object::scanner`].
#[derive(Debug)]
pub struct Object<'s, 'f> {
    scanner: &'s mut Scanner<'f>,
    first: bool,
}

impl<'s, 'f> Object<'s, 'f> {
    /// The scanner stands behind the opening brace.
    #[inline]
    pub(super) fn entered(scanner: &'s mut Scanner<'f>) -> Self {
        Self {
            scanner,
            first: true,
        }
    }

    /// True where no key has been given yet.
    pub(super) fn is_at_first(&self) -> bool {
        self.first
    }

    /// The next key, or `None` behind the last. The value of the key before must have been taken.
    ///
    /// # Errors
    /// Where the text is not JSON.
    #[inline]
    pub fn key(&mut self) -> Result<Option<Cow<'f, str>>, DecodeError> {
        match self.plain_key() {
            Some((start, end)) => Ok(Some(Cow::Borrowed(&self.scanner.text[start..end]))),
            None => self.any_key(),
        }
    }

    /// The next key, looked up among `names`, or `None` behind the last. The value of the key before must have been
    /// taken. `place` is where the object was left, at first the default.
    ///
    /// # Errors
    /// Where the text is not JSON.
    #[inline(always)]
    pub fn key_among<'n, const N: usize>(
        &mut self,
        names: &'n FieldTable<N>,
        place: &mut FieldCursor<'n>,
    ) -> Result<Option<Key<'f>>, DecodeError> {
        match self.expected_key(names, place) {
            Some(at) => Ok(Some(Key::Known(at))),
            None if self.closes() => Ok(None),
            None => self.unexpected_key(names, place),
        }
    }

    /// Passes the end of the object, where it comes at once.
    #[inline(always)]
    fn closes(&mut self) -> bool {
        let closes = self.scanner.text.as_bytes().get(self.scanner.at) == Some(&b'}');
        self.scanner.at += usize::from(closes);
        closes
    }

    /// The next key, where it is a name that was seen to follow the one before. Nothing is consumed where it is not.
    #[inline(always)]
    pub(super) fn expected_key<'n, const N: usize>(
        &mut self,
        names: &'n FieldTable<N>,
        place: &mut FieldCursor<'n>,
    ) -> Option<usize> {
        let text = self.scanner.text.as_bytes();
        let start = self.key_start()?;
        let (at, value) = names.expected(place, text, start)?;
        self.first = false;
        self.scanner.at = value;
        Some(at)
    }

    /// A key that must be searched for.
    #[inline(never)]
    fn unexpected_key<'n, const N: usize>(
        &mut self,
        names: &'n FieldTable<N>,
        place: &mut FieldCursor<'n>,
    ) -> Result<Option<Key<'f>>, DecodeError> {
        let Some(key) = self.key()? else {
            return Ok(None);
        };
        Ok(Some(match names.find(place, &key) {
            Some(at) => Key::Known(at),
            None => Key::Other(key),
        }))
    }

    /// The value of the key that was just given.
    ///
    /// # Errors
    /// Where the text is not JSON.
    #[inline(always)]
    pub fn value(&mut self) -> Result<Value<'f>, DecodeError> {
        match self.plain_value() {
            Some(value) => Ok(value),
            None => self.scanner.value(),
        }
    }

    /// The next key with its value, or `None` behind the last.
    ///
    /// # Errors
    /// Where the text is not JSON.
    #[inline]
    pub fn member(&mut self) -> Result<Option<(Cow<'f, str>, Value<'f>)>, DecodeError> {
        let Some(key) = self.key()? else {
            return Ok(None);
        };
        Ok(Some((key, self.value()?)))
    }

    /// The scanner, standing before the value of the key that was just given: take exactly one value.
    pub fn scanner(&mut self) -> &mut Scanner<'f> {
        self.scanner
    }

    /// Passes the next member, where both its key and its value are plain. Nothing is consumed where not.
    pub(super) fn pass_plain_member(&mut self) -> bool {
        let before = (self.scanner.at, self.first);
        if self.plain_key().is_some() && self.plain_value().is_some() {
            return true;
        }
        (self.scanner.at, self.first) = before;
        false
    }

    /// Any key, with blanks and escapes wherever they may be.
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

    /// Where the next key begins, with its quote, where no blanks are in between.
    #[inline]
    fn key_start(&self) -> Option<usize> {
        let at = self.scanner.at;
        if self.first {
            return Some(at);
        }
        (self.scanner.text.as_bytes().get(at) == Some(&b',')).then_some(at + 1)
    }

    /// The fast lane for a key: without blanks and escapes, its colon right behind it. From where to where in the text
    /// it goes; nothing is consumed where it is not so.
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

    /// The fast lane for a value: a string, a number or a word right behind the colon, without escapes and exponents.
    /// Nothing is consumed where it is not so.
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

    /// As [`Object::value`], into its place: moving it there would cost as much as finding it.
    #[inline(always)]
    pub(super) fn value_into(&mut self, slot: &mut Option<Value<'f>>) -> Result<(), DecodeError> {
        match self.plain_value() {
            Some(value) => *slot = Some(value),
            None => *slot = Some(self.scanner.value()?),
        }
        Ok(())
    }
}

/// Where a number or a word ends, and which it is.
fn plain_scalar(bytes: &[u8], start: usize) -> Option<(usize, ValueKind)> {
    let (word, kind): (&[u8], _) = match bytes.get(start)? {
        b'-' | b'0'..=b'9' => return Some((plain_number_end(bytes, start)?, ValueKind::Number)),
        b't' => (b"true", ValueKind::True),
        b'f' => (b"false", ValueKind::False),
        b'n' => (b"null", ValueKind::Null),
        _ => return None,
    };
    let end = start + word.len();
    (bytes.get(start..end)? == word).then_some((end, kind))
}

/// Where a number ends that has no exponent and that another member or the end of the object follows at once.
#[inline]
fn plain_number_end(bytes: &[u8], start: usize) -> Option<usize> {
    let at = start + usize::from(bytes.get(start) == Some(&b'-'));
    let (whole, fraction) = number_ends(bytes, at);
    let has_leading_zero = bytes.get(at) == Some(&b'0') && whole > at + 1;
    // A point needs digits on both sides.
    let is_number = whole > at && fraction != whole + 1 && !has_leading_zero;
    (is_number && matches!(bytes.get(fraction)?, b',' | b'}')).then_some(fraction)
}
