//! What every test here needs: an exchange, a client on it, waits that end, and the truth as events.

use std::future::Future;
use std::time::Duration;

use kucoin_streams::session::Backoff;
use kucoin_streams::transport::Connect;
use kucoin_streams::wire::ConnectionSource;
use kucoin_streams::{
    Config, Credentials, Event, Gap, Hosts, Kucoin, LifecycleEvent, LifecycleStream, Subscription,
    Topic, Update,
};
use kucoin_streams_exchange::{ConnectionReport, Exchange, Faults};
use serde_json::Value;

use crate::listening::everything_is_heard;
pub(crate) use crate::truth::{as_event, as_json as json};

pub(crate) const ORDERS: &str = "/spotMarket/tradeOrdersV2";
pub(crate) const ORDERS_V1: &str = "/spotMarket/tradeOrders";
pub(crate) const BALANCE: &str = "/account/balance";
pub(crate) const STOPS: &str = "/spotMarket/advancedOrders";

/// Waits for what must happen; a test that hangs fails here instead.
///
/// Everything that the test logs is heard from here on, and nothing of it may be secret.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    everything_is_heard();
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .expect("it happens within half a minute")
}

pub(crate) async fn exchange(faults: Faults) -> Exchange {
    Exchange::builder()
        .seed(7)
        .faults(faults)
        .start()
        .await
        .unwrap()
}

pub(crate) fn credentials(exchange: &Exchange) -> Credentials {
    let demo = exchange.credentials();
    Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap()
}

/// Every REST host is this one.
pub(crate) fn hosts(rest_url: &str) -> Hosts {
    everything_is_heard();
    let spot = Hosts::default().with_spot_rest(rest_url).unwrap();
    spot.with_futures_rest(rest_url).unwrap()
}

/// The defaults, but for retries that a test need not wait for.
pub(crate) fn quick() -> Config {
    let mut session = kucoin_streams::session::Config::default();
    session.backoff = Backoff {
        base: Duration::from_millis(50),
        cap: Duration::from_millis(200),
    };
    Config::default().with_session(session).with_seed(7)
}

pub(crate) fn client(exchange: &Exchange) -> Kucoin {
    client_with(exchange, quick())
}

pub(crate) fn client_with(exchange: &Exchange, config: Config) -> Kucoin {
    client_of(exchange, credentials(exchange), config)
}

pub(crate) fn client_of(exchange: &Exchange, credentials: Credentials, config: Config) -> Kucoin {
    Kucoin::builder()
        .credentials(credentials)
        .hosts(hosts_of(exchange))
        .config(config)
        .build()
        .unwrap()
}

/// Every host is this exchange.
pub(crate) fn hosts_of(exchange: &Exchange) -> Hosts {
    let rest = hosts(&exchange.rest_url());
    rest.with_pro_ws(&exchange.pro_ws_url()).unwrap()
}

/// What a subscription yields.
pub(crate) type Item<E> = Result<Update<E>, Gap>;

pub(crate) async fn next<T: Topic>(subscription: &mut Subscription<T>) -> Item<T::Event> {
    let item = soon(subscription.next()).await;
    item.expect("the subscription goes on")
}

/// The next event, where no gap may be.
pub(crate) async fn event<T: Topic>(subscription: &mut Subscription<T>) -> Update<T::Event> {
    match next(subscription).await {
        Ok(update) => update,
        Err(gap) => panic!("a gap where none may be: {gap:?}"),
    }
}

/// As many events as the exchange knows of by now, with no gap between them.
pub(crate) async fn all_events<T>(
    subscription: &mut Subscription<T>,
    exchange: &Exchange,
    topic: &str,
) -> Vec<Value>
where
    T: Topic,
    T::Event: serde::Serialize + Event,
{
    let mut events = Vec::new();
    for _ in 0..exchange.truth().total_of(topic) {
        events.push(json(event(subscription).await.event()));
    }
    events
}

/// The events that the truth log holds of a topic.
pub(crate) fn truth_of(exchange: &Exchange, topic: &str) -> Vec<Value> {
    exchange
        .truth()
        .of_topic(topic)
        .iter()
        .map(as_event)
        .collect()
}

/// Follows the lifecycle events of a client.
pub(crate) struct Told {
    stream: LifecycleStream,
    pub(crate) events: Vec<LifecycleEvent>,
}

impl Told {
    pub(crate) fn of(kucoin: &Kucoin) -> Self {
        Self::of_any(kucoin)
    }

    pub(crate) fn of_any<S: ConnectionSource, C: Connect>(kucoin: &Kucoin<S, C>) -> Self {
        Self {
            stream: kucoin.lifecycle(),
            events: Vec::new(),
        }
    }

    /// Reads on until an event is as wanted.
    pub(crate) async fn until(
        &mut self,
        wanted: impl Fn(&LifecycleEvent) -> bool,
    ) -> LifecycleEvent {
        loop {
            let told = soon(self.stream.next()).await;
            let event = told.expect("the client lives").event;
            self.events.push(event.clone());
            if wanted(&event) {
                return event;
            }
        }
    }

    pub(crate) async fn reconnected(&mut self) {
        self.until(|event| matches!(event, LifecycleEvent::Reconnected { .. }))
            .await;
    }

    /// All events so far, those that wait to be read included, in words.
    pub(crate) fn words(&mut self) -> Vec<String> {
        while let Some(told) = self.stream.try_next() {
            self.events.push(told.event);
        }
        self.events.iter().map(words).collect()
    }
}

fn words(event: &LifecycleEvent) -> String {
    match event {
        LifecycleEvent::Open => "open".into(),
        LifecycleEvent::Response { topic, ok: true } => format!("live {topic}"),
        LifecycleEvent::Response { topic, .. } => format!("refused {topic}"),
        LifecycleEvent::Reconnect { cause, attempt, .. } => {
            format!("reconnect {attempt} {}", cause.stage)
        }
        LifecycleEvent::Reconnected { refused: 0, .. } => "reconnected".into(),
        LifecycleEvent::Reconnected { refused, .. } => format!("reconnected, {refused} refused"),
        LifecycleEvent::Exception { fatal: true, .. } => "exception, fatal".into(),
        LifecycleEvent::Exception { .. } => "exception".into(),
        LifecycleEvent::Close { .. } => "close".into(),
        other => format!("{other:?}"),
    }
}

/// What a client asked for on one connection, pings left out.
pub(crate) fn requests(connection: &ConnectionReport) -> Vec<String> {
    let asked = connection.client_messages.iter().filter_map(|message| {
        let message: Value = serde_json::from_str(message).unwrap();
        let topic = message["topic"].as_str()?;
        Some(format!("{} {topic}", message["type"].as_str()?))
    });
    asked.collect()
}

/// The code of each token request's answer.
pub(crate) fn token_codes(exchange: &Exchange) -> Vec<String> {
    let stats = exchange.stats();
    stats
        .token_requests
        .iter()
        .map(|request| request.code.clone())
        .collect()
}
