//! Balances: channel `balance`, one currency of one account per push.

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Text, Timestamp};
use kucoin_streams_decode::{FieldGroup, FieldWriter, Value, event, open_enum};
use serde::ser::SerializeMap;

use crate::push::PushData;
use crate::shared::key_amounts;
use crate::topic::topic;
use crate::{AccountType, ChannelRequest};

topic! {
    /// Topic for the balances of one account: channel `balance`.
    pub struct Balances: Balance
}

impl Balances {
    /// Returns the topic for the balances of an account.
    pub const fn new(account_type: AccountType) -> Self {
        Self {
            request: ChannelRequest::balance(account_type),
        }
    }
}

event! {
    /// Balance of one currency of one account after a change. Amounts are in that currency.
    ///
    /// The fields for cross and isolated margin are sent for classic futures accounts only.
    pub struct Balance {
        /// Account of the balance: the part of `T` after the last dot.
        ///
        /// The account is not part of the event data: it is not serialized, and is empty in a deserialized event.
        pub account: BalanceAccount,
        /// Currency, such as `USDT`: `c`.
        pub currency: Text = "c" as "currency",
        /// Equity: `e`; not sent for every account.
        pub equity: Option<Decimal> = "e" as "equity",
        /// Total balance: `b`.
        pub balance: Option<Decimal> = "b" as "balance",
        /// Available balance: `a`.
        pub available: Option<Decimal> = "a" as "available",
        /// Hold balance, such as funds held by open orders: `h`.
        pub hold: Option<Decimal> = "h" as "hold",
        /// Liability: `l`.
        pub liability: Option<Decimal> = "l" as "liability",
        /// Collateral status of the currency: `cS`.
        pub collateral_status: Option<CollateralStatus> = "cS" as "collateralStatus",
        /// Sequence number: `E`; classic futures only. No other balance push has a sequence number.
        pub sequence: Option<i64> = "E" as "sequence",
        /// Total cross margin: `tCM`; classic futures only.
        pub total_cross_margin: Option<Decimal> = "tCM" as "totalCrossMargin",
        /// Cross margin of positions: `cPM`; classic futures only.
        pub cross_pos_margin: Option<Decimal> = "cPM" as "crossPosMargin",
        /// Cross margin of orders: `cOM`; classic futures only.
        pub cross_order_margin: Option<Decimal> = "cOM" as "crossOrderMargin",
        /// Unrealised profit and loss of cross margin: `cUP`; classic futures only.
        pub cross_un_pnl: Option<Decimal> = "cUP" as "crossUnPnl",
        /// Isolated margin of positions: `iPM`; classic futures only.
        pub isolated_pos_margin: Option<Decimal> = "iPM" as "isolatedPosMargin",
        /// Isolated margin of orders: `iOM`; classic futures only.
        pub isolated_order_margin: Option<Decimal> = "iOM" as "isolatedOrderMargin",
        /// Unrealised profit and loss of isolated margin: `iUP`; classic futures only.
        pub isolated_un_pnl: Option<Decimal> = "iUP" as "isolatedUnPnl",
        /// Funding fee of isolated margin: `iFF`; classic futures only.
        pub isolated_funding_fee_margin: Option<Decimal> = "iFF" as "isolatedFundingFeeMargin",
        /// Update time in the ledger, possibly long before the push: `U`.
        ///
        /// In nanoseconds on the wire, in milliseconds for the funding account.
        pub updated_at: Option<Timestamp> = "U" as "updatedAt",
    }
}

open_enum! {
    /// Collateral status of a currency: wire `cS` of balances.
    pub enum CollateralStatus {
        /// `1`: the collateral is below the limit of the currency.
        Unlimited = "1",
        /// `2`: the collateral is near the limit of the currency.
        NearLimit = "2",
        /// `3`: the limit is reached, and any more of the currency does not count as collateral.
        LimitHit = "3",
    }
}

/// Account of a balance: the part of `T` after the last dot, such as `UNIFIED`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BalanceAccount(Text);

impl BalanceAccount {
    /// Returns the name of the account, such as `UNIFIED`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the account type; `None` if this SDK does not know it.
    pub fn account_type(&self) -> Option<AccountType> {
        let has_name = |account: &AccountType| account.as_str() == self.as_str();
        AccountType::ALL.iter().copied().find(has_name)
    }
}

impl From<&str> for BalanceAccount {
    fn from(name: &str) -> Self {
        Self(Text::new(name))
    }
}

impl std::fmt::Display for BalanceAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Reads and writes no field: the account is set from the envelope after the data is read.
impl FieldGroup for BalanceAccount {
    const NAMES: &'static [&'static str] = &[];

    fn read(_: &mut [Option<Value<'_>>], _: &mut Extra) -> Result<Self, DecodeError> {
        Ok(Self::default())
    }

    fn write<M: SerializeMap>(&self, _: &mut FieldWriter<'_, M>) -> Result<(), M::Error> {
        Ok(())
    }
}

impl PushData for Balance {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn set_topic(&mut self, topic: &str) {
        if let Some((_, account)) = topic.rsplit_once('.') {
            self.account = account.into();
        }
    }
}

/// Dedup key: account, currency, sequence, update time, collateral status and all amounts.
///
/// The amounts are part of the key because equity and margins can change while the update time stays the same.
impl Event for Balance {
    fn dedup_key(&self) -> String {
        let amounts = key_amounts([
            self.equity,
            self.balance,
            self.available,
            self.hold,
            self.liability,
            self.total_cross_margin,
            self.cross_pos_margin,
            self.cross_order_margin,
            self.cross_un_pnl,
            self.isolated_pos_margin,
            self.isolated_order_margin,
            self.isolated_un_pnl,
            self.isolated_funding_fee_margin,
        ]);
        let status = self.collateral_status.as_ref();
        format!(
            "{}:{}:{}:{}:{}{amounts}",
            self.account,
            self.currency,
            self.sequence.unwrap_or_default(),
            self.updated_at.unwrap_or_default(),
            status.map_or("", CollateralStatus::as_str),
        )
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
