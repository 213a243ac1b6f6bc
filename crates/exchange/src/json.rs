//! JSON text written by hand, so that key order and number form are exactly those of the wire.

use std::fmt::{Display, Write};

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
