//! Short ways to the queries, by family: `rest.spot().fills("BTC-USDT")`.

use kucoin_streams_core::Text;

use super::{PreparedQuery, Rest};
use crate::queries::{account::*, futures::*, margin::*, spot::*, stop::*, unified::*};
use crate::rows::TradeType;

/// Defines the short ways of one family: a method of [`Rest`], and one method per query.
macro_rules! short_ways {
    (
        $(#[$meta:meta])*
        pub struct $name:ident = $family:ident {
            $($(#[$way_meta:meta])* $way:ident($($arg:ident: $type:ty),*) = $query:ident;)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'r>(&'r Rest);

        impl Rest {
            #[doc = concat!("Returns the ", stringify!($family), " queries.")]
            pub fn $family(&self) -> $name<'_> {
                $name(self)
            }
        }

        impl $name<'_> {
            $(
                $(#[$way_meta])*
                #[doc = ""]
                #[doc = concat!("The query is [`", stringify!($query), "`](crate::", stringify!($query), ").")]
                pub fn $way(self, $($arg: impl Into<$type>),*) -> PreparedQuery<$query> {
                    PreparedQuery::new(self.0, $query::new($($arg),*))
                }
            )+
        }
    };
}

short_ways! {
    /// Queries of spot orders, fills and bookings.
    pub struct SpotQueries = spot {
        /// Queries the symbols with open orders.
        active_symbols() = SpotActiveSymbols;
        /// Queries open orders of all symbols.
        open_orders() = SpotOpenOrders;
        /// Queries done orders of one symbol.
        done_orders(symbol: Text) = SpotDoneOrders;
        /// Queries one order by its order ID.
        order(order_id: Text, symbol: Text) = SpotOrderById;
        /// Queries one order by its client order ID.
        order_by_client_oid(client_oid: Text, symbol: Text) = SpotOrderByClientOid;
        /// Queries own fills of one symbol.
        fills(symbol: Text) = SpotFills;
        /// Queries bookings of the spot account.
        ledger() = SpotLedger;
        /// Queries stop orders of the spot account that are not triggered, without one-cancels-the-other pairs.
        stop_orders() = StopOrderList;
        /// Queries one stop order by its order ID.
        stop_order(order_id: Text) = StopOrderById;
    }
}

short_ways! {
    /// Queries of margin accounts, orders, fills and bookings.
    pub struct MarginQueries = margin {
        /// Queries the symbols with open orders of one account.
        active_symbols(account: TradeType) = MarginActiveSymbols;
        /// Queries open orders of one symbol.
        open_orders(symbol: Text, account: TradeType) = MarginOpenOrders;
        /// Queries done orders of one symbol.
        done_orders(symbol: Text, account: TradeType) = MarginDoneOrders;
        /// Queries one order by its order ID.
        order(order_id: Text, symbol: Text, account: TradeType) = MarginOrderById;
        /// Queries own fills of one symbol.
        fills(symbol: Text, account: TradeType) = MarginFills;
        /// Queries stop orders that are not triggered.
        stop_orders() = MarginStopOrders;
        /// Queries bookings of the margin accounts.
        ledger() = MarginLedger;
        /// Queries the cross-margin account.
        cross() = CrossMarginAccount;
        /// Queries the isolated-margin accounts of all symbols.
        isolated() = IsolatedMarginAccounts;
    }
}

short_ways! {
    /// Queries of futures orders, fills, positions, accounts and bookings.
    pub struct FuturesQueries = futures {
        /// Queries open orders of all symbols.
        open_orders() = FuturesOpenOrders;
        /// Queries done orders of all symbols.
        done_orders() = FuturesDoneOrders;
        /// Queries done orders of the last 24 hours, at most 1000, with less delay.
        recent_done_orders() = FuturesRecentDoneOrders;
        /// Queries one order by its order ID.
        order(order_id: Text) = FuturesOrderById;
        /// Queries one order by its client order ID.
        order_by_client_oid(client_oid: Text) = FuturesOrderByClientOid;
        /// Queries stop orders that are not triggered.
        stop_orders() = FuturesOpenStops;
        /// Queries own fills of the last 24 hours, at most 1000, with less delay.
        recent_fills() = FuturesRecentFills;
        /// Queries own fills.
        fills() = FuturesFillHistory;
        /// Queries positions of all symbols.
        positions() = FuturesOpenPositions;
        /// Queries the position of one symbol.
        position(symbol: Text) = FuturesPositionOf;
        /// Queries closed positions.
        closed_positions() = FuturesClosedPositions;
        /// Queries the account of one settlement currency: `XBT` unless you set another.
        account() = FuturesAccountOverview;
        /// Queries bookings of the account.
        ledger() = FuturesLedger;
        /// Queries funding fees of one symbol.
        funding(symbol: Text) = FuturesFunding;
        /// Queries the margin mode of one symbol.
        margin_mode(symbol: Text) = FuturesMarginModeOf;
        /// Queries the cross-margin leverage of one symbol.
        leverage(symbol: Text) = FuturesLeverageOf;
    }
}

short_ways! {
    /// Queries of a unified account.
    pub struct UnifiedQueries = unified {
        /// Queries open orders of one trade type.
        open_orders(trade_type: Text) = UnifiedOpenOrders;
        /// Queries done orders of one trade type.
        done_orders(trade_type: Text) = UnifiedOrderHistory;
        /// Queries one order.
        order(trade_type: Text, symbol: Text) = UnifiedOrderDetail;
        /// Queries own fills of one trade type.
        fills(trade_type: Text) = UnifiedFills;
        /// Queries open positions.
        positions() = UnifiedPositions;
        /// Queries closed positions.
        closed_positions() = UnifiedPositionHistory;
        /// Queries balances.
        balances() = UnifiedBalance;
        /// Queries bookings of one account.
        ledger(account_type: Text) = UnifiedLedger;
        /// Queries funding fees.
        funding() = UnifiedFunding;
        /// Queries risk ratio, equity and margin of the account.
        overview() = UnifiedOverview;
        /// Queries leverage of one trade type and margin mode.
        leverage(trade_type: Text, margin_mode: Text) = UnifiedLeverage;
    }
}

short_ways! {
    /// Queries of all accounts, the API key and KuCoin's clock.
    pub struct AccountQueries = account {
        /// Queries balances of all accounts.
        balances() = AccountList;
        /// Queries bookings of all accounts but those of spot and margin trades.
        ledger() = AccountLedger;
        /// Queries the API key: its permissions and its account.
        api_key() = ApiKeyInfo;
        /// Queries KuCoin's clock.
        server_time() = ServerTime;
    }
}
