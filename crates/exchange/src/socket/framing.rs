//! Frames changed by faults: another opcode, fragmented, interleaved, or invalid.

use std::borrow::Cow;

use crate::fault::{ActiveFaults, Effect, FrameViolation, InjectedMessage, take};
use crate::json::{Object, Raw};
use crate::rng::Rng;
use crate::stats::StreamProtocol;
use crate::ws::{Opcode, encode, encode_raw};
use crate::{pro, v1};

/// FIN bit in the first byte of a frame.
const FIN: u8 = 0x80;
const RESERVED: u8 = 0x40;
const MASK: [u8; 4] = [0x5A, 0x17, 0xC3, 0x66];

/// Returns opcode and payload of a text; Pro V2 sends plain text in binary frames.
pub(super) fn wire_form<'a>(
    protocol: StreamProtocol,
    faults: &mut ActiveFaults,
    text: &'a [u8],
) -> (Opcode, Cow<'a, [u8]>) {
    if protocol == StreamProtocol::V1 {
        return (Opcode::Text, Cow::Borrowed(text));
    }
    if take!(faults, Effect::DeflateFrames { .. }) {
        return (Opcode::Binary, Cow::Owned(deflated(text)));
    }
    if take!(faults, Effect::TextFrames { .. }) {
        return (Opcode::Text, Cow::Borrowed(text));
    }
    (Opcode::Binary, Cow::Borrowed(text))
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let level = miniz_oxide::deflate::CompressionLevel::DefaultLevel as u8;
    miniz_oxide::deflate::compress_to_vec(bytes, level)
}

/// Replaces one quote of the frame: JSON never has an odd number of quotes.
pub(super) fn garbled(frame: &str, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = frame.as_bytes().to_vec();
    let quotes: Vec<usize> = (0..bytes.len())
        .filter(|place| bytes[*place] == b'"')
        .collect();
    match quotes.len() {
        0 => bytes.insert(0, b'~'),
        length => bytes[quotes[rng.index(length)]] = b'~',
    }
    bytes
}

/// Returns random offsets that split a payload of this length into this number of fragments.
pub(super) fn splits(length: usize, parts: u32, rng: &mut Rng) -> Vec<usize> {
    let mut splits: Vec<usize> = (1..parts.max(1)).map(|_| rng.index(length + 1)).collect();
    splits.sort_unstable();
    splits
}

/// Encodes the payload in fragments that end at `splits` and at its end.
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

/// Encodes the payload in two fragments with a ping between them.
pub(super) fn encode_interleaved(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let (first, second) = payload.split_at(payload.len() / 2);
    encode(out, false, opcode, first);
    encode(out, true, Opcode::Ping, b"between");
    encode(out, true, Opcode::Continuation, second);
}

/// Encodes the payload in a frame with this protocol violation.
pub(super) fn encode_violating(
    out: &mut Vec<u8>,
    violation: FrameViolation,
    opcode: Opcode,
    payload: &[u8],
) {
    let (kind, length) = (opcode as u8, payload.len() as u64);
    match violation {
        FrameViolation::Masked => encode_raw(out, FIN | kind, length, Some(MASK), payload),
        FrameViolation::ReservedBit => {
            encode_raw(out, FIN | RESERVED | kind, length, None, payload)
        }
        FrameViolation::UnknownOpcode => encode_raw(out, FIN | 3, length, None, payload),
        FrameViolation::NotUtf8 => {
            let mut broken = payload.to_vec();
            let middle = broken.len() / 2;
            // 0xFF never occurs in UTF-8.
            broken.insert(middle, 0xFF);
            encode(out, true, opcode, &broken);
        }
        FrameViolation::StrayContinuation => encode(out, true, Opcode::Continuation, payload),
        FrameViolation::Interrupted => {
            let (first, second) = payload.split_at(payload.len() / 2);
            encode(out, false, opcode, first);
            encode(out, true, opcode, second);
        }
        FrameViolation::FragmentedPing => {
            encode(out, false, Opcode::Ping, b"part");
            encode(out, true, opcode, payload);
        }
        FrameViolation::LongPing => {
            encode(out, true, Opcode::Ping, &[b'x'; 126]);
            encode(out, true, opcode, payload);
        }
        FrameViolation::Oversized => encode_raw(out, FIN | kind, 1 << 62, None, payload),
        FrameViolation::ShortClose => encode(out, true, Opcode::Close, &[0x03]),
        FrameViolation::CloseNotUtf8 => encode(out, true, Opcode::Close, &[0x03, 0xE8, 0xFF, 0xFE]),
    }
}

/// Encodes an unsolicited message of the exchange.
pub(super) fn encode_injected(
    out: &mut Vec<u8>,
    protocol: StreamProtocol,
    faults: &mut ActiveFaults,
    message: &InjectedMessage,
) {
    let mut put = |out: &mut Vec<u8>, text: &str| {
        let (opcode, payload) = wire_form(protocol, faults, text.as_bytes());
        encode(out, true, opcode, &payload);
    };
    match message {
        InjectedMessage::Text { text } => put(out, text),
        InjectedMessage::Binary { payload } => encode(out, true, Opcode::Binary, payload),
        InjectedMessage::Bomb { bytes } => {
            let spaces = vec![b' '; usize::try_from(*bytes).unwrap_or_default()];
            encode(out, true, Opcode::Binary, &deflated(&spaces));
        }
        InjectedMessage::Bytes { bytes } => out.extend_from_slice(bytes),
        InjectedMessage::Error { code, text, id } => {
            put(out, &v1::frames::error(id.as_deref(), *code, text));
        }
        InjectedMessage::Ack { id } => put(
            out,
            &match protocol {
                StreamProtocol::V1 => v1::frames::ack(Some(id)),
                StreamProtocol::ProV2 => pro::frames::ack(Some(id)),
            },
        ),
        InjectedMessage::Pongs { count } => {
            for number in 1..=*count {
                let pong = Object::new()
                    .field("id", format!("stray-{number}"))
                    .field("type", "pong");
                put(out, &pong.end());
            }
        }
        InjectedMessage::Pings { count, bytes } => {
            let payload = vec![b'p'; usize::from(*bytes).min(125)];
            (0..*count).for_each(|_| encode(out, true, Opcode::Ping, &payload));
        }
        InjectedMessage::Flood { pushes } => {
            for number in 1..=*pushes {
                put(out, &flood(protocol, number));
            }
        }
        InjectedMessage::EndlessFragments { fragments, bytes } => {
            let first = match protocol {
                StreamProtocol::V1 => Opcode::Text,
                StreamProtocol::ProV2 => Opcode::Binary,
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

fn flood(protocol: StreamProtocol, number: u32) -> String {
    let data = Object::new().field("number", number).end();
    match protocol {
        StreamProtocol::V1 => Object::new()
            .field("topic", "/flood/unknown")
            .field("type", "message")
            .field("subject", "flood")
            .field("data", Raw(&data)),
        StreamProtocol::ProV2 => Object::new()
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
    fn fragments_contain_the_payload_in_order() {
        let mut out = Vec::new();
        encode_fragments(&mut out, Opcode::Text, &[2, 2], b"hello");
        assert_eq!(out, b"\x01\x02he\x00\x00\x80\x03llo");
        out.clear();
        encode_interleaved(&mut out, Opcode::Text, b"hello");
        assert_eq!(out, b"\x01\x02he\x89\x07between\x80\x03llo");
    }

    #[test]
    fn each_violation_is_encoded() {
        let frame = |violation| {
            let mut out = Vec::new();
            encode_violating(&mut out, violation, Opcode::Text, b"hi");
            out
        };
        assert_eq!(
            frame(FrameViolation::Masked),
            b"\x81\x82\x5A\x17\xC3\x66\x32\x7E"
        );
        assert_eq!(frame(FrameViolation::ReservedBit), b"\xC1\x02hi");
        assert_eq!(frame(FrameViolation::UnknownOpcode), b"\x83\x02hi");
        assert_eq!(frame(FrameViolation::NotUtf8), b"\x81\x03h\xFFi");
        assert_eq!(frame(FrameViolation::StrayContinuation), b"\x80\x02hi");
        assert_eq!(frame(FrameViolation::Interrupted), b"\x01\x01h\x81\x01i");
        assert_eq!(
            frame(FrameViolation::FragmentedPing),
            b"\x09\x04part\x81\x02hi"
        );
        assert_eq!(frame(FrameViolation::LongPing)[..4], [0x89, 126, 0, 126]);
        assert_eq!(
            frame(FrameViolation::Oversized),
            b"\x81\x7F\x40\0\0\0\0\0\0\0hi"
        );
        assert_eq!(frame(FrameViolation::ShortClose), b"\x88\x01\x03");
        assert_eq!(
            frame(FrameViolation::CloseNotUtf8),
            b"\x88\x04\x03\xE8\xFF\xFE"
        );
    }

    #[test]
    fn garbled_frame_is_never_json() {
        let frame = r#"{"topic":"/account/balance","data":{"total":"1"}}"#;
        for seed in 0..200 {
            let garbled = garbled(frame, &mut Rng::new(seed));
            assert_ne!(garbled, frame.as_bytes());
            assert!(serde_json::from_slice::<serde_json::Value>(&garbled).is_err());
        }
    }
}
