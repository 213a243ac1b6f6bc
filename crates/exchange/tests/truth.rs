//! The truth log: subscribers receive exactly its frames, in its order.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_exchange::{Decimal, Exchange, Side, TruthEntry, Wallet};
use serde_json::Value;
use support::*;

fn frames(entries: &[TruthEntry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| entry.frame.to_string())
        .collect()
}

#[tokio::test]
async fn subscriber_of_all_topics_gets_every_push_in_order() {
    let exchange = Exchange::builder().seed(7).start().await.unwrap();
    let topics = spot_topics();
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut socket = Socket::subscribed(&exchange, &names).await;
    exchange.account().step(300);
    let truth = exchange.truth().snapshot();
    assert!(truth.len() > 600, "300 steps made {}", truth.len());
    let mut seen = BTreeSet::new();
    for (place, entry) in truth.iter().enumerate() {
        assert_eq!(entry.sequence, place as u64 + 1);
        if names.contains(&entry.topic) {
            assert_eq!(socket.text().await, *entry.frame);
            seen.insert(entry.topic);
        } else {
            assert!(entry.topic.starts_with("/contract"), "{}", entry.topic);
        }
    }
    for topic in [ORDERS, ORDERS_V2, BALANCE, STOPS, SNAPSHOT, FILLS, MARGIN] {
        assert!(seen.contains(topic), "300 steps made nothing on {topic}");
    }
}

#[tokio::test]
async fn subscriber_gets_pushes_from_its_subscription_on() {
    let exchange = Exchange::builder().seed(3).start().await.unwrap();
    let account = exchange.account();
    account.step(20);
    let before = exchange.truth().total_of(ORDERS) as usize;
    let mut orders = Socket::subscribed(&exchange, &[ORDERS]).await;
    let mut balance = Socket::subscribed(&exchange, &[BALANCE]).await;
    account.step(50);
    for expected in frames(&exchange.truth().of_topic(ORDERS)[before..]) {
        assert_eq!(orders.text().await, expected);
    }
    assert_eq!(field(&balance.text().await, "topic"), BALANCE);
}

#[tokio::test]
async fn account_is_active_without_subscribers() {
    let exchange = Exchange::builder()
        .event_rate(2_000.0)
        .start()
        .await
        .unwrap();
    exchange.truth().wait_for(200).await;
    exchange.truth().wait_for_topic(ORDERS_V2, 20).await;
    assert!(exchange.truth().total() >= 200);
}

#[tokio::test]
async fn balances_match_the_orders_to_the_last_digit() {
    let exchange = Exchange::builder().seed(5).start().await.unwrap();
    let account = exchange.account();
    let before = account.balance(Wallet::Trade, "USDT");
    let (price, size) = (
        "60000.1".parse::<Decimal>().unwrap(),
        "0.01234567".parse::<Decimal>().unwrap(),
    );
    let id = account
        .place_limit_as("mine", "BTC-USDT", Side::Buy, price, size)
        .unwrap();
    let during = account.balance(Wallet::Trade, "USDT");
    assert_eq!(
        during.hold - before.hold,
        price * size * "1.001".parse::<Decimal>().unwrap()
    );
    let half = "0.006".parse::<Decimal>().unwrap();
    account.fill(&id, half).unwrap();
    account.reduce(&id, "0.001".parse().unwrap()).unwrap();
    account.cancel(&id).unwrap();
    assert!(account.open_orders().is_empty());
    let after = account.balance(Wallet::Trade, "USDT");
    assert_eq!(after.hold, before.hold);
    assert_eq!(
        before.total() - after.total(),
        price * half * "1.0008".parse::<Decimal>().unwrap()
    );
    assert_eq!(
        account.balance(Wallet::Trade, "BTC").total(),
        Decimal::from(2) + half
    );
    let kinds: Vec<Value> = exchange
        .truth()
        .of_topic(ORDERS_V2)
        .iter()
        .map(|entry| field(entry.data(), "type"))
        .collect();
    assert_eq!(kinds, ["received", "open", "match", "update", "canceled"]);
}

#[tokio::test]
async fn balances_can_be_rebuilt_from_pushes() {
    let exchange = Exchange::builder().seed(11).start().await.unwrap();
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    exchange.account().step(200);
    let mut seen: BTreeMap<String, (Decimal, Decimal)> = BTreeMap::new();
    for _ in 0..exchange.truth().total_of(BALANCE) {
        let data = field(&socket.text().await, "data");
        let number = |key: &str| data[key].as_str().unwrap().parse::<Decimal>().unwrap();
        let (available, hold) = (number("available"), number("hold"));
        assert_eq!(number("total"), available + hold);
        let account = data["accountId"].as_str().unwrap().to_owned();
        if let Some(last) = seen.insert(account, (available, hold)) {
            assert_eq!(
                (
                    last.0 + number("availableChange"),
                    last.1 + number("holdChange")
                ),
                (available, hold)
            );
        }
    }
    assert!(seen.len() >= 4, "{} accounts moved", seen.len());
}

#[tokio::test]
async fn rejected_commands_make_no_pushes() {
    let exchange = Exchange::builder().start().await.unwrap();
    let account = exchange.account();
    assert!(
        account
            .place_market("NO-SUCH", Side::Sell, 1.into())
            .is_err()
    );
    assert!(
        account
            .transfer(Wallet::Main, Wallet::Trade, "USDT", 10_000_000.into())
            .is_err()
    );
    assert!(account.cancel("nope").is_err() && account.cancel_stop("nope").is_err());
    assert_eq!(exchange.truth().total(), 0);
}

#[tokio::test]
async fn raw_frames_reach_subscribers_of_their_topic() {
    let exchange = Exchange::builder().start().await.unwrap();
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    let _other = Socket::subscribed(&exchange, &[ORDERS]).await;
    assert_eq!(exchange.push_raw(BALANCE, "{\"any\":1}"), 1);
    assert_eq!(socket.text().await, "{\"any\":1}");
    assert_eq!(exchange.truth().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn burst_arrives_complete_and_in_order() {
    const BURST: u64 = 20_000;
    let exchange = Exchange::builder()
        .truth_capacity(5 * BURST as usize)
        .start()
        .await
        .unwrap();
    let mut socket = Socket::subscribed(&exchange, &[ORDERS]).await;
    let account = exchange.account();
    let burst = tokio::spawn(async move { account.burst(BURST).await });
    let mut received = Vec::new();
    while received.len() < BURST as usize {
        received.push(socket.text().await);
    }
    burst.await.unwrap().unwrap();
    let truth = exchange.truth().of_topic(ORDERS);
    assert_eq!(truth.len(), received.len());
    assert!(
        truth
            .iter()
            .zip(&received)
            .all(|(entry, text)| *entry.frame == **text)
    );
    assert_eq!(exchange.account().open_orders().len() as u64, BURST);
    let counts =
        [ORDERS, ORDERS_V2, BALANCE, SNAPSHOT].map(|topic| exchange.truth().total_of(topic));
    assert_eq!(counts, [BURST, 2 * BURST, BURST, BURST]);
    assert_eq!(exchange.truth().total(), 5 * BURST);
}
