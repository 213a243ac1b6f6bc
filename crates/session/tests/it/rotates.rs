//! Rotations with a fake clock: the actions on each connection, and the handover.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_session::{ConnectionRole, Failure, FailureStage, Input, SessionConfig};

use crate::rotation_rig::{RotationRig, config};

use ConnectionRole::{Current, Replacement};

#[test]
fn replacement_takes_over_after_the_probe_is_answered() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.after(999);
    rig.expect(&[]);
    rig.after(1);
    rig.expect(&["send ping 2"]);
    rig.frame(Current, "push /a");
    rig.expect(&[]);
    rig.frame(Current, "pong");
    rig.expect(&["take over", "rotated"]);
    assert_eq!(rig.session.epoch(Current), 2);
    // The new connection may still repeat events.
    rig.after(1_000);
    rig.expect(&["send ping 2"]);
    rig.frame(Current, "pong");
    rig.expect(&["overlap ended"]);
}

#[test]
fn failed_replacement_leaves_the_current_connection_alone() {
    let mut rig = RotationRig::live(&["/a"], config());
    assert!(rig.session.rotate(rig.now));
    rig.poll();
    let failure = Failure::new(FailureStage::Token, RetryPolicy::Transient, "no");
    rig.session
        .handle(rig.now, Replacement, Input::ConnectionInfo(Err(failure)));
    let actions = rig.poll();
    assert!(
        actions
            .iter()
            .any(|actions| actions.starts_with("failed: ")),
        "{actions:?}"
    );
    assert!(
        !actions
            .iter()
            .any(|actions| actions.starts_with("lost") || actions.starts_with("reconnect")),
        "{actions:?}"
    );
    assert!(rig.session.is_live());
    assert_eq!(rig.session.epoch(Current), 1);
}

#[test]
fn loss_in_a_handover_is_reported_before_the_take_over() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    let lost = Failure::new(FailureStage::Live, RetryPolicy::Transient, "reset");
    rig.session.handle(rig.now, Current, Input::Lost(lost));
    let actions = rig.poll();
    let place = |wanted: &str| {
        actions
            .iter()
            .position(|actions| actions.starts_with(wanted))
            .unwrap()
    };
    assert!(place("lost") < place("take over"), "{actions:?}");
    assert!(place("take over") < place("rotated"), "{actions:?}");
    assert!(
        actions.iter().any(|actions| actions == "live /a"),
        "the outage ends: {actions:?}"
    );
    assert!(rig.session.is_live());
}

#[test]
fn rotation_waits_for_a_topic_subscribed_meanwhile() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.session.subscribe(rig.now, "/b".to_owned());
    rig.expect(&["send subscribe 2 /b"]);
    rig.after(4_000);
    rig.expect(&[]);
    rig.frame(Current, "ack 2");
    rig.expect(&["live /b", "replacement: send subscribe 2 /b"]);
    rig.after(4_000);
    rig.expect(&[]);
    rig.frame(Replacement, "ack 2");
    rig.expect(&["replacement live /b"]);
    rig.after(1_000);
    rig.expect(&["send ping 3"]);
}

#[test]
fn topic_subscribed_while_draining_needs_another_probe() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.after(1_000);
    rig.expect(&["send ping 2"]);
    rig.session.subscribe(rig.now, "/b".to_owned());
    rig.frame(Current, "pong");
    rig.expect(&["send subscribe 3 /b"]);
    rig.frame(Current, "ack 3");
    rig.expect(&["live /b", "replacement: send subscribe 2 /b"]);
    rig.frame(Replacement, "ack 2");
    rig.expect(&["replacement live /b"]);
    // A ping too soon after the last answered one is not answered.
    rig.after(999);
    rig.expect(&[]);
    rig.after(1);
    rig.expect(&["send ping 4"]);
    rig.frame(Current, "pong");
    rig.expect(&["take over", "rotated"]);
}

#[test]
fn unanswered_probe_is_repeated_while_events_come() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.after(1_000);
    rig.expect(&["send ping 2"]);
    for ping in ["send ping 3", "send ping 4"] {
        rig.after(5_000);
        rig.frame(Current, "push /a");
        rig.after(5_000);
        let actions = rig.poll();
        assert_eq!(
            actions.last().map(String::as_str),
            Some(ping),
            "{actions:?}"
        );
    }
    rig.frame(Current, "pong");
    rig.frame(Current, "pong");
    rig.frame(Current, "pong");
    rig.expect(&["take over", "rotated"]);

    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.after(1_000);
    rig.expect(&["send ping 2"]);
    rig.after(10_000);
    assert!(
        rig.poll().iter().any(|actions| actions == "lost"),
        "silence is a loss"
    );
}

#[test]
fn resubscribed_topic_is_resubscribed_on_the_replacement() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.session.subscribe(rig.now, "/b".to_owned());
    rig.frame(Current, "ack 2");
    rig.expect(&[
        "send subscribe 2 /b",
        "live /b",
        "replacement: send subscribe 2 /b",
    ]);
    rig.session.unsubscribe(rig.now, &"/b".to_owned());
    rig.frame(Current, "ack 3");
    rig.session.subscribe(rig.now, "/b".to_owned());
    rig.frame(Current, "ack 4");
    rig.expect(&[
        "send unsubscribe 3 /b",
        "ended /b",
        "send subscribe 4 /b",
        "live /b",
    ]);
    // Frames of the first subscription do not belong to the second.
    rig.frame(Replacement, "ack 2");
    rig.expect(&["replacement: send unsubscribe 3 /b"]);
    rig.frame(Replacement, "ack 3");
    rig.expect(&["replacement: send subscribe 4 /b"]);
    rig.after(2_000);
    rig.expect(&[]);
    rig.frame(Replacement, "ack 4");
    rig.expect(&["replacement live /b"]);
    rig.after(1_000);
    rig.expect(&["send ping 5"]);
}

#[test]
fn connection_with_an_unanswered_probe_is_lost() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.after(1_000);
    rig.expect(&["send ping 2"]);
    rig.after(9_000);
    rig.session.reading_paused(rig.now, Current);
    rig.after(9_999);
    // Only the heartbeats.
    rig.expect(&["send ping 3", "replacement: send ping 2"]);
    rig.after(1);
    let actions = rig.poll();
    assert_eq!(actions[..2], ["hang up 1000", "lost"], "{actions:?}");
    let rest = ["take over", "live /a", "rotated"];
    assert_eq!(actions[actions.len() - 3..], rest, "{actions:?}");
}

#[test]
fn pong_of_the_heartbeat_does_not_answer_the_probe() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.after(17_500);
    rig.prepare();
    rig.after(500);
    rig.expect(&["send ping 2"]);
    rig.after(1_999);
    rig.expect(&[]);
    rig.after(1);
    rig.expect(&["send ping 3"]);
    rig.frame(Current, "pong");
    rig.expect(&[]);
    rig.frame(Current, "pong");
    rig.expect(&["take over", "rotated"]);
}

#[test]
fn full_buffer_speeds_up_or_fails_the_rotation() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.session.buffer_full(rig.now);
    rig.expect(&["send ping 2"]);
    rig.session.buffer_full(rig.now);
    rig.expect(&[]);

    let mut rig = RotationRig::live(&["/a"], config());
    assert!(rig.session.rotate(rig.now));
    rig.connect(Replacement);
    rig.poll();
    rig.session.buffer_full(rig.now);
    let actions = rig.poll();
    assert_eq!(actions[0], "replacement: hang up 1000");
    assert!(
        actions[1].starts_with("failed: the replacement connection delivered more events"),
        "{actions:?}"
    );
    assert!(rig.session.is_live());
}

#[test]
fn second_rotation_waits_for_the_end_of_the_overlap() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.after(1_000);
    rig.frame(Current, "pong");
    rig.poll();
    assert!(rig.session.rotate(rig.now));
    rig.after(1_000);
    rig.expect(&["send ping 2"]);
    rig.frame(Current, "pong");
    rig.expect(&["overlap ended", "replacement: fetch"]);
}

#[test]
fn close_closes_the_replacement() {
    let mut rig = RotationRig::live(&["/a"], config());
    rig.prepare();
    rig.session.close(rig.now);
    rig.expect(&["replacement: hang up 1000", "send unsubscribe 2 /a"]);
    rig.frame(Current, "ack 2");
    rig.expect(&["ended /a", "hang up 1000", "closed: closed by the user"]);
    assert!(!rig.session.rotate(rig.now));
}

/// Answers pings until a rotation starts, and returns how long that took.
fn until_rotation(rig: &mut RotationRig) -> Duration {
    let begin = rig.now;
    loop {
        let Some(next) = rig.session.deadline() else {
            panic!("a live connection has a deadline")
        };
        rig.now = next.max(rig.now);
        rig.session.tick(rig.now);
        let actions = rig.poll();
        let is_any = |start: &str| actions.iter().any(|action| action.starts_with(start));
        if is_any("replacement: fetch") {
            return rig.now - begin;
        }
        if is_any("send ping") {
            rig.frame(Current, "pong");
        }
    }
}

#[test]
fn rotation_starts_within_23_hours_unless_disabled() {
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let mut config = SessionConfig::default();
    config.rotate_every = Some(hours(23));
    let rotated = until_rotation(&mut RotationRig::live(&["/a"], config));
    assert!(
        rotated > hours(22) - Duration::from_secs(1) && rotated <= hours(23),
        "{rotated:?}"
    );

    let mut config = SessionConfig::default();
    config.rotate_every = None;
    let rig = RotationRig::live(&["/a"], config);
    let next = rig.session.deadline().unwrap() - rig.now;
    assert!(
        next <= Duration::from_secs(18),
        "only the heartbeat: {next:?}"
    );
}

#[test]
fn first_rotation_starts_at_its_own_time() {
    let mut config = SessionConfig::default();
    config.first_rotation_after = Some(Duration::from_secs(1_000));
    let rotated = until_rotation(&mut RotationRig::live(&["/a"], config));
    assert_eq!(rotated, Duration::from_secs(1_000));
}
