//! Every topic of V1, over a socket and decoded from the truth log: events match what happened.

use std::collections::BTreeSet;

use kucoin_streams::Update;
use kucoin_streams::v1::{self, AnyFuturesTopic, AnySpotTopic};
use kucoin_streams_exchange::{Exchange, MarginMode, TruthEntry};
use proptest::prelude::*;
use serde::Serialize;

use crate::setup::*;
use crate::simulated::{client, start};

/// Returns the topics of these patterns, with one topic per traded symbol.
fn topics<T: std::str::FromStr<Err: std::fmt::Debug>>(
    patterns: &[&str],
    symbols: &[&str],
) -> Vec<T> {
    let symbol_or_not = |pattern: &&str| match pattern.contains("SYMBOL") {
        true => symbols
            .iter()
            .map(|symbol| pattern.replace("SYMBOL", symbol))
            .collect(),
        false => vec![(*pattern).to_owned()],
    };
    let paths = patterns.iter().flat_map(symbol_or_not);
    paths.map(|path| path.parse().unwrap()).collect()
}

fn spot_topics() -> Vec<AnySpotTopic> {
    topics(AnySpotTopic::PATTERNS, &kucoin_streams_exchange::SYMBOLS)
}

fn futures_topics() -> Vec<AnyFuturesTopic> {
    topics(
        AnyFuturesTopic::PATTERNS,
        &kucoin_streams_exchange::CONTRACTS,
    )
}

/// Subjects that must have been pushed.
const SUBJECTS: [(&str, &str); 21] = [
    ("/spotMarket/tradeOrders", "orderChange"),
    ("/spotMarket/tradeOrdersV2", "orderChange"),
    ("/spotMarket/advancedOrders", "stopOrder"),
    ("/account/balance", "account.balance"),
    ("/account/snapshotBalance", "account.snapshotBalance"),
    ("/market/match", "trade.l3match"),
    ("/spot/tradeFills", "/spot/tradeFills"),
    ("/margin/position", "debt.ratio"),
    ("/margin/isolatedPosition", "positionChange"),
    ("/contractMarket/tradeOrders", "orderChange"),
    ("/contractMarket/tradeOrders", "symbolOrderChange"),
    ("/contractMarket/advancedOrders", "stopOrder"),
    ("/contractAccount/wallet", "walletBalance.change"),
    ("/contract/position", "position.change"),
    ("/contract/position", "position.settlement"),
    ("/contract/position", "position.adjustRiskLimit"),
    ("/contract/positionAll", "position.change"),
    ("/contract/positionAll", "position.settlement"),
    ("/contract/positionAll", "position.adjustRiskLimit"),
    ("/contract/marginMode", "user.config"),
    ("/contract/crossLeverage", "user.config"),
];

fn kind(entry: &TruthEntry) -> (&'static str, &'static str) {
    let family = entry.topic.split(':').next().unwrap_or_default();
    (family, entry.subject)
}

#[track_caller]
fn check<E: Serialize>(update: &Update<E>, entry: &TruthEntry) {
    assert_eq!(
        (update.topic().as_str(), json(update.event())),
        (entry.topic, as_event(entry)),
        "{}",
        entry.frame
    );
    let subject = update.subject().map(|subject| subject.as_str());
    assert_eq!(subject, Some(entry.subject));
    assert!(update.envelope_extra().is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_topic_delivers_its_events_in_order() {
    let exchange = start(Exchange::builder().seed(21)).await;
    let kucoin = client(&exchange);
    let mut spot = soon(kucoin.subscribe(spot_topics())).await.unwrap();
    let mut futures = soon(kucoin.subscribe(futures_topics())).await.unwrap();
    // Actions that random activity rarely includes.
    let owner = exchange.account().futures();
    owner
        .set_margin_mode("XBTUSDM", MarginMode::Isolated)
        .unwrap();
    owner.set_margin_mode("XBTUSDM", MarginMode::Cross).unwrap();
    owner.set_leverage("XBTUSDM", 7.into()).unwrap();
    let mut pushed = BTreeSet::new();
    let mut read = 0;
    for _ in 0..60 {
        exchange.account().step(30);
        let log = exchange.truth().snapshot();
        for entry in &log[read..] {
            pushed.insert(kind(entry));
            match entry.topic.starts_with("/contract") {
                true => check(&event(&mut futures).await, entry),
                false => check(&event(&mut spot).await, entry),
            }
        }
        read = log.len();
    }
    for wanted in SUBJECTS {
        assert!(pushed.contains(&wanted), "{wanted:?} in {pushed:?}");
    }
    assert_eq!(kucoin.drift(), []);
}

/// Returns the truth log of an account with this seed.
fn truth_of_account(seed: u64, steps: usize) -> Vec<TruthEntry> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let exchange = start(Exchange::builder().seed(seed)).await;
        exchange.account().step(steps);
        exchange.truth().snapshot()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn decoded_frames_match_the_truth_log(seed: u64, steps in 1_usize..250) {
        for entry in truth_of_account(seed, steps) {
            let push = v1::decode(&entry.frame).unwrap().unwrap();
            prop_assert_eq!(push.topic.as_str(), entry.topic);
            prop_assert_eq!(json(&push.event), as_event(&entry), "{}", entry.frame);
            prop_assert!(push.extra.is_empty());
        }
    }
}
