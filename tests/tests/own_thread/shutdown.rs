//! The connection thread is shared by all clients, ends with the last connection, and needs no runtime of the user.

use kucoin_streams::v1::{Balances, SpotOrders};

use crate::setup::*;

/// Waits until the thread has ended. On systems that do not list threads, the client's unit tests cover this.
fn no_thread_is_left() {
    until(|| connection_threads() == 0);
}

fn one_thread_runs() {
    if cfg!(target_os = "linux") {
        assert_eq!(connection_threads(), 1);
    }
}

#[test]
fn no_thread_is_left_after_close_and_drop() {
    let exchange = TestExchange::start();
    current_thread().block_on(async {
        let kucoin = exchange.client();
        let balances = kucoin.subscribe(Balances).await.unwrap();
        one_thread_runs();
        kucoin.close().await;
        drop((kucoin, balances));
    });
    no_thread_is_left();
}

#[test]
fn no_thread_is_left_after_close() {
    let exchange = TestExchange::start();
    current_thread().block_on(async {
        let kucoin = exchange.client();
        let balances = kucoin.subscribe(Balances).await.unwrap();
        kucoin.close().await;
        no_thread_is_left();
        drop(balances);
    });
}

#[test]
fn client_dropped_inside_a_runtime_leaves_no_thread() {
    let exchange = TestExchange::start();
    current_thread().block_on(async {
        let kucoin = exchange.client();
        let balances = kucoin.subscribe(Balances).await.unwrap();
        drop((kucoin, balances));
        // The connection closes although the runtime is blocked.
        no_thread_is_left();
    });
}

#[test]
fn client_dropped_outside_its_runtime_leaves_no_thread() {
    let exchange = TestExchange::start();
    let runtime = current_thread();
    let kucoin = exchange.client();
    let balances = runtime.block_on(kucoin.subscribe(Balances)).unwrap();
    drop(runtime);
    drop((kucoin, balances));
    no_thread_is_left();
}

#[test]
fn client_needs_no_runtime() {
    let exchange = TestExchange::start();
    let kucoin = exchange.client();
    let mut balances = without_runtime(kucoin.subscribe(Balances)).unwrap();
    exchange.deposit();
    without_runtime(event(&mut balances));
    without_runtime(kucoin.close());
    no_thread_is_left();
}

#[test]
fn two_clients_share_one_thread() {
    let exchange = TestExchange::start();
    let (first, second) = (exchange.client(), exchange.client());
    let runtime = current_thread();
    let of_first = runtime.block_on(first.subscribe(Balances)).unwrap();
    let _of_second = runtime.block_on(second.subscribe(SpotOrders)).unwrap();
    one_thread_runs();
    runtime.block_on(first.close());
    drop((first, of_first));
    one_thread_runs();
    runtime.block_on(second.close());
    no_thread_is_left();
}

#[test]
fn client_created_after_the_last_starts_a_new_thread() {
    let exchange = TestExchange::start();
    let runtime = current_thread();
    for _ in 0..3 {
        let kucoin = exchange.client();
        let mut balances = runtime.block_on(kucoin.subscribe(Balances)).unwrap();
        exchange.deposit();
        runtime.block_on(event(&mut balances));
        one_thread_runs();
        runtime.block_on(kucoin.close());
        no_thread_is_left();
    }
}

#[test]
fn closed_client_subscribes_again_on_a_new_thread() {
    let exchange = TestExchange::start();
    let runtime = current_thread();
    let kucoin = exchange.client();
    for _ in 0..2 {
        let mut balances = runtime.block_on(kucoin.subscribe(Balances)).unwrap();
        exchange.deposit();
        runtime.block_on(event(&mut balances));
        runtime.block_on(kucoin.close());
    }
    no_thread_is_left();
}

#[test]
fn streams_survive_shutdown_of_the_user_runtime() {
    let exchange = TestExchange::start();
    let runtime = current_thread();
    let kucoin = exchange.client();
    let mut balances = runtime.block_on(kucoin.subscribe(Balances)).unwrap();
    drop(runtime);
    let pings = exchange.pings();
    until(|| exchange.pings() > pings);
    exchange.deposit();
    let other = current_thread();
    other.block_on(event(&mut balances));
    assert!(exchange.is_first_connection_open());
    other.block_on(kucoin.close());
}
