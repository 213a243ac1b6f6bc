//! The judge: what was handed out against what happened. Nothing out of order, nothing twice, nothing missing without a
//! gap that covers it, and a ledger that agrees.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_exchange::{Exchange, TruthEntry};

use crate::record::{Item, Record, Wanted, Why};
use crate::{pro_truth, truth};

/// What happened, by topic as told, in its order: the place among everything, and all that the event says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    by_topic: BTreeMap<&'static str, Vec<(u64, String)>>,
}

/// What a story did that the judge must know of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowed {
    /// The exchange pushed some events twice.
    pub(crate) doubled: bool,
    /// Some frames were garbled: one that cannot be read may be of any topic.
    pub(crate) garbled: bool,
    /// Connections were rotated: a frame that finds no room may repeat one that was handed out.
    pub(crate) rotated: bool,
    /// Frames were under way for longer than a rotation listens to both connections: old events of one of them may
    /// look as if the other one misses them.
    pub(crate) lagging: bool,
    /// Requests were refused for a while.
    pub(crate) refused: bool,
    /// Nothing went wrong that could be the reason of a gap.
    pub(crate) calm: bool,
}

impl Allowed {
    fn inexact(self) -> bool {
        self.doubled || self.garbled || self.rotated
    }

    /// True if a life in which nothing went wrong may have a gap for this reason.
    fn in_calm(self, why: &Why) -> bool {
        match why {
            Why::Overflowed { .. } => true,
            // One that is not needed: nothing is missing.
            Why::Uneven | Why::Live { .. } => self.rotated && self.lagging,
            _ => false,
        }
    }
}

impl Truth {
    pub(crate) fn of(exchange: &Exchange) -> Self {
        let mut truth = Self::default();
        let both = [exchange.truth(), exchange.pro_truth()];
        for entry in both.iter().flat_map(|log| log.snapshot()) {
            truth.add(entry.topic, entry.sequence, said(&entry));
        }
        truth
    }

    fn add(&mut self, topic: &'static str, sequence: u64, says: String) {
        self.by_topic
            .entry(topic)
            .or_default()
            .push((sequence, says));
    }
}

/// What an entry must say as an event.
fn said(entry: &TruthEntry) -> String {
    match entry.topic.starts_with('/') {
        true => truth::as_event(entry).to_string(),
        false => pro_truth::values_of_entry(entry).join(" "),
    }
}

/// Judges one subscription.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn judge(record: &Record, truth: &Truth, allowed: Allowed) -> Result<(), String> {
    let mut places = Vec::new();
    for wanted in &record.wanted {
        let following = Following::new(record, *wanted, truth, allowed);
        following
            .run(&record.items, record.to_the_end, &mut places)
            .map_err(|wrong| {
                format!(
                    "{}; it is the last of\n{}",
                    wrong.what,
                    before(record, wrong.at)
                )
            })?;
    }
    // Of several topics the events come in the order in which they happened.
    places.sort_unstable_by_key(|(at, _)| *at);
    let out_of_order = places.windows(2).find(|pair| match allowed.doubled {
        true => pair[0].1 > pair[1].1,
        false => pair[0].1 >= pair[1].1,
    });
    if let Some([first, second]) = out_of_order {
        let what = format!("{:?}: {first:?} and {second:?}", record.wanted);
        return Err(format!(
            "{what} are out of order\n{}",
            before(record, second.0)
        ));
    }
    balance(record, allowed)
}

/// What is wrong, and at which item.
struct Wrong {
    at: usize,
    what: String,
}

/// An item and those before it, as far as they help.
fn before(record: &Record, at: usize) -> String {
    let end = record.items.len().min(at + 1);
    let items = record.items[end.saturating_sub(8)..end].iter();
    let lines = items.map(|item| {
        let line = format!("  {item:?}");
        line.chars().take(400).collect::<String>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The connections that the next event may have come on.
#[derive(Clone, Copy, Debug, Default)]
struct Epochs {
    /// That of the last event, or of the last report that the topic is live again.
    seen: u64,
    least: u64,
    is_lost: bool,
}

/// A place where the next event may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    place: usize,
    /// How many events may be missing before it: at least, at most.
    missing: (usize, usize),
}

/// One topic of a subscription, followed through the truth.
struct Following<'a> {
    wanted: Wanted,
    happened: &'a [(u64, String)],
    allowed: Allowed,
    /// Where the next event may be: one place, but where several events look alike.
    next: BTreeSet<Next>,
    seen: BTreeSet<&'a str>,
    /// Events that a frame may have been which could not be read, or found no room. Where two connections overlap, the
    /// other one brings the event all the same, a moment later.
    unread: Vec<&'a str>,
    is_unread: bool,
}

impl<'a> Following<'a> {
    fn new(record: &'a Record, wanted: Wanted, truth: &'a Truth, allowed: Allowed) -> Self {
        let from = record.from.get(wanted.1).copied().unwrap_or_default() as usize;
        Self {
            wanted,
            happened: truth.by_topic.get(wanted.1).map_or(&[], Vec::as_slice),
            allowed,
            // What was pushed while the subscription was made may be there or not.
            next: BTreeSet::from([Next {
                place: 0,
                missing: (0, from),
            }]),
            seen: BTreeSet::new(),
            unread: Vec::new(),
            is_unread: false,
        }
    }

    /// Follows the items; puts the place of each event among everything into `places`.
    fn run(
        mut self,
        items: &'a [Item],
        to_the_end: bool,
        places: &mut Vec<(usize, u64)>,
    ) -> Result<(), Wrong> {
        let mut epochs = Epochs::default();
        for (at, item) in items.iter().enumerate() {
            match item {
                Item::Event {
                    topic,
                    says,
                    epoch: of_it,
                } if topic == self.wanted.1 => {
                    places.extend(self.event(at, says)?.map(|sequence| (at, sequence)));
                    if *of_it < epochs.least {
                        return self.wrong(at, "an event of an earlier connection");
                    }
                    (epochs.seen, epochs.least) = (*of_it, *of_it);
                }
                Item::Gap { topic, why } if topic == self.wanted.0 => {
                    self.gap(at, why, &mut epochs)?;
                }
                _ => {}
            }
        }
        if to_the_end && epochs.is_lost {
            return self.wrong(items.len(), "neither live again nor closed after a gap");
        }
        let left = |next: &Next| self.happened.len() - next.place;
        let may_end = |next: &Next| (next.missing.0..=next.missing.1).contains(&left(next));
        if to_the_end && !self.next.iter().any(may_end) {
            let left: Vec<usize> = self.next.iter().map(left).collect();
            let what = format!("{left:?} events are missing at the end");
            return self.wrong(items.len(), &what);
        }
        Ok(())
    }

    /// Its place among everything, where there is one such event only.
    fn event(&mut self, at: usize, says: &'a str) -> Result<Option<u64>, Wrong> {
        let mut found = BTreeSet::new();
        for next in &self.next {
            let first = next.place.saturating_add(next.missing.0);
            let last = next.place.saturating_add(next.missing.1);
            let candidates = self.happened.iter().enumerate().skip(first);
            let candidates = candidates.take_while(|(place, _)| *place <= last);
            let alike = candidates.filter(|(_, (_, known))| known == says);
            found.extend(alike.map(|(place, _)| place + 1));
        }
        // Events that the exchange gives nothing to tell them apart by come twice rather than not at all.
        let is_vague = says.contains(r#""riskLimitLevel""#) && !says.contains(r#""currentQty""#);
        let may_be_repeated = self.allowed.rotated && is_vague && self.seen.contains(says);
        if let Some(&first) = found.first() {
            // One that comes late, by the other connection, may stand behind later ones of other topics.
            let may_be_late = std::mem::take(&mut self.is_unread);
            let is_sure = found.len() == 1 && !may_be_late && !may_be_repeated;
            if let (true, Some(before)) = (may_be_late, self.next.first()) {
                let passed = self.happened[before.place..first - 1].iter();
                self.unread.extend(passed.map(|(_, says)| says.as_str()));
            }
            if !may_be_repeated {
                self.next.clear();
            }
            let missing = (0, 0);
            let found = found.into_iter().map(|place| Next { place, missing });
            self.next.extend(found);
            self.seen.insert(says);
            return Ok(is_sure.then(|| self.happened[first - 1].0));
        }
        if may_be_repeated {
            return Ok(None);
        }
        // What the exchange doubles on one of two connections that overlap comes a second time later.
        if self.allowed.doubled && self.seen.contains(says) {
            return Ok(None);
        }
        if (self.allowed.garbled || self.allowed.rotated)
            && let Some(late) = self.unread.iter().position(|unread| *unread == says)
        {
            self.unread.remove(late);
            return Ok(None);
        }
        let place = self.happened.iter().position(|(_, known)| known == says);
        let what = match place {
            None => format!("nothing like this ever happened: {says}"),
            Some(place) => format!("event {place} where {:?} is due", self.next),
        };
        self.wrong(at, &what)
    }

    fn gap(&mut self, at: usize, why: &Why, epochs: &mut Epochs) -> Result<(), Wrong> {
        if self.allowed.calm && !self.allowed.in_calm(why) {
            return self.wrong(at, &format!("a gap without a reason: {why:?}"));
        }
        let (least, most) = match why {
            // From here on nothing of the lost connection comes, but that of a later one.
            Why::Lost => {
                epochs.least = epochs.seen + 1;
                epochs.is_lost = true;
                (0, usize::MAX)
            }
            // The new connection serves already.
            Why::Uneven => {
                epochs.is_lost = true;
                (0, if self.allowed.calm { 0 } else { usize::MAX })
            }
            Why::Live { epoch } => {
                if !std::mem::take(&mut epochs.is_lost) || *epoch < epochs.least {
                    return self.wrong(at, "live again without a loss");
                }
                (epochs.seen, epochs.least) = (*epoch, *epoch);
                (0, 0)
            }
            // Nothing of the topic comes until it is live, on the same connection if none was lost.
            Why::Refused if self.allowed.refused => {
                epochs.is_lost = true;
                (0, usize::MAX)
            }
            Why::Refused => return self.wrong(at, "refused without a refusal"),
            Why::Closed => {
                epochs.is_lost = false;
                (0, usize::MAX)
            }
            // Repetitions, and frames that may be of any topic, are among those that found no room.
            Why::Overflowed { missed } if self.allowed.inexact() => (0, *missed as usize),
            Why::Overflowed { missed } => (*missed as usize, *missed as usize),
            Why::Undecodable => (0, 1),
            Why::Other(other) => return self.wrong(at, other),
        };
        let is_overflow = matches!(why, Why::Overflowed { .. });
        self.is_unread |= *why == Why::Undecodable || (is_overflow && self.allowed.rotated);
        let missing_too = |next: &Next| Next {
            place: next.place,
            missing: (
                next.missing.0.saturating_add(least),
                next.missing.1.saturating_add(most),
            ),
        };
        self.next = self.next.iter().map(missing_too).collect();
        Ok(())
    }

    fn wrong<T>(&self, at: usize, what: &str) -> Result<T, Wrong> {
        let what = format!("{}, item {at}: {what}", self.wanted.0);
        Err(Wrong { at, what })
    }
}

/// The ledger balances, and says what was handed out.
fn balance(record: &Record, allowed: Allowed) -> Result<(), String> {
    let mut counted = [0; 3];
    for ledger in &record.ledger {
        if !ledger.balances() || (record.to_the_end && ledger.queued > 0) {
            return Err(format!("the ledger does not balance: {ledger:?}"));
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
            Item::Gap { why, .. } => match why {
                Why::Overflowed { missed } => seen[1] += missed,
                Why::Undecodable => seen[2] += 1,
                _ => {}
            },
        }
    }
    // The last gaps may still be queued if reading stopped.
    let agrees = match record.to_the_end {
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
            "{:?}: the ledger counts {counted:?}, handed out were {seen:?}",
            record.wanted
        )),
    }
}

#[cfg(test)]
mod tests;
