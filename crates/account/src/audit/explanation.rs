//! One explanation of a reported number: the last value that the events explain, and what came since.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kucoin_streams_core::{Decimal, Timestamp};

use super::matcher::{Effect, Remainder, Value};
use crate::exact;

/// Sums that the effects may make, at most: with more, optional effects are taken as they are.
const MAX_SUMS: usize = 64;

/// The number as it was last explained, and what came since.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Explanation {
    base: (Decimal, Timestamp),
    /// No value was explained since the start: effects that came meanwhile may be in the base.
    is_at_start: bool,
    effects: VecDeque<Effect>,
    values: VecDeque<Value>,
    /// A remainder for lack of a report: the base is without the report, and the next one may say that it is not.
    unreported: Option<Decimal>,
}

impl Explanation {
    pub(super) fn new(base: (Decimal, Timestamp), effects: VecDeque<Effect>) -> Self {
        Self {
            base,
            is_at_start: true,
            effects,
            values: VecDeque::new(),
            unreported: None,
        }
    }

    /// Returns `true` if the base may include the next effect: it includes all before it.
    pub(super) fn may_include_next(&self) -> bool {
        self.is_at_start && self.effects.is_empty()
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    /// Adds a value; returns `true` if it explains itself, because nothing has changed.
    pub(super) fn value(&mut self, value: Value) -> bool {
        let is_unchanged = self.values.is_empty() && self.base.0 == value.value;
        match is_unchanged {
            true => {
                self.base.1 = value.time.max(self.base.1);
                self.unreported = None;
            }
            false => self.values.push_back(value),
        }
        is_unchanged
    }

    pub(super) fn waiting(&self) -> usize {
        self.effects.len() + self.values.len()
    }

    /// Returns the number of values that are not explained.
    pub(super) fn waiting_values(&self) -> usize {
        self.values.len()
    }

    /// Returns the local receive time of the first effect or value that is not explained.
    pub(super) fn waiting_since(&self) -> Option<Timestamp> {
        let effect = self.effects.front().map(|effect| effect.received_at);
        let value = self.values.front().map(|value| value.received_at);
        effect.into_iter().chain(value).min()
    }

    /// Returns the number as the effects say.
    pub(super) fn expected(&self) -> Option<Decimal> {
        let mut amounts = self.effects.iter().map(|effect| effect.amount);
        amounts.try_fold(self.base.0, exact::add)
    }

    /// Drops what was received up to `limit`, and takes the last of these values as explained.
    pub(super) fn give_up(&mut self, limit: Timestamp) {
        while self
            .effects
            .front()
            .is_some_and(|effect| effect.received_at <= limit)
        {
            self.effects.pop_front();
        }
        while let Some(value) = self
            .values
            .front()
            .filter(|value| value.received_at <= limit)
        {
            self.base = (value.value, value.time);
            self.is_at_start = false;
            self.values.pop_front();
        }
    }

    /// Moves the base to the last value that the effects explain, one value after the other.
    ///
    /// A value is only skipped if all effects that came before a later value explain it: the exchange may have applied two
    /// effects in another order. If optional effects allow other explanations, they are added to `others`.
    pub(super) fn explain(&mut self, others: &mut Vec<Self>) {
        let base = self.base.0;
        // Only if the base does not explain a value, the report was not lost after all.
        let other = self.unreported.and_then(|amount| exact::add(base, amount));
        let explained = self.explained_from(base);
        let explained = explained.or_else(|| self.explained_from(other?));
        let Some((at, used)) = explained else { return };
        if self.effects.iter().any(|effect| effect.is_possible()) {
            others.extend(self.other_explanations(used));
        }
        let Value { value, time, .. } = self.values[at];
        self.base = (value, time);
        self.is_at_start = false;
        if used > 0 || value != base {
            self.unreported = None;
        }
        self.values.drain(..=at);
        self.effects.drain(..used);
    }

    /// Returns the explanations of the first value by more effects than `used`, and the one by an effect that is yet to come.
    fn other_explanations(&self, used: usize) -> Vec<Self> {
        let Some(value) = self.values.front() else {
            return Vec::new();
        };
        let sums = self.sums(self.base.0);
        let explains = |count: usize| sums[count].contains(&value.value);
        // An optional effect that is left out may as well come later.
        let is_left_out =
            |count: usize| explains(count - 1) && self.effects[count - 1].is_possible();
        let counts = (0..sums.len()).filter(|count| explains(*count));
        let counts = counts.filter(|count| *count == 0 || !is_left_out(*count));
        let others = counts.map(|count| {
            let mut other = self.clone();
            other.values.pop_front();
            other.effects.drain(..count);
            (other.base, other.is_at_start) = ((value.value, value.time), false);
            other.unreported = None;
            other
        });
        let is_certain = |effect: &Effect| !effect.is_possible();
        let later = (!self.effects.iter().take(used).all(is_certain)).then(|| self.clone());
        others.chain(later).collect()
    }

    /// Returns the last value that the effects explain, and the number of these effects.
    fn explained_from(&self, base: Decimal) -> Option<(usize, usize)> {
        let sums = self.sums(base);
        let mut explained: Option<(usize, usize)> = None;
        for (at, value) in self.values.iter().enumerate() {
            let (next, used) = explained.map_or((0, 0), |(last, used)| (last + 1, used));
            let earlier = self.received_until(value.received_at);
            let mut applied = match next == at {
                true => used..sums.len(),
                false => earlier.max(used)..earlier + 1,
            };
            let applied = applied.find(|effects| sums[*effects].contains(&value.value));
            explained = applied.map(|applied| (at, applied)).or(explained);
        }
        explained
    }

    /// Returns the values that no effect, the first effect, the first two effects, .. may lead to.
    fn sums(&self, base: Decimal) -> Vec<Vec<Decimal>> {
        let mut now = vec![base];
        let mut all = vec![now.clone()];
        for effect in &self.effects {
            let after = now.iter();
            let after: Vec<_> = after
                .filter_map(|sum| exact::add(*sum, effect.amount))
                .collect();
            now = match effect.is_possible() && now.len() < MAX_SUMS {
                true => [after, now].concat(),
                false => after,
            };
            all.push(now.clone());
        }
        all
    }

    /// Settles values that the effects do not explain: most of the values show the same remainder.
    fn settle_values(&mut self) -> Option<Remainder> {
        let (base, from) = self.base;
        let sums = self.sums(base);
        let mut votes: BTreeMap<Decimal, (usize, usize)> = BTreeMap::new();
        for (at, value) in self.values.iter().enumerate() {
            let sums = sums.get(self.received_until(value.received_at))?.iter();
            let remainders = sums.filter_map(|sum| exact::add(value.value, -*sum));
            for remainder in remainders.collect::<BTreeSet<_>>() {
                let (count, last) = votes.entry(remainder).or_default();
                (*count, *last) = (*count + 1, at);
            }
        }
        let best = |(amount, vote): &(Decimal, (usize, usize))| (*vote, -amount.abs());
        let (amount, _) = votes.into_iter().max_by_key(best)?;
        let to = self.values.back()?.time;
        self.base = (exact::add(base, amount)?, from);
        self.unreported = None;
        self.explain(&mut Vec::new());
        Some(Remainder {
            amount,
            times: (from.min(to), to),
            lacks_report: false,
        })
    }

    /// Drops effects received up to `limit` that later effects have undone, if no value waits.
    pub(super) fn drop_undone(&mut self, limit: Timestamp) {
        if self.values.is_empty() {
            let (count, sums) = (self.received_until(limit), self.sums(self.base.0));
            let undone = (count..sums.len()).find(|effects| sums[*effects].contains(&self.base.0));
            self.effects.drain(..undone.unwrap_or_default());
        }
    }

    /// Ends the wait for what was received up to `limit`, and returns what is left unexplained.
    pub(super) fn settle(&mut self, limit: Timestamp) -> Option<Remainder> {
        let remainder = match self.values.front() {
            Some(_) => self.settle_values(),
            None => self.settle_effects(limit),
        };
        self.give_up(limit);
        remainder.filter(|remainder| !remainder.amount.is_zero())
    }

    /// Settles effects after which the number was not reported: the events are true, the report was lost.
    fn settle_effects(&mut self, limit: Timestamp) -> Option<Remainder> {
        let (count, (base, time)) = (self.received_until(limit), self.base);
        let times = self.effects.iter().take(count).map(|effect| effect.time);
        let (from, to) = (times.clone().min()?, times.max()?);
        let sums = self.sums(base);
        let sums = sums
            .get(count)?
            .iter()
            .map(|sum| (*sum, exact::add(base, -*sum)));
        let sums = sums.filter_map(|(sum, amount)| Some((sum, amount?)));
        let (sum, amount) = sums.min_by_key(|(_, amount)| amount.abs())?;
        (self.base, self.is_at_start) = ((sum, time), false);
        self.unreported = match self.unreported {
            Some(before) => exact::add(before, amount),
            None => Some(amount),
        };
        Some(Remainder {
            amount,
            times: (from, to),
            lacks_report: true,
        })
    }

    /// Returns the number of effects that were received up to `limit`.
    fn received_until(&self, limit: Timestamp) -> usize {
        let effects = self.effects.iter();
        effects
            .take_while(|effect| effect.received_at <= limit)
            .count()
    }
}
