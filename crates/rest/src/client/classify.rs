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
