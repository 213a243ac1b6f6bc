//! The report of a recovery: recovered events, vanished orders, the state, what is missing, and the live events.

use std::sync::Arc;

use kucoin_streams_session::ClockReading;

use super::episode::Held;
use super::merge::{Merged, merge};
use super::shift;
use crate::Recovery;
use crate::books::{Findings, Found, FoundRow, RowState};
use crate::facts::Identity;
use crate::output::{
    LiveReport, MissingPart, RecoveredFrame, RecoveryOutput, RecoverySource, SnapshotRow,
    VanishedOrder,
};

impl<U> Recovery<U> {
    /// Yields what was found, the report, and the events that were held back.
    ///
    /// A late report without news is left out, unless it is the last one.
    pub(crate) fn report(&mut self, now: ClockReading, mut findings: Findings, is_last: bool) {
        let Some(mut episode) = self.episode.take() else {
            return;
        };
        let late = episode.is_reported();
        findings.snapshots.retain(|row| {
            let is_read_again = row.taken_at.1 > episode.last_report_at;
            is_read_again && !(late && self.was_shown(row))
        });
        let is_changed = !findings.found.is_empty()
            || !findings.vanished.is_empty()
            || !findings.snapshots.is_empty()
            || findings.missing != episode.missing;
        let held = std::mem::take(&mut episode.held);
        let (before, after): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|held| held.is_before_live);
        let rows: Vec<_> = findings
            .snapshots
            .iter()
            .map(|row| (row.state.clone(), row.taken_at.0))
            .collect();
        let is_shown = |held: &Held<U>| {
            let mut rows = rows.iter();
            rows.any(|(state, sent_at)| held.is_older_than(state, *sent_at))
        };
        for item in merge(findings.found, before) {
            match item {
                Merged::Live(held) => self.outputs.push_back(RecoveryOutput::Event(held.update)),
                Merged::Found(found) => {
                    self.yield_found(found, late || episode.has_released);
                }
            }
        }
        for order in findings.vanished {
            let order = VanishedOrder {
                ws_key: self.ws_key,
                topic: Arc::clone(&self.topics[order.topic].name),
                symbol: order.symbol,
                order_id: order.order_id,
                filled_size: order.filled,
            };
            self.outputs.push_back(RecoveryOutput::Vanished(order));
        }
        for row in findings.snapshots {
            self.yield_row(row);
        }
        if !late || is_changed || is_last {
            let name = |topic: &usize| Arc::clone(&self.topics[*topic].name);
            let missing = findings.missing.iter();
            let missing = missing.map(|(topic, what, reason)| MissingPart {
                topic: name(topic),
                what: what.clone(),
                reason: reason.clone(),
            });
            let report = LiveReport {
                ws_key: self.ws_key,
                topics: episode.topics.iter().map(name).collect(),
                outage: episode.outage,
                window: (!episode.is_start).then_some((episode.from, episode.to)),
                live_at: episode.live_at.1,
                missing: missing.collect(),
                late,
                requests: self.queries.requests(),
                weight: self.queries.weight(),
            };
            self.outputs.push_back(RecoveryOutput::Live(report));
        }
        // A row can be older than an event before its request, because REST lags: the live event has the last word.
        let after = after.into_iter().filter(|held| !is_shown(held));
        self.outputs
            .extend(after.map(|held| RecoveryOutput::Event(held.update)));
        let topics = &episode.topics;
        for book in &mut self.books {
            if book.topics().iter().any(|topic| topics.contains(topic)) {
                book.commit();
            }
        }
        let exchange_now = shift(now.wall, self.clock_offset);
        episode.missing = findings.missing;
        episode
            .reported_at
            .get_or_insert((now.monotonic, exchange_now));
        episode.last_report_at = exchange_now;
        episode.hold_until = None;
        self.episode = Some(episode);
    }

    fn yield_found(&mut self, found: Found, late: bool) {
        for (topic, frame) in found.frames {
            let identity = found.identity.clone();
            self.seen.insert(topic, identity, found.time, true);
            let frame = RecoveredFrame {
                topic: Arc::clone(&self.topics[topic].name),
                frame,
                source: RecoverySource {
                    path: found.source,
                    exact: found.exact,
                    late,
                },
            };
            self.outputs.push_back(RecoveryOutput::Recovered(frame));
        }
    }

    fn yield_row(&mut self, row: FoundRow) {
        if let Some(identity) = identity_of(&row) {
            self.seen.insert(row.topic, identity, row.taken_at.1, false);
        }
        let row = SnapshotRow {
            ws_key: self.ws_key,
            topic: Arc::clone(&self.topics[row.topic].name),
            source: row.source,
            taken_at: row.taken_at,
            data: row.data,
        };
        self.outputs.push_back(RecoveryOutput::Snapshot(row));
    }

    /// Returns `true` if an earlier report of the recovery has shown the open order.
    fn was_shown(&self, row: &FoundRow) -> bool {
        identity_of(row).is_some_and(|identity| self.seen.has_identity(row.topic, &identity))
    }
}

fn identity_of(row: &FoundRow) -> Option<Identity> {
    match &row.state {
        RowState::Order { order_id, .. } => Some(Identity::OrderOpen(order_id.clone())),
        RowState::Position(..) | RowState::Other => None,
    }
}
