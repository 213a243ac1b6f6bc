//! The relation event of a balance: the account and the reason of the change.

use std::fmt;

use kucoin_streams_core::Text;
use kucoin_streams_decode::{FromJson, ToJson, Value, open_enum};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The account and the reason of a balance change: `relationEvent`, such as `trade_hf.setted`.
///
/// Another example is `isolated_BTC-USDT.transfer`. The text is split at its last dot; `Display` writes it unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RelationEvent {
    /// Account, before the last dot; `None` if there is no dot, as in `other`.
    pub account: Option<AccountKind>,
    /// Reason of the change, after the last dot.
    pub reason: BalanceReason,
}

/// The kind of an account: `relationEvent`, before the last dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountKind {
    /// `main`: the funding account.
    Main,
    /// `trade`: the spot account.
    Trade,
    /// `trade_hf`: the high-frequency spot account.
    TradeHf,
    /// `margin`: the cross-margin account.
    Margin,
    /// `marginV2`: the high-frequency cross-margin account.
    MarginV2,
    /// `isolated_{symbol}`: the isolated-margin account of a market.
    Isolated(
        /// Symbol of the market.
        Text,
    ),
    /// `isolatedV2_{symbol}`: the high-frequency isolated-margin account of a market.
    IsolatedV2(
        /// Symbol of the market.
        Text,
    ),
    /// An account that this SDK does not know, as KuCoin wrote it.
    Unknown(Text),
}

open_enum! {
    /// Reason of a balance change: `relationEvent`, after the last dot.
    pub enum BalanceReason {
        /// `deposit`: a deposit arrived.
        Deposit = "deposit",
        /// `withdraw_hold`: funds are held for a withdrawal.
        WithdrawHold = "withdraw_hold",
        /// `withdraw_done`: a withdrawal is done.
        WithdrawDone = "withdraw_done",
        /// `transfer`: a transfer between accounts.
        Transfer = "transfer",
        /// `hold`: funds are held for an order, or released.
        Hold = "hold",
        /// `setted` (KuCoin's spelling): a trade was settled.
        Setted = "setted",
        /// `other`: another reason.
        Other = "other",
    }
}

const ISOLATED: &str = "isolated_";
const ISOLATED_V2: &str = "isolatedV2_";

impl AccountKind {
    /// Returns the symbol of an isolated-margin account; `None` for any other account.
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
    fn account_and_reason_split_at_last_dot() {
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
    fn isolated_account_keeps_its_symbol() {
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
        fn any_text_round_trips(text in "(main|trade|isolated_|isolatedV2_|\\PC{0,5})\\.?(hold|\\PC{0,9})") {
            prop_assert_eq!(RelationEvent::from(text.as_str()).to_string(), text);
        }
    }
}
