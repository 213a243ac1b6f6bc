//! A sum over several fields of each event, to check that all contenders have decoded the same events.

use rust_decimal::Decimal;

/// The number of consumed events, and a sum over their fields that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of events.
    pub events: u64,
    /// The sum; zero for contenders that do not decode.
    pub sum: u64,
}

impl Tally {
    /// Counts an event and adds the given fields.
    #[inline]
    pub fn event(&mut self, texts: &[&str], decimals: &[Option<Decimal>], numbers: &[i64]) {
        self.events += 1;
        for text in texts {
            self.text(text);
        }
        for decimal in decimals {
            self.decimal(decimal.unwrap_or_default());
        }
        for number in numbers {
            self.add(number.cast_unsigned());
        }
    }

    /// Adds the length, the first and the last byte of a text.
    fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let ends = |byte: Option<&u8>| u64::from(byte.copied().unwrap_or(0));
        self.add(text.len() as u64 | ends(bytes.first()) << 16 | ends(bytes.last()) << 32);
    }

    /// Adds a decimal with all its digits.
    fn decimal(&mut self, decimal: Decimal) {
        let [low, high] = [decimal.mantissa(), decimal.mantissa() >> 64];
        // Only the low halves are needed.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        self.add((low as u64) ^ (high as u64).rotate_left(7) ^ u64::from(decimal.scale()) << 56);
    }

    fn add(&mut self, value: u64) {
        self.sum = self
            .sum
            .wrapping_add(value.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
}
