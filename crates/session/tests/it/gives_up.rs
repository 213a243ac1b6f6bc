//! What no retry mends ends the session at once, and says why.

use kucoin_streams_session::Severity;

use crate::rig::Rig;

#[test]
fn refused_credentials_cost_one_token_request() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    rig.refuse_info(Severity::Refused);
    rig.expect(&["hang up 1000", "closed: no token"]);
    assert_eq!(rig.session.deadline(), None);
    rig.after(600_000).expect(&[]);
}

#[test]
fn a_suspicious_failure_is_fatal_when_it_repeats() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    for _ in 0..2 {
        rig.refuse_info(Severity::TransientUpTo(3)).poll();
        rig.reach_deadline();
        rig.expect(&["fetch"]);
    }
    rig.refuse_info(Severity::TransientUpTo(3))
        .expect(&["hang up 1000", "closed: no token"]);
}

#[test]
fn another_failure_in_between_begins_the_count_anew() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    for _ in 0..6 {
        rig.refuse_info(Severity::TransientUpTo(2));
        rig.reach_deadline();
        rig.refuse_info(Severity::Transient);
        rig.reach_deadline();
    }
    assert!(!rig.session.is_closed());
}

#[test]
fn an_untrusted_certificate_is_fatal_at_first_and_tolerated_twice_later() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    rig.refuse_info(Severity::Certificate);
    assert!(rig.session.is_closed());

    let mut rig = Rig::live(&[]);
    rig.lost().poll();
    for _ in 0..2 {
        rig.reach_deadline();
        rig.refuse_info(Severity::Certificate);
        assert!(!rig.session.is_closed());
    }
    rig.reach_deadline();
    rig.refuse_info(Severity::Certificate);
    assert!(rig.session.is_closed());
}

#[test]
fn a_storm_of_protocol_violations_is_fatal() {
    let mut rig = Rig::live(&["/a"]);
    for _ in 0..5 {
        rig.lost_by(Severity::Protocol);
        assert_eq!(rig.poll()[0], "hang up 1002");
        // The backoff must not stretch the storm over more than its minute here.
        rig.now = rig.start;
        rig.session.tick(rig.session.deadline().unwrap());
        rig.info().dialled().frame("welcome").poll();
    }
    rig.lost_by(Severity::Protocol);
    assert!(rig.session.is_closed());
}

#[test]
fn a_storm_of_malformed_frames_is_a_violation_of_the_protocol() {
    let mut rig = Rig::live(&["/a"]);
    for _ in 0..20 {
        rig.frame("{{{").expect(&[]);
    }
    rig.frame("{{{");
    assert_eq!(rig.poll()[0], "hang up 1002");
}
