//! Queries of accounts, their ledgers, the API key and the clock.

use kucoin_streams_core::{Text, Timestamp};

use crate::query::query;
use crate::rows::account::{AccountLedgerRow, AccountRow, ApiKeyRow, ServerTimeRow};

query! {
    /// KuCoin's clock. The one row is the time.
    pub struct ServerTime -> ServerTimeRow {
        Spot GET "/api/v1/timestamp", pool Public, weight 3,
        permission General, paging whole;
    }
}

query! {
    /// The API key that signs the query: its permissions and its account.
    pub struct ApiKeyInfo -> ApiKeyRow {
        Spot GET "/api/v1/user/api-key", pool Management, weight 3,
        permission General, paging whole;
    }
}

query! {
    /// Balances now: one row per account and currency.
    pub struct AccountList -> AccountRow {
        Spot GET "/api/v1/accounts", pool Management, weight 5,
        permission General, paging whole;
        optional currency: Text = "currency",
            /// Account, such as `main` or `trade`.
            account_type: Text = "type";
    }
}

query! {
    /// Bookings of all accounts but those of spot and margin trades, the newest first.
    ///
    /// KuCoin keeps them for 1 year, and returns at most 10,000 per 24 hours. The spot account has
    /// [`SpotLedger`](crate::SpotLedger), the margin accounts have [`MarginLedger`](crate::MarginLedger).
    pub struct AccountLedger -> AccountLedgerRow {
        Spot GET "/api/v1/accounts/ledgers", pool Management, weight 2,
        permission General, paging number("currentPage", "pageSize", 500);
        optional
            /// One currency, or up to 10 with commas.
            currency: Text = "currency",
            /// `in` or `out`.
            direction: Text = "direction",
            /// Reason of the booking, such as `TRANSFER`.
            reason: Text = "bizType",
            from: Timestamp = "startAt",
            /// At most 24 hours after `from`: KuCoin refuses a longer time.
            to: Timestamp = "endAt";
    }
}
