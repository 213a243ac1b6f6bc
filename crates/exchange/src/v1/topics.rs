//! The topics of V1, and parsing of requested topics.

use std::sync::LazyLock;

use crate::fault::UnknownSymbols;
use crate::stats::ServedMarket;
use crate::{CONTRACTS, SYMBOLS};

/// Order changes, without `received`.
pub(crate) const ORDERS: &str = "/spotMarket/tradeOrders";
/// Order changes, including `received`.
pub(crate) const ORDERS_V2: &str = "/spotMarket/tradeOrdersV2";
/// Balance changes.
pub(crate) const BALANCE: &str = "/account/balance";
/// Stop orders.
pub(crate) const STOP_ORDERS: &str = "/spotMarket/advancedOrders";
/// Balances after each change; undocumented by KuCoin.
pub(crate) const BALANCE_SNAPSHOT: &str = "/account/snapshotBalance";
/// Own fills with their fees; undocumented by KuCoin.
pub(crate) const TRADE_FILLS: &str = "/spot/tradeFills";
/// Debts and status of the cross-margin account.
pub(crate) const MARGIN: &str = "/margin/position";
/// Debts of the isolated-margin account of a symbol.
pub(crate) const ISOLATED_MARGIN: &str = "/margin/isolatedPosition:";
/// Trades of a symbol. A private subscription gets the account's own trades, and no pushes for an unknown symbol.
pub(crate) const MATCHES: &str = "/market/match:";

/// The topics of the futures host.
pub(crate) mod futures {
    /// Order changes in all contracts.
    pub(crate) const ORDERS: &str = "/contractMarket/tradeOrders";
    /// Stop orders.
    pub(crate) const STOP_ORDERS: &str = "/contractMarket/advancedOrders";
    /// Balances in each settlement currency.
    pub(crate) const WALLET: &str = "/contractAccount/wallet";
    /// Positions in all contracts.
    pub(crate) const POSITIONS: &str = "/contract/positionAll";
    /// Changes of the margin mode.
    pub(crate) const MARGIN_MODE: &str = "/contract/marginMode";
    /// Changes of the leverage of cross positions.
    pub(crate) const CROSS_LEVERAGE: &str = "/contract/crossLeverage";
    /// Order changes in one contract.
    pub(crate) const ORDERS_OF: &str = "/contractMarket/tradeOrders:";
    /// The position in one contract.
    pub(crate) const POSITION_OF: &str = "/contract/position:";
}

/// The topics of each traded symbol.
static OF_SYMBOL: LazyLock<Vec<String>> = LazyLock::new(|| {
    let spot = [ISOLATED_MARGIN, MATCHES].map(|family| (family, &SYMBOLS[..]));
    let futures = [futures::ORDERS_OF, futures::POSITION_OF].map(|family| (family, &CONTRACTS[..]));
    let topics = |(family, symbols): (&str, &'static [&str])| {
        let family = family.to_owned();
        symbols
            .iter()
            .map(move |symbol| format!("{family}{symbol}"))
    };
    spot.into_iter().chain(futures).flat_map(topics).collect()
});

/// Returns the topic of a symbol in a family; `None` if the symbol is not traded.
pub(crate) fn of_symbol(family: &str, symbol: &str) -> Option<&'static str> {
    let mut topics = OF_SYMBOL.iter();
    let topic = topics.find(|topic| topic.strip_prefix(family) == Some(symbol));
    topic.map(String::as_str)
}

/// The topics of one KuCoin host.
struct Host {
    market: ServedMarket,
    /// Private topics of the whole account.
    account: &'static [&'static str],
    /// Families of private topics of one symbol.
    of_symbol: &'static [&'static str],
    /// Public families: acknowledged but silent, because the local exchange has no public market data.
    public: &'static [&'static str],
}

const HOSTS: [Host; 2] = [
    Host {
        market: ServedMarket::Spot,
        account: &[
            ORDERS,
            ORDERS_V2,
            BALANCE,
            BALANCE_SNAPSHOT,
            STOP_ORDERS,
            TRADE_FILLS,
            MARGIN,
        ],
        of_symbol: &[ISOLATED_MARGIN],
        public: &[
            MATCHES,
            "/market/ticker:",
            "/market/level2:",
            "/market/snapshot:",
            "/market/candles:",
            "/spotMarket/level1:",
            "/spotMarket/level2Depth5:",
            "/spotMarket/level2Depth50:",
            "/indicator/index:",
            "/indicator/markPrice:",
        ],
    },
    Host {
        market: ServedMarket::Futures,
        account: &[
            futures::ORDERS,
            futures::STOP_ORDERS,
            futures::WALLET,
            futures::POSITIONS,
            futures::MARGIN_MODE,
            futures::CROSS_LEVERAGE,
        ],
        of_symbol: &[futures::ORDERS_OF, futures::POSITION_OF],
        public: &[
            "/contractMarket/ticker:",
            "/contractMarket/tickerV2:",
            "/contractMarket/level2:",
            "/contractMarket/level2Depth5:",
            "/contractMarket/level2Depth50:",
            "/contractMarket/execution:",
            "/contractMarket/limitCandle:",
            "/contractMarket/snapshot:",
            "/contract/instrument:",
        ],
    },
];

/// Maximum number of topics in one subscribe message.
const MAX_PER_MESSAGE: usize = 100;

/// A parsed topic string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RequestedTopic {
    /// A private topic.
    Private(&'static str),
    /// A private topic with an unknown symbol.
    Unknown(String),
    /// Market trades, one topic per symbol of a comma-separated list; own fills if requested as private.
    Matches(Vec<String>),
    /// Public topics, one per symbol of a comma-separated list.
    Public(Vec<String>),
}

/// The refusal of a topic: code and text as KuCoin sends them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(code: u16, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// Parses the `topic` of a subscribe or unsubscribe message on a connection of this market.
pub(crate) fn parse(
    topic: Option<&str>,
    market: ServedMarket,
    unknown_symbols: UnknownSymbols,
) -> Result<RequestedTopic, Refusal> {
    let Some(topic) = topic.filter(|topic| !topic.is_empty()) else {
        return Err(Refusal::new(406, "topic is required"));
    };
    if !topic.starts_with('/') || topic.contains(char::is_whitespace) || topic.len() > 4096 {
        return Err(Refusal::new(400, format!("topic {topic} is invalid")));
    }
    let hosts = || {
        HOSTS
            .iter()
            .filter(|host| host.market.and(market).is_some())
    };
    let mut account = hosts().flat_map(|host| host.account);
    if let Some(known) = account.find(|known| **known == topic) {
        return Ok(RequestedTopic::Private(known));
    }
    let mut of_symbols = hosts().flat_map(|host| host.of_symbol);
    let symbol = of_symbols.find_map(|family| Some((family, topic.strip_prefix(family)?)));
    if let Some((family, symbol)) = symbol {
        if let Some(known) = of_symbol(family, symbol) {
            return Ok(RequestedTopic::Private(known));
        }
        if is_symbol(symbol) && unknown_symbols == UnknownSymbols::Acknowledge {
            return Ok(RequestedTopic::Unknown(topic.to_owned()));
        }
    }
    let mut public = hosts().flat_map(|host| host.public);
    let family = public.find_map(|family| Some((*family, topic.strip_prefix(family)?)));
    let Some((family, symbols)) = family else {
        return Err(Refusal::new(404, format!("topic {topic} is not found")));
    };
    let symbols: Vec<&str> = symbols.split(',').collect();
    if symbols.iter().any(|symbol| symbol.is_empty()) {
        return Err(Refusal::new(400, format!("topic {topic} is invalid")));
    }
    if symbols.len() > MAX_PER_MESSAGE {
        let text =
            format!("exceed max subscription count limitation of {MAX_PER_MESSAGE} per time");
        return Err(Refusal::new(509, text));
    }
    let topics = symbols.iter().map(|symbol| format!("{family}{symbol}"));
    let topics: Vec<String> = topics.collect();
    if family != MATCHES {
        return Ok(RequestedTopic::Public(topics));
    }
    let all_traded = symbols.iter().all(|symbol| SYMBOLS.contains(symbol));
    if unknown_symbols == UnknownSymbols::Refuse && !all_traded {
        return Err(Refusal::new(404, format!("topic {topic} is not found")));
    }
    Ok(RequestedTopic::Matches(topics))
}

/// Returns `true` for one symbol in KuCoin's spelling; `false` for `all`, `*` and lists.
fn is_symbol(text: &str) -> bool {
    let spelled = |letter: char| matches!(letter, 'A'..='Z' | '0'..='9' | '-');
    !text.is_empty() && text.chars().all(spelled)
}
