//! A network without sockets between the real client and the real exchange: slow, cut, frozen or one-way by chance.

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

use crate::dice::Dice;

/// So many bytes are under way at most in one direction, as in the buffers of a socket.
const UNDER_WAY: usize = 64 * 1024;

/// The way from a client to its exchange; cheap to clone.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

/// TopicMatch one stream until it ends.
type Serve = dyn Fn(DuplexStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

struct Inner {
    serve: Box<Serve>,
    weather: Mutex<Weather>,
    links: Mutex<Vec<Weak<Link>>>,
    web_socket: WebSocketConnector,
}

struct Weather {
    dice: Dice,
    /// The longest that a piece may take on its way.
    latency_ms: usize,
    /// So many of the next dials are refused.
    refused: usize,
    /// So many of the next dials get no answer at all.
    unanswered: usize,
}

/// One connection of the network.
#[derive(Debug)]
struct Link {
    cut: Notify,
    is_cut: AtomicBool,
    /// Bytes vanish on their way: up, down.
    lost: [AtomicBool; 2],
    frozen_until: Mutex<Instant>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// A network with a latency of up to 5 ms, and chance by this seed.
    pub fn new(exchange: &Arc<Exchange>, seed: u64) -> Self {
        let exchange = Arc::clone(exchange);
        Self::to(move |stream| exchange.serve(stream), seed)
    }

    /// As [`Network::new`], to any server.
    pub fn to<F>(serve: impl Fn(DuplexStream) -> F + Send + Sync + 'static, seed: u64) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(Inner {
            serve: Box::new(move |stream| Box::pin(serve(stream))),
            weather: Mutex::new(Weather {
                dice: Dice::new(seed),
                latency_ms: 5,
                refused: 0,
                unanswered: 0,
            }),
            links: Mutex::new(Vec::new()),
            web_socket: WebSocketConnector::new(),
        }))
    }

    /// The longest time that a piece of data takes.
    pub fn set_latency_ms(&self, latency_ms: usize) {
        lock(&self.0.weather).latency_ms = latency_ms;
    }

    /// Refuses the next dials.
    pub fn refuse(&self, dials: usize) {
        lock(&self.0.weather).refused = dials;
    }

    /// Leaves the next dials without any answer.
    pub fn leave_unanswered(&self, dials: usize) {
        lock(&self.0.weather).unanswered = dials;
    }

    /// From here on dials arrive.
    pub fn clear_up(&self) {
        let mut weather = lock(&self.0.weather);
        weather.refused = 0;
        weather.unanswered = 0;
    }

    /// Resets connections that stand: all, or one by chance.
    pub fn cut(&self, dice: &mut Dice, all: bool) {
        for link in self.some(dice, all) {
            link.is_cut.store(true, Ordering::SeqCst);
            link.cut.notify_waiters();
        }
    }

    /// What one side or both say gets lost from here on, and neither side is told.
    pub fn lose(&self, dice: &mut Dice) {
        let way = dice.below(3);
        for link in self.some(dice, false) {
            link.lost[0].fetch_or(way != 1, Ordering::SeqCst);
            link.lost[1].fetch_or(way != 0, Ordering::SeqCst);
        }
    }

    /// Nothing moves for a time; then all that was sent arrives.
    pub fn freeze(&self, dice: &mut Dice, time: Duration) {
        for link in self.some(dice, true) {
            *lock(&link.frozen_until) = Instant::now() + time;
        }
    }

    fn some(&self, dice: &mut Dice, all: bool) -> Vec<Arc<Link>> {
        let mut links = lock(&self.0.links);
        links.retain(|link| link.strong_count() > 0);
        let standing: Vec<_> = links.iter().filter_map(Weak::upgrade).collect();
        match (all, standing.len()) {
            (true, _) | (_, 0) => standing,
            (false, count) => vec![Arc::clone(&standing[dice.below(count)])],
        }
    }

    /// A stream to the exchange, as TCP would give one.
    pub async fn dial(&self) -> Result<ClientEnd, ConnectError> {
        let (refused, unanswered, latency) = {
            let mut weather = lock(&self.0.weather);
            let refused = take_one(&mut weather.refused);
            let unanswered = !refused && take_one(&mut weather.unanswered);
            let longest = weather.latency_ms;
            (refused, unanswered, weather.dice.up_to_ms(longest))
        };
        sleep(latency).await;
        if refused {
            let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
            return Err(ConnectError::Tcp(refused));
        }
        if unanswered {
            std::future::pending::<()>().await;
        }
        let (client, near) = tokio::io::duplex(UNDER_WAY);
        let (far, server) = tokio::io::duplex(UNDER_WAY);
        let link = Arc::new(Link {
            cut: Notify::new(),
            is_cut: AtomicBool::new(false),
            lost: Default::default(),
            frozen_until: Mutex::new(Instant::now()),
        });
        lock(&self.0.links).push(Arc::downgrade(&link));
        tokio::spawn((self.0.serve)(server));
        tokio::spawn(carry(self.clone(), Arc::clone(&link), near, far));
        Ok(ClientEnd {
            stream: client,
            link,
        })
    }

    /// How big the next piece is at most, and how long it is under way.
    fn piece(&self) -> (usize, Duration) {
        let mut weather = lock(&self.0.weather);
        let longest = weather.latency_ms;
        (
            1 + weather.dice.below(8 * 1024),
            weather.dice.up_to_ms(longest),
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

/// Carries bytes between two ends until both directions have ended, or the link is cut.
async fn carry(network: Network, link: Arc<Link>, near: DuplexStream, far: DuplexStream) {
    let (from_client, to_client) = tokio::io::split(near);
    let (from_server, to_server) = tokio::io::split(far);
    let up = carry_one_way(&network, &link, 0, from_client, to_server);
    let down = carry_one_way(&network, &link, 1, from_server, to_client);
    tokio::select! {
        () = link.cut.notified() => {}
        _ = async { tokio::join!(up, down) } => {}
    }
}

async fn carry_one_way(
    network: &Network,
    link: &Link,
    way: usize,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) {
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let (size, latency) = network.piece();
        let Ok(read @ 1..) = from.read(&mut buffer[..size]).await else {
            break;
        };
        sleep(latency).await;
        let frozen_until = *lock(&link.frozen_until);
        sleep_until(frozen_until).await;
        if link.lost[way].load(Ordering::SeqCst) {
            continue;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    // The end of a stream that loses everything gets lost, too.
    if link.lost[way].load(Ordering::SeqCst) {
        while let Ok(1..) = from.read(&mut buffer).await {}
        // Longer than either side goes on with one that is silent.
        sleep(Duration::from_secs(40)).await;
    }
    let _ = to.shutdown().await;
}

/// The client's end of a link: a cut is a reset.
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
