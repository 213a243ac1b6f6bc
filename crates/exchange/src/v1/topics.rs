//! The topics, and what may be asked of them.

pub(crate) mod futures;

use crate::SYMBOLS;
use crate::fault::UnknownSymbols;
use crate::stats::ServedMarket;

/// Order changes, without `received`.
pub(crate) const ORDERS: &str = "/spotMarket/tradeOrders";
/// Order changes, `received` included.
pub(crate) const ORDERS_V2: &str = "/spotMarket/tradeOrdersV2";
/// Balance changes.
pub(crate) const BALANCE: &str = "/account/balance";
/// Stop orders.
pub(crate) const STOP_ORDERS: &str = "/spotMarket/advancedOrders";

/// Balances as they stand after each change; not documented, and served.
pub(crate) const BALANCE_SNAPSHOT: &str = "/account/snapshotBalance";
/// Own fills with their fees; not documented, and served.
pub(crate) const TRADE_FILLS: &str = "/spot/tradeFills";
/// Debts and status of the cross-margin account.
pub(crate) const MARGIN: &str = "/margin/position";

/// One topic for each of [`SYMBOLS`], in their order.
macro_rules! by_symbol {
    ($family:literal) => {
        [
            concat!($family, "BTC-USDT"),
            concat!($family, "ETH-USDT"),
            concat!($family, "SOL-USDT"),
            concat!($family, "KCS-USDT"),
        ]
    };
}

/// Debts of the isolated-margin accounts.
pub(crate) const ISOLATED_MARGIN: [&str; SYMBOLS.len()] = by_symbol!("/margin/isolatedPosition:");
/// Own fills, on the topics of the public trades.
pub(crate) const MATCHES: [&str; SYMBOLS.len()] = by_symbol!("/market/match:");

/// The topic of a symbol in one of the tables by symbol.
pub(crate) fn of_symbol(
    table: &[&'static str; SYMBOLS.len()],
    symbol: &str,
) -> Option<&'static str> {
    let place = SYMBOLS.iter().position(|known| *known == symbol)?;
    table.get(place).copied()
}

/// The private topics of the spot host that are served here, those of a symbol apart.
const SPOT: [&str; 7] = [
    ORDERS,
    ORDERS_V2,
    BALANCE,
    BALANCE_SNAPSHOT,
    STOP_ORDERS,
    TRADE_FILLS,
    MARGIN,
];

/// What one host of KuCoin serves.
struct Host {
    /// The private topics, those of each symbol included.
    private: &'static [&'static [&'static str]],
    /// Private topics of one symbol, which may be one that is not traded.
    of_symbol: &'static [&'static str],
    /// Public families that are acknowledged and stay silent: this exchange has no public market data.
    public: &'static [&'static str],
}

const SPOT_HOST: Host = Host {
    private: &[&SPOT, &ISOLATED_MARGIN],
    of_symbol: &["/margin/isolatedPosition:"],
    public: &[
        MATCH_FAMILY,
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
};

const FUTURES_HOST: Host = Host {
    private: &[
        &futures::ACCOUNT,
        &futures::ORDERS_OF,
        &futures::POSITION_OF,
    ],
    of_symbol: &["/contractMarket/tradeOrders:", "/contract/position:"],
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
};

/// The hosts of a market.
fn hosts(market: ServedMarket) -> impl Iterator<Item = &'static Host> {
    let all = [
        (ServedMarket::Spot, &SPOT_HOST),
        (ServedMarket::Futures, &FUTURES_HOST),
    ];
    all.into_iter()
        .filter(move |(served, _)| served.and(market).is_some())
        .map(|(_, host)| host)
}

/// The trades of a symbol: a private subscription is sent the account's own, and nothing for a
/// symbol that is not traded here.
const MATCH_FAMILY: &str = "/market/match:";

/// Topics that one subscribe message may name.
const MAX_PER_MESSAGE: usize = 100;

/// What a topic string turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A private topic that is served.
    Private(&'static str),
    /// A private topic of a symbol that is not traded.
    Unknown(String),
    /// Trades of the market, one topic for each symbol of a comma list; own fills when asked
    /// privately.
    Matches(Vec<String>),
    /// Public topics, one for each symbol of a comma list.
    Public(Vec<String>),
}

/// Why a topic is refused: code and text as KuCoin sends them.
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

/// Reads the `topic` of a subscribe or unsubscribe message on a connection of this market.
pub(crate) fn parse(
    topic: Option<&str>,
    market: ServedMarket,
    unknown_symbols: UnknownSymbols,
) -> Result<Asked, Refusal> {
    let Some(topic) = topic.filter(|topic| !topic.is_empty()) else {
        return Err(Refusal::new(406, "topic is required"));
    };
    if !topic.starts_with('/') || topic.contains(char::is_whitespace) || topic.len() > 4096 {
        return Err(Refusal::new(400, format!("topic {topic} is invalid")));
    }
    let mut private = hosts(market).flat_map(|host| host.private.iter().copied().flatten());
    if let Some(known) = private.find(|known| **known == topic) {
        return Ok(Asked::Private(known));
    }
    let mut of_symbol = hosts(market).flat_map(|host| host.of_symbol);
    let symbol = of_symbol.find_map(|family| topic.strip_prefix(family));
    if symbol.is_some_and(is_symbol) && unknown_symbols == UnknownSymbols::Acknowledge {
        return Ok(Asked::Unknown(topic.to_owned()));
    }
    let mut public = hosts(market).flat_map(|host| host.public);
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
    let topics: Vec<String> = symbols
        .iter()
        .map(|symbol| format!("{family}{symbol}"))
        .collect();
    let is_traded = |topic: &String| MATCHES.contains(&topic.as_str());
    Ok(if family == MATCH_FAMILY {
        if unknown_symbols == UnknownSymbols::Refuse && !topics.iter().all(is_traded) {
            return Err(Refusal::new(404, format!("topic {topic} is not found")));
        }
        Asked::Matches(topics)
    } else {
        Asked::Public(topics)
    })
}

/// One symbol in KuCoin's spelling; `all`, `*` and lists are none.
fn is_symbol(text: &str) -> bool {
    let spelled = |letter: char| matches!(letter, 'A'..='Z' | '0'..='9' | '-');
    !text.is_empty() && text.chars().all(spelled)
}
