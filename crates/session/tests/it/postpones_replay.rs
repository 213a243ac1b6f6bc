//! After a loss, `Reconnected` waits for temporarily refused topics, up to a limit.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_session::{ConnectionRole, Failure, FailureStage, Input, SessionConfig};

use crate::postpones_requests::{refuse_for, subscribe_id};
use crate::rig::Rig;
use crate::rotation_rig::{RotationRig, config};

/// Waits up to 31 s for the next subscribe frame. Returns its ID.
#[track_caller]
fn next_repeat(rig: &mut Rig) -> String {
    for _ in 0..31_000 {
        let actions = rig.wait(1);
        if !actions.is_empty() {
            return subscribe_id(&actions);
        }
    }
    panic!("the topic is not retried");
}

/// Returns the actions without the retries of a postponed topic.
fn without_repeats(actions: Vec<String>) -> Vec<String> {
    let is_repeat =
        |action: &String| action.starts_with("postponed") || action.starts_with("send subscribe");
    actions
        .into_iter()
        .filter(|action| !is_repeat(action))
        .collect()
}

/// Returns a reconnected session: `/a` is refused temporarily, all other topics are live.
fn reconnecting(topics: &[&str]) -> Rig {
    let mut rig = Rig::live(topics);
    rig.lost().connect();
    for action in rig.poll() {
        let Some(request) = action.strip_prefix("send subscribe ") else {
            continue;
        };
        match request.split_once(' ').unwrap() {
            (id, "/a") => rig.frame(&format!("refuse {id} 500 system error")),
            (id, _) => rig.frame(&format!("ack {id}")),
        };
    }
    let actions = rig.poll();
    assert!(
        actions.contains(&"postponed /a 1s 500 system error".to_owned()),
        "{actions:?}"
    );
    assert!(
        !actions
            .iter()
            .any(|action| action.starts_with("reconnected"))
    );
    rig
}

#[test]
fn reconnected_waits_for_a_postponed_topic() {
    let mut rig = reconnecting(&["/a", "/b"]);
    let id = subscribe_id(&rig.wait(1_000));
    rig.frame(&format!("ack {id}"));
    let actions = rig.poll();
    assert_eq!(actions[0], "live /a");
    assert!(
        actions[1].starts_with("reconnected ") && actions[1].ends_with("ms 0"),
        "{actions:?}"
    );
}

#[test]
fn reconnected_at_the_limit_counts_a_postponed_topic() {
    let mut rig = reconnecting(&["/a", "/b"]);
    assert_eq!(without_repeats(refuse_for(&mut rig, "/a", 29_999)), [""; 0]);
    let down = (rig.now - rig.start).as_millis() + 1;
    let actions = without_repeats(refuse_for(&mut rig, "/a", 1));
    assert_eq!(actions, [format!("reconnected {down}ms 1")]);
    // It is retried nevertheless.
    let id = next_repeat(&mut rig);
    rig.frame(&format!("ack {id}")).expect(&["live /a"]);
}

#[test]
fn limit_of_a_replay_counts_from_its_first_refusal() {
    let mut rig = reconnecting(&["/a", "/b"]);
    // A new topic that is refused temporarily does not move the limit.
    assert_eq!(without_repeats(refuse_for(&mut rig, "", 20_000)), [""; 0]);
    rig.subscribe("/new");
    let id = subscribe_id(&rig.poll());
    rig.frame(&format!("refuse {id} 500 system error")).poll();
    let actions = without_repeats(refuse_for(&mut rig, "", 10_000));
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert!(actions[0].ends_with("ms 1"), "{actions:?}");
}

#[test]
fn later_refusal_of_another_topic_does_not_move_the_limit() {
    let mut rig = Rig::live(&["/a", "/b", "/c"]);
    rig.lost().connect().poll();
    rig.frame("refuse 4 500 system error").frame("ack 6").poll();
    // The answer for /b is late.
    assert_eq!(without_repeats(refuse_for(&mut rig, "/a", 4_000)), [""; 0]);
    rig.frame("refuse 5 500 system error").poll();
    assert_eq!(without_repeats(refuse_for(&mut rig, "", 25_999)), [""; 0]);
    let actions = without_repeats(refuse_for(&mut rig, "", 1));
    assert!(actions[0].ends_with("ms 2"), "{actions:?}");
}

#[test]
fn limit_expires_once_per_replay() {
    let mut rig = reconnecting(&["/a"]);
    assert_eq!(without_repeats(refuse_for(&mut rig, "", 60_000)), [""; 0]);
    rig.subscribe("/c");
    let id = subscribe_id(&rig.poll());
    rig.frame(&format!("ack {id}"));
    let actions = rig.poll();
    assert_eq!(actions[0], "live /c");
    assert!(actions[1].ends_with("ms 1"), "{actions:?}");
}

#[test]
fn configured_limit_is_used() {
    let mut config = SessionConfig::default();
    config.postponed_limit = Duration::from_secs(5);
    let mut rig = Rig::with(config, 1);
    rig.subscribe("/a").subscribe("/b").connect();
    rig.frame("ack 1").frame("ack 2").poll();
    rig.lost().connect().poll();
    rig.frame("refuse 3 500 system error").frame("ack 4").poll();
    assert_eq!(without_repeats(refuse_for(&mut rig, "/a", 4_999)), [""; 0]);
    let actions = without_repeats(refuse_for(&mut rig, "/a", 1));
    assert!(actions[0].starts_with("reconnected"), "{actions:?}");
}

#[test]
fn unsubscribed_postponed_topic_is_counted_at_the_limit() {
    let mut rig = reconnecting(&["/a", "/b"]);
    rig.unsubscribe("/a").expect(&["ended /a"]);
    assert_eq!(rig.wait(29_999), [""; 0]);
    let actions = rig.wait(1);
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert!(
        actions[0].starts_with("reconnected ") && actions[0].ends_with("ms 1"),
        "{actions:?}"
    );
}

#[test]
fn retry_in_flight_of_an_unsubscribed_topic_changes_nothing() {
    let mut rig = reconnecting(&["/a", "/b"]);
    let id = subscribe_id(&rig.wait(1_000));
    rig.unsubscribe("/a").expect(&[]);
    rig.frame(&format!("ack {id}"));
    let actions = rig.poll();
    assert!(
        actions.len() == 1 && actions[0].starts_with("send unsubscribe "),
        "{actions:?}"
    );
    let id = actions[0].split(' ').nth(2).unwrap();
    rig.frame(&format!("ack {id}")).expect(&["ended /a"]);
    assert_eq!(rig.wait(28_999), [""; 0]);
    assert!(rig.wait(1)[0].ends_with("ms 1"));
}

#[test]
fn reconnected_needs_a_live_topic_after_a_refusal() {
    let mut rig = reconnecting(&["/a"]);
    rig.unsubscribe("/a").expect(&["ended /a"]);
    assert_eq!(rig.wait(600_000), [""; 0]);
    rig.subscribe("/c");
    let id = subscribe_id(&rig.poll());
    rig.frame(&format!("ack {id}"));
    let actions = rig.poll();
    assert_eq!(actions[0], "live /c");
    assert!(
        actions[1].starts_with("reconnected ") && actions[1].ends_with("ms 1"),
        "{actions:?}"
    );
}

#[test]
fn reconnected_waits_for_unsubscribed_postponed_topic() {
    let mut rig = reconnecting(&["/a"]);
    rig.unsubscribe("/a").expect(&["ended /a"]);
    rig.subscribe("/c");
    let id = subscribe_id(&rig.poll());
    rig.frame(&format!("ack {id}")).expect(&["live /c"]);
    assert_eq!(rig.wait(29_999), [""; 0]);
    assert!(rig.wait(1)[0].ends_with("ms 1"));
}

#[test]
fn single_postponed_topic_delays_reconnected_beyond_the_limit() {
    let mut rig = reconnecting(&["/a"]);
    assert_eq!(
        without_repeats(refuse_for(&mut rig, "/a", 300_000)),
        [""; 0]
    );
    let id = next_repeat(&mut rig);
    rig.frame(&format!("ack {id}"));
    let actions = rig.poll();
    assert_eq!(actions[0], "live /a");
    assert!(actions[1].ends_with("ms 0"), "{actions:?}");
}

#[test]
fn loss_while_a_topic_is_postponed_restarts_the_replay() {
    let mut rig = reconnecting(&["/a", "/b"]);
    rig.unsubscribe("/a").poll();
    rig.lost().connect();
    let id = subscribe_id(&rig.poll());
    rig.frame(&format!("ack {id}"));
    let actions = rig.poll();
    assert!(
        actions[1].starts_with("reconnected ") && actions[1].ends_with("ms 0"),
        "the refusal was on the old connection: {actions:?}"
    );
}

#[test]
fn rotation_waits_for_the_end_of_a_replay() {
    let mut rig = RotationRig::live(&["/a", "/b"], config());
    let lost = Failure::new(FailureStage::Live, RetryPolicy::Transient, "cut");
    rig.session
        .handle(rig.now, ConnectionRole::Current, Input::Lost(lost));
    rig.wait_for("fetch");
    rig.connect(ConnectionRole::Current);
    rig.frame(ConnectionRole::Current, "refuse 3 500 system error");
    rig.frame(ConnectionRole::Current, "ack 4");
    rig.poll();
    assert!(!rig.session.rotate(rig.now));
    assert_eq!(rig.wait(1_000), ["send subscribe 5 /a"]);
    rig.frame(ConnectionRole::Current, "ack 5");
    assert!(rig.session.rotate(rig.now));
}
