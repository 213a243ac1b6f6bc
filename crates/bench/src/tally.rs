//! What a consumer makes of an event, the same for everybody: a sum over several fields, so that nothing is read in
//! vain and everybody can be seen to have read the same.

use rust_decimal::Decimal;

/// How many events were consumed, and a sum over their fields that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The events.
    pub events: u64,
    /// The sum; zero from those who do not decode.
    pub sum: u64,
}

impl Tally {
    /// Counts an event, and adds several of its fields.
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

    /// Adds a text by its length and its ends.
    fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let ends = |byte: Option<&u8>| u64::from(byte.copied().unwrap_or(0));
        self.add(text.len() as u64 | ends(bytes.first()) << 16 | ends(bytes.last()) << 32);
    }

    /// Adds a decimal, to the digit.
    fn decimal(&mut self, decimal: Decimal) {
        let [low, high] = [decimal.mantissa(), decimal.mantissa() >> 64];
        // The low halves are meant.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        self.add((low as u64) ^ (high as u64).rotate_left(7) ^ u64::from(decimal.scale()) << 56);
    }

    fn add(&mut self, value: u64) {
        self.sum = self
            .sum
            .wrapping_add(value.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
}
