//! What a refusal of Pro V2 is about: by its code where it has one, else by its words.

use kucoin_streams_core::RefusalScope;

/// Decides what a refusal means for the connection.
///
/// Answers to requests carry no code here; codes come with errors of the older shape. Words drift, so what is not
/// recognised means the harmless reading: that request is refused and the connection is well.
pub(crate) fn scope(code: Option<i64>, message: &str) -> RefusalScope {
    let words = message.to_ascii_lowercase();
    let says = |phrase: &str| words.contains(phrase);
    match code {
        // The time of a login was off, or it came too late: the next dial makes another.
        Some(400_002 | 400_012) => RefusalScope::Connection,
        // The token, or the key and signature of a login.
        Some(401 | 400_001..=400_012) => RefusalScope::Token,
        Some(400) if says("ping timeout") => RefusalScope::Connection,
        Some(429 | 429_000) => RefusalScope::Pace,
        Some(509) if says("permits per second") => RefusalScope::Pace,
        Some(509) if says("session count") => RefusalScope::Sessions,
        Some(509) if says("busy") => RefusalScope::Busy,
        Some(509) => RefusalScope::Request,
        // The server's own trouble: the same request may pass after a pause.
        Some(500..=599 | 500_000) => RefusalScope::Temporary,
        Some(_) => RefusalScope::Request,
        None if says("token is expired") || says("token is invalid") => RefusalScope::Token,
        None if says("ping timeout") => RefusalScope::Connection,
        None if says("permits per second") || says("too many requests") => RefusalScope::Pace,
        // A login is answered in words alone, and only a refusal of its key may end the connection.
        None if says("kc-api-timestamp") => RefusalScope::Connection,
        None if says("busy") || says("try again") || says("system error") => RefusalScope::Pace,
        None => RefusalScope::Request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_and_words_speak_only_where_it_does_not() {
        use RefusalScope::{Busy, Connection, Pace, Request, Sessions, Temporary, Token};
        let table = [
            (None, "invalid request data", Request),
            (None, "missing `symbol` for topic: Position", Request),
            (None, "symbols are not supported for topic obu", Request),
            (None, "", Request),
            (None, "Token is expired", Token),
            (None, "too many requests", Pace),
            (None, "ping timeout", Connection),
            (None, "Invalid KC-API-TIMESTAMP", Connection),
            (None, "Invalid KC-API-SIGN", Request),
            (None, "Service busy, please try again", Pace),
            (Some(400_002), "KC-API-TIMESTAMP Invalid", Connection),
            (Some(400_012), "session challenge timed out", Connection),
            (Some(401), "token is expired", Token),
            (Some(401), "words that nobody has seen yet", Token),
            (Some(400_003), "KC-API-KEY not exists", Token),
            (Some(400_301), "region", Request),
            (Some(400), "ping timeout", Connection),
            (Some(400), "topic is invalid", Request),
            (Some(403), "token is expired", Request),
            (Some(404), "topic /ping timeout is not found", Request),
            (Some(429_000), "", Pace),
            (Some(500), "system error", Temporary),
            (Some(509), "exceed max permits per second", Pace),
            (
                Some(509),
                "exceed max session count limitation of 50",
                Sessions,
            ),
            (Some(509), "service busy", Busy),
            (
                Some(509),
                "exceed max subscription count limitation of 400 per session",
                Request,
            ),
        ];
        for (code, message, expected) in table {
            assert_eq!(scope(code, message), expected, "{code:?} {message}");
        }
    }
}
