//! Finds the ends of strings and numbers, 16 bytes at a time: the innermost loops of the decoder.

use wide::{CmpEq, CmpGt, CmpLt, i8x16};

/// Returns the end of the plain bytes of a string, starting at `at`.
///
/// The end is at the next quote, backslash or control character, or the end of the text.
#[inline]
pub(super) fn plain_end(bytes: &[u8], at: usize) -> usize {
    let mut rest = bytes.get(at..).unwrap_or_default();
    while let Some((chunk, tail)) = rest.split_first_chunk() {
        let (_, special) = special_bytes(*chunk);
        if special != 0 {
            return bytes.len() - rest.len() + special.trailing_zeros() as usize;
        }
        rest = tail;
    }
    bytes.len() - rest.len() + rest.iter().take_while(|byte| is_plain(**byte)).count()
}

/// Returns the position of the closing quote of a string; `None` if it is not a plain string.
///
/// `at` is the position after the opening quote.
#[inline]
pub(super) fn plain_string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let (quotes, special) = special_bytes(*chunk);
        if special != 0 {
            let end = special.trailing_zeros();
            return (quotes >> end & 1 == 1).then_some(at + end as usize);
        }
        at += WIDTH;
    }
    let end = plain_end(bytes, at);
    (bytes.get(end) == Some(&b'"')).then_some(end)
}

fn is_plain(byte: u8) -> bool {
    byte >= b' ' && !matches!(byte, b'"' | b'\\')
}

/// Returns the end of the digits that start at `at`.
#[inline]
pub(super) fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let others = non_digits(*chunk);
        if others != 0 {
            return at + others.trailing_zeros() as usize;
        }
        at += WIDTH;
    }
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// Returns the end of a number's whole part and the end of its fraction.
///
/// Without a decimal point, both positions are the same.
#[inline]
pub(super) fn number_ends(bytes: &[u8], at: usize) -> (usize, usize) {
    // Most numbers are shorter than a chunk.
    if let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let others = non_digits(*chunk);
        let after_point = others & others.wrapping_sub(1);
        if after_point != 0 {
            let whole = at + others.trailing_zeros() as usize;
            return match bytes.get(whole) {
                Some(b'.') => (whole, at + after_point.trailing_zeros() as usize),
                _ => (whole, whole),
            };
        }
    }
    let whole = digits_end(bytes, at);
    match bytes.get(whole) {
        Some(b'.') => (whole, digits_end(bytes, whole + 1)),
        _ => (whole, whole),
    }
}

/// Returns a bit mask of the bytes that are equal in both chunks.
#[inline]
pub(super) fn equal_bytes(one: [u8; WIDTH], other: [u8; WIDTH]) -> u32 {
    let [one, other]: [i8x16; 2] = [bytemuck::cast(one), bytemuck::cast(other)];
    one.cmp_eq(other).move_mask() as u32
}

/// Returns a bit mask of the bytes that are not digits.
#[inline]
pub(super) fn non_digits(chunk: [u8; WIDTH]) -> u32 {
    let bytes: i8x16 = bytemuck::cast(chunk);
    let above = bytes.cmp_gt(i8x16::splat(b'9' as i8));
    let below = bytes.cmp_lt(i8x16::splat(b'0' as i8));
    (above | below).move_mask() as u32
}

/// Returns `true` if all eight bytes are digits: the high half of each byte is 3, also after adding 6.
#[inline]
pub(super) const fn are_digits(chunk: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH_HALVES: u64 = ONES * 0xf0;
    const DIGITS: u64 = ONES * 0x30;
    let word = u64::from_le_bytes(chunk);
    // A byte of the sum overflows only if the first condition fails.
    word & HIGH_HALVES == DIGITS && word.wrapping_add(ONES * 6) & HIGH_HALVES == DIGITS
}

/// Returns the value of eight ASCII digits.
#[inline]
pub(super) const fn number_of(digits: [u8; 8]) -> u64 {
    // Joins neighbors three times: digits to pairs, pairs to fours, fours to eight.
    let digits = u64::from_le_bytes(digits) & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

/// Number of bytes in a chunk.
pub(super) const WIDTH: usize = 16;

/// Returns two bit masks: one of the quotes, and one of all bytes that end a plain run.
#[inline]
fn special_bytes(chunk: [u8; WIDTH]) -> (u32, u32) {
    let bytes: i8x16 = bytemuck::cast(chunk);
    let quotes = bytes.cmp_eq(i8x16::splat(b'"' as i8));
    let backslashes = bytes.cmp_eq(i8x16::splat(b'\\' as i8));
    // Bytes are signed here, so non-ASCII bytes are negative.
    let controls = bytes.cmp_lt(i8x16::splat(b' ' as i8)) & bytes.cmp_gt(i8x16::splat(-1));
    let special = quotes | backslashes | controls;
    (quotes.move_mask() as u32, special.move_mask() as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_special(byte: u8) -> bool {
        byte < b' ' || byte == b'"' || byte == b'\\'
    }

    #[track_caller]
    fn check(bytes: &[u8]) {
        let expected = bytes.iter().position(|byte| is_special(*byte));
        let end = expected.unwrap_or(bytes.len());
        assert_eq!(plain_end(bytes, 0), end);
        let is_closed = bytes.get(end) == Some(&b'"');
        assert_eq!(plain_string_end(bytes, 0), is_closed.then_some(end));
    }

    #[test]
    fn every_byte_is_classified_at_every_position() {
        for byte in 0..=u8::MAX {
            for at in 0..40 {
                let mut bytes = [b'a'; 40];
                bytes[at] = byte;
                check(&bytes);
            }
        }
    }

    #[test]
    fn position_at_the_end_stays() {
        assert_eq!(plain_end(b"abc", 3), 3);
        assert_eq!(plain_end(b"", 0), 0);
    }

    #[test]
    fn eight_bytes_are_digits_only_if_each_is() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                let mut chunk = *b"12345678";
                chunk[at] = byte;
                assert_eq!(are_digits(chunk), byte.is_ascii_digit(), "{chunk:?}");
                let mut text = *b"00000000000x";
                text[at] = byte;
                let expected = if byte.is_ascii_digit() { 11 } else { at };
                assert_eq!(digits_end(&text, 0), expected);
            }
        }
    }

    #[test]
    fn number_ends_after_its_digits() {
        let check = |number: &str, rest: &str, expected: (usize, usize)| {
            let text = format!("{number}{rest}");
            assert_eq!(number_ends(text.as_bytes(), 0), expected, "{text}");
        };
        for rest in [
            "",
            ",",
            "}",
            ",\"a\":\"long enough for a chunk\"",
            "x.1",
            "\u{e9}",
        ] {
            for digits in [0, 1, 5, 13, 14, 15, 16, 17, 30] {
                let whole = "7".repeat(digits);
                check(&whole, rest, (digits, digits));
                check(&format!("{whole}."), rest, (digits, digits + 1));
                check(&format!("{whole}.25"), rest, (digits, digits + 3));
                let long = format!("{whole}.{}", "1".repeat(20));
                check(&long, rest, (digits, digits + 21));
            }
        }
    }

    proptest! {
        #[test]
        fn eight_digits_are_read_as_a_number(number in 0_u64..100_000_000) {
            let text = format!("{number:08}");
            prop_assert_eq!(number_of(text.as_bytes().try_into().unwrap()), number);
        }

        #[test]
        fn first_special_byte_is_found(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            check(&bytes);
        }
    }
}
