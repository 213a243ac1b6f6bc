//! The byte stream of a connection: plain TCP, TLS or custom, and its two halves.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::client::TlsStream;

use super::read_ahead::ReadAhead;

/// A stream of one of three kinds: plain TCP, TLS or custom. Every call is forwarded to it.
pub(super) enum AnyStream<P, T, C> {
    Plain(P),
    Tls(T),
    Custom(C),
}

/// A byte stream that can be read and written.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

pub(super) type Stream = AnyStream<TcpStream, Box<TlsStream<TcpStream>>, Box<dyn Duplex>>;

pub(super) type ReadStream =
    ReadAhead<AnyStream<OwnedReadHalf, ReadHalf<TlsStream<TcpStream>>, ReadHalf<Box<dyn Duplex>>>>;

pub(super) type WriteStream =
    AnyStream<OwnedWriteHalf, WriteHalf<TlsStream<TcpStream>>, WriteHalf<Box<dyn Duplex>>>;

impl Stream {
    /// Splits into two halves. `first_bytes` arrived after the reply to the upgrade and are read first.
    ///
    /// TCP halves share the socket without a lock. Halves of the other kinds take a lock for each poll.
    pub(super) fn split(self, first_bytes: Bytes) -> (ReadStream, WriteStream) {
        let (read, write) = match self {
            Self::Plain(stream) => {
                let (read, write) = stream.into_split();
                (AnyStream::Plain(read), AnyStream::Plain(write))
            }
            Self::Tls(stream) => {
                let (read, write) = tokio::io::split(*stream);
                (AnyStream::Tls(read), AnyStream::Tls(write))
            }
            Self::Custom(stream) => {
                let (read, write) = tokio::io::split(stream);
                (AnyStream::Custom(read), AnyStream::Custom(write))
            }
        };
        (ReadAhead::new(read, &first_bytes), write)
    }
}

impl<P, T, C> AsyncRead for AnyStream<P, T, C>
where
    P: AsyncRead + Unpin,
    T: AsyncRead + Unpin,
    C: AsyncRead + Unpin,
{
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Custom(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl<P, T, C> AsyncWrite for AnyStream<P, T, C>
where
    P: AsyncWrite + Unpin,
    T: AsyncWrite + Unpin,
    C: AsyncWrite + Unpin,
{
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Custom(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Custom(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Custom(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
