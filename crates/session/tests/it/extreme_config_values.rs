//! Extreme numbers from a server or in the settings overflow no deadline and keep no stream down for long.

use std::time::Duration;

use kucoin_streams_core::{ConnectionInfo, Heartbeat, RetryPolicy, SecretUrl};
use kucoin_streams_session::{ConnectionRole, RotatingSession, SessionConfig};

use crate::rig::{Plain, Rig};

/// `Retry-After` values in seconds that a server may send.
const EXTREME: [u64; 4] = [86_400, i64::MAX as u64, u64::MAX / 1_000, u64::MAX];

#[test]
fn extreme_retry_after_is_capped_at_five_minutes() {
    for seconds in EXTREME {
        let wait = Duration::from_secs(seconds);
        for retry_policy in [
            RetryPolicy::Throttled(Some(wait)),
            RetryPolicy::Postponed {
                least: wait,
                most: Duration::MAX,
            },
        ] {
            let mut rig = Rig::live(&["/a"]);
            rig.lost().poll();
            rig.reach_deadline();
            rig.refuse_info(retry_policy);
            let waited = rig.reach_deadline();
            let range = Duration::from_secs(300)..=Duration::from_secs(330);
            assert!(range.contains(&waited), "{retry_policy:?}: {waited:?}");
            assert!(rig.poll().contains(&"fetch".to_owned()));
        }
    }
}

#[test]
fn extreme_heartbeat_detects_a_dead_peer_within_two_minutes() {
    let extreme = Heartbeat::new(Duration::MAX, Duration::MAX);
    for welcome in ["welcome", "welcome 18446744073709551615"] {
        let mut rig = Rig::new();
        rig.subscribe("/a").poll();
        let info = ConnectionInfo::new(SecretUrl::new("wss://host/?token=1"));
        rig.give(info.with_heartbeat(extreme))
            .dialled()
            .frame(welcome);
        let live = rig.now;
        rig.frame("ack 1").poll();
        while rig.session.is_live() {
            rig.reach_deadline();
        }
        let noticed = rig.now - live;
        assert!(noticed <= Duration::from_secs(120), "{noticed:?}");
    }
}

/// Returns settings with the longest possible times.
fn endless() -> SessionConfig {
    let mut config = SessionConfig::default();
    for time in [
        &mut config.token_timeout,
        &mut config.dial_timeout,
        &mut config.welcome_timeout,
        &mut config.ack_timeout,
        &mut config.close_timeout,
        &mut config.healthy_after,
        &mut config.overlap,
    ] {
        *time = Duration::MAX;
    }
    config.backoff.base = Duration::MAX;
    config.backoff.cap = Duration::MAX;
    config.heartbeat = Heartbeat::new(Duration::MAX, Duration::MAX);
    config.rotate_every = Some(Duration::MAX);
    config.first_rotation_after = Some(Duration::MAX);
    config
}

#[test]
fn endless_timeouts_overflow_no_deadline() {
    let mut rig = Rig::with(endless(), 1);
    rig.subscribe("/a").poll();
    for _ in 0..3 {
        rig.info().dialled().frame("welcome").poll();
        rig.after(60_000);
        rig.lost_by(RetryPolicy::Throttled(Some(Duration::MAX)))
            .poll();
        rig.reach_deadline();
        rig.poll();
    }
    rig.session.close(rig.now);
}

#[test]
fn endless_rotation_times_overflow_no_deadline() {
    let now = std::time::Instant::now();
    let mut session = RotatingSession::<Plain>::new(endless(), 1);
    session.open(now);
    let url = SecretUrl::new("wss://host/?token=1");
    let info = kucoin_streams_session::Input::ConnectionInfo(Ok(ConnectionInfo::new(url)));
    session.handle(now, ConnectionRole::Current, info);
    session.handle(
        now,
        ConnectionRole::Current,
        kucoin_streams_session::Input::Dialled(Ok(())),
    );
    session.frame(now, ConnectionRole::Current, "welcome");
    assert!(session.is_live() && session.rotate(now));
    session.reading_paused(now, ConnectionRole::Current);
    assert!(session.deadline().is_some());
}
