//! Differences from the known format: listed, counted and logged once, without values.

use kucoin_streams::FindingKind;
use kucoin_streams_exchange::{Effect, Faults, Mutation};
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
