//! The lines of the charts: what each line shows, and its value now.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams::{AccountPart, AccountState, Decimal, WsKey};
use serde::Serialize;

use crate::hub::to_json;

/// What a line shows. As JSON it is the key of the line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineKey<'l> {
    chart: &'static str,
    part: AccountPart,
    ws_key: &'static str,
    name: &'l str,
    unit: &'l str,
    what: &'static str,
    /// Number among the lines that are the same in all else, such as two accounts of one type.
    number: u32,
}

/// The values of all lines at one moment.
#[derive(Default)]
pub(crate) struct ChartLines {
    pub(crate) values: BTreeMap<String, String>,
    /// Balances that have not been zero once.
    balances: BTreeSet<String>,
}

impl ChartLines {
    /// Takes the values of the account, instead of those before.
    ///
    /// A balance is its equity if KuCoin reports one, otherwise its total. Nothing is converted or summed.
    pub(crate) fn measure(&mut self, state: &AccountState) {
        self.values.clear();
        for row in state.balances() {
            let (what, value) = match (row.equity, row.total) {
                (Some(equity), _) => ("equity, as KuCoin reports it", equity),
                (None, Some(total)) => ("total balance", total),
                (None, None) => continue,
            };
            let kind = ("equity", AccountPart::Balances, row.ws_key);
            let key = self.add(kind, &row.account, &row.currency, what, &value);
            if !value.is_zero() {
                self.balances.insert(key);
            } else if !self.balances.contains(&key) {
                self.values.remove(&key);
            }
        }
        if let Some(equity) = state.margin().unified.as_ref().and_then(|risk| risk.equity) {
            let kind = ("equity", AccountPart::Margin, WsKey::PrivateProV2);
            let what = "equity in the valuation currency of the account, as KuCoin reports it";
            self.add(kind, "unified account", "(valuation)", what, &equity);
        }
        for (ws_key, part, _) in state.trusts() {
            if part == AccountPart::Orders {
                let count = state
                    .open_orders()
                    .filter(|order| order.ws_key == ws_key)
                    .count();
                let kind = ("orders", part, ws_key);
                self.add(
                    kind,
                    ws_key.as_str(),
                    "orders",
                    "open orders and stop orders",
                    &count,
                );
            }
        }
        for row in state.positions().filter(|row| row.is_open()) {
            let unit = row.settle_currency.as_deref().unwrap_or_default();
            let name = format!("{} {}", row.symbol, row.side);
            let mut add = |what, value: Option<Decimal>| {
                let kind = ("positions", AccountPart::Positions, row.ws_key);
                value.map(|value| self.add(kind, &name, unit, what, &value))
            };
            add("value at the mark price", row.mark_value);
            add("unrealised profit and loss", row.unrealised_pnl);
        }
    }

    /// Adds the value of a line; returns the key.
    pub(crate) fn add(
        &mut self,
        (chart, part, ws_key): (&'static str, AccountPart, WsKey),
        name: &str,
        unit: &str,
        what: &'static str,
        value: &impl ToString,
    ) -> String {
        let ws_key = ws_key.as_str();
        let mut line = LineKey {
            chart,
            part,
            ws_key,
            name,
            unit,
            what,
            number: 1,
        };
        while self.values.contains_key(&*to_json(&line)) {
            line.number += 1;
        }
        let key = to_json(&line).to_string();
        self.values.insert(key.clone(), value.to_string());
        key
    }
}
