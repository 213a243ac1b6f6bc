//! A running exchange: its addresses, its account, and what can be done to it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::account::Account;
use crate::builder::ExchangeBuilder;
use crate::clock;
use crate::credentials::DemoCredentials;
use crate::fault::Effect;
use crate::http;
use crate::shared::Shared;
use crate::stats::{Ended, ServedMarket, Stats};
use crate::sync::lock;
use crate::truth::TruthLog;

/// A local exchange that runs until it is shut down or dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use kucoin_streams_exchange::{Exchange, Side};
///
/// let exchange = Exchange::builder().seed(7).start().await?;
/// // Point any client at exchange.rest_url(), with exchange.credentials(). Then let things happen:
/// let price = exchange.account().last_price("BTC-USDT")?;
/// exchange.account().place_market("BTC-USDT", Side::Buy, "0.001".parse()?)?;
/// assert!(exchange.truth().total() > 0);
/// # let _ = price;
/// exchange.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "an exchange stops when it is dropped"]
pub struct Exchange {
    shared: Arc<Shared>,
    truth: TruthLog,
    pro_truth: TruthLog,
    tasks: JoinSet<()>,
}

impl Exchange {
    /// The settings, each with its default.
    pub fn builder() -> ExchangeBuilder {
        ExchangeBuilder::default()
    }

    pub(crate) fn run(
        shared: Arc<Shared>,
        (truth, pro_truth): (TruthLog, TruthLog),
        listeners: Vec<(ServedMarket, TcpListener)>,
        event_rate: f64,
        timers: Vec<(Duration, usize)>,
    ) -> Self {
        let mut tasks = JoinSet::new();
        for (market, listener) in listeners {
            tasks.spawn(http::serve(Arc::clone(&shared), market, listener));
        }
        if event_rate.is_finite() && event_rate > 0.0 {
            tasks.spawn(drive(Arc::clone(&shared), event_rate));
        }
        for (delay, rule) in timers {
            let shared = Arc::clone(&shared);
            tasks.spawn(async move {
                sleep(delay).await;
                let fired = lock(&shared.plan).timer(rule);
                shared.apply(fired);
            });
        }
        Self {
            shared,
            truth,
            pro_truth,
            tasks,
        }
    }

    /// The base URL of the REST API, without a slash at its end: `http://127.0.0.1:PORT`, or over TLS
    /// `https://localhost:PORT`.
    ///
    /// It stands for both REST hosts of KuCoin: its tokens serve the topics of spot, margin and futures. Use
    /// [`Exchange::spot_rest_url`] and [`Exchange::futures_rest_url`] to find out whether a client asks the right host.
    #[must_use]
    pub fn rest_url(&self) -> String {
        self.shared.settings.base("http", ServedMarket::Both)
    }

    /// The base URL that stands for `api.kucoin.com` alone: its tokens do not serve futures topics, which are refused
    /// with 404, nor do they open a socket of [`Exchange::futures_rest_url`].
    #[must_use]
    pub fn spot_rest_url(&self) -> String {
        self.shared.settings.base("http", ServedMarket::Spot)
    }

    /// The base URL that stands for `api-futures.kucoin.com` alone: its tokens serve futures topics only.
    #[must_use]
    pub fn futures_rest_url(&self) -> String {
        self.shared.settings.base("http", ServedMarket::Futures)
    }

    /// The URL of the Pro V2 socket, without a query and without a slash at its end:
    /// `ws://127.0.0.1:PORT/pro`, or over TLS `wss://localhost:PORT/pro`.
    ///
    /// A client appends `?token=` or `/?token=` and a token of `POST /api/v2/bullet-private`, or dials
    /// it as it is and logs in with `op: auth` after the welcome. With a token the path may be left out, as on KuCoin's
    /// own host: `ws://127.0.0.1:PORT/?token=`.
    #[must_use]
    pub fn pro_ws_url(&self) -> String {
        let base = self.shared.settings.base("ws", ServedMarket::Both);
        format!("{base}/pro")
    }

    /// The port of [`Exchange::rest_url`] on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.shared.settings.ports.both
    }

    /// The credentials that the exchange accepts.
    #[must_use]
    pub fn credentials(&self) -> &DemoCredentials {
        &self.shared.credentials
    }

    /// The account, to place and cancel orders and to move money; cheap to clone.
    #[must_use]
    pub fn account(&self) -> Account {
        Account::new(Arc::clone(&self.shared))
    }

    /// The log of everything that happened, as V1 pushes.
    #[must_use]
    pub fn truth(&self) -> TruthLog {
        self.truth.clone()
    }

    /// The log of everything that happened since the exchange began to render it as Pro V2: with the
    /// first connection to [`Exchange::pro_ws_url`], or with the first call of this, whichever comes
    /// first. Until then nothing is rendered for Pro V2.
    ///
    /// An event is one entry for each `T` that it is pushed on: an order of spot is pushed on `order.UNIFIED`,
    /// `orderAll.UNIFIED`, `order.SPOT` and `orderAll.SPOT`. All symbols of `order` and `position`
    /// share their `T`; subscribers are sent those of their symbol, which the data has as `s`.
    #[must_use]
    pub fn pro_truth(&self) -> TruthLog {
        lock(&self.shared.hub).tell_pro();
        self.pro_truth.clone()
    }

    /// Lets an effect happen now: on every open connection, or, where it acts on one, on the next
    /// token request or the next connection.
    pub fn inject(&self, effect: Effect) {
        let fired = lock(&self.shared.plan).inject(effect);
        self.shared.apply(fired);
    }

    /// Lets the faults of the script happen that wait for this name; false when none does.
    pub fn call(&self, name: &str) -> bool {
        let fired = lock(&self.shared.plan).call(name);
        fired.map(|fired| self.shared.apply(fired)).is_some()
    }

    /// Sends this text, as it is, to the subscribers of a topic, which is written as in
    /// [`ConnectionReport::topics`](crate::ConnectionReport::topics); returns to how many. It is not
    /// in the truth logs, as nothing happened.
    pub fn push_raw(&self, topic: &str, frame: &str) -> usize {
        lock(&self.shared.hub).send_to_topic(topic, &Arc::from(frame))
    }

    /// What the exchange saw so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.board.snapshot()
    }

    /// Waits until what the exchange saw is as wanted; checked on every change. The check runs while
    /// the counters are locked: it must not call the exchange.
    pub async fn wait_until(&self, wanted: impl FnMut(&Stats) -> bool) {
        self.shared.board.wait_until(wanted).await;
    }

    /// Waits until a connection is subscribed to the topic, which is written as in
    /// [`ConnectionReport::topics`](crate::ConnectionReport::topics).
    pub async fn wait_subscribed(&self, topic: &str) {
        self.wait_until(|stats| stats.is_subscribed(topic)).await;
    }

    /// TopicMatch one connection over a stream of the caller's, as if it had been accepted on the port, but never over TLS: the
    /// token requests of HTTP and the sockets alike. The future ends with the connection; dropping it drops the stream.
    ///
    /// For rehearsals without a network, under tokio's paused clock for instance. A reset drops the stream without a
    /// shutdown.
    pub fn serve<S>(&self, stream: S) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        http::serve_own(Arc::clone(&self.shared), stream)
    }

    /// Ends all connections without a word, closes the port, waits for all tasks, and returns all
    /// that the exchange saw.
    pub async fn shutdown(mut self) -> Stats {
        self.tasks.shutdown().await;
        self.shared.board.change(|stats| {
            let open = stats
                .connections
                .iter_mut()
                .filter(|connection| connection.ended.is_none());
            open.for_each(|connection| connection.ended = Some(Ended::Shutdown));
        });
        self.stats()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("port", &self.port())
            .finish_non_exhaustive()
    }
}

/// Lets the account live, at a pace that is even over the pushes that its steps make.
async fn drive(shared: Arc<Shared>, event_rate: f64) {
    // A rate so low that a wait is endless is the same as a very long one.
    let longest = Duration::from_secs(24 * 60 * 60);
    let mut next = Instant::now();
    loop {
        sleep_until(next).await;
        let pushes = {
            let mut hub = lock(&shared.hub);
            let now_ms = clock::now_ms();
            hub.engine.at(now_ms).step();
            hub.publish(now_ms)
        };
        let pushes = u32::try_from(pushes).unwrap_or(u32::MAX);
        let wait = Duration::try_from_secs_f64(f64::from(pushes) / event_rate).unwrap_or(longest);
        // After a long pause of the machine there is no catching up.
        next = (next + wait.min(longest)).max(Instant::now());
    }
}
