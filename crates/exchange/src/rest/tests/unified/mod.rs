//! The unified account: its rows, and how they agree with the Pro V2 pushes of the same account.

mod account;
mod hedge;
mod ledger;
mod lists;
mod orders;
mod positions;

use std::collections::BTreeMap;

use super::*;
use crate::engine::{Side, Wallet};
use crate::pro::ProRenderer;

const BUY_XBT: (Option<Wallet>, &str, Side) = (None, "XBTUSDTM", Side::Buy);
const SELL_XBT: (Option<Wallet>, &str, Side) = (None, "XBTUSDTM", Side::Sell);

/// An account and its Pro V2 pushes.
struct Pushed {
    account: Account,
    renderer: ProRenderer,
    /// Topic and data of each push, oldest first.
    pushes: Vec<(&'static str, Value)>,
}

impl Pushed {
    fn new() -> Self {
        Self::of(Account::new())
    }

    fn of(account: Account) -> Self {
        Self {
            renderer: ProRenderer::new(&account.engine),
            account,
            pushes: Vec::new(),
        }
    }

    /// Creates an account with random activity.
    fn busy(steps: usize) -> Self {
        let mut pushed = Self::new();
        for _ in 0..steps {
            pushed.after(3, crate::engine::Engine::step);
        }
        pushed
    }

    /// Runs a command some milliseconds later, and records its events and pushes.
    fn after<R>(&mut self, ms: u64, command: impl FnOnce(&mut Engine) -> R) -> R {
        self.account.now_ms += ms;
        let result = command(self.account.engine.at(self.account.now_ms));
        let mut pushes = Vec::new();
        for event in self.account.publish() {
            pushes.extend(self.renderer.render(&event));
        }
        pushes.extend(self.renderer.finish());
        let data = |data: &str| serde_json::from_str(data).unwrap();
        self.pushes
            .extend(pushes.iter().map(|push| (push.topic(), data(&push.data))));
        result
    }

    fn get(&mut self, target: &str) -> Value {
        self.account.get(&full(target))
    }

    fn text(&mut self, target: &str) -> Result<String, String> {
        self.account.text(&full(target))
    }

    fn column(&mut self, target: &str, key: &str) -> Vec<Value> {
        self.account.column(&full(target), key)
    }

    /// Reads every page of a list that continues at a `lastId`.
    fn all(&mut self, target: &str) -> Vec<Value> {
        let (mut rows, mut last): (Vec<Value>, _) = (Vec::new(), String::new());
        loop {
            let mark = if target.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{target}{mark}pageSize=100&lastId={last}"));
            let items = page["items"].as_array().cloned().unwrap();
            if items.is_empty() {
                assert_eq!(page["lastId"], Value::Null);
                return rows;
            }
            last = page["lastId"].to_string();
            assert!(last.parse::<u64>().unwrap() > 1 << 53, "{last}");
            rows.extend(items);
        }
    }

    /// Returns the pushes of a topic, oldest first.
    fn on<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Value> {
        let pushes = self.pushes.iter().filter(move |push| push.0 == topic);
        pushes.map(|push| &push.1)
    }

    /// Returns the last push of a topic by the text of one key.
    fn last_by(&self, topic: &str, key: &str) -> BTreeMap<String, Value> {
        let pushes = self.on(topic);
        pushes
            .map(|data| (text(&data[key]), data.clone()))
            .collect()
    }
}

fn full(target: &str) -> String {
    format!("/api/ua/v1/{target}")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Checks that a row has the values of a push, by pairs of a key of the row and a key of the push.
fn same(row: &Value, push: &Value, keys: &[(&str, &str)]) {
    for (key, pushed) in keys {
        assert!(!row[*key].is_null(), "{key} is missing in {row}");
        assert_eq!(row[*key], push[*pushed], "{key} of {row} and {push}");
    }
}

/// The trade types and symbols of all orders.
fn targets() -> Vec<String> {
    let of_spot = ["SPOT", "MARGIN"].into_iter().flat_map(|kind| {
        let symbols = crate::SYMBOLS.into_iter();
        symbols.map(move |symbol| format!("tradeType={kind}&symbol={symbol}"))
    });
    of_spot.chain(["tradeType=FUTURES".to_owned()]).collect()
}

#[test]
fn both_versions_have_the_same_endpoints() {
    let path = |path: &str| find(ServedMarket::Spot, path).map(|found| found.0.path);
    for tail in ["unified/order/open-list", "account/mode"] {
        let first = full(tail);
        let second = first.replace("v1", "v2");
        assert_eq!(path(&first), Some(&*first));
        assert_eq!(path(&second), Some(&*first));
        assert_eq!(path(&first.replace("v1", "v3")), None);
    }
}

#[test]
fn only_leverage_needs_more_than_a_general_key() {
    for endpoint in crate::rest::unified::ENDPOINTS {
        let needs_more = endpoint.permission != Permission::General;
        assert_eq!(needs_more, endpoint.path.ends_with("/leverage"));
        assert_eq!(endpoint.pool, RestPool::Unified);
    }
}
