//! Tests of REST responses, over an account without sockets.

mod account;
mod futures;
mod futures_account;
mod futures_stops;
mod hedge;
mod lists;
mod margin;
mod margin_accounts;
mod paging;
mod spot;
mod stops;
mod unified;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::*;
use crate::engine::test_util::{BUY_BTC, decimal};
use crate::engine::{Event, Wallet};
use crate::rest::history::DAY_MS;

const NOW: u64 = 1_765_465_341_363;
const USER_ID: &str = "6335500000000000000319bc";

/// An account and its history.
struct Account {
    engine: Engine,
    history: History,
    now_ms: u64,
    /// Options of the queries.
    symbol_required: bool,
    shift: usize,
    permissions: KeyPermissions,
    account_mode: AccountMode,
}

impl Account {
    fn new() -> Self {
        Self::with(Delays::default(), DEFAULT_ROWS)
    }

    fn with(delays: Delays, rows: usize) -> Self {
        Self {
            engine: Engine::new(1, NOW),
            history: History::new(1, delays, rows),
            now_ms: NOW,
            symbol_required: false,
            shift: 0,
            permissions: KeyPermissions::All,
            account_mode: AccountMode::Unified,
        }
    }

    /// Runs a command some milliseconds later, and records its events.
    fn after<R>(&mut self, ms: u64, command: impl FnOnce(&mut Engine) -> R) -> R {
        self.now_ms += ms;
        let result = command(self.engine.at(self.now_ms));
        self.publish();
        result
    }

    /// Records the new events and returns them.
    fn publish(&mut self) -> Vec<Event> {
        let events = self.engine.take_events();
        events
            .iter()
            .cloned()
            .for_each(|event| self.history.record(event));
        events
    }

    fn user(&self) -> User<'static> {
        User {
            id: USER_ID,
            api_key: "key",
            permissions: self.permissions,
            key_version: 3,
            ip_list: "127.0.0.1",
            account_mode: self.account_mode,
        }
    }

    /// Returns the text of `data`, or the message of the error of a parameter.
    fn text(&mut self, target: &str) -> Result<String, String> {
        self.answer(target).map_err(|error| {
            assert_eq!(error.code, "400100");
            error.message
        })
    }

    fn answer(&mut self, target: &str) -> Result<String, ApiError> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (endpoint, segment) = find(ServedMarket::Both, path).unwrap();
        self.history.advance(self.now_ms);
        let ask = Ask {
            query: &Query::parse(query),
            segment,
            history: &self.history,
            engine: &self.engine,
            now_ms: self.now_ms,
            symbol_required: self.symbol_required,
            shift: self.shift,
            user: self.user(),
        };
        (endpoint.answer)(&ask)
    }

    fn get(&mut self, target: &str) -> Value {
        serde_json::from_str(&self.text(target).unwrap()).unwrap()
    }

    /// Returns one key of every row of a list.
    fn column(&mut self, target: &str, key: &str) -> Vec<Value> {
        let data = self.get(target);
        let rows = if data.is_object() {
            &data["items"]
        } else {
            &data
        };
        let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
        rows.iter().map(|row| row[key].clone()).collect()
    }
}

fn amount(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Reads every page of a list whose page has a `lastId` with this key.
fn all(account: &mut Account, target: &str, key: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = target.to_owned();
    loop {
        let page = account.get(&next);
        let items = page["items"].as_array().cloned().unwrap_or_default();
        if items.is_empty() {
            return rows;
        }
        next = format!("{target}&lastId={}", page[key]);
        rows.extend(items);
    }
}

/// Reads every page of a ledger, which is a list without `lastId`.
fn all_ledgers(account: &mut Account, path: &str) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let last = rows.last().map_or(String::new(), |row| match &row["id"] {
            Value::String(id) => id.clone(),
            id => id.to_string(),
        });
        let page = account.get(&format!("{path}?limit=50&lastId={last}"));
        let page = page.as_array().cloned().unwrap();
        let ends = page.len() < 50;
        rows.extend(page);
        if ends {
            return rows;
        }
    }
}

/// Checks that each `balance` of a ledger is the one before plus the amount, and the last one the balance now.
fn assert_balances_follow<'a>(
    account: &Account,
    wallet: Wallet,
    rows: impl IntoIterator<Item = &'a Value>,
) {
    let mut later: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in rows {
        let sign = match row["direction"] == "in" {
            true => Decimal::ONE,
            false => -Decimal::ONE,
        };
        let (currency, balance) = (text(&row["currency"]), amount(&row["balance"]));
        let expected = later.insert(currency.clone(), balance - sign * amount(&row["amount"]));
        let now = || account.engine.balance(wallet, &currency).total();
        assert_eq!(balance, expected.unwrap_or_else(now), "{row}");
    }
}

#[test]
fn endpoint_is_found_by_host_and_path() {
    let path = |market, path| find(market, path).map(|found| (found.0.path, found.1));
    let fills = "/api/v1/hf/fills";
    assert_eq!(
        path(ServedMarket::Spot, fills),
        Some((fills, String::new()))
    );
    assert_eq!(path(ServedMarket::Futures, fills), None);
    let both = |text| path(ServedMarket::Both, text);
    assert_eq!(
        both("/api/v1/hf/orders/a%20b"),
        Some(("/api/v1/hf/orders/{id}", "a b".to_owned()))
    );
    let active = "/api/v1/hf/orders/active";
    assert_eq!(both(active), Some((active, String::new())));
    for unknown in ["/api/v1/hf/orders/", "/api/v1/hf/orders/a/b", "/api/v1/hf"] {
        assert_eq!(both(unknown), None, "{unknown}");
    }
}

#[test]
fn paths_of_endpoints_are_unique() {
    let mut paths: Vec<_> = FAMILIES
        .iter()
        .copied()
        .flatten()
        .map(|it| it.path)
        .collect();
    let all = paths.len();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), all);
}

#[test]
fn key_and_account_mode_are_checked() {
    let endpoint = |path, permission| Endpoint {
        host: Host::Spot,
        path,
        pool: RestPool::Unified,
        weight: 1,
        permission,
        answer: |_| Ok(NULL.to_owned()),
    };
    let code = |settings: &RestSettings, path, permission| {
        let checked = settings.check(&endpoint(path, permission));
        checked.err().map(|error| error.code)
    };
    let mut settings = RestSettings::default();
    let unified = "/api/ua/v1/unified/order/open-list";
    assert_eq!(code(&settings, unified, Permission::Spot), None);
    settings.permissions = KeyPermissions::General;
    settings.account_mode = AccountMode::Classic;
    assert_eq!(code(&settings, "/a", Permission::General), None);
    assert_eq!(
        code(&settings, "/a", Permission::Spot).as_deref(),
        Some("400007")
    );
    assert_eq!(
        code(&settings, unified, Permission::General).as_deref(),
        Some("112010")
    );
}
