//! The total balance of one account in one currency: each change must begin where the one before has ended.

use std::collections::VecDeque;
use std::time::Duration;

use kucoin_streams_core::{Decimal, Timestamp};

use crate::exact;

/// Changes that wait for the one before; if there are more, the first is judged.
const MAX_WAITING: usize = 256;
/// Totals that are remembered: a change that comes late begins at one of them.
const MAX_PASSED: usize = 32;

/// A change of the total balance.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) before: Decimal,
    pub(super) after: Decimal,
    /// Exchange time.
    pub(super) time: Timestamp,
    /// Local receive time.
    pub(super) received_at: Timestamp,
}

/// A part of the chain that no push reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MissingLink {
    pub(super) amount: Decimal,
    /// Exchange times of the pushes before and after it.
    pub(super) between: (Timestamp, Timestamp),
}

/// The last known total balance, and the changes that do not begin there.
#[derive(Debug, Default)]
pub(super) struct Chain {
    tail: Option<(Decimal, Timestamp)>,
    waiting: Vec<Link>,
    /// The last totals, the newest last.
    passed: VecDeque<Decimal>,
    /// Changes up to this exchange time may be in the total balance already.
    known_until: Option<Timestamp>,
    /// Total of the anchor, while the chain follows an older change: the next change may begin at either.
    anchored: Option<Decimal>,
}

impl Chain {
    /// Sets the total balance: it includes all changes up to a time between these two.
    pub(super) fn anchor(&mut self, total: Decimal, taken_at: (Timestamp, Timestamp)) {
        self.tail = Some((total, taken_at.0));
        self.known_until = Some(taken_at.1);
        self.anchored = None;
        self.waiting.clear();
    }

    /// Returns `true` if a change of a later exchange time is in the total.
    pub(super) fn is_newer_than(&self, time: Timestamp) -> bool {
        self.tail.is_some_and(|(_, known)| known > time)
    }

    pub(super) fn push(&mut self, link: Link) {
        match self.tail {
            None => self.tail = Some((link.after, link.time)),
            Some((total, _)) if self.waiting.is_empty() && total == link.before => {
                self.follow(&link);
            }
            Some(_) => {
                self.waiting.push(link);
                self.waiting
                    .sort_by_key(|link| (link.time, link.received_at));
                self.follow_if_whole();
            }
        }
    }

    /// Returns the local time at which the first waiting change is judged.
    pub(super) fn deadline(&self, window: Duration) -> Option<Timestamp> {
        let first = self.waiting.iter().map(|link| link.received_at).min()?;
        match self.waiting.len() > MAX_WAITING {
            true => Some(first),
            false => Some(first + window),
        }
    }

    /// Returns what lies between the last total balance and the first waiting change.
    pub(super) fn missing(&self) -> Option<MissingLink> {
        let (total, time) = self.tail?;
        let first = self.waiting.first()?;
        Some(MissingLink {
            amount: exact::add(first.before, -total)?,
            between: (time, first.time),
        })
    }

    /// Continues with the first waiting change, and returns what is missing before it.
    ///
    /// Nothing is missing if the change is older than the last one and its place in the chain was only taken by it.
    pub(super) fn resolve(&mut self) -> Option<MissingLink> {
        if self.take_detour() {
            return None;
        }
        let missing = self.missing();
        let is_known = |link: &Link| self.known_until.is_some_and(|until| link.time <= until);
        let is_known = self.waiting.first().is_some_and(is_known);
        let first = self.waiting.first()?;
        let anchored = self.anchored.or(self.tail.map(|(total, _)| total));
        self.tail = Some((first.before, first.time));
        while self.follow_one() {}
        if is_known {
            self.anchored = anchored;
            while self.follow_one() {}
        }
        missing.filter(|_| !is_known)
    }

    /// Follows the waiting changes if all of them can be followed; otherwise one may still be missing before them.
    fn follow_if_whole(&mut self) {
        let before = (self.tail, self.waiting.clone(), self.passed.clone());
        let anchored = self.anchored;
        while self.follow_one() {}
        if !self.waiting.is_empty() {
            (self.tail, self.waiting, self.passed) = before;
            self.anchored = anchored;
        }
    }

    fn follow_one(&mut self) -> bool {
        let Some((total, _)) = self.tail else {
            return false;
        };
        let begins_at = |total| self.waiting.iter().position(|link| link.before == total);
        let next = begins_at(total).or_else(|| begins_at(self.anchored?));
        let Some(next) = next else { return false };
        let link = self.waiting.remove(next);
        self.follow(&link);
        true
    }

    fn follow(&mut self, link: &Link) {
        self.anchored = None;
        let time = self.tail.map_or(link.time, |(_, time)| time.max(link.time));
        self.tail = Some((link.after, time));
        if self.passed.back() != Some(&link.before) {
            self.passed.push_back(link.before);
        }
        if self.passed.len() > MAX_PASSED {
            self.passed.pop_front();
        }
    }

    /// Removes waiting changes that begin at a passed total and lead back to it, if they are not newer than the chain.
    fn take_detour(&mut self) -> bool {
        let Some((_, time)) = self.tail else {
            return false;
        };
        let older: Vec<usize> = (0..self.waiting.len())
            .filter(|at| self.waiting[*at].time <= time)
            .collect();
        let start = older.first().map(|at| self.waiting[*at].before);
        let start = start.filter(|start| self.passed.contains(start));
        let Some(start) = start else { return false };
        let (mut total, mut used) = (start, Vec::new());
        loop {
            let next = older
                .iter()
                .find(|at| !used.contains(*at) && self.waiting[**at].before == total);
            let Some(next) = next else { return false };
            used.push(*next);
            total = self.waiting[*next].after;
            if total == start {
                break;
            }
        }
        let mut at = 0;
        self.waiting.retain(|_| {
            at += 1;
            !used.contains(&(at - 1))
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(5);

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    /// Changes of total balances at seconds 1, 2, ..., in order of arrival as `(second, before, after)`.
    fn check(links: &[(i64, i64, i64)], expected: &[(i64, i64, i64)]) {
        let mut chain = Chain::default();
        for (at, (second, before, after)) in links.iter().enumerate() {
            chain.push(Link {
                before: Decimal::from(*before),
                after: Decimal::from(*after),
                time: time(*second),
                received_at: time(100 + i64::try_from(at).unwrap()),
            });
        }
        let mut missing = Vec::new();
        while chain.deadline(WINDOW).is_some() {
            missing.extend(chain.resolve());
        }
        let expected = expected.iter().map(|(amount, after, before)| MissingLink {
            amount: Decimal::from(*amount),
            between: (time(*after), time(*before)),
        });
        assert_eq!(missing, expected.collect::<Vec<_>>());
    }

    #[test]
    fn whole_chain_misses_nothing() {
        check(&[(1, 0, 5), (2, 5, 5), (3, 5, 2), (4, 2, 9)], &[]);
    }

    #[test]
    fn changes_in_another_order_miss_nothing() {
        check(&[(1, 0, 5), (3, 7, 2), (4, 2, 9), (2, 5, 7)], &[]);
        check(&[(1, 0, 5), (4, 5, 6), (2, 5, 7), (3, 7, 5)], &[]);
        check(&[(1, 0, 5), (3, 5, 6), (2, 5, 5)], &[]);
    }

    #[test]
    fn lost_change_is_missing_once_with_its_amount() {
        check(&[(1, 0, 5), (3, 7, 2), (4, 2, 9)], &[(2, 1, 3)]);
        // The change after the lost one leads back to where the chain ended.
        check(&[(1, 0, 10), (3, 12, 10), (4, 10, 11)], &[(2, 1, 3)]);
        check(
            &[(1, 0, 5), (3, 7, 2), (5, 3, 9), (6, 9, 8)],
            &[(2, 1, 3), (1, 3, 5)],
        );
    }

    #[test]
    fn changes_before_the_anchor_are_no_gap() {
        let mut chain = Chain::default();
        chain.anchor(Decimal::from(7), (time(2), time(3)));
        for (second, before, after) in [(2, 4, 5), (3, 7, 8)] {
            chain.push(Link {
                before: Decimal::from(before),
                after: Decimal::from(after),
                time: time(second),
                received_at: time(second),
            });
        }
        assert_eq!([chain.resolve(), chain.resolve()], [None, None]);
        assert_eq!(chain.deadline(WINDOW), None);
    }

    /// A change that comes late may be in the total of the anchor, or the total is older than the change.
    #[test]
    fn late_change_and_the_anchor_are_both_continued() {
        for (before, after) in [(7, 8), (5, 8)] {
            let mut chain = Chain::default();
            chain.anchor(Decimal::from(7), (time(2), time(3)));
            for (second, before, after) in [(2, 4, 5), (4, before, after), (5, 8, 9)] {
                chain.push(Link {
                    before: Decimal::from(before),
                    after: Decimal::from(after),
                    time: time(second),
                    received_at: time(second),
                });
            }
            let mut missing = Vec::new();
            while chain.deadline(WINDOW).is_some() {
                missing.extend(chain.resolve());
            }
            assert_eq!(missing, []);
        }
    }
}
