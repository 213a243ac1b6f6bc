//! An unreachable exchange: at the first subscription, and after a loss.

use std::time::{Duration, Instant};

use kucoin_streams::session::FailureStage;
use kucoin_streams::v1::Balances;
use kucoin_streams::{
    CloseReason, ConnectionState, EndReason, GapReason, Kucoin, LifecycleEvent, SubscribeError,
    Subscription, WsKey,
};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Faults};
use kucoin_streams_testkit::http::free_port;

use crate::setup::*;

const LIMIT: Duration = Duration::from_secs(1);

async fn exchange_on_port(port: u16) -> Exchange {
    Exchange::builder()
        .seed(7)
        .port(port)
        .start()
        .await
        .unwrap()
}

async fn subscribe_at_last(kucoin: &Kucoin) -> Subscription<Balances> {
    loop {
        if let Ok(balances) = kucoin.subscribe(Balances).await {
            return balances;
        }
    }
}

#[tokio::test]
async fn subscribe_times_out_and_names_the_cause() {
    let port = free_port();
    let stopped = exchange_on_port(port).await;
    let kucoin = client_with(&stopped, fast_retries().with_connect_timeout(LIMIT));
    stopped.shutdown().await;
    // After a failed attempt there is a cause to report.
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let is_retry = |event: &LifecycleEvent| matches!(event, LifecycleEvent::Reconnect { .. });
    let (first, _) = tokio::join!(kucoin.subscribe(Balances), lifecycle.until(is_retry));
    first.unwrap_err();
    let began = Instant::now();
    let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
    assert!(began.elapsed() >= LIMIT, "{:?}", began.elapsed());
    let SubscribeError::TimedOut {
        limit,
        cause: Some(cause),
    } = &error
    else {
        panic!("another error: {error:?}");
    };
    assert_eq!((*limit, cause.stage), (LIMIT, FailureStage::Token));
    let text = error.to_string();
    assert!(text.starts_with("not connected within 1s: "), "{text}");
    let place = format!("127.0.0.1:{port}");
    assert!(
        text.contains(&format!("{place} cannot be reached")),
        "{text}"
    );
    assert_eq!(text.matches("refused").count(), 1, "{text}");
    assert!(text.contains("; check the host and the port"), "{text}");
    let waiting = soon(kucoin.wait_live(WsKey::SpotPrivateV1)).await;
    assert!(
        matches!(waiting, Err(SubscribeError::TimedOut { .. })),
        "{waiting:?}"
    );

    // The timeout leaves nothing subscribed. The next subscription finds the exchange again after the next dial.
    let exchange = exchange_on_port(port).await;
    let _balances = soon(subscribe_at_last(&kucoin)).await;
    // On a slow machine this one may time out too, and is unsubscribed then.
    let sent = requests(exchange.stats().connections.last().unwrap());
    let subscribed = sent
        .iter()
        .filter(|request| request.starts_with("subscribe"));
    assert_eq!(subscribed.count() * 2, sent.len() + 1, "{sent:?}");
}

#[tokio::test]
async fn subscribe_times_out_without_an_answer() {
    let by = Duration::from_secs(600);
    let faults = Faults::new().on_token_request(1, Effect::TokenSlow { by });
    let exchange = exchange(faults).await;
    let kucoin = client_with(&exchange, fast_retries().with_connect_timeout(LIMIT));
    let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
    let SubscribeError::TimedOut {
        cause: Some(cause), ..
    } = &error
    else {
        panic!("another error: {error:?}");
    };
    assert_eq!(cause.stage, FailureStage::Token);
    let text = "not connected within 1s: the exchange does not answer";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[tokio::test]
async fn loss_is_reported_while_the_exchange_is_unreachable() {
    let port = free_port();
    let first = exchange_on_port(port).await;
    let kucoin = client(&first);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    first.account().deposit("USDT", 1.into()).unwrap();
    let last_event_at = event(&mut balances).await.received_at();
    first.shutdown().await;

    let lost = gap(&mut balances).await;
    assert!(matches!(lost.reason, GapReason::Lost { .. }), "{lost:?}");
    for _ in 0..3 {
        lifecycle
            .until(|event| matches!(event, LifecycleEvent::Reconnect { .. }))
            .await;
    }
    let last = lifecycle.events.last().unwrap();
    let LifecycleEvent::Reconnect { cause, .. } = last else {
        panic!("another event: {last:?}");
    };
    let text = cause.to_string();
    let beginning = format!("127.0.0.1:{port} cannot be reached: ");
    assert!(text.starts_with(&beginning), "{text}");
    assert!(
        text.contains("refused") && text.contains("; check the host"),
        "{text}"
    );
    assert!(balances.try_next().is_none(), "it is not live again");
    let state = kucoin.state(WsKey::SpotPrivateV1);
    assert_eq!(state, Some(ConnectionState::Connecting));

    let second = exchange_on_port(port).await;
    let live = gap(&mut balances).await;
    let outage = Outage::of(&lost, &live);
    assert_eq!(
        (outage.last_event_at, outage.epoch),
        (Some(last_event_at), 2)
    );
    second.account().deposit("USDT", 1.into()).unwrap();
    assert_eq!(event(&mut balances).await.epoch(), 2);
}

#[tokio::test]
async fn close_while_down_is_a_gap() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    exchange.shutdown().await;
    let lost = gap(&mut balances).await;
    assert!(matches!(lost.reason, GapReason::Lost { .. }), "{lost:?}");
    soon(kucoin.close()).await;
    let closed = gap(&mut balances).await;
    let expected = GapReason::Closed {
        reason: CloseReason::Requested,
        last_event_at: None,
    };
    assert_eq!(
        (topics_of(&closed), closed.reason),
        (vec![BALANCE.to_owned()], expected)
    );
    assert!(soon(balances.next()).await.is_none());
}

#[tokio::test]
async fn credentials_refused_after_a_loss_end_the_subscription() {
    let refuse = Effect::TokenRefuse {
        status: 401,
        code: "400003".to_owned(),
        message: "KC-API-KEY not exists".to_owned(),
    };
    let exchange = exchange(Faults::new().on_token_request(2, refuse)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    exchange.account().deposit("USDT", 1.into()).unwrap();
    let last_event_at = Some(event(&mut balances).await.received_at());
    exchange.inject(Effect::Cut(Cut::Reset));

    let lost = gap(&mut balances).await;
    assert!(matches!(lost.reason, GapReason::Lost { .. }), "{lost:?}");
    let closed = gap(&mut balances).await;
    assert_eq!(topics_of(&closed), [BALANCE]);
    assert_eq!(closed.window(), None);
    let GapReason::Closed {
        reason: CloseReason::Failed(failure),
        last_event_at: last,
    } = &closed.reason
    else {
        panic!("another gap: {closed:?}");
    };
    assert_eq!(*last, last_event_at);
    assert!(failure.is_refusal(), "{failure:?}");
    assert_eq!(failure.code.as_deref(), Some("400003"));
    assert!(soon(balances.next()).await.is_none());
    assert_eq!(
        balances.end_reason(),
        Some(EndReason::Closed(CloseReason::Failed(failure.clone())))
    );
    let words = lifecycle.summaries();
    assert_eq!(
        words[2..],
        ["reconnect 1 live", "exception, fatal", "close"]
    );
    assert_eq!(token_codes(&exchange), ["200000", "400003"]);
}
