//! What the screen shows: everything that drawing depends on.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::{AccountState, Timestamp, WsKey};

use super::gaps::GapEntry;
use super::keys::Scroll;
use super::log::LogEntry;

/// Everything that the screen shows, at one moment.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// What is watched, such as `demo account`.
    pub(super) title: String,
    pub(super) now: Timestamp,
    /// The kept state; `None` until every part has been read for the first time.
    pub(super) state: Option<Arc<AccountState>>,
    pub(super) connections: Vec<ConnectionView>,
    /// Oldest first.
    pub(super) gaps: Vec<GapEntry>,
    /// Connection events and log lines, oldest first.
    pub(super) log: Vec<LogEntry>,
    pub(super) choice: Choice,
    /// `true` if the whole screen is written, not only what has changed.
    pub(super) is_redraw: bool,
    /// `false` if `NO_COLOR` is set.
    pub(super) is_coloured: bool,
}

/// What a connection is doing, and what it has received.
#[derive(Clone, Debug)]
pub(super) struct ConnectionView {
    pub(super) ws_key: WsKey,
    pub(super) status: ConnectionStatus,
    pub(super) events_per_second: f64,
    pub(super) events: u64,
    pub(super) recovered: u64,
    pub(super) gaps: u64,
    /// `None` if no event had a push time.
    pub(super) latency: Option<Latency>,
    /// Local time of the last rotation; `None` if there was none.
    pub(super) rotated_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConnectionStatus {
    Connecting,
    Connected,
    Reconnecting {
        attempt: u32,
        /// Local time of the next attempt.
        next_at: Timestamp,
        cause: String,
    },
    Closed {
        reason: String,
    },
}

/// Time from KuCoin's push to the receipt of an event, by two clocks, since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Latency {
    pub(super) median: Duration,
    pub(super) p99: Duration,
    /// Maximum error of the offset between the clocks.
    pub(super) error: Duration,
}

/// A list of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    Orders,
    Positions,
    Balances,
    History,
    Events,
}

impl Pane {
    pub(super) const ALL: [Self; 5] = [
        Self::Orders,
        Self::Positions,
        Self::Balances,
        Self::History,
        Self::Events,
    ];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Orders => "Orders",
            Self::Positions => "Positions",
            Self::Balances => "Balances",
            Self::History => "History",
            Self::Events => "Events",
        }
    }

    fn shifted(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// What the user has chosen to see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) pane: Pane,
    /// First row that is shown, by list.
    pub(super) scroll: [usize; Pane::ALL.len()],
    pub(super) is_help_shown: bool,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            pane: Pane::Positions,
            scroll: [0; Pane::ALL.len()],
            is_help_shown: false,
        }
    }
}

impl Choice {
    pub(super) fn show(&mut self, pane: Pane) {
        self.pane = pane;
        self.is_help_shown = false;
    }

    pub(super) fn next_pane(&mut self) {
        self.show(self.pane.shifted(1));
    }

    pub(super) fn previous_pane(&mut self) {
        self.show(self.pane.shifted(Pane::ALL.len() - 1));
    }

    /// Scrolls the chosen list, of which `last` is the highest first row.
    pub(super) fn scroll(&mut self, scroll: Scroll, last: usize) {
        const PAGE: usize = 8;
        let first = &mut self.scroll[self.pane as usize];
        // The list may have become shorter.
        *first = (*first).min(last);
        *first = match scroll {
            Scroll::Up => first.saturating_sub(1),
            Scroll::Down => *first + 1,
            Scroll::PageUp => first.saturating_sub(PAGE),
            Scroll::PageDown => *first + PAGE,
            Scroll::Home => 0,
            Scroll::End => last,
        };
        *first = (*first).min(last);
    }
}
