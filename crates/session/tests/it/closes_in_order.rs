//! An orderly end: unsubscribe, wait a moment for the answers, close.

use crate::rig::Rig;

#[test]
fn what_is_live_is_unsubscribed_before_the_close() {
    let mut rig = Rig::live(&["/a", "/b"]);
    rig.session.close(rig.now);
    rig.expect(&["send unsubscribe 3 /a", "send unsubscribe 4 /b"]);
    rig.frame("ack 3").expect(&["ended /a"]);
    rig.frame("ack 4")
        .expect(&["ended /b", "hang up 1000", "closed: closed by the user"]);
}

#[test]
fn answers_that_stay_out_are_not_waited_for_long() {
    let mut rig = Rig::live(&["/a"]);
    rig.session.close(rig.now);
    rig.poll();
    rig.after(1_000)
        .expect(&["hang up 1000", "closed: closed by the user"]);
}

#[test]
fn events_still_arrive_while_it_closes() {
    use kucoin_streams_session::FrameKind;
    let mut rig = Rig::live(&["/a"]);
    rig.session.close(rig.now);
    let push = rig.session.frame(rig.now, "push /a");
    assert!(matches!(push, FrameKind::Message { .. }));
}

#[test]
fn a_close_during_an_attempt_takes_effect_at_once() {
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
fn a_session_that_never_opened_closes_without_a_connection() {
    let mut rig = Rig::new();
    rig.session.close(rig.now);
    rig.expect(&["closed: closed by the user"]);
}

#[test]
fn a_loss_while_it_closes_is_the_close() {
    let mut rig = Rig::live(&["/a"]);
    rig.session.close(rig.now);
    rig.poll();
    rig.lost()
        .expect(&["hang up 1000", "closed: closed by the user"]);
}
