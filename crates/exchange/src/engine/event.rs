//! What happens to the account, as values: the wire formats are written from these.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::futures::FuturesEvent;
use super::ledger::{Reason, Wallet};
use super::margin::MarginEvent;

/// Text that is shared by an order and all of its events.
pub(crate) type Text = Arc<str>;

/// One thing that happened, in the order in which it happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Order(OrderEvent),
    Balance(BalanceEvent),
    Stop(StopEvent),
    Margin(MarginEvent),
    Futures(FuturesEvent),
}

/// Which way an order trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Side {
    /// The order buys the base currency.
    Buy,
    /// The order sells the base currency.
    Sell,
}

impl Side {
    /// The wire's word: `buy` or `sell`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// The `type` of an order change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderChange {
    Received,
    Open,
    Match,
    Update,
    Filled,
    Canceled,
}

impl OrderChange {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Open => "open",
            Self::Match => "match",
            Self::Update => "update",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
        }
    }

    /// The order is finished: its status is `done`.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Canceled)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Liquidity {
    Maker,
    Taker,
}

/// One execution.
#[derive(Debug, Clone)]
pub(crate) struct Fill {
    pub(crate) price: Decimal,
    pub(crate) size: Decimal,
    pub(crate) trade_id: Text,
    pub(crate) liquidity: Liquidity,
    pub(crate) fee: Decimal,
    /// The fee as a part of the cost.
    pub(crate) fee_rate: Decimal,
    pub(crate) fee_currency: &'static str,
    /// The id of the order that this one met, which is somebody else's.
    pub(crate) counter_order_id: Text,
}

/// How an order says how much it wants, and what of it is left.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Quantity {
    /// A limit order, or a market order by size, in the base currency.
    Size {
        origin: Decimal,
        current: Decimal,
        remain: Decimal,
    },
    /// A market buy by funds, in the quote currency.
    Funds { funds: Decimal, remain: Decimal },
}

#[derive(Debug, Clone)]
pub(crate) struct OrderEvent {
    pub(crate) change: OrderChange,
    pub(crate) symbol: &'static str,
    pub(crate) side: Side,
    pub(crate) order_id: Text,
    pub(crate) client_oid: Option<Text>,
    pub(crate) order_time_ms: u64,
    pub(crate) engine_time_ms: u64,
    /// None for a market order.
    pub(crate) price: Option<Decimal>,
    pub(crate) quantity: Quantity,
    pub(crate) filled: Decimal,
    pub(crate) canceled: Decimal,
    pub(crate) fill: Option<Fill>,
    /// The size before an update.
    pub(crate) old_size: Option<Decimal>,
    pub(crate) terms: OrderTerms,
}

/// What only the second generation of the streams tells of an order.
#[derive(Debug, Clone)]
pub(crate) struct OrderTerms {
    /// The account that it settles in.
    pub(crate) wallet: Wallet,
    /// The sum of price times size over all fills, from which the average price follows.
    pub(crate) filled_value: Decimal,
    /// The sum of the fees of all fills.
    pub(crate) fee: Decimal,
    pub(crate) fee_currency: &'static str,
    /// The stop order that it comes from.
    pub(crate) origin: Option<Text>,
}

#[derive(Debug, Clone)]
pub(crate) struct RelationContext {
    pub(crate) symbol: &'static str,
    pub(crate) order_id: Text,
    pub(crate) trade_id: Option<Text>,
}

#[derive(Debug, Clone)]
pub(crate) struct BalanceEvent {
    pub(crate) account_id: Text,
    pub(crate) wallet: Wallet,
    pub(crate) currency: Text,
    pub(crate) available: Decimal,
    pub(crate) hold: Decimal,
    pub(crate) available_change: Decimal,
    pub(crate) hold_change: Decimal,
    pub(crate) reason: Reason,
    pub(crate) relation_event_id: Text,
    pub(crate) context: Option<RelationContext>,
    pub(crate) time_ms: u64,
}

/// Which movement of the price triggers a stop order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopKind {
    /// Triggers when the price falls to the stop price or below (`loss`).
    Loss,
    /// Triggers when the price rises to the stop price or above (`entry`).
    Entry,
}

impl StopKind {
    /// The wire's word: `loss` or `entry`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Entry => "entry",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum StopChange {
    Open,
    /// The text says why the order that should follow was not taken.
    Triggered(Result<(), String>),
    Cancel,
}

#[derive(Debug, Clone)]
pub(crate) struct StopEvent {
    pub(crate) change: StopChange,
    pub(crate) order_id: Text,
    /// The account that the order settles in once it is placed.
    pub(crate) wallet: Wallet,
    pub(crate) symbol: &'static str,
    pub(crate) fee_currency: &'static str,
    pub(crate) side: Side,
    pub(crate) kind: StopKind,
    pub(crate) stop_price: Decimal,
    /// None for a market stop.
    pub(crate) order_price: Option<Decimal>,
    pub(crate) size: Decimal,
    pub(crate) created_ms: u64,
    pub(crate) time_ms: u64,
}
