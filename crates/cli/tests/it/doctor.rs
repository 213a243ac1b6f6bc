//! `doctor` on broken set-ups: the root cause, the exit status, and the lines of `--json`.

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
fn unset_credentials_are_wrong_usage_and_the_network_is_checked() {
    let local = LocalExchange::start(settings());
    let url = local.exchange.rest_url();
    Diagnosis::of(|| command(&["doctor", "--rest-url", &url]))
        .has_cause(
            2,
            "credentials",
            &["KUCOIN_API_KEY", "is not set", "set these"],
        )
        .has("http", &["ok"])
        .has("clock", &["ok"])
        .has("key", &["skipped"]);
}

#[test]
fn malformed_credentials_name_the_variable_and_the_mistake() {
    let [key, secret, passphrase] = CANARIES;
    let spaced = format!("{secret} ");
    with_credentials(key, &spaced, passphrase).has_cause(
        2,
        "credentials",
        &["KUCOIN_API_SECRET", "white space"],
    );
    with_credentials(secret, key, passphrase).has_cause(2, "credentials", &["swapped"]);
    let quoted = format!("\"{key}\"");
    with_credentials(&quoted, secret, passphrase).has_cause(
        2,
        "credentials",
        &["KUCOIN_API_KEY", "quotes"],
    );
}

#[test]
fn wrong_credentials_are_refused() {
    let [key, secret, passphrase] = CANARIES;
    let other = "ca0a4999-4567-89ab-cdef-0123456789ab";
    with_credentials(&other.replace('-', "")[..24], secret, passphrase)
        .has_cause(3, "key", &["400003"])
        .has_code("400003")
        .has("token", &["skipped"; 3]);
    with_credentials(key, secret, "canary-other-passphrase")
        .has_cause(3, "key", &["passphrase"])
        .has_code("400004");
    // The secret signs the passphrase too.
    with_credentials(key, other, passphrase)
        .has_cause(3, "key", &["secret"])
        .has_code("400004");
}

#[test]
fn refused_address_key_version_region_and_account_are_told_apart() {
    broken("call now: key-ip-list addresses=203.0.113.7")
        .has_cause(3, "ip-list", &["IP address", "list of the API key"])
        .has_code("400006");
    broken("call now: key-version version=2")
        .has_cause(
            3,
            "version",
            &["KC-API-KEY-VERSION", "create a new API key"],
        )
        .has_code("400009");
    broken("call now: refuse-account code=400302 message=\"not available in your region\"")
        .has_cause(3, "region", &["region"])
        .has_code("400302");
    broken("call now: refuse-account code=411100")
        .has_cause(3, "key", &["restricted", "support"])
        .has_code("411100")
        .has("query", &["skipped"; 2]);
}

#[test]
fn key_without_ip_list_or_with_withdrawal_is_a_warning() {
    let open = broken("call now: key-ip-list addresses=\"\"").has("ip-list", &["warning"]);
    assert_eq!(open.output.status, Some(0));
    let rich =
        broken("call now: rest-permissions granted=withdrawal").has("permissions", &["warning"]);
    assert_eq!(rich.summary["verdict"], "warning");
    assert!(
        rich.summary["rootCause"]["message"]
            .as_str()
            .unwrap()
            .contains("Withdrawal")
    );
}

#[test]
fn missing_permission_names_what_recovery_would_miss() {
    let local = faulty(classic(), "call now: rest-permissions granted=no-futures");
    let missing = diagnose(&local, &[])
        .has_cause(
            3,
            "query",
            &["400007", "permission `Futures`", "recovery would miss"],
        )
        .has("heartbeat", &["ok"; 2]);
    let positions = missing
        .checks
        .iter()
        .find(|line| line["path"] == "/api/v1/positions");
    let message = positions.unwrap()["message"].as_str().unwrap();
    assert!(
        message.ends_with("would miss: futures positions"),
        "{message}"
    );
    let local = faulty(classic(), "call now: rest-permissions granted=no-margin");
    diagnose(&local, &[]).has_cause(3, "query", &["`Margin`", "margin orders"]);
    broken("call now: rest-permissions granted=no-unified").has_cause(
        3,
        "query",
        &["`Unified`", "leverage"],
    );
}

#[test]
fn account_mode_decides_the_connections() {
    let local = LocalExchange::start(classic());
    let classic = diagnose(&local, &[]).has("mode", &["ok"]);
    assert!(
        classic.verdicts("topic").contains(&"skipped"),
        "Pro V2 is not needed"
    );
    let mode = classic.checks.iter().find(|line| line["check"] == "mode");
    assert!(
        mode.unwrap()["message"]
            .as_str()
            .unwrap()
            .contains("spotPrivateV1")
    );
    diagnose(&local, &["--ws-key", UNIFIED]).has_cause(1, "query", &["112010", "classic"]);
}

#[test]
fn skewed_clock_is_the_root_cause_and_the_rest_is_checked() {
    for (skew, direction) in [("60s", "behind"), ("-60s", "ahead of")] {
        let skewed = broken(&format!("call now: clock-skew by={skew}"))
            .has_cause(1, "clock", &[direction, "400002", "synchronize"])
            .has("key", &["ok"]);
        let offset = skewed.summary["rootCause"]["message"].as_str().unwrap();
        assert!(offset.contains(" 59") || offset.contains(" 60"), "{offset}");
    }
    let small = broken("call now: clock-skew by=3s").has("clock", &["warning"]);
    assert_eq!(small.output.status, Some(0));
}

#[test]
fn host_that_cannot_be_resolved_stops_at_dns() {
    doctor(&[
        "--rest-url",
        "https://gateway.invalid",
        "--futures-rest-url",
        "https://gateway.invalid",
    ])
    .has_cause(4, "dns", &["gateway.invalid", "cannot be resolved", "DNS"])
    .has("tcp", &["skipped"])
    .has("token", &["skipped"; 3]);
}

#[test]
fn closed_port_stops_at_tcp() {
    let place = format!("localhost:{}", free_port());
    doctor(&["--rest-url", &format!("http://{place}")])
        .has_cause(4, "tcp", &[&place, "refused", "the port"])
        .has("dns", &["ok"])
        .has("tls", &["skipped"]);
}

#[test]
fn plain_port_and_untrusted_certificate_stop_at_tls() {
    let local = LocalExchange::start(settings());
    let url = format!("https://127.0.0.1:{}", local.exchange.port());
    doctor(&["--rest-url", &url, "--futures-rest-url", &url])
        .has_cause(4, "tls", &["does not speak TLS"])
        .has("tcp", &["ok"]);
    let authority = LocalAuthority::new().unwrap();
    let local = LocalExchange::start(settings().tls(authority.server_config()));
    let url = local.exchange.rest_url();
    doctor(&["--rest-url", &url, "--futures-rest-url", &url])
        .has_cause(4, "tls", &["not trusted", "root certificates"])
        .has("tcp", &["ok"])
        .has("http", &["skipped"]);
}

#[test]
fn silent_server_and_reset_are_told_from_a_closed_port() {
    for fault in ["dial-stall", "dial-reset", "dial-close"] {
        broken(&format!("dial 1: {fault} times=always"))
            .has_cause(4, "http", &["127.0.0.1"])
            .has("tcp", &["ok"]);
    }
}

#[test]
fn maintenance_and_captive_portal_stop_at_the_first_reply() {
    broken("call now: html-everywhere status=503")
        .has_cause(4, "http", &["internal error", "503"])
        .has("tls", &["ok"]);
    broken("call now: html-everywhere status=200")
        .has_cause(4, "http", &["not in KuCoin's format", "<html>"])
        .has("token", &["skipped"; 3]);
    broken("call now: html-everywhere status=403").has_cause(4, "http", &["firewall or CDN"]);
    let runtime = runtime();
    let page =
        |_: &http::Request| http::reply(302, "Location: http://portal.example/login\r\n", "");
    let portal = runtime.block_on(http::Server::answering(page));
    doctor(&["--rest-url", &portal.url()]).has_cause(
        4,
        "http",
        &["portal.example", "captive portal"],
    );
}

#[test]
fn broken_token_requests_are_named_by_connection() {
    for (fault, words) in [
        ("token-html", "not in KuCoin's format"),
        ("token-server-error", "internal error"),
        ("token-rate-limit reset=30s", "rate limit"),
        ("token-no-servers", "no server"),
        ("token-endpoint url=wss://evil.example", "not trusted"),
    ] {
        let local = faulty(classic(), &format!("token 1: {fault} times=always"));
        let broken = diagnose(&local, &["--ws-key", SPOT]).has_cause(4, "token", &[words]);
        assert_eq!(broken.summary["rootCause"]["wsKey"], SPOT);
    }
    broken("token 1: token-refuse status=401 code=400006 times=always")
        .has_cause(3, "token", &["IP address"])
        .has_code("400006")
        .has("query", &["skipped"]);
}

#[test]
fn refused_upgrade_and_welcome_are_named() {
    let local = || {
        faulty(
            classic(),
            "connection 1: upgrade-refuse status=403 times=always",
        )
    };
    diagnose(&local(), &[]).has_cause(4, "upgrade", &["403"]);
    let script = "connection 1: drop-welcome times=always";
    diagnose(&faulty(classic(), script), &[]).has_cause(4, "welcome", &["no welcome within 3s"]);
    let script = "connection 1: refuse-connection times=always";
    diagnose(&faulty(classic(), script), &[])
        .has_cause(4, "welcome", &["exceed max session count", "509"])
        .has_code("509");
    let script = "connection 1: welcome-id times=always";
    diagnose(&faulty(classic(), script), &[]).has_cause(4, "welcome", &["another connection"]);
}

#[test]
fn frozen_heartbeat_is_named() {
    let script = "connection 1: swallow-pongs times=always";
    for (settings, key) in [(classic(), SPOT), (settings(), UNIFIED)] {
        let frozen = diagnose(&faulty(settings, script), &[]).has_cause(
            4,
            "heartbeat",
            &["no pong within 3s", "proxy or a firewall"],
        );
        assert_eq!(frozen.summary["rootCause"]["wsKey"], key);
    }
}

#[test]
fn refused_topic_and_missing_acknowledgements_are_named() {
    let script = "connection 1: refuse-topic topic=/account/balance times=always";
    let refused = diagnose(&faulty(classic(), script), &[])
        .has_cause(
            1,
            "topic",
            &["/account/balance", "is not found", "check the topic"],
        )
        .has_code("404");
    assert_eq!(refused.summary["rootCause"]["topic"], BALANCE);
    let script = "connection 1: drop-acks times=always";
    diagnose(&faulty(classic(), script), &[])
        .has_cause(4, "topic", &["no acknowledgement within 3s"])
        .has("heartbeat", &["ok"; 2]);
    let script = "connection 1: refuse-topic topic=\"orderAll?tradeType=UNIFIED\" times=always";
    broken(script).has_cause(1, "topic", &["orderAll?tradeType=UNIFIED"]);
}

#[test]
fn wrong_host_for_spot_is_named() {
    let local = LocalExchange::start(classic());
    let url = local.exchange.futures_rest_url();
    let wrong = doctor(&["--rest-url", &url, "--ws-key", SPOT]).has_cause(
        1,
        "key",
        &["no spot REST host", "--rest-url"],
    );
    let topic = wrong.checks.iter().find(|line| line["topic"] == BALANCE);
    assert!(
        topic.unwrap()["remedy"]
            .as_str()
            .unwrap()
            .ends_with("correct --rest-url")
    );
    let url = local.exchange.spot_rest_url();
    doctor(&["--rest-url", &url]).has_cause(1, "topic", &["correct --futures-rest-url"]);
}

#[test]
fn connection_that_is_not_needed_only_warns() {
    let script = "connection 1: refuse-topic topic=/account/balance times=always";
    let warned = broken(script);
    assert_eq!(warned.output.status, Some(0));
    assert_eq!(warned.summary["rootCause"]["topic"], BALANCE);
    diagnose(&faulty(settings(), script), &["--ws-key", SPOT]).has_cause(1, "topic", &[BALANCE]);
}

#[test]
fn exhausted_quota_and_overload_stop_the_queries_of_their_pool() {
    let script = "rest 1 /hf/: rest-rate-limit reset=30s times=always";
    diagnose(&faulty(classic(), script), &[]).has_cause(
        1,
        "query",
        &["rate limit of the pool Spot", "recovery would miss"],
    );
    let low = diagnose(
        &LocalExchange::start(classic().rest_quota(RestPool::Futures, 60)),
        &[],
    );
    assert!(
        low.verdicts("rate-limit").contains(&"warning"),
        "{}",
        low.output.stdout
    );
}

#[test]
fn broken_queries_name_path_and_part() {
    for (fault, status, words) in [
        ("rest-html", 4, "not"),
        ("rest-truncated", 4, "recentFills"),
        ("rest-refuse code=411100 message=Frozen.", 3, "Frozen."),
    ] {
        let script = format!("rest 1 /recentFills: {fault} times=always");
        let broken = diagnose(&faulty(classic(), &script), &[]);
        let broken = broken.has_cause(status, "query", &[words, "futures fills of the last 24 h"]);
        assert_eq!(broken.summary["rootCause"]["path"], "/api/v1/recentFills");
    }
}

#[test]
fn maintenance_of_rest_only_is_not_connected() {
    let script = "rest 1: rest-server-error times=always\ntoken 1: token-server-error times=always";
    let local = faulty(settings(), script);
    let down = Diagnosis::of(|| local.command("doctor", &["--connect-timeout", "3s"]));
    down.has_cause(4, "key", &["maintenance", "503"])
        .has("mode", &["skipped"])
        .has("http", &["ok"]);
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
fn proxy_that_is_down_or_refuses_is_named() {
    let local = LocalExchange::start(settings());
    let url = local.exchange.rest_url();
    let closed = format!("http://user:proxy-pass@127.0.0.1:{}", free_port());
    doctor(&["--rest-url", &url, "--proxy", &closed])
        .has_cause(
            4,
            "proxy",
            &["through the proxy 127.0.0.1", "check that the proxy runs"],
        )
        .has("tls", &["skipped"]);
    let runtime = runtime();
    let asking = Setup {
        asks_for_user: true,
        ..HTTP
    };
    let proxy = runtime.block_on(ProxyServer::start(asking));
    let wrong = proxy.url_with("user:proxy-pass");
    doctor(&["--rest-url", &url, "--proxy", &wrong]).has_cause(
        4,
        "proxy",
        &["the user and the password"],
    );
    let proxy = runtime.block_on(ProxyServer::start(SOCKS));
    proxy.set_fault(Some(ProxyFault::Refusal(2)));
    doctor(&["--rest-url", &url, "--proxy", &proxy.url()]).has_cause(
        4,
        "proxy",
        &["through the proxy localhost"],
    );
    proxy.set_fault(None);
    let healthy = doctor(&["--rest-url", &url, "--proxy", &proxy.url()]).has("proxy", &["ok"; 4]);
    assert_eq!(healthy.output.status, Some(0), "{}", healthy.output.stdout);
}

#[test]
fn missing_roots_are_named() {
    let command = || {
        let [key, secret, passphrase] = CANARIES;
        let mut command = command(&["doctor"]);
        command
            .env("SSL_CERT_FILE", "/nonexistent/roots.pem")
            .env_remove("SSL_CERT_DIR");
        authorised(command, key, secret, passphrase)
    };
    if cfg!(target_os = "linux") {
        Diagnosis::of(command).has_cause(1, "tls", &["no root certificates", "SSL_CERT_FILE"]);
    }
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
