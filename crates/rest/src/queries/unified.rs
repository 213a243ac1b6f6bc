//! Queries of a unified account, and of classic accounts by the same API.
//!
//! An account in classic mode is refused (code 112010) by the paths with `unified`.

use kucoin_streams_core::{Side, Text, Timestamp};

use crate::query::{query, uppercase_side};
use crate::rows::unified::{
    AccountModeRow, UnifiedBalanceRow, UnifiedClosedPositionRow, UnifiedFillRow, UnifiedFundingRow,
    UnifiedLedgerRow, UnifiedLeverageRow, UnifiedMarginModeRow, UnifiedOrderRow,
    UnifiedOverviewRow, UnifiedPositionRow,
};

query! {
    /// Open orders of one trade type, the newest first.
    ///
    /// The trade type is `SPOT`, `FUTURES`, `CROSS` or `ISOLATED`; some documentation has `MARGIN` for the last two. All
    /// but `FUTURES` require a symbol.
    pub struct UnifiedOpenOrders -> UnifiedOrderRow {
        Spot GET "/api/ua/{v}/unified/order/open-list", pool Unified, weight 4,
        permission General, paging number("pageNumber", "pageSize", 200);
        required trade_type: Text = "tradeType";
        optional symbol: Text = "symbol",
            /// `NORMAL` (default), or `ADVANCED` for conditional orders, which other documentation spells `CONDITION`.
            order_filter: Text = "orderFilter";
    }
}

query! {
    /// Done orders of one trade type, the newest first.
    ///
    /// The trade type is `SPOT`, `FUTURES`, `CROSS` or `ISOLATED`; some documentation has `MARGIN` for the last two. All
    /// but `FUTURES` require a symbol. Without a time, KuCoin returns those of the last 7 days.
    pub struct UnifiedOrderHistory -> UnifiedOrderRow {
        Spot GET "/api/ua/{v}/unified/order/history", pool Unified, weight 4,
        permission General, paging last_id("pageSize", 200);
        required trade_type: Text = "tradeType";
        optional symbol: Text = "symbol",
            side: Side = "side" with uppercase_side,
            /// `NORMAL` (default), or `ADVANCED` for conditional orders, which other documentation spells `CONDITION`.
            order_filter: Text = "orderFilter",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// One order by its order ID or client order ID. An unknown order is an error or no row.
    ///
    /// Set one of [`order_id`](Self::order_id) and [`client_oid`](Self::client_oid).
    pub struct UnifiedOrderDetail -> UnifiedOrderRow {
        Spot GET "/api/ua/{v}/unified/order/detail", pool Unified, weight 4,
        permission General, paging whole;
        required trade_type: Text = "tradeType", symbol: Text = "symbol";
        optional order_id: Text = "orderId", client_oid: Text = "clientOid";
    }
}

query! {
    /// Own fills of one trade type, the newest first.
    ///
    /// The trade type is `SPOT`, `FUTURES`, `CROSS` or `ISOLATED`; some documentation has `MARGIN` for the last two. All
    /// but `FUTURES` require a symbol. Without a time, KuCoin returns those of the last 7 days.
    pub struct UnifiedFills -> UnifiedFillRow {
        Spot GET "/api/ua/{v}/unified/order/execution", pool Unified, weight 4,
        permission General, paging last_id("pageSize", 200);
        required trade_type: Text = "tradeType";
        optional symbol: Text = "symbol",
            order_id: Text = "orderId",
            side: Side = "side" with uppercase_side,
            /// Fill type, such as `NORMAL`; only some documentation has it.
            fill_type: Text = "fillType",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// Open futures positions.
    pub struct UnifiedPositions -> UnifiedPositionRow {
        Spot GET "/api/ua/{v}/unified/position/open-list", pool Unified, weight 3,
        permission General, paging number("pageNumber", "pageSize", 200);
        optional symbol: Text = "symbol";
    }
}

query! {
    /// Closed futures positions, the newest first.
    ///
    /// KuCoin keeps them for 3 months.
    pub struct UnifiedPositionHistory -> UnifiedClosedPositionRow {
        Spot GET "/api/ua/{v}/position/history", pool Unified, weight 2,
        permission General, paging last_id("pageSize", 200);
        optional symbol: Text = "symbol",
            from: Timestamp = "startAt",
            /// At most 7 days after `from`.
            to: Timestamp = "endAt";
    }
}

query! {
    /// Balances of the unified account, one row per currency.
    pub struct UnifiedBalance -> UnifiedBalanceRow {
        Spot GET "/api/ua/{v}/unified/account/balance", pool Unified, weight 5,
        permission General, paging whole;
        rows in "accounts", "currencies";
    }
}

query! {
    /// Balances of a classic account, one row per currency.
    ///
    /// The account type is `FUNDING`, `SPOT`, `FUTURES`, `CROSS` or `ISOLATED`.
    pub struct ClassicBalance -> UnifiedBalanceRow {
        Spot GET "/api/ua/{v}/account/balance", pool Unified, weight 5,
        permission General, paging whole;
        rows in "accounts", "currencies";
        required account_type: Text = "accountType";
    }
}

query! {
    /// Bookings of an account, the newest first.
    ///
    /// The account type is `UNIFIED`, or that of a classic account, such as `FUTURES`. The maximum page size is that of
    /// `FUTURES`, the smallest.
    pub struct UnifiedLedger -> UnifiedLedgerRow {
        Spot GET "/api/ua/{v}/account/ledger", pool Unified, weight 2,
        permission General, paging last_id("pageSize", 100);
        required account_type: Text = "accountType";
        optional currency: Text = "currency",
            /// `IN` or `OUT`.
            direction: Text = "direction",
            /// Reason of the booking.
            reason: Text = "businessType",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// Settled funding fees of futures positions, the newest first.
    pub struct UnifiedFunding -> UnifiedFundingRow {
        Spot GET "/api/ua/{v}/position/funding-history", pool Unified, weight 15,
        permission General, paging last_id("pageSize", 200);
        optional symbol: Text = "symbol",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// Equity, margin and risk ratio of the unified account. One row.
    pub struct UnifiedOverview -> UnifiedOverviewRow {
        Spot GET "/api/ua/{v}/unified/account/overview", pool Unified, weight 5,
        permission General, paging whole;
    }
}

query! {
    /// Leverage settings of one trade type and margin mode.
    ///
    /// The trade type is `FUTURES` or `MARGIN`. The margin mode is `CROSS` or `ISOLATED`, which KuCoin's documentation of
    /// this endpoint spells `ISOLATE`.
    pub struct UnifiedLeverage -> UnifiedLeverageRow {
        Spot GET "/api/ua/{v}/unified/account/leverage", pool Unified, weight 10,
        permission Unified, paging whole;
        required trade_type: Text = "tradeType", margin_mode: Text = "marginMode";
        optional
            /// Contract; for trade type `FUTURES`.
            symbol: Text = "symbol",
            /// Currency; for trade type `MARGIN`.
            currency: Text = "currency";
    }
}

query! {
    /// Margin modes of futures contracts.
    pub struct UnifiedMarginMode -> UnifiedMarginModeRow {
        Spot GET "/api/ua/{v}/unified/position/margin-mode", pool Unified, weight 10,
        permission General, paging whole;
        optional symbol: Text = "symbol";
    }
}

query! {
    /// Mode of the account, unified or classic. One row.
    pub struct AccountModeInfo -> AccountModeRow {
        Spot GET "/api/ua/{v}/account/mode", pool Unified, weight 30,
        permission General, paging whole;
    }
}
