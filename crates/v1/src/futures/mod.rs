//! Futures topics: orders, stop orders, wallet, positions and settings. Sizes are in contracts.

mod any;
mod config;
mod enums;
mod orders;
mod position;
mod stop_orders;
mod wallet;

pub use any::{AnyFuturesTopic, FuturesEvent};
pub use config::{
    FuturesCrossLeverage, FuturesCrossLeverageChange, FuturesCrossLeverages,
    FuturesMarginModeChange, FuturesMarginModes,
};
pub use enums::{MarginMode, PositionSide};
pub use orders::{
    FuturesFill, FuturesOrder, FuturesOrderKind, FuturesOrders, FuturesSizeUpdate,
    FuturesSymbolOrders, FuturesTradeType,
};
pub use position::{
    FuturesFundingSettlement, FuturesMarkPriceChange, FuturesPosition, FuturesPositionChange,
    FuturesPositionChangeReason, FuturesPositions, FuturesRiskLimitAdjustment,
    FuturesSymbolPosition,
};
pub use stop_orders::{
    FuturesStopDirection, FuturesStopOrder, FuturesStopOrders, FuturesStopPriceType,
};
pub use wallet::{
    FuturesAvailableBalance, FuturesOrderMargin, FuturesWallet, FuturesWalletBalance,
    FuturesWalletChange, FuturesWalletVersion, FuturesWithdrawHold,
};
