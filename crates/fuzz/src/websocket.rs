//! The WebSocket reference: RFC 6455, section 5, applied to a whole byte stream at once.

use kucoin_streams_transport::{Bytes, CloseFrame, Message};

/// The limits of a reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) size: usize,
    pub(crate) fragments: usize,
}

/// How a stream must end.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// With a close frame.
    Close,
    /// Without a close frame.
    Eof,
    /// With a violation of the protocol, and one of these close codes.
    Violation(Vec<u16>),
    /// Inside a frame whose head already violates the protocol, with one of these close codes.
    EofOrViolation(Vec<u16>),
}

/// One frame, perhaps truncated.
struct Frame<'b> {
    first: u8,
    masked: bool,
    /// The declared length; `None` if the head is truncated.
    length: Option<u64>,
    /// `None` if the payload is truncated.
    payload: Option<&'b [u8]>,
}

const GENERAL: u16 = 1002;
const TEXT: u16 = 1007;
const SIZE: u16 = 1009;
const MAX_CONTROL_PAYLOAD: u64 = 125;

/// Returns the messages that a reader must return, and how it must end.
pub(crate) fn read(mut bytes: &[u8], limits: Limits) -> (Vec<Message>, End) {
    let mut messages = Vec::new();
    let mut partial: Option<Partial> = None;
    loop {
        let Some(frame) = take_frame(&mut bytes) else {
            return (messages, End::Eof);
        };
        let mut violations = head_violations(&frame, partial.is_some());
        let received = partial.as_ref().map_or(0, |partial| partial.bytes.len());
        violations.extend(is_too_long(&frame, limits, received).then_some(SIZE));
        let Some(payload) = frame.payload else {
            let end = match frame.length {
                Some(length) if length > max_frame(limits.size, received) => {
                    End::Violation(violations)
                }
                _ if violations.is_empty() => End::Eof,
                _ => End::EofOrViolation(violations),
            };
            return (messages, end);
        };
        violations.extend(payload_violations(&frame, payload));
        let mut next = partial.take();
        if is_data(&frame) {
            let partial = next.get_or_insert_with(|| Partial::new(frame.opcode() == 1));
            violations.extend(partial.take(payload, frame.is_final(), limits));
        }
        if !violations.is_empty() {
            return (messages, End::Violation(violations));
        }
        let payload = Bytes::copy_from_slice(payload);
        match frame.opcode() {
            8 => {
                messages.push(Message::Close(close_frame(&payload)));
                return (messages, End::Close);
            }
            9 => messages.push(Message::Ping(payload)),
            10 => messages.push(Message::Pong(payload)),
            _ if frame.is_final() => messages.extend(next.take().map(Partial::finish)),
            _ => {}
        }
        partial = next;
    }
}

/// Returns `true` if a frame declares a length beyond the limit of its message, or beyond what a reader may begin to
/// read.
fn is_too_long(frame: &Frame<'_>, limits: Limits, received: usize) -> bool {
    let left = limits.size.saturating_sub(received) as u64;
    let max = if is_data(frame) {
        left
    } else {
        max_frame(limits.size, received)
    };
    frame.length.is_some_and(|length| length > max)
}

/// Returns the length of the longest frame that a reader may begin to read.
fn max_frame(size: usize, received: usize) -> u64 {
    MAX_CONTROL_PAYLOAD.max(size.saturating_sub(received) as u64)
}

fn take_frame<'b>(bytes: &mut &'b [u8]) -> Option<Frame<'b>> {
    let [first, second, rest @ ..] = *bytes else {
        return None;
    };
    let masked = second & 0x80 != 0;
    let (declared, rest) = match second & 0x7f {
        126 => (
            rest.first_chunk()
                .map(|two| u64::from(u16::from_be_bytes(*two))),
            rest.get(2..),
        ),
        127 => (
            rest.first_chunk().map(|eight| u64::from_be_bytes(*eight)),
            rest.get(8..),
        ),
        length => (Some(u64::from(length)), Some(rest)),
    };
    let rest = rest.and_then(|rest| rest.get(if masked { 4 } else { 0 }..));
    let length = declared.filter(|_| rest.is_some());
    let whole = rest.zip(length.and_then(|length| usize::try_from(length).ok()));
    let payload = whole.and_then(|(rest, length)| rest.get(..length));
    if let (Some(rest), Some(payload)) = (rest, payload) {
        *bytes = &rest[payload.len()..];
    }
    Some(Frame {
        first: *first,
        masked,
        length,
        payload,
    })
}

impl Frame<'_> {
    fn opcode(&self) -> u8 {
        self.first & 0x0f
    }

    fn is_final(&self) -> bool {
        self.first & 0x80 != 0
    }
}

fn is_data(frame: &Frame<'_>) -> bool {
    frame.opcode() < 8
}

fn head_violations(frame: &Frame<'_>, is_inside_message: bool) -> Vec<u16> {
    let is_long_control = !is_data(frame)
        && frame
            .length
            .is_some_and(|length| length > MAX_CONTROL_PAYLOAD);
    let broken = [
        frame.first & 0x70 != 0,
        !matches!(frame.opcode(), 0..=2 | 8..=10),
        !is_data(frame) && !frame.is_final(),
        is_long_control,
        frame.masked,
        frame.opcode() == 0 && !is_inside_message,
        matches!(frame.opcode(), 1 | 2) && is_inside_message,
    ];
    broken
        .into_iter()
        .filter(|broken| *broken)
        .map(|_| GENERAL)
        .collect()
}

fn payload_violations(frame: &Frame<'_>, payload: &[u8]) -> Vec<u16> {
    let mut violations = Vec::new();
    // An unfragmented text is checked even if it is not allowed at this point.
    if frame.opcode() == 1 && frame.is_final() && std::str::from_utf8(payload).is_err() {
        violations.push(TEXT);
    }
    if frame.opcode() == 8 {
        match payload {
            [] => {}
            [_] => violations.push(GENERAL),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                let is_legal = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
                violations.extend((!is_legal).then_some(GENERAL));
                violations.extend(std::str::from_utf8(reason).is_err().then_some(TEXT));
            }
        }
    }
    violations
}

fn close_frame(payload: &[u8]) -> Option<CloseFrame> {
    let (code, reason) = payload.split_first_chunk()?;
    let reason = String::from_utf8_lossy(reason);
    Some(CloseFrame::new(u16::from_be_bytes(*code), reason))
}

/// A message that is not complete yet.
struct Partial {
    is_text: bool,
    bytes: Vec<u8>,
    fragments: usize,
}

impl Partial {
    fn new(is_text: bool) -> Self {
        Self {
            is_text,
            bytes: Vec::new(),
            fragments: 0,
        }
    }

    /// Takes the next fragment, and returns the close codes of its violations.
    fn take(&mut self, payload: &[u8], is_final: bool, limits: Limits) -> Vec<u16> {
        self.bytes.extend_from_slice(payload);
        self.fragments += 1;
        let is_fragmented = self.fragments > 1 || !is_final;
        let checked = std::str::from_utf8(&self.bytes);
        let is_wrong = checked.is_err_and(|error| is_final || error.error_len().is_some());
        let broken = [
            (is_fragmented && self.fragments > limits.fragments, SIZE),
            (self.is_text && is_wrong, TEXT),
        ];
        let broken = broken.into_iter().filter(|(broken, _)| *broken);
        broken.map(|(_, code)| code).collect()
    }

    fn finish(self) -> Message {
        match self.is_text {
            true => Message::Text(self.bytes.into()),
            false => Message::Binary(self.bytes.into()),
        }
    }
}
