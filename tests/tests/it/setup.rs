//! Shared helpers: exchanges, clients, waits with a deadline, and expected events from the truth log.

use std::future::Future;

use kucoin_streams::session::Failure;
use kucoin_streams::{
    Config, Credentials, Event, Gap, GapReason, Hosts, Kucoin, LifecycleEvent, LifecycleStream,
    Subscription, Timestamp, Topic, Update,
};
use kucoin_streams_exchange::{ConnectionReport, Exchange};
use serde_json::Value;

pub(crate) use kucoin_streams_tests::setup::*;

use crate::log_capture::check_logs_for_secrets;
pub(crate) use crate::truth::{as_event, as_json as json};

/// Waits with a deadline.
///
/// Also checks the test's log for secrets from now on.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    check_logs_for_secrets();
    kucoin_streams_testkit::wait::soon(future).await
}

/// Returns hosts with this REST URL.
pub(crate) fn hosts(rest_url: &str) -> Hosts {
    check_logs_for_secrets();
    Hosts::default().with_rest(rest_url).unwrap()
}

pub(crate) fn client(exchange: &Exchange) -> Kucoin {
    client_with(exchange, fast_retries())
}

pub(crate) fn client_with(exchange: &Exchange, config: Config) -> Kucoin {
    client_of(exchange, credentials(exchange), config)
}

pub(crate) fn client_of(exchange: &Exchange, credentials: Credentials, config: Config) -> Kucoin {
    check_logs_for_secrets();
    Kucoin::builder()
        .credentials(credentials)
        .hosts(hosts_of(exchange))
        .config(config)
        .build()
        .unwrap()
}

/// Item of a subscription.
pub(crate) type Item<E> = Result<Update<E>, Gap>;

pub(crate) async fn next<T: Topic>(subscription: &mut Subscription<T>) -> Item<T::Event> {
    let item = soon(subscription.next()).await;
    item.expect("the subscription is open")
}

/// Returns the next event; fails at a gap.
pub(crate) async fn event<T: Topic>(subscription: &mut Subscription<T>) -> Update<T::Event> {
    match next(subscription).await {
        Ok(update) => update,
        Err(gap) => panic!("unexpected gap: {gap:?}"),
    }
}

/// Returns the next gap; fails at an event.
pub(crate) async fn gap<T: Topic>(subscription: &mut Subscription<T>) -> Gap {
    match next(subscription).await {
        Ok(update) => panic!(
            "an event instead of a gap, on connection {}",
            update.epoch()
        ),
        Err(gap) => gap,
    }
}

/// The two gaps of a connection loss.
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
    /// Checks that both gaps agree in topics and times, and that the window is as documented.
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

/// Returns the topics of a gap, in alphabetical order.
pub(crate) fn topics_of(gap: &Gap) -> Vec<String> {
    let mut topics: Vec<String> = gap.topics.iter().map(ToString::to_string).collect();
    topics.sort();
    topics
}

/// Returns the next two items, which must be the two gaps of a loss.
pub(crate) async fn outage<T: Topic>(subscription: &mut Subscription<T>) -> Outage {
    let lost = gap(subscription).await;
    let live = gap(subscription).await;
    Outage::of(&lost, &live)
}

/// Returns as many events as the truth log has; fails at a gap.
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

/// Returns the expected events of a topic from the truth log.
pub(crate) fn truth_of(exchange: &Exchange, topic: &str) -> Vec<Value> {
    exchange
        .truth()
        .of_topic(topic)
        .iter()
        .map(as_event)
        .collect()
}

/// Follows the lifecycle events of a client.
pub(crate) struct LifecycleLog {
    stream: LifecycleStream,
    pub(crate) events: Vec<LifecycleEvent>,
}

impl LifecycleLog {
    pub(crate) fn of(kucoin: &Kucoin) -> Self {
        Self {
            stream: kucoin.lifecycle(),
            events: Vec::new(),
        }
    }

    /// Reads events until one meets the condition, and returns it.
    pub(crate) async fn until(
        &mut self,
        wanted: impl Fn(&LifecycleEvent) -> bool,
    ) -> LifecycleEvent {
        loop {
            let next = soon(self.stream.next()).await;
            let event = next.expect("the client is open").event;
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

    /// Returns all events so far in short form, including queued ones.
    pub(crate) fn summaries(&mut self) -> Vec<String> {
        while let Some(next) = self.stream.try_next() {
            self.events.push(next.event);
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

/// Returns the requests of a client on one connection, without pings.
pub(crate) fn requests(connection: &ConnectionReport) -> Vec<String> {
    let requests = connection.client_messages.iter().filter_map(|message| {
        let message: Value = serde_json::from_str(message).unwrap();
        let topic = message["topic"].as_str()?;
        Some(format!("{} {topic}", message["type"].as_str()?))
    });
    requests.collect()
}

/// Returns the response code of each token request.
pub(crate) fn token_codes(exchange: &Exchange) -> Vec<String> {
    let stats = exchange.stats();
    stats
        .token_requests
        .iter()
        .map(|request| request.code.clone())
        .collect()
}
