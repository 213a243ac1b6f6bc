//! Balances: channel `balance`, one currency of one account a push.

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Text, Timestamp};
use kucoin_streams_decode::{FieldGroup, FieldWriter, Value, event, open_enum};
use serde::ser::SerializeMap;

use crate::push::Data;
use crate::topic::topic;
use crate::words::plain;
use crate::{AccountType, ChannelRequest};

topic! {
    /// Every change of the balances of one account: channel `balance`.
    pub struct Balances: Balance
}

impl Balances {
    /// The balances of an account.
    pub const fn new(account_type: AccountType) -> Self {
        Self {
            request: ChannelRequest::balance(account_type),
        }
    }
}

event! {
    /// One currency of one account after a change. Amounts are in that currency.
    ///
    /// The margins and the profits are those of a classic futures account, which settles in the currency.
    pub struct Balance {
        /// Which account it is of: the end of `T`. The data does not have it, so it is not written with the event, and empty
        /// in one that is deserialized.
        pub account: BalanceAccount,
        /// The currency, such as `USDT`: `c`.
        pub currency: Text = "c" as "currency",
        /// What the account is worth in the currency: `e`, not told of every account.
        pub equity: Option<Decimal> = "e" as "equity",
        /// What there is in all: `b`.
        pub balance: Option<Decimal> = "b" as "balance",
        /// What can be used: `a`.
        pub available: Option<Decimal> = "a" as "available",
        /// What is held by orders and the like: `h`.
        pub hold: Option<Decimal> = "h" as "hold",
        /// What is owed: `l`.
        pub liability: Option<Decimal> = "l" as "liability",
        /// How far the currency counts as collateral: `cS`.
        pub collateral_status: Option<CollateralStatus> = "cS" as "collateralStatus",
        /// The number of the change: `E`, of classic futures only. No other balance has one.
        pub sequence: Option<i64> = "E" as "sequence",
        /// All cross margin: `tCM`, of classic futures.
        pub total_cross_margin: Option<Decimal> = "tCM" as "totalCrossMargin",
        /// The cross margin of positions: `cPM`, of classic futures.
        pub cross_pos_margin: Option<Decimal> = "cPM" as "crossPosMargin",
        /// The cross margin of orders: `cOM`, of classic futures.
        pub cross_order_margin: Option<Decimal> = "cOM" as "crossOrderMargin",
        /// Unrealised profit or loss of cross margin: `cUP`, of classic futures.
        pub cross_un_pnl: Option<Decimal> = "cUP" as "crossUnPnl",
        /// The isolated margin of positions: `iPM`, of classic futures.
        pub isolated_pos_margin: Option<Decimal> = "iPM" as "isolatedPosMargin",
        /// The isolated margin of orders: `iOM`, of classic futures.
        pub isolated_order_margin: Option<Decimal> = "iOM" as "isolatedOrderMargin",
        /// Unrealised profit or loss of isolated margin: `iUP`, of classic futures.
        pub isolated_un_pnl: Option<Decimal> = "iUP" as "isolatedUnPnl",
        /// The funding fee of isolated margin: `iFF`, of classic futures.
        pub isolated_funding_fee_margin: Option<Decimal> = "iFF" as "isolatedFundingFeeMargin",
        /// When the ledger changed, which may be long before the push: `U`, sent in nanoseconds, of the funding account
        /// in milliseconds.
        pub updated_at: Option<Timestamp> = "U" as "updatedAt",
    }
}

open_enum! {
    /// How far a currency counts as collateral: wire `cS` of balances.
    pub enum CollateralStatus {
        /// It is below its limit.
        Unlimited = "1",
        /// It is near its limit.
        NearLimit = "2",
        /// It is at its limit: more of it counts for nothing.
        LimitHit = "3",
    }
}

/// The account that a balance is of, as `T` of its push names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BalanceAccount(Text);

impl BalanceAccount {
    /// The name behind the last dot of `T`, such as `UNIFIED`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account, where it is one that can be asked for.
    pub fn account_type(&self) -> Option<AccountType> {
        let named = |account: &AccountType| account.as_str() == self.as_str();
        AccountType::ALL.iter().copied().find(named)
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

/// Made of no field of the data, and written as none: it is known once the envelope is.
impl FieldGroup for BalanceAccount {
    const NAMES: &'static [&'static str] = &[];

    fn read(_: &mut [Option<Value<'_>>], _: &mut Extra) -> Result<Self, DecodeError> {
        Ok(Self::default())
    }

    fn write<M: SerializeMap>(&self, _: &mut FieldWriter<'_, M>) -> Result<(), M::Error> {
        Ok(())
    }
}

impl Data for Balance {
    fn pushed_as(&mut self, topic: &str) {
        if let Some((_, account)) = topic.rsplit_once('.') {
            self.account = account.into();
        }
    }
}

/// Account, currency, sequence and time, and the amounts reached: the time is the ledger's, and worth and margins move
/// while it stands.
impl Event for Balance {
    fn dedup_key(&self) -> String {
        let reached = plain([
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
            "{}:{}:{}:{}:{}{reached}",
            self.account,
            self.currency,
            self.sequence.unwrap_or_default(),
            self.updated_at.unwrap_or_default(),
            status.map_or("", CollateralStatus::as_str),
        )
    }
}
