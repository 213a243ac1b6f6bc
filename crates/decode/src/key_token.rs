//! A name as it stands in an object: compared with a text sixteen bytes at a time.

use super::bytes::{WIDTH, equal_bytes};

/// A name from its opening quote to the colon behind its closing one.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyToken {
    /// The first sixteen bytes. Of a shorter one, what is behind it is ignored.
    first: [u8; WIDTH],
    ignored: u32,
    /// The last sixteen bytes of a longer one.
    last: [u8; WIDTH],
    pub(super) length: usize,
}

const EQUAL: u32 = (1 << WIDTH) - 1;

impl KeyToken {
    /// The token of a name, in which nothing needs an escape.
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

    /// Whether it stands at this place of a text, `name` being its own. False, too, where the text ends within sixteen
    /// bytes.
    #[inline(always)]
    pub(super) fn stands_at(&self, text: &[u8], start: usize, name: &str) -> bool {
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

/// A byte of a name's token.
const fn byte(name: &str, at: usize) -> u8 {
    let behind = name.len() + 1;
    if at == 0 || at == behind {
        b'"'
    } else if at > behind {
        b':'
    } else {
        name.as_bytes()[at - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_where_every_byte_of_it_does() {
        for length in 0..40 {
            let name = &"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"[..length];
            let token = KeyToken::of(name);
            let text = format!("{{\"{name}\":12345678901234567890");
            assert!(token.stands_at(text.as_bytes(), 1, name), "{name}");
            assert!(!token.stands_at(text.as_bytes(), 0, name), "{name}");
            for at in 1..=token.length {
                let mut other = text.clone().into_bytes();
                other[at] ^= 1;
                assert!(!token.stands_at(&other, 1, name), "{name} at {at}");
            }
            for end in 0..=token.length {
                assert!(!token.stands_at(&text.as_bytes()[..end], 1, name));
            }
        }
    }
}
