//! A consumer that blocks its thread does not stop the heartbeat.

use std::sync::Arc;

use kucoin_streams::v1::Balances;
use tokio::runtime::{Builder, Runtime};

use crate::setup::*;

/// Blocks the thread until many pings were sent.
fn block(exchange: &TestExchange) {
    let before = exchange.pings();
    until(|| exchange.pings() >= before + 15);
}

async fn consume(exchange: Arc<TestExchange>) {
    let kucoin = exchange.client();
    let mut balances = kucoin.subscribe(Balances).await.unwrap();
    exchange.deposit();
    event(&mut balances).await;
    block(&exchange);
    assert!(exchange.is_first_connection_open());
    exchange.deposit();
    event(&mut balances).await;
    assert!(exchange.is_first_connection_open());
    kucoin.close().await;
}

fn check(runtime: &Runtime) {
    let exchange = Arc::new(TestExchange::start());
    // As a task, it blocks the thread that runs tasks and the I/O driver.
    let consumer = runtime.spawn(consume(exchange.clone()));
    runtime.block_on(consumer).unwrap();
}

#[test]
fn blocked_current_thread_runtime_keeps_the_heartbeat() {
    check(&current_thread());
}

#[test]
fn blocked_only_worker_keeps_the_heartbeat() {
    let one_worker = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    check(&one_worker.unwrap());
}

#[test]
fn blocked_main_keeps_the_heartbeat() {
    let exchange = Arc::new(TestExchange::start());
    current_thread().block_on(consume(exchange.clone()));
}
