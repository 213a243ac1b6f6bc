//! Contradictions between frames.

use std::fmt;

use kucoin_streams_core::{Decimal, Text};
use serde::Serialize;

use crate::FrameRef;

/// Two frames that cannot both be true, or a frame that cannot follow what was known.
///
/// The kept order says [`is_contradicted`](crate::AccountOrder::is_contradicted) from then on, and no total is changed to fit.
/// Serializes as a line of `kucoin-streams watch --account`: an object of kind `violation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountViolation {
    /// Symbol of the order or position.
    pub symbol: Text,
    /// Order ID; `None` for a position or a balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Text>,
    /// The contradiction.
    #[serde(flatten)]
    pub contradiction: Contradiction,
    /// Frames that contradict each other, the later one last.
    pub frames: Vec<FrameRef>,
}

/// What contradicts what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "violation",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Contradiction {
    /// The same trade was reported with another price, size or side.
    FillChanged {
        /// Trade ID.
        trade_id: Text,
    },
    /// The cumulative filled size of a later event is smaller.
    FilledSizeFell {
        /// Filled size before.
        before: Decimal,
        /// Filled size of the later event.
        after: Decimal,
    },
    /// More is filled than the size of the order.
    Overfilled {
        /// Filled size.
        filled: Decimal,
        /// Size of the order.
        size: Decimal,
    },
    /// The fills of a done order and its final filled size differ, and no gap explains it.
    FillsDisagree {
        /// Sum of the fills.
        fills: Decimal,
        /// Final filled size.
        filled: Decimal,
    },
    /// A `filled` event of an order whose size is not filled.
    FilledTooEarly {
        /// Filled size.
        filled: Decimal,
        /// Size of the order.
        size: Decimal,
    },
    /// An event later than the end of the order.
    AfterEnd,
    /// Another end than the one that was reported first.
    SecondEnd,
    /// The order changed its symbol or side.
    IdentityChanged,
    /// A negative balance, which the exchange does not report as a debt.
    NegativeBalance {
        /// Currency.
        currency: Text,
        /// The amount.
        amount: Decimal,
    },
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FillChanged { trade_id } => {
                write!(
                    f,
                    "trade {trade_id} was reported with another price, size or side"
                )
            }
            Self::FilledSizeFell { before, after } => {
                write!(f, "filled size fell from {before} to {after}")
            }
            Self::Overfilled { filled, size } => {
                write!(f, "filled {filled} of an order of {size}")
            }
            Self::FillsDisagree { fills, filled } => {
                write!(
                    f,
                    "fills sum to {fills}, but the final filled size is {filled}"
                )
            }
            Self::FilledTooEarly { filled, size } => {
                write!(f, "reported as filled with {filled} of {size}")
            }
            Self::AfterEnd => f.write_str("an event is later than the end of the order"),
            Self::SecondEnd => f.write_str("the order ended twice, differently"),
            Self::IdentityChanged => f.write_str("the order changed its symbol or side"),
            Self::NegativeBalance { currency, amount } => {
                write!(f, "balance of {amount} {currency}")
            }
        }
    }
}

impl fmt::Display for AccountViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.symbol)?;
        if let Some(order_id) = &self.order_id {
            write!(f, " order {order_id}")?;
        }
        write!(f, ": {}", self.contradiction)?;
        for (at, frame) in self.frames.iter().enumerate() {
            write!(f, "{} {frame}", if at == 0 { ";" } else { "," })?;
        }
        Ok(())
    }
}
