//! The API key, the account and its REST queries.

use super::*;

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
