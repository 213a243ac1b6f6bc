//! Classification of every code and status of KuCoin, or of another server that answers instead.

use std::time::Duration;

use kucoin_streams_auth::rest::TokenError;
use kucoin_streams_core::RetryPolicy::{Blocked, Fatal, Refused, Throttled, Transient};
use kucoin_streams_core::{ConnectionSource, RetryPolicy, SourceError, WsKey};

use crate::common::*;
use kucoin_streams_testkit::http::{Answer, Server, reply};

async fn token_error(answer: impl Fn() -> Answer + Send + Sync + 'static) -> TokenError {
    let server = Server::answering(move |_| answer()).await;
    tokens(&server)
        .fetch(WsKey::SpotPrivateV1)
        .await
        .unwrap_err()
}

async fn of_code(status: u16, code: &'static str) -> TokenError {
    let body = format!(r#"{{"code":"{code}","msg":"Some text of KuCoin's"}}"#);
    token_error(move || reply(status, "", &body)).await
}

#[tokio::test]
async fn each_code_has_its_retry_policy() {
    let table: [(&str, RetryPolicy); 26] = [
        ("400001", Fatal),
        ("400003", Refused),
        ("400004", Refused),
        ("400005", Refused),
        ("400006", Refused),
        ("400007", Refused),
        ("400008", Refused),
        ("400009", Refused),
        ("400010", Refused),
        ("400200", Refused),
        ("400201", Refused),
        ("400202", Refused),
        ("400301", Refused),
        ("400302", Refused),
        ("400303", Refused),
        ("411100", Refused),
        ("411200", Refused),
        ("429000", Throttled(None)),
        ("1015", Throttled(None)),
        ("500000", Transient),
        ("200002", Throttled(Some(Duration::from_secs(10)))),
        ("100002", Transient),
        ("230005", Transient),
        ("300000", Transient),
        ("123456", Blocked),
        ("4003", Blocked),
    ];
    for (code, policy) in table {
        for status in [200, 400, 401, 403] {
            let error = of_code(status, code).await;
            assert_eq!(
                error.retry_policy(),
                policy,
                "{code} at {status}: {error:?}"
            );
            assert_eq!(error.code(), Some(code), "{code}: {error:?}");
        }
    }
}

#[tokio::test]
async fn each_refusal_has_its_own_variant() {
    assert!(matches!(
        of_code(401, "400003").await,
        TokenError::Credentials(_)
    ));
    assert!(matches!(
        of_code(401, "400006").await,
        TokenError::AddressNotAllowed(_)
    ));
    assert!(matches!(
        of_code(403, "400007").await,
        TokenError::Permission(_)
    ));
    assert!(matches!(
        of_code(400, "400009").await,
        TokenError::KeyVersion(_)
    ));
    assert!(matches!(
        of_code(400, "400201").await,
        TokenError::Partner(_)
    ));
    assert!(matches!(
        of_code(400, "400303").await,
        TokenError::Region(_)
    ));
    assert!(matches!(
        of_code(200, "411100").await,
        TokenError::AccountFrozen(_)
    ));
    assert!(matches!(
        of_code(200, "900001").await,
        TokenError::UnknownCode(_)
    ));
}

#[tokio::test]
async fn refusal_has_code_and_message() {
    let server =
        Server::answering(|_| reply(401, "", r#"{"code":"400005","msg":"Invalid KC-API-SIGN"}"#))
            .await;
    let error: SourceError = tokens(&server)
        .connection_info(WsKey::SpotPrivateV1)
        .await
        .unwrap_err();
    assert_eq!(error.retry_policy(), Refused);
    assert_eq!(error.code(), Some("400005"));
    assert_eq!(
        error.to_string(),
        "KuCoin refused the credentials: Invalid KC-API-SIGN (code 400005)"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn code_may_be_a_number() {
    let error = token_error(|| reply(200, "", r#"{"code":400004,"msg":null}"#)).await;
    assert!(matches!(error, TokenError::Credentials(_)), "{error:?}");
}

#[tokio::test]
async fn status_5xx_with_unknown_code_is_transient() {
    assert_eq!(of_code(503, "123456").await.retry_policy(), Transient);
}

#[tokio::test]
async fn html_page_is_blocked_with_an_excerpt() {
    let page = format!("<html>\x1b[2J{}</html>", "word ".repeat(200));
    let error = token_error(move || reply(200, "content-type: text/html\r\n", &page)).await;
    assert_eq!(error.retry_policy(), Blocked);
    let TokenError::Unreadable { excerpt, .. } = error else {
        panic!("{error:?}");
    };
    assert!(excerpt.starts_with("<html>\\u{1b}[2Jword"), "{excerpt}");
    assert!(excerpt.len() <= 260, "{excerpt}");
}

#[tokio::test]
async fn firewall_is_retried_without_a_limit() {
    for status in [400, 401, 403, 404, 408, 418, 425, 451] {
        for body in [
            "<html>denied</html>",
            "",
            r#"{"code":403,"message":"denied"}"#,
        ] {
            let error = token_error(move || reply(status, "", body)).await;
            assert_eq!(error.retry_policy(), Blocked, "{status} {body}: {error:?}");
            assert!(error.is_retryable());
        }
    }
}

#[tokio::test]
async fn rate_limit_code_uses_the_header() {
    let body = r#"{"code":"200002","msg":"too many requests"}"#;
    for status in [200, 400, 403] {
        let error = token_error(move || reply(status, "gw-ratelimit-reset: 4000\r\n", body)).await;
        assert_eq!(
            error.retry_policy(),
            Throttled(Some(Duration::from_secs(4)))
        );
    }
}

#[tokio::test]
async fn huge_waits_are_capped_at_five_minutes() {
    let body = r#"{"code":"429000","msg":"too many"}"#;
    for headers in [
        "Retry-After: 9223372036854775807\r\n",
        "Retry-After: 18446744073709551615\r\n",
        "Retry-After: 18446744073709551616\r\n",
        "Retry-After: 86400\r\n",
        "gw-ratelimit-reset: 18446744073709551615\r\n",
        "gw-ratelimit-reset: 9223372036854775807\r\nRetry-After: 18446744073709551615\r\n",
    ] {
        let server = Server::answering(move |_| reply(429, headers, body)).await;
        let tokens = tokens(&server);
        for _ in 0..2 {
            let error = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
            assert!(
                matches!(error.retry_policy(), Throttled(_)),
                "{headers}: {error:?}"
            );
        }
        let paused = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
        if let Throttled(Some(wait)) = paused.retry_policy() {
            assert!(wait <= Duration::from_secs(300), "{headers}: {wait:?}");
        }
    }
}

#[tokio::test]
async fn throttling_has_the_wait_of_the_header() {
    let policy_of = |headers: &'static str| async move {
        token_error(move || reply(429, headers, r#"{"code":"429000","msg":"too many"}"#))
            .await
            .retry_policy()
    };
    let seconds = |seconds| Throttled(Some(Duration::from_secs(seconds)));
    assert_eq!(policy_of("gw-ratelimit-reset: 4000\r\n").await, seconds(4));
    assert_eq!(policy_of("Retry-After: 7\r\n").await, seconds(7));
    assert_eq!(
        policy_of("gw-ratelimit-reset: 4000\r\nRetry-After: 7\r\n").await,
        seconds(7)
    );
    assert_eq!(policy_of("").await, Throttled(None));
    let page = token_error(|| reply(429, "Retry-After: 9\r\n", "error code: 1015")).await;
    assert_eq!(page.retry_policy(), seconds(9));
}

#[tokio::test]
async fn rate_limit_header_on_other_refusal_is_ignored() {
    let body = r#"{"code":"400004","msg":""}"#;
    let error = token_error(move || reply(401, "gw-ratelimit-reset: 4000\r\n", body)).await;
    assert_eq!(error.retry_policy(), Refused);
}
