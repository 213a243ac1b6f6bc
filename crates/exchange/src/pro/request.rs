//! Client messages on a Pro V2 connection.

use serde_json::{Map, Value};

/// A JSON message from the client.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// Message ID; must be text, except in pings.
    pub(super) id: Option<String>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A ping with a `type`.
    TypedPing,
    /// A ping with an `op`.
    OperationPing,
    Login(Map<String, Value>),
    Subscribe(Map<String, Value>),
    Unsubscribe(Map<String, Value>),
    /// JSON of any other kind.
    Invalid,
}

/// Parses a message; `None` if it is not JSON, which the server ignores.
pub(super) fn parse(text: &str) -> Option<Request> {
    let Value::Object(message) = serde_json::from_str(text).ok()? else {
        return Some(Request {
            id: None,
            kind: Kind::Invalid,
        });
    };
    let id = message.get("id").cloned();
    let kind = kind(message);
    let (id, kind) = match (id, kind) {
        (Some(Value::String(id)), kind) => (Some(id), kind),
        (Some(Value::Number(id)), kind @ (Kind::TypedPing | Kind::OperationPing)) => {
            (Some(id.to_string()), kind)
        }
        // KuCoin documents the ID as optional for subscriptions.
        (None, kind) => (None, kind),
        // Refused, but still a login: its fields must not be recorded.
        (Some(_), Kind::Login(_)) => (None, Kind::Login(Map::new())),
        (Some(_), _) => (None, Kind::Invalid),
    };
    Some(Request { id, kind })
}

fn kind(message: Map<String, Value>) -> Kind {
    let word = |key: &str| message.get(key).and_then(Value::as_str);
    let action = word("action").map(str::to_ascii_lowercase);
    match (action.as_deref(), word("op"), word("type")) {
        (Some("subscribe"), ..) => Kind::Subscribe(message),
        (Some("unsubscribe"), ..) => Kind::Unsubscribe(message),
        (None, Some("ping"), _) => Kind::OperationPing,
        (None, Some("auth"), _) => Kind::Login(message),
        (None, None, Some("ping")) => Kind::TypedPing,
        _ => Kind::Invalid,
    }
}

/// Returns a message without secrets, for the report.
///
/// A login, or a message with login fields, is reduced to its ID.
pub(super) fn without_secrets(text: &str, request: Option<&Request>) -> String {
    let login = matches!(request.map(|request| &request.kind), Some(Kind::Login(_)));
    if !login && !text.to_ascii_lowercase().contains("kc-api") {
        return text.to_owned();
    }
    let id = request.and_then(|request| request.id.as_deref());
    crate::json::Object::new()
        .field("id", id)
        .field("op", "auth")
        .end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_ignores_case() {
        for action in ["SUBSCRIBE", "subscribe", "Subscribe"] {
            let text = format!(r#"{{"id":"1","action":"{action}","channel":"lw"}}"#);
            let request = parse(&text).unwrap();
            assert_eq!(request.id.as_deref(), Some("1"));
            assert!(matches!(request.kind, Kind::Subscribe(_)), "{action}");
        }
        let request = parse(r#"{"id":"1","action":"UnSubscribe"}"#).unwrap();
        assert!(matches!(request.kind, Kind::Unsubscribe(_)));
    }

    #[test]
    fn only_pings_may_have_a_numeric_id() {
        let id = |text: &str| parse(text).unwrap().id;
        assert_eq!(id(r#"{"id":7,"type":"ping"}"#).as_deref(), Some("7"));
        assert_eq!(id(r#"{"id":7,"op":"ping"}"#).as_deref(), Some("7"));
        assert_eq!(id(r#"{"id":7,"action":"subscribe"}"#), None);
        let kind = parse(r#"{"id":7,"action":"subscribe"}"#).unwrap().kind;
        assert_eq!(kind, Kind::Invalid);
        assert_eq!(id(r#"{"id":7,"op":"auth"}"#), None);
    }

    #[test]
    fn unknown_messages_are_invalid_or_ignored() {
        assert_eq!(parse("hello"), None);
        for text in ["[1]", "{}", r#"{"id":"1","action":"order"}"#] {
            assert_eq!(parse(text).unwrap().kind, Kind::Invalid, "{text}");
        }
    }

    #[test]
    fn login_is_logged_without_its_secrets() {
        let redacted = |text: &str| without_secrets(text, parse(text).as_ref());
        let login = r#"{"id":"a","op":"auth","kc-api-sign":"c2VjcmV0"}"#;
        assert_eq!(redacted(login), r#"{"id":"a","op":"auth"}"#);
        let escaped = r#"{"id":"a","op":"auth","kc\u002dapi-sign":"c2VjcmV0"}"#;
        assert_eq!(redacted(escaped), r#"{"id":"a","op":"auth"}"#);
        assert_eq!(redacted(&escaped.replace("\"a\"", "7")), r#"{"op":"auth"}"#);
        assert_eq!(redacted(r#"{"KC-API-KEY":"secret"#), r#"{"op":"auth"}"#);
        assert_eq!(redacted(r#"{"id":"1"}"#), r#"{"id":"1"}"#);
    }
}
