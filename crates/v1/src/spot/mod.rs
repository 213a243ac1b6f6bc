//! Spot topics: orders, stop orders, balances and trades.

mod any;
mod balance;
mod market_matches;
mod orders;
mod relation;
mod stop_orders;
mod trade_fills;

pub use any::{AnySpotTopic, SpotEvent};
pub use balance::{Balance, BalanceSnapshots, Balances, RelationContext};
pub use market_matches::{MarketMatch, MarketMatches};
pub use orders::{MatchFill, OrderKind, SizeUpdate, SpotOrder, SpotOrders, SpotOrdersV1};
pub use relation::{AccountKind, BalanceReason, RelationEvent};
pub use stop_orders::{SpotStopOrder, SpotStopOrders, StopOrderType, StopTrigger, TradeType};
pub use trade_fills::{SpotTradeFill, SpotTradeFills};
