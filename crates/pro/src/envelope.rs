//! Classifies Pro V2 frames by their envelope.

use std::borrow::Cow;
use std::time::Duration;

use kucoin_streams_core::{DecodeError, Inbound};
use kucoin_streams_decode::{FromJson, Scanner, Value, ValueKind};

use crate::refusal::scope;

/// Maximum ping interval. The server closes a silent connection after a minute.
const MAX_PING_INTERVAL: Duration = Duration::from_secs(600);

/// Success code of KuCoin.
const SUCCESS: i64 = 200_000;

/// Classifies a frame. A push is read up to its `T` only, any other frame to its end.
pub(crate) fn classify(frame: &str) -> Result<Inbound<'_>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut fields = FrameFields::default();
    let mut object = scanner.object()?;
    while let Some(key) = object.key()? {
        let value = object.value()?;
        if key == "T"
            && let Some(topic) = value.lossless_text().filter(|topic| !topic.is_empty())
        {
            return Ok(Inbound::Message { topic });
        }
        fields.set_field(&key, value);
    }
    scanner.finish()?;
    Ok(fields.classify())
}

/// Fields of a frame that is not a push. Keys are case-sensitive, as everywhere in this protocol.
#[derive(Default)]
struct FrameFields<'f> {
    id: Option<Value<'f>>,
    result: Option<bool>,
    kind: Option<Value<'f>>,
    op: Option<Value<'f>>,
    message: Option<Value<'f>>,
    reason: Option<Value<'f>>,
    data: Option<Value<'f>>,
    code: Option<i64>,
    session_id: Option<Value<'f>>,
    ping_interval: Option<Value<'f>>,
}

impl<'f> FrameFields<'f> {
    fn set_field(&mut self, key: &str, value: Value<'f>) {
        match key {
            "id" => self.id = Some(value),
            // A boolean on the wire, a string in KuCoin's docs.
            "result" => self.result = bool::from_json(value),
            "type" => self.kind = Some(value),
            "op" => self.op = Some(value),
            "message" | "msg" => self.message = Some(value),
            "reason" => self.reason = Some(value),
            "data" => self.data = Some(value),
            "code" => self.code = i64::from_json(value),
            "sessionId" => self.session_id = Some(value),
            "pingInterval" => self.ping_interval = Some(value),
            _ => {}
        }
    }

    fn classify(self) -> Inbound<'f> {
        // Answers first: their message can contain any word, such as `welcome`.
        match (self.result, self.id.and_then(id)) {
            (Some(true), Some(id)) => return Inbound::Ack { id },
            (Some(true), None) => return Inbound::Other,
            (Some(false), _) => return self.refused(),
            (None, _) => {}
        }
        if has_text(self.kind, "error") {
            return self.refused();
        }
        if has_text(self.kind, "pong") || has_text(self.op, "pong") {
            return Inbound::Pong {
                id: self.id.and_then(id),
            };
        }
        let greetings = [self.message, self.op, self.kind, self.data];
        if greetings
            .into_iter()
            .any(|value| has_text(value, "welcome"))
        {
            return Inbound::Welcome {
                id: self.session_id.or(self.id).and_then(id),
                ping_interval: self.ping_interval.and_then(interval),
            };
        }
        // Errors of the whole connection have a code and a message, but neither type nor result.
        match self.code {
            Some(code) if code != SUCCESS => self.refused(),
            _ => Inbound::Other,
        }
    }

    fn refused(self) -> Inbound<'f> {
        let sources = [self.message, self.reason, self.data];
        let message = sources.into_iter().flatten().find_map(message_text);
        let message = message.unwrap_or(Cow::Borrowed(""));
        let scope = scope(self.code, &message);
        Inbound::Refused {
            id: self.id.and_then(id),
            code: self.code,
            message,
            scope,
        }
    }
}

fn has_text(value: Option<Value<'_>>, text: &str) -> bool {
    value.is_some_and(|value| value.is(text))
}

/// Returns the ID from a string or, although never seen, from a number.
fn id(value: Value<'_>) -> Option<Cow<'_, str>> {
    filled_text(value).or_else(|| match value.kind() {
        ValueKind::Number => value.digits().map(Cow::Borrowed),
        _ => None,
    })
}

/// Returns an interval, sent in milliseconds; `None` if it is not a number, zero or too long.
///
/// `None` does not change the heartbeat.
fn interval(value: Value<'_>) -> Option<Duration> {
    let interval = Duration::from_millis(u64::from_json(value)?);
    (!interval.is_zero() && interval <= MAX_PING_INTERVAL).then_some(interval)
}

/// Returns the server's message; its JSON text if it is not a string.
fn message_text(value: Value<'_>) -> Option<Cow<'_, str>> {
    if value.is_null_or_empty() {
        return None;
    }
    value.text().or(Some(Cow::Borrowed(value.as_str())))
}

fn filled_text(value: Value<'_>) -> Option<Cow<'_, str>> {
    value.text().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
