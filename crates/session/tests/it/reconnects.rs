//! After a loss: a new token, every topic again, and `reconnected` only after all are live.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_session::{Action, SessionEvent};

use crate::rig::Rig;

#[test]
fn reconnected_follows_the_last_acknowledgement() {
    let mut rig = Rig::live(&["/a", "/b"]);
    rig.lost()
        .expect(&["hang up 1000", "lost", "reconnect 1 live cut"]);
    rig.reach_deadline();
    rig.expect(&["fetch"]);
    rig.info().expect(&["dial 2"]);
    rig.dialled().frame("welcome");
    rig.expect(&["send subscribe 3 /a", "send subscribe 4 /b"]);
    rig.frame("ack 4").expect(&["live /b"]);
    let down = (rig.now - rig.start).as_millis();
    rig.frame("ack 3")
        .expect(&["live /a", &format!("reconnected {down}ms 0")]);
}

#[test]
fn topic_refused_in_the_replay_is_counted() {
    let mut rig = Rig::live(&["/a", "/b"]);
    rig.lost().connect().poll();
    rig.frame("ack 3").expect(&["live /a"]);
    rig.frame("refuse 4 404 topic /b is not found");
    let polled = rig.poll();
    assert_eq!(polled[0], "refused /b 404 topic /b is not found");
    assert!(
        polled[1].starts_with("reconnected ") && polled[1].ends_with(" 1"),
        "{polled:?}"
    );
}

#[test]
fn unsubscribed_topic_does_not_delay_reconnected() {
    let mut rig = Rig::live(&["/a", "/b"]);
    rig.lost().connect().poll();
    rig.frame("ack 3").poll();
    rig.unsubscribe("/b");
    assert!(rig.poll()[0].starts_with("reconnected"));
    rig.frame("ack 4").expect(&["send unsubscribe 5 /b"]);
}

#[test]
fn loss_during_the_replay_restarts_it() {
    let mut rig = Rig::live(&["/a", "/b"]);
    rig.lost().connect().poll();
    rig.frame("ack 3").poll();
    rig.lost()
        .expect(&["hang up 1000", "lost", "reconnect 2 live cut"]);
    rig.connect();
    assert_eq!(rig.poll(), ["send subscribe 5 /a", "send subscribe 6 /b"]);
    rig.frame("ack 5").expect(&["live /a"]);
    rig.frame("ack 6");
    assert!(rig.poll()[1].starts_with("reconnected"));
}

#[test]
fn topic_subscribed_while_down_joins_the_replay() {
    let mut rig = Rig::live(&["/a"]);
    rig.lost().subscribe("/b").unsubscribe("/a");
    rig.poll();
    rig.connect();
    assert_eq!(rig.poll(), ["send subscribe 2 /b"]);
}

#[test]
fn reconnected_without_topics_follows_the_welcome() {
    let mut rig = Rig::live(&[]);
    rig.lost().connect();
    assert!(rig.poll()[0].starts_with("reconnected"));
}

#[test]
fn first_success_after_failures_is_open() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    rig.refuse_info(RetryPolicy::Transient)
        .expect(&["hang up 1000", "reconnect 1 token no token"]);
    rig.connect().expect(&["open", "send subscribe 1 /a"]);
}

#[test]
fn backoff_doubles_and_resets_after_a_healthy_minute() {
    let mut rig = Rig::live(&[]);
    for ceiling in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
        rig.lost().poll();
        let waited = rig.reach_deadline();
        assert!(
            waited <= Duration::from_millis(ceiling),
            "{waited:?} above {ceiling} ms"
        );
        rig.poll();
        rig.info().dialled().frame("welcome").poll();
    }
    rig.after(18_000)
        .frame("pong")
        .after(18_000)
        .frame("pong")
        .after(18_000)
        .frame("pong");
    rig.after(6_000).poll();
    rig.lost()
        .expect(&["hang up 1000", "lost", "reconnect 1 live cut"]);
}

#[test]
fn refused_token_is_replaced_once_without_delay() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    rig.info().dialled().poll();
    rig.frame("refuse - 401 token is expired");
    rig.expect(&[
        "hang up 1000",
        "reconnect 1 welcome token is expired (code 401)",
    ]);
    assert_eq!(rig.reach_deadline(), Duration::ZERO);
    rig.expect(&["fetch"]);
    rig.info().expect(&["dial 2"]);
    rig.dialled().frame("refuse - 401 token is expired").poll();
    assert!(rig.reach_deadline() > Duration::ZERO);
}

#[test]
fn retry_after_of_the_server_is_respected() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    rig.refuse_info(RetryPolicy::Throttled(Some(Duration::from_secs(7))))
        .poll();
    let waited = rig.reach_deadline();
    assert!(waited >= Duration::from_secs(7), "{waited:?}");
    rig.refuse_info(RetryPolicy::Throttled(None)).poll();
    assert!(rig.reach_deadline() >= Duration::from_secs(1));
}

#[test]
fn each_stage_has_its_deadline() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    assert_eq!(rig.reach_deadline(), Duration::from_secs(15));
    rig.expect(&[
        "hang up 1000",
        "reconnect 1 token no connection token within 15s",
    ]);
    rig.reach_deadline();
    rig.poll();
    rig.info().poll();
    assert_eq!(rig.reach_deadline(), Duration::from_secs(20));
    rig.expect(&["hang up 1000", "reconnect 2 dial no connection within 20s"]);
    rig.reach_deadline();
    rig.poll();
    rig.info().dialled().poll();
    assert_eq!(rig.reach_deadline(), Duration::from_secs(5));
    rig.expect(&["hang up 1000", "reconnect 3 welcome no welcome within 5s"]);
}

#[test]
fn results_of_cancelled_actions_are_ignored() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    rig.reach_deadline();
    rig.poll();
    rig.info().expect(&[]);
    rig.dialled().expect(&[]);
    rig.lost().expect(&[]);
}

#[test]
fn epoch_counts_live_connections() {
    let mut rig = Rig::live(&["/a"]);
    assert_eq!(rig.session.epoch(), 1);
    rig.lost().connect();
    assert_eq!(rig.session.epoch(), 2);
}

#[test]
fn lost_names_its_cause() {
    let mut rig = Rig::live(&["/a"]);
    rig.lost();
    let cause = std::iter::from_fn(|| rig.session.poll()).find_map(|action| match action {
        Action::Emit(SessionEvent::Lost { cause }) => Some(cause.message),
        _ => None,
    });
    assert_eq!(cause.as_deref(), Some("cut"));
}
