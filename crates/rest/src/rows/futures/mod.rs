//! Rows of futures orders, fills, positions, accounts and ledgers.

mod account;
mod orders;
mod positions;

pub use account::{
    FundingRow, FuturesAccountRow, FuturesLedgerRow, FuturesLedgerStatus, FuturesLedgerType,
};
pub use orders::{
    FuturesFillRow, FuturesFillType, FuturesOrderRow, FuturesOrderStatus, FuturesStopRow,
};
pub use positions::{
    ClosedPositionRow, CrossLeverageRow, FuturesPositionRow, MarginModeRow, PositionCloseType,
};

#[cfg(test)]
mod tests;
