//! A running local exchange: URLs, account, logs and control.

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
use crate::credentials::DemoCredentials;
use crate::fault::Effect;
use crate::http;
use crate::shared::Shared;
use crate::stats::{Ended, ServedMarket, Stats};
use crate::sync::lock;
use crate::truth::TruthLog;

/// A running local exchange; it stops when it is shut down or dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use kucoin_streams_exchange::{Exchange, Side};
///
/// let exchange = Exchange::builder().seed(7).start().await?;
/// // Connect a client to exchange.rest_url() with exchange.credentials(), then trade:
/// exchange.account().place_market("BTC-USDT", Side::Buy, "0.001".parse()?)?;
/// assert!(exchange.truth().total() > 0);
/// exchange.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "the local exchange stops when it is dropped"]
pub struct Exchange {
    shared: Arc<Shared>,
    truth: TruthLog,
    pro_truth: TruthLog,
    tasks: JoinSet<()>,
}

impl Exchange {
    /// Returns a builder with the default settings.
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
            tasks.spawn(generate_events(Arc::clone(&shared), event_rate));
        }
        for (delay, rule) in timers {
            let shared = Arc::clone(&shared);
            tasks.spawn(async move {
                sleep(delay).await;
                let triggered = lock(&shared.plan).timer(rule);
                shared.apply(triggered);
            });
        }
        Self {
            shared,
            truth,
            pro_truth,
            tasks,
        }
    }

    /// Returns the base URL of the REST API for all markets.
    ///
    /// The URL is `http://127.0.0.1:PORT`, or `https://localhost:PORT` with TLS, without a trailing slash. It imitates
    /// both REST hosts of KuCoin: its tokens serve spot, margin and futures topics. To test that a client uses the
    /// right host for each market, use [`Exchange::spot_rest_url`] and [`Exchange::futures_rest_url`].
    #[must_use]
    pub fn rest_url(&self) -> String {
        self.shared.settings.base("http", ServedMarket::Both)
    }

    /// Returns the base URL that imitates only `api.kucoin.com`, for spot and margin.
    ///
    /// With its tokens, futures topics are refused with code 404, and connections to the port of
    /// [`Exchange::futures_rest_url`] are refused.
    #[must_use]
    pub fn spot_rest_url(&self) -> String {
        self.shared.settings.base("http", ServedMarket::Spot)
    }

    /// Returns the base URL that imitates only `api-futures.kucoin.com`.
    ///
    /// Its tokens serve only futures topics.
    #[must_use]
    pub fn futures_rest_url(&self) -> String {
        self.shared.settings.base("http", ServedMarket::Futures)
    }

    /// Returns the Pro V2 WebSocket URL.
    ///
    /// The URL is `ws://127.0.0.1:PORT/pro`, or `wss://localhost:PORT/pro` with TLS, without a query or trailing slash.
    /// A client appends `?token=` or `/?token=` and a token from `POST /api/v2/bullet-private`, or connects without a
    /// token and logs in with `op: auth` after the welcome. With a token the path is optional, as on KuCoin:
    /// `ws://127.0.0.1:PORT/?token=`.
    #[must_use]
    pub fn pro_ws_url(&self) -> String {
        let base = self.shared.settings.base("ws", ServedMarket::Both);
        format!("{base}/pro")
    }

    /// Returns the port of [`Exchange::rest_url`] on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.shared.settings.ports.both
    }

    /// Returns the credentials that the local exchange accepts.
    ///
    /// They are those of the start, also after [`replace_credentials`](Self::replace_credentials).
    #[must_use]
    pub fn credentials(&self) -> &DemoCredentials {
        &self.shared.credentials
    }

    /// Accepts only these credentials from now on.
    ///
    /// It is as if the user had created another API key and deleted the old one. Open connections stay open.
    pub fn replace_credentials(&self, credentials: DemoCredentials) {
        *lock(&self.shared.replaced_credentials) = Some(credentials);
    }

    /// Returns a handle to the account, which places orders, transfers money and so on.
    #[must_use]
    pub fn account(&self) -> Account {
        Account::new(Arc::clone(&self.shared))
    }

    /// Returns the log of all V1 pushes.
    #[must_use]
    pub fn truth(&self) -> TruthLog {
        self.truth.clone()
    }

    /// Returns the log of all Pro V2 pushes.
    ///
    /// The log starts with the first Pro V2 connection or the first call of this method, without earlier events.
    ///
    /// An event has one entry for each `T` on which it is pushed: a spot order is pushed on `order.UNIFIED`,
    /// `orderAll.UNIFIED`, `order.SPOT` and `orderAll.SPOT`. For `order` and `position` the `T` is the same for all
    /// symbols; a subscriber receives only its symbol, which is `s` in the data.
    #[must_use]
    pub fn pro_truth(&self) -> TruthLog {
        lock(&self.shared.hub).enable_pro();
        self.pro_truth.clone()
    }

    /// Applies an effect now.
    ///
    /// An effect on open connections acts on all of them. An effect on a dial, a token request or the opening of a
    /// connection acts on the next one.
    pub fn inject(&self, effect: Effect) {
        let triggered = lock(&self.shared.plan).inject(effect);
        self.shared.apply(triggered);
    }

    /// Triggers the faults with [`Trigger::Call`](crate::Trigger::Call) and this name.
    ///
    /// Returns `false` if no fault has this name.
    pub fn call(&self, name: &str) -> bool {
        let triggered = lock(&self.shared.plan).call(name);
        triggered
            .map(|triggered| self.shared.apply(triggered))
            .is_some()
    }

    /// Sends `frame` unchanged to every subscriber of a topic, and returns the number of subscribers.
    ///
    /// Topics are written as in [`ConnectionReport::topics`](crate::ConnectionReport::topics). The frame is not added
    /// to the truth logs.
    pub fn push_raw(&self, topic: &str, frame: &str) -> usize {
        lock(&self.shared.hub).send_to_topic(topic, &Arc::from(frame))
    }

    /// Returns a snapshot of the token requests and connections so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.board.snapshot()
    }

    /// Waits until `condition` is true for the [`Stats`], checked on every change.
    ///
    /// The condition must not call methods of the local exchange: the stats are locked while it runs.
    pub async fn wait_until(&self, condition: impl FnMut(&Stats) -> bool) {
        self.shared.board.wait_until(condition).await;
    }

    /// Waits until an open connection is subscribed to the topic.
    ///
    /// Topics are written as in [`ConnectionReport::topics`](crate::ConnectionReport::topics).
    pub async fn wait_subscribed(&self, topic: &str) {
        self.wait_until(|stats| stats.is_subscribed(topic)).await;
    }

    /// Serves one connection over the given stream, instead of a TCP connection.
    ///
    /// The stream is served as on the port of [`Exchange::rest_url`], but never with TLS: token requests and WebSocket
    /// connections both work. Use it for tests without a network, such as tests with tokio's paused clock.
    ///
    /// The future completes when the connection closes; dropping the future drops the stream. A TCP reset is imitated
    /// by dropping the stream without a shutdown.
    pub fn serve<S>(&self, stream: S) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        http::serve_own(Arc::clone(&self.shared), stream)
    }

    /// Stops the local exchange, and returns the final [`Stats`].
    ///
    /// Closes the ports and drops all connections without a close frame, then waits for all tasks to end.
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

/// Runs steps of the account so that they make `event_rate` V1 pushes per second on average.
async fn generate_events(shared: Arc<Shared>, event_rate: f64) {
    // Caps the wait, which could overflow at a very low rate.
    let longest = Duration::from_secs(24 * 60 * 60);
    let mut next = Instant::now();
    loop {
        sleep_until(next).await;
        let pushes = {
            let mut hub = lock(&shared.hub);
            let now_ms = shared.clock.now_ms();
            hub.engine.at(now_ms).step();
            hub.publish(now_ms)
        };
        let pushes = u32::try_from(pushes).unwrap_or(u32::MAX);
        let wait = Duration::try_from_secs_f64(f64::from(pushes) / event_rate).unwrap_or(longest);
        // After a pause of the machine, missed events are not made up for.
        next = (next + wait.min(longest)).max(Instant::now());
    }
}
