//! Quoted keys with their colon, which are compared with text 16 bytes at a time.

use super::bytes::{WIDTH, equal_bytes};

/// A key as it is in the text: with its quotes and its colon.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyToken {
    /// First 16 bytes.
    first: [u8; WIDTH],
    /// Bit mask of the bytes of `first` to ignore, after the end of a token of less than 16 bytes.
    ignored: u32,
    /// Last 16 bytes of a token that is longer than 16 bytes.
    last: [u8; WIDTH],
    pub(super) length: usize,
}

const EQUAL: u32 = (1 << WIDTH) - 1;

impl KeyToken {
    /// Creates the token of a name, which must not need escapes.
    pub(super) const fn of(name: &str) -> Self {
        let length = name.len() + 3;
        let mut token = Self {
            first: [0; WIDTH],
            ignored: 0,
            last: [0; WIDTH],
            length,
        };
        let mut at = 0;
        while at < WIDTH {
            if at < length {
                token.first[at] = byte(name, at);
            } else {
                token.ignored |= 1 << at;
            }
            if length > WIDTH {
                token.last[at] = byte(name, length - WIDTH + at);
            }
            at += 1;
        }
        token
    }

    /// Returns `true` if the token of `name` is at byte `start` of a text.
    ///
    /// Within the last 16 bytes of the text, the result is always `false`.
    #[inline(always)]
    pub(super) fn is_at(&self, text: &[u8], start: usize, name: &str) -> bool {
        let chunk = |at: usize| text.get(at..).and_then(|rest| rest.first_chunk::<WIDTH>());
        let Some(first) = chunk(start) else {
            return false;
        };
        if equal_bytes(*first, self.first) | self.ignored != EQUAL {
            return false;
        }
        if self.length <= WIDTH {
            return true;
        }
        let last = chunk(start + self.length - WIDTH);
        last.is_some_and(|last| equal_bytes(*last, self.last) == EQUAL)
            && (self.length <= 2 * WIDTH
                || text.get(start + 1..start + 1 + name.len()) == Some(name.as_bytes()))
    }
}

/// Returns a byte of the token of a name.
const fn byte(name: &str, at: usize) -> u8 {
    let closing_quote = name.len() + 1;
    if at == 0 || at == closing_quote {
        b'"'
    } else if at > closing_quote {
        b':'
    } else {
        name.as_bytes()[at - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_matches_only_if_every_byte_does() {
        for length in 0..40 {
            let name = &"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"[..length];
            let token = KeyToken::of(name);
            let text = format!("{{\"{name}\":12345678901234567890");
            assert!(token.is_at(text.as_bytes(), 1, name), "{name}");
            assert!(!token.is_at(text.as_bytes(), 0, name), "{name}");
            for at in 1..=token.length {
                let mut other = text.clone().into_bytes();
                other[at] ^= 1;
                assert!(!token.is_at(&other, 1, name), "{name} at {at}");
            }
            for end in 0..=token.length {
                assert!(!token.is_at(&text.as_bytes()[..end], 1, name));
            }
        }
    }
}
