//! What a check found: texts from the errors of the SDK, and the exit status that follows from their cause.

use std::error::Error;

use kucoin_streams::RetryPolicy;
use kucoin_streams::auth::rest::TokenError;
use kucoin_streams::core::{describe, remedy};
use kucoin_streams::rest::{QueryError, RestHost};
use kucoin_streams::transport::{ConnectError, ConnectStage, ProxyProblem};
use serde::Serialize;

use crate::access::host_remedy;
use crate::exit::ExitStatus;

/// What a check found: what is wrong and what to do, or what is right.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
    /// KuCoin's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    /// Exit status if it is the root cause.
    #[serde(skip)]
    pub(super) status: ExitStatus,
}

/// Step of a connection to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Proxy,
    Dns,
    Tcp,
    Tls,
    /// The HTTP reply, or the upgrade to a WebSocket.
    Http,
}

impl Finding {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            remedy: None,
            code: None,
            status: ExitStatus::Other,
        }
    }

    /// Creates a finding from an error, its causes and its remedy.
    pub(super) fn of(error: &(dyn Error + 'static), own_remedy: Option<&str>) -> Self {
        let mut message = describe(error);
        let remedy = remedy(error, own_remedy).map(str::to_owned);
        // The text of some errors ends with their remedy.
        if let Some(remedy) = &remedy
            && let Some(what) = message.strip_suffix(remedy.as_str())
        {
            let length = what.trim_end_matches([' ', ';']).len();
            message.truncate(length);
        }
        Self {
            remedy,
            ..Self::new(message)
        }
    }

    pub(super) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns the finding with changed texts.
    pub(super) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self {
            message: change(&self.message),
            remedy: self.remedy.as_deref().map(&change),
            code: self.code.as_deref().map(&change),
            status: self.status,
        }
    }

    /// Adds what follows to the message.
    pub(super) fn and(mut self, text: &str) -> Self {
        self.message.push_str(text);
        self
    }

    pub(super) fn with_code(mut self, code: Option<String>) -> Self {
        self.code = code;
        self
    }

    pub(super) fn with_status(mut self, status: ExitStatus) -> Self {
        self.status = status;
        self
    }

    /// Returns the finding in one text: `what is wrong; what to do`.
    pub(super) fn text(&self) -> String {
        match &self.remedy {
            Some(remedy) if !self.message.contains(remedy.as_str()) => {
                format!("{}; {remedy}", self.message)
            }
            _ => self.message.clone(),
        }
    }

    pub(super) fn of_token(error: &TokenError) -> Self {
        let own_remedy = host_remedy(error).or_else(|| error.remedy());
        let status = match (error, error.retry_policy()) {
            (TokenError::HostNotSet { .. } | TokenError::HostsMixed { .. }, _) => ExitStatus::Usage,
            (TokenError::ClockSkew { .. } | TokenError::UnknownCode(_), _) => ExitStatus::Other,
            (_, RetryPolicy::Refused) => ExitStatus::Refused,
            _ => ExitStatus::NotConnected,
        };
        Self {
            code: error.code().map(str::to_owned),
            ..Self::of(error, own_remedy).with_status(status)
        }
    }

    pub(super) fn of_query(error: &QueryError) -> Self {
        let status = match error {
            _ if is_no_answer(error) => ExitStatus::NotConnected,
            QueryError::Refused { code, .. } if &**code == "400002" => ExitStatus::Other,
            QueryError::Refused { code, .. } if is_of_account(code) || &**code == "400007" => {
                ExitStatus::Refused
            }
            _ => ExitStatus::Other,
        };
        let remedy = match (error, error.query().endpoint().host()) {
            // The queries ask for no order that exists, so the path is unknown.
            (QueryError::NotFound { .. }, RestHost::Futures) => {
                Some("it is no futures REST host; correct --futures-rest-url".to_owned())
            }
            (QueryError::NotFound { .. }, _) => {
                Some("it is no spot REST host; correct --rest-url".to_owned())
            }
            _ => error.remedy(),
        };
        Self {
            code: error.code().map(str::to_owned),
            ..Self::of(error, remedy.as_deref()).with_status(status)
        }
    }

    /// Creates a finding from the error of a dial to `server`.
    pub(super) fn of_connect(error: &ConnectError, server: &str) -> Self {
        let finding = Self::of(error, error.remedy()).with_status(ExitStatus::NotConnected);
        Self {
            message: format!("{server}: {}", finding.message),
            code: error.status().map(|status| status.to_string()),
            ..finding
        }
    }
}

/// Returns `true` if KuCoin did not answer a query: a network failure, a fault of the server, or another server.
pub(super) fn is_no_answer(error: &QueryError) -> bool {
    matches!(
        error,
        QueryError::Unreachable { .. }
            | QueryError::Overloaded { .. }
            | QueryError::Unreadable { .. }
    )
}

/// Returns `true` if KuCoin refuses every request of the API key for this code.
pub(super) fn is_of_account(code: &str) -> bool {
    let codes = [
        "400001", "400002", "400003", "400004", "400005", "400006", "400008", "400009", "400010",
        "400200", "400201", "400202", "411100", "411200",
    ];
    codes.contains(&code) || (code.len() == 6 && code.starts_with("4003"))
}

impl Step {
    /// Returns the step at which a request failed; `None` if the error does not say it.
    pub(super) fn of_request(error: &TokenError) -> Option<Self> {
        match error {
            TokenError::NotResolved { .. } => Some(Self::Dns),
            TokenError::Certificate { host, .. } | TokenError::NotTls { host } => {
                match host.starts_with("the proxy ") {
                    true => Some(Self::Proxy),
                    false => Some(Self::Tls),
                }
            }
            TokenError::Proxy { .. } | TokenError::ProxyAuthentication { .. } => Some(Self::Proxy),
            TokenError::Unreachable { .. }
            | TokenError::TimedOut { .. }
            | TokenError::Interrupted { .. } => None,
            _ => Some(Self::Http),
        }
    }

    /// Returns the step at which a dial failed.
    pub(super) fn of_dial(error: &ConnectError) -> Self {
        match error {
            ConnectError::Dns(_) => Self::Dns,
            ConnectError::Tcp(_) => Self::Tcp,
            ConnectError::NoRoots(_)
            | ConnectError::TlsConfiguration(_)
            | ConnectError::Certificate(_)
            | ConnectError::NotTls
            | ConnectError::Tls(_) => Self::Tls,
            ConnectError::Proxy { problem, .. } => match problem {
                ProxyProblem::Target(_) => Self::Tls,
                _ => Self::Proxy,
            },
            ConnectError::Timeout { stage } => match stage {
                ConnectStage::Upgrade => Self::Http,
                ConnectStage::Tls => Self::Tls,
                _ => Self::Tcp,
            },
            _ => Self::Http,
        }
    }
}
