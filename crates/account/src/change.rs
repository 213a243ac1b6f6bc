//! Changes of the kept state.

use std::sync::Arc;

use kucoin_streams_core::WsKey;
use serde::Serialize;

use crate::serialize::ws_key_name;
use crate::{
    AccountBalance, AccountFill, AccountMargin, AccountOrder, AccountPart, AccountPosition,
    AccountViolation, Discrepancy, Trust,
};

/// A change of the kept state, with the new value.
///
/// Serializes as a line of `kucoin-streams watch --account`: an object with `kind`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[non_exhaustive]
pub enum AccountChange {
    /// An order has changed.
    Order(Arc<AccountOrder>),
    /// A new fill; or a known one, of which the fee is known now.
    Fill(Arc<AccountFill>),
    /// A balance has changed.
    Balance(Arc<AccountBalance>),
    /// A position has changed.
    Position(Arc<AccountPosition>),
    /// The margin status has changed.
    Margin(Arc<AccountMargin>),
    /// The trust in a part has changed.
    Trust(PartTrust),
    /// Frames contradict each other.
    Violation(Arc<AccountViolation>),
    /// Fills, balances and positions do not add up.
    Discrepancy(Arc<Discrepancy>),
}

/// The trust in a part on one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PartTrust {
    /// Key of the connection.
    #[serde(serialize_with = "ws_key_name")]
    pub ws_key: WsKey,
    /// Part of the account.
    pub part: AccountPart,
    /// The trust.
    #[serde(flatten)]
    pub trust: Trust,
}

impl PartTrust {
    pub(crate) fn new(ws_key: WsKey, part: AccountPart, trust: Trust) -> Self {
        Self {
            ws_key,
            part,
            trust,
        }
    }
}
