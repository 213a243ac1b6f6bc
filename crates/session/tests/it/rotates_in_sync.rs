//! A handover waits until both connections are in sync, up to a limit.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_session::{ConnectionRole, Failure, FailureStage, Input, SessionConfig};

use crate::rotation_rig::{RotationRig, config};

use ConnectionRole::{Current, Replacement};

/// Both connections are live, and one has delivered events that the other has not.
fn out_of_sync(config: SessionConfig) -> RotationRig {
    let mut two = RotationRig::live(&["/a"], config);
    two.prepare();
    two.session.set_in_sync(two.now, false);
    two.expect(&[]);
    two
}

#[test]
fn default_overlap_is_20_seconds_up_to_5_minutes() {
    let config = SessionConfig::default();
    assert_eq!(config.overlap, Duration::from_secs(20));
    assert_eq!(config.overlap_limit, Duration::from_secs(300));
}

#[test]
fn handover_waits_until_in_sync() {
    let mut two = out_of_sync(config());
    assert_eq!(two.wait(17_500), [""; 0]);
    two.session.set_in_sync(two.now, true);
    two.expect(&["send ping 2"]);
    two.frame(Current, "pong");
    two.expect(&["take over", "rotated"]);
}

#[test]
fn handover_in_sync_still_waits_for_the_overlap() {
    let mut two = out_of_sync(config());
    two.after(500);
    two.session.set_in_sync(two.now, true);
    two.after(499);
    two.expect(&[]);
    two.after(1);
    two.expect(&["send ping 2"]);
}

#[test]
fn handover_out_of_sync_continues_at_the_limit() {
    let mut config = config();
    config.overlap_limit = Duration::from_secs(60);
    let mut two = out_of_sync(config);
    assert_eq!(two.wait(59_999), [""; 0]);
    assert_eq!(two.wait(1), ["take over", "rotated"]);
}

#[test]
fn overlap_limit_is_at_least_the_overlap() {
    let mut config = config();
    config.overlap_limit = Duration::ZERO;
    let mut two = out_of_sync(config);
    two.after(999);
    two.expect(&[]);
    two.after(1);
    two.expect(&["send ping 2"]);
}

#[test]
fn each_rotation_starts_in_sync() {
    let mut config = config();
    config.overlap_limit = Duration::from_secs(30);
    let mut two = out_of_sync(config);
    assert_eq!(two.wait(40_000), ["take over", "rotated", "overlap ended"]);
    assert!(two.session.rotate(two.now));
    two.poll();
    two.connect(Replacement);
    two.frame(Replacement, "ack 1");
    two.poll();
    assert_eq!(two.wait(1_900), ["take over", "rotated"]);
}

#[test]
fn loss_of_the_current_connection_ends_the_comparison() {
    let mut two = out_of_sync(config());
    two.after(5_000);
    let lost = Failure::new(FailureStage::Live, RetryPolicy::Transient, "cut");
    two.session.handle(two.now, Current, Input::Lost(lost));
    let actions = two.poll();
    let lost = actions.iter().position(|action| action == "lost");
    let rotated = actions.iter().position(|action| action == "rotated");
    assert!(lost.is_some() && lost < rotated, "{actions:?}");
}

#[test]
fn full_buffer_ends_the_comparison() {
    let mut two = out_of_sync(config());
    two.session.buffer_full(two.now);
    two.expect(&["send ping 2"]);
    two.frame(Current, "pong");
    two.expect(&["take over", "rotated"]);
}

#[test]
fn topic_subscribed_meanwhile_restarts_the_comparison() {
    let mut config = config();
    config.overlap_limit = Duration::from_secs(10);
    let mut two = out_of_sync(config);
    two.after(9_000);
    two.session.subscribe(two.now, "/b".to_owned());
    two.frame(Current, "ack 2");
    two.frame(Replacement, "ack 2");
    two.poll();
    assert_eq!(two.wait(9_999), [""; 0]);
    two.wait_for("rotated");
}
