//! Where the plain part of a string ends, and where digits end: the innermost loops of all decoding.

use wide::{CmpEq, CmpGt, CmpLt, i8x16};

/// Where the plain bytes of a string end that begin at `at`: at a quote, a backslash, a control character or the end
/// of the text.
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

/// Where a string ends that begins behind its quote at `at`: its closing quote. `None` where something else ends its
/// plain bytes.
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

/// Where the digits end that begin at `at`.
#[inline]
pub(super) fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let others = no_digits(*chunk);
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

/// Where the digits end that begin at `at`, and where those end that follow them behind a point; the same where there
/// is no point.
#[inline]
pub(super) fn number_ends(bytes: &[u8], at: usize) -> (usize, usize) {
    // Most numbers are shorter than a chunk, and seen at once.
    if let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let others = no_digits(*chunk);
        let behind_point = others & others.wrapping_sub(1);
        if behind_point != 0 {
            let whole = at + others.trailing_zeros() as usize;
            return match bytes.get(whole) {
                Some(b'.') => (whole, at + behind_point.trailing_zeros() as usize),
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

/// One bit for each byte that is the same in both.
#[inline]
pub(super) fn equal_bytes(one: [u8; WIDTH], other: [u8; WIDTH]) -> u32 {
    let [one, other]: [i8x16; 2] = [bytemuck::cast(one), bytemuck::cast(other)];
    one.cmp_eq(other).move_mask() as u32
}

/// One bit for each byte that is no digit.
#[inline]
pub(super) fn no_digits(chunk: [u8; WIDTH]) -> u32 {
    let bytes: i8x16 = bytemuck::cast(chunk);
    let above = bytes.cmp_gt(i8x16::splat(b'9' as i8));
    let below = bytes.cmp_lt(i8x16::splat(b'0' as i8));
    (above | below).move_mask() as u32
}

/// Whether all eight bytes are digits: each has the high half of a digit, and has it still with six more.
#[inline]
pub(super) const fn are_digits(chunk: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH_HALVES: u64 = ONES * 0xf0;
    const DIGITS: u64 = ONES * 0x30;
    let word = u64::from_le_bytes(chunk);
    // The sum overflows from a byte into the next only where the first condition fails.
    word & HIGH_HALVES == DIGITS && word.wrapping_add(ONES * 6) & HIGH_HALVES == DIGITS
}

/// The number that eight digits are.
#[inline]
pub(super) const fn number_of(digits: [u8; 8]) -> u64 {
    // Neighbours are joined pairwise, three times: digits to pairs, pairs to fours, fours to eight.
    let digits = u64::from_le_bytes(digits) & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

/// So many bytes are looked at together.
pub(super) const WIDTH: usize = 16;

/// One bit for each byte that is a quote, and for each that ends a plain run.
#[inline]
fn special_bytes(chunk: [u8; WIDTH]) -> (u32, u32) {
    let bytes: i8x16 = bytemuck::cast(chunk);
    let quotes = bytes.cmp_eq(i8x16::splat(b'"' as i8));
    let backslashes = bytes.cmp_eq(i8x16::splat(b'\\' as i8));
    // Signed, so that what is not ASCII is below zero.
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
    fn every_byte_is_judged_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..40 {
                let mut bytes = [b'a'; 40];
                bytes[at] = byte;
                check(&bytes);
            }
        }
    }

    #[test]
    fn a_place_beyond_the_end_is_the_end() {
        assert_eq!(plain_end(b"abc", 3), 3);
        assert_eq!(plain_end(b"", 0), 0);
    }

    #[test]
    fn eight_bytes_are_digits_where_each_is() {
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
    fn a_number_ends_where_its_digits_do() {
        let check = |number: &str, behind: &str, expected: (usize, usize)| {
            let text = format!("{number}{behind}");
            assert_eq!(number_ends(text.as_bytes(), 0), expected, "{text}");
        };
        for behind in [
            "",
            ",",
            "}",
            ",\"a\":\"long enough for a chunk\"",
            "x.1",
            "\u{e9}",
        ] {
            for digits in [0, 1, 5, 13, 14, 15, 16, 17, 30] {
                let whole = "7".repeat(digits);
                check(&whole, behind, (digits, digits));
                check(&format!("{whole}."), behind, (digits, digits + 1));
                check(&format!("{whole}.25"), behind, (digits, digits + 3));
                let long = format!("{whole}.{}", "1".repeat(20));
                check(&long, behind, (digits, digits + 21));
            }
        }
    }

    proptest! {
        #[test]
        fn eight_digits_are_the_number_that_they_write(number in 0_u64..100_000_000) {
            let text = format!("{number:08}");
            prop_assert_eq!(number_of(text.as_bytes().try_into().unwrap()), number);
        }

        #[test]
        fn the_first_of_several_is_found(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            check(&bytes);
        }
    }
}
