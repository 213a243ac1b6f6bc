//! The messages of Pro V2.

use serde_json::{Map, Value, json};

use super::{Client, Message, Refusal};

/// Allowed fields of a request.
const KNOWN: [&str; 6] = [
    "id",
    "action",
    "channel",
    "tradeType",
    "accountType",
    "symbol",
];

impl Client {
    pub(super) fn read_pro(&self, message: &Map<String, Value>) -> Message {
        let text = |name: &str| message.get(name).and_then(Value::as_str);
        if text("op") == Some("auth") {
            let proof = ["key", "timestamp", "sign", "passphrase"];
            let value = |name| {
                text(&format!("kc-api-{name}"))
                    .unwrap_or_default()
                    .to_owned()
            };
            return Message::Login(proof.map(value));
        }
        if [text("type"), text("op")].contains(&Some("ping")) {
            return Message::Ping;
        }
        for (name, value) in message {
            let is_known = KNOWN.contains(&name.as_str()) && value.is_string();
            self.must(is_known, &format!("a request with {name}: {value}"));
        }
        let parameters = ["accountType", "tradeType", "symbol"].into_iter();
        let parameters = parameters.filter_map(|name| Some(format!("{name}={}", text(name)?)));
        let parameters = parameters.collect::<Vec<_>>().join("&");
        let topic = format!("{}?{parameters}", text("channel").unwrap_or_default());
        match text("action").unwrap_or_default().to_lowercase().as_str() {
            "subscribe" => Message::Subscribe(topic),
            "unsubscribe" => Message::Unsubscribe(topic),
            _ => Message::Unknown,
        }
    }
}

pub(super) fn welcome() -> String {
    json!({"sessionId": "0d4bbf2e-canary", "message": "welcome", "pingInterval": 1_000}).to_string()
}

pub(super) fn pong(id: &str) -> String {
    json!({"type": "pong", "id": id, "ts": 1_790_113_111_261_396_000_u64}).to_string()
}

pub(super) fn ack(id: &str) -> String {
    json!({"id": id, "result": true}).to_string()
}

pub(super) fn refused(id: &str, refusal: &Refusal) -> String {
    json!({"id": id, "result": false, "reason": refusal.message}).to_string()
}
