//! Nothing secret on stdout or stderr, in help or in use.

use kucoin_streams_exchange::{DemoCredentials, Exchange};

use crate::rig::*;

const CANARIES: [&str; 3] = [
    "canary-key-0123456789",
    "canary-secret-0123456789",
    "canary-passphrase-0123",
];

fn check(ran: &CommandOutput) {
    for canary in CANARIES {
        assert!(!ran.stdout.contains(canary), "{canary} in {}", ran.stdout);
        assert!(!ran.stderr.contains(canary), "{canary} in {}", ran.stderr);
    }
}

fn with_canaries(args: &[&str]) -> CommandOutput {
    let [key, secret, passphrase] = CANARIES;
    run(authorised(command(args), key, secret, passphrase))
}

#[test]
fn no_flag_takes_a_secret_and_help_shows_none() {
    for args in [
        &["--help"][..],
        &["watch", "--help"],
        &["watch", "-h"],
        &["doctor", "--help"],
        &["decode", "--help"],
        &["exchange", "--help"],
    ] {
        let ran = with_canaries(args).succeeds();
        check(&ran);
        let flags = ran
            .stdout
            .split_whitespace()
            .filter(|word| word.starts_with("--"));
        for flag in flags {
            for secret in ["secret", "passphrase", "api", "token", "password"] {
                assert!(!flag.contains(secret), "{flag} in the help of {args:?}");
            }
        }
    }
}

#[test]
fn session_with_a_loss_shows_no_credentials() {
    let [key, secret, passphrase] = CANARIES;
    let settings = Exchange::builder()
        .credentials(DemoCredentials::new(key, secret, passphrase))
        .event_rate(50.0)
        .faults(
            "after 10 frames: cut how=reset\ntoken 2: token-html"
                .parse()
                .unwrap(),
        );
    let local = LocalExchange::start(settings);
    for format in ["ndjson", "pretty"] {
        // One connection, so that a third token means a loss.
        let args = ["--ws-key", SPOT, "--format", format, "--count", "40"];
        check(&run(local.watch(&args)).succeeds());
    }
    assert!(
        local.exchange.stats().tokens_issued >= 3,
        "the loss took place"
    );
}

#[test]
fn refused_credentials_are_not_shown() {
    let local = LocalExchange::start(Exchange::builder());
    let url = local.exchange.rest_url();
    for format in ["ndjson", "pretty"] {
        let ran = with_canaries(&["watch", "--format", format, "--rest-url", &url]);
        assert_eq!(ran.status, Some(3), "{ran:?}");
        check(&ran);
    }
}

#[test]
fn url_with_a_secret_is_not_shown() {
    let url = "https://user:canary-secret-0123456789@api.kucoin.com/?token=canary-passphrase-0123";
    let ran = with_canaries(&["watch", "--rest-url", url]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    check(&ran);
}
