//! Queries of margin accounts, orders and fills.

use kucoin_streams_core::{Side, Text, Timestamp};

use crate::TradeType;
use crate::query::query;
use crate::rows::margin::{CrossMarginRow, IsolatedMarginRow};
use crate::rows::spot::{ActiveSymbolsRow, SpotFillRow, SpotLedgerRow, SpotOrderRow};

query! {
    /// The symbols with open margin orders of one account, cross or isolated margin.
    pub struct MarginActiveSymbols -> ActiveSymbolsRow {
        Spot GET "/api/v3/hf/margin/order/active/symbols", pool Spot, weight 4,
        permission Margin, paging whole;
        required trade_type: TradeType = "tradeType";
    }
}

query! {
    /// Open margin orders of one symbol, the one with the latest update first.
    pub struct MarginOpenOrders -> SpotOrderRow {
        Spot GET "/api/v3/hf/margin/orders/active", pool Spot, weight 4,
        permission General, paging whole;
        required symbol: Text = "symbol", trade_type: TradeType = "tradeType";
    }
}

query! {
    /// Done margin orders of one symbol, the one with the latest update first.
    ///
    /// KuCoin keeps them for 7 days.
    pub struct MarginDoneOrders -> SpotOrderRow {
        Spot GET "/api/v3/hf/margin/orders/done", pool Spot, weight 10,
        permission General, paging last_id("limit", 100);
        required symbol: Text = "symbol", trade_type: TradeType = "tradeType";
        optional side: Side = "side",
            /// `limit` or `market`.
            order_type: Text = "type",
            /// The list can lack an order that was placed before this time and ended after it.
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// One margin order by its order ID. An unknown order is an error or no row.
    pub struct MarginOrderById -> SpotOrderRow {
        Spot GET "/api/v3/hf/margin/orders/{orderId}", pool Spot, weight 5,
        permission General, paging whole;
        path order_id;
        required symbol: Text = "symbol", trade_type: TradeType = "tradeType";
    }
}

query! {
    /// Own margin fills of one symbol, the newest first.
    ///
    /// The rows of [`MarginLedger`] name the symbols that were traded.
    ///
    /// KuCoin keeps them for 3 months. Without a time, it returns those of the last 24 hours or 7 days: set both times.
    pub struct MarginFills -> SpotFillRow {
        Spot GET "/api/v3/hf/margin/fills", pool Spot, weight 5,
        permission General, paging last_id("limit", 100);
        required symbol: Text = "symbol", trade_type: TradeType = "tradeType";
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
    /// Bookings of the margin accounts, the newest first.
    ///
    /// KuCoin keeps them for 3 to 7 days.
    pub struct MarginLedger -> SpotLedgerRow {
        Spot GET "/api/v3/hf/margin/account/ledgers", pool Spot, weight 2,
        permission General, paging last_id("limit", 200);
        optional
            /// One currency, or several with commas.
            currency: Text = "currency",
            /// `in` or `out`.
            direction: Text = "direction",
            /// Reason of the booking, such as `TRANSFER`.
            reason: Text = "bizType",
            from: Timestamp = "startAt",
            to: Timestamp = "endAt";
    }
}

query! {
    /// The cross-margin account now: debt ratio, status, and its currencies.
    pub struct CrossMarginAccount -> CrossMarginRow {
        Spot GET "/api/v3/margin/accounts", pool Spot, weight 15,
        permission General, paging whole;
        // KuCoin's default is the account of the low-frequency orders, which no longer exist.
        fixed "queryType" = "MARGIN_V2";
        optional
            /// Currency of the totals: `USDT` (default), `KCS` or `BTC`.
            quote_currency: Text = "quoteCurrency";
    }
}

query! {
    /// The isolated-margin accounts now: one row per symbol.
    pub struct IsolatedMarginAccounts -> IsolatedMarginRow {
        Spot GET "/api/v3/isolated/accounts", pool Spot, weight 15,
        permission General, paging whole;
        rows in "assets";
        // KuCoin's default is the account of the low-frequency orders, which no longer exist.
        fixed "queryType" = "ISOLATED_V2";
        optional
            /// All symbols by default.
            symbol: Text = "symbol",
            /// Currency of the totals: `USDT` (default), `KCS` or `BTC`.
            quote_currency: Text = "quoteCurrency";
    }
}
