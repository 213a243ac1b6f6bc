//! The venues of orders: which queries list their orders and fills.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use kucoin_streams_core::Text;
use kucoin_streams_rest as rest;
use rest::Query;

use crate::books::{Ask, Window};

/// A market with its own lists of orders and fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Venue {
    /// Spot, high-frequency orders.
    Spot,
    /// Cross or isolated margin.
    Margin(rest::TradeType),
    Futures,
    /// A market of a unified account: `SPOT`, `MARGIN` or `FUTURES`.
    Unified(&'static str),
}

/// A list of open orders of a unified account: `orderFilter`.
const UNIFIED_FILTERS: [&str; 2] = ["NORMAL", "ADVANCED"];
/// How far KuCoin's lists of recent futures orders and fills reach, less a minute.
pub(crate) const RECENT: Duration = Duration::from_secs(24 * 3600 - 60);
/// How long KuCoin keeps futures fills, and the longest period of one query.
pub(crate) const FUTURES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
const FUTURES_SPAN: Duration = Duration::from_secs(7 * 24 * 3600 - 60);

impl Venue {
    /// Returns `true` if fills and done orders are listed by symbol.
    pub(crate) fn needs_symbols(&self) -> bool {
        !matches!(self, Self::Futures | Self::Unified("FUTURES"))
    }

    pub(crate) fn is_margin(&self) -> bool {
        matches!(self, Self::Margin(_) | Self::Unified("MARGIN"))
    }

    /// Returns `true` if KuCoin lists the symbols of the venue, so that others are not asked.
    pub(crate) fn lists_symbols(&self) -> bool {
        matches!(self, Self::Margin(_))
    }

    /// Returns `true` for a market of a unified account that is listed by symbol.
    pub(crate) fn is_unified_by_symbol(&self) -> bool {
        matches!(self, Self::Unified(_)) && self.needs_symbols()
    }

    /// Returns `true` if the venue can have orders of this symbol: only spot symbols have a hyphen.
    pub(crate) fn trades(&self, symbol: &str) -> bool {
        self.needs_symbols() == symbol.contains('-')
    }

    /// Returns the query of the ledger, which names the symbols, trades or currencies of the window.
    pub(crate) fn ledger(&self, window: &Window) -> Option<Query> {
        let (from, to) = (window.from, window.to);
        Some(match self {
            Self::Spot => rest::SpotLedger::new().from(from).to(to).into(),
            Self::Margin(_) => rest::MarginLedger::new().from(from).to(to).into(),
            Self::Unified("SPOT") => {
                let query = rest::UnifiedLedger::new("UNIFIED");
                query.from(from).to(to).into()
            }
            Self::Futures | Self::Unified(_) => return None,
        })
    }

    /// Returns the query that names the symbols of open orders; `None` if the list of open orders needs no symbol.
    pub(crate) fn active_symbols(&self, lists_by_symbol: bool) -> Option<Query> {
        match self {
            Self::Spot if lists_by_symbol => Some(rest::SpotActiveSymbols::new().into()),
            Self::Margin(kind) => Some(rest::MarginActiveSymbols::new(kind.clone()).into()),
            // The currencies that orders hold.
            Self::Unified("SPOT") => Some(rest::UnifiedBalance::new().into()),
            _ => None,
        }
    }

    /// Returns the queries of the fills in the window. `is_long`: use the list of futures fills that is not in real time.
    pub(crate) fn fills(
        &self,
        window: &Window,
        symbols: &BTreeSet<Text>,
        is_long: bool,
    ) -> Vec<Query> {
        let (from, to) = (window.from, window.to);
        self.by_symbol(symbols, |symbol| match self {
            Self::Spot => vec![rest::SpotFills::new(symbol).from(from).to(to).into()],
            Self::Margin(kind) => {
                let query = rest::MarginFills::new(symbol, kind.clone());
                vec![query.from(from).to(to).into()]
            }
            Self::Futures if !is_long => {
                vec![rest::FuturesRecentFills::new().into()]
            }
            Self::Futures => {
                let query = rest::FuturesFillHistory::new();
                let periods = window.periods(FUTURES_SPAN).into_iter();
                let query = |(from, to)| query.clone().from(from).to(to).into();
                periods.map(query).collect()
            }
            Self::Unified(kind) => {
                let mut query = rest::UnifiedFills::new(*kind).from(from).to(to);
                if !symbol.is_empty() {
                    query = query.symbol(symbol);
                }
                vec![query.into()]
            }
        })
    }

    /// Returns the queries of the orders that ended in the window.
    pub(crate) fn done(
        &self,
        window: &Window,
        symbols: &BTreeSet<Text>,
        is_long: bool,
    ) -> Vec<Query> {
        let (from, to) = (window.from, window.to);
        self.by_symbol(symbols, |symbol| match self {
            Self::Spot => vec![rest::SpotDoneOrders::new(symbol).from(from).to(to).into()],
            Self::Margin(kind) => {
                let query = rest::MarginDoneOrders::new(symbol, kind.clone());
                vec![query.from(from).to(to).into()]
            }
            Self::Futures if !is_long => {
                vec![rest::FuturesRecentDoneOrders::new().into()]
            }
            Self::Futures => {
                let query = rest::FuturesDoneOrders::new();
                let periods = window.periods(FUTURES_SPAN).into_iter();
                let query = |(from, to)| query.clone().from(from).to(to).into();
                periods.map(query).collect()
            }
            Self::Unified(kind) => {
                let mut query = rest::UnifiedOrderHistory::new(*kind).from(from).to(to);
                if !symbol.is_empty() {
                    query = query.symbol(symbol);
                }
                vec![query.into()]
            }
        })
    }

    /// Returns the queries of the open orders.
    pub(crate) fn open(&self, symbols: &BTreeSet<Text>, lists_by_symbol: bool) -> Vec<Query> {
        if *self == Self::Spot && !lists_by_symbol {
            return vec![rest::SpotOpenOrders::new().into()];
        }
        self.by_symbol(symbols, |symbol| match self {
            Self::Spot => vec![rest::SpotOpenOrders::new().symbol(symbol).into()],
            Self::Margin(kind) => vec![rest::MarginOpenOrders::new(symbol, kind.clone()).into()],
            Self::Futures => vec![rest::FuturesOpenOrders::new().into()],
            Self::Unified(kind) => {
                let query = |filter| {
                    let query = rest::UnifiedOpenOrders::new(*kind).order_filter(filter);
                    match symbol.is_empty() {
                        true => query.into(),
                        false => query.symbol(symbol.clone()).into(),
                    }
                };
                UNIFIED_FILTERS.into_iter().map(query).collect()
            }
        })
    }

    /// Returns the query of one order.
    pub(crate) fn order(&self, order_id: &Text, symbol: &Text) -> Query {
        let (id, symbol) = (order_id.clone(), symbol.clone());
        match self {
            Self::Spot => rest::SpotOrderById::new(id, symbol).into(),
            Self::Margin(kind) => rest::MarginOrderById::new(id, symbol, kind.clone()).into(),
            Self::Futures => rest::FuturesOrderById::new(id).into(),
            Self::Unified(kind) => {
                let query = rest::UnifiedOrderDetail::new(*kind, symbol);
                query.order_id(id).into()
            }
        }
    }

    /// Returns the queries of all symbols, or those for an empty symbol if the venue needs none.
    fn by_symbol(
        &self,
        symbols: &BTreeSet<Text>,
        queries: impl Fn(Text) -> Vec<Query>,
    ) -> Vec<Query> {
        match self.needs_symbols() {
            true => symbols.iter().cloned().flat_map(queries).collect(),
            false => queries(Text::default()),
        }
    }

    /// Returns the name of a part of the venue in reports.
    pub(crate) fn name_of(&self, ask: &Ask, symbol: Option<&str>) -> String {
        let what = match ask {
            Ask::Fills => "fills",
            Ask::Done => "done orders",
            Ask::Ledger => "ledger",
            Ask::Symbols => "symbols of open orders",
            Ask::Order(id) => return format!("order {id} ({self})"),
            _ => "open orders",
        };
        match symbol {
            Some(symbol) => format!("{what} of {symbol} ({self})"),
            None => format!("{what} ({self})"),
        }
    }
}

/// Name of the venue in reports.
impl fmt::Display for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spot => f.write_str("spot"),
            Self::Margin(rest::TradeType::IsolatedMargin) => f.write_str("isolated margin"),
            Self::Margin(_) => f.write_str("cross margin"),
            Self::Futures => f.write_str("futures"),
            Self::Unified(kind) => write!(f, "unified, {}", kind.to_ascii_lowercase()),
        }
    }
}
