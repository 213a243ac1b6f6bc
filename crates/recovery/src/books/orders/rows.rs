//! Rows of orders and fills, in one form for all venues.

use std::sync::Arc;

use kucoin_streams_core::{Decimal, FillKey, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner};
use kucoin_streams_rest as rest;
use rest::{OrderEnd, UnifiedOrderStatus};

use super::venue::Venue;
use crate::facts::OrderStage;

/// Which names the fields of a row have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowForm {
    /// Spot and margin.
    Spot,
    Futures,
    Unified,
}

/// An order as a list shows it.
#[derive(Clone, Debug)]
pub(crate) struct OrderRow {
    pub(crate) form: RowForm,
    pub(crate) order_id: Text,
    pub(crate) symbol: Text,
    /// Cumulative filled size, in the unit of the fills; `None` if unknown.
    pub(crate) filled: Option<Decimal>,
    pub(crate) size: Option<Decimal>,
    pub(crate) stage: OrderStage,
    /// How the order ended; `None` if it is open or the row does not say.
    pub(crate) end: Option<OrderEnd>,
    pub(crate) created_at: Option<Timestamp>,
    /// Exact time of the end; `None` if the list has none.
    pub(crate) ended_at: Option<Timestamp>,
    /// Time of the last change of the row, later than the event by an unknown time.
    pub(crate) touched_at: Option<Timestamp>,
    pub(crate) raw: Arc<str>,
    pub(crate) source: &'static str,
}

/// A fill as a list shows it.
#[derive(Clone, Debug)]
pub(crate) struct FillRow {
    pub(crate) form: RowForm,
    pub(crate) key: FillKey,
    pub(crate) size: Decimal,
    pub(crate) time: Timestamp,
    pub(crate) raw: Arc<str>,
    pub(crate) source: &'static str,
}

impl OrderRow {
    /// Reads a row of an order; `None` if it is not readable.
    pub(crate) fn read(venue: &Venue, raw: &str, source: &'static str) -> Option<Self> {
        let scanner = &mut Scanner::new(raw);
        let raw = Arc::from(raw);
        let stage = |is_active: Option<bool>| match is_active {
            Some(false) => OrderStage::Done,
            _ => OrderStage::Open,
        };
        Some(match venue {
            Venue::Spot | Venue::Margin(_) => {
                let row = rest::SpotOrderRow::read(scanner).ok()?;
                Self {
                    form: RowForm::Spot,
                    end: row.end(),
                    stage: stage(row.is_active),
                    symbol: row.symbol,
                    filled: row.filled_size,
                    size: row.size,
                    created_at: row.created_at,
                    ended_at: None,
                    touched_at: row.row_updated_at,
                    order_id: row.order_id,
                    raw,
                    source,
                }
            }
            Venue::Futures => {
                let row = rest::FuturesOrderRow::read(scanner).ok()?;
                Self {
                    form: RowForm::Futures,
                    end: row.end(),
                    stage: stage(row.is_active),
                    symbol: row.symbol,
                    filled: row.filled_size,
                    size: row.size,
                    created_at: row.ordered_at.or(row.created_at),
                    ended_at: None,
                    touched_at: row.ended_at.or(row.row_updated_at),
                    order_id: row.order_id,
                    raw,
                    source,
                }
            }
            Venue::Unified(_) => {
                let row = rest::UnifiedOrderRow::read(scanner).ok()?;
                let end = row.end();
                let is_quote = row.size_unit.as_deref() == Some("QUOTECCY");
                Self {
                    form: RowForm::Unified,
                    stage: match row.status {
                        UnifiedOrderStatus::NotTriggered => OrderStage::Waiting,
                        UnifiedOrderStatus::Triggered => OrderStage::Triggered,
                        _ if end.is_some() => OrderStage::Done,
                        _ => OrderStage::Open,
                    },
                    // The time of a live order is no time of the matching engine.
                    ended_at: end.as_ref().and(row.row_updated_at),
                    end,
                    symbol: row.symbol,
                    filled: row.filled_size.filter(|_| !is_quote),
                    size: row.size,
                    created_at: row.created_at,
                    touched_at: row.row_updated_at,
                    order_id: row.order_id,
                    raw,
                    source,
                }
            }
        })
    }

    /// Returns `true` if the row says how the order ended, or that it was triggered.
    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some() || self.stage == OrderStage::Triggered
    }

    /// Returns `true` if the row shows an earlier state than the other one.
    pub(crate) fn is_older_than(&self, other: &Self) -> bool {
        (self.filled, self.stage) < (other.filled, other.stage)
    }
}

impl FillRow {
    /// Reads a row of a fill; `None` if it is not readable.
    pub(crate) fn read(venue: &Venue, raw: &str, source: &'static str) -> Option<Self> {
        let scanner = &mut Scanner::new(raw);
        let (form, fill) = match venue {
            Venue::Spot | Venue::Margin(_) => {
                let row = rest::SpotFillRow::read(scanner).ok()?;
                (RowForm::Spot, row.fill())
            }
            Venue::Futures => {
                let row = rest::FuturesFillRow::read(scanner).ok()?;
                (RowForm::Futures, row.fill())
            }
            Venue::Unified(_) => {
                let row = rest::UnifiedFillRow::read(scanner).ok()?;
                (RowForm::Unified, row.fill())
            }
        };
        Some(Self {
            form,
            key: fill.key(),
            size: fill.size,
            time: fill.time?,
            raw: Arc::from(raw),
            source,
        })
    }
}
