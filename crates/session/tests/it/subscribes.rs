//! Subscribing on the first connection: after the welcome, answers by ID, refusals by topic.

use crate::rig::Rig;

#[test]
fn subscribe_is_sent_after_the_welcome() {
    let mut rig = Rig::new();
    rig.subscribe("/a").expect(&["fetch"]);
    rig.info().expect(&["dial 1"]);
    rig.dialled().expect(&[]);
    rig.subscribe("/b").expect(&[]);
    rig.frame("welcome")
        .expect(&["open", "send subscribe 1 /a", "send subscribe 2 /b"]);
    rig.frame("ack 2").expect(&["live /b"]);
    rig.frame("ack 1").expect(&["live /a"]);
}

#[test]
fn nothing_happens_before_the_first_subscription() {
    let mut rig = Rig::new();
    assert_eq!(rig.session.deadline(), None);
    rig.after(60_000).expect(&[]);
}

#[test]
fn equal_requests_share_one_subscription() {
    let mut rig = Rig::live(&["/a"]);
    rig.subscribe("/a").expect(&[]);
    assert!(rig.session.is_subscribed(&"/a".to_owned()));
}

#[test]
fn refusal_affects_only_its_topic() {
    let mut rig = Rig::new();
    rig.subscribe("/a").subscribe("/b").connect();
    rig.frame("refuse 1 404 topic /a is not found");
    rig.frame("ack 2");
    assert_eq!(
        rig.poll()[3..],
        ["refused /a 404 topic /a is not found", "live /b"]
    );
    assert_eq!(rig.session.wanted().collect::<Vec<_>>(), ["/b"]);
}

#[test]
fn refusal_without_id_is_matched_by_topic_name() {
    let mut rig = Rig::new();
    rig.subscribe("/a").subscribe("/b").connect().poll();
    rig.frame("refuse - 404 topic /b is not found");
    rig.expect(&["refused /b 404 topic /b is not found"]);
}

#[test]
fn unmatched_refusal_is_an_exception() {
    let mut rig = Rig::live(&["/a"]);
    rig.frame("refuse 5e1a7c 415 type is not supported");
    rig.expect(&["exception type is not supported"]);
    assert!(rig.session.is_live());
}

#[test]
fn unanswered_request_is_resent_once_before_a_loss() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.after(4_999).expect(&[]);
    rig.after(1).expect(&["send subscribe 1 /a"]);
    rig.after(5_000);
    rig.expect(&[
        "hang up 1000",
        "lost",
        "reconnect 1 acknowledgement no acknowledgement of /a within 10s",
    ]);
}

#[test]
fn duplicate_and_unknown_acks_are_ignored() {
    let mut rig = Rig::live(&["/a"]);
    rig.frame("ack 1")
        .frame("ack 77")
        .frame("ack foreign")
        .expect(&[]);
}

#[test]
fn unsubscribe_ends_with_the_answer() {
    let mut rig = Rig::live(&["/a"]);
    rig.unsubscribe("/a").expect(&["send unsubscribe 2 /a"]);
    rig.frame("ack 2").expect(&["ended /a"]);
}

#[test]
fn topic_is_resubscribed_after_its_unsubscribe_ack() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.unsubscribe("/a").expect(&[]);
    rig.frame("ack 1").expect(&["send unsubscribe 2 /a"]);
    rig.subscribe("/a").expect(&[]);
    rig.frame("ack 2").expect(&["send subscribe 3 /a"]);
    rig.frame("ack 3").expect(&["live /a"]);
}

#[test]
fn topics_over_the_limit_are_refused_at_once() {
    let mut rig = Rig::new();
    for topic in 0..30 {
        rig.subscribe(&format!("/{topic}"));
    }
    rig.expect(&["fetch"]);
    rig.subscribe("/one-more");
    rig.expect(&["refused /one-more - the connection has reached its limit of 30 topics"]);
}

#[test]
fn frame_returns_the_kind_of_each_frame() {
    use kucoin_streams_session::FrameKind;
    let mut rig = Rig::live(&["/a"]);
    let push = rig.session.frame(rig.now, "push /a");
    assert_eq!(push, FrameKind::Message { topic: "/a".into() });
    let other = rig.session.frame(rig.now, "other");
    assert_eq!(other, FrameKind::Unknown);
    let garbage = rig.session.frame(rig.now, "{{{");
    assert!(matches!(garbage, FrameKind::Malformed(_)));
    assert!(rig.session.is_live());
}

#[test]
fn late_refusal_is_an_exception() {
    let mut rig = Rig::live(&["/a"]);
    rig.frame("refuse 1 404 no such topic any more");
    rig.expect(&["exception no such topic any more"]);
    assert!(rig.session.is_subscribed(&"/a".to_owned()));
}
