//! Closing: unsubscribe, wait for the answers up to the close timeout, close.

use crate::rig::Rig;

#[test]
fn live_topics_are_unsubscribed_before_the_close() {
    let mut rig = Rig::live(&["/a", "/b"]);
    rig.session.close(rig.now);
    rig.expect(&["send unsubscribe 3 /a", "send unsubscribe 4 /b"]);
    rig.frame("ack 3").expect(&["ended /a"]);
    rig.frame("ack 4")
        .expect(&["ended /b", "hang up 1000", "closed: closed by the user"]);
}

#[test]
fn close_waits_one_second_for_missing_answers() {
    let mut rig = Rig::live(&["/a"]);
    rig.session.close(rig.now);
    rig.poll();
    rig.after(1_000)
        .expect(&["hang up 1000", "closed: closed by the user"]);
}

#[test]
fn events_arrive_while_closing() {
    use kucoin_streams_session::FrameKind;
    let mut rig = Rig::live(&["/a"]);
    rig.session.close(rig.now);
    let push = rig.session.frame(rig.now, "push /a");
    assert!(matches!(push, FrameKind::Message { .. }));
}

#[test]
fn close_during_an_attempt_takes_effect_at_once() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    rig.session.close(rig.now);
    rig.expect(&["hang up 1000", "closed: closed by the user"]);

    let mut rig = Rig::live(&["/a"]);
    rig.lost().poll();
    rig.session.close(rig.now);
    rig.expect(&["hang up 1000", "closed: closed by the user"]);
    rig.after(60_000).expect(&[]);
}

#[test]
fn unopened_session_closes_without_a_connection() {
    let mut rig = Rig::new();
    rig.session.close(rig.now);
    rig.expect(&["closed: closed by the user"]);
}

#[test]
fn loss_while_closing_completes_the_close() {
    let mut rig = Rig::live(&["/a"]);
    rig.session.close(rig.now);
    rig.poll();
    rig.lost()
        .expect(&["hang up 1000", "closed: closed by the user"]);
}
