//! Counters of one connection, since its [`Streams`](crate::Streams) were created.

use std::ops::{AddAssign, Sub};

use kucoin_streams_core::Timestamp;

use super::Output;
use crate::{Failure, FailureStage, GapReason, LifecycleEvent, RoundTrip};

/// Counters and times of one connection: see [`Streams::stats`](crate::Streams::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamsStats {
    /// Epoch of the current connection; 0 before the first one is live.
    pub epoch: u64,
    /// Messages received, of any kind: pushes, answers, pongs.
    pub frames: u64,
    /// Local receive time of the last message; `None` before the first.
    pub last_frame_at: Option<Timestamp>,
    /// Round trip of the heartbeat on the current socket; `None` before its first pong.
    pub heartbeat: Option<RoundTrip>,
    /// Counters of what happens rarely.
    pub counts: ConnectionCounts,
}

/// Number of dials, losses and gaps of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionCounts {
    /// Attempts to connect, each with a request for connection information; rotations included.
    pub dials: u64,
    /// Attempts to connect that failed before the connection was live.
    pub failed_dials: u64,
    /// Times that the connection was live again after a loss.
    pub reconnects: u64,
    /// Rotations: planned replacements of the connection, without a loss.
    pub rotations: u64,
    /// Gaps of all subscriptions: losses, temporary refusals, full queues.
    ///
    /// A loss is one gap of each subscription. Undecodable frames and the end of a connection are not counted.
    pub gaps: u64,
}

impl ConnectionCounts {
    /// Counts an output when the driver takes it.
    pub(super) fn count(&mut self, output: &Output) {
        let counter = match output {
            Output::FetchConnectionInfo(_) => &mut self.dials,
            Output::Event(LifecycleEvent::Reconnected { .. }) => &mut self.reconnects,
            Output::Event(LifecycleEvent::Rotated { .. }) => &mut self.rotations,
            Output::Gap(gap) => match gap.reason {
                GapReason::Lost { .. } | GapReason::Refused { .. } => &mut self.gaps,
                _ => return,
            },
            Output::Overflowing(_) => &mut self.gaps,
            _ => return,
        };
        *counter += 1;
    }

    /// Counts a failure if it ended an attempt to connect, and not a live connection.
    pub(super) fn count_failure(&mut self, failure: &Failure) {
        use FailureStage::{Dial, Login, Token, Welcome};
        if matches!(failure.stage, Token | Dial | Welcome | Login) {
            self.failed_dials += 1;
        }
    }
}

/// The growth since an earlier reading.
impl Sub for ConnectionCounts {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            dials: self.dials - earlier.dials,
            failed_dials: self.failed_dials - earlier.failed_dials,
            reconnects: self.reconnects - earlier.reconnects,
            rotations: self.rotations - earlier.rotations,
            gaps: self.gaps - earlier.gaps,
        }
    }
}

impl AddAssign for ConnectionCounts {
    fn add_assign(&mut self, other: Self) {
        self.dials += other.dials;
        self.failed_dials += other.failed_dials;
        self.reconnects += other.reconnects;
        self.rotations += other.rotations;
        self.gaps += other.gaps;
    }
}
