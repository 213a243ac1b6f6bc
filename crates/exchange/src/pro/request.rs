//! What a client says on a Pro V2 socket.

use serde_json::{Map, Value};

/// One message from the client that is JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// Only text counts, but for pings.
    pub(super) id: Option<String>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// With a `type`.
    TypedPing,
    /// With an `op`.
    OperationPing,
    Login(Map<String, Value>),
    Subscribe(Map<String, Value>),
    Unsubscribe(Map<String, Value>),
    /// JSON of any other kind.
    Invalid,
}

/// None for what is not JSON, which the server ignores.
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
        // Documented as optional for subscriptions.
        (None, kind) => (None, kind),
        // Refused for its parts, and still a login, of which no part is kept.
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

/// What is kept of a message for the report: nothing of a login but its id, nor of anything else
/// that holds a part of one.
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
    fn an_action_is_taken_in_any_case() {
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
    fn only_pings_may_have_a_number_as_id() {
        let id = |text: &str| parse(text).unwrap().id;
        assert_eq!(id(r#"{"id":7,"type":"ping"}"#).as_deref(), Some("7"));
        assert_eq!(id(r#"{"id":7,"op":"ping"}"#).as_deref(), Some("7"));
        assert_eq!(id(r#"{"id":7,"action":"subscribe"}"#), None);
        let kind = parse(r#"{"id":7,"action":"subscribe"}"#).unwrap().kind;
        assert_eq!(kind, Kind::Invalid);
        assert_eq!(id(r#"{"id":7,"op":"auth"}"#), None);
    }

    #[test]
    fn strangers_are_told_apart() {
        assert_eq!(parse("hello"), None);
        for text in ["[1]", "{}", r#"{"id":"1","action":"order"}"#] {
            assert_eq!(parse(text).unwrap().kind, Kind::Invalid, "{text}");
        }
    }

    #[test]
    fn no_part_of_a_login_is_kept() {
        let kept = |text: &str| without_secrets(text, parse(text).as_ref());
        let login = r#"{"id":"a","op":"auth","kc-api-sign":"c2VjcmV0"}"#;
        assert_eq!(kept(login), r#"{"id":"a","op":"auth"}"#);
        let escaped = r#"{"id":"a","op":"auth","kc\u002dapi-sign":"c2VjcmV0"}"#;
        assert_eq!(kept(escaped), r#"{"id":"a","op":"auth"}"#);
        assert_eq!(kept(&escaped.replace("\"a\"", "7")), r#"{"op":"auth"}"#);
        assert_eq!(kept(r#"{"KC-API-KEY":"secret"#), r#"{"op":"auth"}"#);
        assert_eq!(kept(r#"{"id":"1"}"#), r#"{"id":"1"}"#);
    }
}
