//! A custom host is never combined with one of KuCoin's hosts.

use crate::rig::*;

/// Asserts status 2 and one line that names the option to set.
#[track_caller]
fn check(args: &[&str], option: &str) {
    let all = [&["watch", "--format", "ndjson"][..], args].concat();
    let ran = run(authorised(command(&all), "key", "secret", "passphrase"));
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(option), "{}", ran.stderr);
    assert!(!ran.stderr.contains("::"), "{}", ran.stderr);
}

#[test]
fn missing_host_is_named_with_its_option() {
    let pro = [
        "--ws-key",
        "privateProV2",
        "--pro-ws-url",
        "ws://127.0.0.1:9/pro",
    ];
    check(&pro, "--rest-url");
    let login = [&pro[..], &["--pro-auth", "login"]].concat();
    check(&login, "--rest-url");
    let gateway = ["--rest-url", "https://gateway.invalid"];
    let pro = [&gateway[..], &["--ws-key", "privateProV2"]].concat();
    check(&pro, "--pro-ws-url");
    let futures = [&gateway[..], &["--ws-key", "futuresPrivateV1"]].concat();
    check(&futures, "--futures-rest-url");
    check(&gateway, "--futures-rest-url");
    check(
        &["--futures-rest-url", "https://gateway.invalid"],
        "--rest-url",
    );
}

#[test]
fn local_host_with_a_remote_host_is_wrong_usage() {
    let args = [
        "--ws-key",
        "privateProV2",
        "--rest-url",
        "http://127.0.0.1:9",
        "--pro-ws-url",
        "wss://wsapi-push.kucoin.com",
    ];
    check(&args, "do not belong together");
}
