//! Accounts that trade before, while and after a loss is recovered: the audit has nothing to report.

use std::time::Duration;

use kucoin_streams::kept::Discrepancy;
use kucoin_streams::{AccountSettings, Kucoin, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Exchange, RestPool, SYMBOLS};
use kucoin_streams_tests::rng::Rng;
use kucoin_streams_tests::setup::{credentials, fast_retries, hosts_of};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::settings::fast;

const LIVES: u64 = 24;
/// Longer than the audit waits for a push.
const AUDIT_WINDOW: Duration = Duration::from_millis(6_500);

/// Trades for a while, in steps of 10 to 30 ms.
async fn trade(exchange: &Exchange, rng: &mut Rng, time: Duration) {
    let end = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < end {
        exchange.account().step(1);
        sleep(Duration::from_millis(10) + rng.up_to_ms(20)).await;
    }
}

/// Cuts all connections for a while, and trades until long after the report.
async fn run(seed: u64) -> Vec<Discrepancy> {
    let mut rng = Rng::new(seed);
    let (is_unified, is_hedged) = (rng.percent(30), rng.percent(30));
    let builder = Exchange::builder()
        .seed(seed)
        .hedge_mode(is_hedged)
        .rest_quota(RestPool::Spot, 1_000_000)
        .rest_quota(RestPool::Futures, 1_000_000)
        .rest_quota(RestPool::Management, 1_000_000)
        .rest_quota(RestPool::Unified, 1_000_000);
    let exchange = builder.start().await.unwrap();
    let _ = exchange.pro_truth();
    let kucoin = Kucoin::builder()
        .credentials(credentials(&exchange))
        .hosts(hosts_of(&exchange))
        .config(fast_retries())
        .build()
        .unwrap();
    let ws_keys = match is_unified {
        true => vec![WsKey::PrivateProV2],
        false => vec![WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1],
    };
    let mut recovery = fast();
    recovery.symbols = SYMBOLS.into_iter().map(Into::into).collect();
    let starting = kucoin.account().ws_keys(ws_keys).recovery(recovery);
    let account = starting.settings(AccountSettings::default()).await.unwrap();
    let ms = Duration::from_millis;
    for _ in 0..3 {
        trade(&exchange, &mut rng, ms(1_500)).await;
        for _ in exchange.stats().open_connections() {
            exchange.inject(Effect::DelayWelcome {
                by: ms(100) + rng.up_to_ms(400),
            });
        }
        exchange.inject(Effect::Cut(Cut::Reset));
        // The report comes after about half a second.
        trade(&exchange, &mut rng, AUDIT_WINDOW).await;
    }
    sleep(AUDIT_WINDOW).await;
    let state = account.state();
    assert!(state.is_all_live(), "seed {seed}");
    // Transfers of a unified account have no event, so its balances have discrepancies.
    let is_of_contract =
        |found: &Discrepancy| found.amounts.iter().all(|amount| amount.account.is_none());
    let found = state.discrepancies().map(|found| (**found).clone());
    let found = found
        .filter(|found| !is_unified || is_of_contract(found))
        .collect();
    kucoin.close().await;
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn account_that_trades_through_a_recovery_has_no_discrepancy() {
    let setting = std::env::var("LIFE_SEEDS").ok();
    let seeds = match &setting {
        Some(text) => text
            .split_once("..")
            .map(|(first, end)| first.parse().unwrap()..end.parse().unwrap())
            .unwrap(),
        None => 1..1 + LIVES,
    };
    let mut running = JoinSet::new();
    for seed in seeds {
        running.spawn(async move { (seed, run(seed).await) });
    }
    let mut failed = Vec::new();
    while let Some(done) = running.join_next().await {
        let (seed, found) = done.unwrap();
        if !found.is_empty() {
            eprintln!("seed {seed}: {found:#?}");
            failed.push((seed, found.len()));
        }
    }
    assert!(
        failed.is_empty(),
        "seeds and their discrepancies: {failed:?}; run one with LIFE_SEEDS=n..n+1"
    );
}
