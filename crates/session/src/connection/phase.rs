//! The phases of a session's life and their deadlines.

use std::time::Instant;

use kucoin_streams_core::Login;

use crate::FailureStage;

/// Where the session stands.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Nothing was wanted yet.
    Idle,
    /// Connection information is being fetched.
    Fetching { until: Instant },
    /// The dial is under way. The login waits for the welcome.
    Dialling {
        until: Instant,
        login: Option<Login>,
    },
    /// Connected; the welcome is awaited.
    Greeting {
        until: Instant,
        login: Option<Login>,
    },
    /// Welcomed; the answer to the login is awaited.
    LoggingIn { until: Instant, id: String },
    /// Requests may be sent.
    Live { since: Instant },
    /// The next attempt is awaited.
    Waiting { until: Instant },
    /// Unsubscribing before the end.
    Closing { until: Instant },
    /// Over.
    Closed,
}

impl Phase {
    /// The moment at which the phase itself has lasted too long.
    pub(crate) fn until(&self) -> Option<Instant> {
        match self {
            Phase::Fetching { until }
            | Phase::Dialling { until, .. }
            | Phase::Greeting { until, .. }
            | Phase::LoggingIn { until, .. }
            | Phase::Waiting { until }
            | Phase::Closing { until } => Some(*until),
            Phase::Idle | Phase::Live { .. } | Phase::Closed => None,
        }
    }

    /// What is awaited of the server.
    pub(crate) fn stage(&self) -> Option<FailureStage> {
        Some(match self {
            Phase::Fetching { .. } => FailureStage::Token,
            Phase::Dialling { .. } => FailureStage::Dial,
            Phase::Greeting { .. } => FailureStage::Welcome,
            Phase::LoggingIn { .. } => FailureStage::Login,
            Phase::Live { .. } => FailureStage::Acknowledgement,
            Phase::Idle | Phase::Waiting { .. } | Phase::Closing { .. } | Phase::Closed => {
                return None;
            }
        })
    }

    /// True where a connection stands on which frames may come.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(
            self,
            Phase::Greeting { .. }
                | Phase::LoggingIn { .. }
                | Phase::Live { .. }
                | Phase::Closing { .. }
        )
    }
}
