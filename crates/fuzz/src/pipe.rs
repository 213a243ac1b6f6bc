//! A stream in memory: its far end has said all that it will say, and it comes in pieces as a network would cut it.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the far end answers to a request that ends in a blank line.
type Answer = Box<dyn FnOnce(&[u8]) -> Vec<u8> + Send>;

/// One end of a connection.
pub(crate) struct Pipe {
    incoming: Vec<u8>,
    at: usize,
    cut: Cut,
    outgoing: Vec<u8>,
    answer: Option<Answer>,
    reader: Option<Waker>,
}

impl Pipe {
    /// The far end has written these bytes and closed. `cut` chooses the pieces; with 0 they come at once.
    pub(crate) fn saying(incoming: &[u8], cut: u8) -> Self {
        Self {
            incoming: incoming.to_vec(),
            at: 0,
            cut: Cut(u32::from(cut)),
            outgoing: Vec::new(),
            answer: None,
            reader: None,
        }
    }

    /// The far end waits for a request, answers and closes.
    pub(crate) fn answering(
        answer: impl FnOnce(&[u8]) -> Vec<u8> + Send + 'static,
        cut: u8,
    ) -> Self {
        Self {
            answer: Some(Box::new(answer)),
            ..Self::saying(&[], cut)
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

/// Lengths of pieces, the same for the same seed.
struct Cut(u32);

impl Cut {
    /// The next piece of what is there; `None`: nothing has arrived yet.
    fn next(&mut self, most: usize) -> Option<usize> {
        if self.0 == 0 || most == 0 {
            return Some(most);
        }
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) | 1;
        let drawn = (self.0 >> 16) as usize;
        match drawn % 8 {
            0 => None,
            1..=3 => Some(1),
            _ => Some((1 + drawn / 8 % 64).min(most)),
        }
    }
}

/// Runs a future to its end. It must get there in fewer polls than `polls`: nothing is left that it could wait for.
pub(crate) fn run<F: Future>(future: F, polls: usize) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("a future waits for something that cannot come");
}
