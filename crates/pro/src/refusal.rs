//! Scope of a Pro V2 refusal, from its code or, without a code, from its message.

use kucoin_streams_core::RefusalScope;

/// Returns the scope of a refusal, such as the request, the token or the connection.
///
/// Answers to requests have no code; only errors of the older format do. Messages can change, so an unknown message
/// has the least severe scope: the request is refused and the connection continues.
pub(crate) fn scope(code: Option<i64>, message: &str) -> RefusalScope {
    let message = message.to_ascii_lowercase();
    let says = |phrase: &str| message.contains(phrase);
    match code {
        // Wrong timestamp or timeout of a login: the next dial makes a new login.
        Some(400_002 | 400_012) => RefusalScope::Connection,
        // Refused token, or refused key or signature of a login.
        Some(401 | 400_001..=400_012) => RefusalScope::Token,
        Some(400) if says("ping timeout") => RefusalScope::Connection,
        Some(429 | 429_000) => RefusalScope::RateLimit,
        Some(509) if says("permits per second") => RefusalScope::RateLimit,
        Some(509) if says("session count") => RefusalScope::ConnectionLimit,
        Some(509) if says("busy") => RefusalScope::Busy,
        Some(509) => RefusalScope::Request,
        // Server error: the same request can succeed later.
        Some(500..=599 | 500_000) => RefusalScope::Temporary,
        Some(_) => RefusalScope::Request,
        None if says("token is expired") || says("token is invalid") => RefusalScope::Token,
        None if says("ping timeout") => RefusalScope::Connection,
        None if says("permits per second") || says("too many requests") => RefusalScope::RateLimit,
        // A refused login has a message only; a wrong timestamp must not count as refused credentials.
        None if says("kc-api-timestamp") => RefusalScope::Connection,
        None if says("busy") || says("try again") || says("system error") => {
            RefusalScope::RateLimit
        }
        None => RefusalScope::Request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_decides_before_the_message() {
        use RefusalScope::{
            Busy, Connection, ConnectionLimit, RateLimit, Request, Temporary, Token,
        };
        let table = [
            (None, "invalid request data", Request),
            (None, "missing `symbol` for topic: Position", Request),
            (None, "symbols are not supported for topic obu", Request),
            (None, "", Request),
            (None, "Token is expired", Token),
            (None, "too many requests", RateLimit),
            (None, "ping timeout", Connection),
            (None, "Invalid KC-API-TIMESTAMP", Connection),
            (None, "Invalid KC-API-SIGN", Request),
            (None, "Service busy, please try again", RateLimit),
            (Some(400_002), "KC-API-TIMESTAMP Invalid", Connection),
            (Some(400_012), "session challenge timed out", Connection),
            (Some(401), "token is expired", Token),
            (Some(401), "a message not seen yet", Token),
            (Some(400_003), "KC-API-KEY not exists", Token),
            (Some(400_301), "region", Request),
            (Some(400), "ping timeout", Connection),
            (Some(400), "topic is invalid", Request),
            (Some(403), "token is expired", Request),
            (Some(404), "topic /ping timeout is not found", Request),
            (Some(429_000), "", RateLimit),
            (Some(500), "system error", Temporary),
            (Some(509), "exceed max permits per second", RateLimit),
            (
                Some(509),
                "exceed max session count limitation of 50",
                ConnectionLimit,
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
