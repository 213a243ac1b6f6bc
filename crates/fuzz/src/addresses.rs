//! Server addresses and dial URLs: the check and the dial must see the same host.

use std::sync::LazyLock;

use kucoin_streams_auth::rest::{Hosts, fuzzing};
use kucoin_streams_core::SecretUrl;
use kucoin_streams_transport::ConnectError;
use kucoin_streams_transport::fuzzing::{DialTarget, parse_target};

static HOSTS: LazyLock<Hosts> = LazyLock::new(Hosts::default);

/// Input: an address and a token, separated by a zero byte; or a URL alone.
pub fn addresses(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (address, token) = text.split_once('\0').unwrap_or((text, "canary"));
    check_url(address);
    check_settings(address);
    if let Ok(server) = fuzzing::server(address) {
        let url = server.url(token, "c1");
        let target = parse_target(url.expose())
            .unwrap_or_else(|error| panic!("{address} is accepted but cannot be dialled: {error}"));
        check_same_host(address, &server, &target);
        check_query(&target, token);
        // Only the address is shown, whatever the token contains.
        let shown = url.without_query();
        assert_eq!(shown.trim_end_matches('/'), address.trim_end_matches('/'));
        let expected = format!("SecretUrl({shown}?[redacted])");
        assert_eq!(format!("{url:?}"), expected);
    }
}

fn check_same_host(address: &str, server: &fuzzing::Server, target: &DialTarget) {
    let host = server.host.trim_start_matches('[').trim_end_matches(']');
    assert!(
        target.host.eq_ignore_ascii_case(host),
        "{address}: {} and {}",
        target.host,
        host
    );
    assert_eq!(server.is_loopback, is_loopback(host), "{address}");
    assert!(
        target.secure || server.is_loopback,
        "{address} is not encrypted and on another machine"
    );
    let scheme = address
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    assert_eq!(
        scheme.as_deref(),
        Some(if target.secure { "wss" } else { "ws" })
    );
    assert!(!address.contains(['@', '?', '#', '\\', '%']), "{address}");
}

fn is_loopback(host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// Checks that the token arrives unchanged, whatever characters it has.
fn check_query(target: &DialTarget, token: &str) {
    let (_, query) = target
        .request
        .split_once("?token=")
        .expect("the token is in the query");
    let (sent, rest) = query.split_once('&').expect("the connect ID follows");
    assert_eq!(rest, "connectId=c1");
    // A server may decode `+` as a space, and treat other reserved characters in its own way.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    assert!(sent.bytes().all(is_plain), "{sent}");
    let mut decoded = Vec::new();
    let mut sent = sent.bytes();
    while let Some(byte) = sent.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || sent.next().and_then(|digit| char::from(digit).to_digit(16));
                let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
                value
                    .and_then(|value| u8::try_from(value).ok())
                    .expect("two hexadecimal digits")
            }
            byte => byte,
        });
    }
    assert_eq!(decoded, token.as_bytes());
}

/// Checks any text as the URL of a dial.
fn check_url(text: &str) {
    let secret = SecretUrl::new(text);
    assert_eq!(secret.expose(), text);
    let shown = secret.without_query();
    assert!(text.starts_with(shown) && !shown.contains(['?', '#']));
    match parse_target(text) {
        Ok(target) => {
            assert!(!target.host.is_empty() && !text.contains('#'));
            let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
            let authority = after_scheme.split(['/', '?']).next().unwrap_or_default();
            assert!(
                authority.contains(target.host.as_str()) && !authority.contains('@'),
                "{text}"
            );
            let named = authority
                .rsplit_once(':')
                .filter(|(_, port)| !port.contains(']'));
            let expected = named
                .map_or(if target.secure { Ok(443) } else { Ok(80) }, |(_, port)| {
                    port.parse()
                });
            assert_eq!(Ok(target.port), expected, "{text}");
        }
        Err(error) => {
            // Only the kind of the problem may be shown: the text may contain a token.
            let ConnectError::InvalidUrl(problem) = &error else {
                panic!("{error:?} without a dial");
            };
            assert_eq!(
                format!("{error} {error:?}"),
                format!("the WebSocket URL is invalid: {problem} InvalidUrl({problem:?})")
            );
        }
    }
}

/// Checks any text as a setting: plaintext is accepted to this machine only.
fn check_settings(text: &str) {
    let settings = [
        HOSTS.clone().with_rest(text),
        HOSTS.clone().with_pro_ws(text),
    ];
    if settings.iter().any(Result::is_ok) {
        let lower = text.to_ascii_lowercase();
        let is_tls = lower.starts_with("https://") || lower.starts_with("wss://");
        let on_this_machine = ["127.", "localhost", "[::1]", "[::ffff:127."];
        let after_scheme = lower.split_once("://").map_or("", |(_, rest)| rest);
        let is_local = on_this_machine
            .iter()
            .any(|start| after_scheme.starts_with(start));
        assert!(is_tls || is_local, "{text}");
    }
    // It must not panic; unit tests check which suffixes are accepted.
    let _ = HOSTS.clone().with_trusted_suffix(text);
}
