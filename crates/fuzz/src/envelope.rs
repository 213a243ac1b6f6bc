//! Checks the envelopes of both protocols against a full parser: validity, kind and topic of a frame.

use std::time::Duration;

use kucoin_streams_core::{Inbound, Protocol};
use kucoin_streams_pro::ProV2;
use kucoin_streams_v1::V1;

use crate::number::Number;
use crate::reference::{Node, Tree};

/// Input: any text as a frame of either protocol.
pub fn envelope(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(V1::text(bytes).is_err());
        return;
    };
    assert_eq!(V1::text(bytes).as_deref(), Ok(text));
    let tree = Tree::of_frame(text);
    compare(text, V1::classify(text).ok(), tree.as_ref().map(v1));
    compare(text, ProV2::classify(text).ok(), tree.as_ref().map(pro));
}

fn compare(text: &str, found: Option<Inbound<'_>>, expected: Option<Kind<'_>>) {
    match (found.as_ref().map(kind), expected) {
        (Some(found), Some(expected)) => assert_eq!(found, expected, "{text}"),
        (None, None) => {}
        // A push can be recognized before the end of the frame; the decoder finds errors in the rest.
        (Some(Kind::Message(_)), None) => {}
        (found, expected) => panic!("{text:?} is {found:?}, not {expected:?}"),
    }
}

/// The kind of a frame. The meaning of a refusal is not checked.
#[derive(Debug, PartialEq)]
enum Kind<'t> {
    Welcome(Option<&'t str>, Option<Duration>),
    Ack(&'t str),
    Refused(Option<&'t str>, Option<i64>, &'t str),
    Pong(Option<&'t str>),
    Message(&'t str),
    Other,
}

fn kind<'i>(inbound: &'i Inbound<'_>) -> Kind<'i> {
    match inbound {
        Inbound::Welcome { id, ping_interval } => Kind::Welcome(id.as_deref(), *ping_interval),
        Inbound::Ack { id } => Kind::Ack(id),
        Inbound::Refused {
            id, code, message, ..
        } => Kind::Refused(id.as_deref(), *code, message),
        Inbound::Pong { id } => Kind::Pong(id.as_deref()),
        Inbound::Message { topic } => Kind::Message(topic),
        _ => Kind::Other,
    }
}

/// Classifies a V1 frame by `type`. Of duplicate keys the last counts, until a push is recognized.
fn v1<'t>(frame: &'t Tree<'_>) -> Kind<'t> {
    let (mut kind, mut topic, mut id, mut code) = (None, None, None, None);
    let (mut data, mut message) = (None, None);
    for (name, value) in frame.members() {
        match name.as_str() {
            "type" => kind = value.text(),
            "topic" => topic = value.lossless_text(),
            "id" => id = id_of(value),
            "code" => code = value.digits().and_then(|digits| digits.parse().ok()),
            "data" => data = Some(value),
            "msg" | "message" => message = Some(value),
            _ => {}
        }
        if let (Some("message"), Some(topic)) = (kind, topic) {
            return Kind::Message(topic);
        }
    }
    match (kind, topic) {
        (None, Some(topic)) if data.is_some() => Kind::Message(topic),
        (Some("welcome"), _) => Kind::Welcome(id, None),
        (Some("pong"), _) => Kind::Pong(id),
        (Some("ack"), _) => id.map_or(Kind::Other, Kind::Ack),
        (Some("error"), _) => {
            let text = data.and_then(v1_message);
            let text = text.or_else(|| message.and_then(v1_message));
            Kind::Refused(id, code, text.unwrap_or_default())
        }
        _ => Kind::Other,
    }
}

/// Returns the message of the server, which may be nested one level deeper.
fn v1_message<'t>(value: &'t Tree<'_>) -> Option<&'t str> {
    if value.is_null_or_empty() {
        return None;
    }
    let mut inner = value.members().iter().filter_map(|(name, inner)| {
        let is_message = matches!(name.as_str(), "msg" | "message" | "data");
        inner.text().filter(|_| is_message)
    });
    value.text().or_else(|| inner.next()).or(Some(value.raw))
}

/// Classifies a Pro V2 frame: a push has `T`, an answer has `result`; a welcome and a refusal have several forms.
fn pro<'t>(frame: &'t Tree<'_>) -> Kind<'t> {
    let pushed = frame
        .all("T")
        .filter_map(Tree::lossless_text)
        .find(|text| !text.is_empty());
    if let Some(topic) = pushed {
        return Kind::Message(topic);
    }
    let last = |name: &'static str| {
        frame
            .members()
            .iter()
            .rfind(|(found, _)| found == name)
            .map(|(_, value)| value)
    };
    let message = frame
        .members()
        .iter()
        .rfind(|(name, _)| name == "message" || name == "msg");
    let message = message.map(|(_, value)| value);
    let id = last("id").and_then(id_of);
    let code = last("code").and_then(integer);
    let refused = || {
        let mut candidates = [message, last("reason"), last("data")]
            .into_iter()
            .flatten();
        let text = |value: &'t Tree<'_>| {
            (!value.is_null_or_empty()).then(|| value.text().unwrap_or(value.raw))
        };
        Kind::Refused(id, code, candidates.find_map(text).unwrap_or_default())
    };
    let is = |value: Option<&Tree<'_>>, text| value.and_then(Tree::text) == Some(text);
    match last("result").and_then(Tree::content) {
        Some("true") => return id.map_or(Kind::Other, Kind::Ack),
        Some("false") => return refused(),
        _ => {}
    }
    if is(last("type"), "error") {
        return refused();
    }
    if is(last("type"), "pong") || is(last("op"), "pong") {
        return Kind::Pong(id);
    }
    if [message, last("op"), last("type"), last("data")]
        .into_iter()
        .any(|value| is(value, "welcome"))
    {
        let id = last("sessionId").or(last("id")).and_then(id_of);
        return Kind::Welcome(id, last("pingInterval").and_then(interval));
    }
    match code {
        Some(code) if code != 200_000 => refused(),
        _ => Kind::Other,
    }
}

fn non_empty_text<'t>(value: &'t Tree<'_>) -> Option<&'t str> {
    value.text().filter(|text| !text.is_empty())
}

/// Returns a non-empty string, or the text of a number.
fn id_of<'t>(value: &'t Tree<'_>) -> Option<&'t str> {
    non_empty_text(value).or_else(|| matches!(value.node, Node::Number).then_some(value.raw))
}

/// Parses an integer in any format, in a string or not.
fn integer(value: &Tree<'_>) -> Option<i64> {
    let text = value.content().filter(|text| !text.starts_with('+'))?;
    Number::parse(text)?.whole()?.try_into().ok()
}

fn interval(value: &Tree<'_>) -> Option<Duration> {
    let millis = integer(value).and_then(|millis| u64::try_from(millis).ok())?;
    (1..=600_000)
        .contains(&millis)
        .then(|| Duration::from_millis(millis))
}
