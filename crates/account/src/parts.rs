//! Which topic keeps which part of the account.

use kucoin_streams_pro::{AnyProTopic, Channel};
use kucoin_streams_v1::{AnyFuturesTopic, AnySpotTopic, AnyV1Topic};

use crate::AccountPart;

/// Returns the parts of the account that a topic keeps, by the text of the topic as it is subscribed.
///
/// The list is empty for a topic that keeps nothing, such as a topic of your own.
pub fn parts_of(topic: &str) -> &'static [AccountPart] {
    use AccountPart::{Balances, Fills, Margin, Orders, Positions};
    match topic.parse::<AnyV1Topic>() {
        Ok(AnyV1Topic::Spot(topic)) => match topic {
            AnySpotTopic::SpotOrders(_) | AnySpotTopic::SpotOrdersV1(_) => &[Orders, Fills],
            AnySpotTopic::SpotStopOrders(_) => &[Orders],
            AnySpotTopic::SpotTradeFills(_) => &[Fills],
            AnySpotTopic::Balances(_) | AnySpotTopic::BalanceSnapshots(_) => &[Balances],
            AnySpotTopic::MarginPositions(_) | AnySpotTopic::IsolatedMarginPositions(_) => {
                &[Margin]
            }
            _ => &[],
        },
        Ok(AnyV1Topic::Futures(topic)) => {
            match topic {
                AnyFuturesTopic::FuturesOrders(_) | AnyFuturesTopic::FuturesSymbolOrders(_) => {
                    &[Orders, Fills]
                }
                AnyFuturesTopic::FuturesStopOrders(_) => &[Orders],
                AnyFuturesTopic::FuturesWallet(_) => &[Balances],
                AnyFuturesTopic::FuturesPositions(_)
                | AnyFuturesTopic::FuturesSymbolPosition(_) => &[Positions],
                AnyFuturesTopic::FuturesMarginModes(_)
                | AnyFuturesTopic::FuturesCrossLeverages(_) => &[Margin],
                _ => &[],
            }
        }
        Ok(_) => &[],
        Err(_) => match topic.parse::<AnyProTopic>() {
            Ok(topic) => match topic.request().channel() {
                Channel::Order | Channel::OrderAll => &[Orders, Fills],
                Channel::Execution | Channel::ExecutionLite => &[Fills],
                Channel::Balance => &[Balances],
                Channel::Position | Channel::PositionAll => &[Positions],
                Channel::LiquidationWarning | Channel::Leverage => &[Margin],
                _ => &[],
            },
            Err(_) => &[],
        },
    }
}
