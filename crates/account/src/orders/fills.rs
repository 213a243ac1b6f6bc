//! A fill of an order, from all its reports.

use std::sync::Arc;

use kucoin_streams_core::Decimal;

use super::AccountFill;
use crate::FrameRef;

#[derive(Debug)]
pub(super) struct FoldedFill {
    pub(super) fill: Arc<AccountFill>,
    /// Number of the fill among those of the account.
    pub(super) number: u64,
    /// Filled size of the order after this fill; `None` if no event has said so.
    pub(super) cumulative: Option<Decimal>,
    pub(super) frame: Arc<FrameRef>,
}

/// Returns the fill with what only the other report of it has; `None` if that is nothing.
pub(super) fn merged(known: &AccountFill, other: &AccountFill) -> Option<AccountFill> {
    let mut better = known.clone();
    let (fill, new) = (&mut better.fill, &other.fill);
    if fill.fee.is_none() && new.fee.is_some() {
        fill.fee = new.fee;
        fill.fee_currency.clone_from(&new.fee_currency);
    }
    if fill.liquidity.is_none() {
        fill.liquidity.clone_from(&new.liquidity);
    }
    fill.time = fill.time.into_iter().chain(new.time).min();
    better.forced = better.forced.or(other.forced);
    better.is_recovered &= other.is_recovered;
    (better != *known).then_some(better)
}
