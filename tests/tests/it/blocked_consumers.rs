//! A consumer that blocks its thread delays its own events and stops no heartbeat.

use std::time::Duration;

use kucoin_streams::v1::Balances;
use kucoin_streams::{ConnectionState, WsKey};
use kucoin_streams_exchange::Exchange;
use tokio::runtime::{Builder, Runtime};

use crate::rig::*;

/// Longer than an interval and its timeout together, several times.
const BLOCKED: Duration = Duration::from_secs(4);

fn check(consumer: &Runtime) {
    let servers = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let settings = Exchange::builder()
        .ping_interval(Duration::from_millis(200))
        .ping_timeout(Duration::from_millis(500));
    let exchange = servers.block_on(settings.start()).unwrap();
    consumer.block_on(async {
        let kucoin = client(&exchange);
        let mut told = Told::of(&kucoin);
        // In `main` of a program, and in a task of it.
        let (mut balances, kucoin, _exchange) = tokio::spawn(async move {
            let balances = soon(kucoin.subscribe(Balances)).await.unwrap();
            let before = exchange.stats().connections[0].pings;
            std::thread::sleep(BLOCKED);
            assert!(exchange.stats().connections[0].pings >= before + 3);
            exchange.account().deposit("USDT", 1.into()).unwrap();
            std::thread::sleep(BLOCKED);
            assert_eq!(exchange.stats().connections.len(), 1);
            (balances, kucoin, exchange)
        })
        .await
        .unwrap();
        std::thread::sleep(BLOCKED);
        event(&mut balances).await;
        assert_eq!(
            kucoin.state(WsKey::SpotPrivateV1),
            Some(ConnectionState::Live)
        );
        assert_eq!(told.words(), ["open".to_owned(), format!("live {BALANCE}")]);
    });
}

#[test]
fn blocked_current_thread_runtime_stops_no_heartbeat() {
    check(&Builder::new_current_thread().enable_all().build().unwrap());
}

#[test]
fn blocked_worker_stops_no_heartbeat() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    check(&runtime.unwrap());
}

#[test]
fn streams_outlive_the_runtime_of_their_consumer() {
    let servers = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let exchange = servers.block_on(Exchange::builder().start()).unwrap();
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let (kucoin, mut balances) = runtime().block_on(async {
        let kucoin = client(&exchange);
        let balances = soon(kucoin.subscribe(Balances)).await.unwrap();
        (kucoin, balances)
    });
    servers.block_on(async { exchange.account().deposit("USDT", 1.into()).unwrap() });
    runtime().block_on(async {
        event(&mut balances).await;
        soon(kucoin.close()).await;
    });
    // Outside of any runtime.
    drop((kucoin, balances));
}
