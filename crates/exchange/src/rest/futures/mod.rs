//! Orders, fills, positions, accounts and ledgers of the futures account.

mod account;
mod fills;
mod ledger;
mod orders;
mod positions;

use super::history::DAY_MS;
use super::paging::{Numbered, Window};
use super::query::{Query, invalid};
use super::{Answer, Ask, Endpoint, Permission, Write};
use crate::credentials::ApiError;
use crate::engine::Terms;
use crate::engine::futures::{Contract, MarginMode, SettleCurrency};
use crate::fault::RestPool;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    general("/api/v1/orders", 2, orders::orders),
    general("/api/v1/recentDoneOrders", 5, orders::recent_done),
    general("/api/v1/orders/byClientOid", 5, orders::by_client_oid),
    general("/api/v1/orders/{orderId}", 5, orders::by_id),
    general("/api/v1/stopOrders", 6, orders::stops),
    futures("/api/v1/recentFills", 3, fills::recent),
    general("/api/v1/fills", 5, fills::fills),
    futures("/api/v1/positions", 2, positions::positions),
    futures("/api/v1/position", 2, positions::position),
    futures("/api/v2/position", 2, positions::position),
    general("/api/v1/history-positions", 2, positions::closed),
    futures("/api/v1/account-overview", 5, account::overview),
    futures("/api/v1/transaction-history", 2, ledger::ledger),
    futures("/api/v1/funding-history", 5, account::funding),
    futures("/api/v2/position/getMarginMode", 2, account::margin_mode),
    futures("/api/v2/getCrossUserLeverage", 2, account::cross_leverage),
];

const fn general(path: &'static str, weight: u32, answer: Write) -> Endpoint {
    Endpoint::new(RestPool::Futures, path, weight, answer)
}

const fn futures(path: &'static str, weight: u32, answer: Write) -> Endpoint {
    Endpoint {
        permission: Permission::Futures,
        ..general(path, weight, answer)
    }
}

const PAGES: Numbered = Numbered {
    number: "currentPage",
    size: "pageSize",
    default: 50,
    sizes: (1, 1_000),
};
const WEEK: Window = Window::up_to(7 * DAY_MS);
/// Times without a maximum span; a missing time does not limit the list.
const ANY_TIME: Window = Window::up_to(u64::MAX);
/// Period and maximum number of rows of the recent lists.
const RECENT: (u64, usize) = (DAY_MS, 1_000);

/// The filters of order and fill lists; a missing filter includes all rows.
struct Filters<'q> {
    symbol: Option<&'q str>,
    side: Option<&'q str>,
    kind: Option<&'q str>,
}

/// What filters compare: symbol, side, whether the order is a market order, and whether a stop order became it.
type Filtered = (&'static str, &'static str, bool, bool);

impl<'q> Filters<'q> {
    fn read(ask: &Ask<'q>) -> Result<Self, ApiError> {
        let kinds = ["limit", "market", "limit_stop", "market_stop"];
        Ok(Self {
            symbol: symbol(ask)?,
            side: ask.query.one_of("side", &["buy", "sell"])?,
            kind: ask.query.one_of("type", &kinds)?,
        })
    }

    fn include(&self, (symbol, side, at_market, stop): Filtered) -> bool {
        self.symbol.is_none_or(|wanted| wanted == symbol)
            && self.side.is_none_or(|wanted| wanted == side)
            && self
                .kind
                .is_none_or(|wanted| wanted == display_type(at_market, stop))
    }
}

fn order_type(at_market: bool) -> &'static str {
    display_type(at_market, false)
}

/// Returns the order type, which names the orders that were stop orders.
fn display_type(at_market: bool, stop: bool) -> &'static str {
    match (at_market, stop) {
        (false, false) => "limit",
        (true, false) => "market",
        (false, true) => "limit_stop",
        (true, true) => "market_stop",
    }
}

/// Returns the symbol of a query, which must be a contract.
fn symbol<'q>(ask: &Ask<'q>) -> Result<Option<&'q str>, ApiError> {
    let symbol = ask.query.get("symbol");
    if let Some(symbol) = symbol {
        contract(ask, symbol)?;
    }
    Ok(symbol)
}

fn required_contract<'a>(ask: &Ask<'a>) -> Result<&'a Contract, ApiError> {
    contract(ask, ask.query.required("symbol")?)
}

fn contract<'a>(ask: &Ask<'a>, symbol: &str) -> Result<&'a Contract, ApiError> {
    let contracts = ask.engine.contracts();
    let found = contracts.iter().find(|it| it.market.symbol == symbol);
    found.ok_or_else(|| invalid("symbol", "does not exist"))
}

/// Returns the currency of a query, which must be a settlement currency.
fn currency(query: &Query) -> Result<Option<SettleCurrency>, ApiError> {
    let Some(text) = query.get("currency") else {
        return Ok(None);
    };
    let known = SettleCurrency::ALL
        .into_iter()
        .find(|it| it.as_str() == text);
    known
        .map(Some)
        .ok_or_else(|| invalid("currency", "must be XBT or USDT"))
}

/// Returns the margin mode of an order, and its leverage.
fn margin_terms(terms: Terms) -> Option<(MarginMode, rust_decimal::Decimal)> {
    match terms {
        Terms::Futures {
            margin_mode,
            leverage,
            ..
        } => Some((margin_mode, leverage)),
        Terms::Spot(_) => None,
    }
}
