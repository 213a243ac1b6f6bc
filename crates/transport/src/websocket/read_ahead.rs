//! Reads ahead of the codec, and hands it one frame at a time.
//!
//! The codec makes room for a frame behind all that it holds, so what it has read beyond a frame is copied for each
//! frame that it parses, and into new memory while frames before are still in use. Handed single frames it copies
//! nothing. What is told here of a frame's length is no more than where to pause: the codec reads on where it wants
//! more, and judges every frame itself.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// An idle connection holds this much, as private streams are quiet nearly always.
const SMALLEST: usize = 4 << 10;
/// A busy one grows to this, so that a flood costs few system calls.
const LARGEST: usize = 64 << 10;

/// A stream that is read in large pieces and handed on in frames.
pub(super) struct ReadAhead<S> {
    stream: S,
    buffer: Vec<u8>,
    /// What was read and not handed on is `buffer[at..end]`.
    at: usize,
    end: usize,
    /// How much of the present frame has not been handed on.
    left: u64,
    /// The last read left no room.
    was_filled: bool,
}

impl<S: AsyncRead + Unpin> ReadAhead<S> {
    /// Begins with bytes that were read already.
    pub(super) fn new(stream: S, first_bytes: &[u8]) -> Self {
        let mut buffer = first_bytes.to_vec();
        buffer.resize(first_bytes.len().max(SMALLEST), 0);
        Self {
            stream,
            buffer,
            at: 0,
            end: first_bytes.len(),
            left: 0,
            was_filled: false,
        }
    }

    /// Reads more behind what is there; false at the end of the stream.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        // A rest is shorter than the head of a frame, or nothing.
        self.buffer.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        if self.was_filled && self.buffer.len() < LARGEST {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let mut room = ReadBuf::new(&mut self.buffer[self.end..]);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut room))?;
        let length = room.filled().len();
        self.was_filled = room.remaining() == 0;
        self.end += length;
        Poll::Ready(Ok(length > 0))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadAhead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.left == 0 {
            match frame_length(&this.buffer[this.at..this.end]) {
                Some(length) => this.left = length,
                None if ready!(this.poll_fill(context))? => {}
                // The stream ends inside of a head: the codec gets it all, or nothing, and says so.
                None if this.at == this.end => return Poll::Ready(Ok(())),
                None => this.left = (this.end - this.at) as u64,
            }
        }
        if this.at == this.end && !ready!(this.poll_fill(context))? {
            return Poll::Ready(Ok(()));
        }
        let there = (this.end - this.at).min(buffer.remaining());
        let length = usize::try_from(this.left).map_or(there, |left| left.min(there));
        buffer.put_slice(&this.buffer[this.at..][..length]);
        this.at += length;
        this.left -= length as u64;
        Poll::Ready(Ok(()))
    }
}

/// The length of the frame that begins here, its head included; `None` where the head is not whole.
fn frame_length(bytes: &[u8]) -> Option<u64> {
    let [_, second, rest @ ..] = bytes else {
        return None;
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (head, payload) = match second & 0x7f {
        126 => (4, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*rest.first_chunk()?)),
        length => (2, u64::from(length)),
    };
    Some(payload.saturating_add(head + mask))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    /// A frame of so many bytes of payload.
    fn frame(length: usize) -> Vec<u8> {
        let mut frame = vec![0x82];
        match length {
            ..126 => frame.push(length as u8),
            126..65_536 => {
                frame.push(126);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend((0..length).map(|at| at as u8));
        frame
    }

    /// What each read gives, with so much room.
    async fn reads(said: &[u8], first: usize, room: usize) -> Vec<Vec<u8>> {
        let (first, rest) = said.split_at(first);
        let mut stream = ReadAhead::new(rest, first);
        let mut reads = Vec::new();
        loop {
            let mut buffer = vec![0; room];
            match stream.read(&mut buffer).await.unwrap() {
                0 => return reads,
                length => reads.push(buffer[..length].to_vec()),
            }
        }
    }

    #[tokio::test]
    async fn each_read_gives_one_frame_however_they_arrived() {
        let frames: Vec<_> = [0, 5, 125, 126, 3000, 1].map(frame).into();
        let said = frames.concat();
        for first in [0, 1, 2, 9, said.len()] {
            assert_eq!(reads(&said, first, 8192).await, frames);
        }
    }

    #[tokio::test]
    async fn no_byte_is_lost_or_changed_whatever_the_room_and_the_length() {
        let said = [100_000, 7, 70_000, 65_535].map(frame).concat();
        for room in [1000, 8192, 1 << 20] {
            assert_eq!(reads(&said, 0, room).await.concat(), said);
        }
        // Lengths that are lies, masks, and an end in the middle are for the codec to judge.
        for said in [
            &[0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2][..],
            &[0x82, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x82, 1, 0],
            &[0x82, 126, 1],
            &[0x82],
            &[],
        ] {
            assert_eq!(reads(said, 0, 64).await.concat(), said);
        }
    }
}
