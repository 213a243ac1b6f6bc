//! Which books recover which topics.

use std::collections::BTreeMap;

use kucoin_streams_core::Text;
use kucoin_streams_pro::{AccountType, AnyProTopic, Channel, ChannelRequest, TradeType};
use kucoin_streams_rest as rest;
use kucoin_streams_v1::{AnyFuturesTopic, AnySpotTopic, AnyV1Topic};

use crate::RecoverySettings;
use crate::books::funding::FundingBook;
use crate::books::ledger::LedgerBook;
use crate::books::none::NoBook;
use crate::books::orders::{OrderBook, OrderTopic, Venue};
use crate::books::state::{State, StateBook};
use crate::books::stops::StopBook;
use crate::books::{Book, TopicIndex};

/// Topics of one kind of orders, which one book recovers.
type OrderTopics = BTreeMap<OrderGroup, Vec<(TopicIndex, OrderTopic)>>;

/// The venues of a book of orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum OrderGroup {
    /// Spot and margin: V1 does not say which of them an order belongs to.
    Spot,
    Futures,
    /// Pro V2, by trade type.
    Pro(TradeType),
}

/// Returns the books that recover these topics.
pub(crate) fn books_of(names: &[&str], settings: &RecoverySettings) -> Vec<Box<dyn Book>> {
    let mut books: Vec<Box<dyn Book>> = Vec::new();
    let mut orders = OrderTopics::new();
    let mut ledger = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if let Ok(topic) = name.parse::<AnyV1Topic>() {
            match topic {
                AnyV1Topic::Spot(topic) => {
                    spot(index, name, topic, &mut orders, &mut ledger, &mut books);
                }
                AnyV1Topic::Futures(topic) => futures(index, name, topic, &mut orders, &mut books),
                _ => books.push(Box::new(NoBook::new(index))),
            }
        } else if let Ok(topic) = name.parse::<AnyProTopic>() {
            pro(index, topic.request(), &mut orders, &mut books);
        } else {
            books.push(Box::new(NoBook::new(index)));
        }
    }
    for (group, topics) in orders {
        let symbols = settings.symbols.clone();
        books.push(Box::new(OrderBook::new(topics, venues(group), symbols)));
    }
    if !ledger.is_empty() {
        books.push(Box::new(LedgerBook::new(ledger)));
    }
    books
}

fn venues(group: OrderGroup) -> Vec<Venue> {
    let cross = || Venue::Margin(rest::TradeType::from("MARGIN_TRADE"));
    let isolated = || Venue::Margin(rest::TradeType::from("MARGIN_ISOLATED_TRADE"));
    match group {
        OrderGroup::Spot => vec![Venue::Spot, cross(), isolated()],
        OrderGroup::Futures | OrderGroup::Pro(TradeType::Futures) => vec![Venue::Futures],
        OrderGroup::Pro(TradeType::Spot) => vec![Venue::Spot],
        OrderGroup::Pro(TradeType::Cross) => vec![cross()],
        OrderGroup::Pro(TradeType::Isolated) => vec![isolated()],
        OrderGroup::Pro(_) => vec![
            Venue::Unified("SPOT"),
            Venue::Unified("FUTURES"),
            Venue::Unified("MARGIN"),
        ],
    }
}

fn spot(
    index: TopicIndex,
    name: &str,
    topic: AnySpotTopic,
    orders: &mut OrderTopics,
    ledger: &mut Vec<(TopicIndex, String)>,
    books: &mut Vec<Box<dyn Book>>,
) {
    let mut reports = |topic| {
        orders
            .entry(OrderGroup::Spot)
            .or_default()
            .push((index, topic))
    };
    match topic {
        AnySpotTopic::SpotOrders(_) | AnySpotTopic::SpotOrdersV1(_) => {
            let topic = name.to_owned();
            reports(OrderTopic::SpotOrders { topic });
        }
        AnySpotTopic::SpotTradeFills(_) => reports(OrderTopic::SpotFills),
        AnySpotTopic::MarketMatches(_) => {
            let symbols = symbol_of(name).unwrap_or_default();
            reports(OrderTopic::MarketMatches {
                topic: name.to_owned(),
                symbols: symbols.split(',').map(Text::from).collect(),
            });
        }
        AnySpotTopic::Balances(_) | AnySpotTopic::BalanceSnapshots(_) => {
            ledger.push((index, name.to_owned()));
        }
        AnySpotTopic::SpotStopOrders(_) => books.push(Box::new(StopBook::new(index, name, false))),
        AnySpotTopic::MarginPositions(_) => {
            books.push(Box::new(StateBook::new(index, State::CrossMargin)));
        }
        AnySpotTopic::IsolatedMarginPositions(_) => {
            let symbol = symbol_of(name).unwrap_or_default();
            books.push(Box::new(StateBook::new(
                index,
                State::IsolatedMargin { symbol },
            )));
        }
        _ => books.push(Box::new(NoBook::new(index))),
    }
}

fn futures(
    index: TopicIndex,
    name: &str,
    topic: AnyFuturesTopic,
    orders: &mut OrderTopics,
    books: &mut Vec<Box<dyn Book>>,
) {
    let symbol = symbol_of(name);
    let state = match topic {
        AnyFuturesTopic::FuturesOrders(_) | AnyFuturesTopic::FuturesSymbolOrders(_) => {
            let topic = name.to_owned();
            let topics = orders.entry(OrderGroup::Futures).or_default();
            return topics.push((index, OrderTopic::FuturesOrders { topic, symbol }));
        }
        AnyFuturesTopic::FuturesStopOrders(_) => {
            return books.push(Box::new(StopBook::new(index, name, true)));
        }
        AnyFuturesTopic::FuturesPositions(_) | AnyFuturesTopic::FuturesSymbolPosition(_) => {
            books.push(Box::new(FundingBook::new(index, name, symbol.clone())));
            State::FuturesPositions { symbol }
        }
        AnyFuturesTopic::FuturesWallet(_) => State::FuturesWallet,
        AnyFuturesTopic::FuturesMarginModes(_) => State::MarginModes,
        AnyFuturesTopic::FuturesCrossLeverages(_) => State::CrossLeverages,
        _ => return books.push(Box::new(NoBook::new(index))),
    };
    books.push(Box::new(StateBook::new(index, state)));
}

fn pro(
    index: TopicIndex,
    request: &ChannelRequest,
    orders: &mut OrderTopics,
    books: &mut Vec<Box<dyn Book>>,
) {
    let symbol = request.symbol().map(Text::from);
    let trade_type = request.trade_type();
    let suffix = trade_type.map_or("", TradeType::as_str);
    let pushed = format!("{}.{suffix}", request.channel());
    let is_classic = trade_type == Some(TradeType::Futures);
    let mut reports = |topic| {
        let group = OrderGroup::Pro(trade_type.unwrap_or(TradeType::Unified));
        orders.entry(group).or_default().push((index, topic));
    };
    let state = match request.channel() {
        Channel::Order | Channel::OrderAll => {
            return reports(OrderTopic::ProOrders { pushed, symbol });
        }
        Channel::Execution | Channel::ExecutionLite => {
            return reports(OrderTopic::ProExecutions { pushed });
        }
        Channel::Position | Channel::PositionAll if is_classic => {
            State::FuturesPositions { symbol }
        }
        Channel::Position | Channel::PositionAll => State::UnifiedPositions { symbol },
        Channel::Balance => match request.account_type() {
            Some(AccountType::Unified) => State::UnifiedBalance,
            Some(AccountType::Trading) => State::ClassicBalance { account: "SPOT" },
            Some(account) => State::ClassicBalance {
                account: account.as_str(),
            },
            None => return books.push(Box::new(NoBook::new(index))),
        },
        Channel::Leverage => State::UnifiedLeverages,
        Channel::LiquidationWarning => State::UnifiedRisk,
        _ => return books.push(Box::new(NoBook::new(index))),
    };
    books.push(Box::new(StateBook::new(index, state)));
}

/// Returns the part of a topic after the colon.
fn symbol_of(name: &str) -> Option<Text> {
    name.split_once(':').map(|(_, symbol)| symbol.into())
}
