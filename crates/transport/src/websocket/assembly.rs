//! Assembles frames into messages within limits, and refuses violations of RFC 6455.

use bytes::Bytes;
use fastwebsockets::{Frame, OpCode};

use super::Limits;
use super::payload_pool::PayloadPool;
use crate::traits::MAX_CONTROL_PAYLOAD;
use crate::{CloseFrame, Message, Violation};

/// Assembles the messages of one connection.
pub(super) struct Assembly {
    max_size: usize,
    max_fragments: usize,
    partial: Option<PartialMessage>,
    payloads: PayloadPool,
}

/// A fragmented message that is not complete yet.
struct PartialMessage {
    text: bool,
    bytes: Vec<u8>,
    fragments: usize,
    /// Length of the bytes that are valid UTF-8; after them, at most an incomplete character follows.
    checked: usize,
}

impl Assembly {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            max_size: limits.max_message_size,
            max_fragments: limits.max_fragments,
            partial: None,
            payloads: PayloadPool::default(),
        }
    }

    /// Returns the maximum size of the next frame, in bytes.
    ///
    /// The codec needs it as a limit, because it reserves the length that a frame header declares.
    pub(super) fn max_frame_size(&self) -> usize {
        let received = self
            .partial
            .as_ref()
            .map_or(0, |partial| partial.bytes.len());
        self.max_size
            .saturating_sub(received)
            .max(MAX_CONTROL_PAYLOAD)
    }

    /// Returns the violation for a frame that is longer than [`max_frame_size`](Self::max_frame_size).
    pub(super) fn too_long(&self) -> Violation {
        Violation::TooLong {
            limit: self.max_size,
        }
    }

    /// Adds the next frame. Returns a message if the frame completes one; otherwise `None`.
    pub(super) fn accept(&mut self, mut frame: Frame<'_>) -> Result<Option<Message>, Violation> {
        if is_masked(&mut frame) {
            return Err(Violation::Masked);
        }
        match frame.opcode {
            OpCode::Text | OpCode::Binary => self.begin_message(frame),
            OpCode::Continuation => self.continue_message(frame),
            OpCode::Close => {
                CloseFrame::decode(&frame.payload).map(|close| Some(Message::Close(close)))
            }
            OpCode::Ping | OpCode::Pong if frame.payload.len() > MAX_CONTROL_PAYLOAD => {
                Err(Violation::ControlTooLong)
            }
            OpCode::Ping => Ok(Some(Message::Ping(self.payloads.share(frame.payload)))),
            OpCode::Pong => Ok(Some(Message::Pong(self.payloads.share(frame.payload)))),
        }
    }

    fn begin_message(&mut self, frame: Frame<'_>) -> Result<Option<Message>, Violation> {
        if self.partial.is_some() {
            return Err(Violation::Interleaved);
        }
        // The limit of the codec may be higher, because it must also fit a control frame.
        if frame.payload.len() > self.max_size {
            return Err(self.too_long());
        }
        let text = frame.opcode == OpCode::Text;
        if frame.fin {
            // The codec has checked that an unfragmented text is UTF-8.
            let payload = self.payloads.share(frame.payload);
            return Ok(Some(if text {
                Message::Text(payload)
            } else {
                Message::Binary(payload)
            }));
        }
        let mut partial = PartialMessage {
            text,
            bytes: Vec::new(),
            fragments: 0,
            checked: 0,
        };
        partial.append(&frame.payload, self.max_size, self.max_fragments)?;
        self.partial = Some(partial);
        Ok(None)
    }

    fn continue_message(&mut self, frame: Frame<'_>) -> Result<Option<Message>, Violation> {
        let mut partial = self.partial.take().ok_or(Violation::Continuation)?;
        partial.append(&frame.payload, self.max_size, self.max_fragments)?;
        if frame.fin {
            return partial.finish().map(Some);
        }
        self.partial = Some(partial);
        Ok(None)
    }
}

impl PartialMessage {
    fn append(
        &mut self,
        payload: &[u8],
        max_size: usize,
        max_fragments: usize,
    ) -> Result<(), Violation> {
        self.fragments += 1;
        if self.fragments > max_fragments {
            return Err(Violation::TooManyFragments {
                limit: max_fragments,
            });
        }
        let length = self.bytes.len() + payload.len();
        if length > max_size {
            return Err(Violation::TooLong { limit: max_size });
        }
        if length > self.bytes.capacity() {
            // Doubles like a vector, but never beyond the limit.
            let capacity = length
                .max(self.bytes.capacity().saturating_mul(2))
                .min(max_size);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(payload);
        if self.text { self.check() } else { Ok(()) }
    }

    /// Checks that the new bytes are UTF-8.
    ///
    /// An invalid text is therefore refused early, and no byte is checked twice.
    fn check(&mut self) -> Result<(), Violation> {
        match std::str::from_utf8(&self.bytes[self.checked..]) {
            Ok(_) => self.checked = self.bytes.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(Violation::Utf8),
        }
        Ok(())
    }

    fn finish(self) -> Result<Message, Violation> {
        if !self.text {
            return Ok(Message::Binary(Bytes::from(self.bytes)));
        }
        if self.checked < self.bytes.len() {
            return Err(Violation::Utf8);
        }
        Ok(Message::Text(Bytes::from(self.bytes)))
    }
}

/// Returns `true` if a frame is masked.
///
/// The codec neither refuses nor unmasks a masked frame, and exposes the mask only in the head that it writes.
fn is_masked(frame: &mut Frame<'_>) -> bool {
    let mut head = [0; 16];
    frame.fmt_head(&mut head);
    head[1] & 0x80 != 0
}

#[cfg(test)]
mod tests {
    use fastwebsockets::Payload;

    use super::*;

    fn assembly(max_size: usize, max_fragments: usize) -> Assembly {
        Assembly {
            max_size,
            max_fragments,
            partial: None,
            payloads: PayloadPool::default(),
        }
    }

    fn frame(fin: bool, opcode: OpCode, payload: &[u8]) -> Frame<'static> {
        Frame::new(fin, opcode, None, Payload::Bytes(payload.into()))
    }

    /// Feeds frames; returns the messages up to the first violation.
    fn feed(
        mut assembly: Assembly,
        frames: &[(bool, OpCode, &[u8])],
    ) -> (Vec<Message>, Option<Violation>) {
        let mut messages = Vec::new();
        for (fin, opcode, payload) in frames {
            match assembly.accept(frame(*fin, *opcode, payload)) {
                Ok(message) => messages.extend(message),
                Err(violation) => return (messages, Some(violation)),
            }
        }
        (messages, None)
    }

    #[test]
    fn utf_8_is_checked_with_each_fragment() {
        use OpCode::{Continuation, Text};
        let snowman = "☃".as_bytes();
        let check = |frames: &[(bool, OpCode, &[u8])],
                     expected: (Vec<Message>, Option<Violation>)| {
            assert_eq!(feed(assembly(64, 8), frames), expected, "{frames:?}");
        };
        let whole = Message::Text("☃".into());
        check(
            &[
                (false, Text, &snowman[..1]),
                (true, Continuation, &snowman[1..]),
            ],
            (vec![whole.clone()], None),
        );
        check(
            &[
                (false, Text, &snowman[..1]),
                (false, Continuation, &snowman[1..2]),
                (true, Continuation, &snowman[2..]),
            ],
            (vec![whole], None),
        );
        check(
            &[(false, Text, &snowman[..2]), (true, Continuation, b"")],
            (vec![], Some(Violation::Utf8)),
        );
        check(
            &[(false, Text, &snowman[..2]), (false, Continuation, b"a")],
            (vec![], Some(Violation::Utf8)),
        );
        check(&[(false, Text, &[0xff])], (vec![], Some(Violation::Utf8)));
    }

    #[test]
    fn limits_include_all_fragments() {
        use OpCode::{Binary, Continuation};
        let many: Vec<(bool, OpCode, &[u8])> = std::iter::once((false, Binary, &b""[..]))
            .chain((0..8).map(|_| (false, Continuation, &b""[..])))
            .collect();
        assert_eq!(
            feed(assembly(64, 8), &many),
            (vec![], Some(Violation::TooManyFragments { limit: 8 }))
        );
        assert_eq!(feed(assembly(64, 9), &many), (vec![], None));
        let long = [
            (false, Binary, &[1; 40][..]),
            (true, Continuation, &[2; 25][..]),
        ];
        assert_eq!(
            feed(assembly(64, 8), &long),
            (vec![], Some(Violation::TooLong { limit: 64 }))
        );
        assert_eq!(feed(assembly(65, 8), &long).0.len(), 1);
    }

    #[test]
    fn max_frame_size_is_what_the_limit_leaves() {
        let mut assembly = assembly(1000, 8);
        assert_eq!(assembly.max_frame_size(), 1000);
        assembly
            .accept(frame(false, OpCode::Binary, &[0; 700]))
            .unwrap();
        assert_eq!(assembly.max_frame_size(), 300);
        assembly
            .accept(frame(false, OpCode::Continuation, &[0; 290]))
            .unwrap();
        assert_eq!(assembly.max_frame_size(), MAX_CONTROL_PAYLOAD);
        assert!(assembly.partial.unwrap().bytes.capacity() <= 1000);
    }

    #[test]
    fn masked_frame_is_refused() {
        let masked = Frame::new(
            true,
            OpCode::Text,
            Some([0; 4]),
            Payload::Bytes(b"{}"[..].into()),
        );
        assert_eq!(assembly(64, 8).accept(masked), Err(Violation::Masked));
    }
}
