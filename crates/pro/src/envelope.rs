//! The envelope of a Pro V2 frame: what it says besides its data, as far as it tells frames apart.

use std::borrow::Cow;
use std::time::Duration;

use kucoin_streams_core::{DecodeError, Inbound};
use kucoin_streams_decode::{FromJson, Scanner, Value, ValueKind};

use crate::refusal::scope;

/// Longer than any heartbeat that keeps a connection alive: the server closes one after a minute of silence.
const LONGEST_PING_INTERVAL: Duration = Duration::from_secs(600);

/// The code of success in KuCoin's answers.
const SUCCESS: i64 = 200_000;

/// Reads until a push is certain, else to the end of the frame, and tells what it is.
pub(crate) fn classify(frame: &str) -> Result<Inbound<'_>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut envelope = Envelope::default();
    let mut object = scanner.object()?;
    while let Some(key) = object.key()? {
        let value = object.value()?;
        if key == "T"
            && let Some(topic) = value.spelled_text().filter(|topic| !topic.is_empty())
        {
            return Ok(Inbound::Message { topic });
        }
        envelope.take(&key, value);
    }
    scanner.finish()?;
    Ok(envelope.classify())
}

/// Of a frame that is no push. Keys are case-sensitive, as everywhere in this protocol.
#[derive(Default)]
struct Envelope<'f> {
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

impl<'f> Envelope<'f> {
    fn take(&mut self, key: &str, value: Value<'f>) {
        match key {
            "id" => self.id = Some(value),
            // A boolean on the wire, a string in the documents.
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
        // The answer to a request first: what else it holds is the server's words about it.
        match (self.result, self.id.and_then(id)) {
            (Some(true), Some(id)) => return Inbound::Ack { id },
            (Some(true), None) => return Inbound::Other,
            (Some(false), _) => return self.refused(),
            (None, _) => {}
        }
        if is(self.kind, "error") {
            return self.refused();
        }
        if is(self.kind, "pong") || is(self.op, "pong") {
            return Inbound::Pong {
                id: self.id.and_then(id),
            };
        }
        let greetings = [self.message, self.op, self.kind, self.data];
        if greetings.into_iter().any(|value| is(value, "welcome")) {
            return Inbound::Welcome {
                id: self.session_id.or(self.id).and_then(id),
                ping_interval: self.ping_interval.and_then(interval),
            };
        }
        // KuCoin's errors about a whole connection are a code with words, and neither type nor result.
        match self.code {
            Some(code) if code != SUCCESS => self.refused(),
            _ => Inbound::Other,
        }
    }

    fn refused(self) -> Inbound<'f> {
        let sources = [self.message, self.reason, self.data];
        let message = sources.into_iter().flatten().find_map(words);
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

fn is(value: Option<Value<'_>>, word: &str) -> bool {
    value.is_some_and(|value| value.is(word))
}

/// An id comes back as a string or, though never seen, as the number that was sent.
fn id(value: Value<'_>) -> Option<Cow<'_, str>> {
    filled_text(value).or_else(|| match value.kind() {
        ValueKind::Number => value.digits().map(Cow::Borrowed),
        _ => None,
    })
}

/// Milliseconds; none of use is none, so that the heartbeat stays what it was.
fn interval(value: Value<'_>) -> Option<Duration> {
    let interval = Duration::from_millis(u64::from_json(value)?);
    (!interval.is_zero() && interval <= LONGEST_PING_INTERVAL).then_some(interval)
}

/// The server's words; where they are no string, as they came.
fn words(value: Value<'_>) -> Option<Cow<'_, str>> {
    if value.is_nothing() {
        return None;
    }
    value.text().or(Some(Cow::Borrowed(value.as_str())))
}

fn filled_text(value: Value<'_>) -> Option<Cow<'_, str>> {
    value.text().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
