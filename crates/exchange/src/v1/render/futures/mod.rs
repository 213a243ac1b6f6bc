//! Events of the futures account as V1 pushes: topics and subjects.

mod orders;
mod position;
#[cfg(test)]
mod tests;
mod wallet;

use super::Push;
use crate::engine::futures::{FuturesEvent, FuturesPosition, MarginMode, PositionChange};
use crate::json::Object;
use crate::v1::topics::futures as topics;

/// The pushes that an event makes: the topic of the whole account first.
pub(super) fn pushes(event: &FuturesEvent) -> Vec<Push> {
    match event {
        FuturesEvent::Order(order) => {
            let all = Push::private(topics::ORDERS, "orderChange", orders::order(order));
            let one = topics::of_contract(&topics::ORDERS_OF, order.symbol)
                .map(|topic| Push::private(topic, "symbolOrderChange", all.data.clone()));
            std::iter::once(all).chain(one).collect()
        }
        FuturesEvent::Stop(stop) => {
            let push = Push::private(topics::STOP_ORDERS, "stopOrder", orders::stop(stop));
            vec![push.with_id(&stop.event_id)]
        }
        FuturesEvent::Position(change, position) => {
            let data = change_data(*change, position);
            of_position(position.symbol, "position.change", data)
        }
        FuturesEvent::Funding(funding) => of_position(
            funding.symbol,
            "position.settlement",
            position::settlement(funding),
        ),
        FuturesEvent::RiskLimit(limit) => of_position(
            limit.symbol,
            "position.adjustRiskLimit",
            position::risk_limit(limit),
        ),
        FuturesEvent::Wallet(change) => {
            let data = wallet::wallet(change);
            let push = Push::private(topics::WALLET, "walletBalance.change", data);
            vec![push.with_id(&change.event_id)]
        }
        FuturesEvent::MarginMode(symbol, mode, _) => {
            let data = Object::new().word(symbol, mode.as_str()).end();
            vec![Push::private(topics::MARGIN_MODE, "user.config", data)]
        }
        // The leverage of isolated orders has no topic of its own.
        FuturesEvent::Leverage(_, MarginMode::Isolated, _) => Vec::new(),
        FuturesEvent::Leverage(symbol, MarginMode::Cross, leverage) => {
            let value = Object::new().decimal("leverage", *leverage).end();
            let data = Object::new().json(symbol, &value).end();
            vec![Push::private(topics::CROSS_LEVERAGE, "user.config", data)]
        }
    }
}

fn change_data(change: PositionChange, position: &FuturesPosition) -> String {
    match change {
        PositionChange::MarkPrice => position::mark_price(position),
        _ => position::position(change, position),
    }
}

fn of_position(symbol: &str, subject: &'static str, data: String) -> Vec<Push> {
    let one = topics::of_contract(&topics::POSITION_OF, symbol)
        .map(|topic| Push::private(topic, subject, data.clone()));
    let all = Push::private(topics::POSITIONS, subject, data);
    std::iter::once(all).chain(one).collect()
}
