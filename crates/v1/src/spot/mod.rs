//! Topics of the spot host that are about spot accounts and orders.

mod balance;
mod orders;
mod relation;
mod stop_orders;

pub use balance::{Balance, Balances, RelationContext};
pub use orders::{
    FeeType, Liquidity, MatchFill, OrderKind, OrderStatus, OrderType, Side, SizeUpdate, SpotOrder,
    SpotOrders, SpotOrdersV1,
};
pub use relation::{Account, BalanceReason, RelationEvent};
pub use stop_orders::{SpotStopOrder, SpotStopOrders, StopOrderType, StopTrigger, TradeType};
