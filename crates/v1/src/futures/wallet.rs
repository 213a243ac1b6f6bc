//! Balances of the futures account: /contractAccount/wallet.

use std::fmt;

use kucoin_streams_core::{Decimal, DecodeError, Event, Text, Timestamp};
use kucoin_streams_decode::{FromJson, Scanner, ToJson, Value, event};
use serde::Serializer;

use crate::FuturesPrivate;
use crate::envelope::{Around, Data};
use crate::subjects::subjects;
use crate::topic::topic;

topic! {
    /// Every change of the futures account, one settle currency at a time: `/contractAccount/wallet`.
    pub struct FuturesWallet: FuturesWalletChange, on FuturesPrivate, at "/contractAccount/wallet"
}

subjects! {
    /// A change of one currency of the futures account, by subject. All amounts are in that currency.
    ///
    /// An account that has ever been switched to cross margin gets [`Balance`](Self::Balance) only; one that has
    /// not may still get the three others.
    pub enum FuturesWalletChange {
        /// The whole balance after the change: `walletBalance.change`.
        Balance(Box<FuturesWalletBalance>) = "walletBalance.change" if [
            "walletBalance", "equity", "version"
        ],
        /// What orders hold: `orderMargin.change`, the older form.
        OrderMargin(FuturesOrderMargin) = "orderMargin.change" if ["orderMargin"],
        /// What can be used: `availableBalance.change`, the older form.
        AvailableBalance(FuturesAvailableBalance) = "availableBalance.change" if [
            "availableBalance", "holdBalance"
        ],
        /// What withdrawals hold: `withdrawHold.change`, the older form.
        WithdrawHold(FuturesWithdrawHold) = "withdrawHold.change" if ["withdrawHold"],
    }
}

event! {
    /// The balance of one settle currency after a change: subject `walletBalance.change`. All amounts are in it.
    pub struct FuturesWalletBalance {
        /// The settle currency: `currency`.
        pub currency: Text = "currency",
        /// The wallet balance, without unrealised profit: `walletBalance`.
        pub wallet_balance: Option<Decimal> = "walletBalance",
        /// What can be used for orders: `availableBalance`. It may change within one [`version`](Self::version).
        pub available_balance: Option<Decimal> = "availableBalance",
        /// What can be used as margin: `availableMargin`. Since 2026, undocumented.
        pub available_margin: Option<Decimal> = "availableMargin",
        /// What can be withdrawn: `maxWithdrawAmount`. Since 2025, undocumented.
        pub max_withdraw_amount: Option<Decimal> = "maxWithdrawAmount",
        /// What is held: `holdBalance`.
        pub hold_balance: Option<Decimal> = "holdBalance",
        /// The wallet balance with unrealised profit and loss: `equity`.
        pub equity: Option<Decimal> = "equity",
        /// All that is there for cross margin: `totalCrossMargin`.
        pub total_cross_margin: Option<Decimal> = "totalCrossMargin",
        /// The margin of cross-margin positions: `crossPosMargin`.
        pub cross_position_margin: Option<Decimal> = "crossPosMargin",
        /// The margin of cross-margin orders: `crossOrderMargin`.
        pub cross_order_margin: Option<Decimal> = "crossOrderMargin",
        /// The unrealised profit of cross-margin positions: `crossUnPnl`.
        pub cross_unrealised_pnl: Option<Decimal> = "crossUnPnl",
        /// The margin of isolated positions: `isolatedPosMargin`.
        pub isolated_position_margin: Option<Decimal> = "isolatedPosMargin",
        /// The margin of orders on isolated margin: `isolatedOrderMargin`.
        pub isolated_order_margin: Option<Decimal> = "isolatedOrderMargin",
        /// The funding fees in the margin of isolated positions: `isolatedFundingFeeMargin`.
        pub isolated_funding_fee_margin: Option<Decimal> = "isolatedFundingFeeMargin",
        /// The unrealised profit of isolated positions: `isolatedUnPnl`.
        pub isolated_unrealised_pnl: Option<Decimal> = "isolatedUnPnl",
        /// Counts the changes of the account: `version`.
        pub version: Option<FuturesWalletVersion> = "version",
        /// When it changed: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// What orders hold of one settle currency: subject `orderMargin.change`.
    ///
    /// Published pages show numbers, captures show strings; both are read.
    pub struct FuturesOrderMargin {
        /// The settle currency: `currency`.
        pub currency: Text = "currency",
        /// The margin of all orders, in the currency: `orderMargin`.
        pub order_margin: Option<Decimal> = "orderMargin",
        /// When it changed: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// What can be used of one settle currency: subject `availableBalance.change`.
    ///
    /// Published pages show numbers, captures show strings; both are read.
    pub struct FuturesAvailableBalance {
        /// The settle currency: `currency`.
        pub currency: Text = "currency",
        /// What can be used, in the currency: `availableBalance`.
        pub available_balance: Option<Decimal> = "availableBalance",
        /// What is held, in the currency: `holdBalance`.
        pub hold_balance: Option<Decimal> = "holdBalance",
        /// When it changed: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// What withdrawals and transfers hold of one settle currency: subject `withdrawHold.change`.
    ///
    /// Published pages show numbers; strings, as captures of its siblings show, are read as well.
    pub struct FuturesWithdrawHold {
        /// The settle currency: `currency`.
        pub currency: Text = "currency",
        /// What is held for them, in the currency: `withdrawHold`.
        pub withdraw_hold: Option<Decimal> = "withdrawHold",
        /// When it changed: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

/// A version of the futures account: a later one is greater. The wire has it as a string, and so it is written.
///
/// Of two balances with one version take the later by time: what is available may change within a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FuturesWalletVersion(u64);

impl FuturesWalletVersion {
    /// The number.
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

    fn reproduces(&self, value: Value<'_>) -> bool {
        let starts_as_numbers_do = |digits: &str| digits == "0" || !digits.starts_with(['0', '-']);
        value.digits().is_some_and(starts_as_numbers_do) && self.0.reproduces(value)
    }
}

impl ToJson for FuturesWalletVersion {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl FuturesWalletChange {
    /// The settle currency that changed; `None` of a change under an unknown subject.
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

impl Data for FuturesWalletChange {
    const BY_SUBJECT: bool = true;

    fn from_data(scanner: &mut Scanner<'_>, around: Around<'_>) -> Result<Self, DecodeError> {
        Self::by_subject(around.subject, scanner)
    }
}

/// Currency, version, time, and the balances reached: what is available may change within a version.
impl Event for FuturesWalletBalance {
    fn dedup_key(&self) -> String {
        let version = self.version.map(FuturesWalletVersion::get);
        let time = self.time.unwrap_or_default();
        let reached = [self.wallet_balance, self.available_balance, self.equity];
        let [wallet, available, equity] = reached.map(plain);
        let version = version.unwrap_or_default();
        format!(
            "{}:{version}:{time}:{wallet}:{available}:{equity}",
            self.currency
        )
    }
}

/// Currency, time and amount.
impl Event for FuturesOrderMargin {
    fn dedup_key(&self) -> String {
        let time = self.time.unwrap_or_default();
        format!("{}:{time}:{}", self.currency, plain(self.order_margin))
    }
}

/// Currency, time and amounts.
impl Event for FuturesAvailableBalance {
    fn dedup_key(&self) -> String {
        let time = self.time.unwrap_or_default();
        let [available, hold] = [self.available_balance, self.hold_balance].map(plain);
        format!("{}:{time}:{available}:{hold}", self.currency)
    }
}

/// Currency, time and amount.
impl Event for FuturesWithdrawHold {
    fn dedup_key(&self) -> String {
        let time = self.time.unwrap_or_default();
        format!("{}:{time}:{}", self.currency, plain(self.withdraw_hold))
    }
}

/// An amount as every spelling of it is written.
fn plain(amount: Option<Decimal>) -> Decimal {
    amount.unwrap_or_default().normalize()
}
