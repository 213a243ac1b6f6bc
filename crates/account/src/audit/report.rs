//! What the audit reports: the public types, and how they are written.

use std::fmt;

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use serde::Serialize;

use crate::serialize::ws_key_name;

/// Fills, balances and positions that do not add up.
///
/// One cause is one discrepancy: a lost order push that leaves two currencies unexplained has two amounts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Discrepancy {
    /// Key of the connection.
    #[serde(serialize_with = "ws_key_name")]
    pub ws_key: WsKey,
    /// Start and end of the window, by exchange time.
    ///
    /// The local receive time stands in for a time that KuCoin does not send.
    pub window: (Timestamp, Timestamp),
    /// What is left unexplained, by currency or contract.
    pub amounts: Vec<UnexplainedAmount>,
    /// What may explain it, the most likely first.
    pub suspects: Vec<Suspect>,
}

/// An amount that nothing explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnexplainedAmount {
    /// Account, as in `AccountBalance::account`; `None` for contracts, and if no push names it.
    pub account: Option<Text>,
    /// Currency, or symbol of the contract.
    pub currency: Text,
    /// Amount: what the exchange reports minus what the events explain.
    ///
    /// If a push of `/account/balance` was lost, it is the change that the push should have reported.
    pub amount: Decimal,
}

/// What may explain a discrepancy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "suspect",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Suspect {
    /// A push was lost.
    LostPush {
        /// Topic of the push, as it was subscribed.
        topic: Text,
        /// Exchange time of the last push before it.
        after: Timestamp,
        /// Exchange time of the first push after it.
        before: Timestamp,
    },
    /// The fee of a trade is not what other reports of the fee, or the rate of other fills, say.
    WrongFee {
        /// Symbol.
        symbol: Text,
        /// Trade ID.
        trade_id: Text,
        /// Currency of the fee.
        currency: Text,
        /// Fee by the other reports, or by the rate of other fills.
        expected: Decimal,
        /// Fee of the trade.
        got: Decimal,
    },
    /// A trade that no order push reports, such as a trade from another device.
    UnknownTrade {
        /// Symbol.
        symbol: Text,
        /// Order ID; `None` if the balance push has none.
        order_id: Option<Text>,
        /// Trade ID.
        trade_id: Text,
    },
    /// A deposit, withdrawal, transfer, loan or repayment, which has no event of its own.
    Transfer {
        /// Account.
        account: Text,
        /// Currency.
        currency: Text,
    },
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, amount) in self.amounts.iter().enumerate() {
            write!(f, "{}{amount}", if at == 0 { "" } else { ", " })?;
        }
        write!(
            f,
            " unexplained from {} to {}",
            self.window.0.rfc3339(),
            self.window.1.rfc3339()
        )?;
        for (at, suspect) in self.suspects.iter().enumerate() {
            write!(f, "{} {suspect}", if at == 0 { ":" } else { ", or" })?;
        }
        Ok(())
    }
}

impl fmt::Display for UnexplainedAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)?;
        match &self.account {
            Some(account) => write!(f, " ({account})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LostPush { topic, .. } => write!(f, "a push of {topic} was lost"),
            Self::WrongFee {
                symbol,
                trade_id,
                currency,
                expected,
                got,
            } => write!(
                f,
                "fee of {got} {currency} instead of {expected} for trade {trade_id} of {symbol}"
            ),
            Self::UnknownTrade {
                symbol, trade_id, ..
            } => write!(f, "trade {trade_id} of {symbol} has no order push"),
            Self::Transfer { account, currency } => {
                write!(f, "a transfer of {currency} to or from {account}")
            }
        }
    }
}
