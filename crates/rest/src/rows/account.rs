//! Rows of accounts, their ledgers, the API key and the clock.

use std::fmt;

use kucoin_streams_core::{Decimal, DecodeError, Text, Timestamp};
use kucoin_streams_decode::{FromJson, Record, Scanner, ToJson, Value, event};
use serde::Serializer;

use super::spot::{LedgerDirection, LedgerTrade};
use crate::Permission;

/// KuCoin's clock: `data` of `/api/v1/timestamp`, a number of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct ServerTimeRow {
    /// The time when KuCoin answered.
    pub time: Timestamp,
}

/// Reads the bare number; this row is not an object.
impl Record for ServerTimeRow {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        let value = scanner.value()?;
        let time = Timestamp::from_json(value).ok_or_else(|| value.unreadable("data"))?;
        Ok(Self { time })
    }
}

event! {
    /// The API key that signed the query.
    pub struct ApiKeyRow {
        /// User ID of the account, a number: `uid`.
        pub uid: Text = "uid",
        /// API key, without its secret: `apiKey`.
        pub api_key: Option<ApiKeyText> = "apiKey",
        /// Version of the API key: `apiVersion`.
        pub api_version: Option<u32> = "apiVersion",
        /// Permissions with commas, such as `General,Spot`: `permission`.
        ///
        /// See [`has_permission`](Self::has_permission).
        pub permissions: Option<Text> = "permission",
        /// IP addresses that may use the key, with commas: `ipWhitelist`; `None` if every address may.
        pub ip_whitelist: Option<Text> = "ipWhitelist",
        /// Whether the account is a master account: `isMaster`.
        pub is_master: Option<bool> = "isMaster",
        /// Name of the sub-account: `subName`; `None` for a master account.
        pub sub_name: Option<Text> = "subName",
        /// Name of the API key: `remark`.
        pub remark: Option<Text> = "remark",
        /// Time when the API key was created: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
    }
}

/// An API key. `Debug` does not show it; serialization writes it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ApiKeyText(Text);

impl ApiKeyText {
    /// Returns the API key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl FromJson for ApiKeyText {
    fn from_json(value: Value<'_>) -> Option<Self> {
        Text::from_json(value).map(Self)
    }
}

impl ToJson for ApiKeyText {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_json(serializer)
    }
}

impl ApiKeyRow {
    /// Returns `true` if the API key has the permission.
    pub fn has_permission(&self, permission: Permission) -> bool {
        let mut permissions = self.permissions.as_deref().unwrap_or_default().split(',');
        permissions.any(|name| name.trim().eq_ignore_ascii_case(permission.as_str()))
    }
}

event! {
    /// The balance of one account in one currency. All amounts are in that currency.
    pub struct AccountRow {
        /// Account ID: `id`. For the high-frequency spot account it has digits only.
        pub account_id: Text = "id",
        /// Currency: `currency`.
        pub currency: Text = "currency",
        /// Account, such as `main` or `trade`: `type`.
        pub account_type: Text = "type",
        /// Total balance: `balance`.
        pub total: Decimal = "balance",
        /// Available balance: `available`.
        pub available: Option<Decimal> = "available",
        /// Hold balance, held by orders and withdrawals: `holds`.
        pub hold: Option<Decimal> = "holds",
    }
}

event! {
    /// One booking of an account: one currency and one reason.
    pub struct AccountLedgerRow {
        /// Ledger ID: `id`.
        pub ledger_id: Text = "id",
        /// Currency: `currency`.
        pub currency: Text = "currency",
        /// Amount without sign, fees included: `amount`. See [`change`](Self::change).
        pub amount: Option<Decimal> = "amount",
        /// Fee: `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Total balance after the booking: `balance`. KuCoin no longer fills it: always `0`.
        pub balance: Option<Decimal> = "balance",
        /// Account, such as `MAIN`: `accountType`.
        pub account_type: Option<Text> = "accountType",
        /// Reason of the booking, such as `TRANSFER`: `bizType`.
        pub reason: Option<Text> = "bizType",
        /// Direction, in or out: `direction`.
        pub direction: LedgerDirection = "direction",
        /// Time of the booking: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
        /// Context, JSON as text: `context`. See [`trade`](Self::trade).
        pub context: Option<Text> = "context",
    }
}

impl AccountLedgerRow {
    /// Returns the amount with its sign, fees included; `None` if the amount or its direction is unknown.
    pub fn change(&self) -> Option<Decimal> {
        super::signed(self.amount, &self.direction)
    }

    /// Returns the order or trade that caused the booking; `None` if the context names none.
    pub fn trade(&self) -> Option<LedgerTrade> {
        super::ledger_trade(self.context.as_deref()?)
    }
}
