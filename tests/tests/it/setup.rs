//! What every test here needs: an exchange, a client on it, waits that end, and the truth as events.

use std::future::Future;

use kucoin_streams::session::Failure;
use kucoin_streams::{
    Config, Credentials, Event, Gap, GapReason, Hosts, Kucoin, LifecycleEvent, LifecycleStream,
    Subscription, Timestamp, Topic, Update,
};
use kucoin_streams_exchange::{ConnectionReport, Exchange};
use serde_json::Value;

pub(crate) use kucoin_streams_tests::setup::*;

use crate::log_capture::everything_is_heard;
pub(crate) use crate::truth::{as_event, as_json as json};

/// Waits for what must happen; a test that hangs fails here instead.
///
/// Everything that the test logs is heard from here on, and nothing of it may be secret.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    everything_is_heard();
    kucoin_streams_testkit::wait::soon(future).await
}

/// Every REST host is this one.
pub(crate) fn hosts(rest_url: &str) -> Hosts {
    everything_is_heard();
    Hosts::default().with_rest(rest_url).unwrap()
}

pub(crate) fn client(exchange: &Exchange) -> Kucoin {
    client_with(exchange, fast_retries())
}

pub(crate) fn client_with(exchange: &Exchange, config: Config) -> Kucoin {
    client_of(exchange, credentials(exchange), config)
}

pub(crate) fn client_of(exchange: &Exchange, credentials: Credentials, config: Config) -> Kucoin {
    everything_is_heard();
    Kucoin::builder()
        .credentials(credentials)
        .hosts(hosts_of(exchange))
        .config(config)
        .build()
        .unwrap()
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

/// The next item, which must be a gap.
pub(crate) async fn gap<T: Topic>(subscription: &mut Subscription<T>) -> Gap {
    match next(subscription).await {
        Ok(update) => panic!(
            "an event instead of a gap, on connection {}",
            update.epoch()
        ),
        Err(gap) => gap,
    }
}

/// The two gaps of one loss of the connection.
#[derive(Debug)]
pub(crate) struct Outage {
    /// The topics, in alphabetical order.
    pub(crate) topics: Vec<String>,
    pub(crate) cause: Failure,
    pub(crate) last_event_at: Option<Timestamp>,
    pub(crate) lost_at: Timestamp,
    pub(crate) live_at: Timestamp,
    pub(crate) epoch: u64,
}

impl Outage {
    /// Checks that both gaps are about the same topics and times, and that the window is the one of the documentation.
    #[track_caller]
    pub(crate) fn of(lost: &Gap, live: &Gap) -> Self {
        let GapReason::Lost {
            cause,
            last_event_at,
            last_heard_at,
            lost_at,
        } = &lost.reason
        else {
            panic!("not a loss: {lost:?}");
        };
        let GapReason::Live { live_at, epoch, .. } = live.reason else {
            panic!("not live again: {live:?}");
        };
        let expected = GapReason::Live {
            last_event_at: *last_event_at,
            last_heard_at: *last_heard_at,
            lost_at: *lost_at,
            live_at,
            epoch,
        };
        assert_eq!(live.reason, expected, "after {lost:?}");
        let topics = topics_of(lost);
        assert_eq!(topics, topics_of(live));
        assert!(last_event_at.is_none_or(|event| event <= *last_heard_at));
        assert!(*last_heard_at <= *lost_at && *lost_at <= live_at);
        assert_eq!(lost.window(), None);
        let from = last_event_at.unwrap_or(*last_heard_at);
        assert_eq!(live.window(), Some((from, live_at)));
        Self {
            topics,
            cause: cause.clone(),
            last_event_at: *last_event_at,
            lost_at: *lost_at,
            live_at,
            epoch,
        }
    }
}

/// The topics of a gap, in alphabetical order.
pub(crate) fn topics_of(gap: &Gap) -> Vec<String> {
    let mut topics: Vec<String> = gap.topics.iter().map(ToString::to_string).collect();
    topics.sort();
    topics
}

/// The next two items, which must be the loss of a connection and its end with no event between them.
pub(crate) async fn outage<T: Topic>(subscription: &mut Subscription<T>) -> Outage {
    let lost = gap(subscription).await;
    let live = gap(subscription).await;
    Outage::of(&lost, &live)
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
