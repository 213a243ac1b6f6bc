//! Rows of the kept account as JSON: what has changed since the last message.

use std::collections::BTreeMap;
use std::sync::Arc;

use kucoin_streams::{
    AccountBalance, AccountFill, AccountOrder, AccountPosition, AccountState, Decimal, Kept,
};
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use crate::hub::{Rows, Tables};

/// Number of findings of each kind that are shown.
const FINDINGS: usize = 20;

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
    /// Returns the rows that have changed since the last call, the trust in each part, and the findings of the audit.
    pub(crate) fn changed(&mut self, state: &AccountState) -> Tables {
        let orders = state.orders().map(|row| keyed(row, &row.order_id));
        let fills = state
            .fills()
            .map(|row| keyed(row, &format!("{:?}", row.key())));
        let balances = state.balances().map(|row| {
            let key = (row.ws_key, &row.account, &row.account_id, &row.currency);
            keyed(row, &format!("{key:?}"))
        });
        let positions = state.positions().map(|row| {
            let key = (row.ws_key, &row.symbol, &row.margin_mode, &row.side);
            keyed(row, &format!("{key:?}"))
        });
        let trusts = state.trusts().map(|(ws_key, part, trust)| {
            let row = json!({ "wsKey": ws_key.as_str(), "part": part, "is": trust });
            (format!("{ws_key} {part}"), Some(raw(&row)))
        });
        let violations = state
            .violations()
            .rev()
            .take(FINDINGS)
            .map(ToString::to_string);
        let findings = state
            .discrepancies()
            .rev()
            .take(FINDINGS)
            .map(ToString::to_string);
        let findings = raw(&violations.chain(findings).collect::<Vec<_>>());
        let findings = Rows::from([("all".to_owned(), Some(findings))]);
        let orders = changed_rows(&mut self.orders, orders, page_order);
        let fills = changed_rows(&mut self.fills, fills, raw);
        let balances = changed_rows(&mut self.balances, balances, raw);
        let positions = changed_rows(&mut self.positions, positions, raw);
        Tables::from([
            ("orders", orders),
            ("fills", fills),
            ("balances", balances),
            ("positions", positions),
            ("trusts", trusts.collect()),
            ("findings", findings),
        ])
    }
}

fn keyed<T>(row: Kept<'_, T>, key: &str) -> (String, Arc<T>) {
    (key.to_owned(), row.to_arc())
}

fn page_order(order: &AccountOrder) -> Box<RawValue> {
    let average_price = order.average_price();
    raw(&PageOrder {
        order,
        average_price,
    })
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
