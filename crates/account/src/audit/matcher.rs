//! One number that the exchange reports, against the sum of what changes it.
//!
//! It knows neither positions nor currencies: both are such numbers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use kucoin_streams_core::{Decimal, Timestamp};

use crate::exact;

/// Sums that the effects may make, at most: with more, optional effects are taken as they are.
const MAX_SUMS: usize = 64;
/// Effects and values that wait for each other, at most: with more, none of them is checked.
const MAX_WAITING: usize = 512;

/// Whether an effect must be in the reported number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    Certain,
    /// The effect may belong to another account, or be in the number already.
    Possible,
}

/// A change of the number, by an event.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub(super) received_at: Timestamp,
    /// Exchange time.
    pub(super) time: Timestamp,
    pub(super) amount: Decimal,
    pub(super) certainty: Certainty,
}

/// A report of the number.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) received_at: Timestamp,
    /// Exchange time.
    pub(super) time: Timestamp,
    pub(super) value: Decimal,
}

/// What is left unexplained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remainder {
    /// What the exchange reports minus what the events explain.
    pub(super) amount: Decimal,
    /// Exchange times of the first and the last report or event.
    pub(super) times: (Timestamp, Timestamp),
    /// `true` if the number was not reported since the events; `false` if it was reported, and an event is missing.
    pub(super) lacks_report: bool,
}

/// The number as it was last explained, and what came since.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    base: Option<(Decimal, Timestamp)>,
    effects: VecDeque<Effect>,
    values: VecDeque<Value>,
    /// A remainder for lack of a report: the base is without the report, and the next one may say that it is not.
    unreported: Option<Decimal>,
    /// What was received up to this local time may be in the number already, or not.
    lenient_until: Option<Timestamp>,
}

impl Matcher {
    /// Starts again from this value: effects that were received before `lenient_until` may be in it.
    pub(super) fn anchor(&mut self, value: Decimal, time: Timestamp, lenient_until: Timestamp) {
        *self = Self {
            base: Some((value, time)),
            lenient_until: Some(lenient_until),
            ..Self::default()
        };
    }

    pub(super) fn is_anchored(&self) -> bool {
        self.base.is_some()
    }

    /// Lets everything that was received up to this local time be in the number or not.
    pub(super) fn be_lenient(&mut self, until: Timestamp) {
        self.lenient_until = self.lenient_until.max(Some(until));
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        if self.base.is_some() && !effect.amount.is_zero() {
            let received_at = effect.received_at;
            self.effects.push_back(effect);
            self.explain();
            self.bound(received_at);
        }
    }

    pub(super) fn value(&mut self, value: Value) {
        let Some((base, time)) = &mut self.base else {
            return;
        };
        if self.values.is_empty() && *base == value.value {
            *time = value.time.max(*time);
            self.unreported = None;
            return;
        }
        let received_at = value.received_at;
        self.values.push_back(value);
        self.explain();
        self.bound(received_at);
    }

    fn bound(&mut self, now: Timestamp) {
        if self.effects.len() + self.values.len() > MAX_WAITING {
            self.give_up(now);
            self.be_lenient(now);
        }
    }

    /// Returns the local receive time of the first effect or value that is not explained.
    pub(super) fn waiting_since(&self) -> Option<Timestamp> {
        let effect = self.effects.front().map(|effect| effect.received_at);
        let value = self.values.front().map(|value| value.received_at);
        effect.into_iter().chain(value).min()
    }

    /// Returns the local time at which [`settle`](Self::settle) is due.
    pub(super) fn deadline(&self, window: Duration) -> Option<Timestamp> {
        self.waiting_since().map(|since| since + window)
    }

    /// Ends the wait for what was received up to `limit`, and returns what is left unexplained.
    pub(super) fn settle(&mut self, limit: Timestamp) -> Option<Remainder> {
        let since = self.waiting_since().filter(|since| *since <= limit)?;
        let is_lenient = self.lenient_until.is_some_and(|until| since <= until);
        let remainder = match self.values.front() {
            Some(_) => self.settle_values(),
            None => self.settle_effects(limit),
        };
        self.give_up(limit);
        remainder.filter(|remainder| !is_lenient && !remainder.amount.is_zero())
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
            self.base = Some((value.value, value.time));
            self.values.pop_front();
        }
    }

    /// Returns the number as the effects say; `None` if it was never reported.
    pub(super) fn expected(&self) -> Option<Decimal> {
        let (base, _) = self.base?;
        let mut amounts = self.effects.iter().map(|effect| effect.amount);
        amounts.try_fold(base, exact::add)
    }

    /// Moves the base to the last value that the effects explain, one value after the other.
    ///
    /// A value is only skipped if all effects that came before a later value explain it: the exchange may have applied two
    /// effects in another order.
    fn explain(&mut self) {
        let Some((base, _)) = self.base else { return };
        // Only if the base does not explain a value, the report was not lost after all.
        let other = self.unreported.and_then(|amount| exact::add(base, amount));
        let explained = self.explained_from(base);
        let explained = explained.or_else(|| self.explained_from(other?));
        let Some((at, used)) = explained else { return };
        let Value { value, time, .. } = self.values[at];
        self.base = Some((value, time));
        if used > 0 || value != base {
            self.unreported = None;
        }
        self.values.drain(..=at);
        self.effects.drain(..used);
    }

    /// Returns the last value that the effects explain, and the number of these effects.
    fn explained_from(&self, base: Decimal) -> Option<(usize, usize)> {
        let sums = self.sums(base);
        let mut explained: Option<(usize, usize)> = None;
        for (at, value) in self.values.iter().enumerate() {
            let (next, used) = explained.map_or((0, 0), |(last, used)| (last + 1, used));
            let earlier = self.received_before(value);
            let mut applied = match next == at {
                true => used..sums.len(),
                false => earlier.max(used)..earlier + 1,
            };
            let applied = applied.find(|effects| sums[*effects].contains(&value.value));
            explained = applied.map(|applied| (at, applied)).or(explained);
        }
        explained
    }

    /// Returns the number of effects that were received before the value.
    fn received_before(&self, value: &Value) -> usize {
        let effects = self.effects.iter();
        effects
            .take_while(|effect| effect.received_at <= value.received_at)
            .count()
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
            now = match effect.certainty {
                Certainty::Possible if now.len() < MAX_SUMS => [after, now].concat(),
                _ => after,
            };
            all.push(now.clone());
        }
        all
    }

    /// Settles values that the effects do not explain: most of the values show the same remainder.
    fn settle_values(&mut self) -> Option<Remainder> {
        let (base, from) = self.base?;
        let sums = self.sums(base);
        let mut votes: BTreeMap<Decimal, (usize, usize)> = BTreeMap::new();
        for (at, value) in self.values.iter().enumerate() {
            let sums = sums.get(self.received_before(value))?.iter();
            let remainders = sums.filter_map(|sum| exact::add(value.value, -*sum));
            for remainder in remainders.collect::<BTreeSet<_>>() {
                let (count, last) = votes.entry(remainder).or_default();
                (*count, *last) = (*count + 1, at);
            }
        }
        let best = |(amount, vote): &(Decimal, (usize, usize))| (*vote, -amount.abs());
        let (amount, _) = votes.into_iter().max_by_key(best)?;
        let to = self.values.back()?.time;
        self.base = Some((exact::add(base, amount)?, from));
        self.unreported = None;
        self.explain();
        Some(Remainder {
            amount,
            times: (from.min(to), to),
            lacks_report: false,
        })
    }

    /// Settles effects after which the number was not reported: the events are true, the report was lost.
    fn settle_effects(&mut self, limit: Timestamp) -> Option<Remainder> {
        let old = self.effects.iter();
        let old = old.take_while(|effect| effect.received_at <= limit);
        let (count, (base, time)) = (old.clone().count(), self.base?);
        let times = old.map(|effect| effect.time);
        let (from, to) = (times.clone().min()?, times.max()?);
        let sums = self.sums(base);
        // Later effects may have undone them.
        if let Some(undone) = (count..sums.len()).find(|effects| sums[*effects].contains(&base)) {
            self.effects.drain(..undone);
            return None;
        }
        let sums = sums
            .get(count)?
            .iter()
            .map(|sum| (*sum, exact::add(base, -*sum)));
        let sums = sums.filter_map(|(sum, amount)| Some((sum, amount?)));
        let (sum, amount) = sums.min_by_key(|(_, amount)| amount.abs())?;
        self.base = Some((sum, time));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    enum Input {
        Effect(i64),
        Possible(i64),
        Value(i64),
        Pause,
    }

    use Input::{Effect as E, Pause, Possible as P, Value as V};

    /// Starts at 100; a second between inputs.
    fn check(inputs: &[Input], expected: &[i64]) {
        let window = Duration::from_secs(5);
        let mut matcher = Matcher::default();
        matcher.anchor(Decimal::ONE_HUNDRED, time(0), time(0));
        let (mut now, mut found) = (1, Vec::new());
        for input in inputs {
            now += 1;
            let (received_at, time) = (time(now), time(now));
            let effect = |amount: i64, certainty| Effect {
                received_at,
                time,
                amount: amount.into(),
                certainty,
            };
            match input {
                E(amount) => matcher.effect(effect(*amount, Certainty::Certain)),
                P(amount) => matcher.effect(effect(*amount, Certainty::Possible)),
                V(value) => matcher.value(Value {
                    received_at,
                    time,
                    value: (*value).into(),
                }),
                Pause => now += 10,
            }
            let limit = self::time(now) - window;
            found.extend(matcher.settle(limit).map(|found| found.amount));
        }
        let expected = expected.iter().map(|amount| Decimal::from(*amount));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }

    #[test]
    fn explained_values_leave_nothing() {
        check(
            &[E(5), V(105), V(105), E(-2), E(-3), V(103), V(100), Pause],
            &[],
        );
        // The value first, and values of two effects in one.
        check(&[V(105), E(5), E(-2), E(-3), V(100), Pause], &[]);
        check(&[V(105), V(100), E(5), E(-5), Pause], &[]);
        // Two effects in another order.
        check(&[E(5), E(-2), V(98), V(103), Pause], &[]);
    }

    #[test]
    fn missing_effect_is_reported_once() {
        check(&[V(105), Pause, E(2), V(107), Pause], &[5]);
        check(
            &[V(105), E(2), V(107), V(107), E(1), V(108), Pause, Pause],
            &[5],
        );
    }

    #[test]
    fn missing_value_is_reported_once() {
        check(&[E(5), Pause, E(2), V(107), Pause], &[-5]);
        check(&[E(5), Pause, V(105), Pause, E(1), V(106), Pause], &[-5]);
        check(&[E(5), Pause, V(100), Pause, E(1), V(101), Pause], &[-5]);
    }

    #[test]
    fn possible_effect_may_be_absent() {
        check(&[P(5), E(2), V(102), Pause], &[]);
        check(&[P(5), V(105), E(2), V(107), Pause], &[]);
        check(&[P(5), Pause, E(2), V(102), Pause], &[]);
        check(&[P(5), E(2), V(110), Pause], &[3]);
        check(&[P(5), E(-5), Pause], &[]);
    }
}
