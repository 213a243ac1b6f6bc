//! Orders, fills and ledger of the spot account (high-frequency trading).

use std::collections::BTreeSet;

use super::history::{DAY_MS, FillRow, LedgerRow, OrderRow, Row, State};
use super::paging::{Newest, Numbered, Window};
use super::query::{Query, invalid};
use super::{Answer, Ask, Endpoint, NULL, Permission, Write, list, list_or_null};
use crate::SYMBOLS;
use crate::credentials::ApiError;
use crate::engine::{Liquidity, OrderChange, Reason, Terms, Wallet};
use crate::fault::RestPool;
use crate::json::{Object, OrNull, Raw};
use rust_decimal::Decimal;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint(
        "/api/v1/hf/orders/active/symbols",
        Permission::Spot,
        active_symbols,
    ),
    endpoint("/api/v1/hf/orders/active", Permission::General, active),
    endpoint(
        "/api/v1/hf/orders/active/page",
        Permission::General,
        active_page,
    ),
    endpoint("/api/v1/hf/orders/done", Permission::General, done),
    endpoint("/api/v1/hf/orders/{id}", Permission::General, by_id),
    endpoint(
        "/api/v1/hf/orders/client-order/{clientOid}",
        Permission::General,
        by_client_oid,
    ),
    endpoint("/api/v1/hf/fills", Permission::General, fills),
    endpoint("/api/v1/hf/accounts/ledgers", Permission::General, ledgers),
];

const fn endpoint(path: &'static str, permission: Permission, answer: Write) -> Endpoint {
    Endpoint {
        permission,
        ..Endpoint::new(RestPool::Spot, path, 2, answer)
    }
}

/// `tradeType` of the spot account.
const TRADE: &str = "TRADE";
/// How long spot fills and ledger rows are kept.
const WEEK_MS: u64 = 7 * DAY_MS;
pub(super) const WEEK: Window = Window::up_to(WEEK_MS);
const LIMIT: Newest = Newest::limit(20, 100);
const LEDGER_LIMIT: Newest = Newest::limit(100, 200);
const PAGES: Numbered = Numbered {
    number: "pageNum",
    size: "pageSize",
    default: 20,
    sizes: (1, 50),
};

fn active_symbols(ask: &Ask<'_>) -> Answer {
    let symbols = quoted(&symbols_with_orders(ask, TRADE));
    Ok(Object::new().field("symbols", Raw(&symbols)).end())
}

fn active(ask: &Ask<'_>) -> Answer {
    let symbol = match ask.symbol_required {
        true => Some(required_symbol(ask.query)?),
        false => symbol(ask.query)?,
    };
    let orders = open_orders(ask, TRADE, symbol).into_iter();
    Ok(list_or_null(orders.map(|state| order(&state.value).end())))
}

fn active_page(ask: &Ask<'_>) -> Answer {
    let symbol = required_symbol(ask.query)?;
    let mut orders = open_orders(ask, TRADE, Some(symbol));
    let placed = |state: &&State<OrderRow>| {
        let order = &state.value.order;
        std::cmp::Reverse((order.created_ns, order.id.clone()))
    };
    orders.sort_by_key(placed);
    let page = PAGES.page(ask, orders)?;
    Ok(page.write("currentPage", |state| order(&state.value).end()))
}

fn done(ask: &Ask<'_>) -> Answer {
    done_orders(ask, TRADE, order)
}

fn by_id(ask: &Ask<'_>) -> Answer {
    let found = order_by_id(ask)?;
    Ok(order_or_null(found))
}

fn by_client_oid(ask: &Ask<'_>) -> Answer {
    let found = order_by_client_oid(ask, is_spot)?;
    Ok(order_or_null(found))
}

fn order_or_null(state: Option<&State<OrderRow>>) -> String {
    let state = state.filter(|state| is_spot(state.value.order.terms));
    state.map_or(NULL.to_owned(), |state| order(&state.value).end())
}

fn fills(ask: &Ask<'_>) -> Answer {
    fill_page(ask, TRADE, WEEK_MS)
}

fn ledgers(ask: &Ask<'_>) -> Answer {
    let rows = ledger_page(ask, |wallet| wallet == Wallet::Trade)?;
    Ok(list(rows.into_iter().map(ledger)))
}

/// Returns the symbols with open orders of a `tradeType`, sorted.
pub(super) fn symbols_with_orders(ask: &Ask<'_>, trade_type: &str) -> BTreeSet<&'static str> {
    let orders = open_orders(ask, trade_type, None).into_iter();
    orders.map(|state| state.value.order.symbol).collect()
}

/// Writes a JSON array of symbols.
pub(super) fn quoted(symbols: &BTreeSet<&str>) -> String {
    list(symbols.iter().map(|symbol| format!("\"{symbol}\"")))
}

/// Returns the open orders of a `tradeType`, latest change first.
pub(super) fn open_orders<'a>(
    ask: &Ask<'a>,
    wanted: &str,
    symbol: Option<&str>,
) -> Vec<&'a State<OrderRow>> {
    let mut orders = ask.history.spot.orders.open();
    orders.retain(|state| {
        let order = &state.value.order;
        trade_type(order.terms) == wanted && symbol.is_none_or(|symbol| symbol == order.symbol)
    });
    orders
}

/// Returns the `data` of a list of ended orders of a `tradeType`.
pub(super) fn done_orders(ask: &Ask<'_>, wanted: &str, write: fn(&OrderRow) -> Object) -> Answer {
    let symbol = required_symbol(ask.query)?;
    let window = WEEK.read(ask)?;
    let kinds = Kinds::read(ask.query)?;
    let orders = ask.history.spot.orders.ended(ask.now_ms);
    let orders = orders.filter(|state| {
        let order = &state.value.order;
        let at_market = order.price.is_none();
        trade_type(order.terms) == wanted
            && order.symbol == symbol
            && kinds.include(order.side.as_str(), at_market)
            // An order placed before the window is not listed, even if it ended in the window.
            && window.contains(&(order.created_ns / 1_000_000))
    });
    let page = LIMIT.page(ask.query, orders, |state| state.id)?;
    let Some(last_id) = page.last_id else {
        return Ok(NULL.to_owned());
    };
    let items = page.rows.iter().map(|state| write(&state.value).end());
    Ok(Object::new()
        .field("lastId", last_id)
        .field("items", Raw(&list(items)))
        .end())
}

/// Returns the order with the ID in the path, of any `tradeType`.
pub(super) fn order_by_id<'a>(ask: &Ask<'a>) -> Result<Option<&'a State<OrderRow>>, ApiError> {
    let symbol = required_symbol(ask.query)?;
    let found = ask.history.spot.orders.get(&ask.segment, ask.now_ms);
    Ok(found.filter(|state| state.value.order.symbol == symbol))
}

/// Returns the newest order of an account with the `clientOid` in the path.
pub(super) fn order_by_client_oid<'a>(
    ask: &Ask<'a>,
    is_of_account: impl Fn(Terms) -> bool,
) -> Result<Option<&'a State<OrderRow>>, ApiError> {
    let symbol = required_symbol(ask.query)?;
    Ok(ask.history.spot.orders.find(ask.now_ms, |row| {
        let order = &row.order;
        is_of_account(order.terms)
            && order.symbol == symbol
            && order.client_oid.as_deref() == Some(&*ask.segment)
    }))
}

/// Returns the `data` of a list of fills of a `tradeType`, which are kept for `keep_ms`.
pub(super) fn fill_page(ask: &Ask<'_>, wanted: &str, keep_ms: u64) -> Answer {
    let symbol = required_symbol(ask.query)?;
    let of_order = ask.query.get("orderId");
    // With an order ID, the other filters are ignored.
    let filters = match of_order {
        Some(_) => None,
        None => Some((Kinds::read(ask.query)?, WEEK.read(ask)?)),
    };
    let fills = ask.history.spot.fills.newest_within(ask.now_ms, keep_ms);
    let fills = fills.filter(|row| {
        let fill = &row.value;
        let included = filters.as_ref().is_none_or(|(kinds, window)| {
            kinds.include(fill.side.as_str(), fill.at_market) && window.contains(&row.time_ms)
        });
        trade_type(fill.terms) == wanted
            && fill.symbol == symbol
            && included
            && of_order.is_none_or(|order_id| order_id == &*fill.order_id)
    });
    let page = LIMIT.page(ask.query, fills, |row| row.id)?;
    let items = page.rows.iter().map(|row| fill(row).end());
    Ok(Object::new()
        .field("items", Raw(&list(items)))
        .field("lastId", page.last_id.unwrap_or(0))
        .end())
}

/// Returns a page of the ledger rows of the accounts for which `includes` returns `true`.
pub(super) fn ledger_page<'a>(
    ask: &Ask<'a>,
    includes: fn(Wallet) -> bool,
) -> Result<Vec<&'a Row<LedgerRow>>, ApiError> {
    let window = WEEK.read(ask)?;
    let rows = ask.history.ledger.newest_within(ask.now_ms, WEEK_MS);
    let booked = Bookings::read(ask.query)?;
    let rows = rows.filter(|row| {
        let included = includes(row.value.change.wallet) && booked.include(&row.value);
        included && window.contains(&row.time_ms)
    });
    Ok(LEDGER_LIMIT.page(ask.query, rows, |row| row.id)?.rows)
}

/// The filters `currency`, `bizType` and `direction` of ledgers.
pub(super) struct Bookings<'q> {
    query: &'q Query,
    direction: Option<&'q str>,
}

impl<'q> Bookings<'q> {
    pub(super) fn read(query: &'q Query) -> Result<Self, ApiError> {
        let direction = query.one_of("direction", &["in", "out"])?;
        Ok(Self { query, direction })
    }

    pub(super) fn include(&self, row: &LedgerRow) -> bool {
        self.query.lists("currency", &row.change.currency)
            && self
                .query
                .lists("bizType", business_type(row.change.reason))
            && self.direction.is_none_or(|wanted| wanted == direction(row))
    }
}

/// The filters `side` and `type` of order and fill lists.
pub(super) struct Kinds<'q> {
    side: Option<&'q str>,
    kind: Option<&'q str>,
}

impl<'q> Kinds<'q> {
    pub(super) fn read(query: &'q Query) -> Result<Self, ApiError> {
        let side = query.one_of("side", &["buy", "sell"])?;
        let kind = query.one_of("type", &["limit", "market"])?;
        Ok(Self { side, kind })
    }

    pub(super) fn include(&self, side: &str, at_market: bool) -> bool {
        self.side.is_none_or(|wanted| wanted == side)
            && self
                .kind
                .is_none_or(|wanted| wanted == order_type(at_market))
    }
}

pub(super) fn required_symbol(query: &Query) -> Result<&str, ApiError> {
    query.required("symbol")?;
    Ok(symbol(query)?.unwrap_or_default())
}

/// Returns the symbol of a query, which must be one of [`SYMBOLS`].
pub(super) fn symbol(query: &Query) -> Result<Option<&str>, ApiError> {
    let symbol = query.get("symbol");
    if symbol.is_some_and(|symbol| !SYMBOLS.contains(&symbol)) {
        return Err(invalid("symbol", "does not exist"));
    }
    Ok(symbol)
}

fn is_spot(terms: Terms) -> bool {
    matches!(terms, Terms::Spot(Wallet::Trade))
}

pub(super) fn order_type(at_market: bool) -> &'static str {
    if at_market { "market" } else { "limit" }
}

/// Returns `tradeType` of an order or fill.
pub(super) fn trade_type(terms: Terms) -> &'static str {
    match terms {
        Terms::Spot(Wallet::Margin) => "MARGIN_TRADE",
        Terms::Spot(Wallet::Isolated(_)) => "MARGIN_ISOLATED_TRADE",
        _ => "TRADE",
    }
}

/// Writes an order, without the end of the object.
pub(super) fn order(row: &OrderRow) -> Object {
    let order = &row.order;
    let (active, canceled) = (!row.change.is_final(), row.change == OrderChange::Canceled);
    let size = match order.by_funds {
        true => Decimal::ZERO,
        false => order.size - order.reduced,
    };
    let funds = match (order.by_funds, order.price) {
        (true, _) => order.size,
        (false, Some(price)) => price * size,
        (false, None) => Decimal::ZERO,
    };
    // Funds of a market order by size are unknown; what it spent is in `dealFunds`.
    let left = (funds - order.filled_value).max(Decimal::ZERO);
    let (remain_funds, canceled_funds) = match canceled {
        true => (Decimal::ZERO, left),
        false => (left, Decimal::ZERO),
    };
    Object::new()
        .field("id", &*order.id)
        .field("clientOid", OrNull(order.client_oid.as_deref()))
        .field("symbol", order.symbol)
        .field("opType", "DEAL")
        .field("type", order_type(order.price.is_none()))
        .field("side", order.side.as_str())
        .field("price", order.price.unwrap_or_default())
        .field("size", size)
        .field("funds", funds)
        .field("dealSize", order.filled)
        .field("dealFunds", order.filled_value)
        .field(
            "remainSize",
            if order.by_funds {
                Decimal::ZERO
            } else {
                order.remain
            },
        )
        .field("remainFunds", remain_funds)
        .field("cancelledSize", order.canceled)
        .field("cancelledFunds", canceled_funds)
        .field("fee", order.fee)
        .field("feeCurrency", order.fee_currency)
        .field("stp", Raw(NULL))
        .field("timeInForce", "GTC")
        .field("postOnly", false)
        .field("hidden", false)
        .field("iceberg", false)
        .field("visibleSize", "0")
        .field("cancelAfter", 0_u8)
        .field("channel", "API")
        .field("remark", Raw(NULL))
        .field("tags", Raw(NULL))
        .field("cancelExist", canceled)
        .field("tradeType", trade_type(order.terms))
        .field("inOrderBook", active && row.in_book)
        .field("active", active)
        .field("tax", "0")
        .field("createdAt", order.created_ns / 1_000_000)
        .field("lastUpdatedAt", row.updated_ms)
        .field("cancelReason", canceled.then_some(0_u8))
}

/// Writes a fill, without the end of the object. Its IDs are integers, which may exceed 2^53.
pub(super) fn fill(row: &Row<FillRow>) -> Object {
    let FillRow { fill, .. } = &row.value;
    let liquidity = match fill.liquidity {
        Liquidity::Maker => "maker",
        Liquidity::Taker => "taker",
    };
    Object::new()
        .field("id", row.id)
        .field("symbol", row.value.symbol)
        .field("tradeId", Raw(&fill.trade_id))
        .field("orderId", &*row.value.order_id)
        .field("counterOrderId", fill.counter_order_id.as_deref())
        .field("side", row.value.side.as_str())
        .field("liquidity", liquidity)
        .field("type", order_type(row.value.at_market))
        .field("forceTaker", false)
        .field("price", fill.price)
        .field("size", fill.size)
        .field("funds", fill.price * fill.size)
        .field("fee", fill.fee)
        .field("feeRate", fill.fee_rate)
        .field("feeCurrency", row.value.fee_currency)
        .field("stop", "")
        .field("tradeType", trade_type(row.value.terms))
        .field("taxRate", "0")
        .field("tax", "0")
        .field("createdAt", row.time_ms)
}

/// Returns `bizType` of a balance change.
pub(super) fn business_type(reason: Reason) -> &'static str {
    match reason {
        Reason::Settled => "TRADE_EXCHANGE",
        Reason::Transfer => "TRANSFER",
        Reason::Deposit => "DEPOSIT",
        Reason::Borrow => "MARGIN_BORROW",
        Reason::Repay => "MARGIN_REPAY",
        // A hold changes no total, so it has no row.
        Reason::Hold => "HOLD",
    }
}

pub(super) fn direction(row: &LedgerRow) -> &'static str {
    if row.amount().is_sign_negative() {
        "out"
    } else {
        "in"
    }
}

/// Returns the order and trade of a ledger row as JSON text; `{}` without an order.
pub(super) fn ledger_context(row: &LedgerRow) -> String {
    let Some(context) = &row.change.context else {
        return Object::new().end();
    };
    Object::new()
        .field("symbol", context.symbol)
        .field("orderId", &*context.order_id)
        .field("tradeId", context.trade_id.as_deref())
        .end()
}

/// Writes a ledger row; `amount` is absolute and includes the fee.
fn ledger(row: &Row<LedgerRow>) -> String {
    let change = &row.value.change;
    Object::new()
        .field("id", row.id.to_string())
        .field("currency", &*change.currency)
        .field("amount", row.value.amount().abs())
        .field("fee", row.value.fee)
        .field("tax", "0")
        .field("balance", change.available + change.hold)
        .field("accountType", "TRADE_HF")
        .field("bizType", business_type(change.reason))
        .field("direction", direction(&row.value))
        .field("createdAt", row.time_ms.to_string())
        .field("context", ledger_context(&row.value))
        .end()
}
