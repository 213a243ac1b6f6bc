//! What a server's refusal of the upgrade tells: when to come back, and its words without our token.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::Refusal;

/// How much of a refusal's body is read at all.
pub(super) const MAX_BODY: usize = 4096;

/// Puts a refusal together; `body` may be cut off at [`MAX_BODY`] or at the deadline.
pub(super) fn refusal(status: u16, headers: &HeaderMap, body: &[u8], secrets: &[&str]) -> Refusal {
    let refusal = Refusal::new(status).with_body(&redact(&String::from_utf8_lossy(body), secrets));
    match retry_after(headers) {
        Some(wait) => refusal.with_retry_after(wait),
        None => refusal,
    }
}

/// KuCoin counts in milliseconds in a header of its own; `Retry-After` counts in seconds (its date form is ignored).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    number("gw-ratelimit-reset")
        .map(Duration::from_millis)
        .or_else(|| number(RETRY_AFTER.as_str()).map(Duration::from_secs))
}

/// Removes every secret, also in its percent-decoded form, and one that the end of the body cuts off. A server
/// may quote the request line. Short values such as `1` are no secrets and would only make the text unreadable.
fn redact(body: &str, secrets: &[&str]) -> String {
    const MARK: &str = "[redacted]";
    const SHORTEST: usize = 6;
    let mut text = body.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        for form in [(*secret).to_owned(), percent_decoded(secret)] {
            text = text.replace(&form, MARK);
            let cut_off = (SHORTEST..form.len())
                .rev()
                .filter(|end| form.is_char_boundary(*end))
                .find(|end| text.ends_with(&form[..*end]));
            if let Some(length) = cut_off {
                text.truncate(text.len() - length);
                text.push_str(MARK);
            }
        }
    }
    text
}

fn percent_decoded(text: &str) -> String {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => digit(*high)
                .zip(digit(*low))
                .map(|(high, low)| high * 16 + low),
            _ => None,
        };
        decoded.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &rest[3..] } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_removed_in_every_form() {
        let secrets = ["token=canary%2Btoken", "canary%2Btoken"];
        let check =
            |body: &str, expected: &str| assert_eq!(redact(body, &secrets), expected, "{body}");
        check("bad GET /?token=canary%2Btoken!", "bad GET /?[redacted]!");
        check(
            "token canary+token is invalid",
            "token [redacted] is invalid",
        );
        check("canary%2Btoken, canary+token", "[redacted], [redacted]");
        check("cut off: canary%2Bto", "cut off: [redacted]");
        check("cut off: canary+tok", "cut off: [redacted]");
        check("no token here", "no token here");
    }

    #[test]
    fn short_values_stay_readable() {
        assert_eq!(redact("1 of 10 at v1", &["v=1", "1"]), "1 of 10 at v1");
    }

    #[test]
    fn the_wait_is_read_in_the_unit_of_its_header() {
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
