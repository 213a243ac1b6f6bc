//! Reads exact decimals from their digits, without a float.

use std::num::NonZeroU32;

use rust_decimal::Decimal;

use super::bytes::WIDTH;
use super::number_text::NumberText;

const MAX_MANTISSA: u128 = (1 << 96) - 1;
const MAX_SCALE: i64 = 28;

/// Reads a JSON number exactly; `None` if it is not a number or does not fit `Decimal`.
///
/// A leading `+`, leading zeros and a bare decimal point are also accepted.
// Inlined, and built from values in registers: returning a `Decimal` through memory is slow.
#[inline(always)]
pub(super) fn parse(number: NumberText<'_>) -> Option<Decimal> {
    if let Some((mantissa, form)) = parse_short(number.text, number.start, number.end) {
        let [lo, mid] = [mantissa as u32, (mantissa >> 32) as u32];
        return Some(Decimal::from_parts(
            lo,
            mid,
            0,
            form.is_negative(),
            form.scale(),
        ));
    }
    let long = parse_long(number)?.unpack();
    Some(Decimal::from_parts(
        long.lo,
        long.mid,
        long.hi,
        long.negative,
        long.scale,
    ))
}

/// Sign and scale in one register.
#[derive(Clone, Copy)]
struct SignAndScale(NonZeroU32);

impl SignAndScale {
    #[inline]
    fn new(is_negative: bool, scale: u32) -> Self {
        Self(NonZeroU32::MIN | u32::from(is_negative) << 1 | scale << 2)
    }

    #[inline]
    fn is_negative(self) -> bool {
        self.0.get() & 2 != 0
    }

    #[inline]
    fn scale(self) -> u32 {
        self.0.get() >> 2
    }
}

/// Reads a number of at most 16 bytes without exponent.
#[inline(never)]
fn parse_short(text: &[u8], start: usize, end: usize) -> Option<(u64, SignAndScale)> {
    let short = NumberText::new(text, start, end).short()?;
    let (is_negative, magnitude) = short.sign();
    let (mantissa, scale) = magnitude.decimal()?;
    Some((mantissa, SignAndScale::new(is_negative, scale)))
}

/// Reads a number of any length, with any exponent.
fn parse_long(number: NumberText<'_>) -> Option<Decimal> {
    parse_halves(number).or_else(|| parse_any(number.bytes()))
}

/// Reads a number of at most 32 bytes without exponent, as its first 16 bytes and the rest.
fn parse_halves(number: NumberText<'_>) -> Option<Decimal> {
    let NumberText { text, start, end } = number;
    let is_negative = number.bytes().first() == Some(&b'-');
    let start = start + usize::from(is_negative);
    let middle = end.min(start + WIDTH);
    let head = NumberText::new(text, start, middle).short()?;
    let tail = NumberText::new(text, middle, end).short()?;
    let (head_number, head_scale) = head.decimal()?;
    let (tail_number, tail_scale) = tail.decimal()?;
    let tail_digits = tail.count_digits();
    let scale = match (head.is_whole(), tail.is_whole()) {
        (true, _) => tail_scale,
        (false, true) => head_scale + tail_digits,
        (false, false) => return None,
    };
    let shift = 10_u64.pow(tail_digits);
    let mantissa = u128::from(head_number) * u128::from(shift) + u128::from(tail_number);
    if mantissa > MAX_MANTISSA || scale > MAX_SCALE as u32 {
        return None;
    }
    Some(from_mantissa(mantissa, is_negative, scale))
}

/// Parts of a number.
struct Parts<'t> {
    negative: bool,
    whole: &'t [u8],
    fraction: &'t [u8],
    exponent: i64,
}

impl<'t> Parts<'t> {
    fn of(text: &'t [u8]) -> Option<Self> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let end = rest.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let exponent = match end {
            Some(at) => exponent(&rest[at + 1..])?,
            None => 0,
        };
        let number = &rest[..end.unwrap_or(rest.len())];
        let (whole, fraction) = match number.iter().position(|byte| *byte == b'.') {
            Some(at) => (&number[..at], &number[at + 1..]),
            None => (number, &number[..0]),
        };
        let parts = Self {
            negative,
            whole,
            fraction,
            exponent,
        };
        let is_empty = whole.is_empty() && fraction.is_empty();
        (!is_empty && parts.digits().all(u8::is_ascii_digit)).then_some(parts)
    }

    fn digits(&self) -> impl DoubleEndedIterator<Item = &'t u8> + use<'t> {
        self.whole.iter().chain(self.fraction)
    }

    fn scale(&self) -> Option<i64> {
        Some(i64::try_from(self.fraction.len()).ok()? - self.exponent)
    }

    /// Returns the digits without trailing zeros, and their scale; `None` if the scale is out of range.
    fn shortest(&self) -> Option<(impl Iterator<Item = &'t u8> + use<'t>, i64)> {
        let zeros = self.digits().rev().take_while(|digit| **digit == b'0');
        let zeros = zeros.count();
        let kept = self.whole.len() + self.fraction.len() - zeros;
        let scale = self.scale()? - i64::try_from(zeros).ok()?;
        Some((self.digits().take(kept), scale))
    }
}

/// Slow path of [`parse_long`].
#[cold]
fn parse_any(text: &[u8]) -> Option<Decimal> {
    let parts = Parts::of(text)?;
    assemble(parts.digits(), parts.scale()?, parts.negative).or_else(|| {
        // The number may fit without its trailing zeros.
        let (digits, scale) = parts.shortest()?;
        assemble(digits, scale, parts.negative)
    })
}

/// Reads sign and magnitude of a whole number in any spelling, such as `1.765E18`.
///
/// `None` if the number is not whole or does not fit.
#[cold]
pub(super) fn whole(number: NumberText<'_>) -> Option<(bool, u64)> {
    let text = number.bytes();
    let parts = Parts::of(text).filter(|_| !text.starts_with(b"+"))?;
    let (digits, scale) = parts.shortest()?;
    let mut magnitude: u64 = 0;
    for digit in digits {
        let digit = u64::from(digit - b'0');
        magnitude = magnitude.checked_mul(10)?.checked_add(digit)?;
    }
    if magnitude != 0 {
        let zeros = u32::try_from(-scale).ok()?;
        magnitude = magnitude.checked_mul(10_u64.checked_pow(zeros)?)?;
    }
    Some((parts.negative, magnitude))
}

/// Limit of an exponent, far larger than the number of digits in any text.
const MAX_EXPONENT: i64 = 1 << 40;

fn exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        digits => (1, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = digits.iter().fold(0_i64, |sum, digit| {
        (sum * 10 + i64::from(digit - b'0')).min(MAX_EXPONENT)
    });
    Some(sign * digits)
}

fn assemble<'d>(
    digits: impl Iterator<Item = &'d u8>,
    scale: i64,
    negative: bool,
) -> Option<Decimal> {
    let fits = |mantissa: &u128| *mantissa <= MAX_MANTISSA;
    let mut mantissa: u128 = 0;
    for digit in digits {
        mantissa = Some(mantissa * 10 + u128::from(digit - b'0')).filter(fits)?;
    }
    let mut scale = scale;
    if mantissa == 0 {
        scale = scale.clamp(0, MAX_SCALE);
    }
    while scale < 0 {
        mantissa = Some(mantissa * 10).filter(fits)?;
        scale += 1;
    }
    if scale > MAX_SCALE {
        return None;
    }
    Some(from_mantissa(mantissa, negative, scale as u32))
}

/// Creates a decimal from a mantissa and a scale that are in range.
fn from_mantissa(mantissa: u128, is_negative: bool, scale: u32) -> Decimal {
    let [lo, mid, hi] = [0, 32, 64].map(|shift| (mantissa >> shift) as u32);
    Decimal::from_parts(lo, mid, hi, is_negative, scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Decimal> {
        parse(NumberText::of(text))
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(
            read(text).map(|decimal| decimal.to_string()).as_deref(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn every_digit_is_kept() {
        for digits in [
            "0",
            "0.1",
            "-47.764873701381",
            "0.0003756477864777482",
            "28.61406823126382476",
            "0.00000000",
            "9999999999999999999",
            "79228162514264337593543950335",
            "7.9228162514264337593543950335",
            "0.0000000000000000000000000001",
        ] {
            check(digits, Some(digits));
        }
    }

    #[test]
    fn exponents_are_exact() {
        check("0E-8", Some("0.00000000"));
        check("1E+1", Some("10"));
        check("-2.3e-05", Some("-0.000023"));
        check("12.34e1", Some("123.4"));
        check("1e28", Some("10000000000000000000000000000"));
        check("0e999999999999999999999", Some("0"));
        check("1e999999999999999999999", None);
        check("1e-999999999999999999999", None);
    }

    #[test]
    fn exponent_can_cancel_many_zeros() {
        let zeros = "0".repeat(100_005);
        check(&format!("0.{zeros}1e100006"), Some("1"));
        check(&format!("1{zeros}e-100005"), Some("1"));
    }

    #[test]
    fn only_trailing_zeros_can_be_dropped() {
        check("1.00000000000000000000000000000000", Some("1"));
        check("1.00000000000000000000000000000001", None);
        check("79228162514264337593543950336", None);
    }

    #[test]
    fn lenient_spellings_are_read_and_invalid_ones_are_not() {
        check("+1", Some("1"));
        check("007.50", Some("7.50"));
        check(".5", Some("0.5"));
        check("5.", Some("5"));
        for invalid in [
            "", "-", ".", "-.", "1_000", " 1", "1 ", "1.2.3", "0x1", "NaN", "1e", "--1", "e5",
            "1,5",
        ] {
            check(invalid, None);
        }
    }

    proptest! {
        #[test]
        fn displayed_decimal_parses_back(lo: u32, mid: u32, hi: u32, negative: bool, scale in 0_u32..=28) {
            let decimal = Decimal::from_parts(lo, mid, hi, negative, scale);
            let read = read(&decimal.to_string()).unwrap();
            prop_assert_eq!(read.to_string(), decimal.to_string());
        }

        #[test]
        fn fast_and_slow_paths_agree(text in "-?[0-9]{0,20}\\.?[0-9]{0,20}") {
            prop_assert_eq!(read(&text), parse_any(text.as_bytes()));
        }
    }
}
