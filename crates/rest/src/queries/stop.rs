//! Queries of spot and margin stop orders.

use kucoin_streams_core::{Side, Text, Timestamp};

use crate::TradeType;
use crate::query::query;
use crate::rows::stop::StopOrderRow;

query! {
    /// Stop orders of spot or margin that are not triggered.
    ///
    /// A triggered stop order is in no list: it placed an order with a new order ID.
    pub struct StopOrderList -> StopOrderRow {
        Spot GET "/api/v1/stop-order", pool Spot, weight 8,
        permission General, paging number("currentPage", "pageSize", 500);
        optional symbol: Text = "symbol",
            side: Side = "side",
            /// `limit` or `market`.
            order_type: Text = "type",
            /// KuCoin's default is the spot account.
            trade_type: TradeType = "tradeType",
            /// `stop` (default), or `oco` for the orders of a one-cancels-the-other pair.
            stop: Text = "stop",
            /// Order IDs, with commas.
            order_ids: Text = "orderIds",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// One stop order of spot or margin by its order ID. An unknown order is an error or no row.
    ///
    /// It is not known whether KuCoin returns stop orders that were canceled.
    pub struct StopOrderById -> StopOrderRow {
        Spot GET "/api/v1/stop-order/{orderId}", pool Spot, weight 3,
        permission General, paging whole;
        path order_id;
    }
}

query! {
    /// Stop orders of high-frequency margin that are not triggered.
    pub struct MarginStopOrders -> StopOrderRow {
        Spot GET "/api/v3/hf/margin/stop-orders", pool Spot, weight 8,
        permission General, paging number("currentPage", "pageSize", 500);
        optional symbol: Text = "symbol",
            side: Side = "side",
            /// `limit` or `market`.
            order_type: Text = "type",
            /// Cross or isolated margin.
            trade_type: TradeType = "tradeType",
            /// Kind of the stop orders: `loss` or `entry` by some sources, `stop` or `oco` by others.
            stop: Text = "stop",
            /// Order IDs, with commas.
            order_ids: Text = "orderIds",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}
