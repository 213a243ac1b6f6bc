//! Tests of redaction.

use proptest::prelude::*;

use super::*;
use crate::{Login, SecretUrl};

const LONG: &str = "2neAiuYvAU61ZDXANAGAsiL4-iAExhsBXZxftpOeh_55i3Ysy2q2LEsEWU64mdzUOPusi34M";

fn redactor(query: &str) -> Redactor {
    let url = SecretUrl::new(format!("wss://host/endpoint?{query}"));
    Redactor::new(&ConnectionInfo::new(url))
}

#[test]
fn ordinary_message_is_unchanged() {
    let text = "Invalid KC-API-PASSPHRASE, IP 10.0.0.1 (400004)";
    assert_eq!(excerpt(text.as_bytes()), text);
    assert_eq!(Redactor::default().redact(text), text);
}

#[test]
fn control_characters_are_escaped() {
    let text = "a\u{1b}[31mb\r\n\0\u{9b}\u{202e}";
    let escaped = "a\\u{1b}[31mb\\r\\n\\u{0}\\u{9b}\\u{202e}";
    assert_eq!(excerpt(text.as_bytes()), escaped);
    assert_eq!(Redactor::default().redact(text), escaped);
}

#[test]
fn long_run_is_redacted_beyond_the_cut() {
    let text = format!("{}{LONG}", "word ".repeat(50));
    for shown in [excerpt(text.as_bytes()), Redactor::default().redact(&text)] {
        assert!(!shown.contains("2neA"), "{shown}");
        assert!(shown.len() <= MAX_BYTES + "…".len());
    }
}

#[test]
fn short_token_is_redacted_after_its_name() {
    for text in [
        r#"{"data":{"token":"canary"#,
        r#"{"data":{"token" : "canary"}}"#,
        r#"{\"token\":\"canary\"}"#,
        r#"{"bulletToken":"canary"}"#,
        r#"{"token":"a\/canary\/b"}"#,
        "/endpoint?token=canary&connectId=1",
    ] {
        for shown in [excerpt(text.as_bytes()), Redactor::default().redact(text)] {
            assert!(!shown.contains("canary"), "{shown}");
        }
    }
}

#[test]
fn invalid_utf8_is_cut() {
    let shown = excerpt(&[0xff; 5000]);
    assert!(shown.starts_with('\u{fffd}') && shown.len() <= MAX_BYTES + "…".len());
}

#[test]
fn known_token_is_redacted_whole_or_in_part() {
    let redactor = redactor("token=canary%2Bto%2Fken&connectId=1");
    for (text, shown) in [
        (
            "token canary+to/ken is invalid",
            "token [redacted] is invalid",
        ),
        (
            "token canary%2Bto%2Fken is invalid",
            "token [redacted] is invalid",
        ),
        ("<canary+to/ken>", "<[redacted]>"),
        ("cut off: canary%2Bt", "cut off: [redacted]"),
        ("cut off: canary", "cut off: [redacted]"),
        ("the end of it: ry+to/ken", "the end of it: [redacted]"),
        ("xcanary+to/kenx", "x[redacted]x"),
    ] {
        assert_eq!(redactor.redact(text), shown);
    }
}

#[test]
fn known_token_is_redacted_in_every_spelling() {
    let redactor = redactor("token=aB3%2BxY7%2Fq%3Dd%3D%3D&connectId=1");
    for spelling in [
        "aB3%2bxY7%2fq%3dd%3d%3d",
        "aB3+xY7/q=d==",
        "aB3 xY7/q=d==",
        r"aB3+xY7\/q=d==",
        r"aB3\u002bxY7\u002Fq\u003dd\u003D=",
        "aB3%252BxY7%252Fq%253Dd%253D%253D",
        "aB3+ xY7/ \n q=d= =",
    ] {
        let shown = redactor.redact(&format!("see {spelling}, bad"));
        assert_eq!(shown, "see [redacted], bad", "{spelling}");
    }
    assert_eq!(redactor.redact("see aB3+xY7… it"), "see [redacted]… it");
    assert_eq!(
        redactor.redact("see xY7%2fq%3dd%3d it"),
        "see [redacted] it"
    );
}

#[test]
fn token_of_any_usual_length_is_redacted() {
    for length in 6..LONG.len() {
        let token = &LONG[..length];
        let redactor = redactor(&format!("token={token}&connectId=17"));
        for text in [
            format!("topic {token} is not found"),
            format!("GET /endpoint?token={token}&connectId=17"),
            format!("a{token}b"),
        ] {
            let shown = redactor.redact(&text);
            assert!(!shown.contains(&token[..6]), "{length}: {shown}");
        }
    }
}

#[test]
fn login_values_are_redacted_but_not_their_names() {
    let frame = r#"{"id":"1","op":"auth","kc-api-sign":"1gKZgAbov95sU\/MT","kc-api-timestamp":"1700000000000","more":{"kc-api-passphrase":"ZGDg9EKim"}}"#;
    let info = ConnectionInfo::new(SecretUrl::new("wss://host/")).with_login(Login {
        id: "1".into(),
        frame: Zeroizing::new(frame.into()),
    });
    let redactor = Redactor::new(&info);
    assert_eq!(
        redactor
            .redact("kc-api-sign 1gKZgAbov95sU/MT, kc-api-passphrase ZGDg9EKim, at 1700000000001"),
        "kc-api-sign [redacted], kc-api-passphrase [redacted], at 1700000000001"
    );
}

#[test]
fn topics_and_plain_text_stay_readable() {
    let redactor = redactor(&format!("token={LONG}&connectId=64f0c0ffee0123456789abcd"));
    for text in [
        "topic /contractMarket/tradeOrders:XBTUSDTM is not found",
        "/margin/isolatedPosition:BTC-USDT",
        "position?tradeType=FUTURES&symbol=XBTUSDTM",
        "balance?accountType=ISOLATED",
        "execution.lite",
        "no acknowledgement of /spotMarket/tradeOrdersV2 within 10s",
        "token is expired",
        "token is invalid",
        "exceed max subscription count limitation of 400 per session",
        "the server closed the connection with code 1008: policy violation",
        "invalid peer certificate: UnknownIssuer",
    ] {
        assert_eq!(redactor.redact(text), text);
    }
}

#[test]
fn debug_hides_the_secrets() {
    let printed = format!("{:?}", redactor("token=canary-canary"));
    assert!(!printed.contains("canary"), "{printed}");
}

proptest! {
    #[test]
    fn redacted_text_is_bounded_and_has_no_token(
        token in "[A-Za-z0-9_-]{8,120}",
        before in ".{0,300}",
        after in ".{0,300}",
    ) {
        let redactor = redactor(&format!("token={token}"));
        let shown = redactor.redact(&format!("{before}{token}{after}"));
        prop_assert!(shown.len() <= MAX_BYTES + "…".len());
        prop_assert!(!shown.contains(&token), "{shown}");
        prop_assert!(!shown.chars().any(char::is_control));
    }
}

#[test]
fn given_host_name_is_not_redacted() {
    let host = "kucoin-gateway-7f9c6d5b8d-x2x4z.default.svc:4000";
    let text = format!("{host} cannot be reached ({host}): /{LONG}");
    let redactor = redactor("token=canary-canary");
    let shown = redactor.redact_except_hosts(&text, &[host.into()]);
    let expected = format!("{host} cannot be reached ({host}): /[redacted]");
    assert_eq!(shown, expected);
    assert!(!redactor.redact(&text).contains("x2x4z"));
}

#[test]
fn host_name_with_a_part_of_the_token_is_redacted() {
    let redactor = redactor(&format!("token={LONG}"));
    let lower = LONG.to_lowercase();
    for part in [LONG, &lower, &LONG[..24], &lower[..24], &lower[20..44]] {
        let host = format!("{part}.kucoin.com");
        let text = format!("{host} cannot be reached: {LONG}");
        let shown = redactor.redact_except_hosts(&text, &[host.into()]);
        assert_eq!(shown, "[redacted].kucoin.com cannot be reached: [redacted]");
    }
}

#[test]
fn host_name_keeps_nothing_else_readable() {
    let check = |host: &str, text: &str, expected: &str| {
        let shown = Redactor::default().redact_except_hosts(text, &[host.into()]);
        assert_eq!(shown, expected, "{host}");
    };
    // A host name that is only the beginning of a run.
    check(&LONG[..15], LONG, "[redacted]");
    check("", LONG, "[redacted]");
    check("canary", "token=canary", "token=[redacted]");
    check("a\u{1b}[2J", "a\u{1b}[2J: down", "a\\u{1b}[2J: down");
}
