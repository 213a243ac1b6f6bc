//! `watch --proxy`: all traffic uses the proxy.

use std::process::Command;

use kucoin_streams_exchange::Exchange;
use kucoin_streams_testkit::proxy::{CREDENTIALS, ProxyServer, SOCKS, Setup};

use crate::rig::*;

/// A SOCKS5 proxy that requires a user and password.
fn start_proxy(local: &LocalExchange) -> ProxyServer {
    local.wait(ProxyServer::start(Setup {
        asks_for_user: true,
        ..SOCKS
    }))
}

/// Removes the proxy variables of the machine.
fn without_variables(mut command: Command) -> Command {
    for name in ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "HTTP_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
}

fn watch(local: &LocalExchange, args: &[&str]) -> Command {
    let all = [&["--format", "ndjson", "--topic", BALANCE][..], args].concat();
    without_variables(local.watch(&all))
}

#[test]
fn all_traffic_uses_the_proxy_flag() {
    for (flag, has_queries) in [("--no-recover", false), ("--recover", true)] {
        let local = LocalExchange::start(Exchange::builder().event_rate(50.0));
        let proxy = start_proxy(&local);
        let args = ["--count", "3", "--proxy", &proxy.url(), flag];
        run(watch(&local, &args)).succeeds();
        let target = format!("127.0.0.1:{}", local.exchange.port());
        let targets = proxy.targets();
        assert!(targets.iter().all(|to| *to == target), "{targets:?}");
        // One connection for the token, one for the events, and those for the queries.
        assert_eq!(targets.len() > 2, has_queries, "{targets:?}");
        let queries = local.exchange.stats().rest_queries;
        assert_eq!(!queries.is_empty(), has_queries);
    }
}

#[test]
fn proxy_variables_apply_only_on_request() {
    let local = LocalExchange::start(Exchange::builder().event_rate(50.0));
    let proxy = start_proxy(&local);
    let run_with = |args: &[&str], no_proxy: &str| {
        let args = [&["--count", "3", "--no-recover"][..], args].concat();
        let mut command = watch(&local, &args);
        command
            .env("HTTPS_PROXY", proxy.url())
            .env("no_proxy", no_proxy);
        let before = proxy.targets().len();
        run(command).succeeds();
        proxy.targets().len() - before
    };
    assert_eq!(run_with(&[], ""), 0);
    assert_eq!(run_with(&["--proxy", "env"], ""), 2);
    assert_eq!(run_with(&["--proxy", "env"], "127.0.0.0/8"), 0);
}

#[test]
fn unusable_proxy_is_wrong_usage() {
    let local = LocalExchange::start(Exchange::builder());
    for (proxy, words) in [
        ("env", "HTTPS_PROXY"),
        ("ftp://user:canary@proxy.test", "socks5h"),
        ("http://user:can#ary@proxy.test", "percent-encoded"),
        ("http://user:canary@proxy.test:1", "proxy.test:1"),
    ] {
        let ran = run(watch(&local, &["--proxy", proxy]));
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""), "{proxy}");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    }
    assert!(local.exchange.stats().token_requests.is_empty());
}

#[test]
fn unusable_proxy_variable_is_named() {
    let local = LocalExchange::start(Exchange::builder());
    for name in ["HTTPS_PROXY", "all_proxy"] {
        let mut command = watch(&local, &["--proxy", "env"]);
        command.env(name, "ftp://user:canary@proxy.test");
        let ran = run(command);
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""));
        let text = &ran.stderr;
        assert!(text.contains(&format!("{name}: ")), "{text}");
        assert!(
            !text.contains("--proxy") && !text.contains("canary"),
            "{text}"
        );
    }
}

#[test]
fn demo_with_proxy_is_wrong_usage() {
    let ran = run(command(&[
        "watch",
        "--demo",
        "--proxy",
        "http://127.0.0.1:9",
    ]));
    assert_eq!((ran.status, &*ran.stdout), (Some(2), ""));
    assert!(ran.stderr.contains("--proxy"), "{}", ran.stderr);
}

#[test]
fn unreachable_proxy_is_named_and_not_bypassed() {
    let local = LocalExchange::start(Exchange::builder());
    let place = format!("127.0.0.1:{}", free_port());
    let url = format!("http://{CREDENTIALS}@{place}");
    let ran = run(watch(&local, &["--connect-timeout", "5s", "--proxy", &url]));
    assert_eq!(ran.status, Some(4), "{ran:?}");
    assert!(ran.stderr.contains(&place), "{}", ran.stderr);
    assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    assert!(local.exchange.stats().token_requests.is_empty());
}

#[test]
fn wrong_proxy_password_ends_the_command() {
    let local = LocalExchange::start(Exchange::builder());
    let proxy = start_proxy(&local);
    let url = proxy.url_with("canary-us%20er:canary-wrong");
    let ran = run(watch(&local, &["--proxy", &url]));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let words = [&*proxy.place(), "password", "correct"];
    assert!(words.iter().all(|it| ran.stderr.contains(it)), "{ran:?}");
    assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    assert!(proxy.targets().is_empty());
    assert!(local.exchange.stats().token_requests.is_empty());
}
