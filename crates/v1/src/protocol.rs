//! The V1 protocol: classification of received frames, and the frames that a client sends.

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

/// KuCoin's V1 WebSocket protocol, for the spot and the futures host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct V1;

/// The private V1 connection of the spot host, for spot and margin topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpotPrivate;

/// The private V1 connection of the futures host, for futures topics.
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

    // The spot host accepts 400 topics per connection. The futures host documents no limit, and has too few account-wide
    // topics to need more. KuCoin counts dials per account.
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
        FrameFields::read(frame)
            .map(FrameFields::classify)
            .map_err(wire_error)
    }

    fn check(frame: &str) -> Result<(), WireError> {
        check(frame).map_err(wire_error)?;
        match topic_of_push(frame) {
            // The topic is unknown, so every subscription must get the error.
            Some(topic) if !is_readable(&topic) => Err(WireError::new(
                "the topic contains an unpaired surrogate",
                0,
            )),
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

/// Writes the frame of a request for a topic.
///
/// Without `privateChannel`, KuCoin pushes nothing; without `response`, KuCoin does not acknowledge the request.
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
        // Only syntax errors occur here, but `DecodeError` is non-exhaustive.
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

/// Returns the topic if the frame is a push: a shortcut for the most common frame.
fn topic_of_push(frame: &str) -> Option<Cow<'_, str>> {
    let mut scanner = Scanner::new(frame);
    let mut object = scanner.object().ok()?;
    let mut cursor = FieldCursor::default();
    let (mut topic, mut is_message) = (None, false);
    while let Some(key) = object.key_among(&NAMES, &mut cursor).ok()? {
        let value = object.value().ok()?;
        match key {
            Key::Known(TOPIC) => topic = value.lossless_text(),
            Key::Known(TYPE) => is_message = value.text().is_some_and(|kind| kind == "message"),
            _ => {}
        }
        if is_message && topic.is_some() {
            return topic;
        }
    }
    None
}

/// The fields of a frame that decide its kind.
#[derive(Default)]
struct FrameFields<'f> {
    kind: Option<Cow<'f, str>>,
    topic: Option<Cow<'f, str>>,
    id: Option<Cow<'f, str>>,
    code: Option<Value<'f>>,
    data: Option<Value<'f>>,
    msg: Option<Value<'f>>,
}

impl<'f> FrameFields<'f> {
    /// Reads until the frame is known to be a push, or else to its end.
    fn read(frame: &'f str) -> Result<Self, DecodeError> {
        let mut fields = Self::default();
        let mut scanner = Scanner::new(frame);
        let mut object = scanner.object()?;
        let mut cursor = FieldCursor::default();
        while let Some(key) = object.key_among(&NAMES, &mut cursor)? {
            let value = object.value()?;
            match key {
                Key::Known(TOPIC) => fields.topic = value.lossless_text(),
                Key::Known(TYPE) => fields.kind = value.text(),
                Key::Known(ID) => fields.id = id(value),
                Key::Known(CODE) => fields.code = Some(value),
                Key::Known(DATA) => fields.data = Some(value),
                Key::Known(_) => fields.msg = Some(value),
                Key::Other(_) => {}
            }
            if fields.topic.is_some() && fields.kind.as_deref() == Some("message") {
                return Ok(fields);
            }
        }
        scanner.finish()?;
        Ok(fields)
    }

    fn classify(self) -> Inbound<'f> {
        match (self.kind.as_deref(), self.topic) {
            (Some("message"), Some(topic)) => Inbound::Message { topic },
            // Some published examples of pushes have no type.
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
                    .and_then(error_text)
                    .or_else(|| self.msg.and_then(error_text));
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

/// Returns the ID from a string or, although never seen, from a number.
fn id(value: Value<'_>) -> Option<Cow<'_, str>> {
    let id = value.text().or_else(|| value.digits().map(Cow::Borrowed))?;
    (!id.is_empty()).then_some(id)
}

/// Returns the text of an error: a string in captures, but an object in tests of other SDKs.
fn error_text(value: Value<'_>) -> Option<Cow<'_, str>> {
    if value.is_null_or_empty() {
        return None;
    }
    if let Some(text) = value.text() {
        return Some(text);
    }
    if value.kind() == ValueKind::Object
        && let Some(text) = inner_text(value)
    {
        return Some(text);
    }
    Some(Cow::Borrowed(value.as_str()))
}

fn inner_text(value: Value<'_>) -> Option<Cow<'_, str>> {
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
    fn control_frames_are_classified() {
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
    fn error_without_id_is_refusal() {
        check(
            r#"{"type":"error","code":401,"data":"token is expired"}"#,
            refused(None, Some(401), "token is expired", RefusalScope::Token),
        );
    }

    #[test]
    fn error_with_unknown_id_keeps_it() {
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
    fn error_text_is_found_in_every_known_field() {
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
    fn push_is_classified_in_any_key_order() {
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
    fn client_order_id_with_pong_is_not_a_pong() {
        check(
            r#"{"data":{"clientOid":"pong\",\"type\":\"pong"},"topic":"/t","type":"message"}"#,
            Inbound::Message { topic: "/t".into() },
        );
    }

    #[test]
    fn non_object_is_an_error() {
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
    fn requests_are_private_and_ask_for_response() {
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
