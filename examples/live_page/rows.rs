//! Rows of the kept account for the page: what has changed since the last message, and the values of the charts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kucoin_streams::{
    AccountBalance, AccountFill, AccountOrder, AccountPart, AccountPosition, AccountState, Decimal,
    WsKey,
};
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use crate::hub::{Rows, Tables};

/// What the page has of the account.
#[derive(Default)]
pub(crate) struct SentRows {
    orders: BTreeMap<String, Arc<AccountOrder>>,
    fills: BTreeMap<String, Arc<AccountFill>>,
    balances: BTreeMap<String, Arc<AccountBalance>>,
    positions: BTreeMap<String, Arc<AccountPosition>>,
    /// Lines of the charts that have had a value other than zero.
    charted: BTreeSet<String>,
}

/// An order, with what the kept order computes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageOrder<'o> {
    #[serde(flatten)]
    order: &'o AccountOrder,
    average_price: Option<Decimal>,
}

impl SentRows {
    /// Returns the rows that have changed since the last call.
    pub(crate) fn changed(&mut self, state: &AccountState) -> Tables {
        let orders = state
            .orders()
            .map(|row| (row.order_id.to_string(), row.to_arc()));
        let fills = state.fills().map(|row| {
            let key = row.key();
            (format!("{key:?}"), row.to_arc())
        });
        let balances = state
            .balances()
            .map(|row| (balance_key(&row), row.to_arc()));
        let positions = state
            .positions()
            .map(|row| (position_key(&row), row.to_arc()));
        let order_row = |order: &AccountOrder| {
            let average_price = order.average_price();
            raw(&PageOrder {
                order,
                average_price,
            })
        };
        let trusts = state.trusts().map(|(ws_key, part, trust)| {
            let key = format!("{ws_key} {part}");
            (
                key,
                Some(raw(
                    &json!({ "wsKey": ws_key.as_str(), "part": part, "is": trust }),
                )),
            )
        });
        Tables::from([
            ("orders", changed_rows(&mut self.orders, orders, order_row)),
            ("fills", changed_rows(&mut self.fills, fills, raw)),
            ("balances", changed_rows(&mut self.balances, balances, raw)),
            (
                "positions",
                changed_rows(&mut self.positions, positions, raw),
            ),
            ("trusts", trusts.collect()),
        ])
    }

    /// Returns the value of each line of the charts, and the description of each line.
    ///
    /// A balance is its equity if KuCoin reports one, otherwise its total. Nothing is converted or summed.
    pub(crate) fn values(&mut self, state: &AccountState) -> (BTreeMap<String, String>, Rows) {
        let mut lines = ChartLines::default();
        for row in state.balances() {
            let (what, value) = match (row.equity, row.total) {
                (Some(equity), _) => ("equity, as KuCoin reports it", equity),
                (None, Some(total)) => ("total balance", total),
                (None, None) => continue,
            };
            let key = format!("balance {}", balance_key(&row));
            if value.is_zero() && !self.charted.contains(&key) {
                continue;
            }
            self.charted.insert(key.clone());
            let kind = ("equity", AccountPart::Balances, row.ws_key);
            lines.add(key, kind, &row.account, &row.currency, what, &value);
        }
        if let Some(equity) = state.margin().unified.as_ref().and_then(|risk| risk.equity) {
            let kind = ("equity", AccountPart::Margin, WsKey::PrivateProV2);
            let what = "equity in the valuation currency of the account";
            lines.add(
                "unified".to_owned(),
                kind,
                "unified account",
                "valuation",
                what,
                &equity,
            );
        }
        let mut open: BTreeMap<WsKey, u64> = BTreeMap::new();
        for (ws_key, part, _) in state.trusts() {
            if part == AccountPart::Orders {
                open.insert(ws_key, 0);
            }
        }
        for order in state.open_orders() {
            *open.entry(order.ws_key).or_default() += 1;
        }
        for (ws_key, count) in open {
            let kind = ("orders", AccountPart::Orders, ws_key);
            lines.add(
                format!("orders {ws_key}"),
                kind,
                "open orders",
                "orders",
                "number of open orders",
                &count,
            );
        }
        for row in state.positions().filter(|row| row.is_open()) {
            let kind = ("positions", AccountPart::Positions, row.ws_key);
            let unit = row.settle_currency.as_deref().unwrap_or_default();
            let name = format!("{} {}", row.symbol, row.side);
            for (what, value) in [
                ("value at the mark price", row.mark_value),
                ("unrealised profit and loss", row.unrealised_pnl),
            ] {
                let key = format!("{what} {}", position_key(&row));
                if let Some(value) = value {
                    lines.add(key, kind, &name, unit, what, &value);
                }
            }
        }
        (lines.values, lines.meta)
    }
}

/// Lines of the charts while they are collected.
#[derive(Default)]
pub(crate) struct ChartLines {
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) meta: Rows,
}

impl ChartLines {
    pub(crate) fn add(
        &mut self,
        key: String,
        (chart, part, ws_key): (&str, AccountPart, WsKey),
        name: &str,
        unit: &str,
        what: &str,
        value: &impl ToString,
    ) {
        let meta = json!({
            "chart": chart, "part": part, "wsKey": ws_key.as_str(), "name": name, "unit": unit, "what": what,
        });
        self.meta.insert(key.clone(), Some(raw(&meta)));
        self.values.insert(key, value.to_string());
    }
}

/// Returns the rows that differ from those that were sent, and notes that all are sent now.
fn changed_rows<T: Serialize>(
    sent: &mut BTreeMap<String, Arc<T>>,
    rows: impl Iterator<Item = (String, Arc<T>)>,
    to_row: impl Fn(&T) -> Box<RawValue>,
) -> Rows {
    let rows: BTreeMap<_, _> = rows.collect();
    let is_new =
        |(key, row): &(&String, &Arc<T>)| sent.get(*key).is_none_or(|old| !Arc::ptr_eq(old, row));
    let new = rows.iter().filter(is_new);
    let new = new.map(|(key, row)| (key.clone(), Some(to_row(row))));
    let removed = sent.keys().filter(|key| !rows.contains_key(*key));
    let changed = new.chain(removed.map(|key| (key.clone(), None))).collect();
    *sent = rows;
    changed
}

fn balance_key(row: &AccountBalance) -> String {
    let id = row.account_id.as_deref().unwrap_or_default();
    format!("{} {} {id} {}", row.ws_key, row.account, row.currency)
}

fn position_key(row: &AccountPosition) -> String {
    let mode = row.margin_mode.as_ref().map_or("", |mode| mode.as_str());
    format!("{} {} {mode} {}", row.ws_key, row.symbol, row.side)
}

/// Converts a row to JSON.
pub(crate) fn raw(row: &impl Serialize) -> Box<RawValue> {
    to_raw_value(row).expect("text keys, no maps with other keys")
}
