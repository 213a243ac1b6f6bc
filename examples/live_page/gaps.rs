//! The gaps in the streams of the account: when they began, why, and when all parts were read again.

use std::collections::{BTreeSet, VecDeque};

use kucoin_streams::{AccountPart, AccountState, StaleReason, Timestamp, Trust, WsKey};
use serde::Serialize;

use crate::hub::Rows;
use crate::rows::raw;

/// Number of gaps that are kept.
const MAX_GAPS: usize = 100;

/// A gap in the stream of one connection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageGap {
    ws_key: &'static str,
    /// Local time since when events may be missing.
    at: Timestamp,
    cause: String,
    /// Parts that may miss events.
    parts: BTreeSet<AccountPart>,
    /// Parts that are not read again.
    open: BTreeSet<AccountPart>,
    /// Local time when all parts were read again.
    closed_at: Option<Timestamp>,
    /// What could not be fetched.
    missing: BTreeSet<String>,
}

/// The last gaps, from the trust in each part.
#[derive(Default)]
pub(crate) struct PageGaps {
    gaps: VecDeque<PageGap>,
    /// Number of gaps that were dropped.
    dropped: usize,
    live: BTreeSet<(WsKey, AccountPart)>,
}

impl PageGaps {
    /// Takes the trust of all parts: at the start, and if changes were missed.
    pub(crate) fn on_state(&mut self, state: &AccountState) {
        for (ws_key, part, trust) in state.trusts() {
            self.on_trust(ws_key, part, trust);
        }
    }

    /// Takes the new trust in a part. A part that was never live opens no gap.
    pub(crate) fn on_trust(&mut self, ws_key: WsKey, part: AccountPart, trust: &Trust) {
        let was_live = self.live.remove(&(ws_key, part));
        if trust.is_live() {
            self.live.insert((ws_key, part));
        }
        let (cause, missing) = match trust {
            Trust::Live { .. } => (None, None),
            Trust::Stale {
                reason: StaleReason::Missing(what),
                ..
            } => (None, Some(what.to_string())),
            Trust::Stale { reason, .. } => (Some(reason.to_string()), None),
            _ => (
                Some("events were dropped or could not be read".to_owned()),
                None,
            ),
        };
        let mut gaps = self.gaps.iter_mut().rev();
        let gap = gaps.find(|gap| gap.ws_key == ws_key.as_str() && gap.closed_at.is_none());
        match (gap, cause) {
            (Some(gap), None) => {
                gap.open.remove(&part);
                gap.missing.extend(missing);
                gap.closed_at = gap.open.is_empty().then(|| trust.since());
            }
            (Some(gap), Some(_)) if was_live => {
                gap.parts.insert(part);
                gap.open.insert(part);
            }
            (None, Some(cause)) if was_live => self.gaps.push_back(PageGap {
                ws_key: ws_key.as_str(),
                at: trust.since(),
                cause,
                parts: [part].into(),
                open: [part].into(),
                closed_at: None,
                missing: BTreeSet::new(),
            }),
            _ => {}
        }
        if self.gaps.len() > MAX_GAPS {
            self.gaps.pop_front();
            self.dropped += 1;
        }
    }

    /// Returns all rows, and removes the row of the gap that was dropped last.
    pub(crate) fn rows(&self) -> Rows {
        let rows = self.gaps.iter().map(|gap| Some(raw(gap)));
        let rows = self
            .dropped
            .checked_sub(1)
            .map(|_| None)
            .into_iter()
            .chain(rows);
        let first = self.dropped.saturating_sub(1);
        rows.enumerate()
            .map(|(at, row)| ((first + at).to_string(), row))
            .collect()
    }
}
