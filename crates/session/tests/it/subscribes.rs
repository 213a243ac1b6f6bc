//! Subscribing on the first connection: nothing before the welcome, answers by id, refusals by topic.

use crate::rig::Rig;

#[test]
fn a_subscription_opens_the_connection_and_waits_for_the_welcome() {
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
fn nothing_happens_until_something_is_wanted() {
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
fn a_refusal_is_about_its_topic_alone() {
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
fn a_refusal_without_id_finds_the_topic_that_it_names() {
    let mut rig = Rig::new();
    rig.subscribe("/a").subscribe("/b").connect().poll();
    rig.frame("refuse - 404 topic /b is not found");
    rig.expect(&["refused /b 404 topic /b is not found"]);
}

#[test]
fn a_refusal_that_fits_no_request_is_told_and_harms_nothing() {
    let mut rig = Rig::live(&["/a"]);
    rig.frame("refuse 5e1a7c 415 type is not supported");
    rig.expect(&["exception type is not supported"]);
    assert!(rig.session.is_live());
}

#[test]
fn an_answer_that_stays_out_is_asked_for_once_more_then_the_connection_is_given_up() {
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
fn acks_twice_or_of_unknown_ids_are_ignored() {
    let mut rig = Rig::live(&["/a"]);
    rig.frame("ack 1")
        .frame("ack 77")
        .frame("ack foreign")
        .expect(&[]);
}

#[test]
fn unsubscribing_tells_the_server_and_ends_with_its_answer() {
    let mut rig = Rig::live(&["/a"]);
    rig.unsubscribe("/a").expect(&["send unsubscribe 2 /a"]);
    rig.frame("ack 2").expect(&["ended /a"]);
}

#[test]
fn a_change_of_mind_while_the_answer_is_out_ends_as_wanted() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.unsubscribe("/a").expect(&[]);
    rig.frame("ack 1").expect(&["send unsubscribe 2 /a"]);
    rig.subscribe("/a").expect(&[]);
    rig.frame("ack 2").expect(&["send subscribe 3 /a"]);
    rig.frame("ack 3").expect(&["live /a"]);
}

#[test]
fn more_topics_than_the_connection_may_hold_are_refused_at_once() {
    let mut rig = Rig::new();
    for topic in 0..30 {
        rig.subscribe(&format!("/{topic}"));
    }
    rig.expect(&["fetch"]);
    rig.subscribe("/one-more");
    rig.expect(&["refused /one-more - the connection has reached its limit of 30 topics"]);
}

#[test]
fn frames_of_other_kinds_are_handed_back_as_what_they_are() {
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
fn refusal_of_an_answered_request_is_reported_and_harms_nothing() {
    let mut rig = Rig::live(&["/a"]);
    rig.frame("refuse 1 404 no such topic any more");
    rig.expect(&["exception no such topic any more"]);
    assert!(rig.session.is_subscribed(&"/a".to_owned()));
}
