//! The limits of the client: queries in flight, and its share of KuCoin's quota.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kucoin_streams_exchange::{Exchange, RestPool};
use kucoin_streams_rest::{Query, QueryError, Rest, SpotOpenOrders};
use kucoin_streams_testkit::http::{Server, json};

use crate::common::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_most_four_queries_of_a_pool_are_in_flight() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (Arc::clone(&now), Arc::clone(&most));
    let server = Server::answering_later(move |_| {
        let (now, most) = (Arc::clone(&counters.0), Arc::clone(&counters.1));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(30)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            json(r#"{"code":"200000","data":null}"#)
        }
    })
    .await;
    let rest = rest(&server);
    let queries: Vec<_> = (0..20)
        .map(|_| {
            let rest = rest.clone();
            tokio::spawn(async move { rest.fetch(SpotOpenOrders::new()).await })
        })
        .collect();
    for query in queries {
        assert_eq!(query.await.unwrap().unwrap(), []);
    }
    assert_eq!(most.load(Ordering::SeqCst), 4);
    assert_eq!(now.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_quarter_of_the_remaining_quota_is_used() {
    let small = Exchange::builder().rest_quota(RestPool::Spot, 100);
    let exchange = start(small).await;
    let rest = rest_of(&exchange);
    let all = async {
        for _ in 0..100 {
            rest.fetch(SpotOpenOrders::new()).await.unwrap();
        }
    };
    let stopped = tokio::time::timeout(Duration::from_secs(2), all).await;
    assert!(stopped.is_err());
    // 12 queries of weight 2: the next one is over 25.
    assert_eq!(exchange.stats().rest_queries.len(), 12);
    // The rest of the quota is for others.
    let whole = Rest::builder(Arc::clone(rest.tokens().unwrap())).quota_percent(100);
    let whole = whole.build();
    for _ in 0..38 {
        whole.fetch(SpotOpenOrders::new()).await.unwrap();
    }
    assert_eq!(exchange.stats().rest_queries.len(), 12 + 38);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quota_that_another_program_has_used_up_is_shared() {
    let small = Exchange::builder().rest_quota(RestPool::Spot, 100);
    let exchange = start(small).await;
    let other = rest_of(&exchange);
    let other = Rest::builder(Arc::clone(other.tokens().unwrap())).quota_percent(100);
    let other = other.build();
    for _ in 0..40 {
        other.fetch(SpotOpenOrders::new()).await.unwrap();
    }
    // 20 remain, and a quarter is 5: two queries.
    let rest = rest_of(&exchange);
    let queries: Vec<_> = (0..20)
        .map(|_| {
            let rest = rest.clone();
            let query = Query::from(SpotOpenOrders::new());
            tokio::spawn(async move { rest.execute_within(&query, Duration::from_secs(5)).await })
        })
        .collect();
    let mut sent = 0;
    for query in queries {
        match query.await.unwrap() {
            Ok(_) => sent += 1,
            Err(QueryError::RateLimited { reset, .. }) => {
                assert!(reset > Duration::from_secs(5) && reset <= Duration::from_secs(30));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(sent, 2);
    assert_eq!(exchange.stats().rest_queries.len(), 40 + 2);
}
