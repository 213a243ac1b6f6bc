//! Statistics of connections: counters, queues, heartbeat and latencies.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kucoin_streams_client::{
    Config, ConnectionState, ConnectionStats, Connections, LifecycleSender, Subscription,
};
use kucoin_streams_core::{
    ClockOffset, ConnectionInfo, ConnectionSource, DecodeError, Event, Push, SourceError,
    Timestamp, Topic, WsKey,
};
use kucoin_streams_transport::memory;

use crate::rig::{Kind, Numbers, Rig, Server, Tokens, config, next, on_this_clock, run_tasks};

fn stats(rig: &Rig) -> ConnectionStats {
    let mut stats = rig.connection.stats();
    assert_eq!(stats.len(), 1);
    stats.remove(0)
}

/// Reads events until the next gap, and drops the connection.
async fn reconnect(rig: &mut Rig, server: Server, numbers: &mut Subscription<Numbers>) -> Server {
    drop(server);
    assert_eq!(next(numbers).await, "/a lost");
    let (mut server, _) = rig.accept().await;
    server.acknowledge(1).await;
    run_tasks().await;
    server
}

#[tokio::test(start_paused = true)]
async fn unused_client_has_no_statistics() {
    assert_eq!(Rig::new().connection.stats(), []);
}

#[tokio::test(start_paused = true)]
async fn each_frame_and_byte_is_counted() {
    let (rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..3).await;
    for expected in ["0", "1", "2"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    let stats = stats(&rig);
    assert_eq!((stats.ws_key, stats.number), (WsKey::SpotPrivateV1, 0));
    assert_eq!((&stats.state, stats.epoch), (&ConnectionState::Live, 1));
    let counters = stats.counters;
    // `welcome`, `ack 1`, and three of `push /a 0`.
    assert_eq!((counters.events, counters.frames), (3, 5));
    assert_eq!(counters.bytes_received, 7 + 5 + 3 * 9);
    assert_eq!(counters.bytes_sent, "subscribe 1 /a".len() as u64);
    assert_eq!((counters.dials, counters.failed_dials), (1, 0));
    assert_eq!((counters.gaps, counters.missed), (0, 0));
    assert!(stats.last_frame_age_ns.is_some());
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!(
        (&json["state"], &json["wsKey"]),
        (&"live".into(), &"spotPrivateV1".into())
    );
    assert_eq!(
        (&json["bytesReceived"], &json["failedDials"]),
        (&39.into(), &0.into())
    );
}

#[tokio::test(start_paused = true)]
async fn counters_go_on_over_reconnects_and_reopened_connections() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..2).await;
    assert_eq!(next(&mut numbers).await, "0");
    assert_eq!(next(&mut numbers).await, "1");
    let server = reconnect(&mut rig, server, &mut numbers).await;
    assert_eq!(next(&mut numbers).await, "/a live, epoch 2");
    let after = stats(&rig);
    assert_eq!((after.epoch, after.counters.dials), (2, 2));
    assert_eq!((after.counters.reconnects, after.counters.gaps), (1, 1));
    server.push("/a", 2..3).await;
    assert_eq!(next(&mut numbers).await, "2");

    // The counters of a dropped subscription and of a closed connection stay.
    drop(numbers);
    rig.connection.close().await;
    let closed = stats(&rig);
    assert!(matches!(closed.state, ConnectionState::Closed(_)));
    assert_eq!(closed.counters.events, 3);
    let (rig, server, mut numbers) = rig.go_live("/a").await;
    server.push("/a", 3..4).await;
    assert_eq!(next(&mut numbers).await, "3");
    let reopened = stats(&rig);
    assert_eq!(reopened.state, ConnectionState::Live);
    assert_eq!((reopened.counters.events, reopened.counters.dials), (4, 3));
    assert!(reopened.counters.frames > closed.counters.frames);
}

#[tokio::test(start_paused = true)]
async fn full_queue_is_one_gap_and_each_dropped_frame_is_missed() {
    let config = Config::default()
        .with_queue_capacity(4)
        .with_backpressure_timeout(Duration::ZERO);
    let (rig, server, mut numbers) = Rig::with(config, Tokens::default()).go_live("/a").await;
    server.push("/a", 0..10).await;
    run_tasks().await;
    let full = stats(&rig);
    assert_eq!((full.queued, full.queued_max), (4, 4));
    assert_eq!((full.counters.gaps, full.counters.missed), (1, 6));
    assert_eq!(full.counters.events, 0);
    for expected in ["0", "1", "2", "3", "/a missed 6"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    let drained = stats(&rig);
    assert_eq!((drained.queued, drained.queued_max), (0, 4));
    assert_eq!((drained.counters.events, drained.counters.missed), (4, 6));
}

#[tokio::test(start_paused = true)]
async fn refused_dial_is_a_failed_one() {
    let mut rig = Rig::with(
        config(),
        Tokens {
            refuse: true,
            ..Tokens::default()
        },
    );
    assert!(rig.connection.subscribe(Numbers("/a")).await.is_err());
    let refused = stats(&rig).counters;
    assert_eq!((refused.dials, refused.failed_dials), (1, 1));
    assert_eq!(refused.gaps, 0);
    assert_eq!(rig.lifecycle_events(), ["Exception", "Close"]);
}

#[tokio::test(start_paused = true)]
async fn rotation_is_no_reconnect_and_no_failed_dial() {
    let (mut rig, mut server, _numbers) = Rig::live("/a").await;
    let connection = rig.connection.clone();
    let replaced = async {
        let (mut replacement, _) = rig.accept().await;
        replacement.acknowledge(1).await;
        // The probe of the current connection.
        assert!(server.receive().await.starts_with("ping"));
        server.send("pong").await;
        replacement
    };
    let (rotated, _replacement) = tokio::join!(connection.rotate(), replaced);
    rotated.unwrap();
    let rotated = stats(&rig);
    let counters = rotated.counters;
    assert_eq!((counters.rotations, counters.reconnects), (1, 0));
    assert_eq!(
        (counters.dials, counters.failed_dials, counters.gaps),
        (2, 0, 0)
    );
    assert_eq!(rotated.epoch, 2);
}

#[tokio::test(start_paused = true)]
async fn heartbeat_round_trip_is_measured_by_the_clock_of_the_runtime() {
    let (rig, mut server, _numbers) = Rig::live("/a").await;
    assert_eq!(stats(&rig).heartbeat, None);
    for (delay, smoothed) in [(80, 80), (160, 90)] {
        assert!(server.receive().await.starts_with("ping"));
        tokio::time::sleep(Duration::from_millis(delay)).await;
        server.send("pong").await;
        run_tasks().await;
        let heartbeat = stats(&rig).heartbeat.unwrap();
        assert_eq!(heartbeat.last_ns / 1_000_000, delay);
        assert_eq!(heartbeat.smoothed_ns / 1_000_000, smoothed);
    }
}

/// A token source whose exchange has another clock.
#[derive(Clone, Default)]
struct OtherClock(Arc<Mutex<Option<ClockOffset>>>);

impl ConnectionSource for OtherClock {
    async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
        Tokens::default().connection_info(ws_key).await
    }

    async fn clock_offset(&self, _: WsKey) -> Option<ClockOffset> {
        *self.0.lock().unwrap()
    }
}

/// Returns an offset in nanoseconds without an error.
fn offset(ns: i64) -> ClockOffset {
    let now = Timestamp::now();
    let server = Timestamp::from_nanos(now.as_nanos() + ns);
    ClockOffset::from_reply(server, Duration::ZERO, now, Duration::ZERO)
}

/// An event that has its times: `push /timed OCCURRED,PUSHED` in nanoseconds.
struct Timed;

#[derive(Clone, Debug)]
struct TimedEvent(Timestamp);

impl Event for TimedEvent {
    fn dedup_key(&self) -> String {
        self.0.to_string()
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        Some(self.0)
    }
}

impl Topic for Timed {
    type Kind = Kind;
    type Event = TimedEvent;

    fn requests(&self) -> Vec<String> {
        vec!["/timed".to_owned()]
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<TimedEvent>>, DecodeError> {
        let (occurred, pushed) = frame.rsplit(' ').next().unwrap().split_once(',').unwrap();
        let time = |text: &str| Timestamp::from_nanos(text.parse().unwrap());
        let mut push = Push::new(TimedEvent(time(occurred)), "/timed".into());
        push.pushed_at = Some(time(pushed));
        Ok(Some(push))
    }
}

/// A quantile of equal or nearly equal latencies is within 2 ms; minimum and maximum are exact.
#[tokio::test(start_paused = true)]
async fn injected_skew_and_delay_are_found_exactly() {
    const MS: i64 = 1_000_000;
    for skew in [0, 3_600_000 * MS, -40_000 * MS] {
        let (dialer, mut listener) = memory::pair();
        let source = OtherClock(Arc::new(Mutex::new(Some(offset(skew)))));
        let connections = Connections::<Kind>::new(
            source,
            dialer,
            on_this_clock(config()),
            LifecycleSender::default(),
        );
        // The clock is measured if the statistics are read.
        assert_eq!(connections.stats(), []);
        let (subscribed, server) = tokio::join!(connections.subscribe(Timed), async {
            let server = Server(listener.accept().await.unwrap().accept());
            server.send("welcome").await;
            let mut server = server;
            server.acknowledge(1).await;
            server
        });
        let mut timed = subscribed.unwrap();
        // The clock is measured when the connection is live.
        run_tasks().await;
        let (mut pushes, mut events) = (Vec::new(), Vec::new());
        for _ in 0..20 {
            // The gateway pushes 20 ms after the event; the push takes 150 ms. The times are of a clock with a skew.
            let read_at = Timestamp::now().as_nanos();
            let (pushed, occurred) = (read_at - 150 * MS + skew, read_at - 170 * MS + skew);
            server
                .send(&format!("push /timed {occurred},{pushed}"))
                .await;
            let update = timed.next().await.unwrap().unwrap();
            let received = update.received_at().as_nanos();
            pushes.push(received + skew - pushed);
            events.push(received + skew - occurred);
        }
        let latency = connections.stats()[0].latency;
        assert_eq!(latency.clock.unwrap().offset_ns, skew);
        let hop = latency.event_to_push.unwrap();
        assert_eq!(
            (hop.count, hop.min_ns, hop.p50_ns, hop.max_ns),
            (20, 20 * MS, 20 * MS, 20 * MS)
        );
        for (hop, mut exact) in [
            (latency.push_to_read, pushes),
            (latency.event_to_read, events),
        ] {
            let hop = hop.unwrap();
            exact.sort_unstable();
            assert_eq!(
                (hop.count, hop.min_ns, hop.max_ns),
                (20, exact[0], exact[19])
            );
            assert!(hop.min_ns >= 150 * MS);
            // The machine may be slow: compare with what was measured, not with the injected delay.
            let error = (exact[9] / 16).max(2 * MS);
            assert!(
                (hop.p50_ns - exact[9]).abs() <= error,
                "{} for {}",
                hop.p50_ns,
                exact[9]
            );
        }
        drop(server.0);
    }
}

#[tokio::test(start_paused = true)]
async fn latencies_between_two_clocks_wait_for_the_clock_offset() {
    let (dialer, mut listener) = memory::pair();
    let source = OtherClock::default();
    let connections = Connections::<Kind>::new(
        source.clone(),
        dialer,
        on_this_clock(config()),
        LifecycleSender::default(),
    );
    let (subscribed, server) = tokio::join!(connections.subscribe(Timed), async {
        let mut server = Server(listener.accept().await.unwrap().accept());
        server.send("welcome").await;
        server.acknowledge(1).await;
        server
    });
    let mut timed = subscribed.unwrap();
    let push = async |timed: &mut Subscription<Timed>| {
        server.send("push /timed 1000,2000").await;
        timed.next().await.unwrap().unwrap();
    };
    push(&mut timed).await;
    let latency = connections.stats()[0].latency;
    assert_eq!(
        (latency.clock, latency.push_to_read, latency.event_to_read),
        (None, None, None)
    );
    assert_eq!(latency.event_to_push.unwrap().count, 1);
    assert_eq!(latency.read_to_delivery.unwrap().count, 1);
    // The clock is measured again after five minutes.
    *source.0.lock().unwrap() = Some(offset(0));
    let answer_pings = async {
        let mut server = Server(server.0);
        loop {
            server.receive().await;
            server.send("pong").await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(301), answer_pings).await;
    assert!(waited.is_err());
    assert!(connections.stats()[0].latency.clock.is_some());
}
