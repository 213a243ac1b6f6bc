//! Converts a payload to text: UTF-8 is unchanged, raw deflate is inflated within fixed limits.

use std::borrow::Cow;

use kucoin_streams_core::WireError;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

/// Maximum size of inflated text, in bytes: larger than any frame of KuCoin.
const MAX_INFLATED_BYTES: usize = 1 << 20;
/// Maximum ratio of the inflated size to the payload size.
///
/// A higher ratio is refused as a decompression bomb. Frames of this protocol deflate to about a third.
const MAX_RATIO: usize = 100;

/// Returns the text of a payload.
///
/// Every frame seen today is plain JSON in a binary message. Other clients still expect raw deflate (without the zlib
/// header), so a payload that is not JSON text is inflated.
pub(crate) fn text(payload: &[u8]) -> Result<Cow<'_, str>, WireError> {
    let plain = std::str::from_utf8(payload);
    match plain {
        Ok(text) if begins_as_json(payload) => Ok(Cow::Borrowed(text)),
        // Text that is neither JSON nor deflate is rejected later, by `classify`.
        Ok(text) => Ok(inflate(payload).map_or(Cow::Borrowed(text), Cow::Owned)),
        // A deflate stream can begin with the same byte as JSON, such as white space.
        Err(error) => {
            inflate(payload).map(Cow::Owned).map_err(|inflate_error| {
                match begins_as_json(payload) {
                    true => WireError::new("invalid UTF-8", error.valid_up_to()),
                    false => inflate_error,
                }
            })
        }
    }
}

fn begins_as_json(bytes: &[u8]) -> bool {
    matches!(
        bytes.first(),
        Some(b'{' | b'[' | b'"' | b' ' | b'\t' | b'\n' | b'\r')
    )
}

fn inflate(payload: &[u8]) -> Result<String, WireError> {
    let error = |reason| WireError::new(reason, 0);
    let limit = payload
        .len()
        .saturating_mul(MAX_RATIO)
        .min(MAX_INFLATED_BYTES);
    let inflated =
        decompress_to_vec_with_limit(payload, limit).map_err(|cause| match cause.status {
            TINFLStatus::HasMoreOutput => error("inflated payload exceeds the size limit"),
            _ => error("neither UTF-8 nor deflate"),
        })?;
    // Random bytes can happen to be valid deflate.
    if !begins_as_json(&inflated) {
        return Err(error("inflated payload is not JSON"));
    }
    String::from_utf8(inflated).map_err(|_| error("inflated payload is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn deflate_with_any_first_byte_is_inflated() {
        let mut first_bytes = std::collections::HashSet::new();
        for length in 0..4_000 {
            let frame = format!(
                r#"{{"T":"x","d":"{}"}}"#,
                "k3b".repeat(length % 61) + &length.to_string()
            );
            for level in [1, 6, 9] {
                let payload = compress_to_vec(frame.as_bytes(), level);
                first_bytes.insert(payload[0]);
                assert_eq!(text(&payload).as_deref(), Ok(&*frame), "{payload:02x?}");
            }
        }
        assert!(first_bytes.len() > 3, "{first_bytes:?}");
    }

    const WELCOME: &str = r#"{"sessionId":"0b6f9d51","message":"welcome","pingInterval":18000}"#;

    #[track_caller]
    fn text_error(payload: &[u8]) -> WireError {
        text(payload).unwrap_err()
    }

    #[test]
    fn plain_text_is_not_copied() {
        for plain in [WELCOME, " {}", "[]", "\"pong\"", "", "pong", "\u{feff}{}"] {
            assert!(matches!(text(plain.as_bytes()), Ok(Cow::Borrowed(text)) if text == plain));
        }
    }

    #[test]
    fn raw_deflate_is_inflated() {
        // Compressed with zlib, level 9, window bits -15.
        const BY_ZLIB: &[u8] = &[
            0xab, 0x56, 0x2a, 0x4e, 0x2d, 0x2e, 0xce, 0xcc, 0xcf, 0xf3, 0x4c, 0x51, 0xb2, 0x52,
            0x32, 0x48, 0x32, 0x4b, 0xb3, 0x4c, 0x31, 0x35, 0x54, 0xd2, 0x51, 0xca, 0x05, 0x0a,
            0x27, 0xa6, 0xa7, 0x02, 0x05, 0xcb, 0x53, 0x73, 0x92, 0xf3, 0x73, 0x53, 0x81, 0x62,
            0x05, 0x99, 0x79, 0xe9, 0x9e, 0x79, 0x25, 0xa9, 0x45, 0x65, 0x89, 0x39, 0x4a, 0x56,
            0x86, 0x16, 0x06, 0x06, 0x06, 0xb5, 0x00,
        ];
        assert_eq!(text(BY_ZLIB).unwrap(), WELCOME);
        for level in 0..=9 {
            let payload = compress_to_vec(WELCOME.as_bytes(), level);
            assert_eq!(text(&payload).unwrap(), WELCOME, "level {level}");
        }
    }

    #[test]
    fn invalid_utf8_error_has_the_offset() {
        let error = text_error(b"{\"T\":\"\xff\"}");
        assert_eq!((error.reason, error.offset), ("invalid UTF-8", 6));
    }

    #[test]
    fn deflate_of_anything_but_json_is_an_error() {
        let reason = |inner: &[u8]| text_error(&compress_to_vec(inner, 6)).reason;
        assert_eq!(reason(b"hello"), "inflated payload is not JSON");
        assert_eq!(reason(b"{\"a\":\"\xff\"}"), "inflated payload is not UTF-8");
        let whole = compress_to_vec(WELCOME.as_bytes(), 6);
        assert_eq!(
            text_error(&whole[..whole.len() - 4]).reason,
            "neither UTF-8 nor deflate"
        );
        assert_eq!(text_error(b"\xff\xfe").reason, "neither UTF-8 nor deflate");
    }

    #[test]
    fn bomb_is_rejected_by_ratio_and_by_size() {
        let blanks = vec![b' '; 64 * 1024];
        let bomb = compress_to_vec(&blanks, 9);
        assert!(bomb.len() * MAX_RATIO < blanks.len());
        let too_large = "inflated payload exceeds the size limit";
        assert_eq!(text_error(&bomb).reason, too_large);

        // Random enough to stay below the ratio, and one byte too long.
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b' ' + (state >> 28) as u8
        });
        let long: Vec<u8> = std::iter::once(b'[')
            .chain(noise)
            .take(MAX_INFLATED_BYTES + 1)
            .collect();
        let payload = compress_to_vec(&long, 1);
        assert!(payload.len() * MAX_RATIO > long.len());
        assert_eq!(text_error(&payload).reason, too_large);
        let fits = compress_to_vec(&long[..MAX_INFLATED_BYTES], 1);
        assert_eq!(text(&fits).unwrap().len(), MAX_INFLATED_BYTES);
    }

    fn check_limits(payload: &[u8]) -> Result<(), TestCaseError> {
        if let Ok(Cow::Owned(inflated)) = text(payload) {
            prop_assert!(!begins_as_json(payload));
            prop_assert!(inflated.len() <= MAX_INFLATED_BYTES);
            prop_assert!(inflated.len() <= payload.len() * MAX_RATIO);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn payload_is_text_within_the_limits_or_an_error(
            payload in proptest::collection::vec(any::<u8>(), 0..512)
        ) {
            check_limits(&payload)?;
        }

        #[test]
        fn deflate_is_inflated_exactly_if_within_the_limits(
            unit in "[ -~]{1,8}", times in 1_usize..8_000, level in 1_u8..=9
        ) {
            let inner = format!("[{}", unit.repeat(times));
            let payload = compress_to_vec(inner.as_bytes(), level);
            check_limits(&payload)?;
            let fits = inner.len() <= MAX_INFLATED_BYTES && inner.len() <= payload.len() * MAX_RATIO;
            // A deflate stream that begins like JSON can be valid plain text.
            if !begins_as_json(&payload) {
                prop_assert_eq!(text(&payload).is_ok_and(|text| text == inner), fits);
            }
        }

        #[test]
        fn damaged_deflate_never_panics(at in 0_usize..64, byte: u8, level in 0_u8..=9) {
            let mut payload = compress_to_vec(WELCOME.repeat(20).as_bytes(), level);
            let at = at % payload.len();
            payload[at] = byte;
            check_limits(&payload)?;
        }
    }
}
