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

pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Own(Box<dyn Duplex>),
}

/// Bytes in both directions, of whatever kind.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

impl Stream {
    /// Two halves; the reading one begins with the bytes that came behind the reply to the upgrade.
    ///
    /// TCP halves share a socket without a lock. The others keep one state for both directions, so their halves take
    /// a lock for each poll, never across a wait.
    pub(super) fn split(self, first_bytes: Bytes) -> (ReadStream, WriteStream) {
        let (read, write) = match self {
            Self::Plain(stream) => {
                let (read, write) = stream.into_split();
                (ReadInner::Plain(read), WriteStream::Plain(write))
            }
            Self::Tls(stream) => {
                let (read, write) = tokio::io::split(*stream);
                (ReadInner::Tls(read), WriteStream::Tls(write))
            }
            Self::Own(stream) => {
                let (read, write) = tokio::io::split(stream);
                (ReadInner::Own(read), WriteStream::Own(write))
            }
        };
        (ReadAhead::new(read, &first_bytes), write)
    }
}

pub(super) type ReadStream = ReadAhead<ReadInner>;

pub(super) enum ReadInner {
    Plain(OwnedReadHalf),
    Tls(ReadHalf<TlsStream<TcpStream>>),
    Own(ReadHalf<Box<dyn Duplex>>),
}

pub(super) enum WriteStream {
    Plain(OwnedWriteHalf),
    Tls(WriteHalf<TlsStream<TcpStream>>),
    Own(WriteHalf<Box<dyn Duplex>>),
}

impl AsyncRead for ReadInner {
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

impl AsyncRead for Stream {
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

/// Both enums of writable streams pass every call on to what they hold.
macro_rules! write_through {
    ($stream:ty) => {
        impl AsyncWrite for $stream {
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

            fn poll_shutdown(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
                    Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
                    Self::Own(stream) => Pin::new(stream).poll_shutdown(context),
                }
            }
        }
    };
}

write_through!(Stream);
write_through!(WriteStream);
