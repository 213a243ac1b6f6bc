//! Why a balance changed and in which account: the relation event of a balance, taken apart.

use std::fmt;

use kucoin_streams_core::Text;
use kucoin_streams_decode::{FromJson, ToJson, Value, open_enum};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which account changed and why: wire `relationEvent`, such as `trade_hf.setted` or
/// `isolated_BTC-USDT.transfer`, parted at the last dot.
///
/// `Display` gives the wire text again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RelationEvent {
    /// The account; `None` for a bare `other`.
    pub account: Option<AccountKind>,
    /// Why it changed.
    pub reason: BalanceReason,
}

/// The kind of an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountKind {
    /// The funding account: `main`.
    Main,
    /// The spot account: `trade`.
    Trade,
    /// The high-frequency spot account: `trade_hf`.
    TradeHf,
    /// The cross-margin account: `margin`.
    Margin,
    /// The high-frequency cross-margin account: `marginV2`.
    MarginV2,
    /// The isolated-margin account of a market: `isolated_{symbol}`.
    Isolated(
        /// The market.
        Text,
    ),
    /// The high-frequency isolated-margin account of a market: `isolatedV2_{symbol}`.
    IsolatedV2(
        /// The market.
        Text,
    ),
    /// An account that this SDK does not know, as the exchange wrote it.
    Unknown(Text),
}

open_enum! {
    /// Why a balance changed: what stands behind the last dot of `relationEvent`.
    pub enum BalanceReason {
        /// A deposit arrived.
        Deposit = "deposit",
        /// A withdrawal holds funds.
        WithdrawHold = "withdraw_hold",
        /// A withdrawal is done.
        WithdrawDone = "withdraw_done",
        /// A transfer between accounts.
        Transfer = "transfer",
        /// An order holds funds, or released them.
        Hold = "hold",
        /// A trade was settled; KuCoin spells it so.
        Setted = "setted",
        /// Something else.
        Other = "other",
    }
}

const ISOLATED: &str = "isolated_";
const ISOLATED_V2: &str = "isolatedV2_";

impl AccountKind {
    /// The market of an isolated account.
    pub fn symbol(&self) -> Option<&str> {
        match self {
            Self::Isolated(symbol) | Self::IsolatedV2(symbol) => Some(symbol),
            _ => None,
        }
    }
}

impl From<&str> for AccountKind {
    fn from(text: &str) -> Self {
        match text {
            "main" => Self::Main,
            "trade" => Self::Trade,
            "trade_hf" => Self::TradeHf,
            "margin" => Self::Margin,
            "marginV2" => Self::MarginV2,
            _ => {
                if let Some(symbol) = text.strip_prefix(ISOLATED) {
                    Self::Isolated(symbol.into())
                } else if let Some(symbol) = text.strip_prefix(ISOLATED_V2) {
                    Self::IsolatedV2(symbol.into())
                } else {
                    Self::Unknown(text.into())
                }
            }
        }
    }
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => f.pad("main"),
            Self::Trade => f.pad("trade"),
            Self::TradeHf => f.pad("trade_hf"),
            Self::Margin => f.pad("margin"),
            Self::MarginV2 => f.pad("marginV2"),
            Self::Isolated(symbol) => f.pad(&format!("{ISOLATED}{symbol}")),
            Self::IsolatedV2(symbol) => f.pad(&format!("{ISOLATED_V2}{symbol}")),
            Self::Unknown(text) => f.pad(text),
        }
    }
}

impl From<&str> for RelationEvent {
    fn from(text: &str) -> Self {
        match text.rsplit_once('.') {
            Some((account, reason)) => Self {
                account: Some(account.into()),
                reason: reason.into(),
            },
            None => Self {
                account: None,
                reason: text.into(),
            },
        }
    }
}

impl fmt::Display for RelationEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account {
            Some(account) => f.pad(&format!("{account}.{}", self.reason)),
            None => f.pad(self.reason.as_str()),
        }
    }
}

impl FromJson for RelationEvent {
    fn from_json(value: Value<'_>) -> Option<Self> {
        value.text().map(|text| Self::from(&*text))
    }
}

impl ToJson for RelationEvent {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for RelationEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json(serializer)
    }
}

impl<'de> Deserialize<'de> for RelationEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|text| Self::from(&*text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, account: Option<AccountKind>, reason: BalanceReason) {
        assert_eq!(
            RelationEvent::from(text),
            RelationEvent { account, reason },
            "{text}"
        );
    }

    #[test]
    fn account_and_reason_part_at_the_last_dot() {
        check(
            "main.deposit",
            Some(AccountKind::Main),
            BalanceReason::Deposit,
        );
        check(
            "trade_hf.setted",
            Some(AccountKind::TradeHf),
            BalanceReason::Setted,
        );
        check(
            "marginV2.hold",
            Some(AccountKind::MarginV2),
            BalanceReason::Hold,
        );
        check("other", None, BalanceReason::Other);
        check(
            "vault.v2.staked",
            Some(AccountKind::Unknown("vault.v2".into())),
            BalanceReason::Unknown("staked".into()),
        );
    }

    #[test]
    fn an_isolated_account_keeps_its_market() {
        check(
            "isolated_BTC-USDT.hold",
            Some(AccountKind::Isolated("BTC-USDT".into())),
            BalanceReason::Hold,
        );
        check(
            "isolatedV2_A.B_C-USDT.other",
            Some(AccountKind::IsolatedV2("A.B_C-USDT".into())),
            BalanceReason::Other,
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_out_as_it_went_in(text in "(main|trade|isolated_|isolatedV2_|\\PC{0,5})\\.?(hold|\\PC{0,9})") {
            prop_assert_eq!(RelationEvent::from(text.as_str()).to_string(), text);
        }
    }
}
