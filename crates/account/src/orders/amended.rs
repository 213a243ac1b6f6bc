//! A size or price that can change while the order is open: the newest one.

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
    pushed: Option<Pushed>,
    /// Local time, filled size and value.
    fetched: Option<(Timestamp, Option<Decimal>, Decimal)>,
}

#[derive(Debug)]
struct Pushed {
    time: Option<Timestamp>,
    filled: Option<Decimal>,
    value: Decimal,
    received_at: Timestamp,
}

impl Amended {
    pub(super) fn push(
        &mut self,
        time: Option<Timestamp>,
        filled: Option<Decimal>,
        value: Decimal,
        received_at: Timestamp,
    ) {
        let known = self.pushed.as_ref();
        let is_older = known.is_some_and(|known| {
            let smaller = std::cmp::Reverse;
            (known.time, known.filled, smaller(known.value)) > (time, filled, smaller(value))
        });
        if !is_older {
            self.pushed = Some(Pushed {
                time,
                filled,
                value,
                received_at,
            });
        }
    }

    pub(super) fn fetch(&mut self, at: Timestamp, filled: Option<Decimal>, value: Decimal) {
        let new = (at, filled, value);
        self.fetched = self.fetched.max(Some(new));
    }

    pub(super) fn get(&self) -> Option<Decimal> {
        match (&self.pushed, self.fetched) {
            (Some(pushed), Some((at, filled, value))) => {
                let is_newer = at > pushed.received_at + ROW_LAG;
                let has_more = filled.is_some() && filled > pushed.filled;
                Some(if is_newer || has_more {
                    value
                } else {
                    pushed.value
                })
            }
            (Some(pushed), None) => Some(pushed.value),
            (None, fetched) => fetched.map(|(.., value)| value),
        }
    }
}
