//! Balance and margin of the futures account: /contractAccount/wallet.

use std::fmt;

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Text, Timestamp};
use kucoin_streams_decode::{FromJson, Scanner, ToJson, Value, event};
use serde::Serializer;

use crate::FuturesPrivate;
use crate::envelope::{PushContext, PushData};
use crate::subjects::subjects;
use crate::topic::topic;

topic! {
    /// Balance and margin changes of the futures account: `/contractAccount/wallet`.
    ///
    /// Each event is about one settlement currency.
    pub struct FuturesWallet: FuturesWalletChange, on FuturesPrivate, at "/contractAccount/wallet"
}

subjects! {
    /// A change of one settlement currency in the futures account, by subject.
    ///
    /// All amounts are in that currency. An account that was ever switched to cross margin gets only
    /// [`Balance`](Self::Balance); other accounts may still get the three older subjects.
    pub enum FuturesWalletChange {
        /// `walletBalance.change`: the full balance after the change.
        Balance(Box<FuturesWalletBalance>) = "walletBalance.change" if [
            "walletBalance", "equity", "version"
        ],
        /// `orderMargin.change`, an older subject: the order margin changed.
        OrderMargin(FuturesOrderMargin) = "orderMargin.change" if ["orderMargin"],
        /// `availableBalance.change`, an older subject: the available balance changed.
        AvailableBalance(FuturesAvailableBalance) = "availableBalance.change" if [
            "availableBalance", "holdBalance"
        ],
        /// `withdrawHold.change`, an older subject: the amount held for withdrawals and transfers changed.
        WithdrawHold(FuturesWithdrawHold) = "withdrawHold.change" if ["withdrawHold"],
    }
}

event! {
    /// The balance of one settlement currency after a change: subject `walletBalance.change`.
    ///
    /// All amounts are in that currency.
    pub struct FuturesWalletBalance {
        /// Settlement currency: `currency`.
        pub currency: Text = "currency",
        /// Wallet balance, without unrealised profit and loss: `walletBalance`.
        pub wallet_balance: Option<Decimal> = "walletBalance",
        /// Available balance: `availableBalance`. It may change without a new [`version`](Self::version).
        pub available_balance: Option<Decimal> = "availableBalance",
        /// Available margin: `availableMargin`; sent since 2026, undocumented.
        pub available_margin: Option<Decimal> = "availableMargin",
        /// Maximum withdrawable amount: `maxWithdrawAmount`; sent since 2025, undocumented.
        pub max_withdraw_amount: Option<Decimal> = "maxWithdrawAmount",
        /// Hold balance: `holdBalance`.
        pub hold_balance: Option<Decimal> = "holdBalance",
        /// Equity, the wallet balance with unrealised profit and loss: `equity`.
        pub equity: Option<Decimal> = "equity",
        /// Total cross margin: `totalCrossMargin`.
        pub total_cross_margin: Option<Decimal> = "totalCrossMargin",
        /// Position margin of cross-margin positions: `crossPosMargin`.
        pub cross_position_margin: Option<Decimal> = "crossPosMargin",
        /// Order margin of cross-margin orders: `crossOrderMargin`.
        pub cross_order_margin: Option<Decimal> = "crossOrderMargin",
        /// Unrealised profit and loss of cross-margin positions: `crossUnPnl`.
        pub cross_unrealised_pnl: Option<Decimal> = "crossUnPnl",
        /// Position margin of isolated-margin positions: `isolatedPosMargin`.
        pub isolated_position_margin: Option<Decimal> = "isolatedPosMargin",
        /// Order margin of isolated-margin orders: `isolatedOrderMargin`.
        pub isolated_order_margin: Option<Decimal> = "isolatedOrderMargin",
        /// Funding fee margin of isolated-margin positions: `isolatedFundingFeeMargin`.
        pub isolated_funding_fee_margin: Option<Decimal> = "isolatedFundingFeeMargin",
        /// Unrealised profit and loss of isolated-margin positions: `isolatedUnPnl`.
        pub isolated_unrealised_pnl: Option<Decimal> = "isolatedUnPnl",
        /// Version of the account, which increases: `version`.
        pub version: Option<FuturesWalletVersion> = "version",
        /// Time of the change: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// The order margin of one settlement currency after a change: subject `orderMargin.change`.
    ///
    /// Amounts are numbers in KuCoin's documentation and strings in captures; both are decoded.
    pub struct FuturesOrderMargin {
        /// Settlement currency: `currency`.
        pub currency: Text = "currency",
        /// Order margin of all orders, in the settlement currency: `orderMargin`.
        pub order_margin: Option<Decimal> = "orderMargin",
        /// Time of the change: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// The available balance of one settlement currency: subject `availableBalance.change`.
    ///
    /// Amounts are numbers in KuCoin's documentation and strings in captures; both are decoded.
    pub struct FuturesAvailableBalance {
        /// Settlement currency: `currency`.
        pub currency: Text = "currency",
        /// Available balance, in the settlement currency: `availableBalance`.
        pub available_balance: Option<Decimal> = "availableBalance",
        /// Hold balance, in the settlement currency: `holdBalance`.
        pub hold_balance: Option<Decimal> = "holdBalance",
        /// Time of the change: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// The withdrawal hold of one settlement currency: subject `withdrawHold.change`.
    ///
    /// The amount is a number in KuCoin's documentation; a string, as in captures of similar subjects, is decoded too.
    pub struct FuturesWithdrawHold {
        /// Settlement currency: `currency`.
        pub currency: Text = "currency",
        /// Withdrawal hold, in the settlement currency: `withdrawHold`.
        ///
        /// The amount is held for withdrawals and transfers.
        pub withdraw_hold: Option<Decimal> = "withdrawHold",
        /// Time of the change: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

/// A version of the futures account, greater for later changes: `version`.
///
/// If two balances have the same version, use the one with the later time: the available balance may change without a
/// new version. The version is a string on the wire and when serialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FuturesWalletVersion(u64);

impl FuturesWalletVersion {
    /// Returns the version number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for FuturesWalletVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromJson for FuturesWalletVersion {
    fn from_json(value: Value<'_>) -> Option<Self> {
        u64::from_json(value).map(Self)
    }

    fn round_trips(&self, value: Value<'_>) -> bool {
        let is_canonical = |digits: &str| digits == "0" || !digits.starts_with(['0', '-']);
        value.digits().is_some_and(is_canonical) && self.0.round_trips(value)
    }
}

impl ToJson for FuturesWalletVersion {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl FuturesWalletChange {
    /// Returns the settlement currency; `None` for an unknown subject.
    pub fn currency(&self) -> Option<&str> {
        match self {
            Self::Balance(balance) => Some(&balance.currency),
            Self::OrderMargin(margin) => Some(&margin.currency),
            Self::AvailableBalance(balance) => Some(&balance.currency),
            Self::WithdrawHold(hold) => Some(&hold.currency),
            Self::Other(_) => None,
        }
    }
}

impl PushData for FuturesWalletChange {
    const BY_SUBJECT: bool = true;

    fn extra(&mut self) -> &mut Extra {
        self.extra_mut()
    }

    fn is_of_unknown_subject(&self) -> bool {
        matches!(self, Self::Other(_))
    }

    fn from_data(scanner: &mut Scanner<'_>, context: PushContext<'_>) -> Result<Self, DecodeError> {
        Self::by_subject(context.subject, scanner)
    }
}

/// Dedup key: currency, version, time, and the wallet balance, available balance and equity.
///
/// The balances matter because the available balance may change without a new version.
impl Event for FuturesWalletBalance {
    fn dedup_key(&self) -> String {
        let version = self.version.map(FuturesWalletVersion::get);
        let time = self.time.unwrap_or_default();
        let balances = [self.wallet_balance, self.available_balance, self.equity];
        let [wallet, available, equity] = balances.map(normalized);
        let version = version.unwrap_or_default();
        format!(
            "{}:{version}:{time}:{wallet}:{available}:{equity}",
            self.currency
        )
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}

/// Dedup key: currency, time and amount.
impl Event for FuturesOrderMargin {
    fn dedup_key(&self) -> String {
        let time = self.time.unwrap_or_default();
        format!("{}:{time}:{}", self.currency, normalized(self.order_margin))
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}

/// Dedup key: currency, time and amounts.
impl Event for FuturesAvailableBalance {
    fn dedup_key(&self) -> String {
        let time = self.time.unwrap_or_default();
        let [available, hold] = [self.available_balance, self.hold_balance].map(normalized);
        format!("{}:{time}:{available}:{hold}", self.currency)
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}

/// Dedup key: currency, time and amount.
impl Event for FuturesWithdrawHold {
    fn dedup_key(&self) -> String {
        let time = self.time.unwrap_or_default();
        format!(
            "{}:{time}:{}",
            self.currency,
            normalized(self.withdraw_hold)
        )
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}

/// Returns the amount without trailing zeros, so that `1.0` and `1` have the same key.
fn normalized(amount: Option<Decimal>) -> Decimal {
    amount.unwrap_or_default().normalize()
}
