//! The errors of a client on a machine that lacks something: the text alone names the cause and what to do.
//!
//! Each case runs in a process of its own, as it changes the environment or the limits of the process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use kucoin_streams::session::Backoff;
use kucoin_streams::v1::Balances;
use kucoin_streams::{Config, Credentials, Hosts, Kucoin};

const CASE: &str = "KUCOIN_STREAMS_CASE";

/// Runs this test once more in a process that a shell prepares, and gives what the case says.
fn said_by(case: &str, prepare: &str) -> String {
    let script = format!("{prepare} exec \"$0\" --exact case_in_a_process_of_its_own --nocapture");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap());
    let output = command.env(CASE, case).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = text.lines().find_map(|line| line.split_once("said: "));
    let (_, said) = said.unwrap_or_else(|| panic!("nothing is said: {text}"));
    assert!(!said.contains("canary"), "{said}");
    said.to_owned()
}

#[test]
fn case_in_a_process_of_its_own() {
    let text = match std::env::var(CASE).as_deref() {
        Ok("build") => build("https://localhost:1").unwrap_err(),
        Ok("build without descriptors") => {
            exhaust();
            build("https://localhost:1").unwrap_err()
        }
        Ok("subscribe without descriptors") => {
            let kucoin = build("http://127.0.0.1:1").unwrap();
            let runtime = runtime();
            exhaust();
            runtime
                .block_on(kucoin.subscribe(Balances))
                .unwrap_err()
                .to_string()
        }
        Ok("dial without descriptors") => {
            let kucoin = build("http://127.0.0.1:1").unwrap();
            let runtime = runtime();
            // The thread of the connections runs, and then nothing is left for a dial.
            let live = kucoin.wait_live(kucoin_streams::WsKey::SpotPrivateV1);
            runtime.block_on(live).unwrap_err();
            exhaust();
            runtime
                .block_on(kucoin.subscribe(Balances))
                .unwrap_err()
                .to_string()
        }
        Ok("resolve") => {
            let kucoin = build("https://kucoin.invalid").unwrap();
            let subscribed = runtime().block_on(kucoin.subscribe(Balances));
            subscribed.unwrap_err().to_string()
        }
        // Without a case it is a test like others, of nothing.
        _ => return,
    };
    println_said(&text);
}

#[allow(clippy::print_stdout)]
fn println_said(text: &str) {
    println!("said: {text}");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

fn build(rest_url: &str) -> Result<Kucoin, String> {
    let hosts = Hosts::default().with_spot_rest(rest_url).unwrap();
    let hosts = hosts.with_futures_rest(rest_url).unwrap();
    let mut session = kucoin_streams::session::Config::default();
    session.backoff = Backoff {
        base: Duration::from_millis(50),
        cap: Duration::from_millis(200),
    };
    let config = Config::default().with_session(session);
    Kucoin::builder()
        .credentials(Credentials::new("canary-key", "canary-secret", "canary-pass").unwrap())
        .hosts(hosts)
        .config(config.with_connect_timeout(Duration::from_secs(4)))
        .build()
        .map_err(|error| error.to_string())
}

/// Takes every file descriptor that is left, and those that are closed later: a dial that is under way has one.
fn exhaust() {
    let mut taken = Vec::new();
    let mut take = move || taken.extend(std::iter::from_fn(|| File::open("/").ok()));
    let thread = std::thread::Builder::new();
    let (first, is_done) = std::sync::mpsc::channel();
    let taking = move || {
        loop {
            take();
            let _ = first.send(());
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    thread.spawn(taking).unwrap();
    is_done.recv().unwrap();
}

#[track_caller]
fn check(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[test]
fn missing_root_certificates_are_named_with_the_remedy() {
    let said = said_by(
        "build",
        "SSL_CERT_FILE=/nonexistent SSL_CERT_DIR=/nonexistent",
    );
    check(
        &said,
        &[
            "TLS cannot be set up: ",
            "no root certificates found (SSL_CERT_FILE=/nonexistent, SSL_CERT_DIR=/nonexistent)",
            "; correct what is set",
            "`ca-certificates`",
        ],
    );
}

#[test]
fn name_that_cannot_be_resolved_is_named_with_the_remedy() {
    let said = said_by("resolve", "RES_OPTIONS='timeout:1 attempts:1'");
    check(
        &said,
        &[
            "not connected within 4s: ",
            "kucoin.invalid cannot be resolved: ",
            "; check",
            "DNS",
        ],
    );
}

#[test]
fn lack_of_file_descriptors_is_named_with_the_remedy() {
    for case in [
        "build without descriptors",
        "subscribe without descriptors",
        "dial without descriptors",
    ] {
        let said = said_by(case, "ulimit -n 64;");
        check(&said, &["Too many open files", "; raise", "`ulimit -n`"]);
        assert!(!said.contains("ca-certificates"), "{case}: {said}");
    }
}
