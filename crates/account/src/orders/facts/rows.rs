//! Facts of the rows of open orders.

use kucoin_streams_core::Text;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest::{
    FuturesOrderRow, OrderEnd, OrderType, SpotOrderRow, StopOrderRow, UnifiedOrderRow,
    UnifiedOrderStatus,
};

use super::{
    EndKind, FactForm, OrderAmounts, OrderDetails, OrderFacts, OrderStage, non_empty, positive,
};
use crate::{AccountPart, FrameInfo, parts_of};

/// Returns what a row of open orders says; `None` if it is not a row of an order.
///
/// The form of a row follows from its path.
pub(crate) fn of_row(row: &SnapshotRow) -> Option<(FrameInfo, OrderFacts)> {
    if !parts_of(&row.topic).contains(&AccountPart::Orders) {
        return None;
    }
    let facts = match row.source {
        path if path.starts_with("/api/ua/") => unified_order(&row.read().ok()?),
        path if path.contains("/margin/stop-order") => stop_order(&row.read().ok()?),
        path if path.starts_with("/api/v1/stop-order") => stop_order(&row.read().ok()?),
        path if path.contains("/hf/") => spot_order(&row.read().ok()?),
        _ => futures_order(&row.read().ok()?),
    };
    // The row is of a moment after its request, so it is at least as new as this time.
    let facts = OrderFacts {
        time: Some(row.taken_at.0),
        ..facts
    };
    let info = FrameInfo {
        source: Some(row.source),
        ..FrameInfo::live(row.ws_key, row.topic.clone(), row.taken_at.1)
    };
    Some((info, facts))
}

fn facts(symbol: &Text, order_id: &Text, side: &kucoin_streams_core::Side) -> OrderFacts {
    OrderFacts {
        symbol: symbol.clone(),
        order_id: Some(order_id.clone()),
        side: side.clone(),
        event: "open order".into(),
        time: None,
        form: FactForm::Row,
        stage: None,
        details: OrderDetails::default(),
        amounts: OrderAmounts::default(),
        fill: None,
        forced: None,
    }
}

fn stage_of(end: Option<OrderEnd>, otherwise: OrderStage) -> Option<OrderStage> {
    Some(match end {
        None => otherwise,
        Some(OrderEnd::Filled) => OrderStage::Ended(EndKind::Filled),
        Some(_) => OrderStage::Ended(EndKind::Canceled),
    })
}

fn spot_order(row: &SpotOrderRow) -> OrderFacts {
    let funds = match row.order_type == OrderType::Market {
        true => positive(row.funds).filter(|_| positive(row.size).is_none()),
        false => None,
    };
    OrderFacts {
        stage: stage_of(row.end(), OrderStage::Open),
        details: OrderDetails {
            client_oid: non_empty(row.client_oid.clone()),
            order_type: Some(row.order_type.clone()),
            price: positive(row.price),
            size: positive(row.size),
            funds,
            placed_at: row.created_at,
            ..OrderDetails::default()
        },
        amounts: OrderAmounts {
            filled: row.filled_size,
            value: row.filled_funds,
            fee: non_empty(row.fee_currency.clone()).zip(row.fee),
            ..OrderAmounts::default()
        },
        ..facts(&row.symbol, &row.order_id, &row.side)
    }
}

fn stop_order(row: &StopOrderRow) -> OrderFacts {
    OrderFacts {
        stage: Some(OrderStage::Waiting),
        details: OrderDetails {
            client_oid: non_empty(row.client_oid.clone()),
            order_type: Some(row.order_type.clone()),
            price: positive(row.price),
            stop_price: positive(row.stop_price),
            size: positive(row.size),
            funds: positive(row.funds),
            placed_at: row.created_at,
            ..OrderDetails::default()
        },
        ..facts(&row.symbol, &row.order_id, &row.side)
    }
}

fn futures_order(row: &FuturesOrderRow) -> OrderFacts {
    let is_waiting = positive(row.stop_price).is_some() && row.stop_triggered != Some(true);
    let otherwise = match is_waiting {
        true => OrderStage::Waiting,
        false => OrderStage::Open,
    };
    OrderFacts {
        stage: stage_of(row.end(), otherwise),
        details: OrderDetails {
            client_oid: non_empty(row.client_oid.clone()),
            order_type: Some(row.order_type.clone()),
            price: positive(row.price),
            stop_price: positive(row.stop_price),
            size: positive(row.size),
            margin_mode: row.margin_mode.clone(),
            position_side: row.position_side.clone(),
            reduce_only: row.reduce_only,
            placed_at: row.ordered_at.or(row.created_at),
            ..OrderDetails::default()
        },
        amounts: OrderAmounts {
            filled: row.filled_size,
            average: positive(row.average_price),
            ..OrderAmounts::default()
        },
        ..facts(&row.symbol, &row.order_id, &row.side)
    }
}

fn unified_order(row: &UnifiedOrderRow) -> OrderFacts {
    let is_in_quote = row.size_unit.as_deref() == Some("QUOTECCY");
    let (size, funds) = match is_in_quote {
        true => (None, positive(row.size)),
        // The size of an open order is that before reductions.
        false if row.end().is_none() => {
            let canceled = row.canceled_size.unwrap_or_default();
            let size = row.size.and_then(|size| size.checked_sub(canceled));
            (positive(size), None)
        }
        false => (positive(row.size), None),
    };
    let otherwise = match row.status {
        UnifiedOrderStatus::NotTriggered => OrderStage::Waiting,
        UnifiedOrderStatus::Triggered => OrderStage::Triggered,
        _ => OrderStage::Open,
    };
    OrderFacts {
        stage: stage_of(row.end(), otherwise),
        details: OrderDetails {
            client_oid: non_empty(row.client_oid.clone()),
            order_type: Some(row.order_type.clone()),
            price: positive(row.price),
            stop_price: positive(row.trigger_price),
            size,
            funds,
            cancel_reason: non_empty(row.cancel_reason.clone()).filter(|reason| *reason != "0"),
            parent: row
                .origin_order_id
                .clone()
                .filter(|id| *id != "0" && !id.is_empty()),
            margin_mode: row.margin_mode.clone(),
            position_side: row.position_side.clone(),
            reduce_only: row.reduce_only,
            placed_at: row.created_at,
        },
        amounts: OrderAmounts {
            filled: row.filled_size,
            is_in_quote,
            value: None,
            average: positive(row.avg_price),
            fee: non_empty(row.fee_currency.clone()).zip(row.fee),
        },
        ..facts(&row.symbol, &row.order_id, &row.side)
    }
}
