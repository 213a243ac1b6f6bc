//! Only refused credentials, or a configuration that never worked, end a session; all other failures are retried.

use std::time::Duration;

use kucoin_streams_core::{ConnectionInfo, RetryPolicy, SecretUrl};

use crate::rig::Rig;

#[test]
fn refused_credentials_cost_one_token_request() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    rig.refuse_info(RetryPolicy::Refused);
    rig.expect(&["hang up 1000", "closed: no token"]);
    assert_eq!(rig.session.deadline(), None);
    rig.after(600_000).expect(&[]);
}

/// All retry policies except `Refused`, and whether each may end a session that was never live.
const NOT_REFUSED: [(RetryPolicy, bool); 7] = [
    (RetryPolicy::Transient, false),
    (RetryPolicy::Blocked, false),
    (RetryPolicy::Throttled(None), false),
    (RetryPolicy::Protocol, false),
    (RetryPolicy::TokenRefused, false),
    (RetryPolicy::Certificate, true),
    (RetryPolicy::Fatal, true),
];

#[test]
fn live_stream_survives_an_hour_of_temporary_failures() {
    for (retry_policy, _) in NOT_REFUSED {
        let mut rig = Rig::live(&["/a"]);
        rig.lost().poll();
        let mut attempts = 0;
        while rig.now - rig.start < Duration::from_secs(3_600) {
            rig.reach_deadline();
            assert!(rig.poll().contains(&"fetch".to_owned()), "{retry_policy:?}");
            rig.refuse_info(retry_policy);
            let polled = rig.poll();
            let reported = polled.iter().any(|it| it.starts_with("reconnect "));
            assert!(reported, "{retry_policy:?}: {polled:?}");
            attempts += 1;
        }
        assert!(attempts > 60, "{retry_policy:?}: {attempts} attempts");
        rig.connect();
        assert!(rig.session.is_live(), "{retry_policy:?}");
    }
}

#[test]
fn first_connection_fails_only_on_wrong_configuration() {
    for (retry_policy, ends) in NOT_REFUSED {
        let mut rig = Rig::new();
        rig.subscribe("/a").poll();
        for _ in 0..20 {
            if rig.session.is_closed() {
                break;
            }
            rig.refuse_info(retry_policy).poll();
            if !rig.session.is_closed() {
                rig.reach_deadline();
            }
        }
        assert_eq!(rig.session.is_closed(), ends, "{retry_policy:?}");
    }
}

#[test]
fn refused_credentials_end_a_live_stream_too() {
    let mut rig = Rig::live(&["/a"]);
    rig.lost().poll();
    rig.reach_deadline();
    rig.refuse_info(RetryPolicy::Refused);
    assert!(rig.session.is_closed());
}

#[test]
fn blocked_client_retries_after_at_least_a_second() {
    for retry_policy in [
        RetryPolicy::Blocked,
        RetryPolicy::Fatal,
        RetryPolicy::Certificate,
    ] {
        let mut rig = Rig::live(&[]);
        rig.lost().poll();
        rig.reach_deadline();
        for _ in 0..20 {
            rig.refuse_info(retry_policy);
            let waited = rig.reach_deadline();
            let range = Duration::from_secs(1)..=Duration::from_secs(31);
            assert!(range.contains(&waited), "{retry_policy:?}: {waited:?}");
        }
    }
}

#[test]
fn repeated_protocol_violations_are_retried() {
    for retry_policy in [RetryPolicy::Protocol, RetryPolicy::Blocked] {
        let mut rig = Rig::live(&["/a"]);
        for _ in 0..50 {
            rig.lost_by(retry_policy).connect().poll();
        }
        assert!(rig.session.is_live(), "{retry_policy:?}");
    }
}

#[test]
fn too_many_malformed_frames_are_a_protocol_violation() {
    let mut rig = Rig::live(&["/a"]);
    for _ in 0..20 {
        rig.frame("{{{").expect(&[]);
    }
    rig.frame("{{{");
    assert_eq!(rig.poll()[0], "hang up 1002");
}

#[test]
fn too_many_connections_is_retried_without_limit() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    for _ in 0..20 {
        rig.info().dialled().poll();
        rig.frame("refuse - 509 session count");
        let polled = rig.poll();
        assert!(polled[1].starts_with("reconnect "), "{polled:?}");
        let waited = rig.reach_deadline();
        assert!((30..60).contains(&waited.as_secs()), "{waited:?}");
    }
}

#[test]
fn welcome_with_wrong_id_is_a_protocol_violation() {
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
