//! The byte stream below the frames, plain, TLS or the caller's own, whole and in two halves.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::client::TlsStream;

use super::read_ahead::ReadAhead;

/// One of three streams, to which every call is passed on.
pub(super) enum AnyStream<P, T, O> {
    Plain(P),
    Tls(T),
    Own(O),
}

/// Bytes in both directions, of whatever kind.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

pub(super) type Stream = AnyStream<TcpStream, Box<TlsStream<TcpStream>>, Box<dyn Duplex>>;

pub(super) type ReadStream =
    ReadAhead<AnyStream<OwnedReadHalf, ReadHalf<TlsStream<TcpStream>>, ReadHalf<Box<dyn Duplex>>>>;

pub(super) type WriteStream =
    AnyStream<OwnedWriteHalf, WriteHalf<TlsStream<TcpStream>>, WriteHalf<Box<dyn Duplex>>>;

impl Stream {
    /// Two halves; the reading one begins with the bytes that came behind the reply to the upgrade.
    ///
    /// TCP halves share a socket without a lock. The others keep one state for both directions, so their halves take
    /// a lock for each poll, never across a wait.
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
            Self::Own(stream) => {
                let (read, write) = tokio::io::split(stream);
                (AnyStream::Own(read), AnyStream::Own(write))
            }
        };
        (ReadAhead::new(read, &first_bytes), write)
    }
}

impl<P, T, O> AsyncRead for AnyStream<P, T, O>
where
    P: AsyncRead + Unpin,
    T: AsyncRead + Unpin,
    O: AsyncRead + Unpin,
{
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Own(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl<P, T, O> AsyncWrite for AnyStream<P, T, O>
where
    P: AsyncWrite + Unpin,
    T: AsyncWrite + Unpin,
    O: AsyncWrite + Unpin,
{
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Own(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Own(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Own(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
