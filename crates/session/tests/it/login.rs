//! Login: sent unchanged after the welcome; a refusal is fatal.

use kucoin_streams_core::{ConnectionInfo, Login, SecretUrl};

use crate::rig::Rig;

fn greeted() -> Rig {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    let login = Login::new("login-7", "secret login".to_owned().into());
    rig.give(ConnectionInfo::new(SecretUrl::new("wss://host/?token=1")).with_login(login));
    rig.dialled().expect(&["dial 1"]);
    rig.frame("welcome").expect(&["send secret login"]);
    rig
}

#[test]
fn subscriptions_wait_for_the_answer_to_the_login() {
    let mut rig = greeted();
    rig.frame("ack 1").expect(&[]);
    rig.frame("ack login-7")
        .expect(&["authenticated", "open", "send subscribe 1 /a"]);
}

#[test]
fn refused_login_is_fatal() {
    let mut rig = greeted();
    rig.frame("refuse login-7 400005 invalid sign");
    rig.expect(&[
        "hang up 1000",
        "closed: KuCoin refused the login: invalid sign (code 400005); \
         check the API key, the API secret, and the API passphrase",
    ]);
}

#[test]
fn unanswered_login_is_retried() {
    let mut rig = greeted();
    rig.after(5_000);
    rig.expect(&[
        "hang up 1000",
        "reconnect 1 login no answer to the login within 5s",
    ]);
}

#[test]
fn login_at_a_busy_server_is_retried() {
    for code in [429, 503, 509] {
        let mut rig = greeted();
        rig.frame(&format!("refuse login-7 {code} try again later"));
        assert!(!rig.session.is_closed(), "{code}");
        let polled = rig.poll();
        assert!(polled[1].starts_with("reconnect 1 login"), "{polled:?}");
    }
}
