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
            $(#[$meta])*
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
        /// The symbols with open orders.
        active_symbols() = SpotActiveSymbols;
        /// Open orders of all symbols.
        open_orders() = SpotOpenOrders;
        /// Done orders of one symbol.
        done_orders(symbol: Text) = SpotDoneOrders;
        /// One order by its order ID.
        order(order_id: Text, symbol: Text) = SpotOrderById;
        /// One order by its client order ID.
        order_by_client_oid(client_oid: Text, symbol: Text) = SpotOrderByClientOid;
        /// Own fills of one symbol.
        fills(symbol: Text) = SpotFills;
        /// Bookings of the spot account.
        ledger() = SpotLedger;
        /// Stop orders of the spot and margin accounts that are not triggered.
        stop_orders() = StopOrderList;
        /// One stop order by its order ID.
        stop_order(order_id: Text) = StopOrderById;
    }
}

short_ways! {
    /// Queries of margin accounts, orders, fills and bookings.
    pub struct MarginQueries = margin {
        /// The symbols with open orders of one account.
        active_symbols(account: TradeType) = MarginActiveSymbols;
        /// Open orders of one symbol.
        open_orders(symbol: Text, account: TradeType) = MarginOpenOrders;
        /// Done orders of one symbol.
        done_orders(symbol: Text, account: TradeType) = MarginDoneOrders;
        /// One order by its order ID.
        order(order_id: Text, symbol: Text, account: TradeType) = MarginOrderById;
        /// Own fills of one symbol.
        fills(symbol: Text, account: TradeType) = MarginFills;
        /// Bookings of the margin accounts.
        ledger() = MarginLedger;
        /// The cross-margin account.
        cross() = CrossMarginAccount;
        /// The isolated-margin accounts of all symbols.
        isolated() = IsolatedMarginAccounts;
    }
}

short_ways! {
    /// Queries of futures orders, fills, positions, accounts and bookings.
    pub struct FuturesQueries = futures {
        /// Open orders of all symbols.
        open_orders() = FuturesOpenOrders;
        /// Done orders of all symbols.
        done_orders() = FuturesDoneOrders;
        /// Done orders of the last 24 hours, at most 1000, with less delay.
        recent_done_orders() = FuturesRecentDoneOrders;
        /// One order by its order ID.
        order(order_id: Text) = FuturesOrderById;
        /// One order by its client order ID.
        order_by_client_oid(client_oid: Text) = FuturesOrderByClientOid;
        /// Stop orders that are not triggered.
        stop_orders() = FuturesOpenStops;
        /// Own fills of the last 24 hours, at most 1000, with less delay.
        recent_fills() = FuturesRecentFills;
        /// Own fills.
        fills() = FuturesFillHistory;
        /// Positions of all symbols.
        positions() = FuturesOpenPositions;
        /// The position of one symbol.
        position(symbol: Text) = FuturesPositionOf;
        /// Closed positions.
        closed_positions() = FuturesClosedPositions;
        /// The account of one settlement currency.
        account() = FuturesAccountOverview;
        /// Bookings of the account.
        ledger() = FuturesLedger;
        /// Funding fees of one symbol.
        funding(symbol: Text) = FuturesFunding;
        /// The margin mode of one symbol.
        margin_mode(symbol: Text) = FuturesMarginModeOf;
        /// The cross-margin leverage of one symbol.
        leverage(symbol: Text) = FuturesLeverageOf;
    }
}

short_ways! {
    /// Queries of a unified account.
    pub struct UnifiedQueries = unified {
        /// Open orders of one trade type.
        open_orders(trade_type: Text) = UnifiedOpenOrders;
        /// Done orders of one trade type.
        done_orders(trade_type: Text) = UnifiedOrderHistory;
        /// One order.
        order(trade_type: Text, symbol: Text) = UnifiedOrderDetail;
        /// Own fills of one trade type.
        fills(trade_type: Text) = UnifiedFills;
        /// Open positions.
        positions() = UnifiedPositions;
        /// Closed positions.
        closed_positions() = UnifiedPositionHistory;
        /// Balances.
        balances() = UnifiedBalance;
        /// Bookings of one account.
        ledger(account_type: Text) = UnifiedLedger;
        /// Funding fees.
        funding() = UnifiedFunding;
        /// Risk ratio, equity and margin of the account.
        overview() = UnifiedOverview;
        /// Leverage of one trade type and margin mode.
        leverage(trade_type: Text, margin_mode: Text) = UnifiedLeverage;
    }
}

short_ways! {
    /// Queries of all accounts, the API key and KuCoin's clock.
    pub struct AccountQueries = account {
        /// Balances of all accounts.
        balances() = AccountList;
        /// Bookings of all accounts but those of spot and margin trades.
        ledger() = AccountLedger;
        /// The API key: its permissions and its account.
        api_key() = ApiKeyInfo;
        /// KuCoin's clock.
        server_time() = ServerTime;
    }
}
