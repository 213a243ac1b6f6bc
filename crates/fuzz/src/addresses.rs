//! Addresses of servers and the URLs of dials: whoever checks one and whoever dials it read the same host.

use std::sync::LazyLock;

use kucoin_streams_auth::rest::{Hosts, fuzzing};
use kucoin_streams_core::SecretUrl;
use kucoin_streams_transport::ConnectError;
use kucoin_streams_transport::fuzzing::{DialTarget, parse_target};

static HOSTS: LazyLock<Hosts> = LazyLock::new(Hosts::default);

/// A host and a token with a zero byte between them; or a URL alone.
pub fn addresses(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (address, token) = text.split_once('\0').unwrap_or((text, "canary"));
    check_url(address);
    check_settings(address);
    if let Ok(server) = fuzzing::server(address) {
        let url = server.url(token, "c1");
        let aim = parse_target(url.expose())
            .unwrap_or_else(|error| panic!("{address} is checked and cannot be dialled: {error}"));
        check_same_host(address, &server, &aim);
        check_query(&aim, token);
        // What is shown is of the address alone, whatever the token spells.
        let shown = url.without_query();
        assert_eq!(shown.trim_end_matches('/'), address.trim_end_matches('/'));
        let told = format!("SecretUrl({shown}?[redacted])");
        assert_eq!(format!("{url:?}"), told);
    }
}

fn check_same_host(address: &str, server: &fuzzing::Server, aim: &DialTarget) {
    let host = server.host.trim_start_matches('[').trim_end_matches(']');
    assert!(
        aim.host.eq_ignore_ascii_case(host),
        "{address}: {} and {}",
        aim.host,
        host
    );
    assert_eq!(server.is_loopback, is_loopback(host), "{address}");
    assert!(
        aim.secure || server.is_loopback,
        "{address} is plaintext to another machine"
    );
    let scheme = address
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    assert_eq!(
        scheme.as_deref(),
        Some(if aim.secure { "wss" } else { "ws" })
    );
    assert!(!address.contains(['@', '?', '#', '\\', '%']), "{address}");
}

fn is_loopback(host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// The token arrives as it is, whatever characters it has.
fn check_query(aim: &DialTarget, token: &str) {
    let (_, query) = aim
        .request
        .split_once("?token=")
        .expect("the token is in the query");
    let (sent, rest) = query.split_once('&').expect("an id follows");
    assert_eq!(rest, "connectId=c1");
    // A server may read `+` as a blank, and what else is not unreserved in a way of its own.
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

/// Any text as the URL of a dial.
fn check_url(text: &str) {
    let secret = SecretUrl::new(text);
    assert_eq!(secret.expose(), text);
    let shown = secret.without_query();
    assert!(text.starts_with(shown) && !shown.contains(['?', '#']));
    match parse_target(text) {
        Ok(aim) => {
            assert!(!aim.host.is_empty() && !text.contains('#'));
            let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
            let authority = after_scheme.split(['/', '?']).next().unwrap_or_default();
            assert!(
                authority.contains(aim.host.as_str()) && !authority.contains('@'),
                "{text}"
            );
            let named = authority
                .rsplit_once(':')
                .filter(|(_, port)| !port.contains(']'));
            let expected = named.map_or(if aim.secure { Ok(443) } else { Ok(80) }, |(_, port)| {
                port.parse()
            });
            assert_eq!(Ok(aim.port), expected, "{text}");
        }
        Err(error) => {
            // Nothing but the kind of the fault is told: the text may hold a token.
            let ConnectError::InvalidUrl(fault) = &error else {
                panic!("{error:?}: nothing was dialled");
            };
            assert_eq!(
                format!("{error} {error:?}"),
                format!("the WebSocket URL is invalid: {fault} InvalidUrl({fault:?})")
            );
        }
    }
}

/// Any text as a setting: plaintext goes nowhere but to this machine.
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
        let is_here = on_this_machine
            .iter()
            .any(|start| after_scheme.starts_with(start));
        assert!(is_tls || is_here, "{text}");
    }
    // No setting may panic; which suffixes are names is for its own tests.
    let _ = HOSTS.clone().with_trusted_suffix(text);
}
