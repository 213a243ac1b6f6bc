//! The way to each host: proxy, names, TCP, TLS, first reply, clock.

use super::*;

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
