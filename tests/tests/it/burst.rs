//! Orders pushed as fast as the socket accepts them arrive complete and in order.

use kucoin_streams::v1::{OrderKind, SpotOrder, SpotOrdersV1};
use kucoin_streams_exchange::{Exchange, TruthEntry};

use crate::setup::*;
use crate::simulated::{client, settle, start};

/// Number of orders; the environment variable can change it.
fn orders() -> u64 {
    let orders = std::env::var("KUCOIN_STREAMS_BURST").ok();
    orders.map_or(200_000, |number| {
        number.parse().expect("KUCOIN_STREAMS_BURST is a number")
    })
}

#[tokio::test(start_paused = true)]
async fn burst_arrives_complete_and_in_order() {
    let orders = orders();
    // Each order makes five pushes over all topics.
    let capacity = usize::try_from(orders * 5).unwrap();
    let exchange = start(Exchange::builder().seed(31).truth_capacity(capacity)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut subscription = soon(kucoin.subscribe(SpotOrdersV1)).await.unwrap();
    let account = exchange.account();
    account.deposit("USDT", 1_000_000.into()).unwrap();
    let pushing = tokio::spawn(async move { account.burst(orders).await });
    let received = tokio::spawn(async move {
        let mut received = Vec::new();
        while received.len() as u64 != orders {
            match subscription.next().await {
                Some(Ok(order)) => received.push(order.into_event()),
                other => panic!("after {} orders: {other:?}", received.len()),
            }
        }
        (subscription, received)
    });
    pushing.await.unwrap().unwrap();
    let (mut subscription, received) = soon(received).await.unwrap();
    settle().await;
    assert!(subscription.try_next().is_none(), "nothing more comes");
    compare(&received, &exchange.truth().of_topic(ORDERS_V1));
    assert_eq!(
        lifecycle.summaries(),
        ["open".to_owned(), format!("live {ORDERS_V1}")]
    );
    assert_eq!(exchange.stats().connections[0].pushed, orders);
}

/// Compares the id of every order, and all fields of every hundredth.
fn compare(received: &[SpotOrder], truth: &[TruthEntry]) {
    assert_eq!(received.len(), truth.len());
    for (at, (order, entry)) in received.iter().zip(truth).enumerate() {
        assert!(
            entry.data().contains(order.order_id.as_str()),
            "order {at} is not the {at}th pushed"
        );
        assert_eq!(order.kind, OrderKind::Open);
        if at % 100 == 0 {
            assert_eq!(json(order), as_event(entry), "order {at}");
        }
    }
}
