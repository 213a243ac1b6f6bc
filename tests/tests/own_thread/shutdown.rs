//! The thread is shared by all clients, ends with the last connection, and depends on no runtime of the user.

use kucoin_streams::v1::{Balances, SpotOrders};

use crate::setup::*;

/// Waits until the thread has ended; on systems that do not list threads, the client's unit tests show it.
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
    let rig = Rig::start();
    current_thread().block_on(async {
        let kucoin = rig.client();
        let balances = kucoin.subscribe(Balances).await.unwrap();
        one_thread_runs();
        kucoin.close().await;
        drop((kucoin, balances));
    });
    no_thread_is_left();
}

#[test]
fn no_thread_is_left_after_close() {
    let rig = Rig::start();
    current_thread().block_on(async {
        let kucoin = rig.client();
        let balances = kucoin.subscribe(Balances).await.unwrap();
        kucoin.close().await;
        no_thread_is_left();
        drop(balances);
    });
}

#[test]
fn client_dropped_inside_a_runtime_leaves_no_thread() {
    let rig = Rig::start();
    current_thread().block_on(async {
        let kucoin = rig.client();
        let balances = kucoin.subscribe(Balances).await.unwrap();
        drop((kucoin, balances));
        // While the runtime is blocked: the connection closes without it.
        no_thread_is_left();
    });
}

#[test]
fn client_dropped_outside_its_runtime_leaves_no_thread() {
    let rig = Rig::start();
    let runtime = current_thread();
    let kucoin = rig.client();
    let balances = runtime.block_on(kucoin.subscribe(Balances)).unwrap();
    drop(runtime);
    drop((kucoin, balances));
    no_thread_is_left();
}

#[test]
fn client_needs_no_runtime() {
    let rig = Rig::start();
    let kucoin = rig.client();
    let mut balances = without_runtime(kucoin.subscribe(Balances)).unwrap();
    rig.deposit();
    without_runtime(event(&mut balances));
    without_runtime(kucoin.close());
    no_thread_is_left();
}

#[test]
fn two_clients_share_one_thread() {
    let rig = Rig::start();
    let (first, second) = (rig.client(), rig.client());
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
    let rig = Rig::start();
    let runtime = current_thread();
    for _ in 0..3 {
        let kucoin = rig.client();
        let mut balances = runtime.block_on(kucoin.subscribe(Balances)).unwrap();
        rig.deposit();
        runtime.block_on(event(&mut balances));
        one_thread_runs();
        runtime.block_on(kucoin.close());
        no_thread_is_left();
    }
}

#[test]
fn closed_client_subscribes_again_on_a_new_thread() {
    let rig = Rig::start();
    let runtime = current_thread();
    let kucoin = rig.client();
    for _ in 0..2 {
        let mut balances = runtime.block_on(kucoin.subscribe(Balances)).unwrap();
        rig.deposit();
        runtime.block_on(event(&mut balances));
        runtime.block_on(kucoin.close());
    }
    no_thread_is_left();
}

#[test]
fn streams_survive_shutdown_of_the_user_runtime() {
    let rig = Rig::start();
    let gone = current_thread();
    let kucoin = rig.client();
    let mut balances = gone.block_on(kucoin.subscribe(Balances)).unwrap();
    drop(gone);
    let pings = rig.pings();
    until(|| rig.pings() > pings);
    rig.deposit();
    let other = current_thread();
    other.block_on(event(&mut balances));
    assert!(rig.is_first_connection_open());
    other.block_on(kucoin.close());
}
