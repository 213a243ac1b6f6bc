//! Writes JSON with KuCoin's key order and number formats, which `serde_json` maps do not keep.

use std::fmt::{self, Display, Formatter, Write};

use rust_decimal::Decimal;

/// Writes one JSON object, its fields in the order of the calls.
pub(crate) struct Object {
    text: String,
}

/// A value of a JSON object.
pub(crate) trait Json {
    fn write(&self, text: &mut String);

    /// Returns `true` if the field is omitted.
    fn is_absent(&self) -> bool {
        false
    }
}

impl Object {
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(640);
        text.push('{');
        Self { text }
    }

    /// Adds a field; `None` is omitted.
    ///
    /// A [`Decimal`] is written as a string without exponent and trailing zeros, an integer or `bool` without quotes.
    pub(crate) fn field(mut self, key: &str, value: impl Json) -> Self {
        if value.is_absent() {
            return self;
        }
        if self.text.len() > 1 {
            self.text.push(',');
        }
        for part in ["\"", key, "\":"] {
            self.text.push_str(part);
        }
        value.write(&mut self.text);
        self
    }

    pub(crate) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// JSON text that is written unchanged.
pub(crate) struct Raw<'a>(pub(crate) &'a str);

/// A JSON number in the format of Java's `BigDecimal`: values below 0.000001 have an exponent, such as `1E-7`.
pub(crate) struct Number(pub(crate) Decimal);

/// Like [`Number`], after Java's `stripTrailingZeros`: 10 becomes `1E+1`.
pub(crate) struct Stripped(pub(crate) Decimal);

/// A JSON number without an exponent.
pub(crate) struct Plain(pub(crate) Decimal);

macro_rules! bare {
    ($($Type:ty),+) => {$(
        impl Json for $Type {
            fn write(&self, text: &mut String) {
                let _ = write!(text, "{self}");
            }
        }
    )+};
}

bare!(bool, u8, u16, u32, u64, u128, i64);

impl Json for Raw<'_> {
    fn write(&self, text: &mut String) {
        text.push_str(self.0);
    }
}

impl Json for Plain {
    fn write(&self, text: &mut String) {
        let _ = write!(text, "{}", self.0.normalize());
    }
}

impl Json for Number {
    fn write(&self, text: &mut String) {
        let _ = write!(text, "{}", BigDecimal(self.0.normalize(), 0));
    }
}

impl Json for Stripped {
    fn write(&self, text: &mut String) {
        let value = self.0.normalize();
        let digits = value.mantissa().to_string();
        let zeros = digits.len() - digits.trim_end_matches('0').len();
        let is_whole = value.scale() == 0 && !value.is_zero();
        let _ = write!(
            text,
            "{}",
            BigDecimal(value, if is_whole { zeros } else { 0 })
        );
    }
}

impl Json for Decimal {
    fn write(&self, text: &mut String) {
        let _ = write!(text, "\"{}\"", self.normalize());
    }
}

impl Json for str {
    fn write(&self, text: &mut String) {
        text.push('"');
        let escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        if !self.bytes().any(escaped) {
            text.push_str(self);
            text.push('"');
            return;
        }
        for letter in self.chars() {
            match letter {
                '"' | '\\' => text.extend(['\\', letter]),
                '\0'..='\x1f' => {
                    let _ = write!(text, "\\u{:04x}", u32::from(letter));
                }
                plain => text.push(plain),
            }
        }
        text.push('"');
    }
}

impl Json for String {
    fn write(&self, text: &mut String) {
        self.as_str().write(text);
    }
}

impl<T: Json + ?Sized> Json for &T {
    fn write(&self, text: &mut String) {
        (**self).write(text);
    }
}

impl<T: Json> Json for Option<T> {
    fn write(&self, text: &mut String) {
        if let Some(value) = self {
            value.write(text);
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// A value that is written as `null` if it is absent.
pub(crate) struct OrNull<T>(pub(crate) Option<T>);

impl<T: Json> Json for OrNull<T> {
    fn write(&self, text: &mut String) {
        match &self.0 {
            Some(value) => value.write(text),
            None => text.push_str("null"),
        }
    }
}

/// A normalized decimal, and the number of trailing zeros to move into the exponent.
struct BigDecimal(Decimal, usize);

impl Display for BigDecimal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(value, stripped) = self;
        let mantissa = value.mantissa().unsigned_abs().to_string();
        let exponent =
            i64::try_from(mantissa.len()).unwrap_or_default() - 1 - i64::from(value.scale());
        if *stripped == 0 && exponent >= -6 {
            return write!(f, "{value}");
        }
        let digits = &mantissa[..mantissa.len() - stripped];
        let sign = if value.is_sign_negative() { "-" } else { "" };
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        write!(f, "{sign}{first}{point}{rest}E{exponent:+}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_format_of_java() {
        for (value, number, stripped) in [
            ("0", "0", "0"),
            ("-0.0", "0", "0"),
            ("10", "10", "1E+1"),
            ("-1200", "-1200", "-1.2E+3"),
            ("8.50", "8.5", "8.5"),
            ("1000000", "1000000", "1E+6"),
            ("0.000001", "0.000001", "0.000001"),
            ("-0.00000012", "-1.2E-7", "-1.2E-7"),
            ("0.0000001", "1E-7", "1E-7"),
        ] {
            let decimal = value.parse::<Decimal>().unwrap();
            let text = Object::new()
                .field("n", Number(decimal))
                .field("s", Stripped(decimal))
                .end();
            assert_eq!(text, format!("{{\"n\":{number},\"s\":{stripped}}}"));
        }
    }

    #[test]
    fn keys_keep_their_order_and_text_is_escaped() {
        let text = Object::new()
            .field("b", "say \"hi\"\\\n")
            .field("a", Decimal::new(10, 3))
            .field("n", 1_768_824_067_407_080_u64)
            .field("absent", None::<&str>)
            .field("data", Raw("{}"))
            .end();
        assert_eq!(
            text,
            r#"{"b":"say \"hi\"\\\u000a","a":"0.01","n":1768824067407080,"data":{}}"#
        );
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}
