//! The text of a payload: UTF-8 as it is, or raw deflate around it, opened within fixed limits.

use std::borrow::Cow;

use kucoin_streams_core::WireError;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

/// More than any frame of the exchange; a payload that grows beyond it is an attack or a mistake.
const MOST_BYTES: usize = 1 << 20;
/// Frames of this protocol shrink to a third; a hundredth is a bomb.
const MOST_TIMES: usize = 100;

/// The text of a payload.
///
/// Every frame seen today is plain JSON, in binary messages. Clients in use still expect raw deflate, without the zlib
/// header, so that is tried for what is no JSON text.
pub(crate) fn text(payload: &[u8]) -> Result<Cow<'_, str>, WireError> {
    let plain = std::str::from_utf8(payload);
    match plain {
        Ok(text) if begins_as_json(payload) => Ok(Cow::Borrowed(text)),
        // A text of anything else is no frame, but that is for the reader to say.
        Ok(text) => Ok(inflate(payload).map_or(Cow::Borrowed(text), Cow::Owned)),
        // Deflate may begin with a byte that JSON may begin with, too, such as white space.
        Err(error) => {
            inflate(payload)
                .map(Cow::Owned)
                .map_err(|refused| match begins_as_json(payload) {
                    true => WireError::new("not utf-8", error.valid_up_to()),
                    false => refused,
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
    let refused = |reason| WireError::new(reason, 0);
    let most = payload.len().saturating_mul(MOST_TIMES).min(MOST_BYTES);
    let inflated =
        decompress_to_vec_with_limit(payload, most).map_err(|error| match error.status {
            TINFLStatus::HasMoreOutput => refused("deflate beyond the limit"),
            _ => refused("neither utf-8 nor deflate"),
        })?;
    // Chance bytes may be deflate of something; a frame is JSON.
    if !begins_as_json(&inflated) {
        return Err(refused("deflate of no json"));
    }
    String::from_utf8(inflated).map_err(|_| refused("deflate of no utf-8"))
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn deflate_is_read_whatever_byte_it_begins_with() {
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
    fn refusal(payload: &[u8]) -> WireError {
        text(payload).unwrap_err()
    }

    #[test]
    fn plain_text_is_not_copied() {
        for plain in [WELCOME, " {}", "[]", "\"pong\"", "", "pong", "\u{feff}{}"] {
            assert!(matches!(text(plain.as_bytes()), Ok(Cow::Borrowed(text)) if text == plain));
        }
    }

    #[test]
    fn raw_deflate_is_opened() {
        // Made by zlib, level 9, window bits -15.
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
    fn broken_text_is_refused_at_its_first_wrong_byte() {
        let error = refusal(b"{\"T\":\"\xff\"}");
        assert_eq!((error.reason, error.offset), ("not utf-8", 6));
    }

    #[test]
    fn deflate_of_anything_but_json_text_is_refused() {
        let reason = |inner: &[u8]| refusal(&compress_to_vec(inner, 6)).reason;
        assert_eq!(reason(b"hello"), "deflate of no json");
        assert_eq!(reason(b"{\"a\":\"\xff\"}"), "deflate of no utf-8");
        let whole = compress_to_vec(WELCOME.as_bytes(), 6);
        assert_eq!(
            refusal(&whole[..whole.len() - 4]).reason,
            "neither utf-8 nor deflate"
        );
        assert_eq!(refusal(b"\xff\xfe").reason, "neither utf-8 nor deflate");
    }

    #[test]
    fn a_bomb_is_refused_by_its_ratio_and_by_its_size() {
        let blanks = vec![b' '; 64 * 1024];
        let bomb = compress_to_vec(&blanks, 9);
        assert!(bomb.len() * MOST_TIMES < blanks.len());
        assert_eq!(refusal(&bomb).reason, "deflate beyond the limit");

        // Random enough to stay below the ratio, and a byte too long.
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b' ' + (state >> 28) as u8
        });
        let long: Vec<u8> = std::iter::once(b'[')
            .chain(noise)
            .take(MOST_BYTES + 1)
            .collect();
        let payload = compress_to_vec(&long, 1);
        assert!(payload.len() * MOST_TIMES > long.len());
        assert_eq!(refusal(&payload).reason, "deflate beyond the limit");
        let fits = compress_to_vec(&long[..MOST_BYTES], 1);
        assert_eq!(text(&fits).unwrap().len(), MOST_BYTES);
    }

    fn check_limits(payload: &[u8]) -> Result<(), TestCaseError> {
        if let Ok(Cow::Owned(inflated)) = text(payload) {
            prop_assert!(!begins_as_json(payload));
            prop_assert!(inflated.len() <= MOST_BYTES);
            prop_assert!(inflated.len() <= payload.len() * MOST_TIMES);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn any_payload_is_text_within_the_limits_or_an_error(
            payload in proptest::collection::vec(any::<u8>(), 0..512)
        ) {
            check_limits(&payload)?;
        }

        #[test]
        fn deflate_is_opened_exactly_where_it_is_within_the_limits(
            unit in "[ -~]{1,8}", times in 1_usize..8_000, level in 1_u8..=9
        ) {
            let inner = format!("[{}", unit.repeat(times));
            let payload = compress_to_vec(inner.as_bytes(), level);
            check_limits(&payload)?;
            let fits = inner.len() <= MOST_BYTES && inner.len() <= payload.len() * MOST_TIMES;
            // A deflate stream may begin with a byte that JSON begins with; then it is taken as plain.
            if !begins_as_json(&payload) {
                prop_assert_eq!(text(&payload).is_ok_and(|text| text == inner), fits);
            }
        }

        #[test]
        fn damaged_deflate_is_never_a_panic(at in 0_usize..64, byte: u8, level in 0_u8..=9) {
            let mut payload = compress_to_vec(WELCOME.repeat(20).as_bytes(), level);
            let at = at % payload.len();
            payload[at] = byte;
            check_limits(&payload)?;
        }
    }
}
