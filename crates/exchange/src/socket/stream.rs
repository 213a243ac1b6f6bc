//! The byte stream of a connection: TCP, TLS or caller-supplied, with the faults that affect it.

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

/// A bidirectional byte stream.
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
    /// Accepted bytes that are written one by one.
    queued: VecDeque<u8>,
    pause: Option<Pin<Box<Sleep>>>,
}

/// Controls a stream from outside its task.
#[derive(Debug, Default)]
pub(crate) struct Control {
    drip: Mutex<Option<Duration>>,
    resets: AtomicBool,
    abrupt: AtomicBool,
}

impl Control {
    /// Writes all further data byte by byte, with this delay between two bytes.
    pub(crate) fn drip(&self, by: Duration) {
        *lock(&self.drip) = Some(by);
    }

    /// Makes the stream end with a reset.
    pub(crate) fn reset(&self) {
        self.resets.store(true, Ordering::SeqCst);
    }

    /// Makes the stream end without a TLS close_notify.
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

    /// Disables Nagle's algorithm: small frames must not wait for TCP acknowledgements.
    pub(super) fn set_nodelay(&self) {
        if let Some(stream) = self.socket() {
            let _ = stream.set_nodelay(true);
        }
    }

    /// Writes further data normally; queued bytes still have to be flushed.
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

    /// Writes the queued bytes, one at a time.
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
    /// Applies a requested reset. A stream that is not TCP cannot be reset: it is dropped without a shutdown.
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
            // Accepted completely, so that a writer that does not wait for the flush loses nothing.
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
