//! Pushes that violate the protocol end the connection and cause a gap; pushes with unexpected content affect only
//! themselves.

use kucoin_streams::pro;
use kucoin_streams::v1::Balances;
use kucoin_streams::{ConnectionState, Gap, GapReason, WsKey};
use kucoin_streams_exchange::{
    Effect, Exchange, Faults, FrameViolation, InjectedMessage, Mutation,
};
use serde_json::Value;
use std::sync::Arc;

use crate::setup::*;
use crate::simulated::{client, exchange, start};

/// Starts an exchange with this fault on the second push of the first connection.
async fn with_fault_on_second_push(effect: Effect) -> Arc<Exchange> {
    exchange(Faults::new().after_frames(1, effect)).await
}

/// Pushes one balance event that differs from all others.
fn push_balance(exchange: &Exchange, amount: u32) {
    exchange.account().deposit("USDT", amount.into()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn protocol_violation_is_one_loss_without_its_frame() {
    for flaw in FrameViolation::all() {
        let exchange = with_fault_on_second_push(Effect::FlawedFrame {
            flaw,
            count: Some(1),
        })
        .await;
        let kucoin = client(&exchange);
        let mut lifecycle = LifecycleLog::of(&kucoin);
        let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
        push_balance(&exchange, 1);
        let mut events = vec![json(event(&mut balances).await.event())];
        push_balance(&exchange, 2);
        if flaw == FrameViolation::Oversized {
            // The next push is taken as its payload; the head alone must be refused.
            push_balance(&exchange, 3);
        }
        lifecycle.reconnected().await;
        push_balance(&exchange, 4);
        assert_eq!(outage(&mut balances).await.epoch, 2, "{flaw}");
        events.push(json(event(&mut balances).await.event()));
        let truth = truth_of(&exchange, BALANCE);
        let kept = [
            truth.first().unwrap().clone(),
            truth.last().unwrap().clone(),
        ];
        assert_eq!(events, kept, "{flaw}");
        assert_eq!(exchange.stats().tokens_issued, 2, "{flaw}");
    }
}

#[tokio::test(start_paused = true)]
async fn repeated_protocol_violations_are_retried() {
    let flawed = Effect::FlawedFrame {
        flaw: FrameViolation::Masked,
        count: None,
    };
    let faults = Faults::new().on_connection(1, flawed).times(8);
    let exchange = exchange(faults).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    for breach in 1..=8 {
        push_balance(&exchange, breach);
        lifecycle.reconnected().await;
    }
    push_balance(&exchange, 9);
    while next(&mut balances).await.is_err() {}
    assert_eq!(
        kucoin.state(WsKey::SpotPrivateV1),
        Some(ConnectionState::Live)
    );
    assert!(
        !lifecycle
            .summaries()
            .contains(&"exception, fatal".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn endless_fragments_are_cut_off() {
    for bytes in [0, 1_024] {
        let exchange = exchange(Faults::new()).await;
        let kucoin = client(&exchange);
        let mut lifecycle = LifecycleLog::of(&kucoin);
        let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
        exchange.inject(Effect::Say(InjectedMessage::EndlessFragments {
            fragments: 2_048,
            bytes,
        }));
        lifecycle.reconnected().await;
        outage(&mut balances).await;
        push_balance(&exchange, 1);
        event(&mut balances).await;
    }
}

/// Returns the items of three pushes, the second of which was changed.
async fn mutated(
    mutation: Mutation,
    field: Option<&str>,
) -> (Vec<Result<Value, Gap>>, Arc<Exchange>) {
    let exchange = with_fault_on_second_push(Effect::MutateFrame {
        mutation,
        field: field.map(str::to_owned),
        count: Some(1),
    })
    .await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    (1..=3).for_each(|amount| push_balance(&exchange, amount));
    let truth = truth_of(&exchange, BALANCE);
    let mut items: Vec<Result<Value, Gap>> = Vec::new();
    loop {
        let item = next(&mut balances).await.map(|update| json(update.event()));
        let is_last = item.as_ref().is_ok_and(|event| Some(event) == truth.last());
        items.push(item);
        if is_last {
            break;
        }
    }
    let stats = exchange.stats();
    assert_eq!(
        stats.connections.len(),
        1,
        "{mutation}: the connection is kept"
    );
    assert!(stats.connections[0].ended.is_none(), "{mutation}");
    (items, exchange)
}

#[tokio::test(start_paused = true)]
async fn malformed_push_affects_no_other_push() {
    for mutation in Mutation::all() {
        for seed_field in [None, Some("total"), Some("currency")] {
            let (items, exchange) = mutated(mutation, seed_field).await;
            let truth = truth_of(&exchange, BALANCE);
            assert_eq!(
                items.first().unwrap().as_ref().ok(),
                truth.first(),
                "{mutation}"
            );
            assert!((2..=3).contains(&items.len()), "{mutation}: {items:?}");
            if let [_, Err(gap), _] = items.as_slice() {
                let undecodable = matches!(gap.reason, GapReason::Undecodable { .. });
                assert!(undecodable, "{mutation}: {gap:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn time_in_another_unit_is_the_same_time() {
    let (items, exchange) = mutated(Mutation::OtherTimeUnit, Some("time")).await;
    let second = items[1].as_ref().unwrap();
    let truth = truth_of(&exchange, BALANCE);
    assert_eq!(second, &truth[1]);
    assert_eq!(items.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn flood_of_an_unknown_topic_delays_no_event() {
    let flood = Effect::Say(InjectedMessage::Flood { pushes: 20_000 });
    let exchange = with_fault_on_second_push(flood).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    (1..=50).for_each(|amount| push_balance(&exchange, amount));
    assert_eq!(
        all_events(&mut balances, &exchange, BALANCE).await,
        truth_of(&exchange, BALANCE)
    );
    assert_eq!(exchange.stats().connections.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn unknown_messages_are_ignored() {
    let texts = [
        r#"{"type":"novelty","id":"1"}"#,
        r#"{"type":"message","topic":"/novel/topic","subject":"x","data":{}}"#,
        r#"{"type":"message","topic":"/account/balance","subject":"novel","data":{}}"#,
        r#"{"nothing":"of ours"}"#,
    ];
    let mut faults = Faults::new();
    for text in texts {
        let text = text.to_owned();
        faults = faults.after_frames(1, Effect::Say(InjectedMessage::Text { text }));
    }
    let exchange = exchange(faults).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    (1..=3).for_each(|amount| push_balance(&exchange, amount));
    let truth = truth_of(&exchange, BALANCE);
    let mut events = Vec::new();
    while events.last() != truth.last() {
        // A frame that has the topic but is not a valid event may be a gap of its own.
        if let Ok(update) = next(&mut balances).await {
            events.push(json(update.event()));
        }
    }
    assert_eq!(events, truth);
    assert_eq!(exchange.stats().connections.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn unpaired_surrogate_costs_a_field_or_is_a_gap() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let frame = |topic: &str| {
        format!(
            r#"{{"topic":"{topic}","type":"message","subject":"\udc00","data":{{"currency":"KCS","accountId":"\ud83d","total":"1"}}}}"#
        )
    };
    assert_eq!(exchange.push_raw(BALANCE, &frame(BALANCE)), 1);
    let balance = event(&mut balances).await;
    assert_eq!(balance.event().currency, "KCS");
    // The topic is unreadable: every subscription reports a gap.
    let unreadable = frame(&format!(r"{BALANCE}\ud83d"));
    exchange.push_raw(BALANCE, &unreadable);
    let gap = next(&mut balances).await.unwrap_err();
    let GapReason::Undecodable { raw, error } = &gap.reason else {
        panic!("{gap:?}");
    };
    assert_eq!(*raw, unreadable);
    assert!(error.to_string().contains("surrogate"), "{error}");
    push_balance(&exchange, 1);
    event(&mut balances).await;
    assert_eq!(exchange.stats().connections.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn dripping_and_interleaved_frames_are_delivered() {
    let drip = Effect::DripFrames {
        by: std::time::Duration::from_millis(1),
        count: Some(2),
    };
    let pings = Effect::InterleavePings { count: None };
    let faults = Faults::new().on_connection(1, drip).on_connection(1, pings);
    let exchange = exchange(faults).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    (1..=4).for_each(|amount| push_balance(&exchange, amount));
    assert_eq!(
        all_events(&mut balances, &exchange, BALANCE).await,
        truth_of(&exchange, BALANCE)
    );
    // One answer to the newest ping is enough.
    soon(exchange.wait_until(|stats| stats.connections[0].protocol_pongs >= 1)).await;
}

#[tokio::test(start_paused = true)]
async fn events_out_of_order_are_delivered_as_they_arrive() {
    let swap = Effect::SwapFrames { count: Some(1) };
    let exchange = exchange(Faults::new().on_connection(1, swap)).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    (1..=3).for_each(|amount| push_balance(&exchange, amount));
    let mut expected = truth_of(&exchange, BALANCE);
    expected.swap(0, 1);
    assert_eq!(
        all_events(&mut balances, &exchange, BALANCE).await,
        expected
    );
}

#[tokio::test(start_paused = true)]
async fn silence_with_pongs_is_no_loss() {
    let lost = Effect::DropFrames { count: Some(2) };
    let exchange = start(
        Exchange::builder()
            .ping_interval(std::time::Duration::from_millis(200))
            .ping_timeout(std::time::Duration::from_secs(2))
            .faults(Faults::new().on_connection(1, lost)),
    )
    .await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    (1..=2).for_each(|amount| push_balance(&exchange, amount));
    soon(exchange.wait_until(|stats| stats.connections[0].pings >= 3)).await;
    push_balance(&exchange, 3);
    let only = json(event(&mut balances).await.event());
    assert_eq!(Some(&only), truth_of(&exchange, BALANCE).last());
    assert_eq!(
        lifecycle.summaries(),
        ["open".to_owned(), format!("live {BALANCE}")]
    );
}

#[tokio::test(start_paused = true)]
async fn decompression_bomb_is_not_inflated() {
    let bomb = Effect::Say(InjectedMessage::Bomb { bytes: 16 << 20 });
    let exchange =
        exchange(Faults::new().on_connection(1, Effect::QuoteAcks { count: None })).await;
    let kucoin = client(&exchange);
    let funding = pro::Balances::new(pro::AccountType::Funding);
    let mut balances = soon(kucoin.subscribe(funding)).await.unwrap();
    exchange.inject(bomb);
    push_balance(&exchange, 1);
    while soon(balances.next()).await.unwrap().is_err() {}
    assert_eq!(exchange.stats().connections.len(), 1);
}
