//! The venues of orders: which queries list their orders and fills, and how the rows are read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{Decimal, FillKey, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner};
use kucoin_streams_rest as rest;
use rest::{OrderEnd, Query};

use crate::books::Window;

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

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Venue {
    /// Returns `true` if fills and done orders are listed by symbol.
    pub(crate) fn needs_symbols(&self) -> bool {
        match self {
            Self::Spot | Self::Margin(_) => true,
            Self::Futures => false,
            Self::Unified(trade_type) => *trade_type != "FUTURES",
        }
    }

    /// Returns the query of the ledger, which names the symbols and trades of the window; `None` if there is none.
    pub(crate) fn ledger(&self, window: &Window) -> Option<Query> {
        Some(match self {
            Self::Spot => rest::SpotLedger::new()
                .from(window.from)
                .to(window.to)
                .into(),
            Self::Margin(_) => rest::MarginLedger::new()
                .from(window.from)
                .to(window.to)
                .into(),
            Self::Futures | Self::Unified(_) => return None,
        })
    }

    /// Returns the query of the symbols that have open orders; `None` if open orders are listed for all symbols.
    pub(crate) fn active_symbols(&self, lists_by_symbol: bool) -> Option<Query> {
        match self {
            Self::Spot if lists_by_symbol => Some(rest::SpotActiveSymbols::new().into()),
            Self::Margin(trade_type) => {
                Some(rest::MarginActiveSymbols::new(trade_type.clone()).into())
            }
            _ => None,
        }
    }

    /// Returns the queries of the fills and of the done orders in the window.
    pub(crate) fn history(&self, window: &Window, symbols: &BTreeSet<Text>) -> Vec<(bool, Query)> {
        let (from, to) = (window.from, window.to);
        let mut queries = Vec::new();
        match self {
            Self::Spot => {
                for symbol in symbols {
                    let fills = rest::SpotFills::new(symbol.clone()).from(from).to(to);
                    let done = rest::SpotDoneOrders::new(symbol.clone()).from(from).to(to);
                    queries.extend([(true, fills.into()), (false, done.into())]);
                }
            }
            Self::Margin(kind) => {
                for symbol in symbols {
                    let fills = rest::MarginFills::new(symbol.clone(), kind.clone());
                    let done = rest::MarginDoneOrders::new(symbol.clone(), kind.clone());
                    queries.push((true, fills.from(from).to(to).into()));
                    queries.push((false, done.from(from).to(to).into()));
                }
            }
            Self::Futures if to.duration_since(from) < DAY => {
                queries.push((true, rest::FuturesRecentFills::new().into()));
                queries.push((false, rest::FuturesRecentDoneOrders::new().into()));
            }
            Self::Futures => {
                queries.push((true, futures_fill_history(window)));
                let done = rest::FuturesDoneOrders::new().from(from).to(to);
                queries.push((false, done.into()));
            }
            Self::Unified(kind) => {
                let mut push = |symbol: Option<&Text>| {
                    let mut fills = rest::UnifiedFills::new(*kind).from(from).to(to);
                    let mut done = rest::UnifiedOrderHistory::new(*kind).from(from).to(to);
                    if let Some(symbol) = symbol {
                        fills = fills.symbol(symbol.clone());
                        done = done.symbol(symbol.clone());
                    }
                    queries.extend([(true, fills.into()), (false, done.into())]);
                };
                match self.needs_symbols() {
                    true => symbols.iter().for_each(|symbol| push(Some(symbol))),
                    false => push(None),
                }
            }
        }
        queries
    }

    /// Returns the queries of the open orders.
    pub(crate) fn open(&self, symbols: &BTreeSet<Text>, lists_by_symbol: bool) -> Vec<Query> {
        match self {
            Self::Spot if lists_by_symbol => {
                let query =
                    |symbol: &Text| rest::SpotOpenOrders::new().symbol(symbol.clone()).into();
                symbols.iter().map(query).collect()
            }
            Self::Spot => vec![rest::SpotOpenOrders::new().into()],
            Self::Margin(kind) => {
                let query = |symbol: &Text| {
                    rest::MarginOpenOrders::new(symbol.clone(), kind.clone()).into()
                };
                symbols.iter().map(query).collect()
            }
            Self::Futures => vec![rest::FuturesOpenOrders::new().into()],
            Self::Unified(kind) => {
                let query = |symbol: Option<&Text>, filter: &'static str| {
                    let query = rest::UnifiedOpenOrders::new(*kind).order_filter(filter);
                    match symbol {
                        Some(symbol) => query.symbol(symbol.clone()).into(),
                        None => query.into(),
                    }
                };
                let mut queries = Vec::new();
                for filter in UNIFIED_FILTERS {
                    match self.needs_symbols() {
                        true => {
                            queries.extend(symbols.iter().map(|symbol| query(Some(symbol), filter)))
                        }
                        false => queries.push(query(None, filter)),
                    }
                }
                queries
            }
        }
    }

    /// Returns the query of one order.
    pub(crate) fn order(&self, order_id: &Text, symbol: &Text) -> Query {
        let (id, symbol) = (order_id.clone(), symbol.clone());
        match self {
            Self::Spot => rest::SpotOrderById::new(id, symbol).into(),
            Self::Margin(kind) => rest::MarginOrderById::new(id, symbol, kind.clone()).into(),
            Self::Futures => rest::FuturesOrderById::new(id).into(),
            Self::Unified(kind) => rest::UnifiedOrderDetail::new(*kind, symbol)
                .order_id(id)
                .into(),
        }
    }

    /// Reads a row of an order; `None` if it is not readable.
    pub(crate) fn read_order(&self, row: &str, source: &'static str) -> Option<OrderRow> {
        let raw = Arc::from(row);
        let scanner = &mut Scanner::new(row);
        Some(match self {
            Self::Spot | Self::Margin(_) => {
                let row = rest::SpotOrderRow::read(scanner).ok()?;
                OrderRow {
                    end: row.end(),
                    is_inactive: row.is_active == Some(false),
                    symbol: row.symbol,
                    filled: row.filled_size,
                    created_at: row.created_at,
                    ended_at: None,
                    touched_at: row.row_updated_at,
                    order_id: row.order_id,
                    raw,
                    source,
                }
            }
            Self::Futures => {
                let row = rest::FuturesOrderRow::read(scanner).ok()?;
                OrderRow {
                    end: row.end(),
                    is_inactive: row.is_active == Some(false),
                    symbol: row.symbol,
                    filled: row.filled_size,
                    created_at: row.ordered_at.or(row.created_at),
                    ended_at: None,
                    touched_at: row.ended_at.or(row.row_updated_at),
                    order_id: row.order_id,
                    raw,
                    source,
                }
            }
            Self::Unified(_) => {
                let row = rest::UnifiedOrderRow::read(scanner).ok()?;
                let end = row.end();
                OrderRow {
                    is_inactive: end.is_some(),
                    // The time of a live order is no time of the matching engine.
                    ended_at: end.as_ref().and(row.row_updated_at),
                    end,
                    symbol: row.symbol,
                    filled: row.filled_size,
                    created_at: row.created_at,
                    touched_at: row.row_updated_at,
                    order_id: row.order_id,
                    raw,
                    source,
                }
            }
        })
    }

    /// Reads a row of a fill; `None` if it is not readable.
    pub(crate) fn read_fill(&self, row: &str, source: &'static str) -> Option<FillRow> {
        let scanner = &mut Scanner::new(row);
        let fill = match self {
            Self::Spot | Self::Margin(_) => rest::SpotFillRow::read(scanner).ok()?.fill(),
            Self::Futures => rest::FuturesFillRow::read(scanner).ok()?.fill(),
            Self::Unified(_) => rest::UnifiedFillRow::read(scanner).ok()?.fill(),
        };
        Some(FillRow {
            key: fill.key(),
            size: fill.size,
            time: fill.time?,
            raw: Arc::from(row),
            source,
        })
    }
}

/// Returns the query of the futures fills that KuCoin keeps longest. It is not a real-time list.
pub(crate) fn futures_fill_history(window: &Window) -> Query {
    let query = rest::FuturesFillHistory::new();
    query.from(window.from).to(window.to).into()
}

/// An order as a list shows it.
#[derive(Clone, Debug)]
pub(crate) struct OrderRow {
    pub(crate) order_id: Text,
    pub(crate) symbol: Text,
    /// Cumulative filled size.
    pub(crate) filled: Option<Decimal>,
    /// How the order ended; `None` if it is open or the row does not say.
    pub(crate) end: Option<OrderEnd>,
    pub(crate) is_inactive: bool,
    pub(crate) created_at: Option<Timestamp>,
    /// Exact time of the end; `None` if the list has none.
    pub(crate) ended_at: Option<Timestamp>,
    /// Time of the last change of the row, later than the event by an unknown time.
    pub(crate) touched_at: Option<Timestamp>,
    pub(crate) raw: Arc<str>,
    pub(crate) source: &'static str,
}

/// A fill as a list shows it.
#[derive(Clone, Debug)]
pub(crate) struct FillRow {
    pub(crate) key: FillKey,
    pub(crate) size: Decimal,
    pub(crate) time: Timestamp,
    pub(crate) raw: Arc<str>,
    pub(crate) source: &'static str,
}

/// Name of the venue in reports.
impl std::fmt::Display for Venue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Spot => f.write_str("spot"),
            Self::Margin(kind) => write!(f, "margin, {kind}"),
            Self::Futures => f.write_str("futures"),
            Self::Unified(kind) => write!(f, "unified, {kind}"),
        }
    }
}
