//! Orders of spot and margin as Pro V2 sees them.

use rust_decimal::Decimal;

use super::{Condition, Fill, Order, Reason, Stage, nanoseconds};
use crate::engine::futures::{Direction, StopPriceType};
use crate::engine::{OrderChange, OrderEvent, Quantity, StopChange, StopEvent, StopKind};
use crate::pro::streams::Part;

impl Order {
    /// The change that an event is; none when it says nothing new here. An order is live once, when
    /// it is received, and filled with its last fill.
    pub(in crate::pro) fn of_spot(event: &OrderEvent) -> Option<Self> {
        let stage = match event.change {
            OrderChange::Received => Stage::Live,
            OrderChange::Match if nothing_remains(event) => Stage::Filled,
            OrderChange::Match => Stage::PartlyFilled,
            OrderChange::Update => Stage::Cut,
            OrderChange::Canceled => Stage::Canceled,
            OrderChange::Open | OrderChange::Filled => return None,
        };
        let order = Self::spot(event, stage);
        // An order by funds ends `canceled` on V1 even when the last fill spent them to the last digit.
        let told = stage == Stage::Canceled && order.canceled.is_zero();
        (!told).then_some(order)
    }

    /// The order of an event that tells a fill.
    pub(in crate::pro) fn filled_spot(event: &OrderEvent) -> Option<Self> {
        event.fill.as_ref()?;
        Some(Self::spot(event, Stage::PartlyFilled))
    }

    /// A conditional order; the last trade is what it looks at.
    pub(in crate::pro) fn of_spot_stop(event: &StopEvent) -> Self {
        let change = match &event.change {
            StopChange::Open => (Stage::Waiting, None),
            StopChange::Triggered(Ok(())) => (Stage::Triggered, None),
            StopChange::Triggered(Err(_)) => (Stage::Canceled, Some(Reason::Exception)),
            StopChange::Cancel => (Stage::Canceled, Some(Reason::User)),
        };
        let direction = match event.kind {
            StopKind::Loss => Direction::Down,
            StopKind::Entry => Direction::Up,
        };
        let order = Self {
            part: Part::of(event.wallet),
            stage: Stage::Waiting,
            symbol: event.symbol,
            side: event.side,
            id: event.order_id.clone(),
            client_oid: None,
            price: event.order_price,
            unit: "BASECCY",
            size: event.size,
            filled: Decimal::ZERO,
            remain: event.size,
            canceled: Decimal::ZERO,
            average_price: Decimal::ZERO,
            fee: Decimal::ZERO,
            fee_currency: event.fee_currency,
            fill: None,
            reason: None,
            condition: Some(Condition {
                direction,
                price: event.stop_price,
                price_type: StopPriceType::Trade,
            }),
            origin: None,
            futures: None,
            created_ns: nanoseconds(event.created_ms),
            updated_ns: nanoseconds(event.time_ms),
        };
        order.conditional(change)
    }

    fn spot(event: &OrderEvent, stage: Stage) -> Self {
        let terms = &event.terms;
        let (unit, size, remain, canceled) = match event.quantity {
            Quantity::Size { origin, remain, .. } => ("BASECCY", origin, remain, event.canceled),
            Quantity::Funds { funds, remain } if stage == Stage::Canceled => {
                ("QUOTECCY", funds, remain, funds - terms.filled_value)
            }
            Quantity::Funds { funds, remain } => ("QUOTECCY", funds, remain, Decimal::ZERO),
        };
        let reason = match event.price {
            _ if stage != Stage::Canceled => None,
            Some(_) => Some(Reason::User),
            None => Some(Reason::NoMaker),
        };
        Self {
            part: Part::of(terms.wallet),
            stage,
            symbol: event.symbol,
            side: event.side,
            id: event.order_id.clone(),
            client_oid: event.client_oid.clone(),
            price: event.price,
            unit,
            size,
            filled: event.filled,
            remain,
            canceled,
            average_price: Self::average(terms.filled_value, event.filled),
            fee: terms.fee,
            fee_currency: terms.fee_currency,
            fill: event.fill.as_ref().map(|fill| Fill {
                price: fill.price,
                size: fill.size,
                trade_id: fill.trade_id.clone(),
                liquidity: fill.liquidity,
                fee: fill.fee,
                closed_pnl: None,
                liquidation: false,
            }),
            reason,
            condition: None,
            origin: terms.origin.clone(),
            futures: None,
            created_ns: nanoseconds(event.order_time_ms),
            updated_ns: nanoseconds(event.engine_time_ms),
        }
    }
}

fn nothing_remains(event: &OrderEvent) -> bool {
    match event.quantity {
        Quantity::Size { remain, .. } | Quantity::Funds { remain, .. } => remain.is_zero(),
    }
}
