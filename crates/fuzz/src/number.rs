//! The number reference: numbers as text, without arithmetic that could round.

use std::cmp::Ordering;

/// The largest mantissa of a `Decimal`: 2^96 - 1.
const MAX_MANTISSA: &str = "79228162514264337593543950335";
const MAX_SCALE: i64 = 28;
/// A larger exponent counts as infinite: no input has that many digits.
const INFINITE: i64 = 1 << 50;

/// A normalized number: digits without leading and trailing zeros, times ten to the exponent. Zero has no digits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    digits: String,
    exponent: i64,
    /// The number of digits in the text, and how many of them are after the point.
    written: (usize, usize),
    has_exponent: bool,
}

impl Number {
    /// Parses a number in JSON format or a lenient form of it: an optional sign, a point anywhere, an exponent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (number, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, Some(exponent_of(exponent)?)),
            None => (unsigned, None),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let all = [whole, fraction].concat();
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let cut = all.trim_end_matches('0');
        let dropped = i64::try_from(all.len() - cut.len()).ok()?;
        let digits = cut.trim_start_matches('0');
        let decimals = i64::try_from(fraction.len()).ok()?;
        let is_zero = digits.is_empty();
        Some(Self {
            negative: text.starts_with('-') && !is_zero,
            digits: digits.to_owned(),
            exponent: if is_zero {
                0
            } else {
                exponent.unwrap_or(0) + dropped - decimals
            },
            written: (all.len(), fraction.len()),
            has_exponent: exponent.is_some(),
        })
    }

    /// Returns `true` if a `Decimal` can represent it exactly.
    pub(crate) fn fits_decimal(&self) -> bool {
        let zeros = usize::try_from(self.exponent).unwrap_or(0);
        if self.exponent < -MAX_SCALE || zeros > MAX_MANTISSA.len() {
            return false;
        }
        let mantissa = self.digits.clone() + &"0".repeat(zeros);
        match mantissa.len().cmp(&MAX_MANTISSA.len()) {
            Ordering::Less => true,
            Ordering::Equal => mantissa.as_str() <= MAX_MANTISSA,
            Ordering::Greater => false,
        }
    }

    /// Returns the value if it is an integer of at most 38 digits.
    pub(crate) fn whole(&self) -> Option<i128> {
        if self.digits.is_empty() {
            return Some(0);
        }
        let zeros = usize::try_from(self.exponent).ok().filter(|it| *it < 38)?;
        let sign = if self.negative { "-" } else { "" };
        let zeros = "0".repeat(zeros);
        format!("{sign}{}{zeros}", self.digits).parse().ok()
    }

    /// Returns `true` if both are the same number; the sign of zero is ignored.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        (self.negative, &self.digits, self.exponent)
            == (other.negative, &other.digits, other.exponent)
    }

    /// Returns `true` if two texts are the same number, with the same number of decimals if a `Decimal` can keep them.
    pub(crate) fn same_digits(input: &str, output: &str) -> bool {
        let (Some(input), Some(output)) = (Self::parse(input), Self::parse(output)) else {
            return false;
        };
        let is_plain = !input.has_exponent && input.written.0 <= 28;
        input.equals(&output) && (!is_plain || input.written.1 == output.written.1)
    }
}

fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let size = match digits.len() {
        0 => 0,
        1..=15 => digits.parse().ok()?,
        _ => INFINITE,
    };
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_have_the_same_normalized_form() {
        for (one, other) in [
            ("1.50", "1.5"),
            ("0.001", "1e-3"),
            ("1E+3", "1000"),
            ("-0", "0.000e9999999999999999999999"),
            ("+07.", "7"),
            (".5", "5e-1"),
        ] {
            let [one, other] = [one, other].map(|text| Number::parse(text).expect("a number"));
            assert!(one.equals(&other), "{one:?} {other:?}");
        }
        assert!(Number::same_digits("1.50", "1.50") && !Number::same_digits("1.50", "1.5"));
        for text in [
            "", "-", ".", "1e", "e1", "1.2.3", "--1", "0x1", "1_0", "NaN", " 1",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn decimal_has_96_bits_and_28_places() {
        let fits = |text| Number::parse(text).is_some_and(|number| number.fits_decimal());
        for text in [
            MAX_MANTISSA,
            "1e28",
            "1e-28",
            "0e999999999",
            "1.00000000000000000000000000000000",
        ] {
            assert!(fits(text), "{text}");
        }
        for text in [
            "79228162514264337593543950336",
            "1e29",
            "1e-29",
            "1e99999999999999999999",
        ] {
            assert!(!fits(text), "{text}");
        }
    }
}
