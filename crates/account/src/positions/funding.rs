//! Funding fees of a contract that were settled, each counted once.

use std::collections::BTreeMap;

use kucoin_streams_core::{Decimal, Text, Timestamp};

use crate::exact::add;

/// Settlements of one leg that are kept apart; older ones are kept as their sum.
const MAX_SETTLED: usize = 1000;

/// The settled funding fees of one contract, by leg.
#[derive(Debug, Default)]
pub(super) struct ContractFunding(BTreeMap<Text, LegFunding>);

#[derive(Debug, Default)]
struct LegFunding {
    /// Fees by funding time.
    settled: BTreeMap<Timestamp, Decimal>,
    /// Time of the last settlement that is not in `settled` any more, and the sum up to it.
    older: Option<(Timestamp, Decimal)>,
}

impl ContractFunding {
    /// Takes a settlement of a leg. The first report of a funding time counts.
    pub(super) fn settle(&mut self, leg: &str, time: Timestamp, fee: Decimal) {
        let leg = self.0.entry(leg.into()).or_default();
        if leg.older.is_some_and(|(last, _)| time <= last) {
            return;
        }
        leg.settled.entry(time).or_insert(fee);
        if leg.settled.len() > MAX_SETTLED
            && let Some((time, fee)) = leg.settled.pop_first()
        {
            let (_, sum) = leg.older.unwrap_or_default();
            leg.older = Some((time, add(sum, fee).unwrap_or(sum)));
        }
    }

    /// Forgets what was settled before a leg was opened.
    pub(super) fn forget(&mut self, leg: &str, opened_at: Timestamp) {
        if let Some(leg) = self.0.get_mut(leg) {
            leg.settled = leg.settled.split_off(&opened_at);
            leg.older = leg.older.filter(|(last, _)| *last >= opened_at);
        }
    }

    /// Returns the sum of the fees that were settled while a leg was open: since the first time, until the second.
    pub(super) fn sum(
        &self,
        leg: &str,
        opened_at: Option<Timestamp>,
        closed_at: Option<Timestamp>,
    ) -> Decimal {
        let Some(leg) = self.0.get(leg) else {
            return Decimal::ZERO;
        };
        let is_within = |time: Timestamp| {
            opened_at.is_none_or(|opened| opened <= time)
                && closed_at.is_none_or(|closed| time <= closed)
        };
        let older = leg.older.iter().map(|(time, sum)| (time, sum));
        let fees = older.chain(&leg.settled);
        let fees = fees.filter(|(time, _)| is_within(**time));
        fees.fold(Decimal::ZERO, |sum, (_, fee)| add(sum, *fee).unwrap_or(sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn settled(count: i64) -> ContractFunding {
        let mut funding = ContractFunding::default();
        for second in 0..count {
            funding.settle("BOTH", at(second), Decimal::ONE);
        }
        funding
    }

    #[test]
    fn old_settlements_are_kept_as_a_sum() {
        let mut funding = settled(1_500);
        assert_eq!(funding.0["BOTH"].settled.len(), MAX_SETTLED);
        assert_eq!(funding.sum("BOTH", None, None), Decimal::from(1_500));
        // One that is in the sum is not counted again.
        funding.settle("BOTH", at(3), Decimal::ONE);
        assert_eq!(funding.sum("BOTH", None, None), Decimal::from(1_500));
        funding.forget("BOTH", at(1_000));
        assert_eq!(funding.sum("BOTH", None, None), Decimal::from(500));
    }

    #[test]
    fn sum_is_of_the_time_in_which_the_position_was_open() {
        let funding = settled(10);
        let sum = |from, to| funding.sum("BOTH", from, to);
        assert_eq!(sum(Some(at(4)), None), Decimal::from(6));
        assert_eq!(sum(Some(at(4)), Some(at(5))), Decimal::TWO);
        assert_eq!(funding.sum("LONG", None, None), Decimal::ZERO);
    }
}
