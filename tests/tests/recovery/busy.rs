//! Accounts that trade while a loss is recovered: the audit finds nothing.

use std::time::Duration;

use kucoin_streams::{Account as KeptAccount, Kucoin, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Exchange};
use kucoin_streams_tests::setup::{credentials, hosts_of};
use tokio::task::JoinSet;

async fn run(seed: u64) -> Vec<String> {
    let exchange = Exchange::builder().seed(seed).start().await.unwrap();
    let kucoin = Kucoin::builder()
        .credentials(credentials(&exchange))
        .hosts(hosts_of(&exchange))
        .build()
        .unwrap();
    let account: KeptAccount = {
        let start = kucoin
            .account()
            .ws_keys([WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1]);
        let mut steps = tokio::time::interval(Duration::from_millis(100));
        let mut start = std::pin::pin!(async { start.await.unwrap() });
        loop {
            tokio::select! {
                account = &mut start => break account,
                _ = steps.tick() => exchange.account().step(1),
            }
        }
    };
    let mut steps = tokio::time::interval(Duration::from_millis(100));
    for step in 0..330_u32 {
        steps.tick().await;
        exchange.account().step(1);
        if step == 80 {
            for _ in exchange.stats().open_connections() {
                exchange.inject(Effect::DelayWelcome {
                    by: Duration::from_secs(3),
                });
            }
            exchange.inject(Effect::Cut(Cut::Reset));
        }
    }
    let state = account.state();
    let found = state.discrepancies().map(|found| format!("{found:?}"));
    let found = found.collect();
    kucoin.close().await;
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_account_has_no_discrepancies() {
    let setting = std::env::var("LIFE_SEEDS").unwrap_or("1..11".into());
    let (first, end) = setting
        .split_once("..")
        .map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap()))
        .unwrap();
    let mut running = JoinSet::new();
    for seed in first..end {
        running.spawn(async move { (seed, run(seed).await) });
    }
    let mut failed = 0;
    while let Some(done) = running.join_next().await {
        let (seed, found) = done.unwrap();
        eprintln!("seed {seed}: {}: {found:#?}", found.len());
        failed += found.len();
    }
    assert_eq!(failed, 0);
}
