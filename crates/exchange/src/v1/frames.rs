//! Control frames as the server writes them: welcome, pong, acknowledgement, error.

use crate::json::Object;

pub(crate) fn welcome(connect_id: &str) -> String {
    Object::new()
        .field("id", connect_id)
        .field("type", "welcome")
        .end()
}

/// `timestamp` is in microseconds, as seen on the wire in 2026.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_written_as_on_the_wire() {
        assert_eq!(
            welcome("17lakE8wCgq"),
            r#"{"id":"17lakE8wCgq","type":"welcome"}"#
        );
        assert_eq!(ack(Some("1")), r#"{"id":"1","type":"ack"}"#);
        assert_eq!(
            pong(None, 1_768_824_067_407_080),
            r#"{"type":"pong","timestamp":1768824067407080}"#
        );
        assert_eq!(
            error(Some("64d8"), 401, "token is expired"),
            r#"{"id":"64d8","type":"error","code":401,"data":"token is expired"}"#
        );
    }
}
