//! Payloads of Pro V2, plain or deflated: bounded in size, and what they become is told apart without a panic.

use std::borrow::Cow;

use kucoin_streams_core::Protocol;
use kucoin_streams_pro::ProV2;

const MOST_BYTES: usize = 1 << 20;
const MOST_TIMES: usize = 100;

/// Any bytes as the payload of a message.
pub fn payload(bytes: &[u8]) {
    let plain = std::str::from_utf8(bytes);
    let begins_as_json = matches!(
        bytes.first(),
        Some(b'{' | b'[' | b'"' | b' ' | b'\t' | b'\n' | b'\r')
    );
    match ProV2::text(bytes) {
        Ok(Cow::Borrowed(text)) => assert_eq!(Ok(text), plain),
        Ok(Cow::Owned(text)) => {
            // Deflate may begin with a byte that JSON may begin with, but it is no text.
            let is_json_text = plain.is_ok() && begins_as_json;
            assert!(!is_json_text, "{bytes:?} was inflated");
            assert!(text.len() <= MOST_BYTES.min(bytes.len() * MOST_TIMES));
            // What it is, is told without a panic; whether rightly, the target of envelopes tells.
            let _ = ProV2::classify(&text);
        }
        Err(error) => {
            assert!(plain.is_err(), "{plain:?} was refused");
            assert!(error.offset <= bytes.len());
        }
    }
}
