//! Reads a server's refusal of the upgrade: how long to wait, and the body with the token redacted.

use std::ops::Range;
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::UpgradeRefusal;

/// The maximum number of bytes that are read of a refusal's body.
pub(super) const MAX_BODY: usize = 4096;

/// Creates a refusal; `body` may be truncated at [`MAX_BODY`] or at the deadline.
pub(super) fn refusal(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[&str],
) -> UpgradeRefusal {
    let refusal =
        UpgradeRefusal::new(status).with_body(&redact(&String::from_utf8_lossy(body), secrets));
    match retry_after(headers) {
        Some(wait) => refusal.with_retry_after(wait),
        None => refusal,
    }
}

/// Returns how long the server asks to wait; `None` if it does not say.
///
/// The time is from KuCoin's header `gw-ratelimit-reset`, in milliseconds, else from `Retry-After`, in seconds. A date
/// in `Retry-After` is ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    number("gw-ratelimit-reset")
        .map(Duration::from_millis)
        .or_else(|| number(RETRY_AFTER.as_str()).map(Duration::from_secs))
}

/// Redacts every part of a secret, in any encoding.
///
/// A server may quote the request line escaped, wrapped or truncated. Short values such as `1` are not redacted,
/// because that would only make the text unreadable.
fn redact(body: &str, secrets: &[&str]) -> String {
    let decoded = |text: &str| decode(text).map(|(byte, _)| byte).collect();
    let secrets: Vec<Vec<u8>> = secrets.iter().map(|secret| decoded(secret)).collect();
    let text: Vec<(u8, Range<usize>)> = decode(body).collect();
    let mut shown = Vec::with_capacity(body.len());
    let (mut copied, mut at) = (0, 0);
    while at < text.len() {
        let lengths = secrets
            .iter()
            .map(|secret| matching_len(secret, &text[at..]));
        let length = lengths.max().unwrap_or(0);
        if length > 0 {
            shown.extend_from_slice(&body.as_bytes()[copied..text[at].1.start]);
            shown.extend_from_slice(b"[redacted]");
            copied = text[at + length - 1].1.end;
        }
        at += length.max(1);
    }
    shown.extend_from_slice(&body.as_bytes()[copied..]);
    String::from_utf8_lossy(&shown).into_owned()
}

/// Returns the number of bytes at the start of `text` that match a part of the secret; otherwise 0.
///
/// At least six bytes must match if the part is the start of the secret, and at least eight for any other part.
fn matching_len(secret: &[u8], text: &[(u8, Range<usize>)]) -> usize {
    let lengths = (0..secret.len()).map(|start| {
        let pairs = secret[start..].iter().zip(text);
        let length = pairs.take_while(|(one, (other, _))| *one == other).count();
        let shortest = if start == 0 { 6 } else { 8 };
        if length < shortest { 0 } else { length }
    });
    lengths.max().unwrap_or(0)
}

/// Decodes URL and JSON escapes, and returns each byte with its range in the text.
///
/// White space, `+` and `\` are skipped, because they may be a space, a line break or an escape.
fn decode(text: &str) -> impl Iterator<Item = (u8, Range<usize>)> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.as_bytes().get(start..)?;
            let (byte, length) = decode_first(rest)?;
            let range = start..start + length;
            start = range.end;
            if !matches!(byte, b'+' | b'\\') && !byte.is_ascii_whitespace() {
                return Some((byte, range));
            }
        }
    })
}

/// Decodes the first byte of a text; returns it with its encoded length.
fn decode_first(text: &[u8]) -> Option<(u8, usize)> {
    let escaped = match text {
        [b'\\', b'n' | b'r' | b't', ..] => Some((b' ', 2)),
        [b'\\', b'u', b'0', b'0', rest @ ..] => hex(rest).map(|byte| (byte, 6)),
        [b'%', rest @ ..] => {
            // Escaped several times: `%252B`.
            let mut digits = rest;
            while let Some(inner) = digits.strip_prefix(b"25").filter(|it| hex(it).is_some()) {
                digits = inner;
            }
            hex(digits).map(|byte| (byte, text.len() - digits.len() + 2))
        }
        _ => None,
    };
    escaped.or_else(|| Some((*text.first()?, 1)))
}

/// Decodes the two hexadecimal digits at the start of a text.
fn hex(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(*text.first()?)?, digit(*text.get(1)?)?);
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_redacted_in_every_encoding() {
        let secret = "canary%2Btoken%2Fof%3Dtwenty%3D";
        let check = |body: &str, expected: &str| {
            assert_eq!(redact(body, &[secret]), expected, "{body}");
        };
        for spelling in [
            "canary%2Btoken%2Fof%3Dtwenty%3D",
            "canary%2btoken%2fof%3dtwenty%3d",
            "canary+token/of=twenty=",
            "canary token/of=twenty=",
            "canary%20token%2Fof%3Dtwenty%3D",
            r"canary+token\/of=twenty=",
            r"canary\u002btoken\u002Fof\u003dtwenty=",
            "canary%252Btoken%252Fof%25253Dtwenty%253D",
            "canary+token/\r\n  of=twenty=",
            r"canary+token/\nof=twenty=",
        ] {
            check(
                &format!("GET /?token={spelling}, bad"),
                "GET /?token=[redacted], bad",
            );
            check(&format!("{spelling}{spelling}é"), "[redacted][redacted]é");
        }
        check("token canary%2Btok... is cut", "token [redacted]... is cut");
        check("token canary+... is cut", "token [redacted]+... is cut");
        check("middle oken/of=twen, too", "middle [redacted], too");
        check("end %3dtwenty%3d", "end [redacted]");
        check("no token here, of twenty", "no token here, of twenty");
    }

    #[test]
    fn text_without_a_secret_is_unchanged() {
        assert_eq!(redact("1 of 10 at v1", &["1", "v1"]), "1 of 10 at v1");
        let text = "100% \\ of \\u00 + %2 % \\u00e9 é%";
        assert_eq!(redact(text, &["canary-token"]), text);
    }

    #[test]
    fn wait_is_read_in_the_unit_of_its_header() {
        let check = |name: &'static str, value: &'static str, expected: Option<Duration>| {
            let mut headers = HeaderMap::new();
            headers.insert(name, http::HeaderValue::from_static(value));
            assert_eq!(
                refusal(429, &headers, b"", &[]).retry_after(),
                expected,
                "{name}: {value}"
            );
        };
        check("retry-after", "7", Some(Duration::from_secs(7)));
        check(
            "gw-ratelimit-reset",
            "1500",
            Some(Duration::from_millis(1500)),
        );
        check("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT", None);
        check("retry-after", "-1", None);
    }
}
