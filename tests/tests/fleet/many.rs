//! Many accounts in one process.

use futures_util::future::join_all;
use kucoin_streams_exchange::Exchange;

use crate::setup::{add, fleet, until_live};

const ACCOUNTS: usize = 200;

/// Returns the number of threads of this process; 0 if the system does not say.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

#[tokio::test]
async fn many_accounts_use_few_threads() {
    let exchanges = (0..ACCOUNTS).map(|_| Exchange::builder().start());
    let exchanges: Vec<Exchange> = join_all(exchanges)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let before = threads();
    let fleet = fleet();
    for (number, exchange) in exchanges.iter().enumerate() {
        add(&fleet, &format!("desk {number}"), exchange);
    }
    until_live(&fleet, ACCOUNTS).await;
    assert!(fleet.is_all_live());
    // All connections share one thread; one more looks up host names.
    let after = threads();
    assert!(
        after <= before + 2,
        "{before} threads before, {after} after"
    );
    fleet.close().await;
}
