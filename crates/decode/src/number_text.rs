//! The text of a number, up to sixteen bytes of it at once: most numbers are no longer.

use super::bytes::{WIDTH, no_digits, number_of};

/// What should be a number, within the text that it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct NumberText<'f> {
    pub(super) text: &'f [u8],
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A number of no more than sixteen bytes. What is behind its last byte is of no meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortNumber {
    /// Its bytes, the first one lowest.
    bytes: u128,
    length: u32,
    /// One bit for each byte that is no digit.
    others: u32,
}

impl<'f> NumberText<'f> {
    /// The part from `start` to `end` of a text.
    #[inline]
    pub(super) fn new(text: &'f [u8], start: usize, end: usize) -> Self {
        Self { text, start, end }
    }

    /// All of a text.
    pub(super) fn of(text: &'f str) -> Self {
        Self::new(text.as_bytes(), 0, text.len())
    }

    /// Its bytes.
    #[inline]
    pub(super) fn bytes(self) -> &'f [u8] {
        &self.text[self.start..self.end]
    }

    /// It, where it is short.
    #[inline]
    pub(super) fn short(self) -> Option<ShortNumber> {
        let length = self.end - self.start;
        if length > WIDTH {
            return None;
        }
        let behind = self.text.get(self.start..);
        let chunk = match behind.and_then(|behind| behind.first_chunk()) {
            Some(chunk) => *chunk,
            None => self.at_the_end(),
        };
        Some(ShortNumber {
            bytes: u128::from_le_bytes(chunk),
            length: length as u32,
            others: no_digits(chunk) & ((1 << length) - 1),
        })
    }

    /// Close to the end of the text there is no whole chunk.
    #[inline(never)]
    fn at_the_end(self) -> [u8; WIDTH] {
        let mut chunk = [0; WIDTH];
        let bytes = self.bytes();
        chunk[..bytes.len()].copy_from_slice(bytes);
        chunk
    }
}

impl ShortNumber {
    /// Whether it begins with a minus, and what follows that.
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

    /// The number without its point, and how many digits stand behind that. `None` where there is anything else than
    /// digits and one point, or no digit.
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

    /// How many digits there are.
    #[inline]
    pub(super) fn count_digits(self) -> u32 {
        self.length - self.others.count_ones()
    }

    /// Whether there are digits only.
    #[inline]
    pub(super) fn is_whole(self) -> bool {
        self.others == 0
    }

    /// The number, where there is at least one digit and nothing else.
    #[inline]
    pub(super) fn digits(self) -> Option<u64> {
        if self.others != 0 || self.length == 0 {
            return None;
        }
        // To the end of the sixteen: the zero bytes in front are zeros, and what was behind is gone.
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
    fn what_stands_behind_a_number_is_no_part_of_it() {
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
    fn one_point_is_taken_out_wherever_it_is() {
        let taken = |text: &str| NumberText::of(text).short()?.decimal();
        assert_eq!(taken("12.50"), Some((1250, 2)));
        assert_eq!(taken(".5"), Some((5, 1)));
        assert_eq!(taken("5."), Some((5, 0)));
        assert_eq!(taken("7"), Some((7, 0)));
        assert_eq!(taken("."), None);
        assert_eq!(taken("1.2.3"), None);
        assert_eq!(taken("1,5"), None);
    }

    proptest! {
        #[test]
        fn up_to_sixteen_digits_are_the_number_that_they_write(text in "[0-9]{1,16}", behind in ".{0,20}") {
            let all = format!("{text}{behind}");
            let short = NumberText::new(all.as_bytes(), 0, text.len()).short().unwrap();
            prop_assert_eq!(short.digits(), text.parse().ok());
        }
    }
}
