//! Frames as faults want them: of another kind, split, interleaved, or against the protocol.

use std::borrow::Cow;

use crate::fault::{Armed, Flaw, Utterance};
use crate::json::{Object, Raw};
use crate::stats::Protocol;
use crate::ws::{Opcode, encode, encode_raw};
use crate::{pro, v1};

/// The last fragment of a message, in the first byte of a frame.
const FIN: u8 = 0x80;
const RESERVED: u8 = 0x40;
const MASK: [u8; 4] = [0x5A, 0x17, 0xC3, 0x66];

/// The frame that a text becomes: of Pro V2 a binary one, with the text as it is.
pub(super) fn formed<'a>(
    protocol: Protocol,
    armed: &mut Armed,
    text: &'a [u8],
) -> (Opcode, Cow<'a, [u8]>) {
    if protocol == Protocol::V1 {
        return (Opcode::Text, Cow::Borrowed(text));
    }
    if armed.deflate.take() {
        return (Opcode::Binary, Cow::Owned(deflated(text)));
    }
    if armed.as_text.take() {
        return (Opcode::Text, Cow::Borrowed(text));
    }
    (Opcode::Binary, Cow::Borrowed(text))
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let level = miniz_oxide::deflate::CompressionLevel::DefaultLevel as u8;
    miniz_oxide::deflate::compress_to_vec(bytes, level)
}

/// The payload in fragments that end at `splits` and at its end.
pub(super) fn encode_fragments(
    out: &mut Vec<u8>,
    opcode: Opcode,
    splits: &[usize],
    payload: &[u8],
) {
    let mut start = 0;
    for (index, end) in splits.iter().copied().chain([payload.len()]).enumerate() {
        let opcode = if index == 0 {
            opcode
        } else {
            Opcode::Continuation
        };
        encode(out, index == splits.len(), opcode, &payload[start..end]);
        start = end;
    }
}

/// The payload in two fragments with a ping between them.
pub(super) fn encode_interleaved(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let (first, second) = payload.split_at(payload.len() / 2);
    encode(out, false, opcode, first);
    encode(out, true, Opcode::Ping, b"between");
    encode(out, true, Opcode::Continuation, second);
}

/// The payload with this flaw.
pub(super) fn encode_flawed(out: &mut Vec<u8>, flaw: Flaw, opcode: Opcode, payload: &[u8]) {
    let (kind, length) = (opcode as u8, payload.len() as u64);
    match flaw {
        Flaw::Masked => encode_raw(out, FIN | kind, length, Some(MASK), payload),
        Flaw::ReservedBit => encode_raw(out, FIN | RESERVED | kind, length, None, payload),
        Flaw::UnknownOpcode => encode_raw(out, FIN | 3, length, None, payload),
        Flaw::NotUtf8 => {
            let mut broken = payload.to_vec();
            let middle = broken.len() / 2;
            // Never a byte of UTF-8, wherever it stands.
            broken.insert(middle, 0xFF);
            encode(out, true, opcode, &broken);
        }
        Flaw::StrayContinuation => encode(out, true, Opcode::Continuation, payload),
        Flaw::Interrupted => {
            let (first, second) = payload.split_at(payload.len() / 2);
            encode(out, false, opcode, first);
            encode(out, true, opcode, second);
        }
        Flaw::FragmentedPing => {
            encode(out, false, Opcode::Ping, b"part");
            encode(out, true, opcode, payload);
        }
        Flaw::LongPing => {
            encode(out, true, Opcode::Ping, &[b'x'; 126]);
            encode(out, true, opcode, payload);
        }
        Flaw::Oversized => encode_raw(out, FIN | kind, 1 << 62, None, payload),
        Flaw::ShortClose => encode(out, true, Opcode::Close, &[0x03]),
        Flaw::CloseNotUtf8 => encode(out, true, Opcode::Close, &[0x03, 0xE8, 0xFF, 0xFE]),
    }
}

/// What the exchange says out of itself.
pub(super) fn encode_utterance(
    out: &mut Vec<u8>,
    protocol: Protocol,
    armed: &mut Armed,
    utterance: &Utterance,
) {
    let mut message = |out: &mut Vec<u8>, text: &str| {
        let (opcode, payload) = formed(protocol, armed, text.as_bytes());
        encode(out, true, opcode, &payload);
    };
    match utterance {
        Utterance::Text { text } => message(out, text),
        Utterance::Binary { payload } => encode(out, true, Opcode::Binary, payload),
        Utterance::Bomb { bytes } => {
            let spaces = vec![b' '; usize::try_from(*bytes).unwrap_or_default()];
            encode(out, true, Opcode::Binary, &deflated(&spaces));
        }
        Utterance::Bytes { bytes } => out.extend_from_slice(bytes),
        Utterance::Error { code, text, id } => {
            message(out, &v1::frames::error(id.as_deref(), *code, text));
        }
        Utterance::Ack { id } => message(
            out,
            &match protocol {
                Protocol::V1 => v1::frames::ack(Some(id)),
                Protocol::ProV2 => pro::frames::ack(Some(id)),
            },
        ),
        Utterance::Pongs { count } => {
            for number in 1..=*count {
                let pong = Object::new()
                    .field("id", format!("stray-{number}"))
                    .field("type", "pong");
                message(out, &pong.end());
            }
        }
        Utterance::Pings { count, bytes } => {
            let payload = vec![b'p'; usize::from(*bytes).min(125)];
            (0..*count).for_each(|_| encode(out, true, Opcode::Ping, &payload));
        }
        Utterance::Flood { pushes } => {
            for number in 1..=*pushes {
                message(out, &flood(protocol, number));
            }
        }
        Utterance::EndlessFragments { fragments, bytes } => {
            let first = match protocol {
                Protocol::V1 => Opcode::Text,
                Protocol::ProV2 => Opcode::Binary,
            };
            let payload = vec![b' '; usize::try_from(*bytes).unwrap_or_default()];
            for number in 0..*fragments {
                let opcode = if number == 0 {
                    first
                } else {
                    Opcode::Continuation
                };
                encode(out, false, opcode, &payload);
            }
        }
    }
}

fn flood(protocol: Protocol, number: u32) -> String {
    let data = Object::new().field("number", number).end();
    match protocol {
        Protocol::V1 => Object::new()
            .field("topic", "/flood/unknown")
            .field("type", "message")
            .field("subject", "flood")
            .field("data", Raw(&data)),
        Protocol::ProV2 => Object::new()
            .field("T", "flood.UNKNOWN")
            .field("P", crate::clock::now_ns())
            .field("d", Raw(&data)),
    }
    .end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_carry_the_payload_in_order() {
        let mut out = Vec::new();
        encode_fragments(&mut out, Opcode::Text, &[2, 2], b"hello");
        assert_eq!(out, b"\x01\x02he\x00\x00\x80\x03llo");
        out.clear();
        encode_interleaved(&mut out, Opcode::Text, b"hello");
        assert_eq!(out, b"\x01\x02he\x89\x07between\x80\x03llo");
    }

    #[test]
    fn each_flaw_is_in_the_bytes() {
        let flawed = |flaw| {
            let mut out = Vec::new();
            encode_flawed(&mut out, flaw, Opcode::Text, b"hi");
            out
        };
        assert_eq!(flawed(Flaw::Masked), b"\x81\x82\x5A\x17\xC3\x66\x32\x7E");
        assert_eq!(flawed(Flaw::ReservedBit), b"\xC1\x02hi");
        assert_eq!(flawed(Flaw::UnknownOpcode), b"\x83\x02hi");
        assert_eq!(flawed(Flaw::NotUtf8), b"\x81\x03h\xFFi");
        assert_eq!(flawed(Flaw::StrayContinuation), b"\x80\x02hi");
        assert_eq!(flawed(Flaw::Interrupted), b"\x01\x01h\x81\x01i");
        assert_eq!(flawed(Flaw::FragmentedPing), b"\x09\x04part\x81\x02hi");
        assert_eq!(flawed(Flaw::LongPing)[..4], [0x89, 126, 0, 126]);
        assert_eq!(flawed(Flaw::Oversized), b"\x81\x7F\x40\0\0\0\0\0\0\0hi");
        assert_eq!(flawed(Flaw::ShortClose), b"\x88\x01\x03");
        assert_eq!(flawed(Flaw::CloseNotUtf8), b"\x88\x04\x03\xE8\xFF\xFE");
    }
}
