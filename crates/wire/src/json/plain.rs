//! Where the plain part of a string ends: the innermost loop of all decoding, sixteen bytes at a time.

use wide::{CmpEq, CmpGt, CmpLt, i8x16};

/// Where the plain bytes of a string end that begin at `at`: at a quote, a backslash, a control character or the end
/// of the text.
#[inline]
pub(super) fn plain_end(bytes: &[u8], at: usize) -> usize {
    let mut rest = bytes.get(at..).unwrap_or_default();
    while let Some((chunk, tail)) = rest.split_first_chunk::<WIDTH>() {
        let special = special_bytes(*chunk);
        if special != 0 {
            return bytes.len() - rest.len() + special.trailing_zeros() as usize;
        }
        rest = tail;
    }
    let is_plain = |byte: &&u8| **byte >= b' ' && !matches!(**byte, b'"' | b'\\');
    bytes.len() - rest.len() + rest.iter().take_while(is_plain).count()
}

const WIDTH: usize = 16;

/// One bit for each byte that ends a plain run.
#[inline]
fn special_bytes(chunk: [u8; WIDTH]) -> u32 {
    let bytes: i8x16 = bytemuck::cast(chunk);
    let quotes = bytes.cmp_eq(i8x16::splat(b'"' as i8));
    let backslashes = bytes.cmp_eq(i8x16::splat(b'\\' as i8));
    // Signed, so that what is not ASCII is below zero.
    let controls = bytes.cmp_lt(i8x16::splat(b' ' as i8)) & bytes.cmp_gt(i8x16::splat(-1));
    (quotes | backslashes | controls).move_mask() as u32
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
        assert_eq!(plain_end(bytes, 0), expected.unwrap_or(bytes.len()));
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

    proptest! {
        #[test]
        fn the_first_of_several_is_found(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            check(&bytes);
        }
    }
}
