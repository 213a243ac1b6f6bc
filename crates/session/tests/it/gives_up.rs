//! What no retry mends ends the session at once, and says why.

use std::time::Duration;

use kucoin_streams_session::Severity;
use kucoin_streams_wire::{ConnectionInfo, SecretUrl};

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

#[test]
fn too_many_connections_are_waited_for_up_to_a_minute_and_not_for_ever() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    for attempt in 1..=5 {
        rig.info().dialled().poll();
        rig.frame("refuse - 509 session count");
        if attempt < 5 {
            let waited = rig.reach_deadline();
            assert!((30..60).contains(&waited.as_secs()), "{waited:?}");
        }
    }
    assert_eq!(rig.poll().last().unwrap(), "closed: session count");
}

#[test]
fn a_failure_that_comes_again_after_health_is_the_first_again() {
    let postponed = Severity::Postponed {
        least: Duration::from_secs(1),
        most: Duration::from_secs(2),
        up_to: Some(3),
    };
    let mut rig = Rig::live(&[]);
    for _ in 0..10 {
        rig.after(59_000).frame("pong").after(1_000);
        rig.lost_by(postponed).connect();
    }
    assert!(!rig.session.is_closed());
    // Back, but not in health: the count goes on.
    rig.lost_by(postponed).connect();
    assert!(!rig.session.is_closed());
    rig.lost_by(postponed);
    assert!(rig.session.is_closed());
}

#[test]
fn a_welcome_for_another_connection_is_a_violation_of_the_protocol() {
    for (welcome, accepted) in [
        ("welcome id 7", true),
        ("welcome", true),
        ("welcome id 8", false),
    ] {
        let mut rig = Rig::new();
        rig.subscribe("/a").poll();
        let info = ConnectionInfo::new(SecretUrl::new("wss://host/?token=1"));
        rig.give(info.with_connect_id("7")).dialled().poll();
        rig.frame(welcome);
        assert_eq!(rig.session.is_live(), accepted, "{welcome}");
        if !accepted {
            assert_eq!(rig.poll()[0], "hang up 1002");
        }
    }
}
