//! Fee rates learned from fills: one that differs from the others is a wrong fee.

use std::collections::BTreeMap;

use kucoin_streams_core::{Decimal, Text, WsKey};

use crate::exact;

/// What a fee rate belongs to: connection, account, symbol, fee type and currency of the fee.
pub(super) type RateKey = (WsKey, Text, Text, Text, Text);

/// The fee of one fill, and what is needed to report it.
#[derive(Clone, Debug)]
pub(super) struct FeeSample<P> {
    pub(super) fee: Decimal,
    /// Value of the fill in the currency of the fee.
    pub(super) value: Decimal,
    pub(super) payload: P,
}

/// A fee that other fills contradict.
#[derive(Clone, Debug)]
pub(super) struct OddFee<P> {
    pub(super) expected: Decimal,
    pub(super) sample: FeeSample<P>,
}

#[derive(Clone, Debug)]
struct Rate<P> {
    rate: Decimal,
    /// The only fill with this rate; `None` if there are several.
    only: Option<FeeSample<P>>,
    /// The last fill, if it has another rate: either its fee is wrong, or the rate has changed.
    other: Option<FeeSample<P>>,
}

/// Fee rates of one kind of fills each.
#[derive(Debug)]
pub(super) struct FeeRates<P> {
    rates: BTreeMap<RateKey, Rate<P>>,
}

impl<P> Default for FeeRates<P> {
    fn default() -> Self {
        Self {
            rates: BTreeMap::new(),
        }
    }
}

impl<P: Clone> FeeRates<P> {
    /// Takes the fee of a fill, and returns the fees that are wrong for certain now.
    ///
    /// One fill with another rate is not certain: the fee level of the user may have changed. It is if a later fill has
    /// the rate of before.
    pub(super) fn learn(&mut self, key: RateKey, sample: FeeSample<P>) -> Vec<OddFee<P>> {
        let Some(rate) = rate_of(&sample) else {
            return Vec::new();
        };
        let ws_key = key.0;
        let Some(known) = self.rates.get_mut(&key) else {
            let only = Some(sample);
            let other = None;
            self.rates.insert(key, Rate { rate, only, other });
            return Vec::new();
        };
        if agrees(known.rate, &sample) {
            known.only = None;
            return self.confirm(ws_key);
        }
        let Some(other) = known.other.replace(sample.clone()) else {
            return Vec::new();
        };
        if !agrees(rate, &other) {
            return odd(known.rate, other).into_iter().collect();
        }
        // Two fills with the new rate: it has changed, or the one fill with the old rate was wrong.
        known.rate = rate;
        known.other = None;
        let wrong = known.only.take();
        wrong
            .and_then(|sample| odd(rate, sample))
            .into_iter()
            .collect()
    }

    /// Returns the fee that the rate of other fills makes for this value; `None` if no rate is known.
    pub(super) fn expected(&self, key: &RateKey, value: Decimal) -> Option<Decimal> {
        self.rates.get(key)?.rate.checked_mul(value)
    }

    /// Returns the fee that the rate of another symbol makes for this value; `None` if no such rate is known.
    pub(super) fn similar(&self, key: &RateKey, value: Decimal) -> Option<Decimal> {
        let is_similar = |known: &RateKey| {
            (known.0, &known.1, &known.3, &known.4) == (key.0, &key.1, &key.3, &key.4)
        };
        let (_, known) = self.rates.iter().find(|(known, _)| is_similar(known))?;
        known.rate.checked_mul(value)
    }

    /// Returns the waiting fees of the connection: a fill with a known rate shows that the fee level is as before.
    fn confirm(&mut self, ws_key: WsKey) -> Vec<OddFee<P>> {
        let rates = self.rates.iter_mut().filter(|(key, _)| key.0 == ws_key);
        let waiting = rates.filter(|(_, known)| known.only.is_none());
        waiting
            .filter_map(|(_, known)| odd(known.rate, known.other.take()?))
            .collect()
    }
}

fn odd<P>(rate: Decimal, sample: FeeSample<P>) -> Option<OddFee<P>> {
    let expected = rate.checked_mul(sample.value)?.normalize();
    Some(OddFee { expected, sample })
}

/// Returns the rate of a fee: rounded to 7 decimals if the fee is exact with it.
fn rate_of<P>(sample: &FeeSample<P>) -> Option<Decimal> {
    let rate = sample.fee.checked_div(sample.value)?;
    let short = rate.round_dp(7);
    Some(match agrees(short, sample) {
        true => short,
        false => rate,
    })
}

fn agrees<P>(rate: Decimal, sample: &FeeSample<P>) -> bool {
    let expected = rate.checked_mul(sample.value);
    expected.is_some_and(|expected| is_same_fee(expected, sample.fee))
}

/// Returns `true` if two reports of a fee differ by rounding at most.
pub(super) fn is_same_fee(a: Decimal, b: Decimal) -> bool {
    exact::add(a, -b).is_none_or(|difference| difference.abs() <= Decimal::new(1, 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fees: &[i64], expected: &[(usize, i64)]) {
        let mut rates = FeeRates::default();
        let mut odd = Vec::new();
        for (at, fee) in fees.iter().enumerate() {
            let text = Text::from_static;
            let key = (
                WsKey::SpotPrivateV1,
                text(""),
                text("A-B"),
                text("taker"),
                text("B"),
            );
            let sample = FeeSample {
                fee: Decimal::new(*fee, 3),
                value: Decimal::ONE,
                payload: at,
            };
            odd.extend(rates.learn(key, sample));
        }
        let odd = odd
            .into_iter()
            .map(|odd| (odd.sample.payload, odd.expected));
        let expected = expected
            .iter()
            .map(|(at, fee)| (*at, Decimal::new(*fee, 3)));
        assert_eq!(odd.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn one_fee_that_differs_is_wrong() {
        check(&[1, 1, 1, 2, 1, 1], &[(3, 1)]);
        check(&[1, 2, 1], &[(1, 1)]);
        check(&[2, 1, 1], &[(0, 1)]);
        check(&[1, 1, 2, 3, 1], &[(2, 1), (3, 1)]);
    }

    #[test]
    fn changed_fee_level_is_no_wrong_fee() {
        check(&[1, 1, 1, 2, 2, 2], &[]);
        check(&[1, 1, 2], &[]);
    }
}
