//! Control frames of the server: welcome, pong, acknowledgement, error.

use crate::json::Object;

pub(crate) fn welcome(connect_id: &str) -> String {
    Object::new()
        .field("id", connect_id)
        .field("type", "welcome")
        .end()
}

/// Returns a pong; `timestamp` is in microseconds, as seen on the wire in 2026.
pub(crate) fn pong(id: Option<&str>, timestamp_us: u64) -> String {
    Object::new()
        .field("id", id)
        .field("type", "pong")
        .field("timestamp", timestamp_us)
        .end()
}

pub(crate) fn ack(id: Option<&str>) -> String {
    Object::new().field("id", id).field("type", "ack").end()
}

pub(crate) fn error(id: Option<&str>, code: u16, text: &str) -> String {
    Object::new()
        .field("id", id)
        .field("type", "error")
        .field("code", code)
        .field("data", text)
        .end()
}
