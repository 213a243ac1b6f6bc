//! The text of a number. Most numbers have at most 16 bytes, so up to 16 bytes are read at once.

use super::bytes::{WIDTH, non_digits, number_of};

/// The text of a value that may be a number, as a range of a larger text.
#[derive(Clone, Copy, Debug)]
pub(super) struct NumberText<'f> {
    pub(super) text: &'f [u8],
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The text of a number of at most 16 bytes. Bytes after its length are ignored.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortNumber {
    /// Bytes of the text, little-endian.
    bytes: u128,
    length: u32,
    /// Bit mask of the bytes that are not digits.
    others: u32,
}

impl<'f> NumberText<'f> {
    /// Creates the text from `start` to `end` of a larger text.
    #[inline]
    pub(super) fn new(text: &'f [u8], start: usize, end: usize) -> Self {
        Self { text, start, end }
    }

    /// Creates a number text that covers a whole text.
    pub(super) fn of(text: &'f str) -> Self {
        Self::new(text.as_bytes(), 0, text.len())
    }

    /// Returns the bytes of the text.
    #[inline]
    pub(super) fn bytes(self) -> &'f [u8] {
        &self.text[self.start..self.end]
    }

    /// Returns a short number; `None` if the text is longer than 16 bytes.
    #[inline]
    pub(super) fn short(self) -> Option<ShortNumber> {
        let length = self.end - self.start;
        if length > WIDTH {
            return None;
        }
        let rest = self.text.get(self.start..);
        let chunk = match rest.and_then(|rest| rest.first_chunk()) {
            Some(chunk) => *chunk,
            None => self.padded_chunk(),
        };
        Some(ShortNumber {
            bytes: u128::from_le_bytes(chunk),
            length: length as u32,
            others: non_digits(chunk) & ((1 << length) - 1),
        })
    }

    /// Copies the bytes to a chunk, if less than 16 bytes of text are left.
    #[inline(never)]
    fn padded_chunk(self) -> [u8; WIDTH] {
        let mut chunk = [0; WIDTH];
        let bytes = self.bytes();
        chunk[..bytes.len()].copy_from_slice(bytes);
        chunk
    }
}

impl ShortNumber {
    /// Returns `true` if the number has a minus sign, and the number without its sign.
    #[inline]
    pub(super) fn sign(self) -> (bool, Self) {
        if self.others & 1 == 0 || self.bytes as u8 != b'-' {
            return (false, self);
        }
        let magnitude = Self {
            bytes: self.bytes >> 8,
            length: self.length - 1,
            others: self.others >> 1,
        };
        (true, magnitude)
    }

    /// Returns the digits as an integer, and the number of digits after the decimal point.
    ///
    /// `None` if the text has no digit, more than one point, or any other character.
    #[inline(always)]
    pub(super) fn decimal(self) -> Option<(u64, u32)> {
        if self.others == 0 {
            return Some((self.digits()?, 0));
        }
        let at = self.others.trailing_zeros();
        if self.others & (self.others - 1) != 0 || (self.bytes >> (8 * at)) as u8 != b'.' {
            return None;
        }
        let before = (1 << (8 * at)) - 1;
        let digits = Self {
            bytes: self.bytes & before | (self.bytes >> 8) & !before,
            length: self.length - 1,
            others: 0,
        };
        Some((digits.digits()?, digits.length - at))
    }

    /// Returns the number of digits in the text.
    #[inline]
    pub(super) fn count_digits(self) -> u32 {
        self.length - self.others.count_ones()
    }

    /// Returns `true` if the text has digits only.
    #[inline]
    pub(super) fn is_whole(self) -> bool {
        self.others == 0
    }

    /// Returns the value; `None` if the text is empty or has anything but digits.
    #[inline]
    pub(super) fn digits(self) -> Option<u64> {
        if self.others != 0 || self.length == 0 {
            return None;
        }
        // Shifted to the end of the 16 bytes: leading zero bytes count as zeros, and bytes after the text are dropped.
        let digits = self.bytes << (8 * (WIDTH as u32 - self.length));
        let (high, low) = (digits as u64, (digits >> 64) as u64);
        Some(number_of(high.to_le_bytes()) * 100_000_000 + number_of(low.to_le_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_after_a_number_are_ignored() {
        let text = b"12,345678901234567890";
        for (start, end, number) in [(0, 2, 12), (0, 1, 1), (3, 6, 345), (15, 21, 567_890)] {
            let short = NumberText::new(text, start, end).short().unwrap();
            assert_eq!(short.digits(), Some(number));
        }
        assert_eq!(NumberText::new(text, 0, 3).short().unwrap().digits(), None);
        assert_eq!(NumberText::new(text, 3, 3).short().unwrap().digits(), None);
        assert!(NumberText::new(text, 3, 20).short().is_none());
    }

    #[test]
    fn one_decimal_point_is_removed() {
        let read = |text: &str| NumberText::of(text).short()?.decimal();
        assert_eq!(read("12.50"), Some((1250, 2)));
        assert_eq!(read(".5"), Some((5, 1)));
        assert_eq!(read("5."), Some((5, 0)));
        assert_eq!(read("7"), Some((7, 0)));
        assert_eq!(read("."), None);
        assert_eq!(read("1.2.3"), None);
        assert_eq!(read("1,5"), None);
    }

    proptest! {
        #[test]
        fn up_to_sixteen_digits_are_read_as_a_number(text in "[0-9]{1,16}", rest in ".{0,20}") {
            let all = format!("{text}{rest}");
            let short = NumberText::new(all.as_bytes(), 0, text.len()).short().unwrap();
            prop_assert_eq!(short.digits(), text.parse().ok());
        }
    }
}
