//! The text to sign: timestamp, method, path with query, and body.

/// The text that is signed for one request: timestamp, method, path with query, and body.
///
/// KuCoin accepts a request within five seconds of its timestamp, so create the prehash right before sending. `Debug`
/// shows the whole text, which contains no secret unless you put one into the path or the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prehash {
    text: String,
    timestamp_len: usize,
}

impl Prehash {
    /// Concatenates the timestamp, the method, the path with its query, and the body.
    ///
    /// The timestamp is in milliseconds since 1970, the method in upper case. Path, query and body must be exactly as
    /// sent (`""` for no body).
    pub fn new(timestamp_ms: u64, method: &str, path_and_query: &str, body: &str) -> Self {
        let mut text = timestamp_ms.to_string();
        let timestamp_len = text.len();
        text.reserve(method.len() + path_and_query.len() + body.len());
        text.push_str(method);
        text.push_str(path_and_query);
        text.push_str(body);
        Self {
            text,
            timestamp_len,
        }
    }

    /// Returns the value of `KC-API-TIMESTAMP`, in milliseconds since 1970.
    pub fn timestamp(&self) -> &str {
        &self.text[..self.timestamp_len]
    }

    /// Returns the bytes to sign.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_concatenated() {
        let prehash = Prehash::new(1_700_000_000_000, "POST", "/api/v1/orders?a=b", "{}");
        assert_eq!(prehash.as_bytes(), b"1700000000000POST/api/v1/orders?a=b{}");
        assert_eq!(prehash.timestamp(), "1700000000000");
    }
}
