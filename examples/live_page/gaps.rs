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
    #[serde(skip)]
    number: u64,
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
    count: u64,
    gaps: VecDeque<PageGap>,
    live: BTreeSet<(WsKey, AccountPart)>,
}

impl PageGaps {
    /// Takes the trust of all parts: at the start, and if changes were missed.
    pub(crate) fn on_state(&mut self, state: &AccountState) {
        for (ws_key, part, trust) in state.trusts() {
            self.on_trust(ws_key, part, trust);
        }
    }

    /// Takes the new trust in a part.
    pub(crate) fn on_trust(&mut self, ws_key: WsKey, part: AccountPart, trust: &Trust) {
        let missing = match trust {
            Trust::Live { .. } => None,
            Trust::Stale {
                reason: StaleReason::Missing(what),
                ..
            } => Some(what.to_string()),
            _ => {
                if self.live.remove(&(ws_key, part)) {
                    self.open(ws_key, part, trust);
                }
                return;
            }
        };
        match missing {
            None => self.live.insert((ws_key, part)),
            Some(_) => self.live.remove(&(ws_key, part)),
        };
        let mut gaps = self.gaps.iter_mut().rev();
        if let Some(gap) =
            gaps.find(|gap| gap.ws_key == ws_key.as_str() && gap.open.contains(&part))
        {
            gap.open.remove(&part);
            gap.missing.extend(missing);
            gap.closed_at = gap.open.is_empty().then(|| trust.since());
        }
    }

    fn open(&mut self, ws_key: WsKey, part: AccountPart, trust: &Trust) {
        let last = self
            .gaps
            .iter_mut()
            .rev()
            .find(|gap| gap.ws_key == ws_key.as_str());
        if let Some(gap) = last.filter(|gap| gap.closed_at.is_none()) {
            gap.parts.insert(part);
            gap.open.insert(part);
            return;
        }
        if self.gaps.len() >= MAX_GAPS {
            self.gaps.pop_front();
        }
        self.count += 1;
        self.gaps.push_back(PageGap {
            number: self.count,
            ws_key: ws_key.as_str(),
            at: trust.since(),
            cause: match trust {
                Trust::Stale { reason, .. } => reason.to_string(),
                _ => "events were dropped or could not be read".to_owned(),
            },
            parts: [part].into(),
            open: [part].into(),
            closed_at: None,
            missing: BTreeSet::new(),
        });
    }

    /// Returns all rows; the row of the gap that was dropped last is removed.
    pub(crate) fn rows(&self) -> Rows {
        let first = self.gaps.front().map_or(0, |gap| gap.number);
        let dropped = first.checked_sub(1).filter(|number| *number > 0);
        let dropped = dropped.map(|number| (number.to_string(), None));
        let rows = self
            .gaps
            .iter()
            .map(|gap| (gap.number.to_string(), Some(raw(gap))));
        dropped.into_iter().chain(rows).collect()
    }
}
