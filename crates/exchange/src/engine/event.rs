//! Account events, independent of the wire formats that are rendered from them.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::futures::{FuturesBalance, MarginMode, PositionSide, PositionState, SettleCurrency};
use super::ledger::{Reason, Wallet};
use super::loans::{CrossMargin, CrossStatus, IsolatedLoan};
use super::order::{Order, StopOrder};
use crate::wire::wire_enum;

/// Text shared by an order and all of its events.
pub(crate) type Text = Arc<str>;

/// An account event, such as an order change or a balance change.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Order(OrderEvent),
    Stop(StopEvent),
    Balance(BalanceEvent),
    CrossMargin(CrossMargin),
    CrossStatus(CrossStatus),
    IsolatedLoan(IsolatedLoan),
    Position(PositionChange, PositionState),
    Funding(FundingEvent),
    RiskLimit(RiskLimitEvent),
    Wallet(WalletEvent),
    /// Margin mode of a contract, and the leverage in this mode.
    MarginMode(&'static str, MarginMode, Decimal),
    /// The leverage of future orders in this margin mode.
    Leverage(&'static str, MarginMode, Decimal),
}

wire_enum! {
    /// Order side.
    #[non_exhaustive]
    pub enum Side {
        /// Buys the base currency.
        "buy" Buy,
        /// Sells the base currency.
        "sell" Sell,
    }
}

impl Side {
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Returns the quantity with the sign of this side: negative for a sell.
    pub(crate) fn signed(self, quantity: Decimal) -> Decimal {
        match self {
            Self::Buy => quantity,
            Self::Sell => -quantity,
        }
    }
}

wire_enum! {
    /// The `type` of an order change.
    pub(crate) enum OrderChange {
        /// The order was received; spot only.
        "received" Received,
        "open" Open,
        "match" Match,
        "update" Update,
        "filled" Filled,
        "canceled" Canceled,
    }
}

impl OrderChange {
    /// Returns `true` if the order ended with this change: its status is `done`.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Canceled)
    }
}

/// A change of an order, and the order's state after the change.
#[derive(Debug, Clone)]
pub(crate) struct OrderEvent {
    pub(crate) change: OrderChange,
    pub(crate) order: Order,
    pub(crate) fill: Option<Fill>,
    /// `oldSize` of an update: the previous size, or for a futures order the previous remaining size.
    pub(crate) old_size: Option<Decimal>,
    pub(crate) time_ms: u64,
}

impl OrderEvent {
    /// Returns `true` if the event is a fill with this liquidity.
    pub(crate) fn is_fill_of(&self, liquidity: Liquidity) -> bool {
        let fill = self.fill.as_ref();
        fill.is_some_and(|fill| fill.liquidity == liquidity)
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
    /// Value of the size at the price, positive, in the quote or settlement currency.
    pub(crate) value: Decimal,
    pub(crate) trade_id: Text,
    pub(crate) liquidity: Liquidity,
    pub(crate) fee: Decimal,
    /// Part of the fee for contracts that closed a position; futures only.
    pub(crate) closing_fee: Decimal,
    /// Fee rate: the fee divided by the cost.
    pub(crate) fee_rate: Decimal,
    /// ID of the other trader's order; spot only.
    pub(crate) counter_order_id: Option<Text>,
    /// Realised PnL of the contracts that closed a position, before the fee; futures only.
    pub(crate) closed_pnl: Option<Decimal>,
}

/// Why the rest of an order was canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelReason {
    User,
    /// A market order was not filled completely.
    Market,
    RiskLimit,
    Liquidation,
}

#[derive(Debug, Clone)]
pub(crate) enum StopChange {
    Open,
    /// The stop order triggered; `Err` with the reason if the resulting order was rejected.
    Triggered(Result<(), String>),
    Cancel,
}

/// A change of a stop order.
#[derive(Debug, Clone)]
pub(crate) struct StopEvent {
    pub(crate) change: StopChange,
    pub(crate) stop: StopOrder,
    /// The `id` of the envelope; futures only.
    pub(crate) event_id: Option<Text>,
    pub(crate) time_ms: u64,
}

wire_enum! {
    /// Kind of a spot stop order: which price movement triggers it.
    #[non_exhaustive]
    pub enum StopKind {
        /// Triggers when the price falls to the stop price or below (`loss`).
        "loss" Loss,
        /// Triggers when the price rises to the stop price or above (`entry`).
        "entry" Entry,
    }
}

wire_enum! {
    /// Direction in which the price must move to trigger a stop order of the futures account.
    #[non_exhaustive]
    pub enum Direction {
        /// Triggers when the price rises to the stop price or above (`up`).
        "up" Up,
        /// Triggers when the price falls to the stop price or below (`down`).
        "down" Down,
    }
}

wire_enum! {
    /// The price that triggers a stop order of the futures account.
    #[non_exhaustive]
    pub enum StopPriceType {
        /// The last traded price (`TP`).
        "TP" Trade,
        /// The mark price (`MP`).
        "MP" Mark,
        /// The index price (`IP`); equal to the mark price on the local exchange.
        "IP" Index,
    }
}

/// The order that changed a balance, and the trade if it was a fill.
#[derive(Debug, Clone)]
pub(crate) struct RelationContext {
    pub(crate) symbol: &'static str,
    pub(crate) order_id: Text,
    pub(crate) trade_id: Option<Text>,
}

/// A change of one balance of spot or margin.
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

/// Why a position changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PositionChange {
    Trade,
    Margin,
    RiskLimit,
    AutoDeposit,
    Liquidation,
    MarkPrice,
}

#[derive(Debug, Clone)]
pub(crate) struct FundingEvent {
    pub(crate) symbol: &'static str,
    pub(crate) margin_mode: MarginMode,
    pub(crate) position_side: PositionSide,
    pub(crate) settle: SettleCurrency,
    pub(crate) quantity: i64,
    pub(crate) mark_price: Decimal,
    pub(crate) rate: Decimal,
    /// Funding fee, positive if received.
    pub(crate) fee: Decimal,
    pub(crate) time_ms: u64,
}

/// Result of a request for a risk limit level.
#[derive(Debug, Clone)]
pub(crate) struct RiskLimitEvent {
    pub(crate) symbol: &'static str,
    /// `Err` with the reason if the level was refused.
    pub(crate) outcome: Result<(), String>,
    pub(crate) level: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct WalletEvent {
    pub(crate) event_id: Text,
    pub(crate) wallet: FuturesBalance,
    pub(crate) time_ms: u64,
}
