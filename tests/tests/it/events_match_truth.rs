//! Delivered events match the truth log: the same events, in order, exactly.

use kucoin_streams::Topic;
use kucoin_streams::v1::{AnySpotTopic, Balances, SpotOrders, SpotStopOrders};
use kucoin_streams_exchange::{Decimal, Exchange, Side, StopKind, TruthEntry};
use serde_json::Value;

use crate::setup::*;
use crate::simulated::{client, settle, start};

/// Runs account activity of every kind.
fn run_activity(exchange: &Exchange, steps: usize) {
    let account = exchange.account();
    account.step(steps);
    let price = account.last_price("BTC-USDT").unwrap();
    let stop = account.place_stop(
        "BTC-USDT",
        (Side::Sell, StopKind::Loss),
        ((price / Decimal::TWO).trunc(), None),
        "0.00012".parse().unwrap(),
    );
    account.cancel_stop(&stop.unwrap()).unwrap();
    account
        .place_market_funds("ETH-USDT", "25.5".parse().unwrap())
        .unwrap();
    account
        .deposit("USDT", "0.00000001".parse().unwrap())
        .unwrap();
}

async fn check<T>(topic: T, path: &str)
where
    T: Topic<Kind = kucoin_streams::v1::SpotPrivate>,
    T::Event: serde::Serialize,
{
    let exchange = start(Exchange::builder().seed(11)).await;
    let kucoin = client(&exchange);
    let mut subscription = soon(kucoin.subscribe(topic)).await.unwrap();
    run_activity(&exchange, 400);
    let truth = truth_of(&exchange, path);
    assert!(truth.len() >= 2, "{} events of {path}", truth.len());
    assert_eq!(all_events(&mut subscription, &exchange, path).await, truth);
    settle().await;
    assert!(subscription.try_next().is_none(), "nothing is pushed twice");
}

#[tokio::test(start_paused = true)]
async fn orders_match_the_truth_log() {
    check(SpotOrders, ORDERS).await;
}

#[tokio::test(start_paused = true)]
async fn balances_match_the_truth_log() {
    check(Balances, BALANCE).await;
}

#[tokio::test(start_paused = true)]
async fn stop_orders_match_the_truth_log() {
    check(SpotStopOrders, STOPS).await;
}

#[tokio::test(start_paused = true)]
async fn one_subscription_keeps_the_order_across_topics() {
    let exchange = start(Exchange::builder().seed(12)).await;
    let kucoin = client(&exchange);
    let topics: Vec<AnySpotTopic> = vec![SpotOrders.into(), Balances.into(), SpotStopOrders.into()];
    let mut subscription = soon(kucoin.subscribe(topics)).await.unwrap();
    run_activity(&exchange, 400);
    let of_these = |entry: &TruthEntry| [ORDERS, BALANCE, STOPS].contains(&entry.topic);
    let truth: Vec<TruthEntry> = exchange
        .truth()
        .snapshot()
        .into_iter()
        .filter(of_these)
        .collect();
    assert!(truth.len() > 1_000, "{}", truth.len());
    for entry in &truth {
        let update = event(&mut subscription).await;
        assert_eq!(
            (update.topic().as_str(), json(update.event())),
            (entry.topic, as_event(entry))
        );
        let envelope: Value = serde_json::from_str(&entry.frame).unwrap();
        assert_eq!(
            update.subject().map(|subject| subject.as_str()),
            envelope["subject"].as_str()
        );
        assert_eq!(update.id().map(|id| id.as_str()), envelope["id"].as_str());
        assert_eq!(
            update.user_id().map(|id| id.as_str()),
            envelope["userId"].as_str()
        );
        assert!(update.envelope_extra().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn subscribers_of_different_topics_get_their_own_events() {
    let exchange = start(Exchange::builder().seed(13)).await;
    let kucoin = client(&exchange);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    run_activity(&exchange, 100);
    assert_eq!(
        all_events(&mut orders, &exchange, ORDERS).await,
        truth_of(&exchange, ORDERS)
    );
    assert_eq!(
        all_events(&mut balances, &exchange, BALANCE).await,
        truth_of(&exchange, BALANCE)
    );
    assert_eq!(
        exchange.stats().connections.len(),
        1,
        "both share the connection"
    );
}
