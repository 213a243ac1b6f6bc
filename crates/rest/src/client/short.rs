//! Short ways to the queries, by family: `rest.spot().fills("BTC-USDT")`.

use kucoin_streams_core::Text;

use super::{PreparedQuery, Rest};
use crate::queries::spot::*;

/// Defines the short ways of one family: a method of [`Rest`], and one method per query.
macro_rules! short_ways {
    (
        $(#[$meta:meta])*
        pub struct $name:ident = $family:ident {
            $($(#[$way_meta:meta])* $way:ident($($arg:ident),*) = $query:ident;)+
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
                pub fn $way(self, $($arg: impl Into<Text>),*) -> PreparedQuery<$query> {
                    PreparedQuery::new(self.0, $query::new($($arg),*))
                }
            )+
        }
    };
}

short_ways! {
    /// Queries of the spot account.
    pub struct SpotQueries = spot {
        /// The symbols with open orders.
        active_symbols() = SpotActiveSymbols;
        /// Open orders of all symbols.
        open_orders() = SpotOpenOrders;
        /// Done orders of one symbol.
        done_orders(symbol) = SpotDoneOrders;
        /// One order by its order ID.
        order(order_id, symbol) = SpotOrderById;
        /// One order by its client order ID.
        order_by_client_oid(client_oid, symbol) = SpotOrderByClientOid;
        /// Own fills of one symbol.
        fills(symbol) = SpotFills;
        /// Bookings of the account.
        ledger() = SpotLedger;
    }
}
