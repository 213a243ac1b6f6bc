//! Duplicate, malformed and fragmented frames.

use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams::{Event, GapReason, LifecycleEvent};
use kucoin_streams_exchange::{Effect, Exchange, Faults};
use serde_json::Value;

use crate::setup::*;
use crate::simulated::{client, exchange, start};

#[tokio::test(start_paused = true)]
async fn duplicate_frame_is_delivered_twice_with_one_dedup_key() {
    let exchange =
        exchange(Faults::new().on_connection(1, Effect::DuplicateFrame { count: None })).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    exchange.account().step(20);
    let truth = truth_of(&exchange, BALANCE);
    let mut identities = Vec::new();
    for expected in &truth {
        let (first, second) = (event(&mut balances).await, event(&mut balances).await);
        assert_eq!(
            (json(first.event()), json(second.event())),
            (expected.clone(), expected.clone())
        );
        assert_eq!(first.dedup_key(), second.dedup_key());
        identities.push(first.dedup_key());
    }
    let distinct: std::collections::BTreeSet<&String> = identities.iter().collect();
    assert_eq!(
        distinct.len(),
        truth.len(),
        "different events have different dedup keys"
    );
}

#[tokio::test(start_paused = true)]
async fn different_orders_have_different_dedup_keys() {
    let exchange = start(Exchange::builder().seed(41)).await;
    let kucoin = client(&exchange);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    exchange.account().step(300);
    let mut identities = std::collections::BTreeSet::new();
    for _ in 0..exchange.truth().total_of(ORDERS) {
        let order = event(&mut orders).await;
        assert!(identities.insert(order.dedup_key()), "twice: {order:?}");
    }
}

/// Checks that a garbled frame is reported, by a gap or a lifecycle event, and affects no other frame.
async fn check_garbled_frame(seed: u64) -> usize {
    let garbled = Effect::GarbleFrame { count: Some(1) };
    let faults = Faults::new().after_frames(5, garbled);
    let exchange = start(Exchange::builder().seed(seed).faults(faults)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    exchange.account().step(30);
    let truth = truth_of(&exchange, ORDERS);
    let (mut events, mut undecodable): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    while events.last() != truth.last() {
        match next(&mut orders).await {
            Ok(update) => events.push(json(update.event())),
            Err(gap) => match gap.reason {
                GapReason::Undecodable { raw, .. } => undecodable.push(raw),
                other => panic!("another gap: {other:?}"),
            },
        }
    }
    let mut expected = truth.clone();
    expected.remove(5);
    assert_eq!(events, expected, "the sixth frame alone is missing");
    lifecycle.summaries();
    let exceptions: Vec<&LifecycleEvent> = lifecycle
        .events
        .iter()
        .filter(|event| matches!(event, LifecycleEvent::Exception { .. }))
        .collect();
    assert_eq!(undecodable.len(), 1, "{undecodable:?}");
    let whole = exchange.truth().of_topic(ORDERS)[5].frame.clone();
    assert_eq!(
        undecodable[0].len(),
        whole.len(),
        "the gap has the complete frame"
    );
    assert_eq!(
        exchange.stats().connections.len(),
        1,
        "the connection is kept"
    );
    exceptions.len()
}

#[tokio::test(start_paused = true)]
async fn garbled_frame_is_a_gap_in_its_place() {
    let mut of_no_topic = 0;
    for seed in 50..70 {
        of_no_topic += check_garbled_frame(seed).await;
    }
    assert!(
        (1..20).contains(&of_no_topic),
        "{of_no_topic} of 20: some have lost their topic, some have not"
    );
}

#[tokio::test(start_paused = true)]
async fn fragmented_frames_are_reassembled() {
    let fragmented = Effect::FragmentFrames {
        parts: 7,
        count: None,
    };
    let exchange = exchange(Faults::new().on_connection(1, fragmented)).await;
    let kucoin = client(&exchange);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    exchange.account().step(100);
    assert_eq!(
        all_events(&mut orders, &exchange, ORDERS).await,
        truth_of(&exchange, ORDERS)
    );
}

#[tokio::test(start_paused = true)]
async fn frame_without_a_required_field_is_a_gap_with_the_frame() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let poor = format!(
        r#"{{"topic":"{BALANCE}","type":"message","subject":"account.balance","data":{{"total":"1"}}}}"#
    );
    assert_eq!(exchange.push_raw(BALANCE, &poor), 1);
    exchange.account().deposit("USDT", 1.into()).unwrap();
    let gap = next(&mut balances).await.unwrap_err();
    assert_eq!(topics_of(&gap), [BALANCE]);
    let GapReason::Undecodable { raw, error } = gap.reason else {
        panic!("another gap: {gap:?}");
    };
    assert_eq!(raw, poor);
    assert!(error.to_string().contains("currency"), "{error}");
    event(&mut balances).await;
}

#[tokio::test(start_paused = true)]
async fn unknown_fields_and_values_are_kept() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let strange = format!(
        r#"{{"topic":"{ORDERS}","type":"message","subject":"orderChange","data":{{"symbol":"BTC-USDT","orderId":"1","type":"teleported","status":"odd","side":"hold","orderType":"limit_stop","price":"0.000000000000000000012345","tier":{{"a":[1,2]}}}}}}"#
    );
    exchange.push_raw(ORDERS, &strange);
    let order = event(&mut orders).await;
    let mut expected: Value = serde_json::from_str(&strange).unwrap();
    assert_eq!(json(order.event()), expected["data"].take());
}
