//! The order of reports of one row, by what the wire has: a sequence number, a time, and the push time.

use std::cmp::Ordering;

use kucoin_streams_core::Timestamp;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest::QueryOf;

use crate::{FrameInfo, FrameRef};

/// Reports of one row that are remembered.
const MAX_RECENT: usize = 32;

/// Place of a report in the order of the reports of one row.
///
/// The default is comparable with no other stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Number that grows with the changes: `version` of a futures wallet, `E` of Pro V2.
    pub(crate) sequence: Option<i64>,
    /// Exchange time of the change.
    pub(crate) time: Option<Timestamp>,
    /// Push time; Pro V2 only.
    pub(crate) pushed_at: Option<Timestamp>,
    /// Two reports with this stamp and the same content are one report, pushed twice.
    is_distinct: bool,
}

impl Stamp {
    pub(crate) fn at(time: Option<Timestamp>) -> Self {
        Self {
            time,
            is_distinct: time.is_some(),
            ..Self::default()
        }
    }

    /// Returns the stamp of a Pro V2 push.
    ///
    /// Amounts that depend on a mark price can change and change back with the same time, but not with the same push time.
    pub(crate) fn pro(info: &FrameInfo, sequence: Option<i64>, time: Option<Timestamp>) -> Self {
        Self {
            sequence,
            time,
            pushed_at: info.pushed_at,
            is_distinct: info.pushed_at.is_some(),
        }
    }

    /// Compares by the first part that both have and that differs; equal if there is none.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        let parts = |stamp: Self| {
            let nanos = |time: Option<Timestamp>| time.map(Timestamp::as_nanos);
            [stamp.sequence, nanos(stamp.time), nanos(stamp.pushed_at)]
        };
        let pairs = parts(self).into_iter().zip(parts(other));
        let orders = pairs.filter_map(|(part, other)| Some(part?.cmp(&other?)));
        orders.fold(Ordering::Equal, Ordering::then)
    }

    pub(crate) fn is_older_than(self, other: Self) -> bool {
        self.compare(other).is_lt()
    }
}

/// The reports that the fields of a row are from, to recognise a repeated one.
///
/// KuCoin pushes some reports several times, also after later ones of the same millisecond.
#[derive(Debug)]
pub(crate) struct RecentReports<T>(Vec<(Stamp, T)>);

impl<T> Default for RecentReports<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> RecentReports<T> {
    /// Returns `true` if the report was taken before.
    pub(crate) fn has(&self, stamp: Stamp, report: &T) -> bool {
        let mut known = self.0.iter();
        stamp.is_distinct && known.any(|known| known.0 == stamp && known.1 == *report)
    }

    /// Remembers a report that was taken, and forgets those whose stamps no field of the row has any more.
    pub(crate) fn remember(&mut self, stamp: Stamp, report: T, fields: &[Stamp]) {
        self.0.retain(|(stamp, _)| fields.contains(stamp));
        if !stamp.is_distinct || !fields.contains(&stamp) {
            return;
        }
        if self.0.len() == MAX_RECENT {
            self.0.remove(0);
        }
        self.0.push((stamp, report));
    }
}

/// The frame or the row that a report was made from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReportSource<'s> {
    Frame(&'s FrameInfo),
    Row(&'s SnapshotRow),
}

impl ReportSource<'_> {
    /// Returns a reference to the frame or row, for an event of this kind and time.
    pub(crate) fn frame(self, event: &str, time: Option<Timestamp>) -> FrameRef {
        match self {
            Self::Frame(info) => info.frame(event, time),
            Self::Row(row) => FrameRef {
                ws_key: row.ws_key,
                topic: row.topic.clone(),
                event: event.into(),
                time,
                received_at: row.taken_at.1,
                source: Some(row.source),
            },
        }
    }
}

/// Returns `true` if the row comes from the endpoint of this query, in any version of a unified account's API.
pub(crate) fn is_from<Q: QueryOf>(row: &SnapshotRow) -> bool {
    match Q::ENDPOINT.path().split_once("{v}") {
        Some((start, end)) => row.source.starts_with(start) && row.source.ends_with(end),
        None => row.source == Q::ENDPOINT.path(),
    }
}
