//! An in-memory stream whose bytes are known in advance and arrive in pieces, as over a network.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The peer's answer to a request that ends with an empty line.
type Answer = Box<dyn FnOnce(&[u8]) -> Vec<u8> + Send>;

/// One side of a connection.
pub(crate) struct Pipe {
    incoming: Vec<u8>,
    at: usize,
    cut: Cut,
    outgoing: Vec<u8>,
    answer: Option<Answer>,
    reader: Option<Waker>,
}

impl Pipe {
    /// The peer has sent these bytes and closed. `cut` chooses the pieces; with 0, all bytes arrive at once.
    pub(crate) fn sending(incoming: &[u8], cut: u8) -> Self {
        Self {
            incoming: incoming.to_vec(),
            at: 0,
            cut: Cut(u32::from(cut)),
            outgoing: Vec::new(),
            answer: None,
            reader: None,
        }
    }

    /// The peer waits for a request, answers and closes.
    pub(crate) fn answering(
        answer: impl FnOnce(&[u8]) -> Vec<u8> + Send + 'static,
        cut: u8,
    ) -> Self {
        Self {
            answer: Some(Box::new(answer)),
            ..Self::sending(&[], cut)
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.answer.is_some() {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let left = self.incoming.len() - self.at;
        let Some(length) = self.cut.next(left.min(buffer.remaining())) else {
            context.waker().wake_by_ref();
            return Poll::Pending;
        };
        buffer.put_slice(&self.incoming[self.at..][..length]);
        self.at += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.extend_from_slice(bytes);
        if self.outgoing.ends_with(b"\r\n\r\n")
            && let Some(answer) = self.answer.take()
        {
            self.incoming = answer(&self.outgoing);
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Pseudorandom lengths of pieces, the same for the same seed.
struct Cut(u32);

impl Cut {
    /// Returns the length of the next piece, at most `available`; `None` if nothing has arrived yet.
    fn next(&mut self, available: usize) -> Option<usize> {
        if self.0 == 0 || available == 0 {
            return Some(available);
        }
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) | 1;
        let drawn = (self.0 >> 16) as usize;
        match drawn % 8 {
            0 => None,
            1..=3 => Some(1),
            _ => Some((1 + drawn / 8 % 64).min(available)),
        }
    }
}

/// Polls a future to completion, at most `polls` times: all its input is available.
pub(crate) fn run<F: Future>(future: F, polls: usize) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the future does not complete");
}
