//! Differences from the known format: listed, counted and logged once, without values.

use kucoin_streams::pro::{Orders, TradeType};
use kucoin_streams::v1::SpotOrders;
use kucoin_streams::{FindingKind, GapReason, Topic};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Faults, Mutation, Side};
use tracing::Level;

use crate::capture;
use crate::setup::*;

#[tokio::test(flavor = "multi_thread")]
async fn each_difference_is_logged_once_and_counted() {
    let exchange = exchange(Faults::new()).await;
    let label = "drift";
    let kucoin = client(&exchange, label, fast_retries());
    let mut balances = balances(&kucoin).await;
    let mut total = 0_u32;
    let mut push = || {
        total += 1;
        exchange.account().deposit("USDT", total.into()).unwrap();
    };
    push();
    soon(balances.next()).await.unwrap().unwrap();
    assert!(kucoin.drift().is_empty());
    for (mutation, field, is_event) in [
        (Mutation::ExtraField, None, true),
        (Mutation::ExtraField, None, true),
        (Mutation::UnknownValue, Some("total"), true),
        (Mutation::NullField, Some("available"), true),
        (Mutation::OtherType, Some("currency"), false),
        (Mutation::MissingField, Some("currency"), false),
    ] {
        exchange.inject(Effect::MutateFrame {
            mutation,
            field: field.map(str::to_owned),
            count: Some(1),
        });
        push();
        let item = soon(balances.next()).await.unwrap();
        assert_eq!(item.is_ok(), is_event, "{mutation}");
    }
    let drift = kucoin.drift();
    let [topic] = &drift[..] else {
        panic!("{drift:?}");
    };
    assert_eq!((topic.topic.as_str(), topic.unlisted), (BALANCE, [0; 4]));
    let found: Vec<String> = topic
        .findings
        .iter()
        .map(|finding| {
            let (kind, path, sample) = (finding.kind.as_str(), &finding.path, &finding.sample);
            format!("{} x {kind} {path} {sample}", finding.count)
        })
        .collect();
    assert_eq!(
        found,
        [
            "2 x unknownField data.novelty object(1)",
            "1 x wrongType data.total text(7)",
            "1 x wrongType data.currency object(1)",
            "1 x missingField data.currency absent",
        ]
    );
    assert_eq!(topic.count(FindingKind::WrongType), 2);
    let lines = capture::lines_of(label);
    let mut reported = lines
        .iter()
        .filter(|line| line.text.contains("format has changed"));
    assert!(reported.all(|line| !line.text.contains("since") && !line.text.contains("USDT")));
    let count = |level| {
        let of_level =
            |line: &&capture::Line| line.level == level && line.text.contains("format has changed");
        lines.iter().filter(of_level).count()
    };
    assert_eq!((count(Level::INFO), count(Level::WARN)), (1, 3));
}

/// Returns the logged findings of an account.
fn reported(label: &str) -> Vec<capture::Line> {
    let mut lines = capture::lines_of(label);
    lines.retain(|line| line.text.contains("format has changed"));
    lines
}

fn mutate_next(exchange: &Exchange, mutation: Mutation, field: Option<&str>) {
    exchange.inject(Effect::MutateFrame {
        mutation,
        field: field.map(str::to_owned),
        count: Some(1),
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn difference_is_logged_once_through_reconnects_and_new_subscriptions() {
    let exchange = exchange(Faults::new()).await;
    let label = "drift after a reconnect";
    let kucoin = client(&exchange, label, fast_retries());
    let mut stream = balances(&kucoin).await;
    let push = || {
        mutate_next(&exchange, Mutation::ExtraField, None);
        exchange.account().deposit("USDT", 1.into()).unwrap();
    };
    push();
    soon(stream.next()).await.unwrap().unwrap();
    exchange.inject(Effect::Cut(Cut::Reset));
    until_gap(&mut stream, |gap| {
        matches!(gap.reason, GapReason::Live { .. })
    })
    .await;
    push();
    soon(stream.next()).await.unwrap().unwrap();
    drop(stream);
    kucoin.close().await;
    let mut stream = balances(&kucoin).await;
    push();
    soon(stream.next()).await.unwrap().unwrap();
    let drift = kucoin.drift();
    assert_eq!(drift[0].count(FindingKind::UnknownField), 3, "{drift:?}");
    assert_eq!(reported(label).len(), 1);
}

/// Checks that an unknown word in `field` is the one finding of the topic.
async fn check_unknown_word(topic: impl Topic, label: &str, field: &str, path: &str) {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange, label, fast_retries());
    let mut orders = soon(kucoin.subscribe(topic)).await.unwrap();
    for _ in 0..2 {
        mutate_next(&exchange, Mutation::UnknownValue, Some(field));
        let size = "0.01".parse().unwrap();
        let account = exchange.account();
        account.place_market("BTC-USDT", Side::Buy, size).unwrap();
        soon(orders.next()).await.unwrap().unwrap();
    }
    let drift = kucoin.drift();
    let found: Vec<_> = drift.iter().flat_map(|topic| &topic.findings).collect();
    let [word] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(word.kind, FindingKind::UnknownWord);
    assert_eq!(
        (word.path.as_str(), word.sample.as_str()),
        (path, "novelty")
    );
    let lines = reported(label);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].level, Level::WARN);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_word_in_an_order_of_v1_is_logged_once() {
    check_unknown_word(SpotOrders, "word of v1", "orderType", "data.orderType").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_word_in_an_order_of_pro_is_logged_once() {
    let topic = Orders::all(TradeType::Unified);
    check_unknown_word(topic, "word of pro", "oT", "d.oT").await;
}
