//! Scope of a V1 refusal, from its code and its text.

use kucoin_streams_core::RefusalScope;

/// Returns the scope of a refusal, such as the request or the token, from its code and then its text.
///
/// KuCoin uses 400 and 509 for several problems each, and its texts change. An unknown text therefore means that only
/// the request is refused.
pub(crate) fn scope(code: Option<i64>, message: &str) -> RefusalScope {
    let text = message.to_ascii_lowercase();
    let has = |phrase: &str| text.contains(phrase);
    match code {
        Some(401) => RefusalScope::Token,
        Some(400) if has("ping timeout") => RefusalScope::Connection,
        Some(400 | 403 | 404 | 406 | 415) => RefusalScope::Request,
        Some(509) if has("subscription") => RefusalScope::Request,
        Some(509) if has("permits per second") => RefusalScope::RateLimit,
        Some(509) if has("session count") => RefusalScope::ConnectionLimit,
        Some(509) if has("busy") => RefusalScope::Busy,
        Some(509) => RefusalScope::Request,
        // "system error": the same request may succeed later.
        Some(500..=599) => RefusalScope::Temporary,
        Some(_) => RefusalScope::Request,
        None if has("token is expired") || has("token is invalid") => RefusalScope::Token,
        None if has("ping timeout") => RefusalScope::Connection,
        None => RefusalScope::Request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_decides_first_then_text() {
        use RefusalScope::{
            Busy, Connection, ConnectionLimit, RateLimit, Request, Temporary, Token,
        };
        let table = [
            (Some(401), "token is expired", Token),
            (Some(401), "an unknown text", Token),
            (Some(400), "topic /market/match: X is invalid", Request),
            (Some(400), "Ping timeout", Connection),
            (Some(403), "login is required", Request),
            (Some(404), "topic /a/ping timeout is not found", Request),
            (Some(406), "topic is required", Request),
            (Some(415), "type is not supported", Request),
            (Some(500), "system error", Temporary),
            (
                Some(509),
                "exceed max session count limitation of 50",
                ConnectionLimit,
            ),
            (Some(509), "service busy, please retry later", Busy),
            (Some(509), "exceed max permits per second", RateLimit),
            (
                Some(509),
                "exceed max subscription count limitation of 400 per session",
                Request,
            ),
            (
                Some(509),
                "exceed max subscription count limitation of 100 per time",
                Request,
            ),
            (Some(509), "an unknown text", Request),
            (Some(418), "token is expired", Request),
            (None, "token is expired", Token),
            (None, "", Request),
        ];
        for (code, message, expected) in table {
            assert_eq!(scope(code, message), expected, "{code:?} {message}");
        }
    }
}
