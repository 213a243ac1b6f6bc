//! Server-side WebSocket framing, without I/O.
//!
//! It is separate from the SDK's codec on purpose: a shared bug would go unnoticed in tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// Maximum size of a client's message; KuCoin clients only send short requests.
const MAX_MESSAGE: usize = 64 * 1024;

/// The WebSocket opcodes that the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// One message from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Incoming {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    /// The close code; `None` if the frame has none.
    Close(Option<u16>),
}

/// A violation of the WebSocket protocol by the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The close code to answer with.
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
}

/// Returns the `Sec-WebSocket-Accept` value for a `Sec-WebSocket-Key`.
pub(crate) fn accept_key(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

/// Appends one unmasked frame.
pub(crate) fn encode(out: &mut Vec<u8>, finished: bool, opcode: Opcode, payload: &[u8]) {
    let first = u8::from(finished) << 7 | opcode as u8;
    encode_raw(out, first, payload.len() as u64, None, payload);
}

/// Appends a frame with this first byte and declared length, which may be wrong on purpose.
pub(crate) fn encode_raw(
    out: &mut Vec<u8>,
    first: u8,
    length: u64,
    mask: Option<[u8; 4]>,
    payload: &[u8],
) {
    out.push(first);
    let masked = u8::from(mask.is_some()) << 7;
    match length {
        0..=125 => out.push(masked | length as u8),
        126..=0xFFFF => {
            out.push(masked | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    match mask {
        None => out.extend_from_slice(payload),
        Some(mask) => {
            out.extend_from_slice(&mask);
            let bytes = payload.iter().zip(mask.iter().cycle());
            out.extend(bytes.map(|(byte, mask)| byte ^ mask));
        }
    }
}

/// Appends a close frame; the reason is truncated to 123 bytes, the maximum of a control frame.
pub(crate) fn encode_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    encode(out, true, Opcode::Close, &payload);
}

/// Decodes the frames of a client from received bytes.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    buffer: Vec<u8>,
    /// An incomplete fragmented message: `true` if it is a text message, and the bytes so far.
    partial: Option<(bool, Vec<u8>)>,
}

impl Decoder {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next complete message, or `None` if more bytes are needed.
    pub(crate) fn next(&mut self) -> Result<Option<Incoming>, Violation> {
        loop {
            let Some((finished, opcode, payload)) = self.next_frame()? else {
                return Ok(None);
            };
            if let Some(message) = self.assemble(finished, opcode, payload)? {
                return Ok(Some(message));
            }
        }
    }

    fn next_frame(&mut self) -> Result<Option<(bool, u8, Vec<u8>)>, Violation> {
        let [first, second, ..] = *self.buffer.as_slice() else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(Violation {
                code: 1002,
                reason: "reserved bits are set",
            });
        }
        if second & 0x80 == 0 {
            return Err(Violation {
                code: 1002,
                reason: "a client's frame is not masked",
            });
        }
        let (length, head) = match second & 0x7F {
            126 => (self.length_at(2), 4),
            127 => (self.length_at(8), 10),
            length => (Some(u64::from(length)), 2),
        };
        let Some(length) = length else {
            return Ok(None);
        };
        let control = first & 0x08 != 0;
        if control && (length > 125 || first & 0x80 == 0) {
            return Err(Violation {
                code: 1002,
                reason: "a control frame is too long or fragmented",
            });
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_MESSAGE {
            return Err(Violation {
                code: 1009,
                reason: "message too big",
            });
        }
        if self.buffer.len() < head + 4 + length {
            return Ok(None);
        }
        let mask = [head, head + 1, head + 2, head + 3].map(|place| self.buffer[place]);
        let masked = &self.buffer[head + 4..head + 4 + length];
        let payload = masked
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask)
            .collect();
        self.buffer.drain(..head + 4 + length);
        Ok(Some((first & 0x80 != 0, first & 0x0F, payload)))
    }

    /// Returns the extended length in this number of bytes; `None` if more bytes are needed.
    fn length_at(&self, bytes: usize) -> Option<u64> {
        let bytes = self.buffer.get(2..2 + bytes)?;
        Some(
            bytes
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
        )
    }

    fn assemble(
        &mut self,
        finished: bool,
        opcode: u8,
        payload: Vec<u8>,
    ) -> Result<Option<Incoming>, Violation> {
        match (opcode, self.partial.take()) {
            (8, _) => Ok(Some(Incoming::Close(
                payload.first_chunk().map(|code| u16::from_be_bytes(*code)),
            ))),
            (9, partial) => {
                self.partial = partial;
                Ok(Some(Incoming::Ping(payload)))
            }
            (10, partial) => {
                self.partial = partial;
                Ok(Some(Incoming::Pong))
            }
            (1 | 2, None) => self.grow(finished, opcode == 1, payload),
            (0, Some((text, mut message))) => {
                message.extend_from_slice(&payload);
                self.grow(finished, text, message)
            }
            _ => Err(Violation {
                code: 1002,
                reason: "unexpected opcode",
            }),
        }
    }

    fn grow(
        &mut self,
        finished: bool,
        text: bool,
        message: Vec<u8>,
    ) -> Result<Option<Incoming>, Violation> {
        if message.len() > MAX_MESSAGE {
            return Err(Violation {
                code: 1009,
                reason: "message too big",
            });
        }
        if !finished {
            self.partial = Some((text, message));
            return Ok(None);
        }
        if !text {
            return Ok(Some(Incoming::Binary(message)));
        }
        match String::from_utf8(message) {
            Ok(text) => Ok(Some(Incoming::Text(text))),
            Err(_) => Err(Violation {
                code: 1007,
                reason: "text is not UTF-8",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..=125 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        frame
    }

    fn decode(bytes: &[u8]) -> Result<Vec<Incoming>, Violation> {
        let mut decoder = Decoder::default();
        let mut messages = Vec::new();
        // Byte by byte: a message must not be delivered before its last byte.
        for byte in bytes {
            decoder.push(&[*byte]);
            messages.extend(decoder.next()?);
        }
        Ok(messages)
    }

    #[test]
    fn accept_key_matches_rfc_6455() {
        assert_eq!(
            accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn control_frames_may_interrupt_a_fragmented_message() {
        let mut bytes = masked(0x01, b"he");
        bytes.extend(masked(0x89, b"ping"));
        bytes.extend(masked(0x80, b"llo"));
        bytes.extend(masked(0x81, &[b'x'; 300]));
        bytes.extend(masked(0x88, &[0x03, 0xE9]));
        let expected = [
            Incoming::Ping(b"ping".to_vec()),
            Incoming::Text("hello".to_owned()),
            Incoming::Text("x".repeat(300)),
            Incoming::Close(Some(1001)),
        ];
        assert_eq!(decode(&bytes), Ok(expected.to_vec()));
    }

    #[test]
    fn each_violation_has_its_close_code() {
        let code = |bytes: &[u8]| decode(bytes).map_err(|violation| violation.code);
        assert_eq!(code(&[0x81, 0x01, b'x']), Err(1002), "not masked");
        assert_eq!(code(&masked(0xC1, b"x")), Err(1002), "reserved bit");
        assert_eq!(
            code(&masked(0x80, b"x")),
            Err(1002),
            "continuation of nothing"
        );
        assert_eq!(code(&masked(0x81, &[0xFF])), Err(1007), "not UTF-8");
        assert_eq!(
            code(&[0x81, 0xFF, 0, 0, 0, 0, 1, 0, 0, 0]),
            Err(1009),
            "too big"
        );
    }

    #[test]
    fn length_has_three_encodings() {
        let head = |length: usize| {
            let mut frame = Vec::new();
            encode(&mut frame, true, Opcode::Text, &vec![0; length]);
            assert!(frame.len() > length);
            frame.truncate(frame.len() - length);
            frame
        };
        assert_eq!(head(125), [0x81, 125]);
        assert_eq!(head(126), [0x81, 126, 0, 126]);
        assert_eq!(head(65_536), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
