//! Temporarily refused topics: each is reported at once and requested again, and delays no other topic.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::v1::{AnySpotTopic, Balances, SpotEvent, SpotOrders};
use kucoin_streams::{
    ConnectionState, Gap, GapReason, LifecycleEvent, SubscribeError, Update, WsKey,
};
use kucoin_streams_exchange::{Cut, Effect, Faults};

use crate::independent_exchange::behaviour;
use kucoin_streams_testkit::independent_exchange::{Api, Behaviour, IndependentExchange, Refusal};
use tokio::time::Instant;

use crate::setup::*;
use crate::simulated::{client, client_of, exchange};

/// Starts an exchange that refuses orders this often with 500, then acknowledges them.
async fn refusing(times: usize) -> Arc<IndependentExchange> {
    let refuses = Some(Refusal::internal_error(ORDERS, times));
    let server = IndependentExchange::start(
        Api::V1,
        Behaviour {
            refuses,
            ..behaviour()
        },
    )
    .await;
    Arc::new(server)
}

fn is_order(item: &Item<SpotEvent>) -> bool {
    let order = |update: &Update<SpotEvent>| matches!(update.event(), SpotEvent::Order(_));
    item.as_ref().is_ok_and(order)
}

#[track_caller]
fn check_refused(gap: &Gap, code: i64, message: &str) {
    let expected = GapReason::Refused {
        code: Some(code),
        message: message.to_owned(),
        retrying: true,
    };
    assert_eq!(
        (topics_of(gap).as_slice(), &gap.reason),
        (&[ORDERS.to_owned()][..], &expected)
    );
    assert_eq!(gap.window(), None);
}

#[tokio::test(start_paused = true)]
async fn topic_refused_temporarily_becomes_live() {
    let server = refusing(3).await;
    let kucoin = client_of(&server, fast_retries());
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let topics: Vec<AnySpotTopic> = vec![SpotOrders.into(), Balances.into()];
    let began = Instant::now();
    let (mut events, refused) = soon(kucoin.subscribe_available(topics)).await.unwrap();
    assert!(refused.is_empty(), "{refused:?}");

    // The refusal and both balances, before the topic is requested again.
    let mut gaps = Vec::new();
    for _ in 0..3 {
        match next(&mut events).await {
            Ok(update) => assert!(matches!(update.event(), SpotEvent::Balance(_))),
            Err(gap) => gaps.push(gap),
        }
    }
    assert_eq!(began.elapsed().as_secs(), 0, "nothing is delayed");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    check_refused(&gaps[0], 500, "internal error");

    let live = gap(&mut events).await;
    assert_eq!(topics_of(&live), [ORDERS]);
    let GapReason::Live { epoch: 1, .. } = live.reason else {
        panic!("another gap: {live:?}");
    };
    // Requested again after 1, 2 and 4 s.
    assert_eq!(began.elapsed().as_secs(), 7);
    assert!(live.window().is_some());
    for _ in 0..3 {
        assert!(is_order(&next(&mut events).await));
    }

    let (live_orders, live_balances) = (format!("live {ORDERS}"), format!("live {BALANCE}"));
    let words = lifecycle.summaries();
    assert_eq!(words[0], "open");
    assert_eq!(words.last(), Some(&live_orders));
    assert!(words[..3].contains(&live_balances), "{words:?}");
    let refusals = lifecycle.events.iter().filter_map(|event| match event {
        LifecycleEvent::Exception {
            topic, code, fatal, ..
        } => Some((topic.as_deref(), code.as_deref(), *fatal)),
        _ => None,
    });
    let expected = (Some(ORDERS), Some("500"), false);
    assert_eq!(refusals.collect::<Vec<_>>(), [expected; 3]);
    assert_eq!(server.seen().used.len(), 1, "the connection is kept");
    assert_eq!(server.seen().violations, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn subscribe_waits_until_a_refused_topic_is_live() {
    let server = refusing(1).await;
    let kucoin = client_of(&server, fast_retries());
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    for id in 1..=3 {
        assert_eq!(
            event(&mut orders).await.order_id,
            format!("{id:024}").as_str()
        );
    }
    let request = format!("subscribe {ORDERS}");
    assert_eq!(server.seen().requests[0], [request.clone(), request]);
}

#[tokio::test(start_paused = true)]
async fn topic_refused_until_the_deadline_fails_with_the_refusal() {
    let server = refusing(usize::MAX).await;
    let config = fast_retries().with_connect_timeout(Duration::from_secs(2));
    let kucoin = client_of(&server, config);
    let error = soon(kucoin.subscribe(SpotOrders)).await.unwrap_err();
    let expected = SubscribeError::Refused {
        topic: ORDERS.to_owned(),
        code: Some(500),
        message: "internal error".to_owned(),
    };
    assert_eq!(error, expected);
    // It is not requested any more, and the connection still serves other topics.
    let request = server.seen().requests[0].len();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    event(&mut balances).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        server.seen().requests[0][request..],
        [format!("subscribe {BALANCE}")]
    );
}

#[tokio::test(start_paused = true)]
async fn reconnected_waits_for_a_topic_refused_for_its_rate() {
    let too_fast = "exceed max permits per second";
    let refuse = Effect::RefuseRequests {
        code: 509,
        text: too_fast.to_owned(),
        count: Some(1),
    };
    let exchange = exchange(Faults::new().on_connection(2, refuse)).await;
    let kucoin = client(&exchange);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let mut lifecycle = LifecycleLog::of(&kucoin);
    exchange.inject(Effect::Cut(Cut::Reset));

    let lost = gap(&mut orders).await;
    check_refused(&gap(&mut orders).await, 509, too_fast);
    let state = kucoin.state(WsKey::SpotPrivateV1);
    assert_eq!(state, Some(ConnectionState::Connecting));
    let live = gap(&mut orders).await;
    assert_eq!(Outage::of(&lost, &live).epoch, 2);
    lifecycle.reconnected().await;
    let state = kucoin.state(WsKey::SpotPrivateV1);
    assert_eq!(state, Some(ConnectionState::Live));
    let words = lifecycle.summaries();
    assert_eq!(words[..2], ["reconnect 1 live", "exception"]);
    let mut rest = words[2..].to_vec();
    assert_eq!(
        rest.pop().as_deref(),
        Some("reconnected"),
        "after both topics"
    );
    rest.sort();
    let mut expected = [ORDERS, BALANCE].map(|topic| format!("live {topic}"));
    expected.sort();
    assert_eq!(rest, expected);
    assert_eq!(outage(&mut balances).await.epoch, 2);

    exchange.account().step(20);
    let truth = truth_of(&exchange, ORDERS);
    assert_eq!(all_events(&mut orders, &exchange, ORDERS).await, truth);
    let truth = truth_of(&exchange, BALANCE);
    assert_eq!(all_events(&mut balances, &exchange, BALANCE).await, truth);
    assert_eq!(
        exchange.stats().connections.len(),
        2,
        "the connection is kept"
    );
}
