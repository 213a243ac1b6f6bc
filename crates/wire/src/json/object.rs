//! Walking an object member by member, with a fast lane for the members that KuCoin writes nearly always.

use std::borrow::Cow;

use super::plain::plain_end;
use super::{DecodeError, Scanner, Value, ValueKind};

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

    /// The value of the key that was just given.
    ///
    /// # Errors
    /// Where the text is not JSON.
    #[inline]
    pub fn value(&mut self) -> Result<Value<'f>, DecodeError> {
        self.scanner.value()
    }

    /// The next key with its value, or `None` behind the last.
    ///
    /// # Errors
    /// Where the text is not JSON.
    #[inline]
    pub fn member(&mut self) -> Result<Option<(Cow<'f, str>, Value<'f>)>, DecodeError> {
        if let Some((key, value)) = self.plain_member() {
            return Ok(Some((Cow::Borrowed(key.as_str()), value)));
        }
        let Some(key) = self.key()? else {
            return Ok(None);
        };
        Ok(Some((key, self.scanner.value()?)))
    }

    /// The fast lane: the next member where it is a string, a number or a word, without blanks, escapes and
    /// exponents.
    ///
    /// `None`, and nothing is consumed, for any other member, for the end of the object and for what is no JSON:
    /// then ask for [`Object::key`].
    #[inline]
    pub fn plain_member(&mut self) -> Option<(PlainKey<'f>, Value<'f>)> {
        let text = self.scanner.text;
        let (bytes, start) = self.plain_key()?;
        let end = plain_end(bytes, start);
        if bytes.get(end..end + 2)? != b"\":" {
            return None;
        }
        let value = self.plain_value(end + 2)?;
        Some((PlainKey { text, start, end }, value))
    }

    /// The whole text, and where the next key begins in it behind its quote, in the fast lane. Nothing is consumed.
    #[inline]
    pub(super) fn plain_key(&self) -> Option<(&'f [u8], usize)> {
        let bytes = self.scanner.text.as_bytes();
        let at = self.scanner.at;
        if self.first {
            return (*bytes.get(at)? == b'"').then_some((bytes, at + 1));
        }
        (bytes.get(at..at + 2)? == b",\"").then_some((bytes, at + 2))
    }

    /// The value that begins at `start`, behind a colon, in the fast lane. It is consumed, and its key with it.
    #[inline]
    pub(super) fn plain_value(&mut self, start: usize) -> Option<Value<'f>> {
        let text = self.scanner.text;
        let bytes = text.as_bytes();
        let (end, kind) = match *bytes.get(start)? {
            b'"' => {
                let end = plain_end(bytes, start + 1);
                if *bytes.get(end)? != b'"' {
                    return None;
                }
                (end + 1, ValueKind::String)
            }
            b'-' | b'0'..=b'9' => (plain_number_end(bytes, start)?, ValueKind::Number),
            b't' if bytes[start..].starts_with(b"true") => (start + 4, ValueKind::True),
            b'f' if bytes[start..].starts_with(b"false") => (start + 5, ValueKind::False),
            b'n' if bytes[start..].starts_with(b"null") => (start + 4, ValueKind::Null),
            _ => return None,
        };
        let value = Value::new(text.get(start..end)?, kind, self.scanner.base + start);
        self.first = false;
        self.scanner.at = end;
        Some(value)
    }

    /// The scanner, standing before the value of the key that was just given: take exactly one value.
    pub fn scanner(&mut self) -> &mut Scanner<'f> {
        self.scanner
    }
}

/// A key without escapes, where it stands in the text.
#[derive(Clone, Copy, Debug)]
pub struct PlainKey<'f> {
    text: &'f str,
    start: usize,
    end: usize,
}

impl<'f> PlainKey<'f> {
    /// The key.
    #[inline]
    pub fn as_str(self) -> &'f str {
        &self.text[self.start..self.end]
    }

    /// The whole text, and from where to where in it the key stands.
    #[inline]
    pub(super) fn place(self) -> (&'f [u8], usize, usize) {
        (self.text.as_bytes(), self.start, self.end)
    }
}

/// Where a number ends that has no exponent and that another member or the end of the object follows at once.
#[inline]
fn plain_number_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match *bytes.get(at)? {
        b'0' => at + 1,
        b'1'..=b'9' => digits_end(bytes, at + 1),
        _ => return None,
    };
    if *bytes.get(at)? == b'.' {
        let fraction = at + 1;
        at = digits_end(bytes, fraction);
        if at == fraction {
            return None;
        }
    }
    matches!(bytes.get(at)?, b',' | b'}').then_some(at)
}

#[inline]
fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}
