//! The V1 protocol: which frame is what, and the frames that a client sends.

use std::borrow::Cow;
use std::time::Duration;

use kucoin_streams_core::{
    ConnectionKind, DecodeError, DialLimit, DialScope, Inbound, Protocol, ProtocolLimits,
    RequestId, TopicMatch, WireError, WsKey,
};
use kucoin_streams_decode::{
    FieldCursor, FieldTable, Key, Scanner, Value, ValueKind, check, write_string,
};

use crate::envelope::is_readable;
use crate::path::{TopicPath, match_topic};
use crate::refusal::scope;

/// KuCoin's V1 stream protocol, of the spot and of the futures host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct V1;

/// The private V1 connection of the spot host: spot and margin topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpotPrivate;

/// The private V1 connection of the futures host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FuturesPrivate;

impl ConnectionKind for SpotPrivate {
    type Protocol = V1;
    const WS_KEY: WsKey = WsKey::SpotPrivateV1;
}

impl ConnectionKind for FuturesPrivate {
    type Protocol = V1;
    const WS_KEY: WsKey = WsKey::FuturesPrivateV1;
}

impl Protocol for V1 {
    type Request = TopicPath;

    // 400 topics is the cap of the spot host; the futures host states none, and more than 400 private topics on
    // one socket are out of reach there: its account-wide topics are few. Dials are counted by account.
    const LIMITS: ProtocolLimits = ProtocolLimits::new(100, Duration::from_secs(10), Some(400))
        .with_dials(DialLimit::new(
            30,
            Duration::from_secs(60),
            DialScope::Account,
        ));

    fn classify(frame: &str) -> Result<Inbound<'_>, WireError> {
        if let Some(topic) = topic_of_push(frame) {
            return Ok(Inbound::Message { topic });
        }
        Envelope::read(frame)
            .map(Envelope::classify)
            .map_err(wire_error)
    }

    fn check(frame: &str) -> Result<(), WireError> {
        check(frame).map_err(wire_error)?;
        match topic_of_push(frame) {
            // Of which topic it is cannot be known: every subscription is to hear of it.
            Some(topic) if !is_readable(&topic) => {
                Err(WireError::new("the topic has half of a surrogate pair", 0))
            }
            _ => Ok(()),
        }
    }

    fn match_topic(request: &TopicPath, pushed: &str) -> TopicMatch {
        match_topic(request.as_str(), pushed)
    }

    fn subscribe(id: RequestId, request: &TopicPath, out: &mut String) {
        push_request(id, "subscribe", request, out);
    }

    fn unsubscribe(id: RequestId, request: &TopicPath, out: &mut String) {
        push_request(id, "unsubscribe", request, out);
    }

    fn ping(id: RequestId, out: &mut String) {
        push_head(id, "ping", out);
        out.push('}');
    }
}

/// `privateChannel` and `response` are booleans: with `privateChannel` false KuCoin acknowledges and then pushes
/// nothing, and without `response` success is silent.
fn push_request(id: RequestId, kind: &str, request: &TopicPath, out: &mut String) {
    push_head(id, kind, out);
    out.push_str(",\"topic\":");
    write_string(out, request.as_str());
    out.push_str(",\"privateChannel\":true,\"response\":true}");
}

fn push_head(id: RequestId, kind: &str, out: &mut String) {
    out.push_str("{\"id\":\"");
    out.push_str(&id.to_string());
    out.push_str("\",\"type\":\"");
    out.push_str(kind);
    out.push('"');
}

fn wire_error(error: DecodeError) -> WireError {
    match error {
        DecodeError::Syntax { reason, offset } => WireError::new(reason, offset),
        // Reading an envelope gives syntax errors only; a new kind of error is still a broken frame.
        _ => WireError::new("not a frame of the protocol", 0),
    }
}

static NAMES: FieldTable<7> =
    FieldTable::new(&[&["topic", "type", "id", "code", "data", "msg", "message"]]);
const TOPIC: usize = 0;
const TYPE: usize = 1;
const ID: usize = 2;
const CODE: usize = 3;
const DATA: usize = 4;

/// The topic, as soon as a push is certain: what nearly every frame is, and as [`Envelope`] reads it.
fn topic_of_push(frame: &str) -> Option<Cow<'_, str>> {
    let mut scanner = Scanner::new(frame);
    let mut object = scanner.object().ok()?;
    let mut place = FieldCursor::default();
    let (mut topic, mut is_message) = (None, false);
    while let Some(key) = object.key_among(&NAMES, &mut place).ok()? {
        let value = object.value().ok()?;
        match key {
            Key::Known(TOPIC) => topic = value.spelled_text(),
            Key::Known(TYPE) => is_message = value.text().is_some_and(|kind| kind == "message"),
            _ => {}
        }
        if is_message && topic.is_some() {
            return topic;
        }
    }
    None
}

/// What a frame says besides its data, as far as it tells frames apart.
#[derive(Default)]
struct Envelope<'f> {
    kind: Option<Cow<'f, str>>,
    topic: Option<Cow<'f, str>>,
    id: Option<Cow<'f, str>>,
    code: Option<Value<'f>>,
    data: Option<Value<'f>>,
    msg: Option<Value<'f>>,
}

impl<'f> Envelope<'f> {
    /// Reads until a push is certain, else to the end of the frame.
    fn read(frame: &'f str) -> Result<Self, DecodeError> {
        let mut envelope = Self::default();
        let mut scanner = Scanner::new(frame);
        let mut object = scanner.object()?;
        let mut place = FieldCursor::default();
        while let Some(key) = object.key_among(&NAMES, &mut place)? {
            let value = object.value()?;
            match key {
                Key::Known(TOPIC) => envelope.topic = value.spelled_text(),
                Key::Known(TYPE) => envelope.kind = value.text(),
                Key::Known(ID) => envelope.id = id(value),
                Key::Known(CODE) => envelope.code = Some(value),
                Key::Known(DATA) => envelope.data = Some(value),
                Key::Known(_) => envelope.msg = Some(value),
                Key::Other(_) => {}
            }
            if envelope.topic.is_some() && envelope.kind.as_deref() == Some("message") {
                return Ok(envelope);
            }
        }
        scanner.finish()?;
        Ok(envelope)
    }

    fn classify(self) -> Inbound<'f> {
        match (self.kind.as_deref(), self.topic) {
            (Some("message"), Some(topic)) => Inbound::Message { topic },
            // Some published frames lack the type; topic and data together are a push.
            (None, Some(topic)) if self.data.is_some() => Inbound::Message { topic },
            (Some("welcome"), _) => Inbound::Welcome {
                id: self.id,
                ping_interval: None,
            },
            (Some("pong"), _) => Inbound::Pong { id: self.id },
            (Some("ack"), _) => match self.id {
                Some(id) => Inbound::Ack { id },
                None => Inbound::Other,
            },
            (Some("error"), _) => {
                let code = self.code.and_then(|code| code.digits()?.parse().ok());
                let message = self
                    .data
                    .and_then(words)
                    .or_else(|| self.msg.and_then(words));
                let message = message.unwrap_or(Cow::Borrowed(""));
                let scope = scope(code, &message);
                Inbound::Refused {
                    id: self.id,
                    code,
                    message,
                    scope,
                }
            }
            _ => Inbound::Other,
        }
    }
}

/// An id may come back as a string or, though never seen, as the number that was sent.
fn id(value: Value<'_>) -> Option<Cow<'_, str>> {
    let id = value.text().or_else(|| value.digits().map(Cow::Borrowed))?;
    (!id.is_empty()).then_some(id)
}

/// The server's words: a string in every capture, an object or another key in what others wrote tests for.
fn words(value: Value<'_>) -> Option<Cow<'_, str>> {
    if value.is_nothing() {
        return None;
    }
    if let Some(text) = value.text() {
        return Some(text);
    }
    if value.kind() == ValueKind::Object
        && let Some(text) = inner_words(value)
    {
        return Some(text);
    }
    Some(Cow::Borrowed(value.as_str()))
}

fn inner_words(value: Value<'_>) -> Option<Cow<'_, str>> {
    let mut scanner = value.scanner();
    let mut object = scanner.object().ok()?;
    while let Ok(Some(key)) = object.key() {
        let inner = object.value().ok()?;
        if matches!(&*key, "msg" | "message" | "data")
            && let Some(text) = inner.text()
        {
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use kucoin_streams_core::RefusalScope;

    use super::*;

    #[track_caller]
    fn check(frame: &str, expected: Inbound<'_>) {
        assert_eq!(V1::classify(frame).unwrap(), expected, "{frame}");
    }

    fn refused<'f>(
        id: Option<&'f str>,
        code: Option<i64>,
        message: &'f str,
        scope: RefusalScope,
    ) -> Inbound<'f> {
        Inbound::Refused {
            id: id.map(Cow::Borrowed),
            code,
            message: message.into(),
            scope,
        }
    }

    #[test]
    fn control_frames_are_told_apart() {
        check(
            r#"{"id":"c-1","type":"welcome"}"#,
            Inbound::Welcome {
                id: Some("c-1".into()),
                ping_interval: None,
            },
        );
        check(
            r#"{"id":"7","type":"ack"}"#,
            Inbound::Ack { id: "7".into() },
        );
        check(r#"{"type":"ack","id":7}"#, Inbound::Ack { id: "7".into() });
        check(
            r#"{"id":"8","type":"pong"}"#,
            Inbound::Pong {
                id: Some("8".into()),
            },
        );
        check(
            r#"{"type":"pong","timestamp":1768824000000001}"#,
            Inbound::Pong { id: None },
        );
        check(r#"{"type":"notice","topic":"/a"}"#, Inbound::Other);
        check(r#"{"type":"ack"}"#, Inbound::Other);
        check("{}", Inbound::Other);
    }

    #[test]
    fn an_error_without_an_id_is_a_refusal() {
        check(
            r#"{"type":"error","code":401,"data":"token is expired"}"#,
            refused(None, Some(401), "token is expired", RefusalScope::Token),
        );
    }

    #[test]
    fn an_error_with_a_foreign_id_keeps_it() {
        check(
            r#"{"id":"64d8732c8568","type":"error","code":"404","data":"topic /x is not found"}"#,
            refused(
                Some("64d8732c8568"),
                Some(404),
                "topic /x is not found",
                RefusalScope::Request,
            ),
        );
    }

    #[test]
    fn the_words_of_an_error_are_found_wherever_they_stand() {
        let busy = || refused(Some("1"), Some(509), "service busy", RefusalScope::Busy);
        check(
            r#"{"id":"1","type":"error","code":509,"msg":"service busy"}"#,
            busy(),
        );
        check(
            r#"{"id":"1","type":"error","code":509,"data":{"msg":"service busy"}}"#,
            busy(),
        );
        check(
            r#"{"code":509,"data":"service \u0062usy","type":"error","id":"1"}"#,
            busy(),
        );
        check(
            r#"{"id":"1","type":"error","code":509,"data":["?"]}"#,
            refused(Some("1"), Some(509), "[\"?\"]", RefusalScope::Request),
        );
        check(
            r#"{"type":"error"}"#,
            refused(None, None, "", RefusalScope::Request),
        );
    }

    #[test]
    fn a_push_is_a_push_in_any_order_of_keys() {
        let message = || Inbound::Message {
            topic: "/account/balance".into(),
        };
        check(
            r#"{"topic":"/account/balance","type":"message","data":{}}"#,
            message(),
        );
        check(
            r#"{"data":{"type":"welcome"},"type":"message","topic":"/account/balance"}"#,
            message(),
        );
        check(
            r#"{"topic":"/account/balance","subject":"account.balance","data":{}}"#,
            message(),
        );
        check(
            r#"{"topic":"\/account\/balance","type":"message"}"#,
            message(),
        );
    }

    #[test]
    fn a_client_order_id_that_contains_pong_is_no_pong() {
        check(
            r#"{"data":{"clientOid":"pong\",\"type\":\"pong"},"topic":"/t","type":"message"}"#,
            Inbound::Message { topic: "/t".into() },
        );
    }

    #[test]
    fn what_is_no_json_object_is_an_error() {
        for frame in [
            "",
            "[]",
            "\"pong\"",
            "{",
            r#"{"type":"pong"} x"#,
            r#"{"type":"pong",}"#,
        ] {
            assert!(V1::classify(frame).is_err(), "{frame}");
        }
        let error = V1::classify(r#"{"type":}"#).unwrap_err();
        assert_eq!(error.offset, 8);
    }

    #[test]
    fn requests_say_private_and_ask_for_an_answer() {
        let mut out = String::new();
        V1::subscribe(RequestId(3), &TopicPath::new("/account/balance"), &mut out);
        assert_eq!(
            out,
            r#"{"id":"3","type":"subscribe","topic":"/account/balance","privateChannel":true,"response":true}"#
        );
        out.clear();
        V1::unsubscribe(RequestId(4), &TopicPath::new("/a\"b"), &mut out);
        assert_eq!(
            out,
            r#"{"id":"4","type":"unsubscribe","topic":"/a\"b","privateChannel":true,"response":true}"#
        );
        out.clear();
        V1::ping(RequestId(5), &mut out);
        assert_eq!(out, r#"{"id":"5","type":"ping"}"#);
    }
}
