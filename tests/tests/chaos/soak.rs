//! The same over real sockets and in real time: thousands of events a second, cut and rotated every few seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kucoin_streams::{Config, Credentials, Hosts, Kucoin, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Exchange};
use tokio::time::sleep;

use crate::oracle::{Allowed, Truth, judge};
use crate::record::{Reading, Record, wanted_of};
use kucoin_streams_tests::dice::Dice;

const KEYS: [WsKey; 3] = [
    WsKey::SpotPrivateV1,
    WsKey::FuturesPrivateV1,
    WsKey::PrivateProV2,
];

/// A round is judged whole, so it is as long as its truth may be kept.
const ROUND: Duration = Duration::from_secs(10);

/// Pushes a second on V1; Pro V2 tells the same two to three times over.
const RATE: f64 = 2_000.0;

#[tokio::test]
async fn over_real_sockets_with_cuts_every_few_seconds_nothing_is_lost_silently() {
    let time = super::time_asked_for().unwrap_or(Duration::from_secs(5));
    let seed = super::seeds_asked_for().map_or_else(super::fresh, |seeds| seeds.start);
    let mut dice = Dice::new(seed);
    let began = Instant::now();
    let (mut rounds, mut events, mut gaps, mut connections) = (0, 0, 0, 0);
    let mut memory = Vec::new();
    while rounds == 0 || began.elapsed() < time {
        let left = time.saturating_sub(began.elapsed());
        let records = round(&mut dice, left.clamp(Duration::from_secs(3), ROUND)).await;
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
    // The first rounds fill what is kept for reuse; from then on nothing grows.
    if let [_, _, early @ .., late] = &memory[..]
        && let Some(early) = early.iter().max()
    {
        assert!(
            *late < early + 64 * 1024,
            "resident memory grows: {memory:?} KiB"
        );
    }
}

/// One exchange and one client for a while; what was handed out, and how many connections it took.
async fn round(dice: &mut Dice, time: Duration) -> (Vec<Record>, u64) {
    let exchange = Exchange::builder()
        .seed(dice.next())
        .event_rate(RATE)
        .truth_capacity(1_000_000)
        .queue_capacity(100_000)
        .start()
        .await
        .unwrap();
    let _ = exchange.pro_truth();
    let exchange = Arc::new(exchange);
    let kucoin = client(&exchange, dice.next());
    let reading =
        |ws_key: WsKey| Reading::of(&kucoin, &exchange, ws_key, wanted_of(ws_key).to_vec());
    let readings = KEYS.map(reading);
    // Whatever the dice say, each connection is lost once while its topics are live.
    while !readings.iter().all(Reading::is_live) {
        sleep(Duration::from_millis(10)).await;
    }
    exchange.inject(Effect::Cut(Cut::Reset));
    let end = Instant::now() + time;
    while Instant::now() < end {
        sleep(dice.up_to_ms(2_500)).await;
        match dice.below(4) {
            0 => exchange.inject(Effect::Cut(Cut::Reset)),
            1 => exchange.inject(Effect::Cut(Cut::Eof)),
            2 => exchange.inject(Effect::ResetMidFrame),
            // Whether it succeeds depends on what is cut meanwhile.
            _ => drop(kucoin.rotate(*dice.pick(&KEYS)).await),
        }
    }
    // All are back, and have handed out what happened since.
    let mark = exchange.truth().total();
    for ws_key in KEYS {
        kucoin.wait_live(ws_key).await.unwrap();
    }
    sleep(Duration::from_secs(2)).await;
    assert!(exchange.truth().total() > mark, "the account lives on");
    kucoin.close().await;
    let mut records = Vec::new();
    for reading in readings {
        records.extend(reading.end().await);
    }
    assert_eq!(records.len(), KEYS.len(), "every subscription came to be");
    let truth = Truth::of(&exchange);
    let allowed = Allowed {
        rotated: true,
        ..Allowed::default()
    };
    for record in &mut records {
        // The account lived on while the connections were closed.
        record.to_the_end = false;
        judge(record, &truth, allowed).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    let connections = exchange.stats().connections.len() as u64;
    (records, connections)
}

fn client(exchange: &Exchange, seed: u64) -> Kucoin {
    let demo = exchange.credentials();
    let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap();
    let hosts = Hosts::local(&exchange.rest_url()).unwrap();
    let mut session = kucoin_streams::session::SessionConfig::default();
    // Cuts come faster than any backoff for the real exchange would let it come back.
    session.backoff.base = Duration::from_millis(50);
    session.backoff.cap = Duration::from_millis(500);
    // And sooner than two gateways of the real exchange can be compared.
    session.overlap = Duration::from_millis(300);
    Kucoin::builder()
        .credentials(credentials)
        .hosts(hosts)
        .config(Config::default().with_session(session).with_seed(seed))
        .build()
        .unwrap()
}

/// Where the system tells it; 0 elsewhere.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.unwrap_or_default()
}
