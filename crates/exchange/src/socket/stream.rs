//! The bytes below a connection: TCP, TLS over it, or whatever a caller brings; and what faults do to them.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::sync::lock;

/// Bytes in both directions, of whatever kind.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

enum Kind {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
    Own(Box<dyn Duplex>),
}

pub(crate) struct Stream {
    kind: Kind,
    control: Arc<Control>,
    /// Bytes that were taken and drip out one by one.
    queued: VecDeque<u8>,
    pause: Option<Pin<Box<Sleep>>>,
}

/// What can be done to a stream from outside of its task.
#[derive(Debug, Default)]
pub(crate) struct Control {
    drip: Mutex<Option<Duration>>,
    resets: AtomicBool,
    abrupt: AtomicBool,
}

impl Control {
    /// What is written from now on goes out byte by byte, with this time between two.
    pub(crate) fn drip(&self, by: Duration) {
        *lock(&self.drip) = Some(by);
    }

    /// The end of the stream will be a reset.
    pub(crate) fn reset(&self) {
        self.resets.store(true, Ordering::SeqCst);
    }

    /// The end of the stream will lack the farewell of TLS.
    pub(super) fn end_abruptly(&self) {
        self.abrupt.store(true, Ordering::SeqCst);
    }
}

impl Stream {
    pub(crate) fn tcp(stream: TcpStream) -> Self {
        Self::new(Kind::Tcp(stream))
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(stream: tokio_rustls::server::TlsStream<TcpStream>) -> Self {
        Self::new(Kind::Tls(Box::new(stream)))
    }

    pub(crate) fn own(stream: impl Duplex + 'static) -> Self {
        Self::new(Kind::Own(Box::new(stream)))
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            control: Arc::default(),
            queued: VecDeque::new(),
            pause: None,
        }
    }

    pub(crate) fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }

    fn socket(&self) -> Option<&TcpStream> {
        match &self.kind {
            Kind::Tcp(stream) => Some(stream),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => Some(stream.get_ref().0),
            Kind::Own(_) => None,
        }
    }

    /// Small frames must not wait for each other's acknowledgements.
    pub(super) fn send_at_once(&self) {
        if let Some(stream) = self.socket() {
            let _ = stream.set_nodelay(true);
        }
    }

    /// What is written from now on goes out as it comes; what drips still has to be flushed.
    pub(super) fn stop_dripping(&self) {
        *lock(&self.control.drip) = None;
    }

    fn inner(&mut self) -> Pin<&mut dyn Duplex> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => Pin::new(stream.as_mut()),
            Kind::Own(stream) => Pin::new(stream.as_mut()),
        }
    }

    /// Writes what was taken to drip, a byte at a time.
    fn poll_drip(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(byte) = self.queued.front().copied() {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
            }
            ready!(self.inner().poll_write(context, &[byte]))?;
            ready!(self.inner().poll_flush(context))?;
            self.queued.pop_front();
            let by = *lock(&self.control.drip);
            self.pause = by.map(|by| Box::pin(sleep(by)));
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    /// A reset says nothing; what is not TCP is dropped without a shutdown, which is as much as can be said there.
    fn drop(&mut self) {
        let resets = self.control.resets.load(Ordering::SeqCst);
        if let Some(stream) = self.socket().filter(|_| resets) {
            // A linger of zero makes the close a reset.
            let _ = stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().inner().poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        if lock(&stream.control.drip).is_some() {
            // Taken whole, so that whoever writes and does not wait for the end of it loses nothing.
            stream.queued.extend(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(stream.poll_drip(context))?;
        stream.inner().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        ready!(stream.poll_drip(context))?;
        stream.inner().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        ready!(stream.poll_drip(context))?;
        #[cfg(feature = "tls")]
        if let (Kind::Tls(tls), true) = (
            &mut stream.kind,
            stream.control.abrupt.load(Ordering::SeqCst),
        ) {
            return Pin::new(tls.get_mut().0).poll_shutdown(context);
        }
        stream.inner().poll_shutdown(context)
    }
}
