//! Pull scanner: strict JSON grammar, one pass over UTF-8, no allocation.

use std::borrow::Cow;

use super::array::Array;
use super::bytes::{digits_end, plain_end};
use super::object::Object;
use super::{DecodeError, Value, ValueKind};

/// Nesting limit of arrays and objects.
///
/// It equals the limit of `serde_json`, so `serde_json` can parse every scanned value.
pub const MAX_DEPTH: u32 = 127;

/// Scanner of JSON text, one value at a time.
///
/// It checks the grammar of every value, including skipped ones.
#[derive(Clone, Debug)]
pub struct Scanner<'f> {
    pub(super) text: &'f str,
    pub(super) at: usize,
}

/// Checks that a text is exactly one JSON value.
///
/// # Errors
/// Returns [`DecodeError::Syntax`] if the text is not exactly one JSON value.
pub fn check(json: &str) -> Result<(), DecodeError> {
    let mut scanner = Scanner::new(json);
    scanner.value()?;
    scanner.finish()
}

impl<'f> Scanner<'f> {
    /// Creates a scanner at the start of a text. Text after 4 GiB is ignored.
    #[inline]
    pub fn new(text: &'f str) -> Self {
        let mut end = text.len().min(u32::MAX as usize);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self::within(&text[..end], 0)
    }

    /// Creates a scanner inside a text, so that error offsets count from the start of the text.
    #[inline]
    pub(super) fn within(text: &'f str, at: usize) -> Self {
        Self { text, at }
    }

    /// Begins to read an object.
    ///
    /// # Errors
    /// Returns an error if the next value is not an object.
    #[inline]
    pub fn object(&mut self) -> Result<Object<'_, 'f>, DecodeError> {
        if self.next_token() != Some(b'{') {
            return Err(self.error("expected an object"));
        }
        self.at += 1;
        Ok(Object::entered(self))
    }

    /// Begins to read an array.
    ///
    /// # Errors
    /// Returns an error if the next value is not an array.
    #[inline]
    pub fn array(&mut self) -> Result<Array<'_, 'f>, DecodeError> {
        if self.next_token() != Some(b'[') {
            return Err(self.error("expected an array"));
        }
        self.at += 1;
        Ok(Array::entered(self))
    }

    /// Returns the next value.
    ///
    /// # Errors
    /// Returns an error if the next value is not JSON.
    #[inline]
    pub fn value(&mut self) -> Result<Value<'f>, DecodeError> {
        let first = self.next_token();
        let start = self.at;
        let kind = match first {
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'{') => self.nested(ValueKind::Object)?,
            Some(b'[') => self.nested(ValueKind::Array)?,
            Some(b't') => self.literal("true", ValueKind::True)?,
            Some(b'f') => self.literal("false", ValueKind::False)?,
            Some(b'n') => self.literal("null", ValueKind::Null)?,
            _ => return Err(self.error("expected a value")),
        };
        Ok(Value::new(self.text, start, self.at, kind))
    }

    /// Checks that only white space is left.
    ///
    /// # Errors
    /// Returns an error if there is anything else.
    pub fn finish(&mut self) -> Result<(), DecodeError> {
        match self.next_token() {
            None => Ok(()),
            Some(_) => Err(self.error("unexpected text after the value")),
        }
    }

    /// Skips white space and returns the next byte without consuming it.
    #[inline]
    pub(super) fn next_token(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            let byte = *bytes.get(self.at)?;
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[cold]
    pub(super) fn error(&self, reason: &'static str) -> DecodeError {
        let reason = if self.at >= self.text.len() {
            "unexpected end"
        } else {
            reason
        };
        DecodeError::Syntax {
            reason,
            offset: self.at,
        }
    }

    fn literal(&mut self, text: &'static str, kind: ValueKind) -> Result<ValueKind, DecodeError> {
        for expected in text.bytes() {
            if self.byte() != Some(expected) {
                return Err(self.error("expected true, false or null"));
            }
            self.at += 1;
        }
        Ok(kind)
    }

    /// Scans a string, with its quotes.
    #[inline]
    fn string(&mut self) -> Result<ValueKind, DecodeError> {
        self.at += 1;
        self.plain_run();
        if self.byte() == Some(b'"') {
            self.at += 1;
            return Ok(ValueKind::String);
        }
        self.escaped_string()
    }

    /// Scans the rest of a string with escapes or errors.
    #[cold]
    fn escaped_string(&mut self) -> Result<ValueKind, DecodeError> {
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(ValueKind::EscapedString);
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(self.error("control character in a string")),
            }
            self.plain_run();
        }
    }

    #[inline]
    fn plain_run(&mut self) {
        self.at = plain_end(self.text.as_bytes(), self.at);
    }

    fn escape(&mut self) -> Result<(), DecodeError> {
        self.at += 1;
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => self.unicode_escape(),
            _ => Err(self.error("invalid escape")),
        }
    }

    /// Scans the escape `\uXXXX`. An unpaired surrogate is valid JSON; [`Value::text`] rejects it.
    fn unicode_escape(&mut self) -> Result<(), DecodeError> {
        for _ in 0..4 {
            self.at += 1;
            if !self.byte().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                return Err(self.error("invalid escape"));
            }
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Result<ValueKind, DecodeError> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.error("expected a digit")),
        }
        match self.byte() {
            Some(b'.' | b'e' | b'E') => self.number_tail()?,
            Some(b'0'..=b'9') => return Err(self.error("leading zero")),
            _ => {}
        }
        Ok(ValueKind::Number)
    }

    /// Scans the fraction and the exponent of a number.
    fn number_tail(&mut self) -> Result<(), DecodeError> {
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    fn some_digits(&mut self) -> Result<(), DecodeError> {
        if !self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.error("expected a digit"));
        }
        self.digits();
        Ok(())
    }

    #[inline]
    fn digits(&mut self) {
        self.at = digits_end(self.text.as_bytes(), self.at);
    }

    /// Scans an object or array without recursion.
    ///
    /// Each nesting level is one bit: object or array.
    fn nested(&mut self, kind: ValueKind) -> Result<ValueKind, DecodeError> {
        let mut objects: u128 = 0;
        let mut depth: u32 = 0;
        loop {
            // The position is before a value.
            let opened = match self.next_token() {
                Some(b'{') => Some(1),
                Some(b'[') => Some(0),
                _ => None,
            };
            if let Some(bit) = opened {
                if depth == MAX_DEPTH {
                    return Err(self.error("nested too deeply"));
                }
                depth += 1;
                objects = objects << 1 | bit;
                self.at += 1;
                let entered = match bit {
                    1 => self.enter_object()?,
                    _ => self.next_token() != Some(b']'),
                };
                if entered {
                    continue;
                }
            } else {
                self.value()?;
            }
            if self.close_levels(&mut objects, &mut depth)? {
                return Ok(kind);
            }
        }
    }

    /// Skips plain members after an opening brace.
    ///
    /// Returns `true` if the position is then before a value, and `false` if it is after a value or before the closing
    /// brace.
    fn enter_object(&mut self) -> Result<bool, DecodeError> {
        let mut object = Object::entered(self);
        while object.skip_plain_member() {}
        if !object.is_at_first() || self.next_token() == Some(b'}') {
            return Ok(false);
        }
        self.key()?;
        Ok(true)
    }

    /// Closes every nesting level that ends at the current position.
    ///
    /// Returns `true` if the outermost level has ended; otherwise the position is before the next value.
    fn close_levels(&mut self, objects: &mut u128, depth: &mut u32) -> Result<bool, DecodeError> {
        loop {
            let in_object = *objects & 1 == 1;
            match self.next_token() {
                Some(b',') => {
                    self.at += 1;
                    if in_object {
                        self.key()?;
                    }
                    return Ok(false);
                }
                Some(b'}') if in_object => {}
                Some(b']') if !in_object => {}
                _ => return Err(self.error("expected `,` or the closing bracket")),
            }
            self.at += 1;
            *objects >>= 1;
            *depth -= 1;
            if *depth == 0 {
                return Ok(true);
            }
        }
    }

    /// Scans a key and its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Cow<'f, str>, DecodeError> {
        if self.next_token() != Some(b'"') {
            return Err(self.error("expected a key"));
        }
        let start = self.at;
        let kind = self.string()?;
        let key = Value::new(self.text, start, self.at, kind);
        if self.next_token() != Some(b':') {
            return Err(self.error("expected `:`"));
        }
        self.at += 1;
        Ok(match kind {
            ValueKind::EscapedString => key.lossless_text().unwrap_or_default(),
            _ => Cow::Borrowed(key.content()),
        })
    }
}
