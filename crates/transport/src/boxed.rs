//! Trait objects of the connection traits, for a transport that is chosen at run time.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{self, Stream};

use crate::{
    CloseFrame, Connect, ConnectError, Message, Outgoing, ReadError, Reader, WriteError, Writer,
};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The dyn-compatible form of [`Connect`], for a transport that is chosen at run time.
///
/// Every type that implements `Connect` implements it too, and `Arc<dyn DynConnect>` and `Box<dyn DynConnect>`
/// implement `Connect`.
///
/// ```
/// use kucoin_streams_transport::{Connect, DynConnect, memory};
///
/// fn choose(direct: impl Connect, tunnelled: impl Connect, tunnel: bool) -> Box<dyn DynConnect> {
///     match tunnel {
///         true => Box::new(tunnelled),
///         false => Box::new(direct),
///     }
/// }
/// # let _ = choose(memory::pair().0, memory::pair().0, true);
/// ```
pub trait DynConnect: Send + Sync + 'static {
    /// Dials `url`, as [`Connect::connect`] does.
    fn connect_boxed<'a>(
        &'a self,
        url: &'a str,
    ) -> BoxFuture<'a, Result<(BoxReader, BoxWriter), ConnectError>>;
}

impl<C: Connect> DynConnect for C {
    fn connect_boxed<'a>(
        &'a self,
        url: &'a str,
    ) -> BoxFuture<'a, Result<(BoxReader, BoxWriter), ConnectError>> {
        Box::pin(async move {
            let (reader, writer) = self.connect(url).await?;
            Ok((BoxReader::new(reader), BoxWriter::new(writer)))
        })
    }
}

macro_rules! connects {
    ($($pointer:ident),+) => {$(
        impl Connect for $pointer<dyn DynConnect> {
            type Reader = BoxReader;
            type Writer = BoxWriter;

            async fn connect(&self, url: &str) -> Result<(BoxReader, BoxWriter), ConnectError> {
                self.as_ref().connect_boxed(url).await
            }
        }
    )+};
}

connects!(Arc, Box);

/// A boxed [`Reader`] of any type. Boxing adds no allocation to a read.
pub struct BoxReader(Pin<Box<dyn Stream<Item = Result<Message, ReadError>> + Send>>);

impl BoxReader {
    /// Boxes a reader.
    pub fn new(reader: impl Reader) -> Self {
        // Each read moves the reader into the future and back; moving a box is cheaper.
        let messages = stream::unfold(Box::new(reader), |mut reader| async move {
            let message = reader.read().await;
            Some((message, reader))
        });
        Self(Box::pin(messages))
    }

    /// Polls for the next message. The next call continues a pending read, so no message is lost.
    #[inline]
    pub fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Message, ReadError>> {
        match self.0.as_mut().poll_next(context) {
            Poll::Ready(Some(message)) => Poll::Ready(message),
            // `unfold` never ends by itself.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Reader for BoxReader {
    async fn read(&mut self) -> Result<Message, ReadError> {
        poll_fn(|context| self.poll_read(context)).await
    }
}

impl fmt::Debug for BoxReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxReader").finish_non_exhaustive()
    }
}

/// A boxed [`Writer`] of any type.
pub struct BoxWriter(Box<dyn DynWriter>);

impl BoxWriter {
    /// Boxes a writer.
    pub fn new(writer: impl Writer) -> Self {
        Self(Box::new(writer))
    }
}

impl Writer for BoxWriter {
    async fn send(&mut self, message: Outgoing<'_>) -> Result<(), WriteError> {
        self.0.send_boxed(message).await
    }

    async fn close(&mut self, frame: Option<CloseFrame>) -> Result<(), WriteError> {
        self.0.close_boxed(frame).await
    }
}

impl fmt::Debug for BoxWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxWriter").finish_non_exhaustive()
    }
}

trait DynWriter: Send {
    fn send_boxed<'a>(&'a mut self, message: Outgoing<'a>)
    -> BoxFuture<'a, Result<(), WriteError>>;

    fn close_boxed(&mut self, frame: Option<CloseFrame>) -> BoxFuture<'_, Result<(), WriteError>>;
}

impl<W: Writer> DynWriter for W {
    fn send_boxed<'a>(
        &'a mut self,
        message: Outgoing<'a>,
    ) -> BoxFuture<'a, Result<(), WriteError>> {
        Box::pin(self.send(message))
    }

    fn close_boxed(&mut self, frame: Option<CloseFrame>) -> BoxFuture<'_, Result<(), WriteError>> {
        Box::pin(self.close(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory;

    #[tokio::test]
    async fn boxed_transport_carries_messages_both_ways() {
        let (dialer, mut listener) = memory::pair();
        let boxed: Box<dyn DynConnect> = Box::new(dialer);
        // A boxed transport can be boxed again.
        let shared: Arc<dyn DynConnect> = Arc::new(boxed);
        let url = "wss://host/?token=t";
        let (connected, mut peer) = tokio::join!(shared.connect(url), async {
            listener.accept().await.unwrap().accept()
        });
        let (mut reader, mut writer) = connected.unwrap();
        peer.send_text("from the server").await.unwrap();
        assert!(
            matches!(reader.read().await, Ok(Message::Text(text)) if text == "from the server")
        );
        writer.send(Outgoing::Text("to the server")).await.unwrap();
        assert!(
            matches!(peer.receive().await, Some(Message::Text(text)) if text == "to the server")
        );
        writer.close(Some(CloseFrame::normal())).await.unwrap();
        assert!(
            matches!(peer.receive().await, Some(Message::Close(Some(frame))) if frame.code == 1000)
        );
    }

    #[tokio::test]
    async fn dropped_read_loses_no_message() {
        let (dialer, mut listener) = memory::pair();
        let (connected, peer) = tokio::join!(dialer.connect("wss://host/"), async {
            listener.accept().await.unwrap().accept()
        });
        let mut reader = BoxReader::new(connected.unwrap().0);
        assert!(futures_util::FutureExt::now_or_never(reader.read()).is_none());
        peer.send_text("late").await.unwrap();
        assert!(matches!(reader.read().await, Ok(Message::Text(text)) if text == "late"));
    }
}
