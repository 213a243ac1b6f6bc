//! 1,000 connections that are lost at the same time do not reconnect at the same time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kucoin_streams_client::{Config, ConnectionRuntime, Connections, DialLimiter, LifecycleSender};
use kucoin_streams_transport::memory;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::rig::{Kind, Tokens};

const CLIENTS: usize = 1_000;

/// Returns the maximum number of dials within one second.
fn most_in_a_second(dials: &[Instant]) -> usize {
    let within = |&from: &Instant| {
        let second = |&&at: &&Instant| at >= from && at < from + Duration::from_secs(1);
        dials.iter().filter(second).count()
    };
    dials.iter().map(within).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn thousand_clients_reconnect_at_most_a_tenth_per_second() {
    let (dialer, mut listener) = memory::pair();
    let dials = Arc::new(Mutex::new(Vec::new()));
    let (generation, cut) = watch::channel(0);
    let seen = dials.clone();
    tokio::spawn(async move {
        while let Some(dial) = listener.accept().await {
            seen.lock().unwrap().push(Instant::now());
            let peer = dial.accept();
            let mut cut = cut.clone();
            tokio::spawn(async move {
                cut.mark_unchanged();
                peer.send_text("welcome").await.unwrap();
                let _ = cut.changed().await;
            });
        }
    });
    // Use a separate limiter with the default limit, because other tests use the process-wide one with other clocks.
    assert_eq!(Config::default().dials, DialLimiter::process_wide());
    let dial_limiter = DialLimiter::new(50, Duration::from_secs(1));
    assert_eq!(
        format!("{dial_limiter:?}"),
        format!("{:?}", DialLimiter::process_wide())
    );
    let clients: Vec<Connections<Kind>> = (0..CLIENTS)
        .map(|seed| {
            let config = Config::default()
                .with_runtime(ConnectionRuntime::Current)
                .with_dials(dial_limiter.clone())
                .with_seed(seed as u64);
            let lifecycle = LifecycleSender::default();
            Connections::new(Tokens::default(), dialer.clone(), config, lifecycle)
        })
        .collect();
    for round in 1..=3 {
        for client in &clients {
            client.wait_live().await.unwrap();
        }
        let dials = std::mem::take(&mut *dials.lock().unwrap());
        assert_eq!(dials.len(), CLIENTS, "each dials once");
        let most = most_in_a_second(&dials);
        assert!(most <= CLIENTS / 10, "{most} dials in a second");
        let took = dials[CLIENTS - 1] - dials[0];
        assert!(took < Duration::from_secs(25), "{took:?}");
        generation.send_replace(round);
        // Let all clients notice the loss.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_dial_does_not_time_out_the_token() {
    let (dialer, mut listener) = memory::pair();
    let dials = DialLimiter::new(1, Duration::from_secs(60));
    let spawn = || {
        let config = Config::default()
            .with_runtime(ConnectionRuntime::Current)
            .with_dials(dials.clone());
        let lifecycle = LifecycleSender::default();
        let events = lifecycle.subscribe();
        let connection: Connections<Kind> =
            Connections::new(Tokens::default(), dialer.clone(), config, lifecycle);
        (connection, events)
    };
    let (first, _) = spawn();
    let (second, mut events) = spawn();
    let began = Instant::now();
    let serve = async {
        let mut peers = Vec::new();
        for _ in 0..2 {
            let peer = listener.accept().await.unwrap().accept();
            peer.send_text("welcome").await.unwrap();
            peers.push(peer);
        }
        peers
    };
    let live = async { tokio::join!(first.wait_live(), second.wait_live()) };
    let (peers, live) = tokio::join!(serve, live);
    assert!(live.0.is_ok() && live.1.is_ok());
    assert_eq!(began.elapsed().as_secs(), 60);
    let events: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
    assert_eq!(events.len(), 1, "only `Open`: {events:?}");
    drop(peers);
}
