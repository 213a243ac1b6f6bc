//! Lines of the kept state of an account: rows and changes, each with its connection and the trust in it.

use std::sync::Arc;

use kucoin_streams::kept::AccountMargin;
use kucoin_streams::{AccountChange, AccountPart, AccountState, Kept, Trust, WsKey};
use serde::{Serialize, Serializer};

/// A line: a row of the kept state, a change of it, or the trust in a part.
#[derive(Clone, Debug)]
pub(crate) struct AccountLine {
    pub(crate) ws_key: WsKey,
    pub(crate) fact: AccountFact,
    /// The trust in an order, fill, balance, position or the margin status; `None` for other facts.
    pub(crate) trust: Option<Trust>,
}

/// What a line says.
#[derive(Clone, Debug)]
pub(crate) enum AccountFact {
    Change(AccountChange),
    Trust(AccountPart, Trust),
}

impl Serialize for AccountLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.fact {
            AccountFact::Change(change) => ChangeLine {
                change,
                ws_key: has_no_key(change).then_some(self.ws_key.as_str()),
                trust: self.trust.as_ref().map(Trust::as_str),
            }
            .serialize(serializer),
            AccountFact::Trust(part, trust) => TrustLine {
                kind: "trust",
                ws_key: self.ws_key.as_str(),
                part: *part,
                trust,
            }
            .serialize(serializer),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeLine<'a> {
    #[serde(flatten)]
    change: &'a AccountChange,
    /// `None` if the change has the key itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    ws_key: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TrustLine<'a> {
    kind: &'static str,
    ws_key: &'static str,
    part: AccountPart,
    #[serde(flatten)]
    trust: &'a Trust,
}

/// Returns `true` if a change does not serialize its connection.
fn has_no_key(change: &AccountChange) -> bool {
    matches!(
        change,
        AccountChange::Margin(_) | AccountChange::Violation(_)
    )
}

/// Turns rows and changes into lines.
#[derive(Debug, Default)]
pub(crate) struct AccountLines {
    /// The margin status of the last line, to find the connection that has changed it.
    margin: Arc<AccountMargin>,
}

impl AccountLines {
    /// Returns a line for each row of the state, and for the trust in each part.
    pub(crate) fn state(&mut self, state: &AccountState) -> Vec<AccountLine> {
        let orders = state.orders().map(|row| AccountChange::Order(row.to_arc()));
        let fills = state.fills().map(|row| AccountChange::Fill(row.to_arc()));
        let balances = state.balances();
        let balances = balances.map(|row| AccountChange::Balance(row.to_arc()));
        let positions = state.positions();
        let positions = positions.map(|row| AccountChange::Position(row.to_arc()));
        let margin = Some(state.margin().to_arc()).filter(|margin| !is_empty(margin));
        let margin = margin.map(AccountChange::Margin);
        let rows = orders.chain(fills).chain(balances).chain(positions);
        let changes = rows.chain(margin);
        let lines = changes.map(|change| self.line(state, change));
        let mut lines: Vec<AccountLine> = lines.collect();
        let trusts = state.trusts();
        lines.extend(trusts.map(|(ws_key, part, trust)| AccountLine {
            ws_key,
            fact: AccountFact::Trust(part, trust.clone()),
            trust: None,
        }));
        lines
    }

    /// Returns the line of a change; `state` is the state after it.
    pub(crate) fn line(&mut self, state: &AccountState, change: AccountChange) -> AccountLine {
        if let AccountChange::Trust(part) = change {
            return AccountLine {
                ws_key: part.ws_key,
                fact: AccountFact::Trust(part.part, part.trust),
                trust: None,
            };
        }
        let trust_on = |ws_key, part| state.trust_on(ws_key, part).cloned();
        let (ws_key, trust) = match &change {
            AccountChange::Order(order) => {
                let kept = state.order(&order.order_id).map(Kept::trust).cloned();
                let trust = kept.or_else(|| trust_on(order.ws_key, AccountPart::Orders));
                (order.ws_key, trust)
            }
            AccountChange::Fill(fill) => (fill.ws_key, trust_on(fill.ws_key, AccountPart::Fills)),
            AccountChange::Balance(row) => {
                (row.ws_key, trust_on(row.ws_key, AccountPart::Balances))
            }
            AccountChange::Position(row) => {
                (row.ws_key, trust_on(row.ws_key, AccountPart::Positions))
            }
            AccountChange::Margin(margin) => {
                let ws_key = self.key_of_margin(state, margin);
                self.margin = Arc::clone(margin);
                (ws_key, Some(state.margin().trust().clone()))
            }
            AccountChange::Violation(violation) => {
                let last = violation.frames.last();
                (last.map_or(first_key(state), |frame| frame.ws_key), None)
            }
            AccountChange::Discrepancy(discrepancy) => (discrepancy.ws_key, None),
            _ => (first_key(state), None),
        };
        AccountLine {
            ws_key,
            fact: AccountFact::Change(change),
            trust,
        }
    }

    /// Returns the connection that has changed the margin status.
    ///
    /// The status is one value for the account; on V1, debts come from the spot connection and settings from the futures one.
    fn key_of_margin(&self, state: &AccountState, margin: &AccountMargin) -> WsKey {
        let keeps = |ws_key| state.trust_on(ws_key, AccountPart::Margin).is_some();
        let has_changed_settings = margin.settings != self.margin.settings;
        let by_likelihood = match has_changed_settings {
            true => [
                WsKey::FuturesPrivateV1,
                WsKey::PrivateProV2,
                WsKey::SpotPrivateV1,
            ],
            false => [
                WsKey::SpotPrivateV1,
                WsKey::PrivateProV2,
                WsKey::FuturesPrivateV1,
            ],
        };
        let mut keys = by_likelihood.into_iter();
        keys.find(|ws_key| keeps(*ws_key))
            .unwrap_or(first_key(state))
    }
}

/// Returns `true` if nothing of the margin status is known.
fn is_empty(margin: &AccountMargin) -> bool {
    *margin == AccountMargin::default()
}

/// Returns the first connection that keeps anything.
fn first_key(state: &AccountState) -> WsKey {
    let first = state.trusts().next();
    first.map_or(WsKey::SpotPrivateV1, |(ws_key, ..)| ws_key)
}
