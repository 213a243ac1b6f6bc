//! The chaos test over real sockets and in real time: thousands of events per second, with cuts and rotations every
//! few seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kucoin_streams::{Config, Credentials, Hosts, Kucoin, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Exchange};
use tokio::time::sleep;

use crate::oracle::{Allowed, Truth, check};
use crate::record::{ReaderTask, Record, wanted_of};
use kucoin_streams_tests::rng::Rng;

const KEYS: [WsKey; 3] = [
    WsKey::SpotPrivateV1,
    WsKey::FuturesPrivateV1,
    WsKey::PrivateProV2,
];

/// Duration of a round, limited by the capacity of the truth log.
const ROUND: Duration = Duration::from_secs(10);

/// Pushes per second on V1; Pro V2 has two to three times as many.
const RATE: f64 = 2_000.0;

#[tokio::test]
async fn nothing_is_lost_silently_over_real_sockets() {
    let time = super::time_from_env().unwrap_or(Duration::from_secs(5));
    let seed = super::seeds_from_env().map_or_else(super::new_seed, |seeds| seeds.start);
    let mut rng = Rng::new(seed);
    let began = Instant::now();
    let (mut rounds, mut events, mut gaps, mut connections) = (0, 0, 0, 0);
    let mut memory = Vec::new();
    while rounds == 0 || began.elapsed() < time {
        let left = time.saturating_sub(began.elapsed());
        let records = round(&mut rng, left.clamp(Duration::from_secs(3), ROUND)).await;
        rounds += 1;
        connections += records.1;
        for record in &records.0 {
            events += record.events();
            gaps += record.items.len() as u64 - record.events();
        }
        drop(records);
        memory.push(resident_kib());
    }
    eprintln!(
        "{rounds} rounds in {:?}: {events} events, {gaps} gaps, {connections} connections, resident {memory:?} KiB",
        began.elapsed()
    );
    assert!(events > 1_000 && gaps > 0, "{events} events, {gaps} gaps");
    // The first rounds fill reusable buffers; after that memory may not grow.
    if let [_, _, early @ .., late] = &memory[..]
        && let Some(early) = early.iter().max()
    {
        assert!(
            *late < early + 64 * 1024,
            "resident memory grows: {memory:?} KiB"
        );
    }
}

/// Runs one exchange and one client for a while; returns the records and the number of connections.
async fn round(rng: &mut Rng, time: Duration) -> (Vec<Record>, u64) {
    let exchange = Exchange::builder()
        .seed(rng.next())
        .event_rate(RATE)
        .truth_capacity(1_000_000)
        .queue_capacity(100_000)
        .start()
        .await
        .unwrap();
    let _ = exchange.pro_truth();
    let exchange = Arc::new(exchange);
    let kucoin = client(&exchange, rng.next());
    let reader =
        |ws_key: WsKey| ReaderTask::of(&kucoin, &exchange, ws_key, wanted_of(ws_key).to_vec());
    let readers = KEYS.map(reader);
    // Each connection is lost at least once while its topics are live.
    while !readers.iter().all(ReaderTask::is_live) {
        sleep(Duration::from_millis(10)).await;
    }
    exchange.inject(Effect::Cut(Cut::Reset));
    let end = Instant::now() + time;
    while Instant::now() < end {
        sleep(rng.up_to_ms(2_500)).await;
        match rng.below(4) {
            0 => exchange.inject(Effect::Cut(Cut::Reset)),
            1 => exchange.inject(Effect::Cut(Cut::Eof)),
            2 => exchange.inject(Effect::ResetMidFrame),
            // May fail if the connection is cut meanwhile.
            _ => drop(kucoin.rotate(*rng.pick(&KEYS)).await),
        }
    }
    // All connections are live again and have delivered later events.
    let mark = exchange.truth().total();
    for ws_key in KEYS {
        kucoin.wait_live(ws_key).await.unwrap();
    }
    sleep(Duration::from_secs(2)).await;
    assert!(exchange.truth().total() > mark, "the account runs on");
    kucoin.close().await;
    let mut records = Vec::new();
    for reader in readers {
        records.extend(reader.end().await);
    }
    assert_eq!(records.len(), KEYS.len(), "every subscription became live");
    let truth = Truth::of(&exchange);
    let allowed = Allowed {
        rotated: true,
        ..Allowed::default()
    };
    for record in &mut records {
        // The account was active while the connections were closed.
        record.read_to_end = false;
        check(record, &truth, allowed).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    let connections = exchange.stats().connections.len() as u64;
    (records, connections)
}

fn client(exchange: &Exchange, seed: u64) -> Kucoin {
    let demo = exchange.credentials();
    let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap();
    let hosts = Hosts::local(&exchange.rest_url()).unwrap();
    let mut session = kucoin_streams::session::SessionConfig::default();
    // Cuts are more frequent than the default backoff could recover from.
    session.backoff.base = Duration::from_millis(50);
    session.backoff.cap = Duration::from_millis(500);
    // And more frequent than the default overlap.
    session.overlap = Duration::from_millis(300);
    Kucoin::builder()
        .credentials(credentials)
        .hosts(hosts)
        .config(Config::default().with_session(session).with_seed(seed))
        .build()
        .unwrap()
}

/// Returns the resident memory in KiB; 0 if the system does not report it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.unwrap_or_default()
}
