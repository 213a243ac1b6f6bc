//! Rotations with a fake clock: the actions on each connection, and the handover.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_session::{ConnectionRole, Failure, FailureStage, Input, SessionConfig};

use crate::rotation_rig::{RotationRig, config};

use ConnectionRole::{Current, Replacement};

#[test]
fn replacement_takes_over_after_the_probe_is_answered() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.after(999);
    two.expect(&[]);
    two.after(1);
    two.expect(&["send ping 2"]);
    two.frame(Current, "push /a");
    two.expect(&[]);
    two.frame(Current, "pong");
    two.expect(&["take over", "rotated"]);
    assert_eq!(two.session.epoch(Current), 2);
    // The new connection may still repeat events.
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.frame(Current, "pong");
    two.expect(&["overlap ended"]);
}

#[test]
fn failed_replacement_leaves_the_current_connection_alone() {
    let mut two = RotationRig::live(&["/a"], config());
    assert!(two.session.rotate(two.now));
    two.poll();
    let failure = Failure::new(FailureStage::Token, RetryPolicy::Transient, "no");
    two.session
        .handle(two.now, Replacement, Input::ConnectionInfo(Err(failure)));
    let actions = two.poll();
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
    assert!(two.session.is_live());
    assert_eq!(two.session.epoch(Current), 1);
}

#[test]
fn loss_in_a_handover_is_reported_before_the_take_over() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    let lost = Failure::new(FailureStage::Live, RetryPolicy::Transient, "reset");
    two.session.handle(two.now, Current, Input::Lost(lost));
    let actions = two.poll();
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
    assert!(two.session.is_live());
}

#[test]
fn rotation_waits_for_a_topic_subscribed_meanwhile() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.session.subscribe(two.now, "/b".to_owned());
    two.expect(&["send subscribe 2 /b"]);
    two.after(4_000);
    two.expect(&[]);
    two.frame(Current, "ack 2");
    two.expect(&["live /b", "replacement: send subscribe 2 /b"]);
    two.after(4_000);
    two.expect(&[]);
    two.frame(Replacement, "ack 2");
    two.expect(&["replacement live /b"]);
    two.after(1_000);
    two.expect(&["send ping 3"]);
}

#[test]
fn topic_subscribed_while_draining_needs_another_probe() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.session.subscribe(two.now, "/b".to_owned());
    two.frame(Current, "pong");
    two.expect(&["send subscribe 3 /b"]);
    two.frame(Current, "ack 3");
    two.expect(&["live /b", "replacement: send subscribe 2 /b"]);
    two.frame(Replacement, "ack 2");
    two.expect(&["replacement live /b"]);
    // A ping too soon after the last answered one is not answered.
    two.after(999);
    two.expect(&[]);
    two.after(1);
    two.expect(&["send ping 4"]);
    two.frame(Current, "pong");
    two.expect(&["take over", "rotated"]);
}

#[test]
fn unanswered_probe_is_repeated_while_events_come() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.after(1_000);
    two.expect(&["send ping 2"]);
    for ping in ["send ping 3", "send ping 4"] {
        two.after(5_000);
        two.frame(Current, "push /a");
        two.after(5_000);
        let actions = two.poll();
        assert_eq!(
            actions.last().map(String::as_str),
            Some(ping),
            "{actions:?}"
        );
    }
    two.frame(Current, "pong");
    two.frame(Current, "pong");
    two.frame(Current, "pong");
    two.expect(&["take over", "rotated"]);

    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.after(10_000);
    assert!(
        two.poll().iter().any(|actions| actions == "lost"),
        "silence is a loss"
    );
}

#[test]
fn topic_subscribed_again_is_so_on_the_replacement_too() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.session.subscribe(two.now, "/b".to_owned());
    two.frame(Current, "ack 2");
    two.expect(&[
        "send subscribe 2 /b",
        "live /b",
        "replacement: send subscribe 2 /b",
    ]);
    two.session.unsubscribe(two.now, &"/b".to_owned());
    two.frame(Current, "ack 3");
    two.session.subscribe(two.now, "/b".to_owned());
    two.frame(Current, "ack 4");
    two.expect(&[
        "send unsubscribe 3 /b",
        "ended /b",
        "send subscribe 4 /b",
        "live /b",
    ]);
    // Frames of the first subscription do not belong to the second.
    two.frame(Replacement, "ack 2");
    two.expect(&["replacement: send unsubscribe 3 /b"]);
    two.frame(Replacement, "ack 3");
    two.expect(&["replacement: send subscribe 4 /b"]);
    two.after(2_000);
    two.expect(&[]);
    two.frame(Replacement, "ack 4");
    two.expect(&["replacement live /b"]);
    two.after(1_000);
    two.expect(&["send ping 5"]);
}

#[test]
fn connection_with_an_unanswered_probe_is_lost() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.after(9_000);
    two.session.reading_paused(two.now, Current);
    two.after(9_999);
    // Only the heartbeats.
    two.expect(&["send ping 3", "replacement: send ping 2"]);
    two.after(1);
    let actions = two.poll();
    assert_eq!(actions[..2], ["hang up 1000", "lost"], "{actions:?}");
    let rest = ["take over", "live /a", "rotated"];
    assert_eq!(actions[actions.len() - 3..], rest, "{actions:?}");
}

#[test]
fn pong_of_the_heartbeat_does_not_answer_the_probe() {
    let mut two = RotationRig::live(&["/a"], config());
    two.after(17_500);
    two.prepare();
    two.after(500);
    two.expect(&["send ping 2"]);
    two.after(1_999);
    two.expect(&[]);
    two.after(1);
    two.expect(&["send ping 3"]);
    two.frame(Current, "pong");
    two.expect(&[]);
    two.frame(Current, "pong");
    two.expect(&["take over", "rotated"]);
}

#[test]
fn full_buffer_speeds_up_or_fails_the_rotation() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.session.buffer_full(two.now);
    two.expect(&["send ping 2"]);
    two.session.buffer_full(two.now);
    two.expect(&[]);

    let mut two = RotationRig::live(&["/a"], config());
    assert!(two.session.rotate(two.now));
    two.connect(Replacement);
    two.poll();
    two.session.buffer_full(two.now);
    let actions = two.poll();
    assert_eq!(actions[0], "replacement: hang up 1000");
    assert!(
        actions[1].starts_with("failed: the replacement connection delivered more events"),
        "{actions:?}"
    );
    assert!(two.session.is_live());
}

#[test]
fn second_rotation_waits_for_the_end_of_the_overlap() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.after(1_000);
    two.frame(Current, "pong");
    two.poll();
    assert!(two.session.rotate(two.now));
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.frame(Current, "pong");
    two.expect(&["overlap ended", "replacement: fetch"]);
}

#[test]
fn close_closes_the_replacement() {
    let mut two = RotationRig::live(&["/a"], config());
    two.prepare();
    two.session.close(two.now);
    two.expect(&["replacement: hang up 1000", "send unsubscribe 2 /a"]);
    two.frame(Current, "ack 2");
    two.expect(&["ended /a", "hang up 1000", "closed: closed by the user"]);
    assert!(!two.session.rotate(two.now));
}

#[test]
fn rotation_starts_within_23_hours_unless_disabled() {
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let mut config = SessionConfig::default();
    config.rotate_every = Some(hours(23));
    let mut two = RotationRig::live(&["/a"], config);
    let begin = two.now;
    let rotated = loop {
        // Answer pings for a day.
        let Some(next) = two.session.deadline() else {
            panic!("a live connection has a deadline")
        };
        two.now = next.max(two.now);
        two.session.tick(two.now);
        let actions = two.poll();
        if actions
            .iter()
            .any(|actions| actions == "replacement: fetch")
        {
            break two.now - begin;
        }
        if actions
            .iter()
            .any(|actions| actions.starts_with("send ping"))
        {
            two.frame(Current, "pong");
        }
    };
    assert!(
        rotated > hours(22) - Duration::from_secs(1) && rotated <= hours(23),
        "{rotated:?}"
    );

    let mut config = SessionConfig::default();
    config.rotate_every = None;
    let two = RotationRig::live(&["/a"], config);
    let next = two.session.deadline().unwrap() - two.now;
    assert!(
        next <= Duration::from_secs(18),
        "only the heartbeat: {next:?}"
    );
}
