//! Checks that an accepted reply to the upgrade follows RFC 6455, and that no error contains the token.

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kucoin_streams_transport::{ConnectError, WebSocketConnector};
use sha1::{Digest, Sha1};
use tokio::runtime::Runtime;

use crate::frames::check;
use crate::pipe::{Pipe, run};
use crate::websocket::Limits;

const TOKEN: &str = "canary%2Btoken%2F3f9a77";
const TOKEN_DECODED: &str = "canary+token/3f9a77";
const LIMITS: Limits = Limits {
    size: 1 << 20,
    fragments: 128,
};

thread_local! {
    /// Needed only for its clock; no timeout expires here.
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without IO can be built");
}

/// Input: a byte that chooses the pieces, and a server's reply.
///
/// In the reply, `{accept}` is replaced by the correct accept key, `{token}` and `{decoded}` by the encoded and decoded
/// token.
pub fn upgrade(bytes: &[u8]) {
    let [cut, template @ ..] = bytes else {
        return;
    };
    let (reply_sender, reply) = std::sync::mpsc::channel();
    let answer = {
        let template = template.to_vec();
        move |request: &[u8]| {
            let accept = accept_key(request);
            let reply = fill(&template, &accept);
            // Never fails: the receiver lives until the end of this target.
            let _ = reply_sender.send((accept, reply.clone()));
            reply
        }
    };
    let url = format!("ws://127.0.0.1:9/endpoint?token={TOKEN}&connectId=c1");
    let connector = WebSocketConnector::new();
    let dial = connector.upgrade(Pipe::answering(answer, *cut), &url);
    let dialled = RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        run(dial, 64 * bytes.len() + 1024)
    });
    let (accept, reply) = reply.recv().expect("the request was sent");
    match dialled {
        Ok((mut reader, _writer)) => {
            let (head, frames) = last_head(&reply);
            check_head(head, &accept);
            check(&mut reader, frames, LIMITS);
        }
        Err(error) => check_secrecy(&error),
    }
}

fn accept_key(request: &[u8]) -> String {
    let request = std::str::from_utf8(request).expect("a request head is text");
    let lower = request.to_ascii_lowercase();
    let name = "sec-websocket-key:";
    let at = lower
        .find(name)
        .expect("a request for an upgrade has a key")
        + name.len();
    let key = request[at..].lines().next().unwrap_or_default().trim();
    let digest = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    STANDARD.encode(digest)
}

fn fill(template: &[u8], accept: &str) -> Vec<u8> {
    let marks = [
        ("{accept}", accept),
        ("{token}", TOKEN),
        ("{decoded}", TOKEN_DECODED),
    ];
    let mut filled = Vec::new();
    let mut rest = template;
    while let [first, after @ ..] = rest {
        match marks
            .iter()
            .find(|(mark, _)| rest.starts_with(mark.as_bytes()))
        {
            Some((mark, value)) => {
                filled.extend_from_slice(value.as_bytes());
                rest = &rest[mark.len()..];
            }
            None => {
                filled.push(*first);
                rest = after;
            }
        }
    }
    filled
}

/// Returns the head after all interim replies, and the bytes after it.
fn last_head(mut reply: &[u8]) -> (&[u8], &[u8]) {
    loop {
        // Empty lines before a head are skipped.
        while let [b'\r' | b'\n', rest @ ..] = reply {
            reply = rest;
        }
        let end = head_end(reply).expect("an accepted reply has a head");
        let (head, rest) = reply.split_at(end);
        let is_interim = head.starts_with(b"HTTP/1.1 1") && !head.starts_with(b"HTTP/1.1 101");
        if !is_interim {
            return (head, rest);
        }
        reply = rest;
    }
}

/// Returns the end of a head, after an empty line with or without `\r`.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let ends = (1..bytes.len()).filter(|at| bytes[*at] == b'\n');
    ends.into_iter()
        .find(|at| bytes[..*at].ends_with(b"\n") || bytes[..*at].ends_with(b"\n\r"))
        .map(|at| at + 1)
}

/// Checks what RFC 6455, section 4.1, requires of the reply.
fn check_head(head: &[u8], accept: &str) {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    assert!(status.starts_with("HTTP/1.1 101"), "{head}");
    let values = |name: &str| -> Vec<String> {
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    };
    let has_token = |name: &str, token: &str| {
        let values = values(name);
        values
            .iter()
            .flat_map(|value| value.split(','))
            .any(|found| found.trim().eq_ignore_ascii_case(token))
    };
    assert!(
        has_token("upgrade", "websocket") && has_token("connection", "upgrade"),
        "{head}"
    );
    assert_eq!(values("sec-websocket-accept"), [accept], "{head}");
    let chosen = ["sec-websocket-extensions", "sec-websocket-protocol"];
    assert!(chosen.iter().all(|name| values(name).is_empty()), "{head}");
}

fn check_secrecy(error: &ConnectError) {
    let mut text = format!("{error:?}\n{error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("\n{cause:?}\n{cause}"));
        source = cause.source();
    }
    for secret in [TOKEN, TOKEN_DECODED] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.len() < 8 * 1024, "{} bytes of error", text.len());
    assert!(
        !error
            .to_string()
            .contains(|character: char| character.is_control()),
        "{text}"
    );
}
