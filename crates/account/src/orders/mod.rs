//! Kept orders and fills.

mod amended;
mod end;
mod facts;
mod family;
mod fees;
mod fills;
mod fold;
mod ledger;
mod totals;

use kucoin_streams_core::{Decimal, Fill, FillKey, Liquidity, Side, Text, Timestamp, WsKey};
use kucoin_streams_rest::{MarginMode, OrderType, PositionSide};
use serde::{Serialize, Serializer};

use crate::serialize::ws_key_name;

pub(crate) use facts::{OrderFacts, of_pro, of_row, of_v1};
pub(crate) use ledger::OrderLedger;

/// A kept order: what all events, recovered events and REST rows of the order say together.
///
/// Sizes are in the base currency or in contracts, values and prices in the quote currency. Nothing depends on the order in
/// which events arrive, or on how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountOrder {
    /// Key of the connection.
    #[serde(serialize_with = "ws_key_name")]
    pub ws_key: WsKey,
    /// Symbol, such as `BTC-USDT` or `XBTUSDTM`.
    pub symbol: Text,
    /// Order ID.
    pub order_id: Text,
    /// Client order ID; `None` if the order has none, or no event has named it.
    pub client_oid: Option<Text>,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market; `None` if no event has named it.
    pub order_type: Option<OrderType>,
    /// Limit price; `None` for market orders.
    pub price: Option<Decimal>,
    /// Trigger price of a stop order or conditional order.
    pub stop_price: Option<Decimal>,
    /// Order size, after reductions; `None` for a market order by funds.
    pub size: Option<Decimal>,
    /// Order funds, in the quote currency; `None` unless it is a market order by funds.
    pub funds: Option<Decimal>,
    /// How far the order is.
    pub phase: OrderPhase,
    /// How the order ended; `None` unless it is done.
    pub outcome: Option<OrderOutcome>,
    /// Why the order was canceled or not placed, in KuCoin's words; `None` if KuCoin does not say.
    pub cancel_reason: Option<Text>,
    /// Who placed the order, unless the user did.
    pub forced: Option<ForcedTrade>,
    /// Cumulative filled size.
    pub filled_size: Decimal,
    /// Sum of price times size over the fills, exact.
    ///
    /// `None` while a part of [`filled_size`](Self::filled_size) has no known fill. It is not multiplied with the multiplier of a contract.
    pub filled_value: Option<Decimal>,
    /// Average fill price as KuCoin reports it; `None` if it does not.
    pub reported_average: Option<Decimal>,
    /// Size that can still fill, 0 once the order is done; `None` for a market order by funds.
    pub remain_size: Option<Decimal>,
    /// Fees by currency, of all fills; empty if KuCoin reports no fee.
    pub fees: Vec<OrderFee>,
    /// `true` if every fill is in [`fees`](Self::fees).
    pub has_all_fees: bool,
    /// Number of fills against another order of this account.
    pub self_trades: u32,
    /// The order that placed this one: a stop order, a conditional order, or an entry order with legs.
    pub parent: Option<ParentOrder>,
    /// Orders that this order has placed.
    pub children: Vec<Text>,
    /// Margin mode of a futures order.
    pub margin_mode: Option<MarginMode>,
    /// Leg that a futures order changes.
    pub position_side: Option<PositionSide>,
    /// `true` if the order can only reduce a position.
    pub reduce_only: Option<bool>,
    /// Exchange time when the order was placed.
    pub placed_at: Option<Timestamp>,
    /// Exchange time of the latest event.
    pub updated_at: Option<Timestamp>,
    /// Exchange time of the end; `None` if the order is not done, or REST has no time of it.
    pub ended_at: Option<Timestamp>,
    /// `true` if frames of the order contradict each other.
    ///
    /// See [`AccountViolation`](crate::AccountViolation).
    pub is_contradicted: bool,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum OrderPhase {
    /// A stop order or conditional order that waits for its trigger.
    Waiting,
    /// Live: placed, and not done.
    Open,
    /// Done: nothing can follow.
    Done,
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum OrderOutcome {
    /// Filled completely.
    ///
    /// It is also the outcome once the whole size has filled, before the last event. A market buy by funds is filled if it has spent its funds as far as possible, though KuCoin ends it as `canceled`.
    Filled,
    /// Filled in part, and the rest was canceled.
    PartlyFilled,
    /// Canceled without a fill.
    Canceled,
    /// The stop order or conditional order has triggered, and placed another order.
    Triggered,
    /// The stop order or conditional order has triggered, but no order was placed.
    Failed,
    /// In no list any more, for an unknown reason: see `VanishedOrder`.
    Vanished,
}

impl OrderOutcome {
    /// Returns the outcome in words, such as `partly filled`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filled => "filled",
            Self::PartlyFilled => "partly filled",
            Self::Canceled => "canceled",
            Self::Triggered => "triggered",
            Self::Failed => "failed",
            Self::Vanished => "vanished",
        }
    }
}

/// Why KuCoin traded for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ForcedTrade {
    /// A liquidation.
    Liquidation,
    /// Auto-deleveraging (ADL).
    AutoDeleveraging,
    /// The settlement of a contract.
    Settlement,
}

/// The order that placed another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ParentOrder {
    /// Order ID.
    pub order_id: Text,
    /// `true` if KuCoin names the parent.
    ///
    /// `false` if the parent is inferred from symbol, side, size, price and time. V1 does not name the stop order that placed a spot order. A parent is inferred a few seconds after the trigger, and only if
    /// exactly one stop order and one order fit each other.
    pub is_named: bool,
}

/// A fee in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OrderFee {
    /// Currency.
    pub currency: Text,
    /// Amount; negative if it is a rebate.
    pub amount: Decimal,
}

impl AccountOrder {
    fn new(ws_key: WsKey, order_id: Text, facts: &OrderFacts) -> Self {
        Self {
            ws_key,
            symbol: facts.symbol.clone(),
            order_id,
            client_oid: None,
            side: facts.side.clone(),
            order_type: None,
            price: None,
            stop_price: None,
            size: None,
            funds: None,
            phase: OrderPhase::Open,
            outcome: None,
            cancel_reason: None,
            forced: None,
            filled_size: Decimal::ZERO,
            filled_value: Some(Decimal::ZERO),
            reported_average: None,
            remain_size: None,
            fees: Vec::new(),
            has_all_fees: true,
            self_trades: 0,
            parent: None,
            children: Vec::new(),
            margin_mode: None,
            position_side: None,
            reduce_only: None,
            placed_at: None,
            updated_at: None,
            ended_at: None,
            is_contradicted: false,
        }
    }

    /// Returns the average fill price, rounded to 28 digits; `None` without a fill.
    ///
    /// It is [`filled_value`](Self::filled_value) divided by [`filled_size`](Self::filled_size), or what KuCoin reports while a
    /// fill is unknown.
    pub fn average_price(&self) -> Option<Decimal> {
        let filled = Some(self.filled_size).filter(|size| !size.is_zero())?;
        let computed = self
            .filled_value
            .and_then(|value| value.checked_div(filled));
        computed.or(self.reported_average)
    }

    /// Returns `true` unless the order is done.
    pub fn is_open(&self) -> bool {
        self.phase != OrderPhase::Done
    }
}

/// A kept fill.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AccountFill {
    /// Key of the connection.
    pub ws_key: WsKey,
    /// The fill, with the fee as soon as an event reports it.
    pub fill: Fill,
    /// Why KuCoin traded for the account; `None` if it is a trade of an order of the user.
    pub forced: Option<ForcedTrade>,
    /// `true` if both orders of the trade belong to this account.
    pub is_self_trade: bool,
    /// `true` if the fill was fetched over REST, and no event has reported it.
    pub is_recovered: bool,
}

impl AccountFill {
    /// Returns the key of the fill.
    pub fn key(&self) -> FillKey {
        self.fill.key()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FillLine<'f> {
    #[serde(serialize_with = "ws_key_name")]
    ws_key: WsKey,
    symbol: &'f Text,
    order_id: &'f Option<Text>,
    trade_id: &'f Text,
    side: &'f str,
    price: Decimal,
    size: Decimal,
    fee: Option<Decimal>,
    fee_currency: &'f Option<Text>,
    liquidity: Option<&'f str>,
    time: Option<Timestamp>,
    forced: Option<ForcedTrade>,
    is_self_trade: bool,
    is_recovered: bool,
}

impl Serialize for AccountFill {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fill = &self.fill;
        let line = FillLine {
            ws_key: self.ws_key,
            symbol: &fill.symbol,
            order_id: &fill.order_id,
            trade_id: &fill.trade_id,
            side: fill.side.as_str(),
            price: fill.price,
            size: fill.size,
            fee: fill.fee,
            fee_currency: &fill.fee_currency,
            liquidity: fill.liquidity.as_ref().map(Liquidity::as_str),
            time: fill.time,
            forced: self.forced,
            is_self_trade: self.is_self_trade,
            is_recovered: self.is_recovered,
        };
        line.serialize(serializer)
    }
}
