//! Reads JSON values into types. All rules about accepted spellings are here.

use rust_decimal::Decimal;

use super::bytes::{are_digits, number_of};
use super::number_text::NumberText;
use super::{Extra, Raw, Value, ValueKind, decimal};
use crate::{Text, Timestamp};

/// A type that can be read from a JSON value, for fields of events.
///
/// Implement it, and [`ToJson`](crate::ToJson), to use a type of your own in [`event!`](crate::event). The decoder
/// calls the methods with valid JSON only. A value that the type cannot hold is kept in [`Extra`](super::Extra); in a
/// required field, it is an error.
pub trait FromJson: Sized {
    /// `true` if a frame without the field differs from KuCoin's known format, although it can be decoded.
    const IS_EXPECTED: bool = false;

    /// Reads a value; `None` if the type cannot hold it.
    fn from_json(value: Value<'_>) -> Option<Self>;

    /// Returns the value of a missing field; `None` if the field is required.
    fn absent() -> Option<Self> {
        None
    }

    /// Returns the replacement for an unreadable value; `None` if the field is required.
    ///
    /// It is called if [`from_json`](Self::from_json) returns `None`. The default is the value of a missing field. The
    /// JSON value is kept in [`Extra`](super::Extra).
    fn unreadable(value: Value<'_>) -> Option<Self> {
        let _ = value;
        Self::absent()
    }

    /// Returns `true` if writing `self` gives a value with the same meaning as `value`.
    ///
    /// Quotes and exponents can differ. If the result is `false`, `value` is also kept in [`Extra`](super::Extra) and
    /// written from there.
    fn round_trips(&self, value: Value<'_>) -> bool {
        let _ = value;
        true
    }

    /// Returns `false` if the type can hold the value, but KuCoin sends values of another kind, such as texts.
    fn is_usual(value: Value<'_>) -> bool {
        let _ = value;
        true
    }

    /// Returns `false` if `self` differs from KuCoin's known format, such as an unknown enum word.
    fn is_known(&self) -> bool {
        true
    }

    /// Adds to `extra` how `self`, the field `name`, differs from the known format.
    ///
    /// It is called if [`is_known`](Self::is_known) returns `false`.
    fn note(&self, name: &str, extra: &mut Extra) {
        let _ = (name, extra);
    }
}

/// A missing field, `null` and the empty string are `None`.
impl<T: FromJson> FromJson for Option<T> {
    #[inline(always)]
    fn from_json(value: Value<'_>) -> Option<Self> {
        if value.is_null_or_empty() {
            return Some(None);
        }
        T::from_json(value).map(Some)
    }

    #[inline]
    fn absent() -> Option<Self> {
        Some(None)
    }

    #[inline]
    fn round_trips(&self, value: Value<'_>) -> bool {
        self.as_ref().is_none_or(|inner| inner.round_trips(value))
    }

    #[inline(always)]
    fn is_usual(value: Value<'_>) -> bool {
        T::is_usual(value)
    }

    #[inline(always)]
    fn is_known(&self) -> bool {
        self.as_ref().is_none_or(T::is_known)
    }

    fn note(&self, name: &str, extra: &mut Extra) {
        if let Some(inner) = self {
            inner.note(name, extra);
        }
    }
}

/// Reads a string, or the text of a number.
impl FromJson for Text {
    #[inline(always)]
    fn from_json(value: Value<'_>) -> Option<Self> {
        match value.kind() {
            ValueKind::String => Some(Text::new(value.content())),
            ValueKind::Number => Some(Text::new(value.as_str())),
            _ => value.text().map(|text| Text::new(&text)),
        }
    }

    /// Returns the string with its unpaired surrogates as escapes.
    ///
    /// Such a string can be an ID, which must not lose the event.
    fn unreadable(value: Value<'_>) -> Option<Self> {
        value.lossless_text().map(|text| Text::new(&text))
    }

    /// Returns `false` for a number: KuCoin sends texts as strings.
    #[inline(always)]
    fn is_usual(value: Value<'_>) -> bool {
        value.kind() != ValueKind::Number
    }
}

/// Reads a number, or a string that contains a number, exactly and never through a float.
impl FromJson for Decimal {
    #[inline(always)]
    fn from_json(value: Value<'_>) -> Option<Self> {
        match value.number_text() {
            Some(number) => decimal::parse(number),
            None => decimal::parse(NumberText::of(&value.text()?)),
        }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        /// Reads a whole number, or a string that contains one, such as `1000`, `1E+3` or `1.0`.
        impl FromJson for $integer {
            #[inline(always)]
            fn from_json(value: Value<'_>) -> Option<Self> {
                let (negative, magnitude) = match value.number_text() {
                    Some(number) => integer(number)?,
                    None => integer(NumberText::of(&value.text()?))?,
                };
                if negative {
                    return (-i128::from(magnitude)).try_into().ok();
                }
                magnitude.try_into().ok()
            }

            /// Returns `false` for `1.0`, which would be written as `1`.
            #[inline]
            fn round_trips(&self, value: Value<'_>) -> bool {
                let text = value.as_str();
                text.len() < 3 || has_no_trailing_zeros(text)
            }
        }
    )*};
}

integers!(i64, u64, i32, u32);

/// Reads `true` and `false`, and the strings `"true"` and `"false"`.
impl FromJson for bool {
    fn from_json(value: Value<'_>) -> Option<Self> {
        match (value.kind(), value.text().as_deref()) {
            (ValueKind::True, _) | (_, Some("true")) => Some(true),
            (ValueKind::False, _) | (_, Some("false")) => Some(false),
            _ => None,
        }
    }
}

/// Reads a whole number, or a string that contains one. The unit is detected by magnitude.
impl FromJson for Timestamp {
    #[inline(always)]
    fn from_json(value: Value<'_>) -> Option<Self> {
        Timestamp::from_wire(i64::from_json(value)?)
    }

    /// Returns `false` for a time before 1973, whose nanoseconds would be read back as another unit.
    #[inline]
    fn round_trips(&self, _: Value<'_>) -> bool {
        // Zero is the same in any unit; the subtraction wraps for it.
        let nanos = self.as_nanos().unsigned_abs();
        nanos.wrapping_sub(1) >= 100_000_000_000_000_000 - 1
    }
}

/// Keeps any value unchanged.
impl FromJson for Raw {
    fn from_json(value: Value<'_>) -> Option<Self> {
        Some(Raw::from(value))
    }
}

/// Returns `true` if a whole number has no zeros after a decimal point.
fn has_no_trailing_zeros(text: &str) -> bool {
    !text.contains('.') || text.contains(['e', 'E'])
}

/// Returns sign and magnitude of an integer. Unlike `str::parse`, it rejects `+`, as JSON does.
#[inline]
fn integer(number: NumberText<'_>) -> Option<(bool, u64)> {
    let plain = match number.short() {
        Some(short) => {
            let (negative, magnitude) = short.sign();
            magnitude.digits().map(|digits| (negative, digits))
        }
        None => long_integer(number.bytes()),
    };
    plain.or_else(|| decimal::whole(number))
}

/// Reads an integer of more than 16 bytes, such as a time in nanoseconds.
fn long_integer(text: &[u8]) -> Option<(bool, u64)> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // A `u64` always holds 19 digits and at most 20.
    let (head, tail) = digits.split_at(digits.len().min(19));
    let mut magnitude: u64 = 0;
    let (eights, rest) = head.as_chunks();
    for eight in eights {
        if !are_digits(*eight) {
            return None;
        }
        magnitude = magnitude * 100_000_000 + number_of(*eight);
    }
    for byte in rest {
        magnitude = magnitude * 10 + digit(*byte)?;
    }
    match tail {
        [] => Some((negative, magnitude)),
        [last] => {
            let magnitude = magnitude.checked_mul(10)?.checked_add(digit(*last)?)?;
            Some((negative, magnitude))
        }
        _ => None,
    }
}

#[inline]
fn digit(byte: u8) -> Option<u64> {
    let digit = byte.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scanner;

    fn read<T: FromJson>(json: &str) -> Option<T> {
        T::from_json(Scanner::new(json).value().unwrap())
    }

    #[test]
    fn absent_null_and_empty_are_none() {
        assert_eq!(read::<Option<Decimal>>("null"), Some(None));
        assert_eq!(read::<Option<Text>>("\"\""), Some(None));
        assert_eq!(<Option<u64>>::absent(), Some(None));
        assert_eq!(read::<Option<Decimal>>("\"0\""), Some(Some(Decimal::ZERO)));
        assert_eq!(read::<Option<Decimal>>("{}"), None);
    }

    #[test]
    fn number_is_read_from_number_or_string() {
        assert_eq!(read::<Decimal>("0.1"), read::<Decimal>("\"0.1\""));
        assert_eq!(read::<Decimal>("\"\\u0030.1\""), read::<Decimal>("0.1"));
        assert_eq!(read::<u64>("18446744073709551615"), Some(u64::MAX));
        assert_eq!(read::<i64>("\"-9223372036854775808\""), Some(i64::MIN));
        assert_eq!(read::<i64>("9007199254740993"), Some(9_007_199_254_740_993));
        assert_eq!(
            read::<Text>("9007199254740993"),
            Some(Text::new("9007199254740993"))
        );
    }

    #[test]
    fn number_that_does_not_fit_is_none() {
        assert_eq!(read::<u64>("18446744073709551616"), None);
        assert_eq!(read::<i64>("9223372036854775808"), None);
        assert_eq!(read::<u64>("-1"), None);
        assert_eq!(read::<i64>("1.5"), None);
        assert_eq!(read::<i64>("1e-3"), None);
        assert_eq!(read::<i64>("1e19"), None);
        assert_eq!(read::<u64>("\"+1\""), None);
        assert_eq!(read::<i64>("1e999999999999999999999"), None);
        assert_eq!(read::<i64>("\"\""), None);
        assert_eq!(read::<i64>("\"-\""), None);
        assert_eq!(read::<i64>(&"9".repeat(400)), None);
    }

    #[test]
    fn whole_number_is_read_in_any_spelling() {
        assert_eq!(read::<i64>("1E+3"), Some(1_000));
        assert_eq!(read::<u32>("\"1E+1\""), Some(10));
        assert_eq!(read::<i64>("-0E-8"), Some(0));
        assert_eq!(read::<i64>("-12.50e2"), Some(-1_250));
        assert_eq!(read::<i64>("1.0"), Some(1));
        assert_eq!(read::<i64>("-9.223372036854775808E18"), Some(i64::MIN));
        assert_eq!(read::<u64>("18446744073709551615e0"), Some(u64::MAX));
        assert_eq!(read::<i64>(&format!("1{}e-400", "0".repeat(400))), Some(1));
    }

    #[test]
    fn time_with_exponent_is_exact_or_none() {
        let time = |json| read::<Timestamp>(json).map(Timestamp::as_nanos);
        assert_eq!(time("1.765E18"), Some(1_765_000_000_000_000_000));
        assert_eq!(
            time("\"1.765000000000000001E18\""),
            Some(1_765_000_000_000_000_001)
        );
        assert_eq!(time("1.765e+12"), Some(1_765_000_000_000_000_000));
        assert_eq!(time("1765000000000.0"), Some(1_765_000_000_000_000_000));
        assert_eq!(time("1.7650000000000000001E18"), None);
        assert_eq!(time("1765000000000.5"), None);
        assert_eq!(time("1.765E19"), None);
        assert_eq!(time("\"Infinity\""), None);
    }

    #[test]
    fn unpaired_surrogate_is_not_text() {
        for json in [
            r#""gm \ud83d""#,
            r#""\udc00gm""#,
            r#""\ud83d\ud83d""#,
            r#""\ud83d \udc00""#,
        ] {
            assert_eq!(read::<Text>(json), None, "{json}");
            assert_eq!(read::<Option<Text>>(json), None, "{json}");
            assert_eq!(read::<Decimal>(json), None, "{json}");
        }
        assert_eq!(
            read::<Text>(r#""\ud83e\udd80""#),
            Some(Text::new("\u{1f980}"))
        );
    }

    #[test]
    fn unpaired_surrogate_is_escaped_in_lossless_text() {
        let lossless = |json| {
            let value = Scanner::new(json).value().unwrap();
            Text::unreadable(value).unwrap().to_string()
        };
        for (json, expected) in [
            (r#""gm \uD83D""#, r"gm \ud83d"),
            (r#""\udc00\ud83d\ud83e\udd80""#, "\\udc00\\ud83d\u{1f980}"),
            (r#""\\ud83d \n\ud83dé""#, "\\ud83d \n\\ud83dé"),
            (r#""\ud83d\u0041""#, r"\ud83dA"),
        ] {
            assert_eq!(lossless(json), expected, "{json}");
        }
    }

    #[test]
    fn time_is_read_in_any_unit_and_format() {
        let ns = Timestamp::from_nanos(1_730_848_317_836_000_000);
        assert_eq!(read("1730848317836"), Some(ns));
        assert_eq!(read("\"1730848317836\""), Some(ns));
        assert_eq!(read("1730848317836000000"), Some(ns));
    }

    #[test]
    fn flag_can_be_a_string() {
        assert_eq!(read("true"), Some(true));
        assert_eq!(read("\"false\""), Some(false));
        assert_eq!(read::<bool>("1"), None);
        assert_eq!(read::<bool>("\"True\""), None);
    }
}
