//! Client messages on a V1 connection.

use serde_json::Value;

/// A message from the client, with its ID as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Message ID as a string, even if sent as a number.
    pub(crate) id: Option<String>,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Ping,
    Subscribe(Subscription),
    Unsubscribe(Subscription),
    /// The `type` is unknown or missing.
    Unknown,
    /// The message is not a JSON object.
    Malformed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) topic: Option<String>,
    pub(crate) private_channel: bool,
    pub(crate) response: bool,
}

pub(crate) fn parse(text: &str) -> Request {
    let Ok(Value::Object(message)) = serde_json::from_str(text) else {
        return Request {
            id: None,
            kind: Kind::Malformed,
        };
    };
    let id = match message.get("id") {
        Some(Value::String(id)) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let subscription = || Subscription {
        topic: message
            .get("topic")
            .and_then(Value::as_str)
            .map(str::to_owned),
        private_channel: is_true(message.get("privateChannel")),
        response: is_true(message.get("response")),
    };
    let kind = match message.get("type").and_then(Value::as_str) {
        Some("ping") => Kind::Ping,
        Some("subscribe") => Kind::Subscribe(subscription()),
        Some("unsubscribe") => Kind::Unsubscribe(subscription()),
        _ => Kind::Unknown,
    };
    Request { id, kind }
}

/// Returns `true` for `true` and `"true"`: KuCoin's documentation sends a string, every SDK a boolean.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}
