//! A rotation fails if its replacement connection fails or is refused a topic; the current connection stays open.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_session::{ConnectionRole, Failure, FailureStage, Input};

use crate::rotation_rig::{RotationRig, config};

use ConnectionRole::{Current, Replacement};

/// Live with `/a` and `/b`, and a replacement connection that subscribes both.
fn rotating() -> RotationRig {
    let mut two = RotationRig::live(&["/a", "/b"], config());
    assert!(two.session.rotate(two.now));
    two.connect(Replacement);
    two.poll();
    two
}

fn assert_live(two: &RotationRig, topics: &[&str]) {
    assert!(two.session.is_live());
    assert_eq!(two.session.epoch(Current), 1);
    for topic in topics {
        assert!(two.session.is_subscribed(&(*topic).to_owned()), "{topic}");
    }
    assert_eq!(two.session.wanted().collect::<Vec<_>>(), topics);
}

#[test]
fn topic_refused_on_the_replacement_fails_the_rotation() {
    let mut two = rotating();
    two.frame(Replacement, "ack 1");
    two.frame(Replacement, "refuse 2 404 topic /b is not found");
    two.expect(&[
        "replacement live /a",
        "replacement: hang up 1000",
        "failed: /b was refused on the replacement connection: topic /b is not found (code 404)",
    ]);
    assert_live(&two, &["/a", "/b"]);
    assert_eq!(two.wait(120_000), [""; 0]);
}

#[test]
fn topic_refused_while_draining_fails_the_rotation() {
    let mut two = rotating();
    two.frame(Replacement, "ack 1");
    two.frame(Replacement, "ack 2");
    two.after(1_000);
    two.poll();
    two.session.subscribe(two.now, "/c".to_owned());
    two.frame(Current, "ack 4");
    two.poll();
    two.frame(Replacement, "refuse 3 404 topic /c is not found");
    two.expect(&[
        "replacement: hang up 1000",
        "failed: /c was refused on the replacement connection: topic /c is not found (code 404)",
    ]);
    // The answer to the probe is ignored after the failure.
    two.frame(Current, "pong");
    two.expect(&[]);
    assert_live(&two, &["/a", "/b", "/c"]);
}

#[test]
fn second_refusal_by_a_failed_replacement_is_ignored() {
    let mut two = rotating();
    two.frame(Replacement, "refuse 1 404 topic /a is not found");
    two.frame(Replacement, "refuse 2 404 topic /b is not found");
    let lost = Failure::new(FailureStage::Live, RetryPolicy::Transient, "cut");
    two.session.handle(two.now, Replacement, Input::Lost(lost));
    two.expect(&[
        "replacement: hang up 1000",
        "failed: /a was refused on the replacement connection: topic /a is not found (code 404)",
    ]);
    assert_live(&two, &["/a", "/b"]);
}

#[test]
fn topic_refused_on_the_current_connection_keeps_the_rotation() {
    let mut two = rotating();
    two.frame(Replacement, "ack 1");
    two.frame(Replacement, "ack 2");
    two.session.subscribe(two.now, "/c".to_owned());
    two.frame(Current, "refuse 3 404 topic /c is not found");
    let actions = two.poll();
    assert!(!actions.iter().any(|action| action.starts_with("failed")));
    assert_eq!(two.wait(3_000), ["take over", "rotated", "overlap ended"]);
}

#[test]
fn failed_rotation_is_retried_with_growing_delay() {
    let mut config = config();
    config.rotate_every = Some(Duration::from_secs(600));
    let mut two = RotationRig::live(&["/a"], config);
    two.wait_for("replacement: fetch");
    for minutes in [1, 2, 4] {
        two.connect(Replacement);
        two.frame(Replacement, "refuse 1 404 topic /a is not found");
        let actions = two.poll();
        assert!(
            actions.iter().any(|action| action.starts_with("failed")),
            "{actions:?}"
        );
        assert!(two.session.is_subscribed(&"/a".to_owned()));
        let minute = Duration::from_secs(60);
        let waited = two.wait_for("replacement: fetch");
        assert!(
            waited >= minutes * minute && waited <= minutes * minute * 3 / 2,
            "{waited:?}"
        );
    }
    two.connect(Replacement);
    two.frame(Replacement, "ack 1");
    two.wait_for("take over");
    assert!(two.session.is_subscribed(&"/a".to_owned()));
    assert_eq!(two.session.epoch(Current), 2);
}

#[test]
fn topic_postponed_on_the_replacement_delays_the_handover() {
    let mut two = rotating();
    two.frame(Replacement, "ack 1");
    two.frame(Replacement, "refuse 2 500 system error");
    two.expect(&[
        "replacement live /a",
        "exception /b is refused temporarily on the replacement connection: system error",
    ]);
    two.after(999);
    two.expect(&[]);
    two.after(1);
    two.expect(&["replacement: send subscribe 3 /b"]);
    two.frame(Replacement, "ack 3");
    two.expect(&["replacement live /b"]);
    two.after(1_000);
    two.expect(&["send ping 3"]);
}

#[test]
fn topic_postponed_on_the_current_connection_delays_it() {
    let mut two = rotating();
    two.frame(Replacement, "ack 1");
    two.frame(Replacement, "ack 2");
    two.session.subscribe(two.now, "/c".to_owned());
    two.frame(Current, "refuse 3 500 system error");
    two.poll();
    assert_eq!(two.wait(1_000), ["send subscribe 4 /c"]);
    assert_eq!(two.wait(2_000), [""; 0]);
    two.frame(Current, "ack 4");
    two.expect(&["live /c", "replacement: send subscribe 3 /c"]);
    two.frame(Replacement, "ack 3");
    two.expect(&["replacement live /c"]);
    assert_eq!(two.wait(1_000), ["take over", "rotated"]);
}

#[test]
fn replacement_with_an_always_postponed_topic_fails() {
    let mut two = rotating();
    two.frame(Replacement, "ack 1");
    two.frame(Replacement, "refuse 2 500 system error");
    two.poll();
    let begin = two.now;
    let mut repeats = 0;
    let failed = loop {
        let deadline = two.session.deadline().unwrap();
        let step = deadline.saturating_duration_since(two.now).as_millis();
        let actions = two.wait(u64::try_from(step).unwrap().max(1));
        for action in &actions {
            if let Some(request) = action.strip_prefix("replacement: send subscribe ") {
                let (id, topic) = request.split_once(' ').unwrap();
                assert_eq!(topic, "/b");
                repeats += 1;
                two.frame(Replacement, &format!("refuse {id} 500 system error"));
            }
        }
        if let Some(failed) = actions.iter().find(|action| action.starts_with("failed")) {
            break failed.clone();
        }
    };
    assert_eq!(two.now - begin, Duration::from_secs(600));
    assert!((15..30).contains(&repeats), "{repeats} repeats");
    assert_eq!(
        failed,
        "failed: not every topic became live on the replacement connection in time"
    );
    assert_live(&two, &["/a", "/b"]);
}
