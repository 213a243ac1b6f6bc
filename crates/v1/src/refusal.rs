//! What an error frame of the V1 protocol is about: by its code first, then by its words.

use kucoin_streams_core::RefusalScope;

/// Decides what a refusal means for the connection.
///
/// KuCoin uses 400 and 509 for several things each and its words drift, so a text that is not recognised means
/// the harmless reading: that request is refused and the connection is well.
pub(crate) fn scope(code: Option<i64>, message: &str) -> RefusalScope {
    let words = message.to_ascii_lowercase();
    let says = |phrase: &str| words.contains(phrase);
    match code {
        Some(401) => RefusalScope::Token,
        Some(400) if says("ping timeout") => RefusalScope::Connection,
        Some(400 | 403 | 404 | 406 | 415) => RefusalScope::Request,
        Some(509) if says("subscription") => RefusalScope::Request,
        Some(509) if says("permits per second") => RefusalScope::Pace,
        Some(509) if says("session count") => RefusalScope::Sessions,
        Some(509) if says("busy") => RefusalScope::Busy,
        Some(509) => RefusalScope::Request,
        // "system error": the same request may pass after a pause.
        Some(500..=599) => RefusalScope::Temporary,
        Some(_) => RefusalScope::Request,
        None if says("token is expired") || says("token is invalid") => RefusalScope::Token,
        None if says("ping timeout") => RefusalScope::Connection,
        None => RefusalScope::Request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_and_the_words_refine() {
        use RefusalScope::{Busy, Connection, Pace, Request, Sessions, Temporary, Token};
        let table = [
            (Some(401), "token is expired", Token),
            (Some(401), "words that nobody has seen yet", Token),
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
                Sessions,
            ),
            (Some(509), "service busy, please retry later", Busy),
            (Some(509), "exceed max permits per second", Pace),
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
            (Some(509), "words that nobody has seen yet", Request),
            (Some(418), "token is expired", Request),
            (None, "token is expired", Token),
            (None, "", Request),
        ];
        for (code, message, expected) in table {
            assert_eq!(scope(code, message), expected, "{code:?} {message}");
        }
    }
}
