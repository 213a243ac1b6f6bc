//! `exchange` in a process of its own, and `watch` in another.

use serde_json::Value;

use crate::ndjson::check_form;
use crate::rig::*;

/// A running exchange and what its first line says.
fn exchange(args: &[&str]) -> (Running, Value) {
    let args = [&["exchange", "--port", "0", "--format", "ndjson"], args].concat();
    let mut running = Running::start(command(&args));
    let ready = object(&running.line());
    (running, ready)
}

fn watch(ready: &Value, args: &[&str]) -> Ran {
    let text = |name: &str| ready[name].as_str().unwrap();
    let args = [
        &["watch", "--format", "ndjson", "--rest-url", text("restUrl")],
        args,
    ]
    .concat();
    run(authorised(
        command(&args),
        text("apiKey"),
        text("apiSecret"),
        text("apiPassphrase"),
    ))
}

#[test]
fn one_line_says_all_that_a_client_needs() {
    let (running, ready) = exchange(&[]);
    assert_eq!(ready["kind"], "exchange");
    let names = [
        "kind",
        "restUrl",
        "proWsUrl",
        "apiKey",
        "apiSecret",
        "apiPassphrase",
    ];
    assert_eq!(ready.as_object().unwrap().len(), names.len());
    assert!(names.iter().all(|name| ready[name].is_string()), "{ready}");
    running.signal("TERM");
    let ran = running.finish().succeeds();
    assert_eq!(ran.stdout.lines().count(), 1);
}

#[test]
fn watch_follows_it_from_another_process() {
    let (running, ready) = exchange(&["--rate", "100", "--seed", "5"]);
    let lines = watch(&ready, &["--count", "30"]).succeeds().lines();
    assert_eq!(
        lines
            .iter()
            .filter(|line| check_form(line) == "update")
            .count(),
        30
    );
    running.signal("INT");
    running.finish().succeeds();
}

#[test]
fn a_script_of_faults_is_played() {
    let path = std::env::temp_dir().join(format!("kucoin-streams-{}.faults", std::process::id()));
    std::fs::write(
        &path,
        "# once\nconnection 1: send-pongs count=2\nafter 10 frames: cut how=eof\n",
    )
    .unwrap();
    let (running, ready) = exchange(&["--rate", "100", "--script", path.to_str().unwrap()]);
    // One connection, for another would count on while this one is down.
    let args = ["--ws-key", SPOT, "--count", "30"];
    let lines = watch(&ready, &args).succeeds().lines();
    let kinds: Vec<&str> = lines.iter().map(check_form).collect();
    for kind in ["reconnect", "gap", "reconnected"] {
        assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
    }
    drop(running);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_script_that_is_not_understood_is_wrong_usage_and_the_line_is_named() {
    let path = std::env::temp_dir().join(format!("kucoin-streams-{}.wrong", std::process::id()));
    std::fs::write(&path, "after 10 frames: cut how=eof\nafter lunch: cut\n").unwrap();
    let ran = run(command(&["exchange", "--script", path.to_str().unwrap()]));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("line 2") && ran.stderr.contains("after lunch"),
        "{}",
        ran.stderr
    );
    let ran = run(command(&["exchange", "--script", "/nowhere/to/be/found"]));
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
}

#[test]
fn a_port_that_is_taken_is_a_failure_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = run(command(&["exchange", "--port", &port]));
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains(&port), "{}", ran.stderr);
}

#[test]
fn people_are_told_how_to_watch_it() {
    let mut running = Running::start(command(&["exchange", "--format", "pretty"]));
    while !running
        .line()
        .contains("kucoin-streams watch --rest-url http://127.0.0.1:")
    {}
    running.signal("TERM");
    let ran = running.finish().succeeds();
    assert!(
        ran.stdout.contains("export KUCOIN_API_SECRET="),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
}
