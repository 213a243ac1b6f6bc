//! The oracle: compares the delivered items with the truth log. Nothing may be out of order, duplicated, or missing
//! without a gap that covers it, and the ledger must match.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_exchange::{Exchange, TruthEntry};

use crate::record::{GapKind, Item, Record, Wanted};
use crate::{pro_truth, truth};

/// The true events by pushed topic, in order: sequence number and content.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    by_topic: BTreeMap<&'static str, Vec<(u64, String)>>,
}

/// Faults of the scenario that the oracle must take into account.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowed {
    /// Some events were pushed twice.
    pub(crate) duplicated: bool,
    /// Some frames were garbled: an unreadable frame may belong to any topic.
    pub(crate) garbled: bool,
    /// Connections were rotated: a frame dropped by overflow may be a duplicate of a delivered one.
    pub(crate) rotated: bool,
    /// Frames were in flight for longer than the overlap of a rotation: old events of one connection may look missing
    /// on the other.
    pub(crate) lagging: bool,
    /// Requests were refused temporarily.
    pub(crate) refused: bool,
    /// No fault that could cause a gap occurred.
    pub(crate) fault_free: bool,
}

impl Allowed {
    fn inexact(self) -> bool {
        self.duplicated || self.garbled || self.rotated
    }

    /// Returns `true` if a run without faults may have this gap.
    fn allowed_without_faults(self, kind: &GapKind) -> bool {
        match kind {
            GapKind::Overflowed { .. } => true,
            // An unnecessary gap: nothing is missing.
            GapKind::Uneven | GapKind::Live { .. } => self.rotated && self.lagging,
            _ => false,
        }
    }
}

impl Truth {
    pub(crate) fn of(exchange: &Exchange) -> Self {
        let mut truth = Self::default();
        let both = [exchange.truth(), exchange.pro_truth()];
        for entry in both.iter().flat_map(|log| log.snapshot()) {
            truth.add(entry.topic, entry.sequence, content_of(&entry));
        }
        truth
    }

    fn add(&mut self, topic: &'static str, sequence: u64, content: String) {
        self.by_topic
            .entry(topic)
            .or_default()
            .push((sequence, content));
    }
}

/// Returns the expected content of an event.
fn content_of(entry: &TruthEntry) -> String {
    match entry.topic.starts_with('/') {
        true => truth::as_event(entry).to_string(),
        false => pro_truth::values_of_entry(entry).join(" "),
    }
}

/// Checks one subscription.
///
/// # Errors
/// Returns an error with the mismatch.
pub(crate) fn check(record: &Record, truth: &Truth, allowed: Allowed) -> Result<(), String> {
    let mut positions = Vec::new();
    for wanted in &record.wanted {
        let check = TopicCheck::new(record, *wanted, truth, allowed);
        check
            .run(&record.items, record.read_to_end, &mut positions)
            .map_err(|wrong| {
                format!(
                    "{}; last item of\n{}",
                    wrong.what,
                    preceding_items(record, wrong.at)
                )
            })?;
    }
    // Events of several topics arrive in their true order.
    positions.sort_unstable_by_key(|(at, _)| *at);
    let out_of_order = positions.windows(2).find(|pair| match allowed.duplicated {
        true => pair[0].1 > pair[1].1,
        false => pair[0].1 >= pair[1].1,
    });
    if let Some([first, second]) = out_of_order {
        let what = format!("{:?}: {first:?} and {second:?}", record.wanted);
        return Err(format!(
            "{what} are out of order\n{}",
            preceding_items(record, second.0)
        ));
    }
    check_ledger(record, allowed)
}

/// A mismatch and its item.
struct Mismatch {
    at: usize,
    what: String,
}

/// Returns an item and up to seven before it, as text.
fn preceding_items(record: &Record, at: usize) -> String {
    let end = record.items.len().min(at + 1);
    let items = record.items[end.saturating_sub(8)..end].iter();
    let lines = items.map(|item| {
        let line = format!("  {item:?}");
        line.chars().take(400).collect::<String>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Epochs that the next event may have.
#[derive(Clone, Copy, Debug, Default)]
struct Epochs {
    /// Epoch of the last event or of the last `Live` gap.
    seen: u64,
    least: u64,
    is_lost: bool,
}

/// A possible position of the next event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    index: usize,
    /// Minimum and maximum number of missing events before it.
    missing: (usize, usize),
}

/// Compares one topic of a subscription with the truth.
struct TopicCheck<'a> {
    wanted: Wanted,
    expected: &'a [(u64, String)],
    allowed: Allowed,
    /// Possible positions of the next event: several if events are identical.
    next: BTreeSet<Position>,
    seen: BTreeSet<&'a str>,
    /// Events that an unreadable or dropped frame may have contained. In a rotation the other connection may deliver
    /// them later.
    unread: Vec<&'a str>,
    is_unread: bool,
}

impl<'a> TopicCheck<'a> {
    fn new(record: &'a Record, wanted: Wanted, truth: &'a Truth, allowed: Allowed) -> Self {
        let from = record.from.get(wanted.1).copied().unwrap_or_default() as usize;
        Self {
            wanted,
            expected: truth.by_topic.get(wanted.1).map_or(&[], Vec::as_slice),
            allowed,
            // Events pushed while subscribing may be delivered or not.
            next: BTreeSet::from([Position {
                index: 0,
                missing: (0, from),
            }]),
            seen: BTreeSet::new(),
            unread: Vec::new(),
            is_unread: false,
        }
    }

    /// Checks the items; adds the sequence number of each event to `positions`.
    fn run(
        mut self,
        items: &'a [Item],
        read_to_end: bool,
        positions: &mut Vec<(usize, u64)>,
    ) -> Result<(), Mismatch> {
        let mut epochs = Epochs::default();
        for (at, item) in items.iter().enumerate() {
            match item {
                Item::Event {
                    topic,
                    content,
                    epoch: of_it,
                } if topic == self.wanted.1 => {
                    positions.extend(self.event(at, content)?.map(|sequence| (at, sequence)));
                    if *of_it < epochs.least {
                        return self.wrong(at, "an event of an earlier connection");
                    }
                    (epochs.seen, epochs.least) = (*of_it, *of_it);
                }
                Item::Gap { topic, kind } if topic == self.wanted.0 => {
                    self.gap(at, kind, &mut epochs)?;
                }
                _ => {}
            }
        }
        if read_to_end && epochs.is_lost {
            return self.wrong(items.len(), "neither live again nor closed after a gap");
        }
        let left = |next: &Position| self.expected.len() - next.index;
        let may_end = |next: &Position| (next.missing.0..=next.missing.1).contains(&left(next));
        if read_to_end && !self.next.iter().any(may_end) {
            let left: Vec<usize> = self.next.iter().map(left).collect();
            let what = format!("{left:?} events are missing at the end");
            return self.wrong(items.len(), &what);
        }
        Ok(())
    }

    /// Returns the sequence number of the event, if it is unambiguous.
    fn event(&mut self, at: usize, content: &'a str) -> Result<Option<u64>, Mismatch> {
        let mut found = BTreeSet::new();
        for next in &self.next {
            let first = next.index.saturating_add(next.missing.0);
            let last = next.index.saturating_add(next.missing.1);
            let candidates = self.expected.iter().enumerate().skip(first);
            let candidates = candidates.take_while(|(index, _)| *index <= last);
            let alike = candidates.filter(|(_, (_, known))| known == content);
            found.extend(alike.map(|(index, _)| index + 1));
        }
        // Events without a unique key may be duplicated in a rotation.
        let has_no_unique_key =
            content.contains(r#""riskLimitLevel""#) && !content.contains(r#""currentQty""#);
        let may_be_repeated =
            self.allowed.rotated && has_no_unique_key && self.seen.contains(content);
        if let Some(&first) = found.first() {
            // A late event of the other connection may arrive after later events of other topics.
            let may_be_late = std::mem::take(&mut self.is_unread);
            let is_sure = found.len() == 1 && !may_be_late && !may_be_repeated;
            if let (true, Some(before)) = (may_be_late, self.next.first()) {
                let passed = self.expected[before.index..first - 1].iter();
                self.unread
                    .extend(passed.map(|(_, content)| content.as_str()));
            }
            if !may_be_repeated {
                self.next.clear();
            }
            let missing = (0, 0);
            let found = found.into_iter().map(|index| Position { index, missing });
            self.next.extend(found);
            self.seen.insert(content);
            return Ok(is_sure.then(|| self.expected[first - 1].0));
        }
        if may_be_repeated {
            return Ok(None);
        }
        // A duplicate on one of two overlapping connections arrives again later.
        if self.allowed.duplicated && self.seen.contains(content) {
            return Ok(None);
        }
        if (self.allowed.garbled || self.allowed.rotated)
            && let Some(late) = self.unread.iter().position(|unread| *unread == content)
        {
            self.unread.remove(late);
            return Ok(None);
        }
        let index = self.expected.iter().position(|(_, known)| known == content);
        let what = match index {
            None => format!("an event that never happened: {content}"),
            Some(index) => format!("event {index}, expected {:?}", self.next),
        };
        self.wrong(at, &what)
    }

    fn gap(&mut self, at: usize, kind: &GapKind, epochs: &mut Epochs) -> Result<(), Mismatch> {
        if self.allowed.fault_free && !self.allowed.allowed_without_faults(kind) {
            return self.wrong(at, &format!("a gap without a reason: {kind:?}"));
        }
        let (least, most) = match kind {
            // From here on only events of a later connection may arrive.
            GapKind::Lost => {
                epochs.least = epochs.seen + 1;
                epochs.is_lost = true;
                (0, usize::MAX)
            }
            // The replacement connection is already in use.
            GapKind::Uneven => {
                epochs.is_lost = true;
                (
                    0,
                    if self.allowed.fault_free {
                        0
                    } else {
                        usize::MAX
                    },
                )
            }
            GapKind::Live { epoch } => {
                if !std::mem::take(&mut epochs.is_lost) || *epoch < epochs.least {
                    return self.wrong(at, "live again without a loss");
                }
                (epochs.seen, epochs.least) = (*epoch, *epoch);
                (0, 0)
            }
            // The topic has no events until it is live, on the same connection unless it was lost.
            GapKind::Refused if self.allowed.refused => {
                epochs.is_lost = true;
                (0, usize::MAX)
            }
            GapKind::Refused => return self.wrong(at, "refused without a refusal"),
            GapKind::Closed => {
                epochs.is_lost = false;
                (0, usize::MAX)
            }
            // The count may include duplicates and frames of other topics.
            GapKind::Overflowed { missed } if self.allowed.inexact() => (0, *missed as usize),
            GapKind::Overflowed { missed } => (*missed as usize, *missed as usize),
            GapKind::Undecodable => (0, 1),
            GapKind::Other(other) => return self.wrong(at, other),
        };
        let is_overflow = matches!(kind, GapKind::Overflowed { .. });
        self.is_unread |= *kind == GapKind::Undecodable || (is_overflow && self.allowed.rotated);
        let missing_too = |next: &Position| Position {
            index: next.index,
            missing: (
                next.missing.0.saturating_add(least),
                next.missing.1.saturating_add(most),
            ),
        };
        self.next = self.next.iter().map(missing_too).collect();
        Ok(())
    }

    fn wrong<T>(&self, at: usize, what: &str) -> Result<T, Mismatch> {
        let what = format!("{}, item {at}: {what}", self.wanted.0);
        Err(Mismatch { at, what })
    }
}

/// Checks that the ledger is consistent and matches the delivered items.
fn check_ledger(record: &Record, allowed: Allowed) -> Result<(), String> {
    let mut counted = [0; 3];
    for ledger in &record.ledger {
        if !ledger.is_consistent() || (record.read_to_end && ledger.queued > 0) {
            return Err(format!("the ledger is inconsistent: {ledger:?}"));
        }
        let counts = [ledger.delivered, ledger.overflowed, ledger.undecodable];
        counted
            .iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    }
    let mut seen = [0; 3];
    for item in &record.items {
        match item {
            Item::Event { .. } => seen[0] += 1,
            Item::Gap { kind, .. } => match kind {
                GapKind::Overflowed { missed } => seen[1] += missed,
                GapKind::Undecodable => seen[2] += 1,
                _ => {}
            },
        }
    }
    // The last gaps may still be queued after reading stopped.
    let agrees = match record.read_to_end {
        true => counted == seen,
        false => {
            let undecodable = match allowed.garbled {
                true => counted[2] >= seen[2],
                false => counted[2] == seen[2],
            };
            counted[0] == seen[0] && counted[1] >= seen[1] && undecodable
        }
    };
    match agrees {
        true => Ok(()),
        false => Err(format!(
            "{:?}: the ledger counts {counted:?}, delivered were {seen:?}",
            record.wanted
        )),
    }
}

#[cfg(test)]
mod tests;
