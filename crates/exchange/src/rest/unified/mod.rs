//! The unified account (`/api/ua/...`): its orders, fills, positions and balances, and the balances of classic accounts.
//!
//! Rows have the IDs, words and times of the Pro V2 pushes of the unified account.

mod account;
mod ledger;
mod orders;
mod positions;

use super::history::DAY_MS;
use super::paging::{Newest, NewestPage, Numbered, Window};
use super::query::{Query, invalid};
use super::{Answer, Endpoint, Permission, Write, list};
use crate::CONTRACTS;
use crate::credentials::ApiError;
use crate::fault::RestPool;
use crate::json::{Object, OrNull, Raw};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint("/api/ua/v1/unified/order/open-list", 4, orders::open_list),
    endpoint("/api/ua/v1/unified/order/history", 4, orders::history),
    endpoint("/api/ua/v1/unified/order/detail", 4, orders::detail),
    endpoint("/api/ua/v1/unified/order/execution", 4, orders::executions),
    endpoint(
        "/api/ua/v1/unified/position/open-list",
        3,
        positions::open_list,
    ),
    endpoint("/api/ua/v1/position/history", 2, positions::history),
    endpoint(
        "/api/ua/v1/position/funding-history",
        15,
        positions::funding,
    ),
    endpoint(
        "/api/ua/v1/unified/position/margin-mode",
        10,
        positions::margin_mode,
    ),
    endpoint(
        "/api/ua/v1/unified/account/balance",
        5,
        account::unified_balance,
    ),
    endpoint("/api/ua/v1/account/balance", 5, account::classic_balance),
    endpoint("/api/ua/v1/account/ledger", 2, ledger::ledger),
    endpoint("/api/ua/v1/unified/account/overview", 5, account::overview),
    Endpoint {
        permission: Permission::Unified,
        ..endpoint("/api/ua/v1/unified/account/leverage", 10, account::leverage)
    },
    endpoint("/api/ua/v1/account/mode", 30, account::mode),
];

const fn endpoint(path: &'static str, weight: u32, answer: Write) -> Endpoint {
    Endpoint::new(RestPool::Unified, path, weight, answer)
}

const WEEK: Window = Window::up_to(7 * DAY_MS);
/// Pages of open orders and positions.
const PAGES: Numbered = Numbered {
    number: "pageNumber",
    size: "pageSize",
    default: 50,
    sizes: (1, 200),
};
/// Pages of lists that continue at a `lastId`, which is the ID of no row.
const ROWS: Newest = Newest {
    size: "pageSize",
    default: 50,
    most: 200,
    opaque: true,
};

/// Writes a page of rows and its `lastId`, which is `null` if the page is empty.
fn page<R>(trade_type: Option<&str>, page: &NewestPage<R>, write: impl Fn(&R) -> String) -> String {
    Object::new()
        .field("tradeType", trade_type)
        .field("lastId", OrNull(page.last_id))
        .field("items", Raw(&list(page.rows.iter().map(write))))
        .end()
}

/// Returns the contract of a query, which must be one of [`CONTRACTS`].
fn contract(query: &Query) -> Result<Option<&str>, ApiError> {
    let symbol = query.get("symbol");
    if symbol.is_some_and(|symbol| !CONTRACTS.contains(&symbol)) {
        return Err(invalid("symbol", "does not exist"));
    }
    Ok(symbol)
}
