//! Control frames of the server: welcome, pong, acknowledgement, refusal.

use std::time::Duration;

use crate::json::Object;

/// Reason why a request is refused.
///
/// There is no code: unreadable requests get a `message`, readable requests that are not served get a `reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Message(String),
    Reason(String),
}

impl Refusal {
    pub(super) fn invalid() -> Self {
        Self::Message("invalid request data".to_owned())
    }
}

pub(crate) fn welcome(session_id: &str, ping_interval: Duration) -> String {
    Object::new()
        .field("sessionId", session_id)
        .field("message", "welcome")
        .field("pingInterval", ping_interval.as_millis())
        .end()
}

/// Returns the answer to a ping with a `type`; the time is in nanoseconds.
pub(super) fn typed_pong(id: Option<&str>, time_ns: u64) -> String {
    Object::new()
        .field("type", "pong")
        .field("id", id)
        .field("ts", time_ns)
        .end()
}

/// Returns the answer to a ping with an `op`; the time is in milliseconds.
pub(super) fn operation_pong(id: Option<&str>, time_ms: u64) -> String {
    Object::new()
        .field("id", id)
        .field("op", "pong")
        .field("timestamp", time_ms)
        .end()
}

pub(crate) fn ack(id: Option<&str>) -> String {
    let answer = Object::new().field("id", id);
    answer.field("result", true).end()
}

pub(super) fn refused(id: Option<&str>, refusal: &Refusal) -> String {
    let answer = Object::new().field("id", id).field("result", false);
    match refusal {
        Refusal::Message(text) => answer.field("message", text),
        Refusal::Reason(text) => answer.field("reason", text),
    }
    .end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_frames_match_the_wire_format() {
        assert_eq!(
            welcome("1f0c", Duration::from_secs(18)),
            r#"{"sessionId":"1f0c","message":"welcome","pingInterval":18000}"#
        );
        assert_eq!(
            typed_pong(Some("7"), 1_790_113_111_261_396_000),
            r#"{"type":"pong","id":"7","ts":1790113111261396000}"#
        );
        assert_eq!(
            operation_pong(Some("7"), 1_790_113_111_261),
            r#"{"id":"7","op":"pong","timestamp":1790113111261}"#
        );
        assert_eq!(ack(Some("p1")), r#"{"id":"p1","result":true}"#);
        let reason = Refusal::Reason("missing `symbol` for topic: Position".to_owned());
        assert_eq!(
            refused(Some("p1"), &reason),
            r#"{"id":"p1","result":false,"reason":"missing `symbol` for topic: Position"}"#
        );
        assert_eq!(
            refused(None, &Refusal::invalid()),
            r#"{"result":false,"message":"invalid request data"}"#
        );
    }
}
