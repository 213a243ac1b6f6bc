//! Fees of one order.

use kucoin_streams_core::{Decimal, Fill, Text};

use super::OrderFee;
use crate::exact;

/// Fees by currency: those of the fills, and the cumulative fee that KuCoin reports.
#[derive(Debug, Default)]
pub(super) struct Fees {
    of_fills: Vec<OrderFee>,
    /// Number of fills whose fee is unknown.
    unknown: u64,
    /// Currency and cumulative fee at this filled size, the largest reported.
    reported: Option<(Text, Decimal, Decimal)>,
}

impl Fees {
    /// Adds a new fill.
    pub(super) fn add(&mut self, fill: &Fill) {
        match (&fill.fee_currency, fill.fee) {
            (Some(currency), Some(fee)) => self.add_amount(currency, fee),
            _ => self.unknown += 1,
        }
    }

    /// Adds the fee of a fill whose fee was unknown.
    pub(super) fn complete(&mut self, before: &Fill, after: &Fill) {
        if before.fee.is_none() && after.fee.is_some() {
            self.unknown -= 1;
            self.add(after);
        }
    }

    /// Takes the cumulative fee that KuCoin reports at this filled size.
    pub(super) fn report(&mut self, fee: Option<&(Text, Decimal)>, filled: Decimal) {
        let Some((currency, fee)) = fee else { return };
        let is_later = |known: &(Text, Decimal, Decimal)| filled >= known.2;
        if self.reported.as_ref().is_none_or(is_later) {
            self.reported = Some((currency.clone(), *fee, filled));
        }
    }

    /// Returns the fees, and `true` if they are those of all fills.
    pub(super) fn of(&self, filled: Decimal, has_all_fills: bool) -> (Vec<OrderFee>, bool) {
        if self.unknown == 0 && has_all_fills {
            return (self.of_fills.clone(), true);
        }
        match &self.reported {
            Some((currency, amount, at)) if *at == filled => {
                let fee = OrderFee {
                    currency: currency.clone(),
                    amount: *amount,
                };
                (vec![fee], true)
            }
            _ => (self.of_fills.clone(), filled.is_zero()),
        }
    }

    fn add_amount(&mut self, currency: &Text, amount: Decimal) {
        match self
            .of_fills
            .iter_mut()
            .find(|fee| fee.currency == *currency)
        {
            Some(fee) => match exact::add(fee.amount, amount) {
                Some(sum) => fee.amount = sum,
                None => self.unknown += 1,
            },
            None => {
                self.of_fills.push(OrderFee {
                    currency: currency.clone(),
                    amount,
                });
                let by_currency = |a: &OrderFee, b: &OrderFee| a.currency.cmp(&b.currency);
                self.of_fills.sort_unstable_by(by_currency);
            }
        }
    }
}
