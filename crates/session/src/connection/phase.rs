//! Phases of a session and their deadlines.

use std::time::Instant;

use kucoin_streams_core::Login;

use crate::FailureStage;

/// Phase of a session.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Not opened yet.
    Idle,
    /// Connection information is being fetched.
    Fetching { until: Instant },
    /// The dial is in progress. The login is sent after the welcome.
    Dialling {
        until: Instant,
        login: Option<Login>,
    },
    /// Connected; waits for the welcome.
    Greeting {
        until: Instant,
        login: Option<Login>,
    },
    /// Welcomed; waits for the answer to the login.
    LoggingIn { until: Instant, id: String },
    /// Live: requests may be sent.
    Live { since: Instant },
    /// Waits for the next attempt.
    Waiting { until: Instant },
    /// Unsubscribing before the close.
    Closing { until: Instant },
    /// Closed.
    Closed,
}

impl Phase {
    /// Returns the deadline of the phase; `None` if the phase has none.
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

    /// Returns the stage that the session waits for.
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

    /// Returns `true` if a connection is open.
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
