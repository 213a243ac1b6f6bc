//! The parameters of a REST query, and the errors about them.

use crate::credentials::ApiError;

/// Parameters of a query, decoded.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Parses a query string without its `?`; parameters without a value are ignored.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        let filled = pairs.filter(|(_, value)| !value.is_empty());
        Self {
            pairs: filled
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        }
    }

    /// Returns the value of a parameter; `None` if it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|pair| pair.0 == name);
        found.map(|pair| pair.1.as_str())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| invalid(name, "is required"))
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let number = self.get(name).map(str::parse).transpose();
        number.map_err(|_| invalid(name, "must be an integer of at least 0"))
    }

    /// Returns a number in a range, or its default.
    pub(crate) fn number_in(
        &self,
        name: &str,
        default: usize,
        (least, most): (usize, usize),
    ) -> Result<usize, ApiError> {
        let Some(number) = self.number(name)? else {
            return Ok(default);
        };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        if !(least..=most).contains(&number) {
            let rule = format!("must be from {least} to {most}");
            return Err(invalid(name, &rule));
        }
        Ok(number)
    }

    /// Returns a parameter that has only these values.
    pub(crate) fn one_of(&self, name: &str, valid: &[&str]) -> Result<Option<&str>, ApiError> {
        let value = self.get(name);
        if value.is_some_and(|value| !valid.contains(&value)) {
            let rule = format!("must be one of {}", valid.join(", "));
            return Err(invalid(name, &rule));
        }
        Ok(value)
    }

    /// Returns a Boolean parameter; KuCoin accepts it in any case.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let value = self.get(name).map(str::to_ascii_lowercase);
        let value = value.map(|text| text.parse::<bool>()).transpose();
        value.map_err(|_| invalid(name, "must be true or false"))
    }

    /// Returns `true` if `value` is in the comma-separated list of a parameter, or if the parameter is missing.
    pub(crate) fn lists(&self, name: &str, value: &str) -> bool {
        self.get(name)
            .is_none_or(|list| list.split(',').any(|known| known == value))
    }
}

/// Returns the error of a parameter: code 400100, with the name of the parameter.
pub(crate) fn invalid(name: &str, rule: &str) -> ApiError {
    ApiError::new(400, "400100", &format!("Parameter error: {name} {rule}"))
}

/// Decodes percent-encoded bytes; an invalid escape is kept unchanged.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let hex = hex.and_then(|digits| std::str::from_utf8(digits).ok());
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_checked() {
        let text = "symbol=BTC%2DUSDT&limit=20&empty=&currency=BTC,ETH&bad=%zz%4&on=True&off=false";
        let query = Query::parse(text);
        let flags = ["on", "off", "empty"].map(|name| query.flag(name));
        assert_eq!(flags, [Ok(Some(true)), Ok(Some(false)), Ok(None)]);
        assert_eq!(query.get("symbol"), Some("BTC-USDT"));
        assert_eq!(query.get("bad"), Some("%zz%4"));
        assert_eq!(query.get("empty"), None);
        assert_eq!(query.number_in("limit", 5, (1, 100)), Ok(20));
        assert_eq!(query.number_in("pageSize", 5, (1, 100)), Ok(5));
        assert!(query.lists("currency", "ETH") && !query.lists("currency", "SOL"));
        assert!(query.lists("direction", "in"));
        for (error, name) in [
            (query.required("empty").unwrap_err(), "empty is required"),
            (query.number("symbol").unwrap_err(), "symbol must be an"),
            (
                query.number_in("limit", 5, (1, 10)).unwrap_err(),
                "limit must be from 1 to 10",
            ),
            (query.flag("limit").unwrap_err(), "limit must be true or"),
            (
                query.one_of("currency", &["BTC"]).unwrap_err(),
                "currency must be one of BTC",
            ),
        ] {
            assert_eq!((error.status, error.code.as_str()), (400, "400100"));
            assert!(error.message.contains(name), "{}", error.message);
        }
    }
}
