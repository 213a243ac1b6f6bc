//! A server may repeat the connection token in its messages: no part of it may leave the session.

use kucoin_streams_core::{ConnectionInfo, Login, RetryPolicy, SecretUrl};
use kucoin_streams_session::{Failure, FailureStage, Input};

use crate::rig::Rig;

const TOKENS: [&str; 3] = [
    "canary",
    "canary-7~31",
    "2neAiuYvAU61ZDXANAGAsiL4-iAExhsBXZxftpOeh_55i3Ysy2q2LEsEWU64mdzUOPusi34M",
];

/// Returns a session that waits for the welcome, with this token in its URL and no pending actions.
fn greeting(token: &str) -> Rig {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    let url = SecretUrl::new(format!("wss://host/?token={token}&connectId=17"));
    rig.give(ConnectionInfo::new(url).with_connect_id("17"))
        .dialled()
        .poll();
    rig
}

fn live(token: &str) -> Rig {
    let mut rig = greeting(token);
    rig.frame("welcome id 17").frame("ack 1").poll();
    rig
}

/// Asserts that the pending actions contain this text, and no part of the token.
#[track_caller]
fn check(rig: &mut Rig, token: &str, readable: &str) {
    let polled = rig.poll().join("\n");
    assert!(polled.contains(readable), "{polled}");
    assert!(polled.contains("[redacted]"), "{polled}");
    assert!(!polled.contains(&token[..6]), "{polled}");
}

#[test]
fn error_frame_before_the_welcome_is_redacted() {
    for token in TOKENS {
        let mut rig = greeting(token);
        rig.frame(&format!("refuse - 401 the token {token} is expired"));
        check(&mut rig, token, "is expired");
    }
}

#[test]
fn error_frame_on_a_live_connection_is_redacted() {
    for token in TOKENS {
        for code in [404, 429, 503, 509] {
            let mut rig = live(token);
            rig.frame(&format!(
                "refuse - {code} ?token={token}&connectId=17 is bad"
            ));
            check(&mut rig, token, "is bad");
        }
    }
}

#[test]
fn topic_refusal_shows_the_topic_but_not_the_token() {
    for token in TOKENS {
        for code in [404, 429, 503] {
            let mut rig = live(token);
            rig.subscribe("/contractMarket/tradeOrders:XBTUSDTM").poll();
            let words = "topic /contractMarket/tradeOrders:XBTUSDTM of ";
            rig.frame(&format!("refuse 2 {code} {words}{token} is bad"));
            check(&mut rig, token, words);
        }
    }
}

#[test]
fn close_reason_and_failed_dial_are_redacted() {
    for token in TOKENS {
        let failure = || {
            Failure::new(
                FailureStage::Live,
                RetryPolicy::Blocked,
                format!("closed: {token}"),
            )
        };
        let mut rig = live(token);
        rig.session.handle(rig.now, Input::Lost(failure()));
        check(&mut rig, token, "closed: ");
        let mut rig = Rig::new();
        rig.subscribe("/a").poll();
        let url = SecretUrl::new(format!("wss://host/?token={token}"));
        rig.give(ConnectionInfo::new(url)).poll();
        rig.session.handle(rig.now, Input::Dialled(Err(failure())));
        check(&mut rig, token, "closed: ");
    }
}

#[test]
fn failed_dial_shows_its_host_but_not_the_token() {
    let host = "my-load-balancer-1234567890abcdef.elb.example:443";
    for token in TOKENS {
        for named in [host.to_owned(), format!("{token}.kucoin.com")] {
            let mut rig = Rig::new();
            rig.subscribe("/a").poll();
            let url = SecretUrl::new(format!("wss://{named}/?token={token}"));
            rig.give(ConnectionInfo::new(url)).poll();
            let words = format!("{named}: refused: {token}");
            let failure =
                Failure::new(FailureStage::Dial, RetryPolicy::Blocked, words).with_host(&*named);
            rig.session.handle(rig.now, Input::Dialled(Err(failure)));
            let readable = if named == host { host } else { "refused: " };
            check(&mut rig, token, readable);
        }
    }
}

#[test]
fn welcome_of_another_connection_is_reported_without_its_id() {
    let mut rig = greeting(TOKENS[2]);
    rig.frame(&format!("welcome id {}", TOKENS[2]));
    let polled = rig.poll().join("\n");
    assert!(
        polled.contains("welcome") && !polled.contains(TOKENS[2]),
        "{polled}"
    );
}

#[test]
fn refused_login_is_redacted() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    let login = Login::new(
        "login",
        r#"{"id":"login","kc-api-sign":"canary+sign/7="}"#.to_owned().into(),
    );
    rig.give(ConnectionInfo::new(SecretUrl::new("wss://host/")).with_login(login));
    rig.dialled().frame("welcome").poll();
    rig.frame("refuse login 400005 the signature canary+sign/7= is wrong");
    rig.expect(&[
        "hang up 1000",
        "closed: KuCoin refused the login: the signature [redacted] is wrong (code 400005); \
         check the API key, the API secret, and the API passphrase",
    ]);
}

#[test]
fn server_messages_are_bounded_and_escaped() {
    let mut rig = live(TOKENS[0]);
    let words = format!("\u{1b}[2J{}", "word ".repeat(100_000));
    rig.session.handle(
        rig.now,
        Input::Lost(Failure::new(
            FailureStage::Live,
            RetryPolicy::Transient,
            words.clone(),
        )),
    );
    let polled = rig.poll().join("");
    assert!(polled.len() < 400 && !polled.contains('\u{1b}'), "{polled}");
    let mut rig = live(TOKENS[0]);
    rig.frame(&format!("refuse - 404 {words}"));
    assert!(rig.poll().join("").len() < 400);
}
