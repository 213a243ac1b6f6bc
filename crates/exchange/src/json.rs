//! JSON text written by hand, so that key order and number form are exactly those of the wire.

use std::fmt::{self, Display, Formatter, Write};

use rust_decimal::Decimal;

/// One JSON object, written key by key in the order of the calls.
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(640);
        text.push('{');
        Self { text }
    }

    /// A text of our own that needs no escape, as the words of the wire.
    pub(crate) fn word(mut self, key: &'static str, value: &'static str) -> Self {
        self.key(key);
        self.text.push('"');
        self.text.push_str(value);
        self.text.push('"');
        self
    }

    pub(crate) fn string(mut self, key: &'static str, value: &str) -> Self {
        self.key(key);
        push_string(&mut self.text, value);
        self
    }

    /// A decimal as the exchange writes it: a string without exponent and without trailing zeros.
    pub(crate) fn decimal(mut self, key: &'static str, value: Decimal) -> Self {
        self.key(key);
        write!(self.text, "\"{}\"", value.normalize()).expect("a String takes any text");
        self
    }

    /// An integer as the exchange writes sizes in contracts: a string.
    pub(crate) fn number_text(mut self, key: &'static str, value: i64) -> Self {
        self.key(key);
        write!(self.text, "\"{value}\"").expect("a String takes any text");
        self
    }

    /// A decimal as a JSON number, as Java's `BigDecimal` writes one: with an exponent when it has
    /// more than five zeros after the point.
    pub(crate) fn number(self, key: &'static str, value: Decimal) -> Self {
        self.bare(key, BigDecimal(value.normalize(), 0))
    }

    /// The same after Java's `stripTrailingZeros`: 10 becomes `1E+1`.
    pub(crate) fn stripped(self, key: &'static str, value: Decimal) -> Self {
        let value = value.normalize();
        let digits = value.mantissa().to_string();
        let zeros = digits.len() - digits.trim_end_matches('0').len();
        let stripped = if value.scale() == 0 && !value.is_zero() {
            zeros
        } else {
            0
        };
        self.bare(key, BigDecimal(value, stripped))
    }

    /// A bare number or `true`/`false`.
    pub(crate) fn bare(mut self, key: &'static str, value: impl Display) -> Self {
        self.key(key);
        write!(self.text, "{value}").expect("a String takes any text");
        self
    }

    /// A value that is JSON already.
    pub(crate) fn json(self, key: &'static str, value: &str) -> Self {
        self.bare(key, value)
    }

    pub(crate) fn maybe_string(self, key: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(key, value),
            None => self,
        }
    }

    pub(crate) fn maybe_decimal(self, key: &'static str, value: Option<Decimal>) -> Self {
        match value {
            Some(value) => self.decimal(key, value),
            None => self,
        }
    }

    pub(crate) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn key(&mut self, key: &'static str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }
}

/// A normalised decimal, and how many zeros at its end go into the exponent.
struct BigDecimal(Decimal, usize);

impl Display for BigDecimal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(value, stripped) = self;
        let mantissa = value.mantissa().unsigned_abs().to_string();
        let digits = mantissa
            .get(..mantissa.len() - stripped)
            .unwrap_or(&mantissa);
        let exponent =
            i64::try_from(mantissa.len()).unwrap_or_default() - 1 - i64::from(value.scale());
        if *stripped == 0 && exponent >= -6 {
            return write!(f, "{value}");
        }
        let sign = if value.is_sign_negative() { "-" } else { "" };
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        write!(f, "{sign}{first}{point}{rest}E{exponent:+}")
    }
}

fn push_string(text: &mut String, value: &str) {
    text.push('"');
    let mut rest = value;
    while let Some(place) = rest
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        // What is escaped is one byte of ASCII, so both sides of it are whole characters.
        let (plain, special) = rest.split_at(place);
        let (special, after) = special.split_at(1);
        text.push_str(plain);
        match special {
            "\"" => text.push_str("\\\""),
            "\\" => text.push_str("\\\\"),
            control => {
                let code = control.bytes().next().unwrap_or_default();
                write!(text, "\\u{code:04x}").expect("a String takes any text");
            }
        }
        rest = after;
    }
    text.push_str(rest);
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_java_writes_them() {
        let written = |text: &str| {
            let value = text.parse::<Decimal>().unwrap();
            Object::new()
                .number("n", value)
                .stripped("s", value)
                .end()
                .replace(['{', '}', '"'], "")
        };
        for (value, expected) in [
            ("0", "n:0,s:0"),
            ("0.00", "n:0,s:0"),
            ("-0.0", "n:0,s:0"),
            ("10", "n:10,s:1E+1"),
            ("-1200", "n:-1200,s:-1.2E+3"),
            ("8.50", "n:8.5,s:8.5"),
            ("1000000", "n:1000000,s:1E+6"),
            ("0.000001", "n:0.000001,s:0.000001"),
            ("-0.00000012", "n:-1.2E-7,s:-1.2E-7"),
            ("0.0000001", "n:1E-7,s:1E-7"),
            (
                "1234.5678901234567890",
                "n:1234.567890123456789,s:1234.567890123456789",
            ),
        ] {
            assert_eq!(written(value), expected, "{value}");
        }
    }

    #[test]
    fn keeps_key_order_and_escapes() {
        let text = Object::new()
            .string("b", "say \"hi\"\\\n")
            .decimal("a", Decimal::new(10, 3))
            .bare("n", 1_768_824_067_407_080_u64)
            .maybe_string("absent", None)
            .json("data", "{}")
            .end();
        assert_eq!(
            text,
            r#"{"b":"say \"hi\"\\\u000a","a":"0.01","n":1768824067407080,"data":{}}"#
        );
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}
