//! Checks replies to a token request against a full parser, and that no error contains a token.

use std::time::Duration;

use kucoin_streams_auth::rest::fuzzing::{time_reply, token_reply};
use kucoin_streams_core::Heartbeat;

use crate::reference::{Node, Tree};

const STATUSES: [u16; 12] = [200, 201, 204, 301, 302, 400, 401, 403, 407, 429, 500, 503];
/// Shorter tokens may appear in an error by coincidence.
const MIN_TOKEN: usize = 16;

/// Input: a byte that chooses the HTTP status, and a body.
pub fn replies(bytes: &[u8]) {
    let [status, body @ ..] = bytes else {
        return;
    };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let tree = std::str::from_utf8(body).ok().and_then(Tree::parse);
    let tree = tree.filter(|tree| tree.is_object() && status < 300);
    let data = tree.as_ref().and_then(success);
    match token_reply(status, body) {
        Ok(reply) => {
            let expected = data
                .and_then(token)
                .expect("a successful reply with a token");
            assert_eq!(
                (reply.token.as_str(), reply.servers),
                (expected, data.map(servers).unwrap_or_default())
            );
        }
        Err(error) => {
            let token = data.and_then(token);
            assert_eq!(token, None, "a token was refused: {error}");
            check_error(&format!("{error}"), &format!("{error:?}"), body);
        }
    }
    match time_reply(status, body) {
        Ok(time) => assert_eq!(
            Some(time),
            data.and_then(Tree::digits)
                .and_then(|digits| digits.parse().ok())
        ),
        Err(error) => check_error(&format!("{error}"), &format!("{error:?}"), body),
    }
}

/// Returns the data of a successful reply.
fn success<'t>(reply: &'t Tree<'t>) -> Option<&'t Tree<'t>> {
    let code = last(reply, "code").and_then(scalar);
    last(reply, "data").filter(|_| code == Some("200000"))
}

fn last<'t>(object: &'t Tree<'t>, name: &str) -> Option<&'t Tree<'t>> {
    let (_, value) = object.members().iter().rfind(|(found, _)| found == name)?;
    Some(value)
}

/// Returns the text of a string or a number.
fn scalar<'t>(value: &'t Tree<'t>) -> Option<&'t str> {
    match value.node {
        Node::Number => Some(value.raw),
        _ => value.text(),
    }
}

fn token<'t>(data: &'t Tree<'t>) -> Option<&'t str> {
    last(data, "token")
        .and_then(Tree::text)
        .filter(|token| !token.is_empty())
}

fn servers(data: &Tree<'_>) -> Vec<(String, Heartbeat)> {
    let Some(Node::Array(entries)) = last(data, "instanceServers").map(|list| &list.node) else {
        return Vec::new();
    };
    entries.iter().filter_map(server).collect()
}

fn server(entry: &Tree<'_>) -> Option<(String, Heartbeat)> {
    let protocol = last(entry, "protocol").and_then(scalar);
    if protocol.is_some_and(|protocol| !protocol.eq_ignore_ascii_case("websocket")) {
        return None;
    }
    let usual = Heartbeat::default();
    let millis = |name, usual| {
        let digits = last(entry, name).and_then(Tree::digits);
        let millis: Option<u64> = digits.and_then(|digits| digits.parse().ok());
        millis.filter(|millis| *millis > 0).map_or(usual, |millis| {
            Duration::from_millis(millis.clamp(100, 60_000))
        })
    };
    let heartbeat = Heartbeat::new(
        millis("pingInterval", usual.interval),
        millis("pingTimeout", usual.timeout),
    );
    let endpoint = last(entry, "endpoint").and_then(scalar)?;
    Some((endpoint.to_owned(), heartbeat))
}

/// Checks that an error is short, has no control characters, and does not contain the value of a member `token`.
fn check_error(shown: &str, debugged: &str, body: &[u8]) {
    assert!(debugged.len() < 4096, "{} bytes of error", debugged.len());
    assert!(
        !shown.contains(|character: char| character.is_control()),
        "{shown:?}"
    );
    let body = String::from_utf8_lossy(body);
    let name = "\"token\":\"";
    let value = body.find(name).map(|at| &body[at + name.len()..]);
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+/=".contains(&byte);
    let token = value
        .and_then(|value| value.split('"').next())
        .unwrap_or_default();
    if token.len() >= MIN_TOKEN && token.bytes().all(is_token) && body.matches(token).count() == 1 {
        assert!(
            !shown.contains(token) && !debugged.contains(token),
            "{debugged}"
        );
    }
}
