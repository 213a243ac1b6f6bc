//! Reads ahead of the codec and passes it one frame at a time.
//!
//! If the codec itself reads beyond a frame, it copies the rest for every frame that it parses. With single frames it
//! copies nothing. The frame length here only decides where to pause: the codec validates each frame itself.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// The buffer size of an idle connection, in bytes. Private streams are idle most of the time.
const MIN_BUFFER: usize = 4 << 10;
/// The buffer size of a busy connection, in bytes: a large buffer needs few system calls.
const MAX_BUFFER: usize = 64 << 10;

/// A stream that is read in large pieces and passed on in frames.
pub(super) struct ReadAhead<S> {
    stream: S,
    buffer: Vec<u8>,
    /// Start of the bytes that are read, but not passed on: `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Number of bytes of the current frame that are not passed on.
    frame_left: u64,
    /// `true` if the last read filled the buffer.
    was_filled: bool,
}

impl<S: AsyncRead + Unpin> ReadAhead<S> {
    /// Creates a reader that first returns the bytes that were already read.
    pub(super) fn new(stream: S, first_bytes: &[u8]) -> Self {
        let mut buffer = first_bytes.to_vec();
        buffer.resize(first_bytes.len().max(MIN_BUFFER), 0);
        Self {
            stream,
            buffer,
            start: 0,
            end: first_bytes.len(),
            frame_left: 0,
            was_filled: false,
        }
    }

    /// Reads more into the buffer; `false` at the end of the stream.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        // At most an incomplete frame head is left to copy.
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.was_filled && self.buffer.len() < MAX_BUFFER {
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
        while this.frame_left == 0 {
            match frame_length(&this.buffer[this.start..this.end]) {
                Some(length) => this.frame_left = length,
                None if ready!(this.poll_fill(context))? => {}
                // The stream ended: pass on an incomplete head, and let the codec report the error.
                None if this.start == this.end => return Poll::Ready(Ok(())),
                None => this.frame_left = (this.end - this.start) as u64,
            }
        }
        if this.start == this.end && !ready!(this.poll_fill(context))? {
            return Poll::Ready(Ok(()));
        }
        let available = (this.end - this.start).min(buffer.remaining());
        let length = usize::try_from(this.frame_left).map_or(available, |it| it.min(available));
        buffer.put_slice(&this.buffer[this.start..][..length]);
        this.start += length;
        this.frame_left -= length as u64;
        Poll::Ready(Ok(()))
    }
}

/// Returns the length of the first frame with its head; `None` if its head is incomplete.
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

    /// Returns a frame with a payload of `length` bytes.
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

    /// Returns the result of each read into a buffer of `room` bytes. `first` bytes were read before.
    async fn reads(bytes: &[u8], first: usize, room: usize) -> Vec<Vec<u8>> {
        let (first, rest) = bytes.split_at(first);
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
    async fn each_read_returns_one_frame() {
        let frames: Vec<_> = [0, 5, 125, 126, 3000, 1].map(frame).into();
        let bytes = frames.concat();
        for first in [0, 1, 2, 9, bytes.len()] {
            assert_eq!(reads(&bytes, first, 8192).await, frames);
        }
    }

    #[tokio::test]
    async fn no_byte_is_lost_or_changed() {
        let bytes = [100_000, 7, 70_000, 65_535].map(frame).concat();
        for room in [1000, 8192, 1 << 20] {
            assert_eq!(reads(&bytes, 0, room).await.concat(), bytes);
        }
        // Wrong lengths, masks and truncated frames are passed on for the codec to refuse.
        for bytes in [
            &[0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2][..],
            &[0x82, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x82, 1, 0],
            &[0x82, 126, 1],
            &[0x82],
            &[],
        ] {
            assert_eq!(reads(bytes, 0, 64).await.concat(), bytes);
        }
    }
}
