//! Which books recover which topics.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_core::Text;
use kucoin_streams_pro::{AccountType, AnyProTopic, Channel, ChannelRequest, TradeType};
use kucoin_streams_rest as rest;
use kucoin_streams_v1::{AnyFuturesTopic, AnySpotTopic, AnyV1Topic};

use crate::RecoverySettings;
use crate::books::funding::FundingBook;
use crate::books::ledger::LedgerBook;
use crate::books::none::NoBook;
use crate::books::orders::{OrderBook, OrderTopic, Venue};
use crate::books::positions::PositionBook;
use crate::books::state::{SETTLE_CURRENCIES, State, StateBook};
use crate::books::stops::StopBook;
use crate::books::unified_ledger::UnifiedLedgerBook;
use crate::books::{Book, TopicIndex};

/// The venues of a book of orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum OrderGroup {
    /// Spot and margin: V1 does not say which of them an order belongs to.
    Spot,
    Futures,
    /// Pro V2, by trade type.
    Pro(TradeType),
}

/// The books of the topics, as far as they are known.
struct Books<'s> {
    settings: &'s RecoverySettings,
    /// Topics of one kind of orders, which one book recovers.
    orders: BTreeMap<OrderGroup, Vec<(TopicIndex, OrderTopic)>>,
    ledger: Vec<(TopicIndex, String)>,
    books: Vec<Box<dyn Book>>,
}

/// Returns the books that recover these topics.
pub(crate) fn books_of(names: &[&str], settings: &RecoverySettings) -> Vec<Box<dyn Book>> {
    let mut books = Books {
        settings,
        orders: BTreeMap::new(),
        ledger: Vec::new(),
        books: Vec::new(),
    };
    for (index, name) in names.iter().enumerate() {
        match (name.parse::<AnyV1Topic>(), name.parse::<AnyProTopic>()) {
            (Ok(AnyV1Topic::Spot(topic)), _) => books.add_spot(index, name, topic),
            (Ok(AnyV1Topic::Futures(topic)), _) => books.add_futures(index, name, topic),
            (Err(_), Ok(topic)) => books.add_pro(index, topic.request()),
            _ => books.add(NoBook::new(index)),
        }
    }
    books.finish()
}

impl Books<'_> {
    fn add(&mut self, book: impl Book + 'static) {
        self.books.push(Box::new(book));
    }

    fn add_orders(&mut self, index: TopicIndex, group: OrderGroup, topic: OrderTopic) {
        self.orders.entry(group).or_default().push((index, topic));
    }

    fn add_spot(&mut self, index: TopicIndex, name: &str, topic: AnySpotTopic) {
        let topic_name = name.to_owned();
        let state = match topic {
            AnySpotTopic::SpotOrders(_) | AnySpotTopic::SpotOrdersV1(_) => {
                let topic = OrderTopic::SpotOrders { topic: topic_name };
                return self.add_orders(index, OrderGroup::Spot, topic);
            }
            AnySpotTopic::SpotTradeFills(_) => {
                return self.add_orders(index, OrderGroup::Spot, OrderTopic::SpotFills);
            }
            AnySpotTopic::MarketMatches(_) => {
                let symbols = symbol_of(name).unwrap_or_default();
                let topic = OrderTopic::MarketMatches {
                    topic: topic_name,
                    symbols: symbols.split(',').map(Text::from).collect(),
                };
                return self.add_orders(index, OrderGroup::Spot, topic);
            }
            AnySpotTopic::Balances(_) | AnySpotTopic::BalanceSnapshots(_) => {
                return self.ledger.push((index, topic_name));
            }
            AnySpotTopic::SpotStopOrders(_) => {
                return self.add(StopBook::new(index, name, false));
            }
            AnySpotTopic::MarginPositions(_) => State::CrossMargin,
            AnySpotTopic::IsolatedMarginPositions(_) => State::IsolatedMargin {
                symbol: symbol_of(name).unwrap_or_default(),
            },
            _ => return self.add(NoBook::new(index)),
        };
        self.add(StateBook::new(index, state));
    }

    fn add_futures(&mut self, index: TopicIndex, name: &str, topic: AnyFuturesTopic) {
        let symbol = symbol_of(name);
        let contracts = || {
            let symbols = self.settings.symbols.iter();
            let contracts = symbols.filter(|symbol| !symbol.contains('-'));
            contracts.cloned().collect::<BTreeSet<_>>()
        };
        let state = match topic {
            AnyFuturesTopic::FuturesOrders(_) | AnyFuturesTopic::FuturesSymbolOrders(_) => {
                let topic = name.to_owned();
                let topic = OrderTopic::FuturesOrders { topic, symbol };
                return self.add_orders(index, OrderGroup::Futures, topic);
            }
            AnyFuturesTopic::FuturesStopOrders(_) => {
                return self.add(StopBook::new(index, name, true));
            }
            AnyFuturesTopic::FuturesPositions(_) | AnyFuturesTopic::FuturesSymbolPosition(_) => {
                self.add(FundingBook::new(index, name, symbol.clone()));
                return self.add(PositionBook::new(index, symbol, false));
            }
            AnyFuturesTopic::FuturesWallet(_) => State::FuturesWallet {
                currencies: SETTLE_CURRENCIES.into_iter().map(Text::from).collect(),
            },
            AnyFuturesTopic::FuturesMarginModes(_) => State::MarginModes {
                contracts: contracts(),
            },
            AnyFuturesTopic::FuturesCrossLeverages(_) => State::CrossLeverages {
                contracts: contracts(),
            },
            _ => return self.add(NoBook::new(index)),
        };
        self.add(StateBook::new(index, state));
    }

    fn add_pro(&mut self, index: TopicIndex, request: &ChannelRequest) {
        let symbol = request.symbol().map(Text::from);
        let trade_type = request.trade_type();
        let account = request.account_type();
        let scope = trade_type.map(TradeType::as_str);
        let scope = scope.or(account.map(AccountType::as_str));
        let pushed = format!("{}.{}", request.channel(), scope.unwrap_or_default());
        let group = OrderGroup::Pro(trade_type.unwrap_or(TradeType::Unified));
        let state = match request.channel() {
            Channel::Order | Channel::OrderAll => {
                let topic = OrderTopic::ProOrders { pushed, symbol };
                return self.add_orders(index, group, topic);
            }
            Channel::Execution | Channel::ExecutionLite => {
                let topic = OrderTopic::ProExecutions { pushed };
                return self.add_orders(index, group, topic);
            }
            Channel::Position | Channel::PositionAll => {
                let is_unified = trade_type != Some(TradeType::Futures);
                return self.add(PositionBook::new(index, symbol, is_unified));
            }
            Channel::Balance => {
                let Some(account) = account else {
                    return self.add(NoBook::new(index));
                };
                let name = match account {
                    AccountType::Trading => "SPOT",
                    account => account.as_str(),
                };
                // The ledger of a futures account has no single bookings, but sums of eight hours.
                if account != AccountType::Futures {
                    self.add(UnifiedLedgerBook::new(index, name, pushed));
                }
                match account {
                    AccountType::Unified => State::UnifiedBalance,
                    _ => State::ClassicBalance { account: name },
                }
            }
            Channel::Leverage => State::UnifiedLeverages,
            Channel::LiquidationWarning => State::UnifiedRisk,
            _ => return self.add(NoBook::new(index)),
        };
        self.add(StateBook::new(index, state));
    }

    fn finish(mut self) -> Vec<Box<dyn Book>> {
        for (group, topics) in std::mem::take(&mut self.orders) {
            let has_orders = topics.iter().any(|(_, topic)| topic.reports_orders());
            let symbols = self.settings.symbols.clone();
            self.add(OrderBook::new(topics, venues(group, has_orders), symbols));
        }
        if !self.ledger.is_empty() {
            let ledger = std::mem::take(&mut self.ledger);
            self.add(LedgerBook::new(ledger));
        }
        self.books
    }
}

/// Returns the venues of a group. `has_orders`: a topic reports orders, and not only fills.
fn venues(group: OrderGroup, has_orders: bool) -> Vec<Venue> {
    let cross = || Venue::Margin(rest::TradeType::CrossMargin);
    let isolated = || Venue::Margin(rest::TradeType::IsolatedMargin);
    match group {
        OrderGroup::Spot if has_orders => vec![Venue::Spot, cross(), isolated()],
        // The topics of fills have no margin fills.
        OrderGroup::Spot | OrderGroup::Pro(TradeType::Spot) => vec![Venue::Spot],
        OrderGroup::Futures | OrderGroup::Pro(TradeType::Futures) => vec![Venue::Futures],
        OrderGroup::Pro(TradeType::Cross) => vec![cross()],
        OrderGroup::Pro(TradeType::Isolated) => vec![isolated()],
        OrderGroup::Pro(_) => vec![
            Venue::Unified("SPOT"),
            Venue::Unified("MARGIN"),
            Venue::Unified("FUTURES"),
        ],
    }
}

/// Returns the part of a topic after the colon.
fn symbol_of(name: &str) -> Option<Text> {
    name.split_once(':').map(|(_, symbol)| symbol.into())
}
