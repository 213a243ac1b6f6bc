//! `exchange` and `watch` in separate processes.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::ndjson::check_keys;
use crate::rig::*;

/// A running exchange and its first line.
fn exchange(args: &[&str]) -> (Running, Value) {
    let args = [&["exchange", "--port", "0", "--format", "ndjson"], args].concat();
    let mut running = Running::start(command(&args));
    let ready = object(&running.line());
    (running, ready)
}

/// Stops an exchange and returns its output.
fn stopped(running: Running) -> CommandOutput {
    running.signal("TERM");
    let ran = running.finish();
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    ran
}

fn watch(ready: &Value, args: &[&str]) -> CommandOutput {
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
fn first_line_has_all_that_a_client_needs() {
    let (running, ready) = exchange(&[]);
    assert_eq!(ready["kind"], "exchange");
    let names = [
        "kind",
        "restUrl",
        "spotRestUrl",
        "futuresRestUrl",
        "proWsUrl",
        "apiKey",
        "apiSecret",
        "apiPassphrase",
    ];
    assert_eq!(ready.as_object().unwrap().len(), names.len());
    assert!(names.iter().all(|name| ready[name].is_string()), "{ready}");
    let ran = stopped(running);
    assert_eq!(ran.stdout.lines().count(), 1);
}

#[test]
fn watch_connects_from_another_process() {
    let (running, ready) = exchange(&["--rate", "100", "--seed", "5"]);
    let lines = watch(&ready, &["--count", "30"]).succeeds().lines();
    assert_eq!(
        lines
            .iter()
            .filter(|line| check_keys(line) == "update")
            .count(),
        30
    );
    running.signal("INT");
    assert_eq!(running.finish().status, Some(0));
}

#[test]
fn fault_script_is_executed() {
    let path = std::env::temp_dir().join(format!("kucoin-streams-{}.faults", std::process::id()));
    std::fs::write(
        &path,
        "# once\nconnection 1: send-pongs count=2\nafter 10 frames: cut how=eof\n",
    )
    .unwrap();
    let (running, ready) = exchange(&["--rate", "100", "--script", path.to_str().unwrap()]);
    // Only one connection: another would continue to count while this one is down.
    let args = ["--ws-key", SPOT, "--count", "30"];
    let lines = watch(&ready, &args).succeeds().lines();
    let kinds: Vec<&str> = lines.iter().map(check_keys).collect();
    for kind in ["reconnect", "gap", "reconnected"] {
        assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
    }
    drop(running);
    std::fs::remove_file(path).unwrap();
}

/// Runs the command with an invalid script.
fn refused_script(name: &str, script: &str) -> (CommandOutput, String) {
    let name = format!("kucoin-streams-{}-{name}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, script).unwrap();
    let path = path.to_str().unwrap().to_owned();
    let ran = run(command(&["exchange", "--script", &path]));
    std::fs::remove_file(&path).unwrap();
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    (ran, path)
}

#[test]
fn script_error_names_file_line_and_word_once() {
    let (ran, path) = refused_script("near", "# day\nafter 10 frames: cutt how=eof\n");
    assert_eq!(
        ran.stderr,
        format!(
            "kucoin-streams: script {path} is not valid: line 2: unknown fault `cutt` (did you mean `cut`?); \
             see `kucoin-streams exchange --help-script`\n"
        )
    );
    for (name, line, word) in [
        ("far", "token 1: explode", "`explode`"),
        ("none", "token 1: ", "`token 1`"),
        ("trigger", "after lunch: cut", "`after lunch`"),
        ("parameter", "token 1: token-slow in=5s", "`token-slow`"),
        ("value", "token 1: token-slow by=soon", "`by=soon`"),
    ] {
        let (ran, _) = refused_script(name, line);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert_eq!(ran.stderr.matches(word).count(), 1, "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("line 1").count(), 1, "{}", ran.stderr);
        assert!(!ran.stderr.contains("did you mean"), "{}", ran.stderr);
    }
}

#[test]
fn unreadable_script_is_wrong_usage() {
    let ran = run(command(&["exchange", "--script", "/nowhere/to/be/found"]));
    assert_eq!(ran.status, Some(2));
    assert_eq!(
        ran.stderr.matches("No such file").count(),
        1,
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("/nowhere/to/be/found"),
        "{}",
        ran.stderr
    );
}

#[test]
fn every_example_of_help_script_is_valid() {
    let language = run(command(&["exchange", "--help-script"]))
        .succeeds()
        .stdout;
    let examples = language
        .lines()
        .filter_map(|line| line.split_once("Example: "));
    let examples: Vec<&str> = examples.map(|(_, example)| example).collect();
    assert!(examples.len() > 60, "{} examples", examples.len());
    assert!(language.contains("after 10 frames: cut how=reset times=always"));
    let script: kucoin_streams_exchange::Faults = examples.join("\n").parse().unwrap();
    assert_eq!(script.list().len(), examples.len());
}

/// Runs `watch` against an exchange with this script and returns the log of the exchange.
fn log_of(format: &str, script: &str) -> String {
    let name = format!("kucoin-streams-{}-{format}.log-faults", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, script).unwrap();
    let args = ["--rate", "100", "--script", path.to_str().unwrap()];
    let (running, ready) = match format {
        "ndjson" => exchange(&args),
        _ => {
            let port = free_port().to_string();
            let args = [
                &["exchange", "--format", format, "--port", &port],
                &args[..],
            ]
            .concat();
            let mut running = Running::start(command(&args));
            let mut secret = String::new();
            while !running.line().contains(" watch --rest-url ") {}
            let demo = kucoin_streams_exchange::DemoCredentials::default();
            secret.push_str(&demo.secret);
            let rest = format!("http://127.0.0.1:{port}");
            let ready = serde_json::json!({
                "restUrl": rest, "apiKey": demo.key, "apiSecret": secret, "apiPassphrase": demo.passphrase,
            });
            (running, ready)
        }
    };
    watch(&ready, &["--ws-key", SPOT, "--count", "30"]).succeeds();
    let ran = stopped(running);
    std::fs::remove_file(path).unwrap();
    for name in ["apiKey", "apiSecret", "apiPassphrase"] {
        assert!(!ran.stderr.contains(ready[name].as_str().unwrap()));
    }
    ran.stderr
}

#[test]
fn exchange_logs_connections_and_faults_as_json() {
    let log = log_of("ndjson", "after 10 frames: cut how=eof\n");
    let lines: Vec<Value> = log.lines().map(object).collect();
    let of =
        |kind: &str| -> Vec<&Value> { lines.iter().filter(|line| line["kind"] == kind).collect() };
    assert_eq!(of("tokenRequest").len(), 2, "{log}");
    assert_eq!(of("tokenRequest")[0]["code"], "200000");
    let opened = of("opened");
    assert_eq!(opened[0]["connection"], 1);
    assert_eq!(opened[0]["protocol"], "v1");
    assert_eq!(
        (&opened[1]["token"], &opened[1]["market"]),
        (&2.into(), &"both".into())
    );
    assert_eq!(of("fault").len(), 1, "{log}");
    assert_eq!(of("fault")[0]["fault"], "after 10 frames: cut how=eof");
    assert_eq!(of("fault")[0]["trigger"], "push 10 of connection 1");
    let ended = of("ended");
    assert_eq!(
        (&ended[0]["how"], &ended[0]["reason"]),
        (&"fault".into(), &"cut how=eof".into())
    );
    assert!(
        lines
            .iter()
            .all(|line| line["at"].as_str().unwrap().len() == 19)
    );
}

#[test]
fn exchange_logs_connections_and_faults_as_text() {
    let log = log_of("pretty", "after 10 frames: cut how=eof\n");
    for part in [
        "  token issued",
        "  connection 1 opened: V1, token 1, kucoin-streams/",
        "  fault at push 10 of connection 1: cut how=eof\n",
        "  connection 1 ended after ",
        "a fault (cut how=eof)",
    ] {
        assert!(log.contains(part), "{part:?} is not in {log}");
    }
    assert!(!log.contains('\u{1b}') && !log.contains('{'), "{log}");
    assert!(log.lines().all(|line| line.len() <= 80), "{log}");
    let log = log_of("pretty", "after 0ms: garble-frame count=1\nafter 2m: cut\n");
    assert!(
        log.contains("  fault after 0ms: garble-frame count=1\n"),
        "{log}"
    );
}

#[test]
fn rest_query_is_logged_without_its_parameters() {
    let (running, ready) = exchange(&[]);
    let address = ready["restUrl"].as_str().unwrap().replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    let target = "/api/v1/hf/fills?symbol=BTC-USDT&orderId=my-secret-order";
    let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let log = stopped(running).stderr;
    let lines: Vec<Value> = log.lines().map(object).collect();
    let logged = lines
        .iter()
        .find(|line| line["kind"] == "restQuery")
        .unwrap();
    assert_eq!(logged["path"], "/api/v1/hf/fills");
    let answer = (&logged["status"], &logged["code"], &logged["weight"]);
    assert_eq!(answer, (&400.into(), &"400001".into(), &0.into()));
    assert!(
        !log.contains("symbol") && !log.contains("my-secret-order"),
        "{log}"
    );
}

#[test]
fn unknown_symbols_are_refused_on_request() {
    let topic = "/contract/position:NOSUCHM";
    let acknowledged = ["--topic", topic, "--for", "5s"];
    for (how, args, status) in [
        ("acknowledge", &acknowledged[..], Some(0)),
        ("refuse", &acknowledged[..2], Some(1)),
    ] {
        let (running, ready) = exchange(&["--unknown-symbols", how]);
        let ran = watch(&ready, args);
        assert_eq!(ran.status, status, "{how}: {}", ran.stderr);
        stopped(running);
    }
    let ran = run(command(&["exchange", "--unknown-symbols", "guess"]));
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("acknowledge or refuse"),
        "{}",
        ran.stderr
    );
}

#[test]
fn tokens_of_spot_and_futures_hosts_are_separate() {
    let (running, ready) = exchange(&["--rate", "100"]);
    let url = |name: &str| ready[name].as_str().unwrap().to_owned();
    let both = |spot: &str, futures: &str| {
        let (spot, futures) = (url(spot), url(futures));
        let swapped = serde_json::json!({
            "restUrl": spot, "apiKey": url("apiKey"), "apiSecret": url("apiSecret"),
            "apiPassphrase": url("apiPassphrase"),
        });
        let args = [
            "--ws-key",
            SPOT,
            "--ws-key",
            FUTURES,
            "--futures-rest-url",
            &futures,
        ];
        watch(&swapped, &[&args[..], &["--count", "5"]].concat())
    };
    both("spotRestUrl", "futuresRestUrl").succeeds();
    both("restUrl", "restUrl").succeeds();
    let swapped = both("futuresRestUrl", "spotRestUrl");
    assert_eq!(swapped.status, Some(1));
    assert!(
        swapped.stderr.contains("is not found"),
        "{}",
        swapped.stderr
    );
    stopped(running);
}

#[test]
fn tls_certificate_file_is_trusted() {
    let path = std::env::temp_dir().join(format!("kucoin-streams-{}.pem", std::process::id()));
    let file = path.to_str().unwrap();
    let (running, ready) = exchange(&["--rate", "100", "--tls", file]);
    assert_eq!(ready["caFile"], file);
    let text = |name: &str| ready[name].as_str().unwrap();
    assert!(text("restUrl").starts_with("https://localhost:"), "{ready}");
    assert!(text("proWsUrl").starts_with("wss://localhost:"), "{ready}");
    let watch = |trusted: Option<&str>| {
        let args = [
            "watch",
            "--format",
            "ndjson",
            "--rest-url",
            text("restUrl"),
            "--futures-rest-url",
            text("futuresRestUrl"),
            "--pro-ws-url",
            text("proWsUrl"),
            "--ws-key",
            SPOT,
            "--ws-key",
            FUTURES,
            "--ws-key",
            "privateProV2",
            "--count",
            "30",
        ];
        let mut command = authorised(
            command(&args),
            text("apiKey"),
            text("apiSecret"),
            text("apiPassphrase"),
        );
        match trusted {
            Some(file) => command.env("SSL_CERT_FILE", file),
            None => command.env_remove("SSL_CERT_FILE"),
        };
        run(command)
    };
    let lines = watch(Some(file)).succeeds().lines();
    let updates = lines.iter().filter(|line| line["kind"] == "update");
    assert_eq!(updates.count(), 30);
    let ran = watch(None);
    assert_ne!(ran.status, Some(0), "an unknown issuer is not trusted");
    assert!(ran.stderr.contains("SSL_CERT_FILE=FILE"), "{}", ran.stderr);
    stopped(running);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn taken_port_is_named_in_the_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = run(command(&["exchange", "--port", &port]));
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains(&port), "{}", ran.stderr);
}

#[test]
fn pretty_output_has_a_watch_command() {
    let mut running = Running::start(command(&["exchange", "--format", "pretty"]));
    while !running
        .line()
        .contains(" watch --rest-url http://127.0.0.1:")
    {}
    let ran = stopped(running);
    assert!(
        ran.stdout.contains("export KUCOIN_API_SECRET="),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
}
