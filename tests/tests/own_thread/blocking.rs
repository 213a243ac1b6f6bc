//! A consumer that blocks its thread does not stop the heartbeat.

use std::sync::Arc;

use kucoin_streams::v1::Balances;
use tokio::runtime::{Builder, Runtime};

use crate::setup::*;

/// Blocks the thread until many pings have gone out.
fn block(rig: &Rig) {
    let before = rig.pings();
    until(|| rig.pings() >= before + 15);
}

async fn consume(rig: Arc<Rig>) {
    let kucoin = rig.client();
    let mut balances = kucoin.subscribe(Balances).await.unwrap();
    rig.deposit();
    event(&mut balances).await;
    block(&rig);
    assert!(rig.is_first_connection_open());
    rig.deposit();
    event(&mut balances).await;
    assert!(rig.is_first_connection_open());
    kucoin.close().await;
}

fn check(runtime: &Runtime) {
    let rig = Arc::new(Rig::start());
    // As a task, it blocks the thread that runs tasks and the I/O driver.
    let consumer = runtime.spawn(consume(rig.clone()));
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
    let rig = Arc::new(Rig::start());
    current_thread().block_on(consume(rig.clone()));
}
