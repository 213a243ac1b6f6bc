//! Queries of futures orders, fills, positions, accounts and ledgers.

use kucoin_streams_core::{Side, Text, Timestamp};

use crate::query::query;
use crate::rows::futures::{
    ClosedPositionRow, CrossLeverageRow, FundingRow, FuturesAccountRow, FuturesFillRow,
    FuturesLedgerRow, FuturesOrderRow, FuturesPositionRow, MarginModeRow,
};

query! {
    /// Open futures orders, without stop orders that are not triggered.
    pub struct FuturesOpenOrders -> FuturesOrderRow {
        Futures GET "/api/v1/orders", pool Futures, weight 2,
        permission General, paging number("currentPage", "pageSize", 1000);
        fixed "status" = "active";
        optional symbol: Text = "symbol",
            side: Side = "side",
            /// `limit`, `market`, `limit_stop` or `market_stop`.
            order_type: Text = "type",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// Done futures orders. [`FuturesRecentDoneOrders`] shows an order earlier.
    pub struct FuturesDoneOrders -> FuturesOrderRow {
        Futures GET "/api/v1/orders", pool Futures, weight 2,
        permission General, paging number("currentPage", "pageSize", 1000);
        fixed "status" = "done";
        optional symbol: Text = "symbol",
            side: Side = "side",
            /// `limit`, `market`, `limit_stop` or `market_stop`.
            order_type: Text = "type",
            /// The list can lack an order that was placed before this time and ended after it.
            from: Timestamp = "startAt",
            /// At most 7 days after `from`.
            to: Timestamp = "endAt";
    }
}

query! {
    /// Done futures orders of the last 24 hours, at most 1000.
    pub struct FuturesRecentDoneOrders -> FuturesOrderRow {
        Futures GET "/api/v1/recentDoneOrders", pool Futures, weight 5,
        permission General, paging whole;
        optional symbol: Text = "symbol";
    }
}

query! {
    /// One futures order or stop order by its order ID. An unknown order is an error or no row.
    ///
    /// KuCoin keeps done orders for a limited time.
    pub struct FuturesOrderById -> FuturesOrderRow {
        Futures GET "/api/v1/orders/{orderId}", pool Futures, weight 5,
        permission General, paging whole;
        path order_id;
    }
}

query! {
    /// One futures order or stop order by its client order ID. An unknown order is an error or no row.
    ///
    /// KuCoin keeps done orders for a limited time.
    pub struct FuturesOrderByClientOid -> FuturesOrderRow {
        Futures GET "/api/v1/orders/byClientOid", pool Futures, weight 5,
        permission General, paging whole;
        required client_oid: Text = "clientOid";
    }
}

query! {
    /// Futures stop orders that are not triggered.
    ///
    /// A triggered stop order keeps its order ID, and is in the lists of orders.
    pub struct FuturesOpenStops -> FuturesOrderRow {
        Futures GET "/api/v1/stopOrders", pool Futures, weight 6,
        permission General, paging number("currentPage", "pageSize", 1000);
        optional symbol: Text = "symbol",
            side: Side = "side",
            /// `limit` or `market`.
            order_type: Text = "type",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// Own futures fills of the last 24 hours, at most 1000.
    pub struct FuturesRecentFills -> FuturesFillRow {
        Futures GET "/api/v1/recentFills", pool Futures, weight 3,
        permission Futures, paging whole;
        optional symbol: Text = "symbol";
    }
}

query! {
    /// Own futures fills of up to 3 months, the newest first.
    ///
    /// KuCoin says that the list is not real-time: [`FuturesRecentFills`] shows a fill earlier.
    pub struct FuturesFillHistory -> FuturesFillRow {
        Futures GET "/api/v1/fills", pool Futures, weight 5,
        permission General, paging number("currentPage", "pageSize", 1000);
        optional
            /// KuCoin then ignores the other parameters.
            order_id: Text = "orderId",
            symbol: Text = "symbol",
            side: Side = "side",
            /// `limit`, `market`, `limit_stop` or `market_stop`.
            order_type: Text = "type",
            /// Trade types with commas: `trade`, `adl`, `liquid` and `settlement`. Default: all.
            trade_types: Text = "tradeTypes",
            /// Without `to`, KuCoin returns the fills of the 24 hours after this time.
            from: Timestamp = "startAt",
            /// At most 7 days after `from`: KuCoin refuses a longer time.
            to: Timestamp = "endAt";
    }
}

query! {
    /// Futures positions now. Closed positions can be in the list: see `isOpen`.
    pub struct FuturesOpenPositions -> FuturesPositionRow {
        Futures GET "/api/v1/positions", pool Futures, weight 2,
        permission Futures, paging whole;
        optional
            /// Settlement currency, such as `USDT`.
            currency: Text = "currency";
    }
}

query! {
    /// The futures position of one contract now.
    pub struct FuturesPositionOf -> FuturesPositionRow {
        Futures GET "/api/v1/position", pool Futures, weight 2,
        permission Futures, paging whole;
        required symbol: Text = "symbol";
    }
}

query! {
    /// Futures positions that were closed.
    pub struct FuturesClosedPositions -> ClosedPositionRow {
        Futures GET "/api/v1/history-positions", pool Futures, weight 2,
        permission General, paging number("pageId", "limit", 200);
        optional symbol: Text = "symbol",
            /// Earliest closing time.
            from: Timestamp = "from",
            /// Latest closing time.
            to: Timestamp = "to";
    }
}

query! {
    /// The futures account now, in one settlement currency.
    pub struct FuturesAccountOverview -> FuturesAccountRow {
        Futures GET "/api/v1/account-overview", pool Futures, weight 5,
        permission Futures, paging whole;
        optional
            /// Settlement currency. KuCoin's default is `XBT`, so an account with `USDT` needs this.
            currency: Text = "currency";
    }
}

query! {
    /// Bookings of the futures account, the newest first.
    ///
    /// Profit and loss is booked once per settlement period of 8 hours.
    pub struct FuturesLedger -> FuturesLedgerRow {
        Futures GET "/api/v1/transaction-history", pool Futures, weight 2,
        permission Futures, paging offset("offset", 50);
        optional
            /// Settlement currency, such as `USDT`.
            currency: Text = "currency",
            /// `RealizedPNL`, `Deposit`, `Withdrawal`, `Transferin` or `TransferOut`: rows spell some of them otherwise.
            ledger_type: Text = "type",
            /// Set both times, since pages can otherwise repeat or lack rows.
            from: Timestamp = "startAt",
            /// Less than 1 day after `from`.
            to: Timestamp = "endAt";
    }
}

query! {
    /// Funding settlements of the positions of one contract, the newest first.
    ///
    /// KuCoin keeps them for 6 months.
    pub struct FuturesFunding -> FundingRow {
        Futures GET "/api/v1/funding-history", pool Futures, weight 5,
        permission Futures, paging offset("id", 100);
        required symbol: Text = "symbol";
        optional
            /// Set both times, since pages can otherwise repeat or lack rows.
            from: Timestamp = "startAt",
            /// At most 3 months after `from`.
            to: Timestamp = "endAt";
    }
}

query! {
    /// The margin mode of one contract now.
    pub struct FuturesMarginModeOf -> MarginModeRow {
        Futures GET "/api/v2/position/getMarginMode", pool Futures, weight 2,
        permission Futures, paging whole;
        required symbol: Text = "symbol";
    }
}

query! {
    /// The cross-margin leverage of one contract now.
    pub struct FuturesLeverageOf -> CrossLeverageRow {
        Futures GET "/api/v2/getCrossUserLeverage", pool Futures, weight 2,
        permission Futures, paging whole;
        required symbol: Text = "symbol";
    }
}
