//! Maps KuCoin's codes and HTTP statuses to a `TokenError`.

use std::time::Duration;

use super::error::{TokenError, TokenRefusal};
use super::http::Reply;
use super::reply;

/// The code of a successful reply.
pub(super) const SUCCESS: &str = "200000";
/// The code for a timestamp that differs from KuCoin's clock by more than five seconds.
const TIMESTAMP: &str = "400002";

/// How long to wait after code 200002 if no header states a time.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(10);

/// Returns `true` if KuCoin refused the timestamp of the request.
pub(super) fn is_timestamp(reply: &Reply) -> bool {
    reply::code(reply).as_deref() == Some(TIMESTAMP)
}

/// Returns the error for a KuCoin code; `offset_ms` is the last measured clock offset.
pub(super) fn of_code(
    host: &str,
    reply: &Reply,
    refusal: TokenRefusal,
    offset_ms: i64,
) -> TokenError {
    match refusal.code.as_str() {
        "400001" => TokenError::HeaderMissing(refusal),
        TIMESTAMP => TokenError::ClockSkew { offset_ms },
        "400003" | "400004" | "400005" => TokenError::Credentials(refusal),
        "400006" => TokenError::AddressNotAllowed(refusal),
        "400007" | "400010" => TokenError::Permission(refusal),
        "400008" | "400009" => TokenError::KeyVersion(refusal),
        "400200" | "400201" | "400202" => TokenError::Partner(refusal),
        "411100" | "411200" => TokenError::AccountFrozen(refusal),
        "429000" | "1015" => throttled(reply, Some(refusal.code)),
        code if code.len() == 6 && code.starts_with("4003") => TokenError::Region(refusal),
        "200002" => TokenError::Throttled {
            retry_after: reply.retry_after.or(Some(DEFAULT_RETRY_AFTER)),
            code: Some(refusal.code),
        },
        "500000" | "100002" | "230005" | "300000" => server_fault(host, reply, Some(refusal.code)),
        _ if reply.status == 429 => throttled(reply, Some(refusal.code)),
        _ if reply.status >= 500 => server_fault(host, reply, Some(refusal.code)),
        _ => TokenError::UnknownCode(refusal),
    }
}

/// Returns the error for a reply without a KuCoin code.
pub(super) fn of_status(host: &str, reply: &Reply) -> TokenError {
    let (host, status) = (host.to_owned(), reply.status);
    match status {
        300..=399 => TokenError::UnexpectedRedirect {
            host,
            target: reply
                .redirect_target
                .clone()
                .unwrap_or_else(|| "an unknown host".to_owned()),
            status,
        },
        407 => TokenError::ProxyAuthentication { host },
        429 => throttled(reply, None),
        400..=499 => TokenError::Blocked {
            host,
            status,
            excerpt: reply.excerpt(),
        },
        500.. => server_fault(&host, reply, None),
        _ => TokenError::Unreadable {
            host,
            status,
            excerpt: reply.excerpt(),
        },
    }
}

fn throttled(reply: &Reply, code: Option<String>) -> TokenError {
    TokenError::Throttled {
        retry_after: reply.retry_after,
        code,
    }
}

fn server_fault(host: &str, reply: &Reply, code: Option<String>) -> TokenError {
    TokenError::ServerFault {
        host: host.to_owned(),
        status: reply.status,
        code,
    }
}
