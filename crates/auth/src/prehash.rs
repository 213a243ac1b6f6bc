//! The text that KuCoin signs: timestamp, method, path with query, body.

/// What a signature is made over, with the timestamp that it holds.
///
/// KuCoin takes a request for five seconds around its timestamp, so make it right before the request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prehash {
    text: String,
    timestamp_len: usize,
}

impl Prehash {
    /// Joins the parts: milliseconds since 1970, the method in upper case, the path with its query exactly as it
    /// is sent, and the body exactly as it is sent (`""` for none).
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

    /// The value of `KC-API-TIMESTAMP`, in milliseconds since 1970.
    pub fn timestamp(&self) -> &str {
        &self.text[..self.timestamp_len]
    }

    /// The bytes to sign.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_joined_with_nothing_between() {
        let prehash = Prehash::new(1_700_000_000_000, "POST", "/api/v1/orders?a=b", "{}");
        assert_eq!(prehash.as_bytes(), b"1700000000000POST/api/v1/orders?a=b{}");
        assert_eq!(prehash.timestamp(), "1700000000000");
    }
}
