//! Orders, fills and ledger of the margin accounts (high-frequency trading).

use super::history::{DAY_MS, LedgerRow, OrderRow, Row, State};
use super::spot::{self, business_type, direction, ledger_context, trade_type};
use super::{Answer, Ask, Endpoint, NULL, Permission, Write, list, list_or_null};
use crate::credentials::ApiError;
use crate::engine::{Terms, Wallet};
use crate::fault::RestPool;
use crate::json::{Object, Raw};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        permission: Permission::Margin,
        ..endpoint("/api/v3/hf/margin/order/active/symbols", 4, active_symbols)
    },
    endpoint("/api/v3/hf/margin/orders/active", 4, active),
    endpoint("/api/v3/hf/margin/orders/done", 10, done),
    endpoint("/api/v3/hf/margin/orders/{id}", 5, by_id),
    endpoint(
        "/api/v3/hf/margin/orders/client-order/{clientOid}",
        5,
        by_client_oid,
    ),
    endpoint("/api/v3/hf/margin/fills", 5, fills),
    endpoint("/api/v3/hf/margin/account/ledgers", 2, ledgers),
];

const fn endpoint(path: &'static str, weight: u32, answer: Write) -> Endpoint {
    Endpoint::new(RestPool::Spot, path, weight, answer)
}

/// How long margin fills are kept.
const FILLS_MS: u64 = 90 * DAY_MS;

/// Returns `tradeType` of a query, cross or isolated margin.
fn required_trade_type<'a>(ask: &Ask<'a>) -> Result<&'a str, ApiError> {
    ask.query.required("tradeType")?;
    let valid = ["MARGIN_TRADE", "MARGIN_ISOLATED_TRADE"];
    Ok(ask.query.one_of("tradeType", &valid)?.unwrap_or_default())
}

fn active_symbols(ask: &Ask<'_>) -> Answer {
    let symbols = spot::symbols_with_orders(ask, required_trade_type(ask)?);
    Ok(Object::new()
        .field("symbolSize", symbols.len() as u64)
        .field("symbols", Raw(&spot::quoted(&symbols)))
        .end())
}

fn active(ask: &Ask<'_>) -> Answer {
    let symbol = spot::required_symbol(ask.query)?;
    let orders = spot::open_orders(ask, required_trade_type(ask)?, Some(symbol)).into_iter();
    Ok(list_or_null(orders.map(|state| order(&state.value).end())))
}

fn done(ask: &Ask<'_>) -> Answer {
    spot::done_orders(ask, required_trade_type(ask)?, order)
}

fn by_id(ask: &Ask<'_>) -> Answer {
    let found = spot::order_by_id(ask)?.filter(|state| is_wanted(ask, state.value.order.terms));
    Ok(order_or_null(found))
}

fn by_client_oid(ask: &Ask<'_>) -> Answer {
    let found = spot::order_by_client_oid(ask, |terms| is_wanted(ask, terms))?;
    Ok(order_or_null(found))
}

/// Returns `true` for orders of both margin accounts; unlike the lists, one order needs no `tradeType`.
fn is_wanted(ask: &Ask<'_>, terms: Terms) -> bool {
    let wanted = ask.query.get("tradeType");
    trade_type(terms) != "TRADE" && wanted.is_none_or(|wanted| wanted == trade_type(terms))
}

fn order_or_null(state: Option<&State<OrderRow>>) -> String {
    state.map_or(NULL.to_owned(), |state| order(&state.value).end())
}

fn fills(ask: &Ask<'_>) -> Answer {
    spot::fill_page(ask, required_trade_type(ask)?, FILLS_MS)
}

fn ledgers(ask: &Ask<'_>) -> Answer {
    let rows = spot::ledger_page(ask, |wallet| account_type(wallet).is_some())?;
    Ok(list(rows.into_iter().map(ledger)))
}

/// Writes an order, without the end of the object. An order that a stop order placed has no stop of its own.
fn order(row: &OrderRow) -> Object {
    spot::order(row)
        .field("stop", Raw(NULL))
        .field("stopTriggered", false)
        .field("stopPrice", "0")
}

/// Returns `accountType` of a margin account; `None` for other accounts.
fn account_type(wallet: Wallet) -> Option<&'static str> {
    match wallet {
        Wallet::Margin => Some("MARGIN_V2"),
        Wallet::Isolated(_) => Some("ISOLATED_V2"),
        Wallet::Main | Wallet::Trade => None,
    }
}

/// Writes a ledger row; unlike in the spot ledger, `id` and `createdAt` are integers.
fn ledger(row: &Row<LedgerRow>) -> String {
    let change = &row.value.change;
    Object::new()
        .field("id", row.id)
        .field("currency", &*change.currency)
        .field("amount", row.value.amount().abs())
        .field("fee", row.value.fee)
        .field("balance", change.available + change.hold)
        .field("accountType", account_type(change.wallet))
        .field("bizType", business_type(change.reason))
        .field("direction", direction(&row.value))
        .field("createdAt", row.time_ms)
        .field("context", ledger_context(&row.value))
        .field("tax", "0")
        .end()
}
