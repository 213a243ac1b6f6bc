//! The error of a query, and what to do about it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{DecodeError, RetryPolicy, SourceError, Text};

use crate::{Endpoint, UnifiedVersion};

/// The request of an error: its endpoint and the host. `Display` shows no ID and no parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedQuery {
    endpoint: &'static Endpoint,
    path: Text,
    host: Text,
}

impl FailedQuery {
    /// Creates the description of a request. `host` is the host that it was sent to.
    pub fn new(endpoint: &'static Endpoint, version: UnifiedVersion, host: &str) -> Self {
        Self {
            endpoint,
            path: endpoint.versioned_path(version).into(),
            host: host.into(),
        }
    }

    /// Returns the endpoint.
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// Returns the host, with its port unless it is the default port.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for FailedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET {} of {}", self.path, self.host)
    }
}

/// Error of a query.
///
/// [`retry_policy`](QueryError::retry_policy) says whether to retry, wait or stop; it does not depend on texts. No text
/// contains a secret, a signature or a parameter of the query.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The quota of the rate limit pool is used up (429, 429000), or the client's share of it. Wait for `reset`.
    #[error(
        "{query}: the rate limit of the pool {} is reached; the next query is allowed in {reset:?}", query.endpoint.pool()
    )]
    RateLimited {
        /// The request.
        query: FailedQuery,
        /// Time until the next query is allowed, at the latest: usually KuCoin's next window.
        reset: Duration,
    },
    /// KuCoin is overloaded (429, 429000 without a quota) or in maintenance (503). Try again later.
    #[error("{query}: KuCoin is overloaded or in maintenance (status {status})")]
    Overloaded {
        /// The request.
        query: FailedQuery,
        /// The HTTP status.
        status: u16,
    },
    /// There is no reply of KuCoin: a network failure, a timeout, a firewall or a fault of the server (5xx).
    #[error("{query} got no usable reply")]
    Unreachable {
        /// The request.
        query: FailedQuery,
        /// The cause, with its retry policy and its remedy.
        #[source]
        source: Arc<SourceError>,
    },
    /// KuCoin refused the query: credentials, permission, account mode, or another rule.
    ///
    /// A retry does not help until the key or the account is changed.
    #[error(
        "{query} is refused by KuCoin: {}{}",
        with_code(message, code), remedy_after(code, query.endpoint)
    )]
    Refused {
        /// The request.
        query: FailedQuery,
        /// KuCoin's code, such as `400007`: reply field `code`.
        code: Text,
        /// KuCoin's message: reply field `msg`. Escaped, shortened, and with likely secrets redacted.
        message: Text,
    },
    /// KuCoin refused a parameter of the query (400100): correct it.
    #[error("{query}: KuCoin refused a parameter: {}", with_code(message, code))]
    BadParameter {
        /// The request.
        query: FailedQuery,
        /// KuCoin's code: reply field `code`.
        code: Text,
        /// KuCoin's message: reply field `msg`. Escaped, shortened, and with likely secrets redacted.
        message: Text,
    },
    /// KuCoin does not know the order, or the path (404).
    #[error("{query}: not found{}", message_after(message))]
    NotFound {
        /// The request.
        query: FailedQuery,
        /// KuCoin's message: reply field `msg`. Escaped, shortened, and with likely secrets redacted.
        message: Text,
    },
    /// The reply is not in KuCoin's format, is truncated, or a row lacks what identifies it. Try again.
    #[error("{query}: {reason}{}", message_after(excerpt))]
    Unreadable {
        /// The request.
        query: FailedQuery,
        /// What is wrong with the reply.
        reason: Text,
        /// The beginning of the reply, escaped, and with likely secrets redacted.
        excerpt: Text,
    },
}

impl QueryError {
    /// Creates the error for a row that cannot be decoded.
    pub fn of_row(query: FailedQuery, error: &DecodeError) -> Self {
        Self::Unreadable {
            query,
            reason: format!("a row is unreadable ({error})").into(),
            excerpt: Text::default(),
        }
    }

    /// Returns the request.
    pub fn query(&self) -> &FailedQuery {
        match self {
            Self::RateLimited { query, .. }
            | Self::Overloaded { query, .. }
            | Self::Unreachable { query, .. }
            | Self::Refused { query, .. }
            | Self::BadParameter { query, .. }
            | Self::NotFound { query, .. }
            | Self::Unreadable { query, .. } => query,
        }
    }

    /// Returns KuCoin's code, such as `400007`; `None` if the error has none.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } | Self::BadParameter { code, .. } => Some(code),
            Self::Unreachable { source, .. } => source.code(),
            _ => None,
        }
    }

    /// Returns `true` if KuCoin refused the credentials, the timestamp or the IP address.
    ///
    /// The codes are 400001 to 400006. Do not repeat the query: KuCoin blocks repeated attempts.
    pub fn is_credentials(&self) -> bool {
        matches!(
            self.code(),
            Some("400001" | "400002" | "400003" | "400004" | "400005" | "400006")
        )
    }

    /// Returns whether to retry, wait or stop.
    pub fn retry_policy(&self) -> RetryPolicy {
        match self {
            Self::RateLimited { reset, .. } => RetryPolicy::Throttled(Some(*reset)),
            Self::Overloaded { .. } => RetryPolicy::Throttled(None),
            Self::Unreachable { source, .. } => source.retry_policy(),
            Self::Refused { .. } => RetryPolicy::Refused,
            Self::BadParameter { .. } | Self::NotFound { .. } => RetryPolicy::Fatal,
            Self::Unreadable { .. } => RetryPolicy::Blocked,
        }
    }

    /// Returns `true` if a retry can succeed without a change by the user.
    pub fn is_retryable(&self) -> bool {
        self.retry_policy().is_retryable()
    }

    /// Returns a short remedy for the user; `None` if none is known. The text of a refusal contains it.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Unreachable { source, .. } => source.remedy().map(str::to_owned),
            Self::Refused { code, query, .. } => refusal_remedy(code, query.endpoint),
            Self::Overloaded { .. } => Some("try again in a minute".to_owned()),
            Self::NotFound { .. } => Some(
                "check the ID and the symbol; KuCoin forgets canceled orders after 2 days"
                    .to_owned(),
            ),
            Self::RateLimited { .. } | Self::BadParameter { .. } | Self::Unreadable { .. } => None,
        }
    }
}

fn refusal_remedy(code: &str, endpoint: &Endpoint) -> Option<String> {
    let remedy = match code {
        "400001" => "check for a proxy that removes headers",
        "400002" => "synchronize the clock of this machine",
        "400003" => "check the API key, and that it belongs to this region",
        "400004" => {
            "check the API passphrase, which you chose when you created the key, and the API secret, which signs it"
        }
        "400005" => "check the API secret",
        "400006" => "add the IP address of this machine to the list of the API key",
        "400007" => {
            let permission = endpoint.permission();
            return Some(format!("give the API key the permission `{permission}`"));
        }
        "400008" | "400009" => "create a new API key, of version 3",
        "411100" | "411200" => "contact KuCoin's support",
        code if code.len() == 6 && code.starts_with("4003") => {
            "use the hosts of the account's region, and check the account's verification at KuCoin"
        }
        "112010" => "use the queries of a classic account; this account is not a unified account",
        _ => return None,
    };
    Some(remedy.to_owned())
}

fn remedy_after(code: &str, endpoint: &Endpoint) -> String {
    let remedy = refusal_remedy(code, endpoint);
    remedy.map_or(String::new(), |remedy| format!("; {remedy}"))
}

fn with_code(message: &str, code: &str) -> String {
    match message {
        "" => format!("code {code}"),
        message => kucoin_streams_core::with_code(message, Some(code)),
    }
}

fn message_after(message: &str) -> String {
    match message {
        "" => String::new(),
        message => format!(": {message}"),
    }
}
