//! Checks frame reading and message assembly of the WebSocket transport against RFC 6455.

use kucoin_streams_transport::{Message, ReadError, Reader, WebSocketConnector};

use crate::pipe::{Pipe, run};
use crate::websocket::{End, Limits, read};

const SIZES: [usize; 8] = [0, 1, 10, 125, 126, 300, 66_000, 1 << 20];
const FRAGMENTS: [usize; 4] = [1, 2, 5, 128];

/// Input: one byte chooses the limits, one the pieces, and the rest is the server's bytes after the upgrade.
pub fn frames(bytes: &[u8]) {
    let [limits, cut, sent @ ..] = bytes else {
        return;
    };
    let limits = Limits {
        size: SIZES[usize::from(limits & 7)],
        fragments: FRAGMENTS[usize::from(limits >> 3 & 3)],
    };
    let connector = WebSocketConnector::new()
        .with_max_message_size(limits.size)
        .with_max_fragments(limits.fragments);
    let (mut reader, _writer) = connector.halves_over(Pipe::sending(sent, *cut));
    check(&mut reader, sent, limits);
}

/// Reads to the end, and compares each message and the end with the reference.
pub(crate) fn check(reader: &mut impl Reader, sent: &[u8], limits: Limits) {
    let (expected, end) = read(sent, limits);
    let mut messages = Vec::new();
    let polls = 16 * sent.len() + 64;
    let failure = loop {
        match run(reader.read(), polls) {
            Ok(Message::Close(frame)) => {
                messages.push(Message::Close(frame));
                break None;
            }
            Ok(message) => messages.push(message),
            Err(error) => break Some(error),
        }
    };
    assert_eq!(messages, expected);
    for message in &messages {
        if let Message::Text(text) = message {
            assert!(std::str::from_utf8(text).is_ok());
        }
    }
    let code = failure.as_ref().and_then(ReadError::close_code);
    let is_eof = matches!(failure, Some(ReadError::Eof));
    let is_expected = match &end {
        End::Close => failure.is_none(),
        End::Eof => is_eof,
        End::Violation(codes) => code.is_some_and(|code| codes.contains(&code)),
        End::EofOrViolation(codes) => is_eof || code.is_some_and(|code| codes.contains(&code)),
    };
    assert!(is_expected, "{failure:?} instead of {end:?}");
    let after = run(reader.read(), 1);
    assert!(
        matches!(after, Err(ReadError::Finished)),
        "{after:?} after the end"
    );
}
