//! A lost connection, whatever the cause: a new token, the same topics, and both gaps of the loss in place.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::v1::{Balances, SpotOrders, SpotStopOrders};
use kucoin_streams::{Event, Gap, Subscription, Topic, Update};
use kucoin_streams_exchange::{Cut, Decimal, Effect, Exchange, Side, StopKind};
use serde_json::Value;

use crate::setup::*;
use crate::simulated::{client, start};

/// Causes events on every topic.
fn cause_events(exchange: &Exchange) {
    let account = exchange.account();
    account.step(40);
    let price = account.last_price("BTC-USDT").unwrap();
    let (half, size) = ((price / Decimal::TWO).trunc(), "0.00012".parse().unwrap());
    account
        .place_stop("BTC-USDT", (Side::Sell, StopKind::Loss), (half, None), size)
        .unwrap();
    account
        .place_limit("BTC-USDT", Side::Buy, half, size)
        .unwrap();
}

/// Takes this number of events, without a gap.
async fn take<T: Topic>(subscription: &mut Subscription<T>, events: u64) -> Vec<Item<T::Event>> {
    let mut items = Vec::new();
    for _ in 0..events {
        items.push(Ok(event(subscription).await));
    }
    items
}

/// Collects items up to the last event in the truth log.
async fn collect<T>(
    subscription: &mut Subscription<T>,
    mut items: Vec<Item<T::Event>>,
    truth: &[Value],
) -> Vec<Item<T::Event>>
where
    T: Topic,
    T::Event: serde::Serialize,
{
    loop {
        let item = next(subscription).await;
        let is_last = item
            .as_ref()
            .is_ok_and(|update| Some(&json(update.event())) == truth.last());
        items.push(item);
        if is_last {
            return items;
        }
    }
}

/// The events before and after a loss.
struct Around<E> {
    before: Vec<Update<E>>,
    outage: Outage,
    after: Vec<Update<E>>,
}

fn around<E>(items: Vec<Item<E>>) -> Around<E> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut gaps: Vec<Gap> = Vec::new();
    for item in items {
        match item {
            Ok(update) if gaps.is_empty() => before.push(update),
            Ok(update) if gaps.len() == 2 => after.push(update),
            Ok(_) => panic!("an event of a topic that is not live: {gaps:?}"),
            Err(gap) => gaps.push(gap),
        }
    }
    let [lost, live] = gaps.as_slice() else {
        panic!("two gaps for one loss: {gaps:?}");
    };
    Around {
        before,
        outage: Outage::of(lost, live),
        after,
    }
}

/// Checks that every event is delivered or covered by the gap.
async fn check<T>(
    subscription: &mut Subscription<T>,
    before: Vec<Item<T::Event>>,
    exchange: &Exchange,
    topic: &str,
    stage: &str,
) where
    T: Topic,
    T::Event: serde::Serialize + Event,
{
    let truth = truth_of(exchange, topic);
    let items = collect(subscription, before, &truth).await;
    let Around {
        before,
        outage,
        after,
    } = around(items);
    let values = |updates: &[Update<T::Event>]| -> Vec<Value> {
        updates.iter().map(|update| json(update.event())).collect()
    };
    let (first, last) = (before.len(), truth.len() - after.len());
    assert_eq!(values(&before), truth[..first], "{topic} before the gap");
    assert_eq!(values(&after), truth[last..], "{topic} after the gap");
    assert!(
        first < last,
        "{topic}: the outage lost no event, so this test shows nothing"
    );
    assert!(before.iter().all(|update| update.epoch() == 1));
    assert!(after.iter().all(|update| update.epoch() == 2));

    assert_eq!(outage.topics, [topic]);
    assert_eq!(outage.cause.stage.as_str(), stage);
    let last_event_at = before.last().map(Update::received_at);
    assert_eq!(outage.last_event_at, last_event_at);
    assert_eq!(outage.epoch, 2);
    for missing in &truth[first..last] {
        let pushed: Option<i64> = ["pt", "time", "ts"]
            .iter()
            .find_map(|name| missing[name].as_str()?.parse().ok());
        assert!(
            pushed.unwrap() <= outage.live_at.as_nanos(),
            "{topic}: lost after it was live again"
        );
    }
}

async fn check_loss(exchange: Arc<Exchange>, cut: Effect, stage: &str) {
    let kucoin = client(&exchange);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let mut stops = soon(kucoin.subscribe(SpotStopOrders)).await.unwrap();
    cause_events(&exchange);
    let so_far = |topic| exchange.truth().total_of(topic);
    let orders_before = take(&mut orders, so_far(ORDERS)).await;
    let balances_before = take(&mut balances, so_far(BALANCE)).await;
    let stops_before = take(&mut stops, so_far(STOPS)).await;
    let mut lifecycle = LifecycleLog::of(&kucoin);

    exchange.inject(cut);
    cause_events(&exchange);
    lifecycle.reconnected().await;
    cause_events(&exchange);

    check(&mut orders, orders_before, &exchange, ORDERS, stage).await;
    check(&mut balances, balances_before, &exchange, BALANCE, stage).await;
    check(&mut stops, stops_before, &exchange, STOPS, stage).await;
    let live = [ORDERS, BALANCE, STOPS].map(|topic| format!("live {topic}"));
    let mut expected = vec![format!("reconnect 1 {stage}")];
    expected.extend(live);
    expected.push("reconnected".to_owned());
    assert_eq!(lifecycle.summaries(), expected);

    let stats = exchange.stats();
    let tokens: Vec<Option<u64>> = stats
        .connections
        .iter()
        .map(|connection| connection.token)
        .collect();
    assert_eq!(tokens, [Some(1), Some(2)], "each dial has its own token");
    assert_eq!(stats.token_requests.len(), 2);
    assert_eq!(
        requests(&stats.connections[1]),
        requests(&stats.connections[0])
    );
    assert_eq!(stats.connections[1].topics, [ORDERS, BALANCE, STOPS]);
    assert!(
        stats
            .connections
            .iter()
            .all(|connection| connection.token_encoded)
    );
    assert!(
        stats
            .connections
            .iter()
            .all(|connection| connection.early_messages == 0)
    );
}

#[tokio::test(start_paused = true)]
async fn reset_is_one_loss_on_every_topic() {
    let exchange = start(Exchange::builder().seed(21)).await;
    check_loss(exchange, Effect::Cut(Cut::Reset), "live").await;
}

#[tokio::test(start_paused = true)]
async fn end_without_close_frame_is_one_loss_on_every_topic() {
    let exchange = start(Exchange::builder().seed(22)).await;
    check_loss(exchange, Effect::Cut(Cut::Eof), "live").await;
}

#[tokio::test(start_paused = true)]
async fn close_frame_is_one_loss_on_every_topic() {
    let exchange = start(Exchange::builder().seed(23)).await;
    let reason = "going away".to_owned();
    check_loss(
        exchange,
        Effect::Cut(Cut::Close { code: 1001, reason }),
        "live",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn reset_inside_a_frame_delivers_no_part_of_it() {
    let exchange = start(Exchange::builder().seed(24)).await;
    check_loss(exchange, Effect::ResetMidFrame, "live").await;
}

#[tokio::test(start_paused = true)]
async fn vanished_peer_is_detected_by_missing_pongs() {
    let exchange = start(
        Exchange::builder()
            .seed(25)
            .ping_interval(Duration::from_millis(200))
            .ping_timeout(Duration::from_secs(2)),
    )
    .await;
    check_loss(exchange, Effect::HalfOpen, "heartbeat").await;
}

#[tokio::test(start_paused = true)]
async fn each_loss_has_its_own_gap_and_token() {
    let exchange = start(Exchange::builder().seed(26)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    for loss in 1..=3 {
        cause_events(&exchange);
        event(&mut balances).await;
        exchange.inject(Effect::Cut(Cut::Reset));
        lifecycle.reconnected().await;
        let lost = loop {
            if let Err(gap) = next(&mut balances).await {
                break gap;
            }
        };
        let live = gap(&mut balances).await;
        assert_eq!(Outage::of(&lost, &live).epoch, loss + 1);
    }
    let stats = exchange.stats();
    let tokens: Vec<Option<u64>> = stats
        .connections
        .iter()
        .map(|connection| connection.token)
        .collect();
    assert_eq!(tokens, [Some(1), Some(2), Some(3), Some(4)]);
}
