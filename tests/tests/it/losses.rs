//! A connection that is lost, in every way: a fresh token, the same topics, one gap in its place, nothing silent.

use std::time::Duration;

use kucoin_streams::v1::{Balances, SpotOrders, SpotStopOrders};
use kucoin_streams::{Event, Gap, GapReason, Subscription, Topic, Update};
use kucoin_streams_exchange::{Cut, Decimal, Effect, Exchange, Side, StopKind};
use serde_json::Value;

use crate::rig::*;

/// Something on every topic, the last of it on each.
fn act(exchange: &Exchange) {
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

/// So many events, before anything goes wrong.
async fn take<T: Topic>(subscription: &mut Subscription<T>, events: u64) -> Vec<Item<T::Event>> {
    let mut items = Vec::new();
    for _ in 0..events {
        items.push(Ok(event(subscription).await));
    }
    items
}

/// Everything up to the last event that the truth log knows of now.
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

/// What lies around the one gap.
struct Around<E> {
    before: Vec<Update<E>>,
    gap: Gap,
    after: Vec<Update<E>>,
}

fn around<E>(items: Vec<Item<E>>) -> Around<E> {
    let (mut before, mut gaps, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        match item {
            Ok(update) if gaps.is_empty() => before.push(update),
            Ok(update) => after.push(update),
            Err(gap) => gaps.push(gap),
        }
    }
    assert_eq!(gaps.len(), 1, "one gap for one loss: {gaps:?}");
    Around {
        before,
        gap: gaps.remove(0),
        after,
    }
}

/// Every event is delivered, or lies where the gap says that events may be missing.
async fn check<T>(
    subscription: &mut Subscription<T>,
    before: Vec<Item<T::Event>>,
    exchange: &Exchange,
    topic: &str,
) where
    T: Topic,
    T::Event: serde::Serialize + Event,
{
    let truth = truth_of(exchange, topic);
    let Around { before, gap, after } = around(collect(subscription, before, &truth).await);
    let values = |updates: &[Update<T::Event>]| -> Vec<Value> {
        updates.iter().map(|update| json(update.event())).collect()
    };
    let (first, last) = (before.len(), truth.len() - after.len());
    assert_eq!(values(&before), truth[..first], "{topic} before the gap");
    assert_eq!(values(&after), truth[last..], "{topic} after the gap");
    assert!(
        first < last,
        "{topic}: the outage cost no event, so this test shows nothing"
    );
    assert!(before.iter().all(|update| update.epoch() == 1));
    assert!(after.iter().all(|update| update.epoch() == 2));

    assert_eq!(&*gap.topic, topic);
    let GapReason::Reconnected {
        last_event_at,
        lost_at,
        live_at,
        epoch,
    } = gap.reason
    else {
        panic!("another gap: {gap:?}");
    };
    assert_eq!(last_event_at, before.last().map(Update::received_at));
    assert_eq!(epoch, 2);
    assert!(last_event_at.unwrap() <= lost_at && lost_at <= live_at);
    for missing in &truth[first..last] {
        let pushed = ["pt", "time", "ts"]
            .iter()
            .find_map(|name| missing[name].as_i64());
        assert!(
            pushed.unwrap() <= live_at.as_nanos(),
            "{topic}: lost after it was live again"
        );
    }
}

async fn survive(exchange: Exchange, cut: Effect, cause: &str) {
    let kucoin = client(&exchange);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let mut stops = soon(kucoin.subscribe(SpotStopOrders)).await.unwrap();
    act(&exchange);
    let so_far = |topic| exchange.truth().total_of(topic);
    let orders_before = take(&mut orders, so_far(ORDERS)).await;
    let balances_before = take(&mut balances, so_far(BALANCE)).await;
    let stops_before = take(&mut stops, so_far(STOPS)).await;
    let mut told = Told::of(&kucoin);

    exchange.inject(cut);
    act(&exchange);
    told.reconnected().await;
    act(&exchange);

    check(&mut orders, orders_before, &exchange, ORDERS).await;
    check(&mut balances, balances_before, &exchange, BALANCE).await;
    check(&mut stops, stops_before, &exchange, STOPS).await;
    let live = [ORDERS, BALANCE, STOPS].map(|topic| format!("live {topic}"));
    let mut expected = vec![cause.to_owned()];
    expected.extend(live);
    expected.push("reconnected".to_owned());
    assert_eq!(told.words(), expected);

    let stats = exchange.stats();
    let tokens: Vec<Option<u64>> = stats
        .connections
        .iter()
        .map(|connection| connection.token)
        .collect();
    assert_eq!(
        tokens,
        [Some(1), Some(2)],
        "each dial has a token of its own"
    );
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

#[tokio::test]
async fn a_reset_is_one_gap_on_every_topic() {
    let exchange = Exchange::builder().seed(21).start().await.unwrap();
    survive(exchange, Effect::Cut(Cut::Reset), "reconnect 1 live").await;
}

#[tokio::test]
async fn an_end_without_a_close_frame_is_one_gap_on_every_topic() {
    let exchange = Exchange::builder().seed(22).start().await.unwrap();
    survive(exchange, Effect::Cut(Cut::Eof), "reconnect 1 live").await;
}

#[tokio::test]
async fn a_close_frame_is_one_gap_on_every_topic() {
    let exchange = Exchange::builder().seed(23).start().await.unwrap();
    let reason = "going away".to_owned();
    survive(
        exchange,
        Effect::Cut(Cut::Close { code: 1001, reason }),
        "reconnect 1 live",
    )
    .await;
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_frame_delivers_no_part_of_it() {
    let exchange = Exchange::builder().seed(24).start().await.unwrap();
    survive(exchange, Effect::ResetMidFrame, "reconnect 1 live").await;
}

#[tokio::test]
async fn a_peer_that_vanishes_is_noticed_by_its_silence() {
    let exchange = Exchange::builder()
        .seed(25)
        .ping_interval(Duration::from_millis(200))
        .ping_timeout(Duration::from_secs(2))
        .start()
        .await
        .unwrap();
    survive(exchange, Effect::HalfOpen, "reconnect 1 heartbeat").await;
}

#[tokio::test]
async fn every_loss_of_many_has_its_own_gap_and_token() {
    let exchange = Exchange::builder().seed(26).start().await.unwrap();
    let kucoin = client(&exchange);
    let mut told = Told::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    for loss in 1..=3 {
        act(&exchange);
        event(&mut balances).await;
        exchange.inject(Effect::Cut(Cut::Reset));
        told.reconnected().await;
        let gap = loop {
            if let Err(gap) = next(&mut balances).await {
                break gap;
            }
        };
        assert!(matches!(gap.reason, GapReason::Reconnected { epoch, .. } if epoch == loss + 1));
    }
    let stats = exchange.stats();
    let tokens: Vec<Option<u64>> = stats
        .connections
        .iter()
        .map(|connection| connection.token)
        .collect();
    assert_eq!(tokens, [Some(1), Some(2), Some(3), Some(4)]);
}
