//! One number that the exchange reports, against the sum of what changes it.
//!
//! It knows neither positions nor currencies: both are such numbers.

use std::collections::VecDeque;
use std::time::Duration;

use kucoin_streams_core::{Decimal, Timestamp};

use super::explanation::Explanation;

/// Explanations that are followed at the same time, at most: with more, those that explain least are dropped.
const MAX_EXPLANATIONS: usize = 64;
/// Explanations up to which the choices that optional effects leave are followed.
const MAX_OPTIONAL: usize = 8;
/// The last effects that are remembered: the number of a later snapshot may include them.
const MAX_RECENT: usize = 48;
/// Effects and values that wait for each other, at most: with more, none of them is checked.
const MAX_WAITING: usize = 512;

/// Whether an effect must be in the reported number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    Certain,
    /// The event was fetched: the number may include it already.
    Fetched,
    /// The effect may belong to another account.
    Possible,
}

/// A change of the number, by an event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Effect {
    pub(super) received_at: Timestamp,
    /// Exchange time.
    pub(super) time: Timestamp,
    pub(super) amount: Decimal,
    pub(super) certainty: Certainty,
}

impl Effect {
    pub(super) fn is_possible(&self) -> bool {
        self.certainty != Certainty::Certain
    }
}

/// A report of the number.
#[derive(Clone, Debug, PartialEq)]
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

/// The number, and the ways in which the events may explain it.
///
/// There is one explanation, except for a while after a start or a gap: it is unknown which of the first effects the number
/// included already. Each choice is followed until the values refute it.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    /// The most likely first; empty until the number is known.
    explanations: Vec<Explanation>,
    /// The last effects, oldest first.
    recent: VecDeque<Effect>,
    /// What was received up to this local time may be in the number already, or not.
    lenient_until: Option<Timestamp>,
}

impl Matcher {
    /// Starts again from this value. It may include effects received before `lenient_until`, and lack the last ones before it.
    ///
    /// The exchange applies effects in order: if the value lacks one, it lacks all later ones. `window` is how long before the
    /// exchange time of the value an effect can be that it lacks.
    pub(super) fn anchor(
        &mut self,
        (value, time): (Decimal, Timestamp),
        lenient_until: Timestamp,
        window: Duration,
    ) {
        self.lenient_until = Some(lenient_until);
        self.recent.retain(|effect| effect.time >= time - window);
        let mut effects = self.recent.clone();
        for effect in &mut effects {
            // The order in which the effects were applied says more.
            if effect.certainty == Certainty::Fetched {
                effect.certainty = Certainty::Certain;
            }
        }
        let lacking = (0..=effects.len())
            .rev()
            .map(|first| effects.range(first..).cloned().collect());
        let explanations = lacking.map(|effects| Explanation::new((value, time), effects));
        self.explanations = explanations.collect();
    }

    pub(super) fn is_anchored(&self) -> bool {
        !self.explanations.is_empty()
    }

    /// Lets everything that was received up to this local time be in the number or not.
    pub(super) fn be_lenient(&mut self, until: Timestamp) {
        self.lenient_until = self.lenient_until.max(Some(until));
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        if effect.amount.is_zero() {
            return;
        }
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(effect.clone());
        let received_at = effect.received_at;
        let is_lenient = self.lenient_until.is_some_and(|until| received_at <= until);
        let explanations = self.explanations.iter();
        let including = explanations.filter(|known| is_lenient && known.may_include_next());
        let including: Vec<_> = including.cloned().collect();
        for explanation in &mut self.explanations {
            explanation.effect(effect.clone());
        }
        self.explain(received_at);
        self.explanations.extend(including);
    }

    pub(super) fn value(&mut self, value: Value) {
        let received_at = value.received_at;
        let mut is_explained = true;
        for explanation in &mut self.explanations {
            is_explained &= explanation.value(value.clone());
        }
        if !is_explained {
            self.explain(received_at);
        }
    }

    /// Returns the local receive time of the first effect or value that is not explained.
    pub(super) fn waiting_since(&self) -> Option<Timestamp> {
        let explanations = self.explanations.iter();
        explanations.filter_map(Explanation::waiting_since).min()
    }

    /// Returns the local time at which [`settle`](Self::settle) is due.
    pub(super) fn deadline(&self, window: Duration) -> Option<Timestamp> {
        self.waiting_since().map(|since| since + window)
    }

    /// Ends the wait for what was received up to `limit`, and returns what no explanation explains.
    pub(super) fn settle(&mut self, limit: Timestamp) -> Option<Remainder> {
        let is_late =
            |known: &Explanation| known.waiting_since().is_some_and(|since| since <= limit);
        if self.explanations.len() > 1 {
            self.explain(limit);
        }
        for explanation in self.explanations.iter_mut().filter(|known| is_late(known)) {
            explanation.drop_undone(limit);
        }
        if !self.explanations.iter().all(is_late) {
            self.explanations.retain(|known| !is_late(known));
            return None;
        }
        let best = self.keep_best()?;
        let since = best.waiting_since()?;
        let remainder = best.settle(limit);
        let is_lenient = self.lenient_until.is_some_and(|until| since <= until);
        remainder.filter(|_| !is_lenient)
    }

    /// Returns the numbers that the effects may have led to.
    pub(super) fn expected(&self) -> impl Iterator<Item = Decimal> {
        self.explanations.iter().filter_map(Explanation::expected)
    }

    /// Continues each explanation, and drops those that are the same by now.
    fn explain(&mut self, now: Timestamp) {
        let mut others = Vec::new();
        for explanation in &mut self.explanations {
            explanation.explain(&mut others);
        }
        others.truncate(MAX_OPTIONAL.saturating_sub(self.explanations.len()));
        self.explanations.append(&mut others);
        if self.explanations.len() > 1 {
            let mut known: Vec<Explanation> = Vec::new();
            self.explanations.sort_by_key(Explanation::waiting_values);
            for explanation in self.explanations.drain(..) {
                if !known.contains(&explanation) {
                    known.push(explanation);
                }
            }
            self.explanations = known;
        }
        if self.explanations.len() > MAX_EXPLANATIONS {
            self.explanations.truncate(MAX_EXPLANATIONS);
            self.be_lenient(now);
        }
        let mut waiting = self.explanations.iter().map(Explanation::waiting);
        if waiting.any(|waiting| waiting > MAX_WAITING)
            && let Some(best) = self.keep_best()
        {
            best.give_up(now);
            self.be_lenient(now);
        }
    }

    /// Drops all explanations but the one that explains most.
    fn keep_best(&mut self) -> Option<&mut Explanation> {
        let explanations = self.explanations.iter().enumerate();
        let (best, _) = explanations.min_by_key(|(_, known)| known.waiting_values())?;
        self.explanations.swap(0, best);
        self.explanations.truncate(1);
        self.explanations.first_mut()
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
        matcher.anchor((Decimal::ONE_HUNDRED, time(0)), time(0), window);
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
