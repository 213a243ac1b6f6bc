//! Rotations while events flow: each event is delivered once, in order, without a gap.

use std::time::Duration;

use kucoin_streams::v1::{AnyFuturesTopic, AnySpotTopic, Balances, FuturesOrders, SpotOrdersV1};
use kucoin_streams::{Config, Event, Kucoin, RotateError, Subscription, Topic, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Ended, Exchange, Faults, Stats, TruthEntry};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::independent_exchange::order;
use crate::setup::*;
use crate::simulated::{client, client_with, exchange, settle, start};

const SPOT: WsKey = WsKey::SpotPrivateV1;

/// Rotations per connection. Token requests are limited to about one per second.
const ROTATIONS: usize = 4;

/// Returns a configuration with short overlaps: the local exchange pushes to all connections at once.
fn short_overlap() -> Config {
    let mut config = fast_retries();
    config.session.overlap = Duration::from_millis(20);
    config
}

async fn rotate(kucoin: &Kucoin) {
    soon(kucoin.rotate(SPOT)).await.unwrap();
}

/// Runs account activity until stopped; its rate is bounded so that no queue overflows.
async fn run_activity(exchange: &Exchange, until: &watch::Receiver<bool>) {
    while !*until.borrow() {
        exchange.account().step(5);
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

/// Returns the truth log of these topics without events that have no unique key, which may be duplicated.
fn of(exchange: &Exchange, topics: &[String]) -> Vec<TruthEntry> {
    let vague = |entry: &TruthEntry| {
        matches!(
            entry.topic,
            "/contract/marginMode" | "/contract/crossLeverage"
        ) || entry.subject == "position.adjustRiskLimit"
    };
    let log = exchange.truth().snapshot().into_iter();
    log.filter(|entry| topics.iter().any(|topic| topic == entry.topic) && !vague(entry))
        .collect()
}

type Seen = (String, Value);

/// A subscription that is read continuously.
struct Reading<T: Topic> {
    wanted: watch::Sender<usize>,
    task: JoinHandle<(Subscription<T>, Vec<Seen>)>,
}

impl<T: Topic<Event: Serialize>> Reading<T> {
    fn begin(mut subscription: Subscription<T>) -> Self {
        let (wanted, mut enough) = watch::channel(usize::MAX);
        let task = tokio::spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < *enough.borrow_and_update() {
                tokio::select! {
                    item = subscription.next() => match item {
                        Some(Ok(update)) if !update.event().has_unique_key() => {}
                        Some(Ok(update)) => seen.push((update.topic().to_string(), json(update.event()))),
                        Some(Err(gap)) => panic!("after {} events: {gap:?}", seen.len()),
                        None => panic!("it ended after {} events", seen.len()),
                    },
                    _ = enough.changed() => {}
                }
            }
            (subscription, seen)
        });
        Self { wanted, task }
    }

    /// Waits for as many events as in the truth log and returns them; no more may arrive.
    async fn finish(self, truth: Vec<TruthEntry>) -> (Subscription<T>, Vec<Seen>) {
        self.wanted.send(truth.len()).unwrap();
        let (mut subscription, seen) = soon(self.task).await.unwrap();
        settle().await;
        assert!(subscription.try_next().is_none(), "there is no duplicate");
        (subscription, seen)
    }
}

#[track_caller]
fn compare(seen: &[Seen], truth: &[TruthEntry]) {
    assert_eq!(seen.len(), truth.len());
    for ((topic, event), entry) in seen.iter().zip(truth) {
        assert_eq!((topic.as_str(), event), (entry.topic, &as_event(entry)));
    }
}

#[tokio::test(start_paused = true)]
async fn rotations_lose_and_duplicate_no_event() {
    let exchange = start(Exchange::builder().seed(71).truth_capacity(1_000_000)).await;
    let mut config = short_overlap();
    // Long enough that each topic has events on both connections.
    config.session.overlap = Duration::from_secs(2);
    let kucoin = client_with(&exchange, config);
    let spot = AnySpotTopic::account_wide();
    let futures = AnyFuturesTopic::account_wide();
    let spot_names = spot.iter().map(ToString::to_string).collect::<Vec<_>>();
    let futures_names = futures.iter().map(ToString::to_string).collect::<Vec<_>>();
    let spot = Reading::begin(soon(kucoin.subscribe(spot)).await.unwrap());
    let futures = Reading::begin(soon(kucoin.subscribe(futures)).await.unwrap());
    let mut lifecycle = LifecycleLog::of(&kucoin);

    let (stop, stopped) = watch::channel(false);
    let active = exchange.clone();
    let task = tokio::spawn(async move { run_activity(&active, &stopped).await });
    for _ in 0..ROTATIONS {
        rotate(&kucoin).await;
        soon(kucoin.rotate(WsKey::FuturesPrivateV1)).await.unwrap();
    }
    stop.send(true).unwrap();
    task.await.unwrap();

    let (spot, events) = spot.finish(of(&exchange, &spot_names)).await;
    compare(&events, &of(&exchange, &spot_names));
    let (futures, events) = futures.finish(of(&exchange, &futures_names)).await;
    compare(&events, &of(&exchange, &futures_names));
    let words = lifecycle.summaries();
    assert_eq!(
        words.iter().filter(|word| word.contains("Rotated")).count(),
        2 * ROTATIONS,
        "{words:?}"
    );
    assert!(
        words.iter().all(|word| word.contains("Rotated")),
        "{words:?}"
    );

    let stats = exchange.stats();
    assert_eq!(
        stats.token_requests.len(),
        2 * ROTATIONS + 2,
        "each connection has its own token"
    );
    for connection in &stats.connections[..2 * ROTATIONS] {
        assert!(
            matches!(
                connection.ended,
                None | Some(Ended::ClientClosed { code: Some(1000) })
            ),
            "{:?}",
            connection.ended
        );
    }
    for ledger in spot.ledger().iter().chain(&futures.ledger()) {
        assert!(ledger.is_consistent(), "{ledger:?}");
    }
    let duplicates: u64 = spot.ledger().iter().map(|ledger| ledger.duplicates).sum();
    assert!(duplicates > 0, "the connections overlapped");
}

/// Returns `true` once both connections have this number of topics.
fn both_subscribed(topics: usize) -> impl Fn(&Stats) -> bool {
    move |stats| {
        let mut connections = stats.connections.iter();
        stats.connections.len() == 2 && connections.all(|known| known.topics.len() == topics)
    }
}

#[tokio::test(start_paused = true)]
async fn cut_during_a_rotation_loses_no_event() {
    let cut = Faults::new().cut_after_frames(60, Cut::Reset);
    let exchange = exchange(cut).await;
    let mut config = fast_retries();
    // The cut ends the overlap, not the time.
    config.session.overlap = Duration::from_secs(600);
    let kucoin = client_with(&exchange, config);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut orders = soon(kucoin.subscribe(SpotOrdersV1)).await.unwrap();
    let account = exchange.account();
    while exchange.truth().total_of(ORDERS_V1) < 10 {
        account.step(1);
    }
    let mut ready = kucoin.lifecycle();
    let meanwhile = async {
        soon(exchange.wait_until(both_subscribed(1))).await;
        // The acknowledgement is in flight: a cut before it arrives would fail the rotation.
        tokio::time::sleep(Duration::from_millis(300)).await;
        // The first connection is ahead of the second and reaches the number first.
        while exchange.truth().total_of(ORDERS_V1) < 60 {
            account.step(1);
        }
        let first_is_cut = |stats: &Stats| stats.connections[0].ended.is_some();
        soon(exchange.wait_until(first_is_cut)).await;
    };
    let (rotated, ()) = soon(async { tokio::join!(kucoin.rotate(SPOT), meanwhile) }).await;
    assert!(rotated.is_ok(), "{rotated:?}: {:?}", ready.try_next());
    account.step(40);

    let truth = truth_of(&exchange, ORDERS_V1);
    let (mut events, mut loss) = (Vec::new(), None);
    while events.len() < truth.len() {
        match next(&mut orders).await {
            Ok(update) => {
                let epoch = if loss.is_none() { 1 } else { 2 };
                assert_eq!(update.epoch(), epoch);
                events.push(json(update.event()));
            }
            Err(lost) => {
                let outage = Outage::of(&lost, &gap(&mut orders).await);
                assert!(loss.replace(outage).is_none(), "one loss");
            }
        }
    }
    assert_eq!(loss.unwrap().epoch, 2);
    assert_eq!(events, truth);
    settle().await;
    assert!(orders.try_next().is_none(), "there is no duplicate");
    let words = lifecycle.summaries();
    assert!(!words.contains(&"reconnected".to_owned()), "{words:?}");
    let stats = exchange.stats();
    assert_eq!((stats.tokens_issued, stats.connections.len()), (2, 2));
}

/// Over real sockets.
#[tokio::test]
async fn rotation_closes_the_old_connection_and_uses_a_new_token() {
    let exchange = crate::setup::exchange(Faults::new()).await;
    let kucoin = crate::setup::client_with(&exchange, short_overlap());
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    for number in 0..3 {
        soon(kucoin.rotate(SPOT)).await.unwrap();
        let closed = Some(Ended::ClientClosed { code: Some(1000) });
        soon(exchange.wait_until(|stats| stats.connections[number].ended == closed)).await;
        assert_eq!(exchange.stats().open_connections().count(), 1);
        assert_eq!(exchange.stats().connections.len(), number + 2);
        exchange.account().deposit("USDT", 1.into()).unwrap();
        event(&mut balances).await;
    }
    let stats = exchange.stats();
    let tokens = stats.connections.iter().map(|connection| connection.token);
    assert!(tokens.eq([Some(1), Some(2), Some(3), Some(4)]));
}

#[tokio::test(start_paused = true)]
async fn rotate_all_rotates_every_open_connection() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client_with(&exchange, short_overlap());
    soon(kucoin.rotate_all()).await.unwrap();
    assert_eq!(exchange.stats().connections.len(), 0);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let _orders = soon(kucoin.subscribe(FuturesOrders)).await.unwrap();
    soon(kucoin.rotate_all()).await.unwrap();
    assert_eq!(exchange.stats().connections.len(), 4);
    exchange.account().deposit("USDT", 1.into()).unwrap();
    assert_eq!(event(&mut balances).await.epoch(), 2);
}

#[tokio::test(start_paused = true)]
async fn connection_that_is_not_live_cannot_be_rotated() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    assert_eq!(soon(kucoin.rotate(SPOT)).await, Err(RotateError::NotLive));
    let _orders = soon(kucoin.subscribe(FuturesOrders)).await.unwrap();
    assert_eq!(soon(kucoin.rotate(SPOT)).await, Err(RotateError::NotLive));
    kucoin.close().await;
    let closed = soon(kucoin.rotate(WsKey::FuturesPrivateV1)).await;
    assert!(matches!(closed, Err(RotateError::Closed(_))), "{closed:?}");
}

fn push_order(exchange: &Exchange, id: u64) -> usize {
    let frame = order(id).replace(ORDERS, ORDERS_V1);
    exchange.push_raw(ORDERS_V1, &frame)
}

#[tokio::test(start_paused = true)]
async fn first_event_before_the_switch_is_no_gap() {
    // The pong that ends the overlap is late, and one event arrives even later on the replacement connection, after
    // its successor.
    let by = Duration::from_secs(1);
    let faults = Faults::new()
        .on_connection(1, Effect::DelayPongs { by, count: None })
        .on_connection(2, Effect::SwapFrames { count: Some(1) });
    let exchange = exchange(faults).await;
    let mut config = fast_retries();
    config.session.overlap = Duration::from_secs(3);
    let kucoin = client_with(&exchange, config);
    let mut orders = soon(kucoin.subscribe(SpotOrdersV1)).await.unwrap();
    let meanwhile = async {
        soon(exchange.wait_until(|stats| stats.connections[0].pings == 1)).await;
        assert_eq!(push_order(&exchange, 1), 2);
        tokio::time::sleep(2 * by).await;
        push_order(&exchange, 2);
    };
    let (rotated, ()) = soon(async { tokio::join!(kucoin.rotate(SPOT), meanwhile) }).await;
    rotated.unwrap();
    for id in 1..=2 {
        assert_eq!(
            event(&mut orders).await.order_id.as_str(),
            format!("{id:024}")
        );
    }
}
