//! The time of a recovered event by the exchange's clock.

use kucoin_streams::pro::ProEvent;
use kucoin_streams::v1::{FuturesEvent, FuturesPosition, SpotEvent, StopOrderType, V1Event};
use kucoin_streams::{AnyEvent, Timestamp};

/// Returns the time of an event; `None` if it has none, or if no event of its kind is recovered.
///
/// The end of an order has often no time over REST; the time when the order was placed is not that of its end.
pub(super) fn of(event: &AnyEvent) -> Option<Timestamp> {
    match event {
        AnyEvent::V1(V1Event::Spot(event)) => match event {
            SpotEvent::Order(order) => {
                let placed = order.order_time.filter(|_| !order.is_done());
                order.engine_time.or(placed)
            }
            SpotEvent::StopOrder(stop) => {
                let placed = stop.created_at.filter(|_| stop.kind == StopOrderType::Open);
                stop.pushed_at.or(placed)
            }
            SpotEvent::Balance(balance) => balance.time,
            SpotEvent::MarketMatch(trade) => trade.time,
            SpotEvent::TradeFill(fill) => fill.time,
            _ => None,
        },
        AnyEvent::V1(V1Event::Futures(event)) => match event {
            FuturesEvent::Order(order) => {
                let placed = order.order_time.filter(|_| !order.is_done());
                order.engine_time.or(placed)
            }
            FuturesEvent::StopOrder(stop) => {
                let placed = stop.created_at.filter(|_| !stop.is_done());
                stop.time.or(placed)
            }
            FuturesEvent::Position(FuturesPosition::Settlement(settlement)) => settlement.time,
            _ => None,
        },
        AnyEvent::Pro(event) => match event {
            ProEvent::Order(order) => {
                let placed = order.created_at.filter(|_| !order.is_done());
                order.updated_at.or(placed)
            }
            ProEvent::Execution(execution) => execution.execution_time,
            ProEvent::ExecutionLite(execution) => execution.execution_time,
            ProEvent::Balance(balance) => balance.updated_at,
            _ => None,
        },
        _ => None,
    }
}
