//! Failures: exit status, and one line on stderr that says what to do.

use kucoin_streams_exchange::{Effect, Exchange, Faults};

use crate::rig::*;

/// Asserts this status and one line on stderr, and returns the line.
#[track_caller]
fn fails(ran: &CommandOutput, status: i32) -> String {
    assert_eq!(ran.status, Some(status), "{ran:?}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{}", ran.stderr);
    lines[0].to_owned()
}

fn contains_all(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

#[test]
fn missing_credentials_name_variables_and_demo() {
    let ran = run(command(&["watch"]));
    let line = fails(&ran, 2);
    contains_all(&line, &["KUCOIN_API_KEY", "--demo"]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn incomplete_credentials_name_what_is_missing() {
    let mut command = command(&["watch"]);
    command
        .env("KUCOIN_API_KEY", "canary-key")
        .env("KUCOIN_API_SECRET", "canary-secret");
    let line = fails(&run(command), 2);
    contains_all(&line, &["KUCOIN_API_PASSPHRASE", "--demo"]);
    assert!(!line.contains("canary"), "{line}");
}

#[test]
fn invalid_flags_are_wrong_usage() {
    for args in [
        &["watch", "--dmeo"][..],
        &["watch", "--demo", "--count", "0"],
        &["watch", "--demo", "--for", "soon"],
        &["watch", "--demo", "--format", "xml"],
        &["watch", "--demo", "--ws-key", "spotV1"],
        &["watch", "--demo", "--ws-key", "privateProV3"],
        &["exchange", "--rate", "-1"],
        &["exchange", "--port", "65536"],
        &["wach"],
        &[],
    ] {
        let ran = run(command(args));
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(!ran.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn plain_http_is_refused_beyond_loopback() {
    for url in [
        "http://api.kucoin.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1:8080",
    ] {
        let args = ["watch", "--rest-url", url];
        let ran = run(authorised(command(&args), "key", "secret", "passphrase"));
        let line = fails(&ran, 2);
        contains_all(&line, &["REST host", "https"]);
    }
}

#[test]
fn refused_credentials_have_status_3() {
    let local = LocalExchange::start(Exchange::builder());
    let demo = local.exchange.credentials();
    let url = local.exchange.rest_url();
    let args = ["watch", "--format", "ndjson", "--rest-url", &url];
    let ran = run(authorised(
        command(&args),
        &demo.key,
        "canary-secret",
        &demo.passphrase,
    ));
    let line = fails(&ran, 3);
    contains_all(&line, &["400004"]);
    let lines = ran.lines();
    let kinds: Vec<&str> = lines.iter().map(crate::ndjson::check_keys).collect();
    assert_eq!(kinds, ["exception", "close"]);
    assert_eq!(
        (&lines[0]["code"], &lines[0]["fatal"]),
        (&"400004".into(), &true.into())
    );
    assert_eq!(local.exchange.stats().token_requests.len(), 1);
}

#[test]
fn missing_permission_has_status_3() {
    let faults = "token 1: token-refuse status=403 code=400007 message=\"need more permission\"";
    let local = LocalExchange::start(Exchange::builder().faults(faults.parse().unwrap()));
    let line = fails(&run(local.watch(&["--format", "ndjson"])), 3);
    contains_all(&line, &["400007", "permission"]);
}

#[test]
fn closed_port_is_not_connected_in_time() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let args = [
        "watch",
        "--format",
        "ndjson",
        "--connect-timeout",
        "5s",
        "--rest-url",
        &url,
    ];
    let ran = run(authorised(command(&args), "key", "secret", "passphrase"));
    let line = fails(&ran, 4);
    contains_all(&line, &["5s"]);
    assert!(
        ran.lines().iter().any(|line| line["kind"] == "reconnect"),
        "{}",
        ran.stdout
    );
}

#[test]
fn cause_of_the_end_is_only_on_stderr() {
    let url = format!("http://127.0.0.1:{}", free_port());
    for format in ["ndjson", "pretty"] {
        let args = ["watch", "--format", format, "--connect-timeout", "5s"];
        let args = [&args[..], &["--rest-url", &url]].concat();
        let ran = run(authorised(command(&args), "key", "secret", "passphrase"));
        let cause = fails(&ran, 4);
        let not_tried = "; not tried: futuresPrivateV1";
        contains_all(&cause, &["not connected within 5s: ", "refused", not_tried]);
        let closed = ran.stdout.lines().find(|line| line.contains("close"));
        let closed = closed.unwrap_or_default();
        contains_all(closed, &[SPOT, "not connected in time"]);
        assert_eq!(closed.matches(SPOT).count(), 1, "{closed}");
        assert!(!closed.contains("refused"), "{closed}");
    }
}

#[test]
fn topics_not_found_hint_at_a_wrong_host() {
    let local = LocalExchange::start(Exchange::builder());
    let demo = local.exchange.credentials();
    let watch = |url: &str, ws_key: &str| {
        let args = ["watch", "--rest-url", url, "--ws-key", ws_key];
        let args = [&args[..], &["--format", "ndjson"]].concat();
        let command = authorised(command(&args), &demo.key, &demo.secret, &demo.passphrase);
        let ran = run(command);
        contains_all(&fails(&ran, 1), &["404"]);
        let closed = ran.lines().pop().unwrap();
        assert_eq!(closed["kind"], "close");
        closed["reason"].as_str().unwrap().to_owned()
    };
    let spot = watch(&local.exchange.futures_rest_url(), SPOT);
    contains_all(&spot, &["a futures host", "--rest-url"]);
    let futures = watch(&local.exchange.spot_rest_url(), FUTURES);
    contains_all(&futures, &["a spot host", "--futures-rest-url"]);
}

#[test]
fn other_refusal_hints_at_no_host() {
    let faults =
        format!("connection 1: refuse-topic topic={BALANCE} code=403 text=no times=always");
    let local = LocalExchange::start(Exchange::builder().faults(faults.parse().unwrap()));
    let ran = run(local.watch(&["--format", "ndjson", "--topic", BALANCE]));
    let closed = ran.lines().pop().unwrap();
    assert_eq!(closed["reason"], "none of its topics is available");
}

#[test]
fn missing_welcome_is_not_connected_in_time() {
    let faults = "connection 1: drop-welcome times=always";
    let local = LocalExchange::start(Exchange::builder().faults(faults.parse().unwrap()));
    fails(
        &run(local.watch(&["--format", "ndjson", "--connect-timeout", "2s"])),
        4,
    );
}

#[test]
fn refusal_of_the_only_topic_fails_with_its_code() {
    let faults = format!("connection 1: refuse-topic topic={BALANCE} code=404 times=always");
    let local = LocalExchange::start(Exchange::builder().faults(faults.parse().unwrap()));
    let line = fails(
        &run(local.watch(&["--format", "ndjson", "--topic", BALANCE])),
        1,
    );
    contains_all(&line, &[BALANCE, "404"]);
}

#[test]
fn refusal_cannot_control_the_terminal() {
    let refused = Effect::RefuseTopic {
        topic: BALANCE.to_owned(),
        code: 404,
        text: "gone\u{1b}[2J\nand\u{9b}more".to_owned(),
    };
    let faults = Faults::new().on_connection(1, refused).always();
    let local = LocalExchange::start(Exchange::builder().faults(faults));
    let line = fails(
        &run(local.watch(&["--format", "ndjson", "--topic", BALANCE])),
        1,
    );
    contains_all(&line, &["gone", "more"]);
    assert!(!line.contains(char::is_control), "{line:?}");
}

#[test]
fn demo_with_a_host_option_is_wrong_usage() {
    for (option, value) in [
        ("--rest-url", "http://127.0.0.1:4000"),
        ("--futures-rest-url", "http://127.0.0.1:4000"),
        ("--pro-ws-url", "ws://127.0.0.1:4000/pro"),
        ("--region", "eu"),
        // The default value, but given explicitly.
        ("--region", "global"),
    ] {
        let ran = run(command(&["watch", "--demo", option, value]));
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{option}");
        contains_all(&ran.stderr, &["--demo", option]);
    }
}

#[test]
fn demo_supports_both_pro_authentications() {
    for proof in ["token", "login"] {
        let args = [
            "watch",
            "--demo",
            "--pro-auth",
            proof,
            "--ws-key",
            "privateProV2",
        ];
        let ran = run(command(&[&args[..], &["--count", "3"]].concat()));
        assert!(ran.succeeds().stdout.lines().count() > 3);
    }
}

#[test]
fn only_a_similar_topic_is_suggested() {
    for (topic, suggested) in [
        ("", None),
        ("xyzzy", None),
        ("/xyzzy", None),
        ("orderall?tradeType=UNIFIED", Some("`orderAll`")),
        ("/account/balances", Some("`/account/balance`")),
    ] {
        let ran = run(command(&["watch", "--demo", "--topic", topic]));
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{topic}");
        let suggestion = ran.stderr.split_once("did you mean ");
        let suggestion = suggestion.and_then(|(_, rest)| rest.split_once('?'));
        assert_eq!(
            suggestion.map(|(word, _)| word),
            suggested,
            "{}",
            ran.stderr
        );
        contains_all(&ran.stderr, &["watch --help"]);
    }
}
