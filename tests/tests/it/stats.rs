//! The statistics of a client agree with what the exchange saw: after losses, rotations, overflow and recovery.

use std::time::Duration;

use kucoin_streams::auth::rest::HostRole;
use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams::{
    Config, ConnectionState, ConnectionStats, Kucoin, RecoveredItem, RecoverySettings, WsKey,
};
use kucoin_streams_exchange::{Cut, Decimal, Effect, Exchange, Faults, KeyPermissions, Side};

use crate::setup::*;
use crate::simulated;

/// Returns the statistics of the only connection that was opened.
#[track_caller]
fn spot(kucoin: &Kucoin) -> ConnectionStats {
    let mut connections = kucoin.stats().connections;
    assert_eq!(connections.len(), 1);
    let spot = connections.remove(0);
    assert_eq!((spot.ws_key, spot.number), (WsKey::SpotPrivateV1, 0));
    spot
}

/// Returns the number of pushes, and of all frames, that the exchange sent on all connections.
fn sent(exchange: &Exchange) -> (u64, u64) {
    let connections = exchange.stats().connections;
    let pushed = connections.iter().map(|connection| connection.pushed).sum();
    let answers = connections.iter().map(|connection| {
        u64::from(connection.welcomed) + connection.acks + connection.refusals + connection.pings
    });
    (pushed, pushed + answers.sum::<u64>())
}

/// Returns the number of bytes of the client's messages that the exchange received.
fn received_bytes(exchange: &Exchange) -> u64 {
    let connections = exchange.stats().connections;
    let messages = connections
        .iter()
        .flat_map(|connection| &connection.client_messages);
    messages.map(|message| message.len() as u64).sum()
}

fn deposit(exchange: &Exchange, times: u64) {
    for amount in 1..=times {
        exchange.account().deposit("USDT", amount.into()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn frames_bytes_and_heartbeats_are_those_of_the_exchange() {
    let exchange = simulated::exchange(Faults::new()).await;
    let kucoin = simulated::client(&exchange);
    assert_eq!(kucoin.stats().connections, []);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    deposit(&exchange, 20);
    for _ in 0..20 {
        event(&mut balances).await;
    }
    // Two heartbeats.
    tokio::time::sleep(Duration::from_secs(40)).await;
    let stats = spot(&kucoin);
    let (pushed, frames) = sent(&exchange);
    assert_eq!(
        (stats.counters.events, stats.counters.frames),
        (pushed, frames)
    );
    assert_eq!(stats.counters.bytes_sent, received_bytes(&exchange));
    let pushes = exchange.truth().of_topic(BALANCE);
    let pushes: u64 = pushes.iter().map(|entry| entry.frame.len() as u64).sum();
    assert!(stats.counters.bytes_received > pushes);
    let pings: u64 = exchange
        .stats()
        .connections
        .iter()
        .map(|connection| connection.pings)
        .sum();
    assert_eq!((pings, stats.heartbeat.is_some()), (2, true));
    assert_eq!((stats.state, stats.epoch), (ConnectionState::Live, 1));
}

#[tokio::test(start_paused = true)]
async fn losses_failed_dials_and_rotations_are_counted() {
    // The second token request is answered by a firewall.
    let faults = Faults::new().on_token_request(2_u64, Effect::TokenHtml);
    let exchange = simulated::exchange(faults).await;
    let mut config = fast_retries();
    config.session.overlap = Duration::from_millis(20);
    let kucoin = simulated::client_with(&exchange, config);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    exchange.inject(Effect::Cut(Cut::Reset));
    lifecycle.reconnected().await;
    outage(&mut balances).await;
    outage(&mut orders).await;
    soon(kucoin.rotate(WsKey::SpotPrivateV1)).await.unwrap();
    deposit(&exchange, 1);
    event(&mut balances).await;

    let (stats, seen) = (spot(&kucoin), exchange.stats());
    let counters = stats.counters;
    assert_eq!(counters.dials, seen.token_requests.len() as u64);
    let refused = seen
        .token_requests
        .iter()
        .filter(|request| request.code != "200000");
    assert_eq!(counters.failed_dials, refused.count() as u64);
    assert_eq!(
        counters.dials - counters.failed_dials,
        seen.connections.len() as u64
    );
    assert_eq!((counters.reconnects, counters.rotations), (1, 1));
    // One for each subscription.
    assert_eq!((counters.gaps, counters.missed), (2, 0));
    assert_eq!(stats.epoch, 3);

    soon(kucoin.close()).await;
    let closed = spot(&kucoin);
    assert!(matches!(closed.state, ConnectionState::Closed(_)));
    assert_eq!(closed.counters.events, counters.events);
    assert!(closed.counters.frames >= counters.frames);
    let json = serde_json::to_value(kucoin.stats()).unwrap();
    assert_eq!(json["connections"][0]["state"], "closed");
    assert_eq!(json["connections"][0]["reconnects"], 1);
}

#[tokio::test(start_paused = true)]
async fn pushes_of_a_slow_consumer_are_delivered_queued_or_missed() {
    let exchange = simulated::exchange(Faults::new()).await;
    let config = fast_retries()
        .with_queue_capacity(8)
        .with_backpressure_timeout(Duration::ZERO);
    let kucoin = simulated::client_with(&exchange, config);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    deposit(&exchange, 30);
    simulated::settle().await;
    let full = spot(&kucoin);
    assert_eq!(
        (full.queued, full.queued_max, full.counters.gaps),
        (8, 8, 1)
    );
    assert_eq!(full.queued + full.counters.missed, sent(&exchange).0);
    for _ in 0..8 {
        event(&mut balances).await;
    }
    gap(&mut balances).await;
    let drained = spot(&kucoin);
    assert_eq!((drained.queued, drained.queued_max), (0, 8));
    assert_eq!(
        drained.counters.events + drained.counters.missed,
        sent(&exchange).0
    );
}

#[tokio::test]
async fn recovered_events_and_rest_queries_are_counted() {
    let slow = Effect::TokenSlow {
        by: Duration::from_secs(1),
    };
    let faults = Faults::new().on_token_request(2_u64, slow);
    let builder = Exchange::builder().seed(7).faults(faults);
    let exchange = builder
        .key_permissions(KeyPermissions::All)
        .start()
        .await
        .unwrap();
    let kucoin = client(&exchange);
    let subscribed = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut settings = RecoverySettings::default();
    settings.sweep_delays = [Duration::from_millis(100), Duration::from_millis(300)];
    settings.row_delay = Duration::from_millis(100);
    let mut orders = kucoin.recovered_with(subscribed, settings);
    let mut recovered = 0;
    for round in 0..2 {
        loop {
            match soon(orders.next()).await.unwrap() {
                RecoveredItem::Event(update) if update.origin() != kucoin_streams::Origin::Live => {
                    recovered += 1;
                }
                RecoveredItem::Live(_) => break,
                _ => {}
            }
        }
        if round == 0 {
            exchange.inject(Effect::Cut(Cut::Reset));
            tokio::time::sleep(Duration::from_millis(300)).await;
            let account = exchange.account();
            account
                .place_market("BTC-USDT", Side::Buy, Decimal::new(1, 3))
                .unwrap();
        }
    }
    assert!(recovered > 0);
    assert_eq!(spot(&kucoin).counters.recovered, recovered);
    let (rest, seen) = (kucoin.stats().rest, exchange.stats());
    // The server time is one of the recovery's queries, and measured by the client too.
    let time_requests = rest.sent - seen.rest_queries.len() as u64;
    assert!(
        (1..=seen.time_requests).contains(&time_requests),
        "{rest:?}"
    );
    let refused = seen
        .rest_queries
        .iter()
        .filter(|query| query.code != "200000");
    assert_eq!(rest.refused, refused.count() as u64);
}

/// The true skew is within the error of the measured offset, on a machine of any speed.
#[tokio::test]
async fn clock_offset_is_exact_within_its_error() {
    for by_ms in [0, 40_000, -3_600_000] {
        let exchange = exchange(Faults::new()).await;
        exchange.inject(Effect::ClockSkew { by_ms });
        let kucoin = client(&exchange);
        let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
        let before = exchange.stats().time_requests;
        assert_eq!(
            before,
            u64::from(by_ms != 0),
            "only to correct a refused timestamp"
        );
        let is_measured = || kucoin.stats().connections[0].latency.clock.is_some();
        while !is_measured() {
            soon(tokio::time::sleep(Duration::from_millis(5))).await;
        }
        let account = exchange.account();
        account
            .place_market("BTC-USDT", Side::Buy, Decimal::new(1, 3))
            .unwrap();
        let update = event(&mut orders).await;
        let latency = spot(&kucoin).latency;
        let clock = latency.clock.unwrap();
        let tokens = kucoin.rest_tokens().unwrap();
        assert_eq!(tokens.clock_offset(), Some(clock));
        let error = clock.offset_ns - by_ms * 1_000_000;
        assert!(
            error.unsigned_abs() <= clock.error_ns,
            "{clock:?} for {by_ms} ms"
        );
        // The latency by both clocks is the true one, within the same error and the millisecond of `pt`.
        let pushed = update.pushed_at().unwrap();
        let true_latency = update.received_at().as_nanos() + by_ms * 1_000_000 - pushed.as_nanos();
        let measured = latency.push_to_read.unwrap().max_ns;
        assert!(
            (measured - true_latency).unsigned_abs() <= clock.error_ns,
            "{measured} for {true_latency}"
        );
        assert!(true_latency >= 0, "{true_latency}");
        // On a new connection the error is larger. Without load, the next measurement is within 2 ms.
        let mut best = clock;
        while best.error_ns > 2_000_000 {
            best = soon(tokens.measure_clock(HostRole::SpotRest))
                .await
                .unwrap();
        }
        assert!(
            (best.offset_ns - by_ms * 1_000_000).abs() <= 2_000_000,
            "{best:?}"
        );
    }
}

#[tokio::test]
async fn refused_queries_are_counted() {
    let builder = Exchange::builder().key_permissions(KeyPermissions::General);
    let exchange = builder.start().await.unwrap();
    let kucoin = client(&exchange);
    let (spot, account) = (kucoin.rest().spot(), kucoin.rest().futures());
    let _ = (spot.open_orders().await, account.positions().await);
    let (rest, seen) = (kucoin.stats().rest, exchange.stats().rest_queries);
    let refused = seen.iter().filter(|query| query.code != "200000").count();
    assert_eq!(
        (rest.sent, rest.refused),
        (seen.len() as u64, refused as u64)
    );
    assert!(refused > 0, "{seen:?}");
}

#[tokio::test]
async fn statistics_contain_no_secret() {
    let exchange = exchange(Faults::new()).await;
    let config = Config::with_label(fast_retries(), "desk 7");
    let kucoin = client_with(&exchange, config);
    let _balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let stats = kucoin.stats();
    let (json, debug) = (serde_json::to_string(&stats).unwrap(), format!("{stats:?}"));
    let demo = exchange.credentials();
    for text in [&json, &debug] {
        for secret in [&demo.key, &demo.secret, &demo.passphrase] {
            assert!(!text.contains(secret.as_str()));
        }
        assert!(!text.contains("token="));
    }
    assert!(
        json.starts_with(r#"{"account":"desk 7","takenAt":""#),
        "{json}"
    );
}
