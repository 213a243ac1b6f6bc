//! Orders in contracts as Pro V2 sees them.

use rust_decimal::Decimal;

use super::{Condition, Fill, FuturesTerms, Order, Reason, Stage, nanoseconds};
use crate::engine::futures::{CancelReason, OrderEvent, StopChange, StopEvent, TradeType};
use crate::engine::{Liquidity, OrderChange};
use crate::pro::streams::Part;

impl Order {
    /// The changes that an event is, in their order; none when it says nothing new here. An order is
    /// live once, before its first fill, where V1 says so after its fills or not at all.
    /// A liquidation has no order: only its execution is told.
    pub(in crate::pro) fn of_futures(event: &OrderEvent) -> Vec<Self> {
        if event.trade_type == TradeType::Liquidation {
            return Vec::new();
        }
        let live = is_first(event).then(|| Self::futures(event, Stage::Live).when_placed());
        let stage = match event.change {
            OrderChange::Match if event.remain == 0 => Some(Stage::Filled),
            OrderChange::Match => Some(Stage::PartlyFilled),
            OrderChange::Update => Some(Stage::Cut),
            OrderChange::Canceled => Some(Stage::Canceled),
            OrderChange::Received | OrderChange::Open | OrderChange::Filled => None,
        };
        let change = stage.map(|stage| Self::futures(event, stage));
        live.into_iter().chain(change).collect()
    }

    /// The order of an event that tells a fill, that of a liquidation too.
    pub(in crate::pro) fn filled_futures(event: &OrderEvent) -> Option<Self> {
        event.fill.as_ref()?;
        Some(Self::futures(event, Stage::PartlyFilled))
    }

    /// A conditional order.
    pub(in crate::pro) fn of_futures_stop(event: &StopEvent) -> Self {
        let change = match &event.change {
            StopChange::Open => (Stage::Waiting, None),
            StopChange::Triggered(Ok(())) => (Stage::Triggered, None),
            StopChange::Triggered(Err(_)) => (Stage::Canceled, Some(Reason::Exception)),
            StopChange::Cancel => (Stage::Canceled, Some(Reason::User)),
        };
        let order = Self {
            part: Part::Futures,
            stage: Stage::Waiting,
            symbol: event.symbol,
            side: event.side,
            id: event.order_id.clone(),
            client_oid: None,
            price: event.order_price,
            unit: UNIT,
            size: event.size.into(),
            filled: Decimal::ZERO,
            remain: event.size.into(),
            canceled: Decimal::ZERO,
            average_price: Decimal::ZERO,
            fee: Decimal::ZERO,
            fee_currency: event.settle.as_str(),
            fill: None,
            reason: None,
            condition: Some(Condition {
                direction: event.direction,
                price: event.stop_price,
                price_type: event.price_type,
            }),
            origin: None,
            futures: Some(FuturesTerms {
                margin_mode: event.margin_mode,
                leverage: Decimal::ZERO,
            }),
            created_ns: nanoseconds(event.created_ms),
            updated_ns: nanoseconds(event.time_ms),
        };
        order.conditional(change)
    }

    fn futures(event: &OrderEvent, stage: Stage) -> Self {
        let terms = &event.terms;
        let filled = Decimal::from(event.filled);
        Self {
            part: Part::Futures,
            stage,
            symbol: event.symbol,
            side: event.side,
            id: event.order_id.clone(),
            client_oid: event.client_oid.clone(),
            price: event.price,
            unit: UNIT,
            size: event.size.into(),
            filled,
            remain: event.remain.into(),
            canceled: event.canceled.into(),
            average_price: Self::average(terms.filled_value, filled),
            fee: terms.fee,
            fee_currency: terms.settle.as_str(),
            fill: event.fill.as_ref().map(|fill| Fill {
                price: fill.price,
                size: fill.size.into(),
                trade_id: fill.trade_id.clone(),
                liquidity: fill.liquidity,
                fee: fill.fee,
                closed_pnl: Some(fill.closed_pnl),
                liquidation: event.trade_type == TradeType::Liquidation,
            }),
            reason: terms.cancel_reason.map(reason),
            condition: None,
            origin: terms.origin.clone(),
            futures: Some(FuturesTerms {
                margin_mode: event.margin_mode,
                leverage: terms.leverage,
            }),
            created_ns: event.order_time_ns,
            updated_ns: nanoseconds(event.engine_time_ms),
        }
    }
}

/// What a size in contracts is in.
const UNIT: &str = "UNIT";

/// Whether nothing was told of the order before.
fn is_first(event: &OrderEvent) -> bool {
    let fill = event.fill.as_ref();
    match event.change {
        OrderChange::Open => event.filled == 0,
        OrderChange::Match => {
            fill.is_some_and(|fill| fill.liquidity == Liquidity::Taker && fill.size == event.filled)
        }
        // The market had nothing at all for it.
        OrderChange::Canceled => event.price.is_none() && event.filled == 0,
        OrderChange::Received | OrderChange::Update | OrderChange::Filled => false,
    }
}

fn reason(reason: CancelReason) -> Reason {
    match reason {
        CancelReason::User => Reason::User,
        CancelReason::Market => Reason::NoMaker,
        CancelReason::RiskLimit => Reason::RiskLimit,
        CancelReason::Liquidation => Reason::Liquidation,
    }
}
