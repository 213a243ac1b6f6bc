//! The frame reader and the reassembly of the default transport against the text of the standard.

use kucoin_streams_transport::{Message, ReadError, Reader, WebSocketConnector};

use crate::pipe::{Pipe, run};
use crate::websocket::{End, Limits, read};

const SIZES: [usize; 8] = [0, 1, 10, 125, 126, 300, 66_000, 1 << 20];
const FRAGMENTS: [usize; 4] = [1, 2, 5, 128];

/// A first byte that chooses the limits, one that chooses the pieces, and what a server says after the upgrade.
pub fn frames(bytes: &[u8]) {
    let [limits, cut, said @ ..] = bytes else {
        return;
    };
    let limits = Limits {
        size: SIZES[usize::from(limits & 7)],
        fragments: FRAGMENTS[usize::from(limits >> 3 & 3)],
    };
    let connector = WebSocketConnector::new()
        .with_max_message_size(limits.size)
        .with_max_fragments(limits.fragments);
    let (mut reader, _writer) = connector.halves_over(Pipe::saying(said, *cut));
    check(&mut reader, said, limits);
}

/// Reads to the end, and compares each message and the end with the judge's.
pub(crate) fn check(reader: &mut impl Reader, said: &[u8], limits: Limits) {
    let (expected, end) = read(said, limits);
    let mut messages = Vec::new();
    let polls = 16 * said.len() + 64;
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
    let fits = match &end {
        End::Close => failure.is_none(),
        End::Eof => is_eof,
        End::Breach(codes) => code.is_some_and(|code| codes.contains(&code)),
        End::EofOrBreach(codes) => is_eof || code.is_some_and(|code| codes.contains(&code)),
    };
    assert!(fits, "{failure:?} instead of {end:?}");
    let after = run(reader.read(), 1);
    assert!(
        matches!(after, Err(ReadError::Finished)),
        "{after:?} after the end"
    );
}
