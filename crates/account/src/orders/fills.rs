//! A fill of an order, from all its reports.

use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text};

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

/// The fills of one order, sorted by trade ID. Most orders have few, so a list takes a tenth of the memory of a tree.
#[derive(Debug, Default)]
pub(super) struct OrderFills(Vec<FoldedFill>);

impl OrderFills {
    pub(super) fn get_mut(&mut self, trade_id: &Text) -> Option<&mut FoldedFill> {
        let at = self.find(trade_id).ok()?;
        self.0.get_mut(at)
    }

    /// Adds a fill whose trade ID is not known yet.
    pub(super) fn insert(&mut self, fill: FoldedFill) {
        let at = self.find(&fill.fill.fill.trade_id);
        let (Ok(at) | Err(at)) = at;
        // Grows by one at first: a vector would take room for four.
        self.0.reserve_exact(usize::from(self.0.len() < 2));
        self.0.insert(at, fill);
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &FoldedFill> {
        self.0.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, trade_id: &Text) -> Result<usize, usize> {
        let trade_id_of = |fill: &FoldedFill| fill.fill.fill.trade_id.cmp(trade_id);
        self.0.binary_search_by(trade_id_of)
    }
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
