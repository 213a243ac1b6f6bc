//! Facts of the events of Pro V2.

use kucoin_streams_core::{Decimal, Fill, Text};
use kucoin_streams_pro::{
    Execution, ExecutionLite, ExecutionType, Order, OrderEventType, OrderStatus, ProEvent, SizeUnit,
};

use super::{
    EndKind, FactForm, OrderAmounts, OrderDetails, OrderFacts, OrderStage, converted, non_empty,
    positive, size_of,
};
use crate::FrameInfo;
use crate::orders::ForcedTrade;

/// Returns what an event of Pro V2 says about an order; `None` if it says nothing.
pub(crate) fn of_pro(info: &FrameInfo, event: &ProEvent) -> Option<OrderFacts> {
    match event {
        ProEvent::Order(order) => Some(of_order(info, order)),
        ProEvent::Execution(execution) => of_execution(execution),
        ProEvent::ExecutionLite(execution) => of_lite(execution),
        _ => None,
    }
}

fn of_order(info: &FrameInfo, order: &Order) -> OrderFacts {
    let stage = match &order.status {
        OrderStatus::NotTriggered => OrderStage::Waiting,
        OrderStatus::Triggered if keeps_id(&info.topic) => OrderStage::Open,
        OrderStatus::Triggered => OrderStage::Triggered,
        OrderStatus::Filled => OrderStage::Ended(EndKind::Filled),
        OrderStatus::Canceled | OrderStatus::PartiallyCanceled => {
            OrderStage::Ended(EndKind::Canceled)
        }
        _ => OrderStage::Open,
    };
    let is_in_quote = order.size_unit == Some(SizeUnit::QuoteCurrency);
    let (size, funds) = match is_in_quote {
        true => (None, positive(order.size)),
        false => (reduced_size(order, stage), None),
    };
    // An event that is not a fill can repeat the last fill; its time is not that of the fill.
    let mut fill = order.fill().filter(|fill| !fill.size.is_zero());
    if let (Some(fill), Some(_)) = (&mut fill, info.source) {
        fill.time = order.updated_at;
    }
    let fee = non_empty(order.fee_currency.clone()).zip(order.fee);
    OrderFacts {
        symbol: order.symbol.clone(),
        order_id: Some(order.order_id.clone()),
        side: order.side.clone(),
        event: order
            .event_type
            .as_ref()
            .map_or_else(|| order.status.name(), OrderEventType::as_str)
            .into(),
        time: order.updated_at,
        form: FactForm::Event,
        stage: Some(stage),
        details: OrderDetails {
            client_oid: non_empty(order.client_oid.clone()),
            order_type: converted(&order.order_type, |value| value.as_str()),
            price: order.limit_price(),
            stop_price: positive(order.trigger_price),
            size,
            funds,
            cancel_reason: order
                .cancel_reason
                .as_ref()
                .map(|reason| reason.as_str().into()),
            parent: order.origin_order_id().cloned(),
            margin_mode: converted(&order.margin_mode, |value| value.as_str()),
            position_side: converted(&order.position_side, |value| value.as_str()),
            reduce_only: order.reduce_only,
            placed_at: order.created_at,
        },
        amounts: OrderAmounts {
            filled: order.filled_size,
            is_in_quote,
            value: None,
            average: positive(order.avg_price),
            fee,
        },
        fill,
        forced: None,
    }
}

/// Returns the size after reductions; a recovered event has no remaining size.
fn reduced_size(order: &Order, stage: OrderStage) -> Option<Decimal> {
    let canceled = match stage {
        OrderStage::Ended(EndKind::Canceled) => Decimal::ZERO,
        _ => order.canceled_size.unwrap_or_default(),
    };
    let reduced = || order.size.and_then(|size| size.checked_sub(canceled));
    size_of(order.filled_size, order.remain_size, stage).or_else(|| positive(reduced()))
}

/// Returns `true` for the futures of classic accounts: a triggered order goes on under its ID, without a child.
fn keeps_id(topic: &str) -> bool {
    topic.split(['.', '=', '&']).any(|part| part == "FUTURES")
}

fn of_execution(execution: &Execution) -> Option<OrderFacts> {
    let forced = match execution.execution_type {
        Some(ExecutionType::Liquidation) => Some(ForcedTrade::Liquidation),
        Some(ExecutionType::AutoDeleveraging) => Some(ForcedTrade::AutoDeleveraging),
        Some(ExecutionType::Settlement) => Some(ForcedTrade::Settlement),
        _ => None,
    };
    let mut facts = of_fill(execution.fill()?, "execution");
    facts.forced = forced;
    facts.details = OrderDetails {
        client_oid: non_empty(execution.client_oid.clone()),
        order_type: converted(&execution.order_type, |value| value.as_str()),
        margin_mode: converted(&execution.margin_mode, |value| value.as_str()),
        position_side: converted(&execution.position_side, |value| value.as_str()),
        ..OrderDetails::default()
    };
    Some(facts)
}

fn of_lite(execution: &ExecutionLite) -> Option<OrderFacts> {
    Some(of_fill(execution.fill()?, "execution.lite"))
}

fn of_fill(fill: Fill, event: &str) -> OrderFacts {
    OrderFacts {
        symbol: fill.symbol.clone(),
        order_id: fill.order_id.clone(),
        side: fill.side.clone(),
        event: Text::new(event),
        time: fill.time,
        form: FactForm::Event,
        stage: None,
        details: OrderDetails::default(),
        amounts: OrderAmounts::default(),
        fill: Some(fill),
        forced: None,
    }
}
