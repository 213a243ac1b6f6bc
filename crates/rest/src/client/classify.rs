//! Maps HTTP statuses and KuCoin's codes to a `QueryError`.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_auth::rest::{Quota, TokenError};
use kucoin_streams_core::{RetryPolicy, SourceError, Text};

use crate::{FailedQuery, PageProblem, QueryError};

/// How long to wait after code 200002 if no header states a time.
const DEFAULT_RESET: Duration = Duration::from_secs(10);

/// Returns the error for a request without a complete reply.
pub(super) fn no_reply(query: FailedQuery, error: TokenError) -> QueryError {
    QueryError::Unreachable {
        query,
        source: Arc::new(error.into()),
    }
}

/// Returns the error for a reply that is not a page.
pub(super) fn not_a_page(
    query: FailedQuery,
    status: u16,
    quota: Option<Quota>,
    problem: PageProblem,
) -> QueryError {
    let (code, text) = match &problem {
        PageProblem::Refused { code, message } => (Some(code.clone()), message.clone()),
        PageProblem::Unreadable { excerpt, .. } => (None, excerpt.clone()),
    };
    match (status, code.as_deref(), quota) {
        (_, Some("429000"), Some(quota)) | (429, _, Some(quota)) => QueryError::RateLimited {
            query,
            reset: quota.reset,
        },
        (_, Some("200002"), quota) => QueryError::RateLimited {
            query,
            reset: quota.map_or(DEFAULT_RESET, |quota| quota.reset),
        },
        // Without a quota, KuCoin is overloaded and has not counted the query.
        (_, Some("429000" | "1015"), None) | (429 | 503, _, _) => {
            QueryError::Overloaded { query, status }
        }
        (500.., _, _) | (_, Some("500000" | "100002" | "230005" | "300000"), _) => {
            let message = format!(
                "{} reports an internal error (status {status})",
                query.host()
            );
            unreachable(query, RetryPolicy::Transient, message, code)
        }
        (300..=399, _, _) => {
            let message = format!("{} redirects (status {status})", query.host());
            unreachable(query, RetryPolicy::Fatal, message, None)
        }
        (_, Some(code), _) => refused(query, code.into(), text),
        (400..=499, None, _) => {
            let host = query.host();
            let message = format!(
                "a firewall or CDN in front of {host} refused the request (status {status}): {text}"
            );
            unreachable(query, RetryPolicy::Blocked, message, None)
        }
        (_, None, _) => match problem {
            PageProblem::Unreadable { reason, excerpt } => QueryError::Unreadable {
                query,
                reason,
                excerpt,
            },
            PageProblem::Refused { code, message } => refused(query, code, message),
        },
    }
}

fn refused(query: FailedQuery, code: Text, message: Text) -> QueryError {
    match &*code {
        "404" => QueryError::NotFound { query, message },
        _ if is_unknown_order(&message) => QueryError::NotFound { query, message },
        "400100" => QueryError::BadParameter {
            query,
            code,
            message,
        },
        _ => QueryError::Refused {
            query,
            code,
            message,
        },
    }
}

/// Returns `true` for messages such as `error.getOrder.orderNotExist` and `order_not_exist`.
///
/// The code differs by endpoint.
fn is_unknown_order(message: &str) -> bool {
    let letters = message.chars().filter(char::is_ascii_alphabetic);
    let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    letters.contains("ordernotexist") || letters.contains("orderdoesnotexist")
}

fn unreachable(
    query: FailedQuery,
    policy: RetryPolicy,
    message: String,
    code: Option<Text>,
) -> QueryError {
    let mut source = SourceError::new(policy, message).with_host(query.host());
    if let Some(code) = code {
        source = source.with_code(code.as_str());
    }
    QueryError::Unreachable {
        query,
        source: Arc::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{QueryOf, SpotOrderById, UnifiedVersion};

    /// Returns the error for a status, a quota and a body.
    fn error(status: u16, has_quota: bool, body: &str) -> QueryError {
        let endpoint = SpotOrderById::ENDPOINT;
        let query = FailedQuery::new(endpoint, UnifiedVersion::V1, "api.kucoin.com");
        let quota = has_quota.then(|| Quota::new(0, Duration::from_secs(7)));
        let read = crate::Query::from(SpotOrderById::new("id", "BTC-USDT")).read(body);
        not_a_page(query, status, quota, read.unwrap_err())
    }

    fn refusal(status: u16, code: &str, message: &str) -> QueryError {
        let body = format!(r#"{{"code":"{code}","msg":"{message}"}}"#);
        error(status, false, &body)
    }

    #[test]
    fn rate_limit_with_a_quota_is_not_an_overload() {
        let limited = r#"{"code":"429000","msg":"Too many requests."}"#;
        for status in [200, 429] {
            let with = error(status, true, limited);
            let seven = Duration::from_secs(7);
            assert!(matches!(with, QueryError::RateLimited { reset, .. } if reset == seven));
            let without = error(status, false, limited);
            assert!(matches!(without, QueryError::Overloaded { .. }));
        }
        assert!(matches!(
            error(429, false, "<html>"),
            QueryError::Overloaded { .. }
        ));
        assert!(matches!(
            error(503, true, "<html>"),
            QueryError::Overloaded { .. }
        ));
        let frequent = refusal(200, "200002", "");
        assert!(
            matches!(frequent, QueryError::RateLimited { reset, .. } if reset == DEFAULT_RESET)
        );
    }

    #[test]
    fn code_of_a_refusal_decides_its_variant() {
        for code in ["400003", "400006", "400007", "112010", "411100", "999999"] {
            let refused = refusal(200, code, "No.");
            assert!(matches!(refused, QueryError::Refused { .. }), "{code}");
            assert_eq!(refused.code(), Some(code));
            assert_eq!(refused.retry_policy(), RetryPolicy::Refused);
        }
        let parameter = refusal(400, "400100", "limit");
        assert!(matches!(parameter, QueryError::BadParameter { .. }));
        for (status, code, message) in [
            (404, "404", "Not Found"),
            (200, "100001", "error.getOrder.orderNotExist"),
            (400, "400100", "order_not_exist"),
            (200, "400100", "The order does not exist."),
        ] {
            let unknown = refusal(status, code, message);
            assert!(matches!(unknown, QueryError::NotFound { .. }), "{message}");
        }
    }

    #[test]
    fn reply_of_another_server_is_unreachable() {
        for (status, body, policy) in [
            (500, "<html>", RetryPolicy::Transient),
            (502, r#"{"code":"200000"}"#, RetryPolicy::Transient),
            (200, r#"{"code":"500000"}"#, RetryPolicy::Transient),
            (403, "<html>", RetryPolicy::Blocked),
            (404, "<html>", RetryPolicy::Blocked),
            (302, "", RetryPolicy::Fatal),
        ] {
            let error = error(status, false, body);
            assert!(matches!(error, QueryError::Unreachable { .. }), "{status}");
            assert_eq!(error.retry_policy(), policy, "{status}");
        }
        let html = error(200, false, "<html>");
        assert!(matches!(html, QueryError::Unreadable { .. }));
    }
}
