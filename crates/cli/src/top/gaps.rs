//! The gaps of an account, from the trust in its parts: when they began, whether they are closed, and what is missing.

use std::collections::{HashSet, VecDeque};

use kucoin_streams::{AccountPart, AccountState, StaleReason, Timestamp, Trust, WsKey};

/// Number of gaps that are kept.
const MAX_GAPS: usize = 100;

/// A gap in the stream of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GapEntry {
    pub(super) ws_key: WsKey,
    /// Local time since when events may be missing.
    pub(super) at: Timestamp,
    pub(super) cause: String,
    /// Parts that may miss events.
    pub(super) parts: Vec<AccountPart>,
    /// Parts that are not live again.
    pub(super) open: Vec<AccountPart>,
    /// Local time when all parts were read again; `None` while the gap is open.
    pub(super) closed_at: Option<Timestamp>,
    /// What could not be fetched.
    pub(super) missing: Vec<String>,
}

/// The last gaps.
#[derive(Debug, Default)]
pub(super) struct GapLog {
    gaps: VecDeque<GapEntry>,
    /// Parts that are live.
    live: HashSet<(WsKey, AccountPart)>,
}

impl GapLog {
    /// Returns the gaps, oldest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = &GapEntry> {
        self.gaps.iter()
    }

    /// Takes the trust of all parts: at the start, and if changes were missed.
    pub(super) fn on_state(&mut self, state: &AccountState) {
        for (ws_key, part, trust) in state.trusts() {
            self.on_trust(ws_key, part, trust);
        }
    }

    /// Takes the new trust in a part.
    pub(super) fn on_trust(&mut self, ws_key: WsKey, part: AccountPart, trust: &Trust) {
        let missing = match trust {
            Trust::Live { .. } => None,
            Trust::Stale {
                reason: StaleReason::Missing(what),
                ..
            } => Some(what.to_string()),
            _ => {
                if self.live.remove(&(ws_key, part)) {
                    self.begin(ws_key, part, trust);
                }
                return;
            }
        };
        match missing {
            None => self.live.insert((ws_key, part)),
            Some(_) => self.live.remove(&(ws_key, part)),
        };
        self.settle(ws_key, part, trust.since(), missing);
    }

    fn begin(&mut self, ws_key: WsKey, part: AccountPart, trust: &Trust) {
        let last = self.gaps.iter_mut().rev().find(|gap| gap.ws_key == ws_key);
        if let Some(gap) = last.filter(|gap| gap.closed_at.is_none()) {
            gap.parts.push(part);
            gap.open.push(part);
            return;
        }
        let cause = match trust {
            Trust::Stale { reason, .. } => reason.to_string(),
            _ => "events were dropped or could not be read".to_owned(),
        };
        if self.gaps.len() >= MAX_GAPS {
            self.gaps.pop_front();
        }
        self.gaps.push_back(GapEntry {
            ws_key,
            at: trust.since(),
            cause,
            parts: vec![part],
            open: vec![part],
            closed_at: None,
            missing: Vec::new(),
        });
    }

    /// Notes that a part is read again, with what is missing.
    fn settle(&mut self, ws_key: WsKey, part: AccountPart, at: Timestamp, missing: Option<String>) {
        let mut gaps = self.gaps.iter_mut().rev();
        let Some(gap) = gaps.find(|gap| gap.ws_key == ws_key && gap.open.contains(&part)) else {
            return;
        };
        gap.open.retain(|open| *open != part);
        let is_new = |what: &String| !gap.missing.contains(what);
        let missing = missing.filter(is_new);
        gap.missing.extend(missing);
        if gap.open.is_empty() {
            gap.closed_at = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: WsKey = WsKey::SpotPrivateV1;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn live(since: i64) -> Trust {
        Trust::Live {
            since: at(since),
            epoch: 1,
        }
    }

    fn stale(since: i64, reason: StaleReason) -> Trust {
        let since = at(since);
        Trust::Stale { since, reason }
    }

    #[test]
    fn gap_ends_when_all_its_parts_are_read() {
        let mut log = GapLog::default();
        let parts = [AccountPart::Orders, AccountPart::Fills];
        let recovering = Trust::Recovering { since: at(0) };
        for part in parts {
            // The first reading of the state is no gap.
            log.on_trust(KEY, part, &recovering);
            log.on_trust(KEY, part, &live(1));
        }
        assert_eq!(log.entries().count(), 0);
        for part in parts {
            log.on_trust(
                KEY,
                part,
                &stale(2, StaleReason::Disconnected("reset".into())),
            );
            log.on_trust(KEY, part, &Trust::Recovering { since: at(3) });
        }
        log.on_trust(KEY, parts[0], &live(4));
        let gap = log.entries().next().unwrap();
        assert_eq!((gap.closed_at, &*gap.open), (None, &parts[1..]));
        log.on_trust(
            KEY,
            parts[1],
            &stale(5, StaleReason::Missing("fills".into())),
        );
        let gap = log.entries().next().unwrap();
        assert_eq!(gap.at, at(2));
        assert_eq!(gap.closed_at, Some(at(5)));
        assert_eq!(gap.missing, ["fills"]);
        assert_eq!(gap.cause, "disconnected: reset");
    }
}
