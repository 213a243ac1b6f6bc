//! How an order ended, and which event is later than another.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{Decimal, Timestamp};

use super::facts::EndKind;
use crate::FrameRef;

/// How far exchange times of one order can be out of order: times of fills are rounded down to milliseconds, and on Pro V2 the
/// times of other events come from another clock.
const CLOCK_TOLERANCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct End {
    pub(super) kind: EndKind,
    pub(super) time: Option<Timestamp>,
    pub(super) filled: Option<Decimal>,
    pub(super) frame: Arc<FrameRef>,
}

impl End {
    /// Joins another report of the end; returns `false` if the two contradict each other.
    pub(super) fn join(
        &mut self,
        kind: EndKind,
        time: Option<Timestamp>,
        filled: Option<Decimal>,
        frame: &Arc<FrameRef>,
    ) -> bool {
        let is_same = !self.contradicts(kind, filled, frame);
        self.kind = self.kind.max(kind);
        self.time = self.time.into_iter().chain(time).min();
        self.filled = self.filled.or(filled);
        if self.frame.source.is_some() && frame.source.is_none() {
            self.frame = Arc::clone(frame);
        }
        is_same
    }

    fn contradicts(&self, kind: EndKind, filled: Option<Decimal>, frame: &FrameRef) -> bool {
        let is_other_size = self.filled.zip(filled).is_some_and(|(a, b)| a != b);
        // REST calls a filled order canceled if a part of it was canceled before.
        let is_pushed = self.frame.source.is_none() && frame.source.is_none();
        let is_other_kind = (self.kind == EndKind::Filled) != (kind == EndKind::Filled);
        is_other_size || is_pushed && is_other_kind
    }
}

/// Returns `true` if a time is certainly later than another.
pub(super) fn is_later(time: Timestamp, than: Timestamp) -> bool {
    time > than + CLOCK_TOLERANCE
}
