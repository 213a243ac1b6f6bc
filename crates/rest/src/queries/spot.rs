//! Queries of spot orders, fills and ledgers.

use kucoin_streams_core::{Side, Text, Timestamp};

use crate::query::query;
use crate::rows::spot::{ActiveSymbolsRow, SpotFillRow, SpotLedgerRow, SpotOrderRow};

query! {
    /// The symbols with open spot orders.
    pub struct SpotActiveSymbols -> ActiveSymbolsRow {
        Spot GET "/api/v1/hf/orders/active/symbols", pool Spot, weight 2,
        permission Spot, paging whole;
    }
}

query! {
    /// Open spot orders, the one with the latest update first.
    ///
    /// Without a symbol, KuCoin returns the orders of all symbols, or refuses the query (400100) as its older
    /// documentation says; then query each symbol of [`SpotActiveSymbols`].
    pub struct SpotOpenOrders -> SpotOrderRow {
        Spot GET "/api/v1/hf/orders/active", pool Spot, weight 2,
        permission General, paging whole;
        optional symbol: Text = "symbol";
    }
}

query! {
    /// Open spot orders of one symbol in pages, the newest first.
    pub struct SpotOpenOrderPages -> SpotOrderRow {
        Spot GET "/api/v1/hf/orders/active/page", pool Spot, weight 2,
        permission General, paging number("pageNum", "pageSize", 50);
        required symbol: Text = "symbol";
    }
}

query! {
    /// Done spot orders of one symbol, the one with the latest update first.
    ///
    /// KuCoin keeps canceled orders for 2 days and filled orders for 7 days.
    pub struct SpotDoneOrders -> SpotOrderRow {
        Spot GET "/api/v1/hf/orders/done", pool Spot, weight 2,
        permission General, paging last_id("limit", 100);
        required symbol: Text = "symbol";
        optional side: Side = "side",
            /// `limit` or `market`.
            order_type: Text = "type",
            /// The list can lack an order that was placed before this time and ended after it.
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// One spot order by its order ID. An unknown order is an error or no row.
    ///
    /// KuCoin keeps canceled orders for 2 days and filled orders for 7 days.
    pub struct SpotOrderById -> SpotOrderRow {
        Spot GET "/api/v1/hf/orders/{orderId}", pool Spot, weight 2,
        permission General, paging whole;
        path order_id;
        required symbol: Text = "symbol";
    }
}

query! {
    /// One spot order by its client order ID. An unknown order is an error or no row.
    ///
    /// KuCoin keeps canceled orders for 2 days and filled orders for 7 days.
    pub struct SpotOrderByClientOid -> SpotOrderRow {
        Spot GET "/api/v1/hf/orders/client-order/{clientOid}", pool Spot, weight 2,
        permission General, paging whole;
        path client_oid;
        required symbol: Text = "symbol";
    }
}

query! {
    /// Own spot fills of one symbol, the newest first.
    ///
    /// The rows of [`SpotLedger`] name the symbols that were traded.
    ///
    /// KuCoin keeps them for 7 days. Without a time, it returns those of the last 24 hours or 7 days: set both times.
    pub struct SpotFills -> SpotFillRow {
        Spot GET "/api/v1/hf/fills", pool Spot, weight 2,
        permission General, paging last_id("limit", 100);
        required symbol: Text = "symbol";
        optional
            /// KuCoin then ignores the other parameters.
            order_id: Text = "orderId",
            side: Side = "side",
            /// `limit` or `market`.
            order_type: Text = "type",
            from: Timestamp = "startAt",
            /// At most 7 days after `from`: KuCoin refuses a longer time.
            to: Timestamp = "endAt";
    }
}

query! {
    /// Bookings of the spot account, the newest first.
    ///
    /// KuCoin keeps them for 3 to 7 days.
    pub struct SpotLedger -> SpotLedgerRow {
        Spot GET "/api/v1/hf/accounts/ledgers", pool Spot, weight 2,
        permission General, paging last_id("limit", 200);
        optional
            /// One currency, or several with commas.
            currency: Text = "currency",
            /// `in` or `out`.
            direction: Text = "direction",
            /// Reason of the booking, such as `TRADE_EXCHANGE`.
            reason: Text = "bizType",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}
