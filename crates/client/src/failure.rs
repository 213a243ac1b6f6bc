//! Conversion of connection source and transport errors to failures of the session.

use std::time::Duration;

use kucoin_streams_core::{RetryPolicy, SourceError, describe, remedy};
use kucoin_streams_session::{Failure, FailureStage};
use kucoin_streams_transport::{CloseFrame, ConnectClass, ConnectError, ReadError, WriteError};

pub(crate) fn of_source(error: &SourceError) -> Failure {
    let mut failure = explained(
        FailureStage::Token,
        error.retry_policy(),
        error,
        error.remedy(),
    );
    failure.code = error.code().map(Into::into);
    let hosts = error.hosts().iter().cloned();
    hosts.fold(failure, Failure::with_host)
}

/// Converts a dial error to a failure.
///
/// `server` is the host that was dialled, with its port unless it is the default port.
pub(crate) fn of_connect(error: &ConnectError, server: &str) -> Failure {
    let retry_policy = match error.class() {
        // The token is in the URL of the upgrade, so this status means a refused token.
        _ if error.status() == Some(401) => RetryPolicy::TokenRefused,
        ConnectClass::Throttled { retry_after } => {
            RetryPolicy::Throttled(Some(retry_after.unwrap_or(TOO_MANY_DIALS)))
        }
        ConnectClass::Protocol => RetryPolicy::Protocol,
        ConnectClass::Certificate => RetryPolicy::Certificate,
        ConnectClass::Fatal => RetryPolicy::Fatal,
        _ => RetryPolicy::Transient,
    };
    let mut failure = explained(FailureStage::Dial, retry_policy, error, error.remedy());
    failure.message = format!("{server}: {}", failure.message);
    failure.code = error.status().map(|status| status.to_string().into());
    let mut hosts = vec![server];
    if let ConnectError::Proxy { proxy, target, .. } = error {
        hosts.extend([&**proxy, target]);
    }
    hosts.into_iter().fold(failure, Failure::with_host)
}

pub(crate) fn of_read(error: &ReadError) -> Failure {
    let retry_policy = match error.close_code() {
        Some(_) => RetryPolicy::Protocol,
        None => RetryPolicy::Transient,
    };
    explained(FailureStage::Live, retry_policy, error, None)
}

pub(crate) fn of_write(error: &WriteError) -> Failure {
    explained(FailureStage::Live, RetryPolicy::Transient, error, None)
}

/// Retry policy for close code 1012: the server restarts, so reconnects are spread.
const RESTART: RetryPolicy = RetryPolicy::Postponed {
    least: Duration::from_secs(5),
    most: Duration::from_secs(30),
};

/// Delay after too many dials if the server sends no `Retry-After`.
const TOO_MANY_DIALS: Duration = Duration::from_secs(60);

/// Converts a close frame to a failure, by its code.
///
/// The session redacts and escapes the reason.
pub(crate) fn of_close(frame: Option<&CloseFrame>) -> Failure {
    let Some(frame) = frame else {
        return Failure::new(
            FailureStage::Live,
            RetryPolicy::Transient,
            "the server closed the connection",
        );
    };
    let retry_policy = match frame.code {
        1002 | 1003 | 1007 | 1009 | 1010 => RetryPolicy::Protocol,
        // A policy violation may be temporary.
        1008 => RetryPolicy::Blocked,
        1012 => RESTART,
        _ => RetryPolicy::Transient,
    };
    let mut message = format!("the server closed the connection with code {}", frame.code);
    if !frame.reason.is_empty() {
        message.push_str(": ");
        message.push_str(&frame.reason);
    }
    Failure::new(FailureStage::Live, retry_policy, message).with_code(frame.code.to_string())
}

/// Creates a failure from an error with its causes and remedy.
///
/// The transport and the source keep secrets out of the error and the remedy.
fn explained(
    stage: FailureStage,
    retry_policy: RetryPolicy,
    error: &(dyn std::error::Error + 'static),
    known: Option<&str>,
) -> Failure {
    let failure = Failure::new(stage, retry_policy, describe(error));
    match remedy(error, known) {
        Some(remedy) => failure.with_remedy(remedy),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_code_decides_the_retry_policy() {
        for (code, retry_policy) in [
            (1000, RetryPolicy::Transient),
            (1001, RetryPolicy::Transient),
            (1002, RetryPolicy::Protocol),
            (1008, RetryPolicy::Blocked),
            (1012, RESTART),
            (4000, RetryPolicy::Transient),
        ] {
            let failure = of_close(Some(&CloseFrame::new(code, "why")));
            assert_eq!(failure.retry_policy, retry_policy, "{code}");
            assert_eq!(failure.code.as_deref(), Some(code.to_string().as_str()));
        }
        assert_eq!(of_close(None).retry_policy, RetryPolicy::Transient);
    }

    #[test]
    fn failed_dial_names_the_server_the_cause_and_the_remedy() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let failure = of_connect(&ConnectError::Tcp(refused), "push.example");
        assert_eq!(
            failure.message,
            "push.example: no TCP connection: connection refused"
        );
        assert!(failure.remedy.unwrap().contains("the port"));
        let untrusted = ConnectError::Certificate("unknown issuer".into());
        let remedy = of_connect(&untrusted, "push.example").remedy.unwrap();
        assert!(
            remedy.contains("clock") && remedy.contains("portal"),
            "{remedy}"
        );
    }

    #[test]
    fn cause_and_remedy_of_a_source_are_kept() {
        let cause = std::io::Error::other("connection reset");
        let error = SourceError::new(RetryPolicy::Transient, "no token").with_source(cause);
        let failure = of_source(&error.with_remedy("wait"));
        assert_eq!(failure.message, "no token: connection reset");
        assert_eq!(failure.remedy.as_deref(), Some("wait"));
    }
}
