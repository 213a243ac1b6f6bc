//! Rows of the kept account as JSON: what has changed since the last message.

use std::collections::BTreeMap;
use std::sync::Arc;

use kucoin_streams::{
    AccountBalance, AccountFill, AccountOrder, AccountPosition, AccountState, Decimal,
};
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use crate::hub::{Rows, Tables};

/// The rows that are published.
#[derive(Default)]
pub(crate) struct SentRows {
    orders: BTreeMap<String, Arc<AccountOrder>>,
    fills: BTreeMap<String, Arc<AccountFill>>,
    balances: BTreeMap<String, Arc<AccountBalance>>,
    positions: BTreeMap<String, Arc<AccountPosition>>,
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
    /// Returns the rows that have changed since the last call, and the trust in each part.
    pub(crate) fn changed(&mut self, state: &AccountState) -> Tables {
        let orders = state
            .orders()
            .map(|row| (row.order_id.to_string(), row.to_arc()));
        let order_row = |order: &AccountOrder| {
            let average_price = order.average_price();
            raw(&PageOrder {
                order,
                average_price,
            })
        };
        let fills = state.fills().map(|row| {
            let key = row.key();
            let order_id = key.order_id.as_deref().unwrap_or_default();
            (
                format!("{} {} {order_id}", key.symbol, key.trade_id),
                row.to_arc(),
            )
        });
        let balances = state.balances().map(|row| {
            let id = row.account_id.as_deref().unwrap_or_default();
            (
                format!("{} {} {id} {}", row.ws_key, row.account, row.currency),
                row.to_arc(),
            )
        });
        let positions = state.positions().map(|row| {
            let mode = row.margin_mode.as_ref().map_or("", |mode| mode.as_str());
            (
                format!("{} {} {mode} {}", row.ws_key, row.symbol, row.side),
                row.to_arc(),
            )
        });
        let trusts = state.trusts().map(|(ws_key, part, trust)| {
            let row = raw(&json!({ "wsKey": ws_key.as_str(), "part": part, "is": trust }));
            (format!("{ws_key} {part}"), Some(row))
        });
        let violations = state.violations().map(ToString::to_string);
        let findings = violations.chain(state.discrepancies().map(ToString::to_string));
        let findings = raw(&findings.collect::<Vec<_>>());
        Tables::from([
            ("orders", changed_rows(&mut self.orders, orders, order_row)),
            ("fills", changed_rows(&mut self.fills, fills, raw)),
            ("balances", changed_rows(&mut self.balances, balances, raw)),
            (
                "positions",
                changed_rows(&mut self.positions, positions, raw),
            ),
            ("trusts", trusts.collect()),
            ("findings", [("all".to_owned(), Some(findings))].into()),
        ])
    }
}

/// Returns the rows that differ from those that were sent, and notes that all are sent now.
fn changed_rows<T: Serialize>(
    sent: &mut BTreeMap<String, Arc<T>>,
    rows: impl Iterator<Item = (String, Arc<T>)>,
    to_row: impl Fn(&T) -> Box<RawValue>,
) -> Rows {
    let rows: BTreeMap<_, _> = rows.collect();
    // A kept row is shared between states until it changes.
    let is_sent =
        |key: &String, row: &Arc<T>| sent.get(key).is_some_and(|old| Arc::ptr_eq(old, row));
    let new = rows.iter().filter(|(key, row)| !is_sent(key, row));
    let new = new.map(|(key, row)| (key.clone(), Some(to_row(row))));
    let removed = sent.keys().filter(|key| !rows.contains_key(*key));
    let changed = new.chain(removed.map(|key| (key.clone(), None))).collect();
    *sent = rows;
    changed
}

/// Converts a row to JSON.
pub(crate) fn raw(row: &impl Serialize) -> Box<RawValue> {
    to_raw_value(row).expect("text keys, no maps with other keys")
}
