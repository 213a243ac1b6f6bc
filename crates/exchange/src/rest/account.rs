//! The account's API key, its balances, and the ledger of the funding account.

use super::history::{DAY_MS, LedgerRow, Row};
use super::paging::{Numbered, Window};
use super::query::invalid;
use super::spot::{Bookings, business_type, direction};
use super::{Answer, Ask, Endpoint, Permission, Write, list};
use crate::engine::{Wallet, WalletBalance};
use crate::fault::{KeyPermissions, RestPool};
use crate::json::Object;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint("/api/v1/user/api-key", 3, api_key),
    endpoint("/api/v1/accounts", 5, accounts),
    endpoint("/api/v1/accounts/{accountId}", 5, account),
    endpoint("/api/v1/accounts/ledgers", 2, ledgers),
];

const fn endpoint(path: &'static str, weight: u32, answer: Write) -> Endpoint {
    Endpoint::new(RestPool::Management, path, weight, answer)
}

/// Time at which the demo API key was created.
const KEY_CREATED_MS: u64 = 1_727_006_400_000;
const PAGES: Numbered = Numbered {
    number: "currentPage",
    size: "pageSize",
    default: 50,
    sizes: (10, 500),
};
/// Maximum number of rows of one query, on all its pages.
const MOST_ROWS: usize = 10_000;
/// Maximum number of currencies of one query.
const MOST_CURRENCIES: usize = 10;

fn api_key(ask: &Ask<'_>) -> Answer {
    let granted = Permission::ALL.into_iter();
    let granted = granted.filter(|(permission, _)| permission.is_granted(ask.user.permissions));
    let mut permissions: Vec<&str> = granted.map(|(_, name)| name).collect();
    if ask.user.permissions == KeyPermissions::Withdrawal {
        permissions.push("Withdrawal");
    }
    Ok(Object::new()
        .field("remark", "demo")
        .field("apiKey", ask.user.api_key)
        .field("apiVersion", ask.user.key_version)
        .field("permission", permissions.join(","))
        .field("ipWhitelist", ask.user.ip_list)
        .field("createdAt", KEY_CREATED_MS)
        .field("uid", uid(ask.user.id))
        .field("isMaster", true)
        .end())
}

/// Returns the numeric user ID: nine digits that depend on the user ID in pushes.
fn uid(user_id: &str) -> u64 {
    let digits = user_id.get(user_id.len().saturating_sub(7)..);
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    100_000_000 + number.unwrap_or_default()
}

/// The values of `type`; only the first two have accounts.
const TYPES: [&str; 6] = ["main", "trade", "margin", "isolated", "trade_hf", "option"];

/// Lists the balances of the funding and the spot account; margin accounts have endpoints of their own.
fn accounts(ask: &Ask<'_>) -> Answer {
    let currency = ask.query.get("currency");
    let wanted = ask.query.one_of("type", &TYPES)?;
    let accounts = listed(ask).filter(|(wallet, held, ..)| {
        currency.is_none_or(|currency| currency == *held)
            && wanted.is_none_or(|wanted| wanted == wallet.to_string())
    });
    Ok(list(accounts.map(|(wallet, currency, id, balance)| {
        let row = Object::new()
            .field("id", id)
            .field("currency", currency)
            .field("type", wallet.to_string());
        amounts(row, balance)
    })))
}

/// Writes one account, without its ID and type.
fn account(ask: &Ask<'_>) -> Answer {
    let found = listed(ask).find(|(_, _, id, _)| **id == *ask.segment);
    let (_, currency, _, balance) = found.ok_or_else(|| invalid("accountId", "does not exist"))?;
    Ok(amounts(Object::new().field("currency", currency), balance))
}

/// Returns the wallet, currency, ID and balance of the funding and the spot accounts.
fn listed<'a>(ask: &Ask<'a>) -> impl Iterator<Item = (Wallet, &'a str, &'a str, WalletBalance)> {
    let accounts = ask.engine.accounts();
    accounts.filter(|(wallet, ..)| matches!(wallet, Wallet::Main | Wallet::Trade))
}

fn amounts(row: Object, balance: WalletBalance) -> String {
    row.field("balance", balance.total())
        .field("available", balance.available)
        .field("holds", balance.hold)
        .end()
}

fn ledgers(ask: &Ask<'_>) -> Answer {
    let window = Window::up_to(DAY_MS).read(ask)?;
    let currencies = ask.query.get("currency").unwrap_or_default().split(',');
    if currencies.count() > MOST_CURRENCIES {
        let rule = format!("must have at most {MOST_CURRENCIES} currencies");
        return Err(invalid("currency", &rule));
    }
    let booked = Bookings::read(ask.query)?;
    let rows = ask.history.ledger.newest(ask.now_ms).filter(|row| {
        row.value.change.wallet == Wallet::Main
            && booked.include(&row.value)
            && window.contains(&row.time_ms)
    });
    let page = PAGES.page(ask, rows.take(MOST_ROWS))?;
    Ok(page.write("currentPage", |row| ledger(row)))
}

/// Writes a ledger row. KuCoin no longer fills `balance`.
fn ledger(row: &Row<LedgerRow>) -> String {
    let change = &row.value.change;
    Object::new()
        .field("id", row.id.to_string())
        .field("currency", &*change.currency)
        .field("amount", row.value.amount().abs())
        .field("fee", row.value.fee)
        .field("balance", "0")
        .field("accountType", "MAIN")
        .field("bizType", business_type(change.reason))
        .field("direction", direction(&row.value))
        .field("createdAt", row.time_ms)
        .field("context", "")
        .end()
}
