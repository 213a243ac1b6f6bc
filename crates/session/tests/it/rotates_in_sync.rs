//! A handover waits until both connections are in sync, up to a limit.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_session::{ConnectionRole, Failure, FailureStage, Input, SessionConfig};

use crate::rotation_rig::{RotationRig, config};

use ConnectionRole::{Current, Replacement};

/// Both connections are live, and one has delivered events that the other has not.
fn out_of_sync(config: SessionConfig) -> RotationRig {
    let mut rig = RotationRig::live(&["/a"], config);
    rig.prepare();
    rig.session.set_in_sync(rig.now, false);
    rig.expect(&[]);
    rig
}

#[test]
fn default_overlap_is_20_seconds_up_to_5_minutes() {
    let config = SessionConfig::default();
    assert_eq!(config.overlap, Duration::from_secs(20));
    assert_eq!(config.overlap_limit, Duration::from_secs(300));
}

#[test]
fn handover_waits_until_in_sync() {
    let mut rig = out_of_sync(config());
    assert_eq!(rig.wait(17_500), [""; 0]);
    rig.session.set_in_sync(rig.now, true);
    rig.expect(&["send ping 2"]);
    rig.frame(Current, "pong");
    rig.expect(&["take over", "rotated"]);
}

#[test]
fn handover_in_sync_still_waits_for_the_overlap() {
    let mut rig = out_of_sync(config());
    rig.after(500);
    rig.session.set_in_sync(rig.now, true);
    rig.after(499);
    rig.expect(&[]);
    rig.after(1);
    rig.expect(&["send ping 2"]);
}

#[test]
fn handover_out_of_sync_continues_at_the_limit() {
    let mut config = config();
    config.overlap_limit = Duration::from_secs(60);
    let mut rig = out_of_sync(config);
    assert_eq!(rig.wait(59_999), [""; 0]);
    assert_eq!(rig.wait(1), ["take over", "rotated"]);
}

#[test]
fn overlap_limit_is_at_least_the_overlap() {
    let mut config = config();
    config.overlap_limit = Duration::ZERO;
    let mut rig = out_of_sync(config);
    rig.after(999);
    rig.expect(&[]);
    rig.after(1);
    rig.expect(&["send ping 2"]);
}

#[test]
fn each_rotation_starts_in_sync() {
    let mut config = config();
    config.overlap_limit = Duration::from_secs(30);
    let mut rig = out_of_sync(config);
    assert_eq!(rig.wait(40_000), ["take over", "rotated", "overlap ended"]);
    assert!(rig.session.rotate(rig.now));
    rig.poll();
    rig.connect(Replacement);
    rig.frame(Replacement, "ack 1");
    rig.poll();
    assert_eq!(rig.wait(1_900), ["take over", "rotated"]);
}

#[test]
fn loss_of_the_current_connection_ends_the_comparison() {
    let mut rig = out_of_sync(config());
    rig.after(5_000);
    let lost = Failure::new(FailureStage::Live, RetryPolicy::Transient, "cut");
    rig.session.handle(rig.now, Current, Input::Lost(lost));
    let actions = rig.poll();
    let lost = actions.iter().position(|action| action == "lost");
    let rotated = actions.iter().position(|action| action == "rotated");
    assert!(lost.is_some() && lost < rotated, "{actions:?}");
}

#[test]
fn full_buffer_ends_the_comparison() {
    let mut rig = out_of_sync(config());
    rig.session.buffer_full(rig.now);
    rig.expect(&["send ping 2"]);
    rig.frame(Current, "pong");
    rig.expect(&["take over", "rotated"]);
}

#[test]
fn topic_subscribed_meanwhile_restarts_the_comparison() {
    let mut config = config();
    config.overlap_limit = Duration::from_secs(10);
    let mut rig = out_of_sync(config);
    rig.after(9_000);
    rig.session.subscribe(rig.now, "/b".to_owned());
    rig.frame(Current, "ack 2");
    rig.frame(Replacement, "ack 2");
    rig.poll();
    assert_eq!(rig.wait(9_999), [""; 0]);
    rig.wait_for("rotated");
}
