//! What failures of the source and the transport mean to the session.

use std::time::Duration;

use kucoin_streams_session::{Failure, Severity, Stage};
use kucoin_streams_transport::{CloseFrame, ConnectClass, ConnectError, ReadError, WriteError};
use kucoin_streams_wire::{SourceError, SourceErrorClass};

pub(crate) fn of_source(error: &SourceError) -> Failure {
    let severity = match error.class() {
        SourceErrorClass::Blocked => Severity::Blocked,
        SourceErrorClass::Throttled(wait) => Severity::Throttled(wait),
        SourceErrorClass::Certificate => Severity::Certificate,
        SourceErrorClass::Refused => Severity::Refused,
        SourceErrorClass::Fatal => Severity::Fatal,
        _ => Severity::Transient,
    };
    let mut failure = Failure::new(Stage::Token, severity, with_causes(error));
    failure.code = error.code().map(str::to_owned);
    failure
}

pub(crate) fn of_connect(error: &ConnectError) -> Failure {
    let severity = match error.class() {
        // The token travels in the URL of the upgrade, so this is how a server refuses one.
        _ if error.status() == Some(401) => Severity::TokenRefused,
        ConnectClass::Throttled { retry_after } => {
            Severity::Throttled(Some(retry_after.unwrap_or(TOO_MANY_DIALS)))
        }
        ConnectClass::Protocol => Severity::Protocol,
        ConnectClass::Certificate => Severity::Certificate,
        ConnectClass::Fatal => Severity::Fatal,
        _ => Severity::Transient,
    };
    let mut failure = Failure::new(Stage::Dial, severity, with_causes(error));
    failure.code = error.status().map(|status| status.to_string());
    failure
}

pub(crate) fn of_read(error: &ReadError) -> Failure {
    let severity = match error.close_code() {
        Some(_) => Severity::Protocol,
        None => Severity::Transient,
    };
    Failure::new(Stage::Live, severity, with_causes(error))
}

pub(crate) fn of_write(error: &WriteError) -> Failure {
    Failure::new(Stage::Live, Severity::Transient, with_causes(error))
}

/// Close code 1012: the server restarts, and is not to find everybody before the door.
const RESTART: Severity = Severity::Postponed {
    least: Duration::from_secs(5),
    most: Duration::from_secs(30),
};

/// Too many dials, as the exchange counts them over some minutes, where it does not say how long to wait.
const TOO_MANY_DIALS: Duration = Duration::from_secs(60);

/// What the peer's close asks for, by its code. The session redacts and escapes the reason.
pub(crate) fn of_close(frame: Option<&CloseFrame>) -> Failure {
    let Some(frame) = frame else {
        return Failure::new(
            Stage::Live,
            Severity::Transient,
            "the server closed the connection",
        );
    };
    let severity = match frame.code {
        1002 | 1003 | 1007 | 1009 | 1010 => Severity::Protocol,
        // The server objects to what we do, or to how much of it: that may pass.
        1008 => Severity::Blocked,
        1012 => RESTART,
        _ => Severity::Transient,
    };
    let mut message = format!("the server closed the connection with code {}", frame.code);
    if !frame.reason.is_empty() {
        message.push_str(": ");
        message.push_str(&frame.reason);
    }
    Failure::new(Stage::Live, severity, message).with_code(frame.code.to_string())
}

/// An error with its causes in one line. The transport and the source keep secrets out of both.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some errors repeat their cause in their own text.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_is_judged_by_its_code() {
        for (code, severity) in [
            (1000, Severity::Transient),
            (1001, Severity::Transient),
            (1002, Severity::Protocol),
            (1008, Severity::Blocked),
            (1012, RESTART),
            (4000, Severity::Transient),
        ] {
            let failure = of_close(Some(&CloseFrame::new(code, "why")));
            assert_eq!(failure.severity, severity, "{code}");
            assert_eq!(failure.code.as_deref(), Some(code.to_string().as_str()));
        }
        assert_eq!(of_close(None).severity, Severity::Transient);
    }

    #[test]
    fn causes_are_told_once() {
        let cause = std::io::Error::other("connection reset");
        let error = SourceError::new(SourceErrorClass::Transient, "no token").with_source(cause);
        assert_eq!(of_source(&error).message, "no token: connection reset");
    }
}
