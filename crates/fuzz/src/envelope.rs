//! The envelopes of both protocols against a full parser: what is a frame, of which kind, and of which topic.

use std::time::Duration;

use kucoin_streams_core::{Inbound, Protocol};
use kucoin_streams_pro::ProV2;
use kucoin_streams_v1::V1;

use crate::judge::{Node, Tree};
use crate::number::Number;

/// Any text as a frame of either protocol.
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
        // A push is certain before the end of the frame; what is wrong behind that is for its decoder to find.
        (Some(Kind::Message(_)), None) => {}
        (found, expected) => panic!("{text:?} is {found:?}, not {expected:?}"),
    }
}

/// What a frame is, apart from what a refusal means: that is no question of grammar.
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

/// V1 tells its frames by `type`; of a repeated key the last counts, up to where a push is certain.
fn v1<'t>(frame: &'t Tree<'_>) -> Kind<'t> {
    let (mut kind, mut topic, mut id, mut code) = (None, None, None, None);
    let (mut data, mut words) = (None, None);
    for (name, value) in frame.members() {
        match name.as_str() {
            "type" => kind = value.text(),
            "topic" => topic = value.spelled(),
            "id" => id = id_of(value),
            "code" => code = value.digits().and_then(|digits| digits.parse().ok()),
            "data" => data = Some(value),
            "msg" | "message" => words = Some(value),
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
            let said = data.and_then(v1_words).or_else(|| words.and_then(v1_words));
            Kind::Refused(id, code, said.unwrap_or_default())
        }
        _ => Kind::Other,
    }
}

/// The words of the server may stand one level down.
fn v1_words<'t>(value: &'t Tree<'_>) -> Option<&'t str> {
    if value.is_nothing() {
        return None;
    }
    let mut inner = value.members().iter().filter_map(|(name, inner)| {
        let is_words = matches!(name.as_str(), "msg" | "message" | "data");
        inner.text().filter(|_| is_words)
    });
    value.text().or_else(|| inner.next()).or(Some(value.raw))
}

/// Pro V2 pushes by `T`, answers by `result`, and greets and refuses in several ways.
fn pro<'t>(frame: &'t Tree<'_>) -> Kind<'t> {
    let pushed = frame
        .all("T")
        .filter_map(Tree::spelled)
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
        let mut said = [message, last("reason"), last("data")]
            .into_iter()
            .flatten();
        let words =
            |value: &'t Tree<'_>| (!value.is_nothing()).then(|| value.text().unwrap_or(value.raw));
        Kind::Refused(id, code, said.find_map(words).unwrap_or_default())
    };
    let is = |value: Option<&Tree<'_>>, word| value.and_then(Tree::text) == Some(word);
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

fn filled<'t>(value: &'t Tree<'_>) -> Option<&'t str> {
    value.text().filter(|text| !text.is_empty())
}

/// A string that is not empty, or the digits of a number.
fn id_of<'t>(value: &'t Tree<'_>) -> Option<&'t str> {
    filled(value).or_else(|| matches!(value.node, Node::Number).then_some(value.raw))
}

/// A whole number in any spelling, in a string or not.
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
