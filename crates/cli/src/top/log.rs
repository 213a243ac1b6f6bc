//! Events of the connections, for the list of events.

use std::collections::VecDeque;

use kucoin_streams::core::HumanDuration;
use kucoin_streams::{CloseReason, Lifecycle, LifecycleEvent, Timestamp, WsKey};

/// Number of entries that are kept.
const MAX_ENTRIES: usize = 200;

/// An entry of the list of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogEntry {
    pub(super) at: Timestamp,
    /// `None` for a log line.
    pub(super) ws_key: Option<WsKey>,
    pub(super) is_warning: bool,
    pub(super) text: String,
}

/// The last events.
#[derive(Debug, Default)]
pub(super) struct EventLog(VecDeque<LogEntry>);

impl EventLog {
    pub(super) fn add(&mut self, entry: LogEntry) {
        if self.0.len() >= MAX_ENTRIES {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &LogEntry> {
        self.0.iter()
    }

    /// Adds an event of a connection. Acknowledged topics are left out.
    pub(super) fn on_lifecycle(&mut self, lifecycle: &Lifecycle) {
        let (is_warning, text) = match &lifecycle.event {
            LifecycleEvent::Open => (false, "connected".to_owned()),
            LifecycleEvent::Authenticated => (false, "login accepted".to_owned()),
            LifecycleEvent::Reconnect {
                cause,
                attempt,
                delay,
            } => {
                let delay = HumanDuration(*delay);
                (true, format!("{cause}; attempt {attempt} in {delay}"))
            }
            LifecycleEvent::Reconnected { down_for, refused } => {
                let down_for = HumanDuration(*down_for);
                let refused = match refused {
                    0 => String::new(),
                    refused => format!("; {refused} topics refused"),
                };
                (false, format!("connected again after {down_for}{refused}"))
            }
            LifecycleEvent::Rotated { took } => {
                let took = HumanDuration(*took);
                (false, format!("moved to a new connection in {took}"))
            }
            LifecycleEvent::Exception { topic, message, .. } => {
                let topic = topic.as_deref().map(|topic| format!("{topic}: "));
                (true, format!("{}{message}", topic.unwrap_or_default()))
            }
            LifecycleEvent::Close { reason } => {
                let is_failure = !matches!(reason, CloseReason::Requested);
                (is_failure, format!("closed: {reason}"))
            }
            _ => return,
        };
        self.add(LogEntry {
            at: lifecycle.at,
            ws_key: Some(lifecycle.ws_key),
            is_warning,
            text,
        });
    }
}
