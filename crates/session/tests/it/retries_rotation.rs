//! A rotation fails if its replacement connection fails or is refused a topic; the current connection stays open.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_session::{ConnectionRole, Failure, FailureStage, Input};

use crate::rotation_rig::{RotationRig, config};

use ConnectionRole::{Current, Replacement};

/// Live with `/a` and `/b`, and a replacement connection that subscribes both.
fn rotating() -> RotationRig {
    let mut rig = RotationRig::live(&["/a", "/b"], config());
    assert!(rig.session.rotate(rig.now));
    rig.connect(Replacement);
    rig.poll();
    rig
}

fn assert_live(rig: &RotationRig, topics: &[&str]) {
    assert!(rig.session.is_live());
    assert_eq!(rig.session.epoch(Current), 1);
    for topic in topics {
        assert!(rig.session.is_subscribed(&(*topic).to_owned()), "{topic}");
    }
    assert_eq!(rig.session.wanted().collect::<Vec<_>>(), topics);
}

#[test]
fn topic_refused_on_the_replacement_fails_the_rotation() {
    let mut rig = rotating();
    rig.frame(Replacement, "ack 1");
    rig.frame(Replacement, "refuse 2 404 topic /b is not found");
    rig.expect(&[
        "replacement live /a",
        "replacement: hang up 1000",
        "failed: /b was refused on the replacement connection: topic /b is not found (code 404)",
    ]);
    assert_live(&rig, &["/a", "/b"]);
    assert_eq!(rig.wait(120_000), [""; 0]);
}

#[test]
fn topic_refused_while_draining_fails_the_rotation() {
    let mut rig = rotating();
    rig.frame(Replacement, "ack 1");
    rig.frame(Replacement, "ack 2");
    rig.after(1_000);
    rig.poll();
    rig.session.subscribe(rig.now, "/c".to_owned());
    rig.frame(Current, "ack 4");
    rig.poll();
    rig.frame(Replacement, "refuse 3 404 topic /c is not found");
    rig.expect(&[
        "replacement: hang up 1000",
        "failed: /c was refused on the replacement connection: topic /c is not found (code 404)",
    ]);
    // The answer to the probe is ignored after the failure.
    rig.frame(Current, "pong");
    rig.expect(&[]);
    assert_live(&rig, &["/a", "/b", "/c"]);
}

#[test]
fn second_refusal_by_a_failed_replacement_is_ignored() {
    let mut rig = rotating();
    rig.frame(Replacement, "refuse 1 404 topic /a is not found");
    rig.frame(Replacement, "refuse 2 404 topic /b is not found");
    let lost = Failure::new(FailureStage::Live, RetryPolicy::Transient, "cut");
    rig.session.handle(rig.now, Replacement, Input::Lost(lost));
    rig.expect(&[
        "replacement: hang up 1000",
        "failed: /a was refused on the replacement connection: topic /a is not found (code 404)",
    ]);
    assert_live(&rig, &["/a", "/b"]);
}

#[test]
fn topic_refused_on_the_current_connection_keeps_the_rotation() {
    let mut rig = rotating();
    rig.frame(Replacement, "ack 1");
    rig.frame(Replacement, "ack 2");
    rig.session.subscribe(rig.now, "/c".to_owned());
    rig.frame(Current, "refuse 3 404 topic /c is not found");
    let actions = rig.poll();
    assert!(!actions.iter().any(|action| action.starts_with("failed")));
    assert_eq!(rig.wait(3_000), ["take over", "rotated", "overlap ended"]);
}

#[test]
fn failed_rotation_is_retried_with_growing_delay() {
    let mut config = config();
    config.rotate_every = Some(Duration::from_secs(600));
    let mut rig = RotationRig::live(&["/a"], config);
    rig.wait_for("replacement: fetch");
    for minutes in [1, 2, 4] {
        rig.connect(Replacement);
        rig.frame(Replacement, "refuse 1 404 topic /a is not found");
        let actions = rig.poll();
        assert!(
            actions.iter().any(|action| action.starts_with("failed")),
            "{actions:?}"
        );
        assert!(rig.session.is_subscribed(&"/a".to_owned()));
        let minute = Duration::from_secs(60);
        let waited = rig.wait_for("replacement: fetch");
        assert!(
            waited >= minutes * minute && waited <= minutes * minute * 3 / 2,
            "{waited:?}"
        );
    }
    rig.connect(Replacement);
    rig.frame(Replacement, "ack 1");
    rig.wait_for("take over");
    assert!(rig.session.is_subscribed(&"/a".to_owned()));
    assert_eq!(rig.session.epoch(Current), 2);
}

#[test]
fn topic_postponed_on_the_replacement_delays_the_handover() {
    let mut rig = rotating();
    rig.frame(Replacement, "ack 1");
    rig.frame(Replacement, "refuse 2 500 system error");
    rig.expect(&[
        "replacement live /a",
        "exception /b is refused temporarily on the replacement connection: system error",
    ]);
    rig.after(999);
    rig.expect(&[]);
    rig.after(1);
    rig.expect(&["replacement: send subscribe 3 /b"]);
    rig.frame(Replacement, "ack 3");
    rig.expect(&["replacement live /b"]);
    rig.after(1_000);
    rig.expect(&["send ping 3"]);
}

#[test]
fn topic_postponed_on_the_current_connection_delays_it() {
    let mut rig = rotating();
    rig.frame(Replacement, "ack 1");
    rig.frame(Replacement, "ack 2");
    rig.session.subscribe(rig.now, "/c".to_owned());
    rig.frame(Current, "refuse 3 500 system error");
    rig.poll();
    assert_eq!(rig.wait(1_000), ["send subscribe 4 /c"]);
    assert_eq!(rig.wait(2_000), [""; 0]);
    rig.frame(Current, "ack 4");
    rig.expect(&["live /c", "replacement: send subscribe 3 /c"]);
    rig.frame(Replacement, "ack 3");
    rig.expect(&["replacement live /c"]);
    assert_eq!(rig.wait(1_000), ["take over", "rotated"]);
}

#[test]
fn replacement_with_an_always_postponed_topic_fails() {
    let mut rig = rotating();
    rig.frame(Replacement, "ack 1");
    rig.frame(Replacement, "refuse 2 500 system error");
    rig.poll();
    let begin = rig.now;
    let mut repeats = 0;
    let failed = loop {
        let deadline = rig.session.deadline().unwrap();
        let step = deadline.saturating_duration_since(rig.now).as_millis();
        let actions = rig.wait(u64::try_from(step).unwrap().max(1));
        for action in &actions {
            if let Some(request) = action.strip_prefix("replacement: send subscribe ") {
                let (id, topic) = request.split_once(' ').unwrap();
                assert_eq!(topic, "/b");
                repeats += 1;
                rig.frame(Replacement, &format!("refuse {id} 500 system error"));
            }
        }
        if let Some(failed) = actions.iter().find(|action| action.starts_with("failed")) {
            break failed.clone();
        }
    };
    assert_eq!(rig.now - begin, Duration::from_secs(600));
    assert!((15..30).contains(&repeats), "{repeats} repeats");
    assert_eq!(
        failed,
        "failed: not every topic became live on the replacement connection in time"
    );
    assert_live(&rig, &["/a", "/b"]);
}
