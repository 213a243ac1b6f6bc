//! Facts of the events of V1.

use kucoin_streams_core::{Decimal, Extra, Fill, Text};
use kucoin_streams_rest::OrderType;
use kucoin_streams_v1::{
    FuturesEvent, FuturesOrder, FuturesOrderKind, FuturesStopOrder, FuturesTradeType, OrderKind,
    OrderStatus, SpotEvent, SpotOrder, SpotStopOrder, SpotTradeFill, StopOrderType, V1Event,
};

use super::{
    EndKind, FactForm, OrderAmounts, OrderDetails, OrderFacts, OrderStage, converted,
    extra_decimal, extra_fee, non_empty, positive, size_of,
};
use crate::FrameInfo;
use crate::orders::ForcedTrade;

/// Returns what an event of V1 says about an order; `None` if it says nothing.
pub(crate) fn of_v1(info: &FrameInfo, event: &V1Event) -> Option<OrderFacts> {
    match event {
        V1Event::Spot(SpotEvent::Order(order)) => Some(spot_order(info, order)),
        V1Event::Spot(SpotEvent::StopOrder(order)) => Some(spot_stop(order)),
        V1Event::Spot(SpotEvent::TradeFill(fill)) => spot_fill(fill),
        V1Event::Futures(FuturesEvent::Order(order)) => Some(futures_order(order)),
        V1Event::Futures(FuturesEvent::StopOrder(order)) => Some(futures_stop(order)),
        _ => None,
    }
}

fn with_fee(fill: Option<Fill>, extra: &Extra) -> Option<Fill> {
    fill.map(|mut fill| {
        if let Some((currency, fee)) = extra_fee(extra) {
            fill.fee = Some(fee);
            fill.fee_currency = Some(currency);
        }
        fill
    })
}

fn spot_order(info: &FrameInfo, order: &SpotOrder) -> OrderFacts {
    let stage = match &order.kind {
        OrderKind::Filled => OrderStage::Ended(EndKind::Filled),
        OrderKind::Canceled => OrderStage::Ended(EndKind::Canceled),
        // The rest of the order was canceled with the last reduction.
        OrderKind::Update(_) if order.status == OrderStatus::Done => {
            OrderStage::Ended(EndKind::Canceled)
        }
        _ => OrderStage::Open,
    };
    let filled = match order.kind {
        OrderKind::Received => Some(Decimal::ZERO),
        _ => order.filled_size,
    };
    let fill = with_fee(order.fill(), &order.extra);
    let (value, fee) = match fill {
        Some(_) => (None, None),
        None => (
            extra_decimal(&order.extra, "dealFunds"),
            extra_fee(&order.extra),
        ),
    };
    OrderFacts {
        symbol: order.symbol.clone(),
        order_id: Some(order.order_id.clone()),
        side: order.side.clone(),
        event: order.kind.to_string().into(),
        time: order.engine_time,
        form: FactForm::Event,
        stage: Some(stage),
        details: spot_details(info, order, stage),
        amounts: OrderAmounts {
            filled,
            value,
            fee,
            ..OrderAmounts::default()
        },
        fill,
        forced: None,
    }
}

fn spot_details(info: &FrameInfo, order: &SpotOrder, stage: OrderStage) -> OrderDetails {
    let is_market = order.order_type.as_str() == "market";
    let funds = match is_market {
        true => positive(order.funds).or(positive(order.origin_funds)),
        false => None,
    };
    // Lists write funds also for an order by size.
    let is_by_size = info.source.is_some() && positive(order.size).is_some();
    let funds = funds.filter(|_| !is_by_size);
    let size = match &order.kind {
        // Its size has the last reduction, which canceled the rest.
        OrderKind::Update(update) if order.status == OrderStatus::Done => update.old_size,
        _ => size_of(order.filled_size, order.remain_size, stage),
    };
    OrderDetails {
        client_oid: non_empty(order.client_oid.clone()),
        order_type: Some(OrderType::from(order.order_type.as_str())),
        price: positive(order.price),
        size: size
            .or(positive(order.size))
            .or(positive(order.origin_size))
            .filter(|_| funds.is_none()),
        funds,
        placed_at: order.order_time,
        ..OrderDetails::default()
    }
}

fn spot_stop(order: &SpotStopOrder) -> OrderFacts {
    let failed = order.trigger_success == Some(false);
    let stage = stop_stage(&order.kind, failed);
    OrderFacts {
        symbol: order.symbol.clone(),
        order_id: Some(order.order_id.clone()),
        side: order.side.clone(),
        event: order.kind.as_str().into(),
        time: order.pushed_at,
        form: FactForm::Event,
        stage: Some(stage),
        details: OrderDetails {
            order_type: Some(limit_if(positive(order.order_price).is_some())),
            price: positive(order.order_price),
            stop_price: positive(order.stop_price),
            size: positive(order.size),
            cancel_reason: error_of(order.error.clone(), stage),
            placed_at: order.created_at,
            ..OrderDetails::default()
        },
        amounts: OrderAmounts::default(),
        fill: None,
        forced: None,
    }
}

fn stop_stage(kind: &StopOrderType, failed: bool) -> OrderStage {
    match kind {
        StopOrderType::Triggered if failed => OrderStage::Ended(EndKind::Failed),
        StopOrderType::Triggered | StopOrderType::Match | StopOrderType::Filled => {
            OrderStage::Triggered
        }
        StopOrderType::Cancel => OrderStage::Ended(EndKind::Canceled),
        _ => OrderStage::Waiting,
    }
}

/// Returns why an order ended; a stop order that still waits can have an error, too.
fn error_of(error: Option<Text>, stage: OrderStage) -> Option<Text> {
    non_empty(error).filter(|_| matches!(stage, OrderStage::Ended(_)))
}

fn limit_if(has_price: bool) -> OrderType {
    match has_price {
        true => OrderType::Limit,
        false => OrderType::Market,
    }
}

fn spot_fill(fill: &SpotTradeFill) -> Option<OrderFacts> {
    let fill = fill.fill()?;
    Some(OrderFacts {
        symbol: fill.symbol.clone(),
        order_id: fill.order_id.clone(),
        side: fill.side.clone(),
        event: "tradeFills".into(),
        time: fill.time,
        form: FactForm::Event,
        stage: None,
        details: OrderDetails::default(),
        amounts: OrderAmounts::default(),
        fill: Some(fill),
        forced: None,
    })
}

fn futures_order(order: &FuturesOrder) -> OrderFacts {
    let stage = match &order.kind {
        FuturesOrderKind::Filled => OrderStage::Ended(EndKind::Filled),
        FuturesOrderKind::Canceled => OrderStage::Ended(EndKind::Canceled),
        FuturesOrderKind::Update(_) if order.status == OrderStatus::Done => {
            OrderStage::Ended(EndKind::Canceled)
        }
        _ => OrderStage::Open,
    };
    let fill = with_fee(order.fill(), &order.extra);
    OrderFacts {
        symbol: order.symbol.clone(),
        order_id: Some(order.order_id.clone()),
        side: order.side.clone(),
        event: order.kind.to_string().into(),
        time: order.engine_time,
        form: FactForm::Event,
        stage: Some(stage),
        details: OrderDetails {
            client_oid: non_empty(order.client_oid.clone()),
            order_type: converted(&order.order_type, |value| value.as_str()),
            price: order.limit_price(),
            size: size_of(order.filled_size, order.remain_size, stage).or(positive(order.size)),
            margin_mode: converted(&order.margin_mode, |value| value.as_str()),
            position_side: converted(&order.position_side, |value| value.as_str()),
            placed_at: order.order_time,
            ..OrderDetails::default()
        },
        amounts: OrderAmounts {
            filled: order.filled_size,
            average: extra_decimal(&order.extra, "avgDealPrice"),
            ..OrderAmounts::default()
        },
        fill,
        forced: order.trade_type.as_ref().and_then(forced_trade),
    }
}

fn forced_trade(kind: &FuturesTradeType) -> Option<ForcedTrade> {
    match kind {
        FuturesTradeType::Liquidation => Some(ForcedTrade::Liquidation),
        FuturesTradeType::AutoDeleveraging => Some(ForcedTrade::AutoDeleveraging),
        FuturesTradeType::Settlement => Some(ForcedTrade::Settlement),
        FuturesTradeType::Unknown(text) if text.eq_ignore_ascii_case("liquidation") => {
            Some(ForcedTrade::Liquidation)
        }
        _ => None,
    }
}

/// Returns how the order of a recovered stop order has ended by its row; `None` if it is open, or the event was pushed.
fn end_of_row(extra: &Extra) -> Option<EndKind> {
    let is = |name, text| extra.get(name).is_some_and(|value| value.as_str() == text);
    let filled = extra_decimal(extra, "dealSize").unwrap_or_default();
    if !is("isActive", "false") {
        return None;
    }
    Some(match (is("cancelExist", "true"), filled.is_zero()) {
        (true, _) => EndKind::Canceled,
        (false, true) => EndKind::Failed,
        (false, false) => EndKind::Filled,
    })
}

fn futures_stop(order: &FuturesStopOrder) -> OrderFacts {
    let failed = order.trigger_success == Some(false);
    // A triggered stop order goes on as an order with the same ID.
    let stage = match (stop_stage(&order.kind, failed), end_of_row(&order.extra)) {
        (OrderStage::Triggered, Some(end)) => OrderStage::Ended(end),
        (OrderStage::Triggered, None) => OrderStage::Open,
        (stage, _) => stage,
    };
    OrderFacts {
        symbol: order.symbol.clone(),
        order_id: Some(order.order_id.clone()),
        side: order.side.clone(),
        event: order.kind.as_str().into(),
        time: order.time,
        form: FactForm::Event,
        stage: Some(stage),
        details: OrderDetails {
            order_type: Some(limit_if(positive(order.order_price).is_some())),
            price: positive(order.order_price),
            stop_price: positive(order.stop_price),
            size: positive(order.size),
            cancel_reason: error_of(order.error.clone(), stage),
            margin_mode: converted(&order.margin_mode, |value| value.as_str()),
            position_side: converted(&order.position_side, |value| value.as_str()),
            placed_at: order.created_at,
            ..OrderDetails::default()
        },
        amounts: OrderAmounts::default(),
        fill: None,
        forced: None,
    }
}
