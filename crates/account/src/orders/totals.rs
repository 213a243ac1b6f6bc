//! Filled size and value of an order, from its fills and from what KuCoin reports.

use std::cmp::Reverse;

use kucoin_streams_core::{Decimal, Timestamp};

use super::AccountFill;
use super::fills::{FoldedFill, OrderFills};
use crate::exact;

/// Size and value of fills.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    /// Sum of the sizes; a lower bound if it does not fit exactly.
    pub(super) size: Decimal,
    /// `true` if `size` is the exact sum.
    pub(super) is_exact: bool,
    /// `None` if the value does not fit exactly.
    pub(super) value: Option<Decimal>,
}

/// A filled size that a row or event reports with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base {
    pub(super) filled: Decimal,
    pub(super) value: Option<Decimal>,
    /// Local time when the row was requested or the event was received: fills received before are in it.
    pub(super) at: Timestamp,
}

impl Sum {
    pub(super) const ZERO: Self = Self {
        size: Decimal::ZERO,
        is_exact: true,
        value: Some(Decimal::ZERO),
    };

    pub(super) fn add(self, fill: &AccountFill) -> Self {
        let Some(size) = exact::add(self.size, fill.fill.size) else {
            return Self {
                is_exact: false,
                value: None,
                ..self
            };
        };
        let value = exact::multiply(fill.fill.price, fill.fill.size);
        let value = self
            .value
            .zip(value)
            .and_then(|(sum, value)| exact::add(sum, value));
        Self {
            size,
            value,
            ..self
        }
    }
}

impl Base {
    /// Returns `true` if the fills are as large as the base, but one of them came after it and may not be in it.
    fn may_lack(self, fills: &OrderFills, sum: Sum) -> bool {
        let is_after =
            |fill: &FoldedFill| fill.cumulative.is_none() && fill.frame.received_at > self.at;
        sum.size <= self.filled && fills.values().any(is_after)
    }
}

/// Returns the filled size, and its value if every fill is known or in the base.
pub(super) fn totals(
    fills: &OrderFills,
    sum: Sum,
    reported: Decimal,
    base: Option<Base>,
) -> (Decimal, Option<Decimal>) {
    let base = match base {
        Some(base) if sum.size < reported.max(base.filled) => base,
        base => {
            let filled = sum.size.max(reported);
            let is_certain =
                sum.size == filled && !base.is_some_and(|base| base.may_lack(fills, sum));
            return (filled, sum.value.filter(|_| is_certain));
        }
    };
    let mut outside = Sum::ZERO;
    let mut undecided: Vec<&FoldedFill> = Vec::new();
    for fill in fills.values() {
        match fill.cumulative {
            Some(cumulative) if cumulative > base.filled => outside = outside.add(&fill.fill),
            Some(_) => {}
            None => undecided.push(fill),
        }
    }
    let known = |outside: Sum| exact::add(base.filled, outside.size);
    // Of the fills that may be in the base, the latest are not. Trade IDs of one millisecond grow.
    undecided.sort_by_key(|fill| {
        let trade_id = &fill.fill.fill.trade_id;
        Reverse((fill.fill.fill.time, trade_id.len(), trade_id))
    });
    let filled = known(outside).map_or(reported, |known| known.max(reported));
    for fill in undecided {
        if known(outside).is_some_and(|known| known < filled) {
            outside = outside.add(&fill.fill);
        }
    }
    let value = base.value.zip(outside.value);
    let value = value.and_then(|(base, outside)| exact::add(base, outside));
    (filled, value.filter(|_| known(outside) == Some(filled)))
}
