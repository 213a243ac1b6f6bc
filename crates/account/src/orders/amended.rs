//! A size or price that can change while the order is open: the newest one.

use std::cmp::Reverse;
use std::time::Duration;

use kucoin_streams_core::{Decimal, Timestamp};

/// A row requested at most this long after an event may lag behind the event. Recovery waits as long before it reads a row.
const ROW_LAG: Duration = Duration::from_secs(1);

/// The newest pushed value and the newest fetched value.
///
/// Pushed values are ordered by exchange time. A recovered event has the value of the row that was fetched for it, so it is
/// ordered by local time, as rows are.
#[derive(Debug, Default)]
pub(super) struct Amended {
    pushed: Option<Reading>,
    fetched: Option<Reading>,
}

/// A size or price in an event or row.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) value: Decimal,
    /// `false` for an event that cancels the order and for a recovered fill: they can have the size before reductions.
    pub(super) is_certain: bool,
    /// Exchange time; `None` if it is unknown.
    pub(super) time: Option<Timestamp>,
    pub(super) filled: Option<Decimal>,
    pub(super) received_at: Timestamp,
}

impl Amended {
    pub(super) fn push(&mut self, new: Reading) {
        // Of two sizes at one time, the smaller one is after a reduction.
        let key = |reading: &Reading| {
            let Reading {
                is_certain,
                time,
                filled,
                value,
                ..
            } = *reading;
            (is_certain, time, filled, Reverse(value))
        };
        if self
            .pushed
            .as_ref()
            .is_none_or(|known| key(&new) >= key(known))
        {
            self.pushed = Some(new);
        }
    }

    pub(super) fn fetch(&mut self, new: Reading) {
        let key = |reading: &Reading| {
            (
                reading.is_certain,
                reading.received_at,
                reading.filled,
                reading.value,
            )
        };
        if self
            .fetched
            .as_ref()
            .is_none_or(|known| key(&new) >= key(known))
        {
            self.fetched = Some(new);
        }
    }

    pub(super) fn get(&self) -> Option<Decimal> {
        let newest = match (&self.pushed, &self.fetched) {
            (Some(pushed), Some(fetched)) => {
                let is_newer = fetched.received_at > pushed.received_at + ROW_LAG;
                let has_more = fetched.filled.is_some() && fetched.filled > pushed.filled;
                match (fetched.is_certain, pushed.is_certain) {
                    (true, true) if is_newer || has_more => fetched,
                    (true, false) => fetched,
                    _ => pushed,
                }
            }
            (pushed, fetched) => pushed.as_ref().or(fetched.as_ref())?,
        };
        Some(newest.value)
    }
}
