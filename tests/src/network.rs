//! A simulated network between the real client and the local exchange, without sockets: latency, resets, freezes and
//! lost data, drawn from a seed.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use kucoin_streams::transport::{
    Connect, ConnectError, WebSocketConnector, WebSocketReader, WebSocketWriter,
};
use kucoin_streams_exchange::Exchange;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::rng::Rng;

/// Maximum number of bytes in flight in one direction, like the buffers of a socket.
const IN_FLIGHT_LIMIT: usize = 64 * 1024;

/// A simulated network to an exchange; cheap to clone.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

/// Serves one stream until it ends.
type Serve = dyn Fn(DuplexStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

struct Inner {
    serve: Box<Serve>,
    conditions: Mutex<Conditions>,
    links: Mutex<Vec<Weak<Link>>>,
    web_socket: WebSocketConnector,
}

struct Conditions {
    rng: Rng,
    /// Maximum latency of a chunk.
    latency_ms: usize,
    /// Number of next dials to refuse.
    refused: usize,
    /// Number of next dials to leave unanswered.
    unanswered: usize,
}

/// One connection of the network.
#[derive(Debug)]
struct Link {
    cut: Notify,
    is_cut: AtomicBool,
    /// Whether bytes are lost: client to server, server to client.
    lost: [AtomicBool; 2],
    frozen_until: Mutex<Instant>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// Creates a network with a latency of up to 5 ms and random numbers from this seed.
    pub fn new(exchange: &Arc<Exchange>, seed: u64) -> Self {
        let exchange = Arc::clone(exchange);
        Self::to(move |stream| exchange.serve(stream), seed)
    }

    /// Like [`Network::new`], for any server.
    pub fn to<F>(serve: impl Fn(DuplexStream) -> F + Send + Sync + 'static, seed: u64) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(Inner {
            serve: Box::new(move |stream| Box::pin(serve(stream))),
            conditions: Mutex::new(Conditions {
                rng: Rng::new(seed),
                latency_ms: 5,
                refused: 0,
                unanswered: 0,
            }),
            links: Mutex::new(Vec::new()),
            web_socket: WebSocketConnector::new(),
        }))
    }

    /// Sets the maximum latency of a chunk of data.
    pub fn set_latency_ms(&self, latency_ms: usize) {
        lock(&self.0.conditions).latency_ms = latency_ms;
    }

    /// Refuses the next dials.
    pub fn refuse(&self, dials: usize) {
        lock(&self.0.conditions).refused = dials;
    }

    /// Leaves the next dials unanswered.
    pub fn leave_unanswered(&self, dials: usize) {
        lock(&self.0.conditions).unanswered = dials;
    }

    /// Lets all further dials succeed.
    pub fn restore(&self) {
        let mut conditions = lock(&self.0.conditions);
        conditions.refused = 0;
        conditions.unanswered = 0;
    }

    /// Resets all open connections, or a random one.
    pub fn cut(&self, rng: &mut Rng, all: bool) {
        for link in self.pick_links(rng, all) {
            link.is_cut.store(true, Ordering::SeqCst);
            link.cut.notify_waiters();
        }
    }

    /// Drops all further data of a random connection, in one or both directions, without closing it.
    pub fn lose(&self, rng: &mut Rng) {
        let direction = rng.below(3);
        for link in self.pick_links(rng, false) {
            link.lost[0].fetch_or(direction != 1, Ordering::SeqCst);
            link.lost[1].fetch_or(direction != 0, Ordering::SeqCst);
        }
    }

    /// Delays all data for a time, then delivers it.
    pub fn freeze(&self, rng: &mut Rng, time: Duration) {
        for link in self.pick_links(rng, true) {
            *lock(&link.frozen_until) = Instant::now() + time;
        }
    }

    fn pick_links(&self, rng: &mut Rng, all: bool) -> Vec<Arc<Link>> {
        let mut links = lock(&self.0.links);
        links.retain(|link| link.strong_count() > 0);
        let open: Vec<_> = links.iter().filter_map(Weak::upgrade).collect();
        match (all, open.len()) {
            (true, _) | (_, 0) => open,
            (false, count) => vec![Arc::clone(&open[rng.below(count)])],
        }
    }

    /// Dials the exchange and returns the client's end of the stream.
    pub async fn dial(&self) -> Result<ClientEnd, ConnectError> {
        let (refused, unanswered, latency) = {
            let mut conditions = lock(&self.0.conditions);
            let refused = take_one(&mut conditions.refused);
            let unanswered = !refused && take_one(&mut conditions.unanswered);
            let longest = conditions.latency_ms;
            (refused, unanswered, conditions.rng.up_to_ms(longest))
        };
        sleep(latency).await;
        if refused {
            let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
            return Err(ConnectError::Tcp(refused));
        }
        if unanswered {
            std::future::pending::<()>().await;
        }
        let (client, near) = tokio::io::duplex(IN_FLIGHT_LIMIT);
        let (far, server) = tokio::io::duplex(IN_FLIGHT_LIMIT);
        let link = Arc::new(Link {
            cut: Notify::new(),
            is_cut: AtomicBool::new(false),
            lost: Default::default(),
            frozen_until: Mutex::new(Instant::now()),
        });
        lock(&self.0.links).push(Arc::downgrade(&link));
        tokio::spawn((self.0.serve)(server));
        tokio::spawn(forward(self.clone(), Arc::clone(&link), near, far));
        Ok(ClientEnd {
            stream: client,
            link,
        })
    }

    /// Draws the maximum size of the next chunk, and its latency.
    fn next_chunk(&self) -> (usize, Duration) {
        let mut conditions = lock(&self.0.conditions);
        let longest = conditions.latency_ms;
        (
            1 + conditions.rng.below(8 * 1024),
            conditions.rng.up_to_ms(longest),
        )
    }
}

fn take_one(count: &mut usize) -> bool {
    let any = *count > 0;
    *count = count.saturating_sub(1);
    any
}

impl Connect for Network {
    type Reader = WebSocketReader;
    type Writer = WebSocketWriter;

    async fn connect(&self, url: &str) -> Result<(WebSocketReader, WebSocketWriter), ConnectError> {
        let stream = self.dial().await?;
        self.0.web_socket.upgrade(stream, url).await
    }
}

/// Forwards bytes between two ends until both directions have ended or the link is cut.
async fn forward(network: Network, link: Arc<Link>, near: DuplexStream, far: DuplexStream) {
    let (from_client, to_client) = tokio::io::split(near);
    let (from_server, to_server) = tokio::io::split(far);
    let up = forward_one_way(&network, &link, 0, from_client, to_server);
    let down = forward_one_way(&network, &link, 1, from_server, to_client);
    tokio::select! {
        () = link.cut.notified() => {}
        _ = async { tokio::join!(up, down) } => {}
    }
}

async fn forward_one_way(
    network: &Network,
    link: &Link,
    direction: usize,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) {
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let (size, latency) = network.next_chunk();
        let Ok(read @ 1..) = from.read(&mut buffer[..size]).await else {
            break;
        };
        sleep(latency).await;
        let frozen_until = *lock(&link.frozen_until);
        sleep_until(frozen_until).await;
        if link.lost[direction].load(Ordering::SeqCst) {
            continue;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    // A direction that loses all data loses its end too.
    if link.lost[direction].load(Ordering::SeqCst) {
        while let Ok(1..) = from.read(&mut buffer).await {}
        // Longer than either side keeps a silent connection.
        sleep(Duration::from_secs(40)).await;
    }
    let _ = to.shutdown().await;
}

/// The client's end of a link; a cut appears as a connection reset.
#[derive(Debug)]
pub struct ClientEnd {
    stream: DuplexStream,
    link: Arc<Link>,
}

impl AsyncRead for ClientEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let ended = matches!(polled, Poll::Ready(Ok(()))) && buffer.filled().len() == before;
        if ended && self.link.is_cut.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        polled
    }
}

impl AsyncWrite for ClientEnd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
