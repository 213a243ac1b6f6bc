//! Frames made from rows: a table says which field of the row is which field of the event.

use std::borrow::Cow;

use kucoin_streams_core::Decimal;
use kucoin_streams_decode::{Scanner, write_string};

/// The fields of a row: names and JSON texts, in order.
pub(crate) struct RowFields<'r>(Vec<(Cow<'r, str>, &'r str)>);

impl<'r> RowFields<'r> {
    /// Reads the fields of a row; a row that is not an object has none.
    pub(crate) fn read(row: &'r str) -> Self {
        let mut fields = Vec::new();
        let mut scanner = Scanner::new(row);
        if let Ok(mut object) = scanner.object() {
            while let Ok(Some((name, value))) = object.member() {
                fields.push((name, value.as_str()));
            }
        }
        Self(fields)
    }

    /// Returns the JSON text of a field; `None` if it is absent, null or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&'r str> {
        let found = self.0.iter().find(|(known, _)| known == name)?;
        (found.1 != "null" && found.1 != r#""""#).then_some(found.1)
    }

    /// Returns a number, a word or a text without escapes; `None` if it is absent, null or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&'r str> {
        self.get(name).map(|json| json.trim_matches('"'))
    }

    /// Returns a decimal; `None` if it is absent or not a decimal.
    pub(crate) fn decimal(&self, name: &str) -> Option<Decimal> {
        let text = self.text(name)?;
        text.parse()
            .or_else(|_| Decimal::from_scientific(text))
            .ok()
    }
}

/// How the JSON text of a field of the row is written in the frame.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As {
    /// As it is.
    Same,
    /// Milliseconds as nanoseconds.
    Nanos,
    /// A number as a string, such as a trade ID.
    String,
    /// A word in upper case.
    Upper,
    /// As it is, or absent if it is 0: KuCoin's lists write 0 for none.
    Amount,
}

/// A field of the frame, the field of the row, and how it is written.
pub(crate) type FieldRule = (&'static str, &'static str, As);

/// The data object of a frame.
pub(crate) struct FrameData {
    json: String,
    written: Vec<&'static str>,
}

impl FrameData {
    pub(crate) fn new() -> Self {
        Self {
            json: String::from("{"),
            written: Vec::new(),
        }
    }

    /// Writes a field with its JSON text.
    pub(crate) fn raw(&mut self, name: &'static str, json: &str) {
        self.key(name);
        self.json.push_str(json);
        self.written.push(name);
    }

    /// Writes a string field.
    pub(crate) fn text(&mut self, name: &'static str, text: &str) {
        self.key(name);
        write_string(&mut self.json, text);
        self.written.push(name);
    }

    /// Writes a decimal as a string field, if it is known.
    pub(crate) fn amount(&mut self, name: &'static str, amount: Option<Decimal>) {
        if let Some(amount) = amount {
            self.text(name, &amount.normalize().to_string());
        }
    }

    /// Writes the fields of a table that the row has and that are not written yet.
    pub(crate) fn map(&mut self, row: &RowFields<'_>, rules: &[FieldRule]) {
        for (name, from, form) in rules {
            if let Some(json) = row.get(from)
                && !self.written.contains(name)
                && !(matches!(form, As::Amount) && is_zero(json))
            {
                self.raw(name, &form.write(json));
            }
        }
    }

    /// Writes the other fields of the row as they are, so that nothing is lost: the event keeps them as unknown fields.
    ///
    /// Fields that are in the table or in `not` are left out.
    pub(crate) fn others(&mut self, row: &RowFields<'_>, rules: &[FieldRule], not: &[&str]) {
        for (name, json) in &row.0 {
            let is_mapped = rules.iter().any(|(_, from, _)| from == name);
            if !is_mapped && !not.contains(&&**name) && !self.written.contains(&&**name) {
                self.key(name);
                self.json.push_str(json);
            }
        }
    }

    fn key(&mut self, name: &str) {
        if self.json.len() > 1 {
            self.json.push(',');
        }
        write_string(&mut self.json, name);
        self.json.push(':');
    }

    /// Ends the data and returns it.
    pub(crate) fn end(mut self) -> String {
        self.json.push('}');
        self.json
    }

    /// Ends the data and returns the frame of a V1 topic.
    pub(crate) fn v1(self, topic: &str, subject: &str) -> String {
        let data = self.end();
        let mut frame = String::from(r#"{"topic":"#);
        write_string(&mut frame, topic);
        frame.push_str(r#","type":"message","subject":"#);
        write_string(&mut frame, subject);
        frame.push_str(r#","channelType":"private","data":"#);
        frame.push_str(&data);
        frame.push('}');
        frame
    }

    /// Ends the data and returns the frame of a Pro V2 channel, such as `orderAll.UNIFIED`.
    pub(crate) fn pro(self, pushed: &str) -> String {
        let data = self.end();
        let mut frame = String::from(r#"{"T":"#);
        write_string(&mut frame, pushed);
        frame.push_str(r#","d":"#);
        frame.push_str(&data);
        frame.push('}');
        frame
    }
}

fn is_zero(json: &str) -> bool {
    let amount = json.trim_matches('"').parse::<Decimal>();
    amount.is_ok_and(|amount| amount.is_zero())
}

impl As {
    fn write(self, json: &str) -> Cow<'_, str> {
        let digits = json.trim_matches('"');
        match self {
            // Thirteen digits are milliseconds until the year 2286.
            Self::Nanos if digits.len() <= 13 => Cow::Owned(format!("{digits}000000")),
            Self::Nanos => Cow::Borrowed(digits),
            Self::String if !json.starts_with('"') => Cow::Owned(format!("\"{json}\"")),
            Self::Upper => Cow::Owned(json.to_ascii_uppercase()),
            Self::Same | Self::String | Self::Amount => Cow::Borrowed(json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_has_mapped_and_other_fields() {
        let row = RowFields::read(
            r#"{"id":7,"tradeId":21029373945659394,"price":"91248.70","type":"limit","createdAt":1795903201262,"fee":"0.1","stop":""}"#,
        );
        let rules = [
            ("matchPrice", "price", As::Same),
            ("tradeId", "tradeId", As::String),
            ("ts", "createdAt", As::Nanos),
            ("stop", "stop", As::Same),
        ];
        let mut data = FrameData::new();
        data.text("type", "match");
        data.map(&row, &rules);
        data.others(&row, &rules, &["id"]);
        assert_eq!(
            data.v1("/spotMarket/tradeOrdersV2", "orderChange"),
            r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange","channelType":"private","data":{"type":"match","matchPrice":"91248.70","tradeId":"21029373945659394","ts":1795903201262000000,"fee":"0.1"}}"#
        );
    }

    #[test]
    fn nanoseconds_stay_as_they_are() {
        assert_eq!(
            As::Nanos.write("1795903204168000000"),
            "1795903204168000000"
        );
        assert_eq!(As::Nanos.write("\"1795903208151\""), "1795903208151000000");
    }
}
