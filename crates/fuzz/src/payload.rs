//! Checks payloads of Pro V2, plain or deflated: bounded in size, and no panic.

use std::borrow::Cow;

use kucoin_streams_core::Protocol;
use kucoin_streams_pro::ProV2;

const MAX_BYTES: usize = 1 << 20;
const MAX_RATIO: usize = 100;

/// Input: any bytes as the payload of a message.
pub fn payload(bytes: &[u8]) {
    let plain = std::str::from_utf8(bytes);
    let begins_as_json = matches!(
        bytes.first(),
        Some(b'{' | b'[' | b'"' | b' ' | b'\t' | b'\n' | b'\r')
    );
    match ProV2::text(bytes) {
        Ok(Cow::Borrowed(text)) => assert_eq!(Ok(text), plain),
        Ok(Cow::Owned(text)) => {
            // Deflate may begin with the same byte as JSON, but then it is not UTF-8.
            let is_json_text = plain.is_ok() && begins_as_json;
            assert!(!is_json_text, "{bytes:?} was inflated");
            assert!(text.len() <= MAX_BYTES.min(bytes.len() * MAX_RATIO));
            // It must not panic; the target `envelope` checks the result.
            let _ = ProV2::classify(&text);
        }
        Err(error) => {
            assert!(plain.is_err(), "{plain:?} was refused");
            assert!(error.offset <= bytes.len());
        }
    }
}
