//! The messages of V1.

use serde_json::{Map, Value, json};

use super::{Client, Message, Refusal};

impl Client {
    pub(super) fn read_v1(&self, message: &Map<String, Value>) -> Message {
        let text = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or("");
        let kind = text("type");
        if kind == "ping" {
            return Message::Ping;
        }
        for name in ["privateChannel", "response"] {
            let is_true = message.get(name) == Some(&json!(true));
            self.must(is_true, &format!("{name} is not true"));
        }
        let topic = text("topic").to_owned();
        match kind {
            "subscribe" => Message::Subscribe(topic),
            "unsubscribe" => Message::Unsubscribe(topic),
            _ => Message::Unknown,
        }
    }
}

pub(super) fn welcome(id: &str) -> String {
    json!({"id": id, "type": "welcome"}).to_string()
}

pub(super) fn pong() -> String {
    json!({"type": "pong", "timestamp": 1_768_824_067_407_080_u64}).to_string()
}

pub(super) fn ack(id: &str) -> String {
    json!({"id": id, "type": "ack"}).to_string()
}

pub(super) fn refused(id: &str, refusal: &Refusal) -> String {
    let Refusal { code, message, .. } = refusal;
    json!({"id": id, "type": "error", "code": code, "data": message}).to_string()
}
