//! `doctor` on broken set-ups: the root cause, the exit status, and the lines of `--json`.

mod account;
mod connections;
mod network;

use std::process::Command;

use kucoin_streams_exchange::{
    AccountMode, DemoCredentials, Exchange, ExchangeBuilder, LocalAuthority, RestPool,
};
use kucoin_streams_testkit::http;
use kucoin_streams_testkit::proxy::{HTTP, ProxyFault, ProxyServer, SOCKS, Setup};
use serde_json::Value;

use crate::rig::*;

/// Secrets of the exchange, none of which may be printed.
const CANARIES: [&str; 3] = [
    "ca0a4123456789abcdef0123",
    "ca0a4123-4567-89ab-cdef-0123456789ab",
    "canary-passphrase-0123",
];

fn settings() -> ExchangeBuilder {
    let [key, secret, passphrase] = CANARIES;
    let credentials = DemoCredentials::new(key, secret, passphrase);
    Exchange::builder().credentials(credentials)
}

fn classic() -> ExchangeBuilder {
    settings().account_mode(AccountMode::Classic)
}

fn faulty(settings: ExchangeBuilder, script: &str) -> LocalExchange {
    let local = LocalExchange::start(settings.faults(script.parse().unwrap()));
    local.exchange.call("now");
    local
}

/// What a run of `doctor --json` printed.
struct Diagnosis {
    output: CommandOutput,
    checks: Vec<Value>,
    summary: Value,
}

impl Diagnosis {
    /// Runs `doctor`, with and without `--json`; no secret may be printed, and both must agree.
    #[track_caller]
    fn of(command: impl Fn() -> Command) -> Self {
        let mut json = command();
        json.arg("--json");
        let output = run(json);
        assert_eq!(output.stderr, "");
        let mut checks = output.lines();
        let summary = checks.pop().unwrap();
        assert_eq!(summary["kind"], "summary", "{summary}");
        assert_eq!(summary["exitStatus"], output.status.unwrap(), "{summary}");
        for check in &checks {
            assert_eq!(check["kind"], "check", "{check}");
        }
        for verdict in ["ok", "failed", "skipped"] {
            let of_verdict = checks.iter().filter(|check| check["verdict"] == verdict);
            assert_eq!(summary[verdict], of_verdict.count(), "{summary}");
        }
        let secrets = CANARIES
            .into_iter()
            .chain(["canary", "token=", "proxy-pass"]);
        for secret in secrets {
            assert!(
                !output.stdout.contains(secret),
                "{secret}: {}",
                output.stdout
            );
        }
        Self {
            output,
            checks,
            summary,
        }
    }

    /// Asserts the exit status, the check that is the root cause, and words of its message or remedy.
    #[track_caller]
    fn has_cause(self, status: i32, check: &str, words: &[&str]) -> Self {
        let cause = &self.summary["rootCause"];
        assert_eq!(cause["check"], check, "{}", self.output.stdout);
        assert_eq!(self.output.status, Some(status), "{}", self.summary);
        let text = format!("{}; {}", cause["message"], cause["remedy"]);
        for word in words {
            assert!(text.contains(word), "{word:?} is not in {text}");
        }
        let failed = self.checks.iter().find(|line| {
            line["verdict"] == "failed"
                && line["check"] == check
                && line["message"] == cause["message"]
        });
        assert!(failed.is_some(), "{}", self.output.stdout);
        self
    }

    #[track_caller]
    fn has_code(self, code: &str) -> Self {
        assert_eq!(self.summary["rootCause"]["code"], code, "{}", self.summary);
        self
    }

    fn verdicts(&self, check: &str) -> Vec<&str> {
        let lines = self.checks.iter().filter(|line| line["check"] == check);
        lines.filter_map(|line| line["verdict"].as_str()).collect()
    }

    #[track_caller]
    fn has(self, check: &str, verdicts: &[&str]) -> Self {
        assert_eq!(
            self.verdicts(check),
            verdicts,
            "{check}: {}",
            self.output.stdout
        );
        self
    }
}

fn diagnose(local: &LocalExchange, args: &[&str]) -> Diagnosis {
    let all = [&["--connect-timeout", "3s"], args].concat();
    pretty_agrees(|| local.command("doctor", &all));
    Diagnosis::of(|| local.command("doctor", &all))
}

/// Runs the command without `--json`: at most 80 columns, no secret, and a verdict at the end.
fn pretty_agrees(command: impl Fn() -> Command) {
    let output = run(command());
    for line in output.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for secret in CANARIES.into_iter().chain(["canary", "proxy-pass"]) {
        assert!(
            !output.stdout.contains(secret),
            "{secret}: {}",
            output.stdout
        );
    }
    let verdict = output
        .stdout
        .lines()
        .find(|line| line.starts_with("Verdict: "));
    let is_good = verdict.unwrap().contains("good");
    assert_eq!(is_good, output.status == Some(0), "{}", output.stdout);
}

fn broken(script: &str) -> Diagnosis {
    diagnose(&faulty(settings(), script), &[])
}

/// `doctor` on a URL, with the canaries as credentials.
fn doctor(args: &[&str]) -> Diagnosis {
    let command = || {
        let [key, secret, passphrase] = CANARIES;
        let all = [&["doctor", "--connect-timeout", "3s"], args].concat();
        let mut command = command(&all);
        command.env("RES_OPTIONS", "timeout:1 attempts:1");
        authorised(command, key, secret, passphrase)
    };
    Diagnosis::of(command)
}

#[track_caller]
fn with_credentials(key: &str, secret: &str, passphrase: &str) -> Diagnosis {
    let local = LocalExchange::start(settings());
    let url = local.exchange.rest_url();
    Diagnosis::of(|| {
        authorised(
            command(&["doctor", "--rest-url", &url]),
            key,
            secret,
            passphrase,
        )
    })
}

#[test]
fn healthy_accounts_are_all_good() {
    for (settings, args) in [
        (settings(), &[][..]),
        (settings(), &["--pro-auth", "login"]),
        (classic(), &[]),
        (
            settings(),
            &["--ws-key", SPOT, "--ws-key", FUTURES, "--ws-key", UNIFIED],
        ),
    ] {
        let healthy = diagnose(&LocalExchange::start(settings), args);
        let counts = ["warnings", "failed"].map(|name| healthy.summary[name].as_u64());
        assert_eq!(counts, [Some(0); 2], "{}", healthy.output.stdout);
        assert_eq!(healthy.summary["verdict"], "ok");
        assert_eq!(healthy.output.status, Some(0));
        assert!(healthy.summary.get("rootCause").is_none());
        assert!(healthy.verdicts("topic").len() > 9);
        assert!(healthy.verdicts("query").len() > 9);
    }
}

#[test]
fn demo_is_all_good() {
    let output = run(command(&["doctor", "--demo"])).succeeds();
    assert!(
        output.stdout.contains("\nVerdict: all good"),
        "{}",
        output.stdout
    );
}

#[test]
fn nothing_is_changed_at_the_account() {
    let local = LocalExchange::start(classic());
    diagnose(&local, &[]);
    let stats = local.exchange.stats();
    assert!(
        stats
            .rest_queries
            .iter()
            .all(|query| query.code != "405000")
    );
    assert!(!stats.rest_queries.is_empty());
    assert!(local.exchange.truth().snapshot().is_empty());
}

#[test]
fn bad_settings_are_wrong_usage() {
    doctor(&["--proxy", "ftp://user:proxy-pass@proxy.example"]).has_cause(2, "proxy", &["--proxy"]);
    doctor(&["--rest-url", "http://api.example"]).has_cause(2, "hosts", &["https"]);
    let local = LocalExchange::start(settings());
    let url = format!("https://localhost:{}", local.exchange.port());
    doctor(&["--rest-url", &url]).has_cause(2, "hosts", &["--futures-rest-url"]);
}

#[test]
fn signal_ends_the_checks() {
    let local = faulty(settings(), "dial 1: dial-stall times=always");
    let mut running =
        Running::start(local.command("doctor", &["--connect-timeout", "5m", "--json"]));
    running.until("check");
    running.signal("INT");
    let output = running.finish();
    assert_eq!(output.status, Some(1), "{output:?}");
    assert!(output.stderr.contains("SIGINT"), "{output:?}");
}
