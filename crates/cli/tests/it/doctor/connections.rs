//! Token, dial, welcome, heartbeat and topics of each connection.

use super::*;

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
