//! Subscriptions: sharing, dropping, closing.

use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams::{CloseReason, ConnectionState, EndReason, SubscribeError, WsKey};
use kucoin_streams_exchange::{Ended, Faults, Stats};

use crate::setup::*;
use crate::simulated::{client, exchange};

#[tokio::test(start_paused = true)]
async fn dropping_a_subscription_unsubscribes() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let _balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    drop(orders);
    soon(exchange.wait_until(|stats| stats.connections[0].topics == [BALANCE])).await;
    let requests = requests(&exchange.stats().connections[0]);
    assert_eq!(requests.last(), Some(&format!("unsubscribe {ORDERS}")));
}

#[tokio::test(start_paused = true)]
async fn close_unsubscribes_and_delivers_queued_events() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    exchange.account().step(10);
    let first = event(&mut orders).await;
    event(&mut balances).await;
    soon(kucoin.close()).await;

    let rest = exchange.truth().total_of(ORDERS) - 1;
    let mut received = vec![json(first.event())];
    for _ in 0..rest {
        received.push(json(event(&mut orders).await.event()));
    }
    assert_eq!(
        received,
        truth_of(&exchange, ORDERS),
        "queued events are still delivered"
    );
    assert!(soon(orders.next()).await.is_none());
    assert_eq!(
        orders.end_reason(),
        Some(EndReason::Closed(CloseReason::Requested))
    );
    assert_eq!(
        lifecycle.summaries().last().map(String::as_str),
        Some("close")
    );
    assert_eq!(
        kucoin.state(WsKey::SpotPrivateV1),
        Some(ConnectionState::Closed(CloseReason::Requested))
    );

    soon(exchange.wait_until(|stats| stats.connections[0].ended.is_some())).await;
    let connection = exchange.stats().connections[0].clone();
    assert_eq!(
        requests(&connection)[2..],
        [
            format!("unsubscribe {ORDERS}"),
            format!("unsubscribe {BALANCE}")
        ]
    );
    assert_eq!(
        connection.ended,
        Some(Ended::ClientClosed { code: Some(1000) })
    );
}

#[tokio::test(start_paused = true)]
async fn subscription_outlives_its_client() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    drop(kucoin);
    exchange.account().step(20);
    assert_eq!(
        all_events(&mut balances, &exchange, BALANCE).await,
        truth_of(&exchange, BALANCE)
    );
    drop(balances);
    let orderly = |stats: &Stats| stats.connections[0].ended.is_some();
    soon(exchange.wait_until(orderly)).await;
    let connection = &exchange.stats().connections[0];
    assert_eq!(
        connection.ended,
        Some(Ended::ClientClosed { code: Some(1000) })
    );
    assert_eq!(
        requests(connection),
        [
            format!("subscribe {BALANCE}"),
            format!("unsubscribe {BALANCE}")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn closed_client_can_subscribe_again() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    soon(kucoin.close()).await;
    drop(balances);
    soon(kucoin.subscribe(Balances)).await.unwrap();
    assert_eq!(exchange.stats().tokens_issued, 2);
}

#[tokio::test(start_paused = true)]
async fn empty_topic_list_is_an_error() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let error = soon(kucoin.subscribe(Vec::<SpotOrders>::new()))
        .await
        .unwrap_err();
    assert_eq!(error, SubscribeError::Nothing);
    assert!(exchange.stats().token_requests.is_empty());
}
